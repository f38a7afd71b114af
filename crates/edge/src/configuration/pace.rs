//! How fast calls may go out through a trunk.

use std::time::Duration;

/// The rate of a trunk, and who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// New calls within a second, at least 1.
    pub calls_per_s: u32,
    /// The most that wait. Default 100.
    pub waiting_max: usize,
    /// The longest that one waits. Default 4 s: the caller hears nothing meanwhile.
    pub wait_max: Duration,
}

impl Pace {
    /// That rate, with the defaults for who waits.
    pub fn new(calls_per_s: u32) -> Pace {
        Pace {
            calls_per_s,
            waiting_max: 100,
            wait_max: Duration::from_secs(4),
        }
    }
}
