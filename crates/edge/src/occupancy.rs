//! How many calls are in progress and how many came within the last second: of each trunk, of each number, in total.
//! Control decides by it how many are too many. With several edges each states what it has, and adds what others state.

mod others;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use schemas::observation::{Load, LoadStated, NumberLoad, Occupancy, TrunkLoad};
use schemas::{CallId, NodeName, Personal, TrunkName};

use self::others::Others;

/// How long a call is new.
const NEW_FOR: Duration = Duration::from_secs(1);

/// New calls that are remembered one by one: more in a second than an edge takes. Beyond it the oldest is forgotten.
const NEW_MAX: usize = 10_000;

/// The time between two statements of an edge that has calls.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// Numbers of one statement: those with the most calls.
const NUMBERS_STATED_MAX: usize = 1_000;

/// What is counted of the calls of an edge.
#[derive(Debug, Default)]
pub struct Counted {
    /// Calls in progress, and whose they are.
    calls: BTreeMap<CallId, Whose>,
    /// New calls, the oldest first. Some are over already.
    new: VecDeque<(Instant, CallId, Whose)>,
    trunks: BTreeMap<TrunkName, Occupancy>,
    numbers: BTreeMap<String, Occupancy>,
    total: Occupancy,
    others: Others,
    /// When it was last stated what there is, if that was anything.
    stated: Option<Instant>,
}

/// Whose a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The trunk that it came through.
    pub trunk: TrunkName,
    /// The number called.
    pub number: String,
}

impl Counted {
    /// A call came in. What was there before it.
    pub fn began(&mut self, call: CallId, whose: Whose, now: Instant) -> Load {
        self.expire(now);
        if self.new.len() >= NEW_MAX {
            self.pop_new();
        }
        let mut before = Load {
            trunk: self.trunks.get(&whose.trunk).copied().unwrap_or_default(),
            number: self.numbers.get(&whose.number).copied().unwrap_or_default(),
            total: self.total,
        };
        self.others.add(&mut before, &whose, now);
        self.change(&whose, |one| {
            one.calls = one.calls.saturating_add(1);
            one.new_calls = one.new_calls.saturating_add(1);
        });
        self.calls.insert(call, whose.clone());
        self.new.push_back((now, call, whose));
        before
    }

    /// A call has no leg any more.
    pub fn over(&mut self, call: CallId) {
        if let Some(whose) = self.calls.remove(&call) {
            self.change(&whose, |one| one.calls = one.calls.saturating_sub(1));
        }
    }

    /// A call was refused because there are too many: it does not keep the next one out. Whose it was.
    pub fn refused(&mut self, call: CallId) -> Option<Whose> {
        // It came a moment ago.
        let index = self.new.iter().rposition(|(_, other, _)| *other == call)?;
        let (_, _, whose) = self.new.remove(index)?;
        self.change(&whose, |one| {
            one.new_calls = one.new_calls.saturating_sub(1)
        });
        Some(whose)
    }

    /// Another edge states how many it has.
    pub fn heard(&mut self, edge: &NodeName, stated: LoadStated, now: Instant) {
        self.others.heard(edge, stated, now);
    }

    /// When it is to be stated what there is: as long as there is anything, and once after that.
    pub fn deadline(&self) -> Option<Instant> {
        match self.stated {
            Some(at) => Some(at + STATE_EVERY),
            None => self.new.front().map(|(at, ..)| *at),
        }
    }

