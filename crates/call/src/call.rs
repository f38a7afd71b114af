//! A call as control knows it: the fold of what was observed and what was decided.

use schemas::command::BuiltInAgent;
use schemas::conclusion::TransferMethod;
use schemas::observation::{
    Caller, ContextHeader, Diversion, HistoryEntry, SessionId, Timer, UserToUser,
};
use schemas::{AgentName, LegId, Personal, Timestamp, TrunkName};

use crate::configuration::Configuration;
use crate::ending::Ending;
use crate::leg::{Leg, Phase};
use crate::recording;

/// The most legs of one call. An agent that asks for one transfer after the other must not fill the
/// memory.
pub(crate) const LEGS_MAX: usize = 64;

/// How long the edge has to end the legs of a call that lasted too long, before control gives up on
/// the edge: 60 s, more than the 32 s of a BYE without an answer (RFC 3261, timer F).
pub(crate) const GRACE_US: i64 = 60_000_000;

/// A call. Made by [`evolve`](crate::evolve()) only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    pub(crate) invite: Option<Invite>,
    pub(crate) now: Timestamp,
    pub(crate) legs: Vec<Leg>,
    pub(crate) serving: Serving,
    pub(crate) bridged: Option<LegId>,
    pub(crate) routed: usize,
    pub(crate) agent: Option<AgentName>,
    pub(crate) ring_told: bool,
    /// The caller hears a leg that is not answered.
    pub(crate) hears_early: bool,
    pub(crate) transfer: Option<Transfer>,
    pub(crate) expired: Option<Expired>,
    pub(crate) handed_over: bool,
    pub(crate) blame: Option<Ending>,
    pub(crate) ending: Option<Ending>,
    /// The Reason header field of the goodbye that was observed last.
    pub(crate) reason: Option<String>,
    pub(crate) over: bool,
    /// How far its recording is.
    pub(crate) recording: recording::State,
    /// How many recordings were begun.
    pub(crate) recordings: u16,
}

/// What of the INVITE is needed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invite {
    pub(crate) trunk: TrunkName,
    pub(crate) called: Personal<String>,
    pub(crate) has_offer: bool,
    pub(crate) caller: Caller,
    pub(crate) privacy: Vec<String>,
    pub(crate) diversions: Vec<Diversion>,
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) user_to_user: Vec<UserToUser>,
    pub(crate) context: Vec<ContextHeader>,
    pub(crate) session: Option<SessionId>,
    pub(crate) max_forwards: Option<u8>,
}

/// Whom the caller was given to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Serving {
    /// Nobody yet, or nobody any more.
    #[default]
    Nobody,
    /// A built-in agent.
    BuiltIn {
        /// Its name.
        agent: AgentName,
        /// What it does.
        does: BuiltInAgent,
    },
    /// Somebody on a leg: an agent, or whom the caller was transferred to.
    Leg(LegId),
}

/// A transfer that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// How it is carried out.
    pub method: TransferMethod,
    /// The leg that is dialed, or that the REFER goes out on.
    pub leg: LegId,
    /// When it began.
    pub began: Timestamp,
    /// The leg that asked for it with a REFER and is told how it goes.
    pub asked_by: Option<LegId>,
    /// The last status that `asked_by` was told.
    pub(crate) reported: u16,
    /// The last status that the peer told of a REFER.
    pub(crate) notified: Option<u16>,
    pub(crate) timed_out: bool,
}

/// The call lasted as long as a call may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) at: Timestamp,
    /// The edge did not end the legs in its time of grace.
    pub(crate) twice: bool,
}

impl Call {
    /// A call of which nothing is known.
    pub fn new() -> Call {
        Call::default()
    }

    /// Whether its INVITE was seen.
    pub fn has_begun(&self) -> bool {
        self.invite.is_some()
    }

