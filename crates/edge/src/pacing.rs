//! Calls that go out through a trunk, no faster than it takes them: beyond its rate they wait, so many and so long.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use schemas::{CallId, LegId, TrunkName};

use crate::configuration::{Pace, Trunk};
use crate::port::Opened;

/// Calls out, by trunk.
#[derive(Debug, Default)]
pub struct Pacing {
    trunks: BTreeMap<TrunkName, Paced>,
    deadline: Option<Instant>,
}

/// The calls through one trunk.
#[derive(Debug)]
struct Paced {
    pace: Pace,
    /// When the next one may go.
    next: Option<Instant>,
    waiting: VecDeque<Call>,
}

/// A leg that may be dialed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The call.
    pub call: CallId,
    /// The leg.
    pub leg: LegId,
    /// Its sockets.
    pub opened: Opened,
    /// Since when it waits.
    pub since: Instant,
}

/// What becomes of a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is dialed now.
    Goes(Call),
    /// It is not dialed; why not.
    TooMany(Call, TrunkName, String),
}

impl Pacing {
    /// The trunks that have a pace.
    pub fn new(trunks: &[Trunk]) -> Pacing {
        let paced = trunks.iter().filter_map(|trunk| {
            let paced = Paced {
                pace: trunk.pace?,
                next: None,
                waiting: VecDeque::new(),
            };
            Some((trunk.name.clone(), paced))
        });
        Pacing {
            trunks: paced.collect(),
            deadline: None,
        }
    }

    /// A leg is to be dialed. What becomes of it; nothing yet if it has to wait.
    pub fn ask(&mut self, trunk: Option<&TrunkName>, call: Call, now: Instant) -> Option<Turn> {
        let Some(name) = trunk else {
            return Some(Turn::Goes(call));
        };
        let Some(paced) = self.trunks.get_mut(name) else {
            return Some(Turn::Goes(call));
        };
        let Pace {
            calls_per_s,
            waiting_max,
            ..
        } = paced.pace;
        if paced.waiting.is_empty() && paced.next.is_none_or(|at| at <= now) {
            paced.next = Some(now + interval(calls_per_s));
            return Some(Turn::Goes(call));
        }
        if paced.waiting.len() >= waiting_max {
            let why = format!(
                "trunk {name} takes {calls_per_s} calls a second, and {waiting_max} wait already"
            );
            return Some(Turn::TooMany(call, name.clone(), why));
        }
        paced.waiting.push_back(call);
        self.set_deadline();
        None
    }

    /// When [`Pacing::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Those who have waited.
    pub fn due(&mut self, now: Instant) -> Vec<Turn> {
        let mut turns = Vec::new();
        if self.deadline.is_none_or(|at| now < at) {
            return turns;
        }
        for (name, paced) in &mut self.trunks {
            let Pace {
                calls_per_s,
                wait_max,
                ..
            } = paced.pace;
            while let Some(call) = paced.waiting.front() {
                let goes = paced.next.is_none_or(|at| at <= now);
                let waited = now.saturating_duration_since(call.since) >= wait_max;
                if !goes && !waited {
                    break;
                }
                let Some(call) = paced.waiting.pop_front() else {
                    break;
                };
                if goes {
                    paced.next = Some(now + interval(calls_per_s));
                    turns.push(Turn::Goes(call));
                } else {
                    let seconds = wait_max.as_secs();
                    let why = format!(
                        "trunk {name} takes {calls_per_s} calls a second, and this one has waited for {seconds} s"
                    );
                    turns.push(Turn::TooMany(call, name.clone(), why));
                }
            }
        }
        self.set_deadline();
        turns
    }

    fn set_deadline(&mut self) {
        let next = self.trunks.values().filter_map(|paced| {
            let since = paced.waiting.front()?.since;
            let patience = since + paced.pace.wait_max;
            Some(paced.next.map_or(patience, |next| next.min(patience)))
        });
        self.deadline = next.min();
    }
}

/// The time between two calls.
fn interval(calls_per_s: u32) -> Duration {
    Duration::from_secs(1) / calls_per_s.max(1)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use sip::endpoint::flow::{Flow, Transport};

    use super::*;

    fn call(number: u8, since: Instant) -> Call {
        let address = ([192, 0, 2, 1], 5060).into();
        Call {
            call: CallId([number; 16]),
            leg: LegId(1),
            opened: Opened {
                flow: Flow::new(Transport::Udp, address, address),
                others: Vec::new(),
                rtp: address,
            },
            since,
        }
    }

    #[test]
    fn calls_go_out_at_the_trunks_pace_and_no_more_wait_than_may() {
        let office = TrunkName::from("office");
        let mut trunk = Trunk::new("office", Vec::new());
        trunk.pace = Some(Pace {
            calls_per_s: 2,
            waiting_max: 3,
            wait_max: Duration::from_millis(1_200),
        });
        let mut pacing = Pacing::new(&[trunk]);
        let now = Instant::now();
        let first = pacing.ask(Some(&office), call(1, now), now);
        assert_eq!(first, Some(Turn::Goes(call(1, now))));
        for number in 2..5 {
            assert_eq!(pacing.ask(Some(&office), call(number, now), now), None);
        }
        let Some(Turn::TooMany(_, _, why)) = pacing.ask(Some(&office), call(5, now), now) else {
            panic!("a fourth one waits");
        };
        assert_eq!(
            why,
            "trunk office takes 2 calls a second, and 3 wait already"
        );
        let other = pacing.ask(None, call(6, now), now);
        assert_eq!(other, Some(Turn::Goes(call(6, now))));
        assert_eq!(pacing.due(now), []);
        let half = Duration::from_millis(500);
        assert_eq!(pacing.deadline(), Some(now + half));
        assert_eq!(pacing.due(now + half), [Turn::Goes(call(2, now))]);
        assert_eq!(pacing.due(now + half * 2), [Turn::Goes(call(3, now))]);
        let late = pacing.due(now + Duration::from_millis(1_200));
        let [Turn::TooMany(late, _, why)] = late.as_slice() else {
            panic!("{late:?}");
        };
        assert_eq!(late.call, CallId([4; 16]));
        assert!(why.ends_with("has waited for 1 s"), "{why}");
        assert_eq!(pacing.deadline(), None);
    }
}
