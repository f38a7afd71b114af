//! What the probes of one target found out in a minute, told in one event.

use std::time::{Duration, Instant};

use schemas::TrunkName;
use schemas::observation::{ProbeLatency, TrunkProbed};
use sip::endpoint::flow::Flow;

use crate::observe::transport;
use crate::tally::milliseconds;

/// The time between two events of one target.
const WINDOW: Duration = Duration::from_secs(60);

/// Latencies that are kept of a window: a target is asked once a second at most, and an answer may be late.
const LATENCIES_MAX: usize = 64;

/// Probes that are counted.
#[derive(Debug)]
pub(super) struct Window {
    began: Instant,
    probes: u32,
    answers: u32,
    status: Option<u16>,
    latencies_us: Vec<u32>,
}

/// What a window comes to.
#[derive(Debug)]
pub(super) struct Told {
    probes: u32,
    answers: u32,
    status: Option<u16>,
    latency: Option<ProbeLatency>,
    over_ms: u32,
}

impl Window {
    /// Nothing is counted.
    pub(super) fn new(now: Instant) -> Window {
        Window {
            began: now,
            probes: 0,
            answers: 0,
            status: None,
            latencies_us: Vec::new(),
        }
    }

    /// A probe was answered.
    pub(super) fn answered(&mut self, status: u16, latency_us: u32, now: Instant) {
        self.lost(now);
        self.answers = self.answers.saturating_add(1);
        self.status = Some(status);
        if self.latencies_us.len() < LATENCIES_MAX {
            self.latencies_us.push(latency_us);
        }
    }

    /// A probe was not.
    pub(super) fn lost(&mut self, now: Instant) {
        if self.probes == 0 {
            self.began = now;
        }
        self.probes = self.probes.saturating_add(1);
    }

    /// When it is over; never while nothing is counted.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.probes > 0).then(|| self.began + WINDOW)
    }

    /// Ends it if it is over.
    pub(super) fn due(&mut self, now: Instant) -> Option<Told> {
        self.deadline().is_some_and(|at| at <= now).then_some(())?;
        self.close(now)
    }

    /// Ends it. Nothing if nothing was counted.
    pub(super) fn close(&mut self, now: Instant) -> Option<Told> {
        let Window {
            began,
            probes,
            answers,
            status,
            mut latencies_us,
        } = std::mem::replace(self, Window::new(now));
        latencies_us.sort_unstable();
        let middle = latencies_us.len().saturating_sub(1) / 2;
        let latency = match (latencies_us.first(), latencies_us.last()) {
            (Some(&min_us), Some(&max_us)) => Some(ProbeLatency {
                min_us,
                median_us: latencies_us[middle],
                max_us,
            }),
            _ => None,
        };
        (probes > 0).then(|| Told {
            probes,
            answers,
            status,
            latency,
            over_ms: milliseconds(now.saturating_duration_since(began)),
        })
    }
}

impl Told {
    /// The event.
    pub(super) fn into_event(self, trunk: &TrunkName, flow: Flow) -> TrunkProbed {
        TrunkProbed {
            trunk: trunk.clone(),
            target: flow.remote.to_string(),
            transport: transport(flow),
            probes: self.probes,
            answers: self.answers,
            status: self.status,
            latency: self.latency,
            over_ms: self.over_ms,
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_probes_is_one_telling() {
        let now = Instant::now();
        let mut window = Window::new(now);
        assert_eq!(window.deadline(), None);
        for latency_us in [9, 1, 7, 3] {
            window.answered(200, latency_us, now);
        }
        window.lost(now + Duration::from_secs(1));
        assert!(
            window
                .due(now + WINDOW - Duration::from_millis(1))
                .is_none()
        );
        let told = window.due(now + WINDOW).unwrap();
        let latency = told.latency.unwrap();
        assert_eq!((told.probes, told.answers), (5, 4));
        assert_eq!(
            (latency.min_us, latency.median_us, latency.max_us),
            (1, 3, 9)
        );
        assert!(
            window.due(now + WINDOW * 2).is_none(),
            "nothing was counted"
        );
        for _ in 0..1_000 {
            window.answered(200, 1, now);
        }
        assert_eq!(window.latencies_us.len(), LATENCIES_MAX);
    }
}