    /// Whether `CallEnded` was decided: nothing will be decided any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Its legs, ended ones too.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// One of its legs.
    pub fn leg(&self, id: LegId) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.id() == id)
    }

    /// The caller's leg.
    pub fn caller(&self) -> Option<&Leg> {
        self.leg(LegId::CALLER)
    }

    /// Whom the caller was given to.
    pub fn serving(&self) -> &Serving {
        &self.serving
    }

    /// The leg that the caller talks with.
    pub fn bridged(&self) -> Option<LegId> {
        self.bridged
    }

    /// The transfer that runs.
    pub fn transfer(&self) -> Option<&Transfer> {
        self.transfer.as_ref()
    }

    /// Why it ends, as soon as that is known.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// The next wait that runs out, and when.
    pub fn deadline(&self, configuration: &Configuration) -> Option<(Timestamp, Timer)> {
        let first = self.legs.first()?;
        if self.over {
            return None;
        }
        let waits = &configuration.waits;
        let end = match self.expired {
            None => Some(after(first.began(), waits.call_s)),
            Some(Expired { at, twice: false }) => Some(Timestamp(at.0.saturating_add(GRACE_US))),
            Some(Expired { twice: true, .. }) => None,
        };
        let transfer = self
            .transfer
            .as_ref()
            .filter(|transfer| transfer.method == TransferMethod::Refer && !transfer.timed_out)
            .map(|transfer| (after(transfer.began, waits.transfer_s), Timer::Transfer));
        self.legs
            .iter()
            .filter(|leg| leg.is_ringing_out() && !leg.rang_out)
            .map(|leg| (after(leg.began(), waits.ring_s), Timer::Ring(leg.id())))
            .chain(transfer)
            .chain(end.map(|at| (at, Timer::MaximumDuration)))
            .min()
    }

    pub(crate) fn leg_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id() == id)
    }

    /// Whether the caller is still there and nobody decided to let him go.
    pub(crate) fn caller_is_open(&self) -> bool {
        self.caller().is_some_and(Leg::is_open)
    }

    /// Whether the caller was answered, or will be because that was decided.
    pub(crate) fn caller_is_answered(&self) -> bool {
        self.caller().is_some_and(Leg::answered_or_about_to)
    }

    /// Whether the caller's INVITE carried an offer, which a provisional answer can answer.
    pub(crate) fn caller_has_offered(&self) -> bool {
        self.invite.as_ref().is_some_and(|invite| invite.has_offer)
    }

    pub(crate) fn is_serving(&self, leg: LegId) -> bool {
        self.serving == Serving::Leg(leg)
    }

    /// Whether the agent behind a WebSocket on this leg may ask something of the call: it talks with the caller, and
    /// nobody else is called for him.
    pub(crate) fn may_ask(&self, leg: LegId) -> bool {
        let there = |leg: &Leg| leg.is_stream && leg.is_open();
        self.is_serving(leg) && self.transfer.is_none() && self.leg(leg).is_some_and(there)
    }

    /// Whether the one whom the caller was given to can be talked to.
    pub(crate) fn serving_is_there(&self) -> bool {
        match &self.serving {
            Serving::Nobody => false,
            Serving::BuiltIn { .. } => true,
            Serving::Leg(leg) => self.leg(*leg).is_some_and(Leg::is_talking),
        }
    }

    pub(crate) fn every_leg_has_ended(&self) -> bool {
        self.legs.iter().all(|leg| leg.phase() == Phase::Ended)
    }

    /// The number of the next leg; `None` if there are too many.
    pub(crate) fn next_leg(&self) -> Option<LegId> {
        if self.legs.len() >= LEGS_MAX {
            return None;
        }
        let last = self.legs.iter().map(|leg| leg.id().0).max()?;
        last.checked_add(1).map(LegId)
    }
}

fn after(start: Timestamp, seconds: u32) -> Timestamp {
    Timestamp(start.0.saturating_add(i64::from(seconds) * 1_000_000))
}
