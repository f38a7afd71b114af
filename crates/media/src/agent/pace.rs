//! A clock of packet times that does not drift: every tick is the first one plus whole intervals.

use std::time::{Duration, Instant};

/// The times at which packets are due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    next: Instant,
    interval: Duration,
}

impl Pace {
    pub(crate) fn new(packet_ms: u16, first: Instant) -> Pace {
        Pace {
            next: first,
            interval: Duration::from_millis(u64::from(packet_ms)),
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.next
    }

    /// The tick that is due. Ticks that are missed by more than [`CATCH_UP`] are left out.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Instant> {
        let late = now.checked_duration_since(self.next)?;
        let missed =
            u32::try_from(late.as_micros() / self.interval.as_micros().max(1)).unwrap_or(u32::MAX);
        if missed >= CATCH_UP {
            self.next += self.interval * (missed - CATCH_UP + 1);
        }
        let at = self.next;
        self.next += self.interval;
        Some(at)
    }
}

/// Packets that are sent at once, at most, when the shell was late: a jitter buffer of 100 ms takes them.
const CATCH_UP: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn ticks_are_whole_intervals_from_the_first_however_late_the_shell_is() {
        let start = clock::start();
        let mut pace = Pace::new(20, start);
        for tick in 0..1000u32 {
            let asked = start
                + Duration::from_millis(20) * tick
                + Duration::from_micros(u64::from(tick * 7919 % 19_000));
            assert_eq!(
                pace.next(asked),
                Some(start + Duration::from_millis(20) * tick)
            );
            assert_eq!(pace.next(asked), None);
        }
    }

    #[test]
    fn no_more_than_five_are_caught_up() {
        let start = clock::start();
        let mut pace = Pace::new(20, start);
        let late = start + Duration::from_millis(1010);
        let ticks: Vec<Instant> = std::iter::from_fn(|| pace.next(late)).collect();
        let expected: Vec<Instant> = (46..=50)
            .map(|tick| start + Duration::from_millis(20) * tick)
            .collect();
        assert_eq!(ticks, expected);
    }
}
