//! A transfer within a call: asked for, carried out, and ended in exactly one way.

use schemars::JsonSchema;
use schemas::conclusion::{TransferFailure, TransferMethod};
use schemas::{EventId, LegId, Personal, Timestamp};
use serde::{Deserialize, Serialize};

/// How far a transfer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// Somebody asked for it.
    Requested,
    /// Control carries it out.
    Running,
    /// The caller talks to the target.
    Completed,
    /// It came to nothing.
    Failed,
}

/// What the far side said first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// Nothing yet.
    Unknown,
    /// It took it on: 202 to the REFER, or 18x or 200 to the INVITE.
    Accepted,
    /// It refused.
    Refused {
        /// With this status.
        status: u16,
        /// And this phrase.
        phrase: String,
    },
    /// It said nothing for as long as we wait.
    TimedOut,
}

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transfer {
    /// When it was asked for, or decided on if nobody asked.
    pub requested: Timestamp,
    /// The leg that asked; absent if that was not seen.
    pub by: Option<LegId>,
    /// How it was asked for: `REFER`, `agent greeter: menu choice`.
    pub source: String,
    /// Where the caller shall go.
    pub target: Personal<String>,
    /// How it is carried out; absent before control decided.
    pub method: Option<TransferMethod>,
    /// The leg of the target (bridged), or the leg that was referred.
    pub leg: Option<LegId>,
    /// How far it came.
    pub state: TransferState,
    /// What the far side said first.
    pub acceptance: Acceptance,
    /// Why it failed.
    pub failure: Option<TransferFailure>,
    /// The status that said so.
    pub status: Option<u16>,
    /// The same in words.
    pub why: String,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// `TransferRequested`.
    pub requested_event: Option<EventId>,
    /// The event that told [`Transfer::acceptance`].
    pub acceptance_event: Option<EventId>,
    /// The decision that ended it.
    pub ended_event: Option<EventId>,
}

impl Transfer {
    pub(crate) fn new(requested: Timestamp, target: Personal<String>) -> Transfer {
        Transfer {
            requested,
            by: None,
            source: String::new(),
            target,
            method: None,
            leg: None,
            state: TransferState::Requested,
            acceptance: Acceptance::Unknown,
            failure: None,
            status: None,
            why: String::new(),
            ended: None,
            requested_event: None,
            acceptance_event: None,
            ended_event: None,
        }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.state, TransferState::Completed | TransferState::Failed)
    }

    pub(crate) fn accept(&mut self, acceptance: Acceptance, event: EventId) {
        if self.acceptance == Acceptance::Unknown {
            self.acceptance = acceptance;
            self.acceptance_event = Some(event);
        }
    }

    pub(crate) fn end(&mut self, state: TransferState, at: Timestamp, event: EventId) {
        self.state = state;
        self.ended = Some(at);
        self.ended_event = Some(event);
    }
}

/// A failure as a voice engineer would say it.
pub(crate) fn failure_words(failure: TransferFailure) -> &'static str {
    match failure {
        TransferFailure::NumberNotFound => "the number does not exist",
        TransferFailure::NumberIncomplete => "the number is incomplete",
        TransferFailure::DestinationUnavailable => "the destination is not available",
        TransferFailure::Busy => "the target is busy",
        TransferFailure::NoAnswer => "nobody answered",
        TransferFailure::Rejected => "the target rejected the call",
        TransferFailure::BlockedByCarrier => "the carrier blocked the call",
        TransferFailure::CarrierUnavailable => "the carrier is not available",
        TransferFailure::RoutingLoop => "the call went in a circle",
        TransferFailure::MediaNegotiationFailed => "there was no common codec",
        TransferFailure::MethodUnsupported => "the far side cannot do this kind of transfer",
        TransferFailure::CallerLeft => "the caller hung up first",
        TransferFailure::TargetUnknown => "the target is not known here",
    }
}
