//! The row: everything that the history says of one call.

use schemars::JsonSchema;
use schemas::conclusion::{CallEndedBy, CallOutcome};
use schemas::observation::{ContextHeader, ExternalCall, SessionId, Tried};
use schemas::{AgentName, CallId, EventId, Lane, LegId, Personal, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use super::{FirstCalled, Lanes, Leg, LegState, Recording, Role, Transfer};

/// How a call stands or ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is not over.
    Up,
    /// It was answered and ended by one who may.
    Completed,
    /// It was answered and handed over by REFER.
    Transferred,
    /// The caller gave up before it was answered.
    Abandoned,
    /// It was refused.
    Refused,
    /// It was broken off.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 6] = [
        Outcome::Up,
        Outcome::Completed,
        Outcome::Transferred,
        Outcome::Abandoned,
        Outcome::Refused,
        Outcome::Failed,
    ];

    /// The outcome as a word.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Up => "up",
            Outcome::Completed => "completed",
            Outcome::Transferred => "transferred",
            Outcome::Abandoned => "abandoned",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}

impl From<CallOutcome> for Outcome {
    fn from(outcome: CallOutcome) -> Outcome {
        match outcome {
            CallOutcome::Completed => Outcome::Completed,
            CallOutcome::Transferred => Outcome::Transferred,
            CallOutcome::Abandoned => Outcome::Abandoned,
            CallOutcome::Refused => Outcome::Refused,
            CallOutcome::Failed => Outcome::Failed,
        }
    }
}

/// Who called, and which header field says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// The display name.
    pub display_name: Personal<String>,
    /// The number; empty for an anonymous caller.
    pub number: Personal<String>,
    /// The URI.
    pub uri: Personal<String>,
    /// `P-Asserted-Identity`, `Remote-Party-ID` or `From`.
    pub field: String,
}

/// How the call found its agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Routed {
    /// The agent.
    pub agent: AgentName,
    /// The rule that matched.
    pub rule: String,
    /// The decision.
    pub event: EventId,
}

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The status that the caller got.
    pub status: u16,
    /// Why, in words.
    pub why: String,
    /// The trunks and rules that were tried.
    pub tried: Vec<Tried>,
    /// The decision.
    pub event: EventId,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Who ended it.
    pub by: CallEndedBy,
    /// Why, in words.
    pub cause: String,
    /// The decision.
    pub event: EventId,
}

/// Something that does not belong into a call: a command that could not be done, an agent that went
/// away, a record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// When.
    pub at: Timestamp,
    /// The leg, if it was on one.
    pub leg: Option<LegId>,
    /// What, in words.
    pub what: String,
    /// The event's lane.
    pub lane: Lane,
    /// The event.
    pub event: EventId,
}

/// One call as its history tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The call.
    pub call: CallId,
    /// When it began: its first event.
    pub began: Timestamp,
    /// When the caller was answered.
    pub answered: Option<Timestamp>,
    /// The trunk that it came through.
    pub trunk: Option<TrunkName>,
    /// How the trunk was recognised.
    pub trunk_because: String,
    /// Who called; absent if the INVITE was not seen.
    pub caller: Option<Caller>,
    /// The number called.
    pub called: Personal<String>,
    /// Who was called before the call was sent here, if its INVITE says so.
    pub first_called: Option<FirstCalled>,
    /// What X-EI says: the platform's own ids of the call.
    pub external: Option<Personal<ExternalCall>>,
    /// What the two ends call the session (Session-ID, RFC 7989).
    pub session: Option<SessionId>,
    /// The caller's User-Agent header field.
    pub user_agent: Option<String>,
    /// The header fields that came along.
    pub context: Vec<ContextHeader>,
    /// The header fields of the BYE that ended it: what was handed back or found out.
    pub handed_back: Vec<ContextHeader>,
    /// How it found its agent.
    pub routed: Option<Routed>,
    /// The agent that was last on the line without a leg of its own, and its kind.
    pub built_in: Option<(AgentName, String)>,
    /// The event that said so.
    pub built_in_event: Option<EventId>,
    /// Why it was refused.
    pub refused: Option<Refusal>,
    /// How it stands or ended.
    pub outcome: Outcome,
    /// How it ended.
    pub end: Option<End>,
    /// Milliseconds from the INVITE to the answer, or to the end of a call that was not answered.
    pub ring_ms: Option<u64>,
    /// Milliseconds from the answer to the end.
    pub talk_ms: Option<u64>,
    /// Its legs by number.
    pub legs: Vec<Leg>,
    /// Its transfers, oldest first.
    pub transfers: Vec<Transfer>,
    /// Its recordings, oldest first.
    pub recordings: Vec<Recording>,
    /// How many digits came.
    pub digits: u32,
    /// What went wrong on the way.
    pub troubles: Vec<Trouble>,
    /// How many events it has.
    pub events: u32,
    /// How many of them this release does not know.
    pub unknown: u32,
    /// How many of them cannot be read.
    pub unreadable: u32,
    /// What is known of its lanes.
    pub lanes: Lanes,
    /// When its last event was written.
    pub last: Timestamp,
}

impl Row {
    /// A call of which nothing is known yet.
    pub fn new(call: CallId) -> Row {
        let began = i64::try_from(call.began_ms()).unwrap_or(i64::MAX / 1_000);
        Row {
            call,
            began: Timestamp(began.saturating_mul(1_000)),
            answered: None,
            trunk: None,
            trunk_because: String::new(),
            caller: None,
            called: Personal::default(),
            first_called: None,
            external: None,
            session: None,
            user_agent: None,
            context: Vec::new(),
            handed_back: Vec::new(),
            routed: None,
            built_in: None,
            built_in_event: None,
            refused: None,
            outcome: Outcome::Up,
            end: None,
            ring_ms: None,
            talk_ms: None,
            legs: Vec::new(),
            transfers: Vec::new(),
            recordings: Vec::new(),
            digits: 0,
            troubles: Vec::new(),
            events: 0,
            unknown: 0,
            unreadable: 0,
            lanes: Lanes::default(),
            last: Timestamp(0),
        }
    }

    /// Whether the call is over.
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// What is missing of its history, in words; empty when nothing is.
    pub fn incomplete(&self) -> Vec<String> {
        let mut words = self.lanes.incomplete();
        if self.unreadable > 0 {
            let events = if self.unreadable == 1 {
                "event"
            } else {
                "events"
            };
            words.push(format!("{} {events} cannot be read", self.unreadable));
        }
        words
    }

    /// A leg.
    pub fn leg(&self, id: LegId) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.id == id)
    }

    /// The last leg in a role.
    pub fn leg_as(&self, role: Role) -> Option<&Leg> {
        self.legs.iter().rev().find(|leg| leg.role == role)
    }

    /// The agent: the one that the call was routed to, or the built-in one on its line.
    pub fn agent(&self) -> Option<&AgentName> {
        let routed = self.routed.as_ref().map(|routed| &routed.agent);
        routed.or(self.built_in.as_ref().map(|(agent, _)| agent))
    }

    /// The transfer that is running, if one is.
    pub fn running_transfer(&self) -> Option<&Transfer> {
        self.transfers
            .iter()
            .rev()
            .find(|transfer| !transfer.is_over())
    }

    /// Whether the peer of any leg that is up has put it on hold.
    pub fn is_held(&self) -> bool {
        self.legs.iter().any(|leg| leg.state == LegState::Held)
    }
}
