//! The four transaction machines of RFC 3261 §17 with the Accepted states of RFC 6026, and how messages find them.
//!
//! A machine knows neither bytes nor addresses: it is told what happened, moves, and says what to do. Whoever owns
//! it (the endpoint) keeps the bytes, carries out the actions at once, and wakes it with `Due` at `deadline()`.
//! Timers live in the states that need them, so leaving a state cancels them.

pub mod client;
pub mod invite_client;
pub mod invite_server;
pub mod key;
pub mod server;

use crate::timers::Timer;

/// What happened to a transaction that we started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientInput {
    /// A 1xx came.
    Provisional,
    /// A 2xx came.
    Success,
    /// A 3xx to 6xx came.
    Failure,
    /// The deadline passed.
    Due,
    /// The transport could not deliver what we sent.
    TransportFailed,
}

/// What happened to a transaction that the peer started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerInput {
    /// The request came again.
    Request,
    /// Our user answers with a 1xx.
    Provisional,
    /// Our user answers with a 2xx.
    Success,
    /// Our user answers with a 3xx to 6xx.
    Failure,
    /// An ACK came.
    Ack,
    /// The deadline passed.
    Due,
    /// The transport could not deliver what we sent.
    TransportFailed,
}

/// What the owner of a machine has to do, in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Give the message to the user.
    Deliver,
    /// Send the response that the user gave, and keep it for repetitions.
    Send,
    /// Send the kept request or response again because this timer fired.
    RepeatBy(Timer),
    /// Send the kept response again because the request came again.
    RepeatForPeer,
    /// Build the ACK of a refused INVITE, send it and keep it.
    Acknowledge,
    /// Send the kept ACK again because the refusal came again.
    AcknowledgeAgain,
    /// The message is a repetition that needs nothing.
    Absorb,
    /// Tell the user that the peer never answered: a timeout of ours, not an answer.
    TimedOut(Timer),
    /// Tell the user that the transport failed.
    Failed,
    /// A timer that only ends a wait has fired.
    Expired(Timer),
}
