//! Whether the peer of a stream has said nothing for too long.

use std::time::{Duration, Instant};

/// The watch for a peer that says nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    bound: Duration,
    since: Option<Instant>,
    told: bool,
}

impl Quiet {
    pub(super) fn new(bound: Duration) -> Quiet {
        Quiet {
            bound,
            since: None,
            told: false,
        }
    }

    /// It can be heard from now on.
    pub(super) fn start(&mut self, now: Instant) {
        self.since = Some(now);
    }

    pub(super) fn ends(&mut self, now: Instant) -> Option<Duration> {
        let since = self.since.replace(now);
        let was_told = std::mem::take(&mut self.told);
        since
            .filter(|_| was_told)
            .map(|since| now.saturating_duration_since(since))
    }

    pub(super) fn exceeds(&mut self, now: Instant) -> Option<Duration> {
        let lasted = now.saturating_duration_since(self.since?);
        if self.told || lasted < self.bound {
            return None;
        }
        self.told = true;
        Some(lasted)
    }
}
