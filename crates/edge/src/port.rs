//! What crosses the border between the core, which knows no socket, and the shell, which decides nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use schemas::{CallId, LegId, Record};
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::TransactionKey;

use crate::ledger::Ticket;
use crate::voice::{FromVoice, ToVoice};

/// What the shell tells the core.
#[derive(Debug)]
pub enum Input {
    /// A datagram came.
    Datagram {
        /// Its bytes.
        bytes: Bytes,
        /// Which way it came.
        flow: Flow,
    },
    /// A datagram could not be sent.
    SendFailed {
        /// The transaction that its [`Output::Send`] named.
        transaction: TransactionKey,
    },
    /// A batch of facts, and all before it, are durable.
    Committed(Ticket),
    /// The log does not take a batch. It stays with the shell, which offers it again.
    LogAway,
    /// A record of [`Lane::Decisions`](schemas::Lane::Decisions), of any call.
    Decision(Record),
    /// The socket that [`Output::Open`] asked for.
    Opened {
        /// The call.
        call: CallId,
        /// The leg.
        leg: LegId,
        /// The socket, or why there is none.
        result: Result<Opened, String>,
    },
    /// Something happened in the media of a call.
    Voice(FromVoice),
    /// The edge has to stop: no new calls, and an end to those that are up after the drain bound.
    Stop,
    /// Everything is over: tell the last counts and that the edge stopped.
    Finish {
        /// Why it stops: `SIGTERM`.
        cause: String,
    },
    /// `deadline()` has passed.
    Due,
}

/// What the shell has to do, in the order given.
#[derive(Debug)]
pub enum Output {
    /// Send a datagram.
    Send {
        /// Its bytes.
        bytes: Bytes,
        /// Which way.
        flow: Flow,
        /// What to name in [`Input::SendFailed`].
        transaction: Option<TransactionKey>,
    },
    /// Find out how a peer is reached and open an RTP socket towards it; answer with [`Input::Opened`].
    Open {
        /// The call.
        call: CallId,
        /// The leg.
        leg: LegId,
        /// The peer.
        toward: Toward,
    },
    /// Tell the media of a call.
    Voice(ToVoice),
    /// A call is forgotten: whatever the shell keeps for it can go.
    Forget(CallId),
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toward {
    /// It has been heard of: messages go this way.
    Flow(Flow),
    /// `host:port`; the host may be a name.
    Destination(String),
}

/// A socket for RTP, and the way to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which way SIP goes to the peer.
    pub flow: Flow,
    /// The RTP address to give to the peer.
    pub rtp: SocketAddr,
}
