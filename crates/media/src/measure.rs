//! The media of a leg in numbers.

use std::time::Duration;

use crate::emodel::{Path, Pin, Rating};
use crate::refusal::Reason;
use crate::rtcp::Metrics;

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
    /// Packets that came too late for a jitter buffer of 60 ms.
    pub out_of_buffer: u64,
    /// Runs of lost packets.
    pub loss_runs: u64,
    /// Packets of comfort noise.
    pub comfort_noise: u64,
    /// Changes of the SSRC or of the numbering.
    pub restarts: u32,
    /// Jumps of the timestamp by more than a second within a talk spurt.
    pub timestamp_jumps: u32,
    /// Changes of the payload type of the audio.
    pub codec_changes: u32,
    /// The payload type of the audio that came last.
    pub payload_type: Option<u8>,
    /// Milliseconds of audio in a packet, by most timestamps.
    pub packet_ms: Option<u16>,
    /// Packets with our own SSRC from where ours go, let in or not.
    pub looped: u64,
    /// The mean level of what was not silent, in dBov, 0 at most.
    pub level_dbov: Option<i8>,
    /// Packets with samples at full scale, of those that were looked at, in per mille.
    pub clipped_permille: u16,
    /// Packets of nothing but the code for silence, of those that were looked at, in per mille.
    pub idle_permille: u16,
    /// What it is worth to a listener; none for what is sent.
    pub rating: Option<Rating>,
    /// Packets of audio of which a decoder made nothing.
    pub undecodable: u64,
    /// Streams of another SSRC that began at the learned source and were not let in.
    pub foreign_streams: u32,
    /// How the peer's clock runs, if that can be told.
    pub clock_skew: Option<ClockSkew>,
}

/// How the clock of a peer runs against ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSkew {
    /// How much slower it is than ours, in millionths.
    pub ppm: i32,
    /// Over how many seconds.
    pub over_s: u32,
}

/// Five seconds of what is received, or more if nothing came for long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How long it is, in milliseconds.
    pub over_ms: u32,
    /// Packets that came.
    pub received: u32,
    /// Packets that did not.
    pub lost: u32,
    /// Packets that came too late for a jitter buffer of 60 ms.
    pub out_of_buffer: u32,
    /// The greatest interarrival jitter, in microseconds.
    pub jitter_max_us: u32,
    /// The shortest transit time, in microseconds from any zero.
    pub transit_us: Option<i32>,
    /// The round trip that was known then, in microseconds.
    pub round_trip_us: Option<u32>,
    /// The payload type of the audio that came last.
    pub payload_type: Option<u8>,
    /// The mean level of what was not silent, in dBov.
    pub level_dbov: Option<i8>,
    /// Packets of nothing but the code for silence, of those that were looked at, in per mille; none if none was.
    pub idle_permille: Option<u16>,
    /// Changes of the SSRC or of the numbering, jumps of the timestamp, and streams that were not let in.
    pub restarts: u32,
}

/// Why a leg is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occasion {
    /// It is over.
    #[default]
    End,
    /// Some time passed, or somebody asked.
    Interval,
    /// More is lost than before.
    Loss,
    /// It is not heard any more.
    Silence,
    /// Another codec comes.
    Codec,
}

/// Both directions of a leg and what was not let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Why it was measured.
    pub occasion: Occasion,
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
    /// What the peer told in extended reports, if it did.
    pub metrics: Option<Metrics>,
    /// From the first agreement to the first packet that was let in.
    pub first_packet_after: Option<Duration>,
    /// Since the leg was added.
    pub over: Duration,
    /// What is counted of a stream beside that, if the leg is one.
    pub streamed: Option<Streamed>,
    /// What came in the last half a minute, since the measure before.
    pub samples: Vec<Sample>,
    /// What each sample is worth to a listener, in the order of `samples`.
    pub opinions: Vec<Option<Rating>>,
    /// Keys that came by several ways and counted once.
    pub keys_doubled: u32,
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
    /// Reports that told of our packets.
    pub about_us: u32,
    /// Reports of a peer that sends, too.
    pub sender_reports: u32,
    /// Packets of ours that it knows of, by the last number that reached it.
    pub known_packets: u64,
    /// What our packets are worth to it; none if it did not tell of them.
    pub rating: Option<Rating>,
}

impl Sample {
    /// What it is worth to a listener.
    pub fn rate(&self, pin: Pin, delay: Option<Duration>) -> Option<Rating> {
        let missing = u64::from(self.lost) + u64::from(self.out_of_buffer);
        let path = Path {
            missing,
            expected: u64::from(self.received) + u64::from(self.lost),
            runs: missing,
            delay,
        };
        path.rate(pin)
    }

    /// Packets that a listener misses, in per mille.
    pub fn missing_permille(&self) -> u64 {
        let missing = u64::from(self.lost) + u64::from(self.out_of_buffer);
        let expected = u64::from(self.received) + u64::from(self.lost);
        (missing * 1_000).checked_div(expected).unwrap_or(0)
    }
}

impl Measured {
    /// Packets that were not let in for one reason.
    pub fn refused_for(&self, reason: Reason) -> u64 {
        u64::from(self.refused_by_reason[reason.index()])
    }
}

/// Microseconds of a duration, as many as fit.
pub(crate) fn microseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// Milliseconds of a duration, as many as fit.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
