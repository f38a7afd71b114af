//! What came from a peer in pieces of five seconds: an average over an hour hides a bad minute.

use std::time::{Duration, Instant};

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
}

impl Samples {
    /// A packet came: whether the sample that was going on is over.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        now.saturating_duration_since(*self.began.get_or_insert(now)) >= SAMPLE
    }

    /// Ends a sample. The oldest that nobody asked for makes room.
    pub(super) fn push(
        &mut self,
        counts: Counts,
        (jitter_max_us, transit_us): (u32, Option<i32>),
        round_trip: Option<Duration>,
        now: Instant,
    ) -> Sample {
        let more =
            |now: u64, before: u64| u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX);
        let began = self.began.replace(now).unwrap_or(now);
        let before = std::mem::replace(&mut self.at, counts);
        let sample = Sample {
            over_ms: milliseconds(now.saturating_duration_since(began)),
            received: more(counts.received, before.received),
            lost: more(counts.lost, before.lost),
            out_of_buffer: more(counts.out_of_buffer, before.out_of_buffer),
            jitter_max_us,
            transit_us,
            round_trip_us: round_trip.map(microseconds),
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
