//! What a registration is told, and what it says.

use std::sync::Arc;
use std::time::Duration;

use crate::digest::Sessions;
use crate::endpoint::event::Failure;
use crate::message::Message;
use crate::status::StatusCode;

use super::account::Register;
use super::grant::Grant;

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The binding is wanted; while it waits after a failure, it is wanted at once.
    Start,
    /// The binding is not wanted any more.
    Stop,
    /// The REGISTER has its final answer: `Event::RegisterAnswered` of the endpoint.
    Answered {
        /// The answer.
        message: Arc<Message>,
        /// Our Contact as it was sent.
        contact: Box<str>,
        /// What was learned of challenges.
        sessions: Box<Sessions>,
    },
    /// The REGISTER has none: `Event::RegisterFailed` of the endpoint, or it could not even be given to it.
    Failed {
        /// Why.
        failure: Failure,
        /// The number of its last try; 0 if it was not sent.
        cseq: u32,
    },
    /// The connection by which it registered is closed: calls cannot reach us any more.
    FlowLost,
    /// `deadline()` has passed.
    Due,
}

/// What to do, in the order given.
#[derive(Clone, Debug)]
pub enum Output {
    /// Resolve `next_hop`, choose a flow, and give this to `Endpoint::register`.
    Send(Box<Register>),
    /// Tell whoever watches the trunk.
    Event(Event),
}

/// What became of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The registrar has our binding.
    Registered {
        /// What it granted.
        grant: Grant,
        /// When it is refreshed, from now.
        refresh_in: Duration,
    },
    /// The registrar refused: 3xx, which are not followed, to 6xx, or a 200 that grants nothing.
    Refused {
        /// The status.
        status: StatusCode,
        /// The phrase as it was sent.
        phrase: Box<str>,
        /// When it is tried again, from now; none if it was stopped meanwhile.
        retry_in: Option<Duration>,
    },
    /// No answer came: our own finding.
    Unanswered {
        /// The timer that ended the wait, or the transport.
        failure: Failure,
        /// When it is tried again, from now; none if it was stopped meanwhile.
        retry_in: Option<Duration>,
    },
    /// The connection of the binding is closed.
    FlowLost {
        /// When it is tried again, from now.
        retry_in: Duration,
    },
    /// It is over because it was stopped.
    Unregistered {
        /// Whether the registrar knows.
        farewell: Farewell,
    },
}

/// Whether a registrar knows that a binding is not wanted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// It said so, or has no binding of ours.
    Confirmed,
    /// It did not say so: the binding may stand until it ends by itself.
    Unconfirmed,
}
