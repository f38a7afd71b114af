//! Old versions of what tells of media.

use serde::{Deserialize, Serialize};

use super::Lift;
use crate::LegId;
use crate::media::{DigitMethod, MeasureOccasion, MediaDirection, MediaSilence, StreamMeasure};
use crate::observation::{
    CodecNegotiated, DigitReceived, MediaMeasured, MediaReported, MediaResumed, MediaSilent,
};

/// `CodecNegotiated` as it was when only the payload types that we send were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodecNegotiatedV1 {
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
}

impl Lift for CodecNegotiated {
    fn lift(version: u16, payload: &[u8]) -> Option<CodecNegotiated> {
        let 1 = version else { return None };
        let old: CodecNegotiatedV1 = crate::event::exact(payload)?;
        Some(CodecNegotiated {
            leg: old.leg,
            codec: old.codec,
            payload_type: old.payload_type,
            telephone_event: old.telephone_event,
            local: old.local,
            remote: old.remote,
            direction: old.direction,
            packet_ms: old.packet_ms,
            accepted: Vec::new(),
        })
    }
}

/// `StreamMeasure` as it was before more than packets was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamMeasureV1 {
    /// Packets.
    pub packets: u64,
    /// Octets of payload.
    pub payload_bytes: u64,
    /// Packets that never came, by sequence number.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came behind a later one.
    pub reordered: u64,
    /// Interarrival jitter at the end, in microseconds.
    pub jitter_us: u32,
    /// The greatest interarrival jitter, in microseconds.
    pub jitter_max_us: u32,
    /// The longest time without a packet, in milliseconds.
    pub longest_gap_ms: u32,
    /// Packets whose audio was silence, of those whose level was looked at, in per mille.
    pub silence_permille: u16,
}

impl From<StreamMeasureV1> for StreamMeasure {
    fn from(old: StreamMeasureV1) -> StreamMeasure {
        StreamMeasure {
            packets: old.packets,
            payload_bytes: old.payload_bytes,
            lost: old.lost,
            duplicates: old.duplicates,
            reordered: old.reordered,
            jitter_us: old.jitter_us,
            jitter_max_us: old.jitter_max_us,
            longest_gap_ms: old.longest_gap_ms,
            silence_permille: old.silence_permille,
            detail: None,
        }
    }
}

/// `MediaMeasured` as it was before there was SRTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaMeasuredV1 {
    /// The leg.
    pub leg: LegId,
    /// From the peer to the edge.
    pub received: StreamMeasureV1,
    /// From the edge to the peer.
    pub sent: StreamMeasureV1,
    /// Packets that were not let in: a foreign source, a foreign SSRC, an unknown payload type, damage.
    pub refused_packets: u64,
    /// Milliseconds since the leg's media was set up.
    pub over_ms: u32,
}

/// `MediaMeasured` as it was when a leg was measured at its end only, in packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaMeasuredV2 {
    /// The leg.
    pub leg: LegId,
    /// From the peer to the edge.
    pub received: StreamMeasureV1,
    /// From the edge to the peer.
    pub sent: StreamMeasureV1,
    /// Packets that were not let in: a foreign source, a foreign SSRC, an unknown payload type, damage.
    pub refused_packets: u64,
    /// Milliseconds since the leg's media was set up.
    pub over_ms: u32,
    /// Those of the refused that were not authentic.
    pub unauthenticated_packets: u64,
    /// Those of the refused that were SRTP of a number that was there before.
    pub replayed_packets: u64,
}

impl Lift for MediaMeasured {
    fn lift(version: u16, payload: &[u8]) -> Option<MediaMeasured> {
        let old: MediaMeasuredV2 = match version {
            1 => MediaMeasuredV2::of(crate::event::exact(payload)?),
            2 => crate::event::exact(payload)?,
            _ => return None,
        };
        Some(MediaMeasured {
            leg: old.leg,
            received: old.received.into(),
            sent: old.sent.into(),
            refused_packets: old.refused_packets,
            over_ms: old.over_ms,
            unauthenticated_packets: old.unauthenticated_packets,
            replayed_packets: old.replayed_packets,
            // There was no other.
            occasion: MeasureOccasion::End,
            refused: Vec::new(),
            samples: Vec::new(),
            keys_doubled: 0,
        })
    }
}

impl MediaMeasuredV2 {
    fn of(old: MediaMeasuredV1) -> MediaMeasuredV2 {
        MediaMeasuredV2 {
            leg: old.leg,
            received: old.received,
            sent: old.sent,
            refused_packets: old.refused_packets,
            over_ms: old.over_ms,
            // Without SRTP there was nothing to authenticate.
            unauthenticated_packets: 0,
            replayed_packets: 0,
        }
    }
}

/// `MediaSilent` as it was when only packets were waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSilentV1 {
    /// The leg.
    pub leg: LegId,
    /// Milliseconds without a packet.
    pub for_ms: u32,
}

impl Lift for MediaSilent {
    fn lift(version: u16, payload: &[u8]) -> Option<MediaSilent> {
        let 1 = version else { return None };
        let old: MediaSilentV1 = crate::event::exact(payload)?;
        Some(MediaSilent {
            leg: old.leg,
            for_ms: old.for_ms,
            silence: MediaSilence::NoPackets,
            seen: None,
        })
    }
}

/// `MediaResumed` as it was when only packets were waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaResumedV1 {
    /// The leg.
    pub leg: LegId,
    /// Milliseconds without a packet.
    pub after_ms: u32,
}

impl Lift for MediaResumed {
    fn lift(version: u16, payload: &[u8]) -> Option<MediaResumed> {
        let 1 = version else { return None };
        let old: MediaResumedV1 = crate::event::exact(payload)?;
        Some(MediaResumed {
            leg: old.leg,
            after_ms: old.after_ms,
            silence: MediaSilence::NoPackets,
        })
    }
}

/// `DigitReceived` as it was before it was kept how an event ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigitReceivedV1 {
    /// The leg.
    pub leg: LegId,
    /// How it came.
    pub method: DigitMethod,
    /// How long the key was down, in milliseconds.
    pub duration_ms: u32,
    /// The key, if the trunk stores them.
    pub digit: Option<char>,
}

impl Lift for DigitReceived {
    fn lift(version: u16, payload: &[u8]) -> Option<DigitReceived> {
        let 1 = version else { return None };
        let old: DigitReceivedV1 = crate::event::exact(payload)?;
        Some(DigitReceived {
            leg: old.leg,
            method: old.method,
            duration_ms: old.duration_ms,
            digit: old.digit,
            seen: None,
        })
    }
}

/// `MediaReported` as it was before it told how much the peer knows of our packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaReportedV1 {
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
}

impl Lift for MediaReported {
    fn lift(version: u16, payload: &[u8]) -> Option<MediaReported> {
        let 1 = version else { return None };
        let old: MediaReportedV1 = crate::event::exact(payload)?;
        Some(MediaReported {
            leg: old.leg,
            reports: old.reports,
            lost: old.lost,
            worst_loss_permille: old.worst_loss_permille,
            jitter_us: old.jitter_us,
            jitter_max_us: old.jitter_max_us,
            round_trip_us: old.round_trip_us,
            round_trip_max_us: old.round_trip_max_us,
            detail: None,
        })
    }
}
