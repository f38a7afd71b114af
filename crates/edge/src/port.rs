//! What crosses the border between the core, which knows no socket, and the shell, which decides nothing.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use schemas::{CallId, LegId, Observation, Record, TrunkName};
use sip::endpoint::flow::{Flow, Party, Transport};
use sip::endpoint::keys::{Fork, LegKey, TransactionKey};
use sip::{Malformed, Message};

use crate::ledger::Ticket;
use crate::recorder::FromRecorder;
use crate::stream::Connect;
use crate::transport::tls::Refusal;
use crate::voice::{FromVoice, ToShake, ToVoice};

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
    /// A message came by a stream.
    Message {
        /// The message.
        message: Arc<Message>,
        /// Which way it came.
        flow: Flow,
    },
    /// A message came by a stream that cannot be used.
    Malformed {
        /// What could be read of it.
        malformed: Malformed,
        /// Which way it came.
        flow: Flow,
    },
    /// A message could not be sent.
    SendFailed {
        /// The transaction that its [`Output::Send`] named.
        transaction: TransactionKey,
        /// Why.
        error: String,
    },
    /// A connection is closed. Comes before the [`Input::SendFailed`] of what was not sent by it.
    FlowLost {
        /// Which.
        flow: Flow,
        /// Why.
        error: String,
    },
    /// TLS proved a connection to be a trunk's. Comes before what comes by it.
    Certified {
        /// The number that its flow carries.
        party: Party,
        /// The trunk.
        trunk: TrunkName,
    },
    /// A TLS handshake came to nothing.
    TlsRefused(Refusal),
    /// What the edge's own facts have to tell.
    Told(Observation),
    /// A connection was closed because there were too many.
    ConnectionRefused {
        /// From where.
        source: IpAddr,
        /// Which bound was met.
        why: &'static str,
    },
    /// A batch of facts, and all before it, are durable.
    Committed(Ticket),
    /// The log does not take a batch. It stays with the shell, which offers it again.
    LogAway,
    /// A record of [`Lane::Decisions`](schemas::Lane::Decisions), of any call; or a fact of another edge.
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
    /// The next hop that [`Output::Hop`] asked for.
    Hop {
        /// The endpoint's leg.
        leg: LegKey,
        /// Which callee.
        fork: Fork,
        /// The way to it.
        flow: Flow,
    },
    /// The ways that [`Output::Look`] asked for.
    Ways {
        /// The trunk.
        trunk: TrunkName,
        /// The ways to its targets, at least one; or why there is none.
        ways: Result<Vec<Flow>, String>,
    },
    /// The ways to a registrar that [`Output::Registrar`] asked for.
    Registrar {
        /// Whose registrar.
        trunk: TrunkName,
        /// The ways, the first to be tried first; or why there is none.
        ways: Result<Vec<Flow>, String>,
    },
    /// Something happened in the media of a call.
    Voice(FromVoice),
    /// Something became of a recording.
    Recorded(FromRecorder),
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
    /// Send a message.
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
    /// Find out where the next hop of a dialog is; answer with [`Input::Hop`].
    Hop {
        /// The endpoint's leg.
        leg: LegKey,
        /// Which callee.
        fork: Fork,
        /// The URI.
        uri: Box<str>,
        /// The trunk that the leg goes through.
        trunk: Option<TrunkName>,
    },
    /// Find out where a trunk is that is to be probed; answer with [`Input::Ways`].
    Look {
        /// The trunk.
        trunk: TrunkName,
        /// Where it is.
        destination: Destination,
    },
    /// Probes say that a target is down: it is tried last until they say otherwise.
    Reached {
        /// The way to it.
        flow: Flow,
        /// Whether it is down.
        is_down: bool,
    },
    /// Find out how a trunk's registrar is reached; answer with [`Input::Registrar`].
    Registrar {
        /// Whose registrar.
        trunk: TrunkName,
        /// Its URI, or that of the proxy on the way to it.
        uri: Box<str>,
    },
    /// A target failed: it is tried last for a while.
    Avoid {
        /// The way to it.
        flow: Flow,
        /// How long it wants to be left alone, if it says so.
        asked: Option<Duration>,
    },
    /// Tell the media of a call.
    Voice(ToVoice),
    /// Let a leg shake hands; behind the [`Output::Voice`] that says so to its media.
    Shake(ToShake),
    /// Record a leg to a file; answer with [`Input::Recorded`].
    Record {
        /// The file.
        file: PathBuf,
        /// What to tell the media of the call.
        to: ToVoice,
    },
    /// Connect to an agent.
    Connect(Box<Connect>),
    /// A call is forgotten: whatever the shell keeps for it can go.
    Forget(CallId),
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toward {
    /// It has been heard of: messages go this way.
    Flow(Flow),
    /// It has to be looked up.
    Destination(Destination),
}

/// Where a leg is dialed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// `host:port`, or a SIP URI that says more or less than that; the host may be a name.
    pub address: String,
    /// How SIP goes there, where the address is no URI.
    pub transport: Transport,
    /// Its trunk, if it is one's: whose certificate it has.
    pub trunk: Option<TrunkName>,
}

/// A socket for RTP, and the way to its peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which way SIP goes to the peer.
    pub flow: Flow,
    /// The ways to try after that one, of the same address family.
    pub others: Vec<Flow>,
    /// The RTP address to give to the peer.
    pub rtp: SocketAddr,
}
