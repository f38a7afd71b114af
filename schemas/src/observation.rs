//! What happened: the observations of edges, agents and operators.
//!
//! One frozen struct for each (type, version). A field is never reordered, removed or given a new
//! meaning; see [`crate::version`] for how a type grows.

mod connections;
mod identity;
mod invite;
mod limit;
mod of_an_edge;
mod of_media;
mod probing;
mod quality;
mod recording;
mod registration;
mod security;
mod session;
mod stream;
mod tls;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::media::{DigitMethod, MediaDirection, MediaOffer, PayloadFormat};
use crate::{AgentName, EventId, Hash, LegId, Personal, Transport, TrunkName};

pub use self::connections::{ConnectionOpener, ConnectionsRefused, LegRedialed};
pub use self::identity::{
    Diversion, ExternalCall, HistoryEntry, Identity, IdentityHeader, Party, Reason, RemoteParty,
    SessionId, UserToUser, is_listed,
};
pub use self::invite::{Caller, InviteReceived, Load, Occupancy};
pub use self::limit::{LimitOf, LimitReached, LoadStated, NumberLoad, TrunkLoad};
pub use self::probing::{ProbeFailure, ProbeLatency, TrunkDown, TrunkProbed, TrunkUp};
pub use self::quality::{
    DigitDoubled, DigitEarly, DigitLoss, DigitLost, EchoHeard, InfoNotAllowed, MediaAccounted,
    MediaContinued, MediaLatched, MediaMeasured, MediaRefused, MediaReported, MediaResumed,
    MediaSilent, MediaStarted, ReportDetail, VoiceMetrics,
};
pub use self::recording::{
    HangUpRequested, RecordingAction, RecordingEnded, RecordingFailed, RecordingPause,
    RecordingPaused, RecordingRequested, RecordingResumed, RecordingStarted,
};
pub use self::registration::{
    RegistrationEnded, RegistrationRefused, TrunkBound, TrunkRegistered, TrunkUnbound,
};
pub use self::security::{
    HandshakeCompleted, HandshakeFailed, MediaSecured, MediaUnsecured, OfferRefused,
};
pub use self::session::{ChallengeUnanswered, LegSide, SessionExpired, SessionRefreshed};
pub use self::stream::{
    AgentOverrun, AgentSilent, StreamClosed, StreamCloser, StreamDialed, StreamMeasured,
    StreamOpened, StreamWay,
};
pub use self::tls::{
    AlertSender, CertificateExpiryNoticed, TlsFault, TlsFile, TlsRefused, TlsReloadFailed,
    TlsReloaded,
};

/// A header field that crosses from one leg to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContextHeader {
    /// The field's name as it was sent.
    pub name: String,
    /// Its value.
    pub value: Personal<String>,
}

/// A trunk or rule that was looked at and did not match, and the first thing in it that did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// What was looked at: `trunk office`, `number +14155550100`.
    pub candidate: String,
    /// The first predicate that failed, in words: `source 192.0.2.7 is in none of 10.0.0.0/8`.
    pub failed: String,
}

/// How an incoming call was recognised as a trunk's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkMatch {
    /// The trunk.
    pub trunk: TrunkName,
    /// What matched: `source 192.0.2.7 is in 192.0.2.0/24`.
    pub because: String,
    /// The trunks that were tried before it.
    pub tried: Vec<Tried>,
}

/// The edge sent an INVITE for a leg that control wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegDialed {
    /// The new leg.
    pub leg: LegId,
    /// The trunk that it went through, if it is a trunk's.
    pub trunk: Option<TrunkName>,
    /// Where the INVITE went, `ip:port`.
    pub destination: String,
    /// How it travelled.
    pub transport: Transport,
    /// The Request-URI.
    pub target: Personal<String>,
    /// The From header field as it was sent.
    pub caller: Personal<Identity>,
    /// The Call-ID header field.
    pub sip_call_id: String,
    /// What the INVITE offered; absent in version 1.
    pub offer: Option<MediaOffer>,
}

/// The far side of a leg rings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegRinging {
    /// The leg.
    pub leg: LegId,
    /// The status code: 180, 181, 182 or 183.
    pub status: u16,
}

