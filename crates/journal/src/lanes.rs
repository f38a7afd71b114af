//! The ends of the lanes that were written lately. Older ones are looked up in the index.

use std::collections::HashMap;

use crate::key::LaneKey;
use crate::tail::Tail;

/// Two generations, one per segment: what was not touched for a whole segment is forgotten.
#[derive(Default)]
pub(crate) struct Lanes {
    now: HashMap<LaneKey, Tail>,
    before: HashMap<LaneKey, Tail>,
}

impl Lanes {
    pub(crate) fn set(&mut self, lane: LaneKey, tail: Tail) {
        self.now.insert(lane, tail);
    }

    pub(crate) fn of(&self, lane: LaneKey) -> Option<&Tail> {
        self.now.get(&lane).or_else(|| self.before.get(&lane))
    }

    /// A new segment begins.
    pub(crate) fn age(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// How many lanes the younger generation has.
    pub(crate) fn young(&self) -> usize {
        self.now.len()
    }

    /// What was written is not there: look everything up again.
    pub(crate) fn forget(&mut self) {
        *self = Lanes::default();
    }
}
