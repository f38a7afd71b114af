//! How the clock of a sender runs against ours: the line through the shortest transit times of its samples (least squares).
//! Jitter only makes a packet later, so that the shortest of five seconds tells the clock, not the network.

use std::time::{Duration, Instant};

use crate::measure::ClockSkew;

/// The sums of one line, since its timestamps and ours began to have a relation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skew {
    since: Option<Instant>,
    last_s: f64,
    count: f64,
    /// Of seconds, of microseconds of transit, of both, and of the squares of the seconds.
    times: f64,
    transits: f64,
    products: f64,
    squares: f64,
}

impl Skew {
    /// The shortest transit time of a sample that is over.
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "microseconds of transit as a float"
    )]
    pub(super) fn take(&mut self, transit_us: i64, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let time = now.saturating_duration_since(since).as_secs_f64();
        let transit = transit_us as f64;
        self.last_s = time;
        self.count += 1.0;
        self.times += time;
        self.transits += transit;
        self.products += time * transit;
        self.squares += time * time;
    }

    /// The slope, if it rests on a minute at least.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "floats within the bounds, and the casts saturate"
    )]
    pub(super) fn told(&self) -> Option<ClockSkew> {
        if self.last_s < OVER_LEAST.as_secs_f64() {
            return None;
        }
        let spread = self.count * self.squares - self.times * self.times;
        // Microseconds in a second are millionths.
        let slope = (self.count * self.products - self.times * self.transits) / spread;
        slope.is_finite().then(|| ClockSkew {
            ppm: slope.round() as i32,
            over_s: self.last_s as u32,
        })
    }
}

/// What is told rests on so much, so that a way that becomes longer by some milliseconds is no clock.
const OVER_LEAST: Duration = Duration::from_secs(60);
