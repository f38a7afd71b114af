//! How media goes: what is heard and what is not, what was counted, and what the peer of a leg says of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::media::{
    DigitMethod, MeasureOccasion, MediaSample, MediaSeen, MediaSilence, PeerAccount,
    RefusedBecause, RefusedPackets, SpeechRating, StreamMeasure,
};
use crate::{CallId, LegId};

/// The first RTP packet of a leg came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaStarted {
    /// The leg.
    pub leg: LegId,
    /// Milliseconds since the leg was answered; negative for early media.
    pub after_answer_ms: i32,
    /// Where it came from, `ip:port`.
    pub source: String,
    /// Its synchronisation source (RFC 3550, section 3).
    pub ssrc: u32,
}

/// Three packets of one source in sequence: from now on nobody else is heard on the leg, until a new description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaLatched {
    /// The leg.
    pub leg: LegId,
    /// Where they came from, `ip:port`. Packets to the peer go there.
    pub source: String,
    /// Where the peer said that it is, `ip:port`; if it differs, it is behind an address translation, or sends from
    /// another port.
    pub signalled: String,
    /// The synchronisation source.
    pub ssrc: u32,
}

/// Nothing was heard of a leg for longer than the bound, while something should have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaSilent {
    /// The leg.
    pub leg: LegId,
    /// For how many milliseconds.
    pub for_ms: u32,
    /// What was missing.
    pub silence: MediaSilence,
    /// What was seen of the leg instead; not told by those who wrote version 1.
    pub seen: Option<MediaSeen>,
}

/// A leg is heard again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaResumed {
    /// The leg.
    pub leg: LegId,
    /// For how many milliseconds it was not heard.
    pub after_ms: u32,
    /// What was missing.
    pub silence: MediaSilence,
}

/// Packets came to the port of a leg and were not let in. Told a second after the first of them, then every ten seconds,
/// with what came on top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaRefused {
    /// The leg.
    pub leg: LegId,
    /// Why.
    pub because: RefusedBecause,
    /// How many since this was told last.
    pub packets: u64,
    /// How many in all.
    pub total: u64,
    /// Where the last of them came from, `ip:port`.
    pub source: String,
    /// How many of the last ones in a row came from there.
    pub in_row: u64,
    /// The SSRC of the last of them, if it is RTP.
    pub ssrc: Option<u32>,
    /// Its payload type.
    pub payload_type: Option<u8>,
    /// How many octets it has behind its header: 4 is the size of a telephone event.
    pub payload_bytes: Option<u16>,
    /// How many since this was told last had SSRC, payload type and timestamp of the one before: those of a telephone event
    /// share theirs, and audio never does.
    pub same_timestamp: u64,
}

/// What was counted of a leg's media: while it is up, at once when it changes, and at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaMeasured {
    /// The leg.
    pub leg: LegId,
    /// From the peer to the edge.
    pub received: StreamMeasure,
    /// From the edge to the peer.
    pub sent: StreamMeasure,
    /// Packets that were not let in: a foreign source, a foreign SSRC, an unknown payload type, damage.
    pub refused_packets: u64,
    /// Milliseconds since the leg's media was set up.
    pub over_ms: u32,
    /// Those of the refused that were not authentic: SRTP was agreed on, and they were forged, of another key, or plain.
    pub unauthenticated_packets: u64,
    /// Those of the refused that were SRTP of a number that was there before.
    pub replayed_packets: u64,
    /// Why it was measured now.
    pub occasion: MeasureOccasion,
    /// All that were refused, by reason; empty if none were, and in versions before 3.
    pub refused: Vec<RefusedPackets>,
    /// The last half a minute in samples of five seconds, without those of the measure before.
    pub samples: Vec<MediaSample>,
    /// Keys that came by several ways and counted once.
    pub keys_doubled: u32,
}

/// The peer told by RTCP (RFC 3550, section 6.4) what reached it: the other half of
/// [`MediaMeasured`], which is ours. Told at the end of a leg, if any report came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaReported {
    /// The leg.
    pub leg: LegId,
    /// How many reports came.
    pub reports: u32,
    /// Packets of ours that did not reach it, all in all.
    pub lost: u64,
    /// The worst loss between two of its reports, in per mille.
    pub worst_loss_permille: u16,
    /// Interarrival jitter of our packets at its last report, in microseconds.
    pub jitter_us: u32,
    /// The greatest that it reported, in microseconds.
    pub jitter_max_us: u32,
    /// From us to the peer and back, in microseconds, at the last report that told it.
    pub round_trip_us: Option<u32>,
    /// The longest of all, in microseconds.
    pub round_trip_max_us: Option<u32>,
    /// More, since it is read.
    pub detail: Option<ReportDetail>,
}

/// What else is in the reports of a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportDetail {
    /// Reports that told of our packets.
    pub about_us: u32,
    /// Reports of a peer that sends, too (SR).
    pub sender_reports: u32,
    /// Packets of ours that the peer knows of by the last number that reached it; 0 if none did.
    pub known_packets: u64,
    /// What the peer hears; none if it did not tell of our packets.
    pub rating: Option<SpeechRating>,
}

