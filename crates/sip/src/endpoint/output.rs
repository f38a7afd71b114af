//! Inputs and outputs of the endpoint: what comes from the sockets, what goes to them, what the ladder is drawn from.

use std::sync::Arc;

use bytes::Bytes;

use crate::malformed::Malformed;
use crate::message::Message;
use crate::timers::Timer;

use super::event::Event;
use super::flow::Flow;
use super::keys::{LegKey, TransactionKey};

/// What the edge tells the endpoint; the user's actions are methods.
#[derive(Debug, Clone)]
pub enum Input {
    /// One datagram, or one message that the stream framer cut out.
    Datagram {
        /// The bytes as received.
        bytes: Bytes,
        /// Which way they came.
        flow: Flow,
    },
    /// The same, read already.
    Message {
        /// The message.
        message: Arc<Message>,
        /// Which way it came.
        flow: Flow,
    },
    /// The same, read already, in vain.
    Malformed {
        /// What could be read.
        malformed: Malformed,
        /// Which way it came.
        flow: Flow,
    },
    /// A `Send` could not be delivered (ICMP, connection refused or lost).
    SendFailed {
        /// The transaction that the `Send` named.
        transaction: TransactionKey,
    },
    /// The connection of a stream is closed. Precedes the `SendFailed` of what was not sent by it.
    FlowLost {
        /// Which.
        flow: Flow,
    },
    /// `deadline()` has passed.
    Due,
}

/// What the edge does or records, in the order given.
#[derive(Debug, Clone)]
pub enum Output {
    /// A message came: what it is and what was made of it. Precedes the events that it causes.
    Received(Received),
    /// A message is to be sent.
    Send(Send),
    /// A timer fired that repeats something or ends a wait.
    TimerFired {
        /// Which.
        timer: Timer,
        /// Whose leg.
        leg: Option<LegKey>,
        /// Whose transaction.
        transaction: Option<TransactionKey>,
    },
    /// Something happened that the user must know.
    Event(Event),
}

/// One received message, for the capture.
#[derive(Debug, Clone)]
pub struct Received {
    /// The bytes as received.
    pub bytes: Bytes,
    /// Which way they came.
    pub flow: Flow,
    /// The leg that it belongs to, if any.
    pub leg: Option<LegKey>,
    /// The message; none if it could not be read.
    pub message: Option<Arc<Message>>,
    /// What was made of it.
    pub disposition: Disposition,
}

/// What was made of a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is new.
    New,
    /// It is a repetition that the transaction absorbed or answered again.
    Retransmission,
    /// It belongs to nothing that we know: a late answer, an ACK without call.
    Stray,
    /// It was answered without keeping anything: malformed, unknown method, no such dialog, overload.
    Refused,
    /// It is no SIP message that can be answered.
    Unreadable,
    /// It holds nothing: a keep-alive.
    KeepAlive,
}

/// One message to send.
///
/// An edge that holds a message back until its events are durable must keep the order per leg, and drop a repetition
/// of a message that it still holds.
#[derive(Debug, Clone)]
pub struct Send {
    /// The bytes.
    pub bytes: Bytes,
    /// Which way.
    pub flow: Flow,
    /// The leg that it belongs to, if any.
    pub leg: Option<LegKey>,
    /// The transaction that it belongs to, for `Input::SendFailed`; an ACK to a 2xx has none.
    pub transaction: Option<TransactionKey>,
    /// Whether the same bytes were sent before.
    pub repeat: Repeat,
    /// Whether it may leave before the events that precede it are durable.
    pub urgency: Urgency,
}

/// Whether the same bytes were sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// No.
    First,
    /// Yes: if the first is still held back, this one must be dropped.
    Again,
}

/// When a message may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// At once: it obliges us to nothing that an earlier message did not.
    Immediate,
    /// When every event before it in the outputs is durable.
    AfterCommit,
}
