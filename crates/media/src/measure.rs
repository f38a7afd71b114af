//! The media of a leg in numbers.

use std::time::Duration;

use crate::refusal::Reason;

/// What was counted of one direction (RFC 3550, section 6.4 and appendix A).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// Packets; of those received, each counts once.
    pub packets: u64,
    /// Octets of their payload.
    pub payload_bytes: u64,
    /// Packets that never came (appendix A.3); 0 for what is sent.
    pub lost: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came behind a later one.
    pub reordered: u64,
    /// Those of them that came too late for an ordinary jitter buffer: more than five behind.
    pub late: u64,
    /// Interarrival jitter at the end, in microseconds (appendix A.8).
    pub jitter_us: u32,
    /// The greatest interarrival jitter, in microseconds.
    pub jitter_max_us: u32,
    /// The longest time between two packets, in milliseconds; a hold ends it.
    pub longest_gap_ms: u32,
    /// Packets whose audio was silence, of those whose level was looked at, in per mille.
    pub silence_permille: u16,
}

/// Both directions of a leg and what was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// From the peer.
    pub received: Stream,
    /// To the peer.
    pub sent: Stream,
    /// Packets that were not let in, RTCP excepted.
    pub refused: u64,
    /// The same by reason, in the order of [`Reason::ALL`], RTCP included.
    pub refused_by_reason: [u32; Reason::ALL.len()],
    /// What the peer reports, if it does.
    pub reported: Option<Reported>,
    /// From the first agreement to the first packet that was let in.
    pub first_packet_after: Option<Duration>,
    /// Since the leg was added.
    pub over: Duration,
    /// What is counted of a stream beside that, if the leg is one.
    pub streamed: Option<Streamed>,
}

/// What is counted of a leg whose peer speaks in lumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Marks that came to their end, played or cleared.
    pub marks: u32,
    /// How often the peer took back what waited to be heard.
    pub clears: u32,
    /// The most of its speech that waited at once.
    pub queued_max: Duration,
    /// Speech that was dropped because too much waited.
    pub overflowed: Duration,
    /// From the leg's beginning to the first sound of the peer that was played.
    pub first_sound_after: Option<Duration>,
    /// Frames of 20 ms that the peer got as silence, because nothing came for them.
    pub filled_frames: u64,
    /// Frames that the peer did not get, because they came faster than time passes.
    pub skipped_frames: u64,
}

/// What the peer says of our packets, by RTCP (RFC 3550, section 6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// How many reports came.
    pub reports: u32,
    /// Packets of ours that did not reach it, all in all.
    pub lost: u64,
    /// The worst loss between two of its reports, in per mille.
    pub worst_loss_permille: u16,
    /// Interarrival jitter of our packets at the last report, in microseconds.
    pub jitter_us: u32,
    /// The greatest that it reported, in microseconds.
    pub jitter_max_us: u32,
    /// From us to the peer and back, at the last report that told it.
    pub round_trip: Option<Duration>,
    /// The longest of all.
    pub round_trip_max: Option<Duration>,
    /// BYEs of RTCP. They end nothing: SIP's BYE does.
    pub byes: u32,
}

impl Measured {
    /// Packets that were not let in for one reason.
    pub fn refused_for(&self, reason: Reason) -> u64 {
        u64::from(self.refused_by_reason[reason.index()])
    }
}

/// Milliseconds of a duration, as many as fit.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