/// A peer told what it heard and sent: in a header field of its BYE, or of its answer to ours, or in an extended report. What
/// is not in it is absent; nothing of it was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaAccounted {
    /// The leg.
    pub leg: LegId,
    /// How it was told.
    pub account: PeerAccount,
    /// Packets that it sent.
    pub packets_sent: Option<u64>,
    /// Octets that it sent.
    pub octets_sent: Option<u64>,
    /// Packets that it received of us: 0 is one-way audio.
    pub packets_received: Option<u64>,
    /// Octets that it received of us.
    pub octets_received: Option<u64>,
    /// Packets that did not reach it.
    pub packets_lost: Option<u64>,
    /// Packets that reached it too late.
    pub packets_late: Option<u64>,
    /// Jitter as it tells it; milliseconds, but for phones that tell ticks of the clock.
    pub jitter: Option<u64>,
    /// The round trip, in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// For how many seconds.
    pub duration_s: Option<u32>,
    /// What only an extended report tells.
    pub metrics: Option<VoiceMetrics>,
}

/// The VoIP metrics of an extended report (RFC 3611, section 4.7); what the peer marked as unavailable is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoiceMetrics {
    /// Lost on the way, in per mille.
    pub lost_permille: u16,
    /// Thrown away by its jitter buffer, in per mille.
    pub discarded_permille: u16,
    /// The mean length of bursts, in milliseconds.
    pub burst_ms: u16,
    /// The mean length of the gaps between bursts, in milliseconds.
    pub gap_ms: u16,
    /// The delay in the peer itself, in milliseconds.
    pub end_system_ms: u16,
    /// The level of the voice that it hears, in dBm0.
    pub signal_dbm0: Option<i8>,
    /// The level of the noise that it hears, in dBm0.
    pub noise_dbm0: Option<i8>,
    /// The echo return loss of the peer, in dB.
    pub echo_return_loss_db: Option<u8>,
    /// R, 0 to 100.
    pub r_factor: Option<u8>,
    /// The opinion of listening, in tenths, 10 to 50.
    pub mos_lq_tenths: Option<u8>,
    /// The opinion of conversation, in tenths, 10 to 50.
    pub mos_cq_tenths: Option<u8>,
    /// Its jitter buffer now, in milliseconds.
    pub buffer_ms: u16,
    /// The most that it may become, in milliseconds.
    pub buffer_max_ms: u16,
}

/// What we send to a leg comes back in what it sends (hairpin, loopback, or an echo that nobody cancels): for three times
/// five seconds in a row the loudness of both was the same at one delay. Told once for a leg, of G.711 only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EchoHeard {
    /// The leg.
    pub leg: LegId,
    /// How much later it comes, in milliseconds, in steps of 20.
    pub delay_ms: u32,
    /// The correlation of the loudness in the last five seconds, in per mille: more than 800.
    pub correlation_permille: u16,
}

/// Packets came to the port of a leg long after its end: its peer sends on, or to a port that was given to another call.
/// The port was watched from 5 s to 15 s behind the end, and then was free again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaContinued {
    /// The call.
    pub call: CallId,
    /// The leg.
    pub leg: LegId,
    /// How many RTP packets, as far as the socket's buffer holds them: 50 at least.
    pub packets: u32,
    /// For how many milliseconds they were counted.
    pub over_ms: u32,
    /// Where the last of them came from, `ip:port`.
    pub source: String,
    /// Its SSRC.
    pub ssrc: u32,
}

/// A key went to a leg that may not have listened yet: less than 500 ms behind its answer, or before anything was heard of
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigitEarly {
    /// The leg that it went to.
    pub leg: LegId,
    /// From the answer to the beginning of the key, in milliseconds.
    pub after_answer_ms: u32,
    /// Whether its packets had been learned to come from somewhere.
    pub latched: bool,
}

/// A key came once more in another way, and was not counted twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigitDoubled {
    /// The leg.
    pub leg: LegId,
    /// The way in which it was counted, or will be.
    pub counted_as: DigitMethod,
    /// The other way.
    pub method: DigitMethod,
    /// The time between both, in milliseconds.
    pub apart_ms: u32,
}

/// A leg is to get its keys by SIP INFO, and the Allow header field of its peer does not name INFO (RFC 6086, section 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InfoNotAllowed {
    /// The leg.
    pub leg: LegId,
    /// The methods that Allow names, as they were sent.
    pub allow: String,
}

/// A key for a leg could not be sent to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigitLost {
    /// The leg that should have got it.
    pub leg: LegId,
    /// Why.
    pub because: DigitLoss,
}

/// Why a key could not be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DigitLoss {
    /// The peer takes no telephone events, and its trunk names no other way.
    NoWay,
    /// The peer refused the INFO.
    Refused {
        /// Its answer.
        status: u16,
    },
    /// The INFO had no answer.
    Unanswered,
    /// Too many wait already.
    TooMany,
}