/// The far side of a leg sent a session description before it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlyMediaStarted {
    /// The leg.
    pub leg: LegId,
    /// The status code that carried the description.
    pub status: u16,
}

/// The caller hears a leg that is not answered yet, because control decided so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlyMediaPassed {
    /// The caller's leg.
    pub leg: LegId,
    /// The leg that he hears.
    pub from: LegId,
    /// The status that told him of a session, 183; absent if he was answered or heard somebody before.
    pub status: Option<u16>,
}

/// A leg was answered: the far side sent 200, or the edge did for the leg of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegAnswered {
    /// The leg.
    pub leg: LegId,
    /// Milliseconds since its INVITE.
    pub after_ms: u32,
}

/// Why a leg came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LegFailure {
    /// The far side refused with a final status.
    Refused {
        /// 300 to 699.
        status: u16,
        /// The reason phrase as it was received.
        phrase: String,
    },
    /// The edge's own timer ran out; nothing was received that says so.
    TimedOut {
        /// The timer: `B` (no answer of any kind, RFC 3261 17.1.1.2) or `ring` (rang for too long).
        timer: String,
    },
    /// The INVITE could not be sent.
    Unreachable {
        /// What the transport said.
        error: String,
    },
    /// Control gave it up before there was a final answer.
    Cancelled,
    /// The edge could not do it: no common codec, no free port.
    Impossible {
        /// What was in the way.
        error: String,
    },
}

/// A leg that was dialed was not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegFailed {
    /// The leg.
    pub leg: LegId,
    /// Why.
    pub failure: LegFailure,
    /// The Reason header field (RFC 3326), if there was one.
    pub reason: Option<String>,
    /// The Retry-After header field, in seconds, if there was one.
    pub retry_after_s: Option<u32>,
    /// Milliseconds since its INVITE.
    pub after_ms: u32,
}

/// What one leg says is transcoded for another, because they have no codec in common: told when it begins, and again when
/// one of the two changes its codec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaTranscoded {
    /// The leg that hears it.
    pub leg: LegId,
    /// The leg that says it.
    pub speaker: LegId,
    /// The codec of who says it, as `opus/48000/2`.
    pub from: String,
    /// The codec of who hears it, as `PCMU/8000`.
    pub to: String,
}

/// Offer and answer of a leg came to an agreement (RFC 3264).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodecNegotiated {
    /// The leg.
    pub leg: LegId,
    /// The codec, as `PCMU/8000`.
    pub codec: String,
    /// The payload type that the edge sends.
    pub payload_type: u8,
    /// The payload type of telephone events (RFC 4733) that the edge sends, if agreed on.
    pub telephone_event: Option<u8>,
    /// Where the edge receives, `ip:port`.
    pub local: String,
    /// Where the peer said that it receives, `ip:port`.
    pub remote: String,
    /// The direction from the edge's side.
    pub direction: MediaDirection,
    /// Milliseconds of audio in a packet.
    pub packet_ms: u16,
    /// What the peer may send, by the description of ours: audio, and telephone events with their clock. A codec may have
    /// another number here than in `payload_type` (RFC 3264, section 6.1). Empty in version 1.
    pub accepted: Vec<PayloadFormat>,
}

/// A key was pressed. Which one is not stored unless the trunk says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigitReceived {
    /// The leg.
    pub leg: LegId,
    /// How it came.
    pub method: DigitMethod,
    /// How long the key was down, in milliseconds.
    pub duration_ms: u32,
    /// The key: `0` to `9`, `*`, `#`, `A` to `D`; absent when the trunk only counts.
    pub digit: Option<char>,
    /// For a telephone event, what else was seen of it; not told by those who wrote version 1.
    pub seen: Option<KeySeen>,
}

/// What was seen of a key that came as a telephone event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeySeen {
    /// Whether its end came; without, it was ended when nothing more of it came.
    pub ended: bool,
    /// From its first packet to its last, by our clock, in milliseconds. A peer with a wrong clock tells another duration.
    pub over_ms: u32,
}

/// The peer put the call on hold (RFC 3264, section 8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldRequested {
    /// The leg.
    pub leg: LegId,
    /// The direction that the peer offered.
    pub direction: MediaDirection,
}

/// The peer took the call from hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResumeRequested {
    /// The leg.
    pub leg: LegId,
}

