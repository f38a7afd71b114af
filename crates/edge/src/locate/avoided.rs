//! Targets that failed a moment ago: they are tried last for a while (RFC 3263 section 4.3, RFC 3261 section 21.5.4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::search::Target;

/// Targets that are remembered; when there are more, the one that is over first is forgotten.
const TARGETS_MAX: usize = 1_024;

/// How long a target is tried last, if it does not say so itself: a restart takes no longer.
pub const WHILE: Duration = Duration::from_secs(60);

/// The longest that a target itself may say.
const WHILE_MAX: Duration = Duration::from_secs(3_600);

/// Targets that failed.
#[derive(Debug, Default)]
pub struct Avoided {
    until: BTreeMap<Target, Instant>,
    /// Targets that probes say are down. As many as there are targets of trunks that are probed.
    down: BTreeSet<Target>,
}

impl Avoided {
    /// It failed; `asked` is how long it wants to be left alone.
    pub fn note(&mut self, target: Target, asked: Option<Duration>, now: Instant) {
        let until = now + asked.unwrap_or(WHILE).min(WHILE_MAX);
        self.until.insert(target, until);
        if self.until.len() > TARGETS_MAX {
            let first = self.until.iter().min_by_key(|(_, until)| **until);
            if let Some(target) = first.map(|(target, _)| *target) {
                self.until.remove(&target);
            }
        }
    }

    /// What probes say of it.
    pub fn reached(&mut self, target: Target, is_down: bool) {
        if is_down {
            self.down.insert(target);
        } else {
            self.down.remove(&target);
        }
    }

    /// Puts those that failed behind the others; none is left out, because all may be down.
    pub fn sort(&mut self, targets: &mut [Target], now: Instant) {
        self.until.retain(|_, until| *until > now);
        targets.sort_by_key(|target| (self.down.contains(target), self.until.contains_key(target)));
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use sip::endpoint::flow::Transport;

    use super::*;

    fn target(port: u16) -> Target {
        Target {
            transport: Transport::Udp,
            address: ([192, 0, 2, 1], port).into(),
        }
    }

    #[test]
    fn a_target_that_failed_is_tried_last_for_a_while() {
        let mut avoided = Avoided::default();
        let now = Instant::now();
        let order = |at: Instant, avoided: &mut Avoided| {
            let mut targets = [target(1), target(2), target(3)];
            avoided.sort(&mut targets, at);
            targets.map(|target| target.address.port())
        };
        avoided.note(target(1), None, now);
        avoided.note(target(2), Some(Duration::from_secs(5)), now);
        assert_eq!(order(now, &mut avoided), [3, 1, 2]);
        assert_eq!(order(now + Duration::from_secs(5), &mut avoided), [2, 3, 1]);
        assert_eq!(order(now + WHILE, &mut avoided), [1, 2, 3]);
    }

    #[test]
    fn a_target_that_is_down_is_tried_last_until_it_is_up() {
        let mut avoided = Avoided::default();
        let now = Instant::now();
        let order = |at: Instant, avoided: &mut Avoided| {
            let mut targets = [target(1), target(2), target(3)];
            avoided.sort(&mut targets, at);
            targets.map(|target| target.address.port())
        };
        avoided.reached(target(1), true);
        avoided.note(target(2), None, now);
        assert_eq!(order(now, &mut avoided), [3, 2, 1]);
        assert_eq!(order(now + WHILE * 100, &mut avoided), [2, 3, 1]);
        avoided.reached(target(1), false);
        assert_eq!(order(now + WHILE * 100, &mut avoided), [1, 2, 3]);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut avoided = Avoided::default();
        let now = Instant::now();
        for port in 0..3_000 {
            avoided.note(target(port), None, now + Duration::from_millis(port.into()));
        }
        assert_eq!(avoided.until.len(), TARGETS_MAX);
        assert!(avoided.until.contains_key(&target(2_999)));
    }
}
