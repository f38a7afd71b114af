//! What came from a peer in pieces of five seconds: an average over an hour hides a bad minute.

use std::time::{Duration, Instant};

use crate::level::Level;
use crate::measure::{Sample, microseconds, milliseconds};

/// The last samples of a leg, and the counts at which the one that is going on began.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    began: Option<Instant>,
    at: Counts,
    kept: [Sample; SAMPLES_MAX],
    length: usize,
}

/// Counts that only grow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub received: u64,
    pub lost: u64,
    pub out_of_buffer: u64,
    pub restarts: u64,
    pub level: Level,
}

/// What only the end of a sample knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// The greatest jitter and the shortest transit time in it.
    pub timing: (u32, Option<i32>),
    pub round_trip: Option<Duration>,
    pub payload_type: Option<u8>,
}

impl Samples {
    /// A packet came: whether the sample that was going on is over.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        now.saturating_duration_since(*self.began.get_or_insert(now)) >= SAMPLE
    }

    /// Ends a sample. The oldest that nobody asked for makes room.
    pub(super) fn push(&mut self, counts: Counts, ending: Ending, now: Instant) -> Sample {
        let more =
            |now: u64, before: u64| u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX);
        let began = self.began.replace(now).unwrap_or(now);
        let before = std::mem::replace(&mut self.at, counts);
        let (jitter_max_us, transit_us) = ending.timing;
        let level = counts.level.since(&before.level);
        let heard = level.stream();
        let sample = Sample {
            over_ms: milliseconds(now.saturating_duration_since(began)),
            received: more(counts.received, before.received),
            lost: more(counts.lost, before.lost),
            out_of_buffer: more(counts.out_of_buffer, before.out_of_buffer),
            jitter_max_us,
            transit_us,
            round_trip_us: ending.round_trip.map(microseconds),
            payload_type: ending.payload_type,
            level_dbov: heard.level_dbov,
            idle_permille: level.was_looked_at().then_some(heard.idle_permille),
            restarts: more(counts.restarts, before.restarts),
        };
        if self.length == SAMPLES_MAX {
            self.kept.rotate_left(1);
            self.length -= 1;
        }
        self.kept[self.length] = sample;
        self.length += 1;
        sample
    }

    /// The samples since they were taken last; the one that is going on is left out.
    pub(super) fn kept(&self) -> &[Sample] {
        &self.kept[..self.length]
    }

    pub(super) fn forget(&mut self) {
        self.length = 0;
    }
}

/// How long a sample is: RTCP tells as often.
const SAMPLE: Duration = Duration::from_secs(5);
/// Samples that are kept: half a minute, as long as from one measure to the next.
const SAMPLES_MAX: usize = 6;
