//! How many calls other edges have, as each states it in the log.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use schemas::observation::{Load, LoadStated, Occupancy};
use schemas::{NodeName, TrunkName};

use super::Whose;

/// How long a statement counts: an edge that has calls states it about once a second, one that died states nothing.
const STATED_FOR: Duration = Duration::from_secs(5);

/// Edges that are heard; an installation has a few.
const EDGES_MAX: usize = 64;

/// What other edges state.
#[derive(Debug, Default)]
pub(super) struct Others {
    edges: BTreeMap<NodeName, Stated>,
}

#[derive(Debug)]
struct Stated {
    at: Instant,
    trunks: BTreeMap<TrunkName, Occupancy>,
    numbers: BTreeMap<String, Occupancy>,
    total: Occupancy,
}

impl Others {
    /// An edge states what it has.
    pub(super) fn heard(&mut self, edge: &NodeName, told: LoadStated, now: Instant) {
        self.edges
            .retain(|_, stated| now.saturating_duration_since(stated.at) < STATED_FOR);
        if self.edges.len() >= EDGES_MAX && !self.edges.contains_key(edge) {
            return;
        }
        let trunks = told.trunks.into_iter().map(|one| (one.trunk, one.load));
        let numbers = told.numbers.into_iter();
        let numbers = numbers.map(|one| (one.number.reveal().clone(), one.load));
        let stated = Stated {
            at: now,
            trunks: trunks.collect(),
            numbers: numbers.collect(),
            total: told.total,
        };
        self.edges.insert(edge.clone(), stated);
    }

    /// Adds what they have to what this edge has.
    pub(super) fn add(&self, load: &mut Load, whose: &Whose, now: Instant) {
        let fresh = |stated: &&Stated| now.saturating_duration_since(stated.at) < STATED_FOR;
        for stated in self.edges.values().filter(fresh) {
            add(&mut load.trunk, stated.trunks.get(&whose.trunk));
            add(&mut load.number, stated.numbers.get(&whose.number));
            add(&mut load.total, Some(&stated.total));
        }
    }
}

fn add(to: &mut Occupancy, more: Option<&Occupancy>) {
    if let Some(more) = more {
        to.calls = to.calls.saturating_add(more.calls);
        to.new_calls = to.new_calls.saturating_add(more.new_calls);
    }
}