/// How a transfer was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TransferSource {
    /// A REFER request on the leg (RFC 3515).
    Refer,
    /// The agent on the leg asked for it: a menu's choice, a bot's request.
    Agent {
        /// The agent.
        agent: AgentName,
        /// What the agent answered to, in words: `menu choice`.
        choice: String,
    },
}

/// Somebody asked for the call to be transferred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferRequested {
    /// The leg that asked.
    pub leg: LegId,
    /// Where the call shall go: a URI, or a name that the configuration knows.
    pub target: Personal<String>,
    /// How it was asked for.
    pub source: TransferSource,
    /// The Referred-By header field (RFC 3892), if there was one.
    pub referred_by: Option<Personal<String>>,
    /// Whether an attended transfer is asked for (Replaces, RFC 3891).
    pub replaces: bool,
}

/// The peer that was asked to transfer (REFER) tells how it goes (RFC 3515, section 2.4.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferProgressed {
    /// The leg that the REFER went out on.
    pub leg: LegId,
    /// What it tells.
    pub progress: TransferProgress,
}

/// What is known of a REFER that the edge sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TransferProgress {
    /// It was sent.
    Sent,
    /// The peer accepted it (202).
    Accepted,
    /// The peer refused it.
    Refused {
        /// The final status.
        status: u16,
        /// Its reason phrase.
        phrase: String,
    },
    /// A NOTIFY told the status of the new call.
    Notified {
        /// The status in its body (message/sipfrag, RFC 3420).
        status: u16,
        /// Its reason phrase.
        phrase: String,
        /// Whether the subscription ended with it.
        last: bool,
    },
    /// There was no answer to the REFER, or no NOTIFY, for as long as the edge waits.
    TimedOut,
}

/// Two legs hear each other, because control decided so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegsBridged {
    /// The one leg.
    pub leg: LegId,
    /// The other.
    pub with: LegId,
}

/// The edge answered the REFER that a leg had sent, because control decided so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferAnswered {
    /// The leg that sent the REFER.
    pub leg: LegId,
    /// 202, or the status of the refusal, 300 to 699.
    pub status: u16,
}

/// The edge told a leg that had sent a REFER how its transfer goes (NOTIFY, RFC 3515, section 2.4.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferReported {
    /// The leg that sent the REFER.
    pub leg: LegId,
    /// The status in the report's body, 100 to 699.
    pub status: u16,
    /// Whether the subscription ended with it.
    pub last: bool,
}

/// A BYE came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByeReceived {
    /// The leg.
    pub leg: LegId,
    /// The Reason header field (RFC 3326), if there was one.
    pub reason: Option<String>,
    /// Header fields that hand context back: X-*, User-to-User.
    pub context: Vec<ContextHeader>,
}

/// A CANCEL came before the leg was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelReceived {
    /// The leg.
    pub leg: LegId,
    /// The Reason header field (RFC 3326), if there was one.
    pub reason: Option<String>,
}

/// Who ended a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EndedBy {
    /// The far side: BYE or CANCEL.
    Peer,
    /// The edge, because control decided so.
    Control,
    /// The edge on its own: a peer that did not acknowledge, a stop of the edge, control out of reach.
    Edge,
}

/// A leg is over: nothing more will be seen of it but its measures. Every leg that began ends with
/// exactly one of `LegEnded` and `LegFailed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegEnded {
    /// The leg.
    pub leg: LegId,
    /// Who ended it.
    pub by: EndedBy,
    /// Why, in words: `BYE`, `CANCEL`, `refused with 404`, `no ACK within 32 s`, `edge restarted`.
    pub cause: String,
    /// Milliseconds since it was answered; 0 if it was not.
    pub talk_ms: u64,
}

/// An agent that needs no leg of its own is on the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentConnected {
    /// The leg that it hears.
    pub leg: LegId,
    /// The agent.
    pub agent: AgentName,
    /// Its kind: `echo`, `tone`, `announcement`, `menu`, `hold`.
    pub kind: String,
}

/// An agent that was on the line went away without being told to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentLost {
    /// The leg that it heard.
    pub leg: LegId,
    /// The agent.
    pub agent: AgentName,
    /// Why: `finished`, `connection lost`.
    pub cause: String,
}

