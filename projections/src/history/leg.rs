//! A leg of a call: who is on it, how far it came, what it agreed on and what was heard.

use schemars::JsonSchema;
use schemas::media::{MediaDirection, SpeechRating, StreamMeasure};
use schemas::observation::MediaReported;
use schemas::{AgentName, EventId, LegId, Personal, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

/// Who is on a leg. It is known from a decision, or it is not known.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who began the call.
    Caller,
    /// The agent that the call was routed to.
    Agent,
    /// Whom the call was transferred to.
    Target,
    /// It was dialed, and no decision that says what for is in the history.
    Dialed,
}

impl Role {
    /// The role as a word of a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Role::Caller => "caller",
            Role::Agent => "agent",
            Role::Target => "target",
            Role::Dialed => "dialed party",
        }
    }
}

/// How far a leg came.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// Control wants it; the edge has not said that it was dialed.
    Wanted,
    /// The INVITE is out, or in.
    Began,
    /// It rings.
    Ringing,
    /// It was answered.
    Answered,
    /// It was answered and its peer put it on hold.
    Held,
    /// It was dialed and came to nothing.
    Failed,
    /// It is over.
    Ended,
}

impl LegState {
    /// Whether nothing more will happen on the leg.
    pub fn is_over(self) -> bool {
        matches!(self, LegState::Failed | LegState::Ended)
    }
}

/// What offer and answer agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Codec {
    /// As `PCMU/8000`.
    pub name: String,
    /// Whether telephone events (RFC 4733) were agreed on.
    pub telephone_event: bool,
    /// Milliseconds of audio in a packet.
    pub packet_ms: u16,
    /// From the edge's side.
    pub direction: MediaDirection,
}

/// What was counted of a leg's media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Measure {
    /// From the peer.
    pub received: StreamMeasure,
    /// To the peer.
    pub sent: StreamMeasure,
    /// Packets that were not let in.
    pub refused_packets: u64,
    /// Over how many milliseconds.
    pub over_ms: u32,
}

impl Measure {
    /// Packets that were lost on the way to us, in per mille of those that were sent to us.
    pub fn lost_permille(&self) -> u64 {
        let expected = self.received.packets + self.received.lost;
        (self.received.lost * 1_000)
            .checked_div(expected)
            .unwrap_or(0)
    }
}

/// What a leg's peer said of the packets that it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reported {
    /// Packets of ours that did not reach it.
    pub lost: u64,
    /// The worst loss between two of its reports, in per mille.
    pub worst_loss_permille: u16,
    /// The greatest interarrival jitter, in microseconds.
    pub jitter_max_us: u32,
    /// From us to it and back, in microseconds, if it could be told.
    pub round_trip_us: Option<u32>,
    /// Packets of ours that it knows of; none if it did not tell of them.
    pub known_packets: Option<u64>,
    /// What our packets are worth to it; none if it did not tell of them.
    pub rating: Option<SpeechRating>,
}

impl From<&MediaReported> for Reported {
    fn from(told: &MediaReported) -> Reported {
        let about_us = told.detail.as_ref().filter(|detail| detail.about_us > 0);
        Reported {
            lost: told.lost,
            worst_loss_permille: told.worst_loss_permille,
            jitter_max_us: told.jitter_max_us,
            round_trip_us: told.round_trip_us,
            known_packets: about_us.map(|detail| detail.known_packets),
            rating: about_us.and_then(|detail| detail.rating.clone()),
        }
    }
}

/// The events that a leg's columns rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegEvidence {
    /// `InviteReceived` or `LegDialed`.
    pub began: Option<EventId>,
    /// `LegRinging`.
    pub ringing: Option<EventId>,
    /// `LegAnswered`.
    pub answered: Option<EventId>,
    /// `LegFailed`.
    pub failed: Option<EventId>,
    /// The last `CodecNegotiated`.
    pub codec: Option<EventId>,
    /// `MediaStarted`.
    pub media_started: Option<EventId>,
    /// The last `MediaSilent`.
    pub media_silent: Option<EventId>,
    /// `MediaMeasured`.
    pub measured: Option<EventId>,
    /// `MediaReported`.
    pub reported: Option<EventId>,
    /// `MediaAccounted`.
    pub accounted: Option<EventId>,
    /// The first `DigitReceived`.
    pub digit: Option<EventId>,
    /// `LegEnded`.
    pub ended: Option<EventId>,
}

/// A leg of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leg {
    /// Its number.
    pub id: LegId,
    /// Who is on it.
    pub role: Role,
    /// The agent, where control dialed it as one.
    pub agent: Option<AgentName>,
    /// How far it came.
    pub state: LegState,
    /// Whom it reaches: the Request-URI that was dialed, the caller's URI on the caller's leg.
    pub party: Personal<String>,
    /// The peer's address, `ip:port`.
    pub address: String,
    /// The trunk that it goes through, if it is a trunk's.
    pub trunk: Option<TrunkName>,
    /// The Call-ID header field.
    pub sip_call_id: String,
    /// The number that the peer was shown as the caller's; empty if the leg was not dialed.
    pub shown_caller: Personal<String>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// Milliseconds from its INVITE to its answer or its failure.
    pub setup_ms: Option<u32>,
    /// Milliseconds from its answer to its end.
    pub talk_ms: Option<u64>,
    /// Its codec.
    pub codec: Option<Codec>,
    /// Milliseconds from its answer to its first RTP packet.
    pub media_after_ms: Option<i32>,
    /// How often it was silent for longer than the bound.
    pub silences: u32,
    /// How often its peer put it on hold.
    pub holds: u32,
    /// How many digits came on it.
    pub digits: u32,
    /// What was counted of its media.
    pub measure: Option<Measure>,
    /// What its peer said of our packets (RTCP).
    pub reported: Option<Reported>,
    /// Packets of ours that its peer said it received, in a header field of its BYE.
    pub accounted: Option<u64>,
    /// The final status that its peer refused with.
    pub status: Option<u16>,
    /// Why it failed or ended, in words.
    pub cause: String,
    /// What all this rests on.
    pub evidence: LegEvidence,
}

impl Leg {
    pub(crate) fn new(id: LegId, role: Role) -> Leg {
        Leg {
            id,
            role,
            state: LegState::Wanted,
            party: Personal::default(),
            address: String::new(),
            trunk: None,
            sip_call_id: String::new(),
            agent: None,
            shown_caller: Personal::default(),
            began: None,
            answered: None,
            ended: None,
            setup_ms: None,
            talk_ms: None,
            codec: None,
            media_after_ms: None,
            silences: 0,
            holds: 0,
            digits: 0,
            measure: None,
            reported: None,
            accounted: None,
            status: None,
            cause: String::new(),
            evidence: LegEvidence::default(),
        }
    }

    /// A leg that is over stays over, and one that was answered does not ring again: an event that
    /// fills a hole late must not turn it back.
    pub(crate) fn advance(&mut self, to: LegState) {
        let back_from_hold = self.state == LegState::Held && to == LegState::Answered;
        if !self.state.is_over() && (to > self.state || back_from_hold) {
            self.state = to;
        }
    }
}
