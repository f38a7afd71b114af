//! Waits of a registration, all of them drawn at random from a range (RFC 5626 §4.5): whatever makes a thousand trunks
//! fail at one moment must not make them come back at one moment.

use std::time::Duration;

use crate::endpoint::ids::Ids;

/// When a binding is refreshed: at random between two parts of what was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// Not before this part, in percent from 10 to 90, default 50.
    pub from_percent: u8,
    /// Not after this part, in percent from 10 to 90, default 90.
    pub to_percent: u8,
}

/// How often in a row a registration failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures(u32);

impl Default for Refresh {
    fn default() -> Self {
        Refresh {
            from_percent: 50,
            to_percent: 90,
        }
    }
}

impl Refresh {
    /// A wait that leaves time for a try that nobody answers, if the binding is long enough for it.
    pub(super) fn wait(self, granted: Duration, ids: &mut Ids) -> Duration {
        let part = |percent: u8| granted * u32::from(percent.clamp(10, 90)) / 100;
        let earliest = part(self.from_percent.min(self.to_percent));
        let latest = part(self.to_percent).min(granted.saturating_sub(TRY));
        between(earliest, latest, ids).max(REFRESH_MIN)
    }
}

impl Failures {
    /// Counts one more, and says how long to wait: never less than the registrar said.
    pub(super) fn wait(&mut self, retry_after: Option<Duration>, ids: &mut Ids) -> Duration {
        self.0 = self.0.saturating_add(1);
        let doubled = 2_u32.checked_pow(self.0).unwrap_or(u32::MAX);
        let longest = BASE.saturating_mul(doubled).min(LONGEST);
        let own = between(longest / 2, longest, ids);
        let Some(told) = retry_after.map(|told| told.min(RETRY_AFTER_MAX)) else {
            return own;
        };
        // Everybody was told the same.
        own.max(between(told, told + (told / 2).max(SPREAD), ids))
    }
}

/// How long to wait when the connection of a binding is closed: short, because calls cannot come in.
pub(super) fn after_lost_flow(ids: &mut Ids) -> Duration {
    between(LOST_FLOW.0, LOST_FLOW.1, ids)
}

/// A random time; the first if they stand the wrong way round.
fn between(earliest: Duration, latest: Duration, ids: &mut Ids) -> Duration {
    let range_ms = latest.saturating_sub(earliest).as_millis();
    let range_ms = u64::try_from(range_ms).unwrap_or(u64::MAX);
    earliest + Duration::from_millis(ids.below(range_ms.saturating_add(1)))
}

/// What doubles with each failure: RFC 5626's base time when every flow has failed.
const BASE: Duration = Duration::from_secs(30);

/// The longest wait of our own: RFC 5626's maximum.
const LONGEST: Duration = Duration::from_secs(1800);

/// The longest wait that a registrar may ask for: whoever says more may have been repaired meanwhile.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Over how long those come back at least who were told the same short time.
const SPREAD: Duration = Duration::from_secs(30);

/// The range after a closed connection: a server that restarts is up again within it.
const LOST_FLOW: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// The shortest wait before a refresh, whatever was granted: a registrar that grants a second gets no flood.
const REFRESH_MIN: Duration = Duration::from_secs(5);

/// What a try takes that nobody answers: 64 × T1.
const TRY: Duration = Duration::from_secs(32);

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Ids {
        Ids::new([4; 32])
    }

    #[test]
    fn a_refresh_comes_in_its_range_and_leaves_time_for_a_lost_try() {
        let mut ids = ids();
        for (granted_s, refresh, earliest_s, latest_s) in [
            (300, Refresh::default(), 150, 268),
            (3600, Refresh::default(), 1800, 3240),
            (60, Refresh::default(), 30, 30),
            (
                240,
                Refresh {
                    from_percent: 50,
                    to_percent: 50,
                },
                120,
                120,
            ),
            (
                100,
                Refresh {
                    from_percent: 99,
                    to_percent: 0,
                },
                10,
                10,
            ),
            (2, Refresh::default(), 5, 5),
        ] {
            for _ in 0..200 {
                let wait = refresh.wait(Duration::from_secs(granted_s), &mut ids);
                let range = Duration::from_secs(earliest_s)..=Duration::from_secs(latest_s);
                assert!(range.contains(&wait), "{granted_s} s: {wait:?}");
            }
        }
    }

    #[test]
    fn failures_double_the_wait_up_to_its_cap() {
        let mut ids = ids();
        let mut failures = Failures::default();
        for longest_s in [60, 120, 240, 480, 960, 1800, 1800, 1800] {
            let wait = failures.wait(None, &mut ids).as_secs_f64();
            let longest = f64::from(longest_s);
            assert!(
                (longest / 2.0..=longest).contains(&wait),
                "{longest_s}: {wait}"
            );
        }
        failures.0 = u32::MAX;
        assert!(failures.wait(None, &mut ids) <= LONGEST);
    }

    #[test]
    fn a_registrar_may_ask_for_more_time_but_not_for_ever() {
        let mut ids = ids();
        for _ in 0..200 {
            let told = Duration::from_secs(600);
            let wait = Failures::default().wait(Some(told), &mut ids);
            assert!((told..=told * 3 / 2).contains(&wait), "{wait:?}");
            let short = Failures::default().wait(Some(Duration::ZERO), &mut ids);
            assert!(short >= BASE, "{short:?}");
            let ever = Failures::default().wait(Some(Duration::from_secs(u64::MAX / 4)), &mut ids);
            assert!(ever <= RETRY_AFTER_MAX * 3 / 2, "{ever:?}");
        }
    }
}
