//! A leg of a call: one dialog, what offer and answer agreed on in it, and what it hears.

use std::time::Instant;

use bytes::Bytes;
use schemas::command::{DialLeg, MenuChoice};
use schemas::observation::{EndedBy, LegFailure};
use schemas::{AgentName, EventId, LegId, TrunkName};
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::LegKey;

use crate::configuration::{Digits, Dtmf, Tones, Trunk};
use crate::keys::Keys;
use crate::redial::Dialed;
use crate::session::Session;
use crate::stream::Stream;
use crate::tally::milliseconds;
use crate::voice::Hears;

/// One leg.
#[derive(Debug)]
pub struct Leg {
    /// Its number in the call.
    pub id: LegId,
    /// The trunk that it goes through, if it is a trunk's.
    pub trunk: Option<TrunkName>,
    /// Its name in the SIP endpoint; none before its INVITE is sent.
    pub key: Option<LegKey>,
    /// Which way its messages go; none before its INVITE is sent.
    pub flow: Option<Flow>,
    /// How far it is.
    pub stage: Stage,
    /// When its INVITE came or was sent.
    pub began: Instant,
    /// When it was answered.
    pub answered: Option<Instant>,
    /// Offer and answer; nothing at all where it is a stream.
    pub session: Session,
    /// It is a connection to an agent, not a dialog.
    pub stream: Option<Box<Stream>>,
    /// Its RTP socket.
    pub socket: Socket,
    /// The caller's: the session description of the 183 that he got.
    pub early: Option<Bytes>,
    /// What it shall hear when its peer listens.
    pub hears: Hears,
    /// What its media was told last.
    pub tuned: Hears,
    /// Whether its packets were learned to come from somewhere.
    pub latched: bool,
    /// The agent that is on it.
    pub agent: Option<Agent>,
    /// Whether the log keeps which keys it pressed.
    pub digits: Digits,
    /// Whether keys are listened for in its audio.
    pub tones: Tones,
    /// The keys that it gets by INFO; none if it gets them as telephone events (RFC 4733).
    pub keys: Option<Keys>,
    /// Whether a REFER of ours waits for its end on this leg.
    pub refers: bool,
    /// What it was dialed with; none for the caller's.
    pub dialed: Option<Box<Dialed>>,
    /// Its names in the SIP endpoint at targets that failed.
    pub former: Vec<LegKey>,
    /// Whether its endpoint forgot it.
    pub gone: bool,
}

/// How far a leg is.
#[derive(Debug)]
pub enum Stage {
    /// The caller's: it waits for a decision.
    Invited,
    /// The caller's: it is to be answered, or to hear somebody, as soon as it has a socket.
    Answering {
        /// The decision that said so.
        because: EventId,
        /// Which of both.
        with: Answer,
    },
    /// To be dialed as soon as it has a socket.
    Opening {
        /// The decision that said so.
        because: EventId,
        /// The command.
        command: Box<DialLeg>,
    },
    /// Dialed, not answered.
    Dialing,
    /// Answered.
    Talking,
    /// Over; its last facts wait for the measures of its media.
    Ending {
        /// How.
        ending: Ending,
        /// The decision that ended it, if one did.
        because: Option<EventId>,
    },
    /// Over, and its last fact is written.
    Over,
}

/// What the caller gets with a session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200.
    Final,
    /// 180 with our offer: a caller that made none and acknowledges what it is told (RFC 6337 section 2.2).
    Ringing,
    /// 183.
    Early {
        /// The leg that he hears.
        from: LegId,
    },
}

/// How a leg came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As a leg that began at the peer or was answered.
    Ended {
        /// By whom.
        by: EndedBy,
        /// Why, in words.
        cause: String,
    },
    /// As a leg that was dialed and not answered.
    Failed {
        /// Why.
        failure: LegFailure,
        /// The Reason header field, if there was one.
        reason: Option<String>,
        /// The Retry-After header field, if there was one.
        retry_after_s: Option<u32>,
    },
}

/// The RTP socket of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// There is none.
    None,
    /// The shell was asked for one.
    Asked,
    /// It is open.
    Open,
}

/// A built-in agent on a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its name.
    pub name: AgentName,
    /// What its keys mean, if it is a menu.
    pub choices: Vec<MenuChoice>,
}

impl Leg {
    /// A leg that has just begun.
    pub fn new(id: LegId, stage: Stage, session: Session, digits: Digits, now: Instant) -> Leg {
        Leg {
            id,
            trunk: None,
            key: None,
            flow: None,
            stage,
            began: now,
            answered: None,
            session,
            stream: None,
            socket: Socket::None,
            early: None,
            hears: Hears::Nothing,
            tuned: Hears::Nothing,
            latched: false,
            agent: None,
            digits,
            tones: Tones::Off,
            keys: None,
            refers: false,
            dialed: None,
            former: Vec::new(),
            gone: false,
        }
    }

    /// It goes through a trunk.
    pub fn through(&mut self, trunk: &Trunk) {
        self.trunk = Some(trunk.name.clone());
        self.tones = trunk.tones;
        self.keys = (trunk.dtmf == Dtmf::Info).then(Keys::default);
    }

    /// Whether it is not over.
    pub fn is_live(&self) -> bool {
        !matches!(self.stage, Stage::Ending { .. } | Stage::Over)
    }

    /// Whether it can be heard and hear: its peer and we agreed on that.
    pub fn has_media(&self) -> bool {
        self.session.terms().is_some() || (self.stream.is_some() && self.answered.is_some())
    }

    /// Whether it is over and nothing more is to be written of it.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Whether it is answered and not over.
    pub fn talks(&self) -> bool {
        matches!(self.stage, Stage::Talking)
    }

    /// Whether it is the leg that began the call, and not answered yet.
    pub fn waits_for_answer(&self) -> bool {
        matches!(self.stage, Stage::Invited | Stage::Answering { .. })
    }

    /// When its target, if another one can be called, has been silent for too long.
    pub fn silent_at(&self) -> Option<Instant> {
        let dialing = matches!(self.stage, Stage::Dialing);
        self.dialed.as_ref().filter(|_| dialing)?.silent_at()
    }

    /// Milliseconds since its INVITE.
    pub fn age_ms(&self, now: Instant) -> u32 {
        milliseconds(now.saturating_duration_since(self.began))
    }

    /// Milliseconds since it was answered; 0 if it was not.
    pub fn talk_ms(&self, now: Instant) -> u64 {
        self.answered.map_or(0, |at| {
            u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX)
        })
    }
}
