//! How much of a lane is known: its events are dense from 0, so what is missing can be named.

use std::fmt;

use schemars::JsonSchema;
use schemas::{Hash, Header, Lane};
use serde::{Deserialize, Serialize};

/// The most holes that are kept apart in one lane; beyond it the last one grows.
const MISSING_MAX: usize = 32;

/// Events that a lane must have had and that nobody delivered: first and last number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// What is known of one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LaneState {
    /// The number of the next event.
    pub next: u32,
    /// The holes before it.
    pub missing: Vec<Missing>,
    /// The event whose `previous` was not the hash of the one before it, if there was one.
    pub chain_broken_at: Option<u32>,
    last: Option<Hash>,
}

/// The three lanes of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lanes {
    /// What the edge saw.
    pub facts: LaneState,
    /// What control decided.
    pub decisions: LaneState,
    /// What was asked from outside.
    pub requests: LaneState,
}

/// What an event is to its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The next one.
    Next,
    /// It comes after a hole.
    BehindHole,
    /// It fills a hole.
    Late,
    /// It was there already.
    Duplicate,
}

impl LaneState {
    /// Takes note of an event.
    pub(crate) fn admit(&mut self, header: &Header, hash: Hash) -> Admission {
        let sequence = header.sequence;
        if sequence < self.next {
            return if self.fill(sequence) {
                Admission::Late
            } else {
                Admission::Duplicate
            };
        }
        let admission = if sequence > self.next {
            self.lose(Missing {
                first: self.next,
                last: sequence - 1,
            });
            Admission::BehindHole
        } else {
            let expected = self.last.unwrap_or(Hash::ZERO);
            if header.previous != expected && self.chain_broken_at.is_none() {
                self.chain_broken_at = Some(sequence);
            }
            Admission::Next
        };
        self.next = sequence.saturating_add(1);
        self.last = Some(hash);
        admission
    }

    fn lose(&mut self, hole: Missing) {
        let full = self.missing.len() == MISSING_MAX;
        match self.missing.last_mut() {
            Some(last) if full => last.last = hole.last,
            Some(_) | None => self.missing.push(hole),
        }
    }

    fn fill(&mut self, sequence: u32) -> bool {
        let Some(index) = self
            .missing
            .iter()
            .position(|hole| (hole.first..=hole.last).contains(&sequence))
        else {
            return false;
        };
        let hole = self.missing.remove(index);
        if sequence < hole.last {
            let behind = Missing {
                first: sequence + 1,
                last: hole.last,
            };
            self.missing.insert(index, behind);
        }
        if hole.first < sequence {
            let before = Missing {
                first: hole.first,
                last: sequence - 1,
            };
            self.missing.insert(index, before);
        }
        true
    }
}

impl Lanes {
    /// The state of a lane; the wire lane is no part of a call's history.
    pub fn of(&self, lane: Lane) -> Option<&LaneState> {
        match lane {
            Lane::Facts => Some(&self.facts),
            Lane::Decisions => Some(&self.decisions),
            Lane::Requests => Some(&self.requests),
            Lane::Wire => None,
        }
    }

    pub(crate) fn of_mut(&mut self, lane: Lane) -> Option<&mut LaneState> {
        match lane {
            Lane::Facts => Some(&mut self.facts),
            Lane::Decisions => Some(&mut self.decisions),
            Lane::Requests => Some(&mut self.requests),
            Lane::Wire => None,
        }
    }

    /// What is missing, in words: `facts 17–19 missing`. Empty when nothing is.
    pub fn incomplete(&self) -> Vec<String> {
        let named = [
            ("facts", "fact", &self.facts),
            ("decisions", "decision", &self.decisions),
            ("requests", "request", &self.requests),
        ];
        let mut words = Vec::new();
        for (many, one, lane) in named {
            if !lane.missing.is_empty() {
                let holes: Vec<String> = lane.missing.iter().map(Missing::to_string).collect();
                words.push(format!("{many} {} missing", holes.join(", ")));
            }
            if let Some(sequence) = lane.chain_broken_at {
                words.push(format!(
                    "{one} {sequence} does not follow the one before it"
                ));
            }
        }
        words
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}–{}", self.first, self.last)
        }
    }
}
