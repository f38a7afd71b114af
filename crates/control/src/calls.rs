//! The calls in memory: those that go on, when each waits no longer, and which ended last.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use call::Applied;
use schemas::{CallId, Position, Timestamp};

use crate::live::Live;

/// Of how many calls it is remembered that they ended: 65,536, some minutes of late measures at
/// 1,000 calls a second, in 4 MB. A late fact of an older call costs one reading of its history.
pub(crate) const ENDED_MAX: usize = 65_536;

/// The calls in memory.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    live: HashMap<CallId, Kept>,
    /// When something is to be done, by time.
    deadlines: BTreeSet<(Timestamp, CallId)>,
    /// The place before each call's first event, by its number there.
    before: BTreeMap<u64, Position>,
    ended: HashSet<CallId>,
    ended_in_order: VecDeque<CallId>,
}

#[derive(Debug)]
struct Kept {
    live: Live,
    deadline: Option<Timestamp>,
    before: u64,
}

impl Calls {
    /// Keeps a call, of which the log told first behind the place `before`. A call that is known
    /// already keeps its place.
    pub(crate) fn insert(&mut self, id: CallId, live: Live, before: Position) {
        match self.live.get_mut(&id) {
            Some(kept) => kept.live = live,
            None => {
                self.before.insert(before.sequence, before);
                let kept = Kept {
                    live,
                    deadline: None,
                    before: before.sequence,
                };
                self.live.insert(id, kept);
            }
        }
    }

    /// A call that goes on.
    pub(crate) fn get(&mut self, id: CallId) -> Option<&mut Live> {
        self.live.get_mut(&id).map(|kept| &mut kept.live)
    }

    /// Looks again for when a call waits no longer.
    pub(crate) fn arm(&mut self, id: CallId, applied: &Applied) {
        let Some(kept) = self.live.get_mut(&id) else {
            return;
        };
        let next = kept.live.deadline(applied).map(|(at, _)| at);
        if next == kept.deadline {
            return;
        }
        if let Some(old) = std::mem::replace(&mut kept.deadline, next) {
            self.deadlines.remove(&(old, id));
        }
        if let Some(new) = next {
            self.deadlines.insert((new, id));
        }
    }

    /// The next moment at which a call waits no longer.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Takes calls that wait no longer, the longest overdue first, at most `most`. They have to be
    /// armed again.
    pub(crate) fn due(&mut self, now: Timestamp, most: usize) -> Vec<CallId> {
        let mut due = Vec::new();
        while due.len() < most
            && let Some((at, id)) = self.deadlines.first().copied()
            && at <= now
        {
            self.deadlines.pop_first();
            if let Some(kept) = self.live.get_mut(&id) {
                kept.deadline = None;
            }
            due.push(id);
        }
        due
    }

    /// Forgets a call that is over, but for its id.
    pub(crate) fn end(&mut self, id: CallId) {
        if let Some(kept) = self.live.remove(&id) {
            self.before.remove(&kept.before);
            if let Some(at) = kept.deadline {
                self.deadlines.remove(&(at, id));
            }
        }
        if self.ended.insert(id) {
            self.ended_in_order.push_back(id);
        }
        if self.ended_in_order.len() > ENDED_MAX
            && let Some(oldest) = self.ended_in_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
    }

    /// Whether a call is known to be over.
    pub(crate) fn has_ended(&self, id: CallId) -> bool {
        self.ended.contains(&id)
    }

    /// The place before the first event of the oldest call that goes on.
    pub(crate) fn oldest(&self) -> Option<Position> {
        self.before.values().next().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Hash, LogId};

    fn id(number: usize) -> CallId {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&number.to_be_bytes());
        CallId::new(1_790_000_000_000, random)
    }

    fn place(sequence: u64) -> Position {
        Position {
            log: LogId(1),
            sequence,
            hash: Hash::ZERO,
        }
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_call_is_known() {
        let mut calls = Calls::default();
        for number in 0..ENDED_MAX + 10 {
            let at = place(u64::try_from(number).unwrap());
            calls.insert(id(number), Live::new(id(number)), at);
            if number >= 2 {
                calls.end(id(number));
            }
        }
        assert_eq!(calls.len(), 2);
        assert_eq!(calls.oldest(), Some(place(0)));
        calls.end(id(0));
        assert_eq!(calls.oldest(), Some(place(1)));
        calls.end(id(1));
        assert_eq!(calls.oldest(), None);
        assert_eq!(calls.ended.len(), ENDED_MAX);
        assert_eq!(calls.ended_in_order.len(), ENDED_MAX);
        assert!(calls.has_ended(id(1)));
        assert!(!calls.has_ended(id(2)));
    }
}
