//! Waiting for another process: the one place that looks again and again.
//!
//! A process from outside gives no other sign than what it writes, so it is asked every 20 ms; nothing
//! here waits longer than it has to.

use std::time::{Duration, Instant};

/// Between two looks.
const PULSE: Duration = Duration::from_millis(20);

/// Looks until there is something, for `within` at most.
pub fn until<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = now() + within;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if now() >= end {
            return None;
        }
        pause();
    }
}

/// The clock of the proofs.
#[expect(clippy::disallowed_methods, reason = "real phones live in real time")]
pub fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one pause of the proofs, between two looks"
)]
fn pause() {
    std::thread::sleep(PULSE);
}
