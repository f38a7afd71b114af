//! Endpoint: all transactions and legs of one edge, driven by `handle`, `poll` and `deadline` (RFC 3261 §8 to §17).
//!
//! **After every `handle` or action, drain `poll` until it gives `None` before the next; call `handle(Input::Due)` when
//! `deadline()` has passed.** Outputs come in the order in which they must be recorded: a received message, the events
//! it causes, then what is sent because of them. The endpoint has no socket, no clock and no opinion: it answers by
//! itself only what the RFC leaves no choice about.

mod about;
mod ack;
mod again;
mod agree;
mod answered;
mod calling;
mod cancel;
mod cause;
mod challenged;
mod compose;
pub mod config;
mod due;
mod early;
pub mod event;
pub mod extra;
pub mod flow;
mod glare;
mod hop;
pub(crate) mod ids;
mod in_dialog;
mod invite;
pub mod keys;
pub mod large;
mod lost;
mod offered;
mod options;
pub mod output;
mod plumbing;
mod progress;
mod refresh;
mod register;
mod reinvite;
mod report;
mod request;
mod respond;
mod response;
mod session;
mod tables;
pub mod terms;
mod transfer;
mod update;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use crate::dialog::leg::Leg;
use crate::transaction::key::{MergeKey, ServerKey};

use self::config::Config;
use self::flow::Flow;
use self::ids::Ids;
use self::keys::{LegKey, TransactionKey};
use self::large::WithoutStreams;
use self::output::{Input, Output};
use self::tables::{ClientTransaction, Owner, ServerTransaction};
use self::terms::Terms;

pub use self::calling::InviteRequest;
pub use self::options::Probe;
pub use self::transfer::ReferRequest;

/// All transactions and legs of one edge.
#[derive(Debug, Clone)]
pub struct Endpoint {
    config: Config,
    ids: Ids,
    /// The last number given to a leg or a transaction.
    last_key: u64,
    /// Boxed: numbers only grow, so the nodes of the map are half empty.
    legs: BTreeMap<LegKey, Box<Leg>>,
    /// Our tag of each leg.
    tags: BTreeMap<Box<str>, LegKey>,
    clients: BTreeMap<TransactionKey, ClientTransaction>,
    /// Branch of each request of ours but CANCEL.
    branches: BTreeMap<Box<str>, TransactionKey>,
    /// Branch of each CANCEL of ours, which is its INVITE's.
    cancels: BTreeMap<Box<str>, TransactionKey>,
    servers: BTreeMap<TransactionKey, ServerTransaction>,
    server_keys: BTreeMap<ServerKey, TransactionKey>,
    merges: BTreeMap<MergeKey, TransactionKey>,
    timers: BTreeSet<(Instant, Owner)>,
    without_streams: WithoutStreams,
    outputs: VecDeque<Output>,
}

/// Why an action of the user is refused. Nothing was sent, nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// The leg has ended, or never was.
    #[error("there is no such leg")]
    NoLeg,
    /// The question was answered, or waited for too long.
    #[error("there is no such open request")]
    NoRequest,
    /// The leg is not where the action makes sense.
    #[error("the leg is in another state")]
    WrongState,
    /// Something of this kind is open already: wait for its event.
    #[error("another exchange of this kind is still open")]
    Pending,
    /// The peer does not allow the method.
    #[error("the peer does not allow it")]
    NotAllowed,
    /// The status is not one for this answer.
    #[error("the status does not fit")]
    Status,
    /// The tables are full.
    #[error("the endpoint has no room for more")]
    Full,
    /// What the user gave cannot be written.
    #[error("the message cannot be written")]
    Build(#[from] crate::build::BuildError),
    /// What the user gave cannot be read.
    #[error("an address given by the user is wrong")]
    Address(#[from] crate::header::HeaderError),
}

/// How much an endpoint holds at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Legs.
    pub legs: usize,
    /// Transactions of both directions.
    pub transactions: usize,
    /// Timers.
    pub timers: usize,
    /// Entries of all indexes.
    pub indexed: usize,
}

impl Endpoint {
    /// An endpoint that knows nothing yet.
    pub fn new(config: Config) -> Self {
        Endpoint {
            ids: Ids::new(config.seed),
            config,
            last_key: 0,
            legs: BTreeMap::new(),
            tags: BTreeMap::new(),
            clients: BTreeMap::new(),
            branches: BTreeMap::new(),
            cancels: BTreeMap::new(),
            servers: BTreeMap::new(),
            server_keys: BTreeMap::new(),
            merges: BTreeMap::new(),
            timers: BTreeSet::new(),
            without_streams: WithoutStreams::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes what the sockets and the clock have.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Datagram { bytes, flow } => self.receive(bytes, flow, now),
            Input::Message { message, flow } => self.receive_message(message, flow, now),
            Input::Malformed { malformed, flow } => self.receive_malformed(&malformed, flow),
            Input::SendFailed { transaction } => self.send_failed(transaction, now),
            Input::FlowLost { flow } => self.flow_lost(flow, now),
            Input::Due => self.fire(now),
        }
    }

    /// What to do next; `None` until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call `handle(Input::Due)`.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// How much it holds.
    pub fn load(&self) -> Load {
        Load {
            legs: self.legs.len(),
            transactions: self.clients.len() + self.servers.len(),
            timers: self.timers.len(),
            indexed: self.tags.len()
                + self.branches.len()
                + self.cancels.len()
                + self.server_keys.len()
                + self.merges.len(),
        }
    }

    /// Whether a leg goes by this way.
    pub fn is_used(&self, flow: Flow) -> bool {
        self.legs.values().any(|leg| leg.flow == flow)
    }

    /// What legs agree to for which nobody says anything else.
    pub fn terms(&self) -> Terms {
        self.config.terms
    }

    /// The Call-ID of a leg.
    pub fn call_id(&self, leg: LegKey) -> Option<&str> {
        self.legs.get(&leg).map(|leg| &*leg.call_id)
    }

    /// A leg's state: plain data.
    pub fn leg(&self, leg: LegKey) -> Option<&Leg> {
        self.legs.get(&leg).map(Box::as_ref)
    }
}
