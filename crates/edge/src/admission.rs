//! Whether a new call may come in. When it may not, the caller gets 503 with Retry-After, so that its own failover
//! works, and the edge tells how many it turned away.

use std::time::{Duration, Instant};

/// While control is away, one call is let in this often: a decision for it says that control is back.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// What keeps new calls out.
#[derive(Debug, Default)]
pub struct Admission {
    stopping: bool,
    /// Control is away; the next call is let in then.
    control_away: Option<Instant>,
}

/// What the gate has to know.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Calls that are up.
    pub calls: usize,
    /// The most that may be.
    pub calls_max: usize,
    /// Whether the log takes nothing.
    pub log_is_away: bool,
}

impl Admission {
    /// Why the next call cannot come in; `None` if it can.
    pub fn refusal(&mut self, load: Load, now: Instant) -> Option<&'static str> {
        if self.stopping {
            return Some("stopping");
        }
        if load.log_is_away {
            return Some("the log is away");
        }
        if load.calls >= load.calls_max {
            return Some("as many calls are up as may be");
        }
        match &mut self.control_away {
            Some(probe_at) if now < *probe_at => Some("control is away"),
            Some(probe_at) => {
                *probe_at = now + PROBE_EVERY;
                None
            }
            None => None,
        }
    }

    /// No more calls from now on.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether the edge is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// A new call got no decision in time.
    pub fn control_is_away(&mut self, now: Instant) {
        self.control_away.get_or_insert(now + PROBE_EVERY);
    }

    /// A decision came.
    pub fn control_is_there(&mut self) {
        self.control_away = None;
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
    fn one_call_in_five_seconds_probes_whether_control_is_back() {
        let load = Load {
            calls: 0,
            calls_max: 2,
            log_is_away: false,
        };
        let start = Instant::now();
        let mut admission = Admission::default();
        assert_eq!(admission.refusal(load, start), None);
        assert!(
            admission
                .refusal(Load { calls: 2, ..load }, start)
                .is_some()
        );
        assert_eq!(
            admission.refusal(
                Load {
                    log_is_away: true,
                    ..load
                },
                start
            ),
            Some("the log is away")
        );
        admission.control_is_away(start);
        assert_eq!(admission.refusal(load, start), Some("control is away"));
        assert_eq!(admission.refusal(load, start + PROBE_EVERY), None);
        assert_eq!(
            admission.refusal(load, start + PROBE_EVERY),
            Some("control is away")
        );
        admission.control_is_there();
        assert_eq!(admission.refusal(load, start + PROBE_EVERY), None);
        admission.stop();
        assert_eq!(admission.refusal(load, start), Some("stopping"));
    }
}
