//! Whether a new call may come in. When it may not, the caller gets 503 with Retry-After, so that its own failover
//! works, and the edge tells how many it turned away.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use schemas::CallId;

/// While control is away, one call is let in this often: a decision for it says that control is back.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// How long the oldest new call may wait for control's first decision before no more are let in: 2 s, a pause of a
/// disk or a server that callers sit through. Who comes when more is waiting than can be served would only be served
/// after he has given up.
const BEHIND_AFTER: Duration = Duration::from_secs(2);

/// What keeps new calls out.
#[derive(Debug, Default)]
pub struct Admission {
    stopping: bool,
    /// Control is away; the next call is let in then.
    control_away: Option<Instant>,
    /// The call that is handled now was asked for already, and may come in.
    passed: bool,
    /// New calls that control did not decide on yet.
    undecided: BTreeSet<CallId>,
    /// When each was let in, the oldest first; decided ones leave when they are at the front.
    since: VecDeque<(Instant, CallId)>,
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
        if std::mem::take(&mut self.passed) {
            return None;
        }
        if self.stopping {
            return Some("stopping");
        }
        if load.log_is_away {
            return Some("the log is away");
        }
        if load.calls >= load.calls_max {
            return Some("as many calls are up as may be");
        }
        match self.control_away {
            Some(probe_at) if now < probe_at => Some("control is away"),
            Some(_) => {
                self.control_away = Some(now + PROBE_EVERY);
                None
            }
            None if self.is_behind(now) => Some("control is behind"),
            None => None,
        }
    }

    /// Whether some calls are kept out at present: then it is worth asking before anything is kept of the next.
    pub fn is_closed(&self, load: Load, now: Instant) -> bool {
        self.stopping
            || load.log_is_away
            || load.calls >= load.calls_max
            || self.control_away.is_some()
            || self.is_behind(now)
    }

    /// The same as [`Admission::refusal`] before the endpoint has heard of the call: if it can come in, it is not asked for
    /// a second time.
    pub fn refusal_beforehand(&mut self, load: Load, now: Instant) -> Option<&'static str> {
        self.passed = false;
        let cause = self.refusal(load, now);
        self.passed = cause.is_none();
        cause
    }

    /// A call came in; control has to say what becomes of it.
    pub fn let_in(&mut self, call: CallId, now: Instant) {
        self.undecided.insert(call);
        self.since.push_back((now, call));
    }

    /// Control said something of a call, or the call is over without.
    pub fn settled(&mut self, call: CallId) {
        if !self.undecided.remove(&call) {
            return;
        }
        while let Some((_, oldest)) = self.since.front()
            && !self.undecided.contains(oldest)
        {
            self.since.pop_front();
        }
    }

    fn is_behind(&self, now: Instant) -> bool {
        let oldest = self.since.front();
        oldest.is_some_and(|(since, _)| now.saturating_duration_since(*since) >= BEHIND_AFTER)
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
        let later = start + PROBE_EVERY * 2;
        assert_eq!(admission.refusal_beforehand(load, later), None);
        assert!(admission.is_closed(load, later));
        assert_eq!(admission.refusal(load, later), None);
        assert_eq!(admission.refusal(load, later), Some("control is away"));
        admission.control_is_there();
        assert!(!admission.is_closed(load, later));
        assert_eq!(admission.refusal(load, start + PROBE_EVERY), None);
        admission.stop();
        assert_eq!(admission.refusal(load, start), Some("stopping"));
    }

    #[test]
    fn nobody_is_let_in_while_the_oldest_call_waits_for_too_long() {
        let load = Load {
            calls: 0,
            calls_max: 9,
            log_is_away: false,
        };
        let [first, second] = [1, 2].map(|id| CallId([id; 16]));
        let start = Instant::now();
        let mut admission = Admission::default();
        admission.let_in(first, start);
        admission.let_in(second, start + BEHIND_AFTER / 2);
        let late = start + BEHIND_AFTER;
        assert_eq!(
            admission.refusal(load, late - Duration::from_millis(1)),
            None
        );
        assert_eq!(admission.refusal(load, late), Some("control is behind"));
        admission.settled(first);
        assert_eq!(admission.refusal(load, late), None);
        let later = start + BEHIND_AFTER * 3 / 2;
        assert_eq!(admission.refusal(load, later), Some("control is behind"));
        admission.settled(second);
        admission.settled(second);
        assert_eq!(admission.refusal(load, later), None);
        assert!(admission.since.is_empty() && admission.undecided.is_empty());
    }
}
