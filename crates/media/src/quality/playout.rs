//! What a jitter buffer would have thrown away: a model of one of 60 ms, of which nothing is kept but its measure.
//!
//! A packet is played [`DEPTH_US`] after the quickest of its time would have been; one that comes later is heard by
//! nobody, though it came. When half a second of packets in a row are too late, a phone has long begun anew, and so does
//! the model.

use std::time::Duration;

/// The buffer of one received stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Playout {
    /// The shortest transit time of this sample and of the one before, in microseconds from any zero.
    shortest: Option<i64>,
    shortest_before: Option<i64>,
    missed_in_row: u8,
}

impl Playout {
    /// A packet came; whether it came too late to be heard.
    pub(crate) fn misses(&mut self, transit_us: i64) -> bool {
        let shortest = self
            .shortest
            .map_or(transit_us, |known| known.min(transit_us));
        self.shortest = Some(shortest);
        let quickest = self
            .shortest_before
            .map_or(shortest, |known| known.min(shortest));
        if transit_us - quickest <= DEPTH_US {
            self.missed_in_row = 0;
            return false;
        }
        self.missed_in_row += 1;
        if self.missed_in_row >= ANEW_AFTER {
            *self = Playout::default();
        }
        true
    }

    /// A sample is over: what is older than two of them is forgotten, so that the clocks of both sides may drift. The
    /// shortest transit time of the sample, if a packet came.
    pub(crate) fn turn(&mut self) -> Option<i64> {
        let shortest = self.shortest.take();
        self.shortest_before = shortest;
        shortest
    }

    /// The stream begins anew.
    pub(crate) fn restart(&mut self) {
        *self = Playout::default();
    }
}

/// How long a packet waits: three of 20 ms, as phones on a network of ordinary quality have it.
pub(super) const DEPTH: Duration = Duration::from_millis(60);
const DEPTH_US: i64 = 60_000;
/// Packets in a row that are too late before the buffer begins anew.
const ANEW_AFTER: u8 = 25;

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(transits_ms: impl IntoIterator<Item = i64>) -> usize {
        let mut playout = Playout::default();
        let transits = transits_ms.into_iter();
        transits.filter(|&ms| playout.misses(ms * 1000)).count()
    }

    #[test]
    fn what_is_later_than_the_buffer_is_deep_is_missed() {
        assert_eq!(missed([-40, -30, 0, 20, 20, -40]), 0);
        assert_eq!(missed([0, 61, 60, 200, 0]), 2);
        // A quicker packet tells that those before it were slow, but they were played.
        assert_eq!(missed([100, 100, 0, 100, 0]), 1);
    }

    #[test]
    fn a_longer_way_is_learned_after_half_a_second_or_with_the_second_sample() {
        let step = [0; 50].into_iter().chain([100; 500]);
        assert_eq!(missed(step), usize::from(ANEW_AFTER));
        let mut playout = Playout::default();
        assert!(!playout.misses(0));
        assert_eq!(playout.turn(), Some(0));
        assert!(playout.misses(70_000));
        assert_eq!(playout.turn(), Some(70_000));
        assert!(!playout.misses(70_000));
        // 100 ppm over ten minutes are 60 ms, and no packet is late.
        let mut drift = Playout::default();
        let late = (0..30_000i64).filter(|number| {
            if number % 250 == 0 {
                drift.turn();
            }
            drift.misses(number * 2)
        });
        assert_eq!(late.count(), 0);
    }
}