    /// States it if it is time.
    pub fn due(&mut self, now: Instant) -> Option<LoadStated> {
        self.deadline().filter(|at| *at <= now)?;
        self.expire(now);
        let is_anything = self.total != Occupancy::default();
        self.stated = is_anything.then_some(now);
        let trunks = self.trunks.iter().map(|(trunk, load)| TrunkLoad {
            trunk: trunk.clone(),
            load: *load,
        });
        let mut numbers: Vec<_> = self.numbers.iter().collect();
        numbers.sort_by_key(|(_, load)| std::cmp::Reverse(load.calls));
        let numbers = numbers.into_iter().take(NUMBERS_STATED_MAX);
        let numbers = numbers.map(|(number, load)| NumberLoad {
            number: Personal::new(number.clone()),
            load: *load,
        });
        Some(LoadStated {
            trunks: trunks.collect(),
            numbers: numbers.collect(),
            total: self.total,
        })
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, ..)) = self.new.front()
            && now.saturating_duration_since(*at) >= NEW_FOR
        {
            self.pop_new();
        }
    }

    fn pop_new(&mut self) {
        if let Some((_, _, whose)) = self.new.pop_front() {
            self.change(&whose, |one| {
                one.new_calls = one.new_calls.saturating_sub(1)
            });
        }
    }

    fn change(&mut self, whose: &Whose, change: impl Fn(&mut Occupancy)) {
        change(&mut self.total);
        let nobody = Occupancy::default();
        let trunk = self.trunks.entry(whose.trunk.clone()).or_default();
        change(trunk);
        if *trunk == nobody {
            self.trunks.remove(&whose.trunk);
        }
        let number = self.numbers.entry(whose.number.clone()).or_default();
        change(number);
        if *number == nobody {
            self.numbers.remove(&whose.number);
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

    fn whose(trunk: &str, number: &str) -> Whose {
        Whose {
            trunk: TrunkName::from(trunk),
            number: number.to_owned(),
        }
    }

    fn told(load: Load) -> [(u32, u32); 3] {
        [load.trunk, load.number, load.total].map(|one| (one.calls, one.new_calls))
    }

    #[test]
    fn each_call_is_told_of_those_before_it() {
        let (mut counted, now) = (Counted::default(), Instant::now());
        let [one, two, three, four] = [1, 2, 3, 4].map(|id| CallId([id; 16]));
        let load = counted.began(one, whose("office", "100"), now);
        assert_eq!(told(load), [(0, 0), (0, 0), (0, 0)]);
        let load = counted.began(two, whose("office", "200"), now);
        assert_eq!(told(load), [(1, 1), (0, 0), (1, 1)]);
        counted.over(one);
        let load = counted.began(three, whose("office", "100"), now + NEW_FOR / 2);
        assert_eq!(told(load), [(1, 2), (0, 1), (1, 2)]);
        assert_eq!(counted.refused(three), Some(whose("office", "100")));
        assert_eq!(counted.refused(three), None);
        counted.over(three);
        let load = counted.began(four, whose("carrier", "100"), now + NEW_FOR / 2);
        assert_eq!(told(load), [(0, 0), (0, 1), (1, 2)]);
    }

    #[test]
    fn what_edges_state_counts_for_each_other_until_it_is_old() {
        let (mut one, mut other) = (Counted::default(), Counted::default());
        let (now, edge) = (Instant::now(), NodeName::from("edge-2"));
        let [first, second] = [1, 2].map(|id| CallId([id; 16]));
        assert_eq!(other.deadline(), None, "there is nothing to state");
        other.began(first, whose("office", "100"), now);
        assert_eq!(other.deadline(), Some(now));
        let stated = other.due(now).unwrap();
        assert_eq!(other.due(now), None);
        one.heard(&edge, stated, now);
        let load = one.began(second, whose("office", "200"), now + STATE_EVERY);
        assert_eq!(told(load), [(1, 1), (0, 0), (1, 1)]);
        one.over(second);
        // It has nothing any more: said once.
        other.over(first);
        let stated = other.due(now + STATE_EVERY).unwrap();
        assert_eq!(stated.total, Occupancy::default());
        assert_eq!(other.deadline(), None);
        // One that died says nothing.
        let load = one.began(second, whose("carrier", "100"), now + STATE_EVERY * 5);
        assert_eq!(told(load), [(0, 0), (0, 0), (0, 0)]);
    }

    #[test]
    fn whoever_dials_every_number_there_is_fills_nothing() {
        let (mut counted, now) = (Counted::default(), Instant::now());
        for number in 0..30_000_u64 {
            let call = CallId::new(number, [0; 10]);
            counted.began(call, whose("office", &number.to_string()), now);
            counted.over(call);
        }
        assert_eq!(counted.new.len(), NEW_MAX);
        assert_eq!(counted.numbers.len(), NEW_MAX);
        let last = CallId([9; 16]);
        counted.began(last, whose("office", "1"), now + NEW_FOR);
        counted.over(last);
        assert_eq!((counted.new.len(), counted.numbers.len()), (1, 1));
        assert_eq!(counted.total.calls, 0);
    }
}