/// The edge could not do what a decision said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandFailed {
    /// The decision.
    pub decision: EventId,
    /// The leg that the command was for.
    pub leg: LegId,
    /// The command's type.
    pub command: String,
    /// The SIP status that says it to a caller: 488 for no common codec, 503 for no free port, 481 for
    /// a leg that is over or unknown, 500 for everything else.
    pub status: u16,
    /// Why not.
    pub error: String,
}

/// A wait that control had set ran out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimerFired {
    /// Which wait.
    pub timer: Timer,
    /// Microseconds between the moment that was set and the moment that this was written.
    pub late_us: u64,
}

/// The waits of call control.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Timer {
    /// A leg that was dialed has to be answered.
    Ring(LegId),
    /// A call has to end.
    MaximumDuration,
    /// A transfer by REFER has to come to an end.
    Transfer,
}

/// Requests from an address that is no trunk's were refused. One event for many: a flood of packets
/// must not become a flood of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRefused {
    /// Where they came from, without the port.
    pub source: String,
    /// How many requests.
    pub requests: u64,
    /// The method of the first.
    pub method: String,
    /// What they were answered with; absent if they were dropped in silence.
    pub status: Option<u16>,
    /// Over how many milliseconds.
    pub over_ms: u32,
    /// The trunks that were tried for the first of them.
    pub tried: Vec<Tried>,
}

/// Messages that were no SIP were refused. One event for many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessagesMalformed {
    /// Where they came from, without the port.
    pub source: String,
    /// How many.
    pub messages: u64,
    /// What was wrong with the first.
    pub error: String,
    /// Over how many milliseconds.
    pub over_ms: u32,
}

/// New calls were refused because the edge could not take them: its log or control was out of
/// reach, or it was stopping. One event for many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallsTurnedAway {
    /// How many.
    pub calls: u64,
    /// Why: `stopping`, `control is away`, `the log is full`.
    pub cause: String,
    /// The answer: 503 most of the time.
    pub status: u16,
    /// Over how many milliseconds.
    pub over_ms: u32,
}

/// An edge began its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeStarted {
    /// The release.
    pub release: String,
    /// Where it listens, as `udp 0.0.0.0:32681`.
    pub listens: Vec<String>,
    /// The RTP ports, first and last.
    pub rtp_ports: (u16, u16),
}

/// An edge ended its work in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeStopped {
    /// Why: `SIGTERM`.
    pub cause: String,
    /// How many calls it had to end.
    pub calls_ended: u32,
}

/// A configuration came into force. Replay decides by this snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigurationApplied {
    /// SHA-256 of the snapshot. Every decision names the one that it was made by.
    pub hash: Hash,
    /// What control decides by, as JSON, without secrets.
    pub snapshot: String,
}

/// A reader of the log met a hole, or bytes that it cannot read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JournalGapFound {
    /// What is missing, in words.
    pub missing: String,
}

