//! Tables: the transactions of an endpoint, found by key, by branch and by time.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::digest::Sessions;
use crate::digest::sessions::Presented;
use crate::message::Message;
use crate::method::Method;
use crate::transaction::client::{self, Client};
use crate::transaction::invite_client::{self, InviteClient};
use crate::transaction::invite_server::{self, InviteServer};
use crate::transaction::key::{MergeKey, ServerKey};
use crate::transaction::server::{self, Server};
use crate::transaction::{Action, ClientInput, ServerInput};

use super::flow::Flow;
use super::keys::{LegKey, TransactionKey};
use super::large::Instead;

/// Whom a timer wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Client(TransactionKey),
    Server(TransactionKey),
    Leg(LegKey),
}

/// A request that we sent.
#[derive(Debug, Clone)]
pub(crate) struct ClientTransaction {
    pub machine: ClientMachine,
    pub method: Method,
    pub branch: Box<str>,
    pub cseq: u32,
    pub flow: Flow,
    pub request: Bytes,
    /// How it would have gone, had it not been too large.
    pub instead: Option<Instead>,
    pub purpose: Purpose,
    /// Under which name the user asked: that of the first try.
    pub asked: TransactionKey,
    /// What it has shown of credentials.
    pub shown: Shown,
    /// True if an INVITE carried a session description.
    pub has_offer: bool,
    /// The ACKs sent: of a refusal under an empty tag, of each 2xx under the tag of its sender.
    pub acks: Vec<(Box<str>, Bytes, Flow)>,
    pub due: Option<Instant>,
}

/// What a request of ours has shown of credentials.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// The answers that it carries.
    pub presented: Vec<Presented>,
    /// How many challenges were answered on the way to it.
    pub challenges: u8,
    /// The credentials of a request outside of any leg.
    pub sessions: Option<Box<Sessions>>,
}

#[derive(Debug, Clone)]
pub(crate) enum ClientMachine {
    Invite(InviteClient),
    Other(Client),
}

/// What a request of ours is for: whom its answer concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Starts a leg.
    Invite(LegKey),
    /// Changes its session.
    Reinvite(LegKey),
    /// Changes its session without waiting for the INVITE.
    Update(LegKey),
    /// Acknowledges a reliable provisional answer.
    Prack(LegKey),
    /// Withdraws the INVITE; only the INVITE's own answer matters.
    Cancel(LegKey),
    /// Ends a leg.
    Bye(LegKey),
    /// Ends a dialog that nobody waits for: a fork.
    ForkBye(LegKey),
    /// Asks for a transfer.
    Refer(LegKey),
    /// Reports a transfer.
    Report(LegKey),
    /// Carries information of the user.
    Info(LegKey),
    /// Asks whether the peer is there.
    Probe,
    /// Makes, refreshes or removes a binding of ours.
    Register,
    /// Was refused and sent again: only its repetitions are of interest.
    SentAgain(Option<LegKey>),
}

impl Purpose {
    pub(crate) fn leg(self) -> Option<LegKey> {
        match self {
            Purpose::Invite(leg)
            | Purpose::Reinvite(leg)
            | Purpose::Update(leg)
            | Purpose::Prack(leg)
            | Purpose::Cancel(leg)
            | Purpose::Bye(leg)
            | Purpose::ForkBye(leg)
            | Purpose::Refer(leg)
            | Purpose::Report(leg)
            | Purpose::Info(leg) => Some(leg),
            Purpose::Probe | Purpose::Register => None,
            Purpose::SentAgain(leg) => leg,
        }
    }
}

impl ClientMachine {
    pub(crate) fn handle(&mut self, input: ClientInput, now: Instant) -> &'static [Action] {
        match self {
            ClientMachine::Invite(machine) => machine.handle(input, now),
            ClientMachine::Other(machine) => machine.handle(input, now),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            ClientMachine::Invite(machine) => machine.deadline(),
            ClientMachine::Other(machine) => machine.deadline(),
        }
    }

    /// True while nothing came back, not even 100 Trying.
    pub(crate) fn is_unheard(&self) -> bool {
        match self {
            ClientMachine::Invite(machine) => {
                matches!(machine.state(), invite_client::State::Calling { .. })
            }
            ClientMachine::Other(machine) => {
                matches!(machine.state(), client::State::Trying { .. })
            }
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match self {
            ClientMachine::Invite(machine) => machine.state() == invite_client::State::Terminated,
            ClientMachine::Other(machine) => machine.state() == client::State::Terminated,
        }
    }
}

/// A request that the peer sent.
#[derive(Debug, Clone)]
pub(crate) struct ServerTransaction {
    pub machine: ServerMachine,
    pub key: ServerKey,
    /// For requests outside of a dialog.
    pub merge: Option<MergeKey>,
    /// Where the request came from, as our answers say in their Via.
    pub source: Flow,
    /// Where answers go.
    pub target: Flow,
    /// Where they go once the connection is closed that the request came by; none for datagrams, and when it was tried.
    pub elsewhere: Option<Flow>,
    /// The request, until it has its final answer.
    pub request: Option<Arc<Message>>,
    /// The last answer, as long as it may have to be repeated.
    pub response: Option<Bytes>,
    /// Number of the request: what an ACK or a PRACK names.
    pub cseq: u32,
    pub leg: Option<LegKey>,
    pub due: Option<Instant>,
}

#[derive(Debug, Clone)]
pub(crate) enum ServerMachine {
    Invite(InviteServer),
    Other(Server),
}

impl ServerMachine {
    pub(crate) fn handle(&mut self, input: ServerInput, now: Instant) -> &'static [Action] {
        match self {
            ServerMachine::Invite(machine) => machine.handle(input, now),
            ServerMachine::Other(machine) => machine.handle(input, now),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            ServerMachine::Invite(machine) => machine.deadline(),
            ServerMachine::Other(machine) => machine.deadline(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match self {
            ServerMachine::Invite(machine) => machine.state() == invite_server::State::Terminated,
            ServerMachine::Other(machine) => machine.state() == server::State::Terminated,
        }
    }

    /// True while an INVITE has no final answer: only then can it be cancelled.
    pub(crate) fn is_pending_invite(&self) -> bool {
        match self {
            ServerMachine::Invite(machine) => machine.state() == invite_server::State::Proceeding,
            ServerMachine::Other(_) => false,
        }
    }
}
