//! A recorded call, or several, with everything that is needed to run them once more.

use std::collections::BTreeMap;

use call::Applied;
use schemas::{CallId, Chain, Entry, Event, Hash, Lane, Observation, Record, Subject};

/// The records of some calls and the configurations that they were decided by.
#[derive(Clone, Debug, Default)]
pub struct Incident {
    calls: BTreeMap<CallId, Recorded>,
    configurations: BTreeMap<Hash, Applied>,
}

/// The records of one call.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Facts, decisions and requests, in the order of the log.
    pub events: Vec<Record>,
    /// SIP messages, in the order of the log.
    pub wire: Vec<Record>,
}

/// What is wrong with the records themselves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The first records of a lane are not there. Where the log itself begins later they are past their time;
    /// otherwise they are missing.
    #[error("{lane:?} of call {call} begins with {sequence}: what was before it is not there")]
    Beginning {
        /// The call.
        call: CallId,
        /// The lane.
        lane: Lane,
        /// The number of the first record that is there.
        sequence: u32,
    },
    /// A record is missing, or one was put in or exchanged.
    #[error("{lane:?} {sequence} of call {call} does not follow the one before it: {expected}")]
    Chain {
        /// The call.
        call: CallId,
        /// The lane.
        lane: Lane,
        /// The record's number.
        sequence: u32,
        /// What should stand there.
        expected: String,
    },
    /// A payload is not the one that its header commits to.
    #[error("the payload of {lane:?} {sequence} of call {call} is not the one that was written")]
    Payload {
        /// The call.
        call: CallId,
        /// The lane.
        lane: Lane,
        /// The record's number.
        sequence: u32,
    },
}

impl Incident {
    /// Sorts entries by call. Configurations are taken wherever they stand.
    pub fn read<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Incident {
        let mut incident = Incident::default();
        for entry in entries {
            incident.add(&entry.record);
        }
        incident
    }

    /// Takes one record.
    pub fn add(&mut self, record: &Record) {
        match (record.subject(), record.lane()) {
            (Subject::Call(call), Lane::Wire) => {
                self.calls
                    .entry(*call)
                    .or_default()
                    .wire
                    .push(record.clone());
            }
            (Subject::Call(call), Lane::Facts | Lane::Decisions | Lane::Requests) => {
                self.calls
                    .entry(*call)
                    .or_default()
                    .events
                    .push(record.clone());
            }
            (Subject::Node(_) | Subject::Trunk(_), _) => {
                if let Ok(Event::Observation(Observation::ConfigurationApplied(event))) =
                    record.event()
                    && let Some(applied) = Applied::read(&event)
                {
                    self.configurations.insert(applied.hash(), applied);
                }
            }
        }
    }

    /// The calls, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = (CallId, &Recorded)> {
        self.calls.iter().map(|(call, recorded)| (*call, recorded))
    }

    /// Whether any SIP message is in it.
    pub fn has_wire(&self) -> bool {
        self.calls
            .values()
            .any(|recorded| !recorded.wire.is_empty())
    }

    /// One call.
    pub fn call(&self, call: CallId) -> Option<&Recorded> {
        self.calls.get(&call)
    }

    /// The configurations, by hash.
    pub fn configurations(&self) -> &BTreeMap<Hash, Applied> {
        &self.configurations
    }

    /// Every place where the records are not what was written: missing, exchanged or changed ones.
    pub fn damages(&self) -> Vec<Damage> {
        self.calls
            .iter()
            .flat_map(|(call, recorded)| recorded.damages(*call))
            .collect()
    }
}

impl Recorded {
    fn damages(&self, call: CallId) -> Vec<Damage> {
        let mut chains: BTreeMap<Lane, Chain> = BTreeMap::new();
        let mut damages = Vec::new();
        for record in self.events.iter().chain(&self.wire) {
            let (lane, sequence) = (record.lane(), record.header().sequence);
            let is_first = !chains.contains_key(&lane);
            let chain = chains
                .entry(lane)
                .or_insert_with(|| Chain::new(Subject::Call(call), lane));
            if is_first && sequence > 0 {
                damages.push(Damage::Beginning {
                    call,
                    lane,
                    sequence,
                });
            } else if !chain.fits(record) {
                let expected = if sequence == chain.next_sequence() {
                    "it names another one".to_owned()
                } else {
                    format!("number {} was expected", chain.next_sequence())
                };
                damages.push(Damage::Chain {
                    call,
                    lane,
                    sequence,
                    expected,
                });
            }
            if record.check().is_err() {
                damages.push(Damage::Payload {
                    call,
                    lane,
                    sequence,
                });
            }
            chain.follow(record);
        }
        damages
    }
}