crate::event::vocabulary! {
    /// What happened.
    Observation {
        /// An INVITE began a call.
        1 => InviteReceived : 2,
        /// The edge sent an INVITE.
        2 => LegDialed : 2,
        /// The far side rings.
        3 => LegRinging,
        /// Media before the answer.
        4 => EarlyMediaStarted,
        /// A leg was answered.
        5 => LegAnswered,
        /// A dialed leg was not answered.
        6 => LegFailed : 2,
        /// Offer and answer agreed.
        7 => CodecNegotiated : 2,
        /// The first RTP packet came.
        8 => MediaStarted,
        /// A leg is not heard any more.
        9 => MediaSilent : 2,
        /// A leg is heard again.
        10 => MediaResumed : 2,
        /// A leg's media in numbers.
        11 => MediaMeasured : 3,
        /// A key was pressed.
        12 => DigitReceived : 2,
        /// The peer put the call on hold.
        13 => HoldRequested,
        /// The peer took the call from hold.
        14 => ResumeRequested,
        /// A transfer was asked for.
        15 => TransferRequested,
        /// A REFER made progress.
        16 => TransferProgressed,
        /// A BYE came.
        17 => ByeReceived,
        /// A CANCEL came.
        18 => CancelReceived,
        /// A leg is over.
        19 => LegEnded,
        /// A built-in agent is on the line.
        20 => AgentConnected,
        /// An agent went away by itself.
        21 => AgentLost,
        /// A command could not be done.
        22 => CommandFailed,
        /// A wait ran out.
        23 => TimerFired,
        /// An operator or an agent asked for the end.
        24 => HangUpRequested : 3,
        /// Two legs hear each other.
        25 => LegsBridged,
        /// A REFER was answered.
        26 => TransferAnswered,
        /// A NOTIFY was sent to who asked for a transfer.
        27 => TransferReported,
        /// The next target was dialed.
        28 => LegRedialed,
        /// A session lives on.
        29 => SessionRefreshed,
        /// A session was not refreshed.
        30 => SessionExpired,
        /// Credentials were asked for in vain.
        31 => ChallengeUnanswered,
        /// The caller hears who is not answered.
        35 => EarlyMediaPassed,
        /// Media is SRTP.
        36 => MediaSecured,
        /// Media is plain RTP after all.
        37 => MediaUnsecured,
        /// A change of a session was refused.
        38 => OfferRefused,
        /// The peer told what it got.
        40 => MediaReported : 2,
        /// Two legs have no codec in common.
        41 => MediaTranscoded,
        /// The edge set out to connect to an agent.
        43 => StreamDialed,
        /// An agent took the connection.
        44 => StreamOpened,
        /// The connection to an agent is over.
        45 => StreamClosed,
        /// A stream in numbers.
        46 => StreamMeasured,
        /// An agent says nothing.
        47 => AgentSilent,
        /// Audio of or for an agent is dropped.
        48 => AgentOverrun,
        /// A handshake made the keys of media.
        50 => HandshakeCompleted,
        /// A handshake made none.
        51 => HandshakeFailed,
        /// A source of packets is the only one from now on.
        53 => MediaLatched,
        /// Packets were not let in.
        54 => MediaRefused,
        /// A peer told what it heard.
        55 => MediaAccounted,
        /// A key could not be sent.
        56 => DigitLost,
        /// A key came twice.
        42 => DigitDoubled,
        /// A key came too early for who should get it.
        52 => DigitEarly,
        /// An operator asked something of a recording.
        64 => RecordingRequested,
        /// A leg is recorded.
        65 => RecordingStarted,
        /// A recording is silent.
        66 => RecordingPaused,
        /// A recording goes on.
        67 => RecordingResumed,
        /// A recording is complete.
        68 => RecordingEnded,
        /// A recording came to nothing.
        69 => RecordingFailed,
        /// What we send comes back.
        70 => EchoHeard,
        /// A peer that gets keys by INFO takes none.
        71 => InfoNotAllowed,
        /// Packets came behind the end.
        72 => MediaContinued,
        /// Strangers were refused.
        100 => SourceRefused,
        /// Messages were no SIP.
        101 => MessagesMalformed,
        /// New calls were turned away.
        102 => CallsTurnedAway,
        /// TLS handshakes came to nothing.
        103 => TlsRefused : 2,
        /// Connections were too many.
        104 => ConnectionsRefused,
        /// We are registered at a trunk.
        105 => TrunkRegistered,
        /// A trunk's registrar did not take us.
        106 => RegistrationRefused,
        /// We are no longer registered at a trunk.
        107 => RegistrationEnded,
        /// A trunk registered at the edge.
        108 => TrunkBound,
        /// A trunk is no longer registered at the edge.
        109 => TrunkUnbound,
        /// A trunk's target was probed.
        110 => TrunkProbed,
        /// A trunk's target answers.
        111 => TrunkUp,
        /// A trunk's target does not answer.
        112 => TrunkDown,
        /// Calls were too many.
        113 => LimitReached,
        /// An edge said how many calls it has.
        114 => LoadStated,
        /// A file of TLS cannot be used.
        115 => TlsReloadFailed,
        /// Files of TLS were read again.
        116 => TlsReloaded,
        /// A certificate ends.
        117 => CertificateExpiryNoticed,
        /// An edge began.
        200 => EdgeStarted,
        /// An edge ended.
        201 => EdgeStopped,
        /// A configuration came into force.
        202 => ConfigurationApplied,
        /// The log has a hole.
        203 => JournalGapFound,
    }
}
