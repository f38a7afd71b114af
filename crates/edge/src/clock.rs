//! The one place where the edge reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use schemas::Timestamp;

/// A moment by both clocks: the one that never goes back, for timers, and the wall's, for events.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For timers.
    pub now: Instant,
    /// For events.
    pub wall: Timestamp,
}

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell's one clock; everything inside is given the moment"
)]
pub fn moment() -> Moment {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment {
        now: now(),
        wall: Timestamp(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)),
    }
}

/// Now by the clock that never goes back, where a packet is all that happens.
#[expect(clippy::disallowed_methods, reason = "the shell's one clock")]
pub fn now() -> Instant {
    Instant::now()
}
