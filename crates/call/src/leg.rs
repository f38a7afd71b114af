//! One leg of a call.
//!
//! ```text
//!   dialed, or INVITE received
//!        │
//!     Calling ──180──► Ringing
//!        │   └──────┬─────┘
//!        │        200 OK
//!        │          ▼
//!        │       Answered
//!        └─────┬────┘
//!     LegFailed, LegEnded
//!              ▼
//!            Ended
//! ```

use schemas::{AgentName, LegId, Timestamp, TrunkName};

/// Whose leg it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who began the call.
    Caller,
    /// Who answers.
    Agent,
    /// Whom the caller is transferred to.
    Target,
}

/// How far a leg came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its INVITE is on its way.
    Calling,
    /// The far side rings.
    Ringing,
    /// 200.
    Answered,
    /// Over.
    Ended,
}

/// One leg of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    id: LegId,
    role: Role,
    phase: Phase,
    began: Timestamp,
    pub(crate) was_answered: bool,
    pub(crate) answer_decided: bool,
    pub(crate) leaving: bool,
    pub(crate) rang_out: bool,
    /// It is a connection, not a dialog.
    pub(crate) is_stream: bool,
    /// Whose rules say what it is told, if it was dialed.
    pub(crate) far: Option<Far>,
}

/// The far side of a leg that was dialed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Far {
    /// Somebody behind a trunk.
    Trunk(TrunkName),
    /// A SIP agent.
    Agent(AgentName),
}

impl Leg {
    pub(crate) fn new(id: LegId, role: Role, began: Timestamp) -> Leg {
        Leg {
            id,
            role,
            phase: Phase::Calling,
            began,
            was_answered: false,
            answer_decided: false,
            leaving: false,
            rang_out: false,
            is_stream: false,
            far: None,
        }
    }

    pub(crate) fn ring(&mut self) {
        if self.phase == Phase::Calling {
            self.phase = Phase::Ringing;
        }
    }

    pub(crate) fn answer(&mut self) {
        if self.phase != Phase::Ended {
            self.phase = Phase::Answered;
            self.was_answered = true;
        }
    }

    pub(crate) fn end(&mut self) {
        self.phase = Phase::Ended;
    }

    /// Its number in the call.
    pub fn id(&self) -> LegId {
        self.id
    }

    /// Whose it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// How far it came.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When it was decided to dial it; for the caller's leg, when the INVITE came.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Whether it goes on: it is not over, its peer has not said goodbye, and nobody decided to end it.
    pub fn is_open(&self) -> bool {
        self.phase != Phase::Ended && !self.leaving
    }

    /// Whether there is somebody to talk to.
    pub fn is_talking(&self) -> bool {
        self.is_open() && self.phase == Phase::Answered
    }

    /// Whether it waits for an answer of the far side.
    pub fn is_ringing_out(&self) -> bool {
        self.role != Role::Caller
            && self.is_open()
            && matches!(self.phase, Phase::Calling | Phase::Ringing)
    }

    /// Whether it was answered, or will be because that was decided.
    pub fn answered_or_about_to(&self) -> bool {
        self.was_answered || self.answer_decided
    }
}
