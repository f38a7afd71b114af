//! How often a stream is written and synced: at once while little happens, in larger groups the more is written.
//!
//! A sync costs much the same whether it makes one record durable or a hundred, and a fast disk invites many small ones:
//! without a bound the price of a call would be set by the speed of the disk.

use std::time::{Duration, Instant};

/// How long records gather for each record per second: 0.2 ms at 50 calls a second, 1.2 ms at 300, 4 ms at 1,000.
const GATHER_PER_RATE: Duration = Duration::from_nanos(250);

/// How long records gather at most. A call that is set up waits for four groups.
const GATHER_MAX: Duration = Duration::from_millis(4);

/// Over how long the rate is measured: a few calls that begin at once do not make each other wait.
const WINDOW: Duration = Duration::from_millis(100);

/// When the next group may be written.
pub(crate) struct Pace {
    /// The least time between two groups, by the rate of the last window.
    gather: Duration,
    last: Instant,
    since: Instant,
    /// Records since then.
    records: u32,
}

impl Pace {
    /// Nothing was written yet.
    pub(crate) fn new(now: Instant) -> Pace {
        Pace {
            gather: Duration::ZERO,
            last: now,
            since: now,
            records: 0,
        }
    }

    /// How long to wait before the next group.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        (self.last + self.gather).saturating_duration_since(now)
    }

    /// A group of so many records is written.
    pub(crate) fn written(&mut self, records: usize, now: Instant) {
        self.last = now;
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        self.records = self.records.saturating_add(records);
        let past = now.saturating_duration_since(self.since);
        if past >= WINDOW {
            let rate = f64::from(self.records) / past.as_secs_f64();
            self.gather = GATHER_PER_RATE.mul_f64(rate).min(GATHER_MAX);
            (self.since, self.records) = (now, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// How many groups a writer makes of one record each so often, for a second; and the longest wait.
    fn groups(every: Duration) -> (u32, Duration) {
        let start = clock::monotonic();
        let mut pace = Pace::new(start);
        let (mut now, mut arrived, mut written) = (start, 0, 0);
        let (mut groups, mut longest) = (0, Duration::ZERO);
        while now < start + Duration::from_secs(1) {
            while start + every * arrived <= now {
                arrived += 1;
            }
            if written == arrived {
                now = start + every * arrived;
                continue;
            }
            let wait = pace.wait(now);
            if wait.is_zero() {
                pace.written(usize::try_from(arrived - written).unwrap(), now);
                written = arrived;
                groups += 1;
            }
            longest = longest.max(wait);
            now += wait;
        }
        (groups, longest)
    }

    #[test]
    fn few_records_are_written_at_once() {
        let (groups, longest) = groups(Duration::from_millis(2));
        assert_eq!((groups, longest), (500, Duration::ZERO));
    }

    #[test]
    fn many_records_share_a_group_and_none_waits_longer_than_the_most() {
        let (groups, longest) = groups(Duration::from_micros(50));
        // The first window is written one by one; from then on there is one group in 4 ms.
        assert!((2_000..2_300).contains(&groups), "{groups}");
        assert!(longest <= GATHER_MAX, "{longest:?}");
    }

    #[test]
    fn after_a_rest_nobody_waits() {
        let start = clock::monotonic();
        let mut pace = Pace::new(start);
        pace.written(1_000_000, start + WINDOW);
        assert_eq!(pace.wait(start + WINDOW), GATHER_MAX);
        let later = start + Duration::from_secs(60);
        pace.written(1, later);
        assert!(pace.wait(later) < Duration::from_micros(1));
    }
}
