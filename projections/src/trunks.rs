//! How trunks are: whether they answer, what was refused, how many calls they brought.
//!
//! Folded from the facts of the edges, each once (see [`Notices::apply`](crate::Notices::apply), which says whether an
//! event is new), and from the rows of calls.

mod files;
mod reach;
mod registration;

use std::collections::{BTreeMap, VecDeque};

use schemars::JsonSchema;
use schemas::observation::{ConnectionsRefused, LimitReached, SourceRefused, TlsRefused};
use schemas::{Event, EventId, NodeName, Observation, Record, Subject, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::history::Outcome;
use crate::{handshake, plain};

pub use self::files::FileSeen;
pub(crate) use self::files::{expiry, reload_failed};
pub use self::reach::{Answers, Reach, State};
pub use self::registration::{Registrant, Registration};

/// The most trunks that are told apart; further ones are not taken note of.
const TRUNKS_MAX: usize = 1_000;

/// The most sources that were refused and are kept: the newest.
const SOURCES_MAX: usize = 50;

/// Every trunk, and who was no trunk's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trunks {
    /// How each is.
    pub trunks: BTreeMap<TrunkName, Trunk>,
    /// Addresses of no trunk whose requests were refused, the newest last.
    pub sources_refused: VecDeque<SourceSeen>,
    /// What is wrong with the edges' own files of TLS.
    pub tls_files: Vec<FileSeen>,
}

/// How a trunk is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trunk {
    /// What probes found out about its targets, by edge and target. Empty: it is not probed.
    pub reach: Vec<Reach>,
    /// Its registrations, by edge: ours with it, and its with us. Empty: there is none.
    pub registrations: Vec<Registration>,
    /// The last TLS handshakes with it that came to nothing.
    pub tls_refused: Option<TlsSeen>,
    /// What is wrong with its files of TLS.
    pub tls_files: Vec<FileSeen>,
    /// The last connections of it that were too many.
    pub connections_refused: Option<CrowdSeen>,
    /// The last calls that were refused because there were too many.
    pub limit_reached: Option<LimitSeen>,
    /// The calls that it brought, on the last day that it brought any.
    pub day: Option<Day>,
}

/// The calls of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Day {
    /// The day in UTC, `2026-11-21`.
    pub date: String,
    /// How many began.
    pub began: u64,
    /// How many that began ended, by outcome.
    pub ended: BTreeMap<Outcome, u64>,
}

/// TLS handshakes that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsSeen {
    /// When this was told.
    pub at: Timestamp,
    /// Who tells it.
    pub node: NodeName,
    /// What is told: alert and versions of both sides.
    pub told: TlsRefused,
    /// Whose handshakes failed, and why.
    pub what: String,
    /// The alert, the versions, and what to change on which side, in words.
    pub details: Vec<(String, String)>,
    /// The event.
    pub event: EventId,
}

/// Connections that were too many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CrowdSeen {
    /// When this was told.
    pub at: Timestamp,
    /// Who tells it.
    pub node: NodeName,
    /// What is told.
    pub told: ConnectionsRefused,
    /// The event.
    pub event: EventId,
}

/// Calls that were refused because there were too many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitSeen {
    /// When this was told.
    pub at: Timestamp,
    /// Who tells it.
    pub node: NodeName,
    /// What is told.
    pub told: LimitReached,
    /// The event.
    pub event: EventId,
}

/// An address of no trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceSeen {
    /// The address, as the edge tells it.
    pub source: String,
    /// How many requests of it were refused since it was first kept.
    pub requests: u64,
    /// When it was first told of.
    pub first: Timestamp,
    /// When it was last told of.
    pub last: Timestamp,
    /// The method of the first request of the last telling.
    pub method: String,
    /// What it got; absent for silence.
    pub status: Option<u16>,
    /// The last event.
    pub event: EventId,
}

impl Trunks {
    /// Adds an event of an edge that was not added before. Says whether anything changed.
    pub fn apply(&mut self, record: &Record) -> bool {
        let header = record.header();
        let Subject::Node(node) = &header.subject else {
            return false;
        };
        let Ok(Event::Observation(observation)) = record.event() else {
            return false;
        };
        let (at, event) = (header.recorded_at, header.id);
        let seen = reach::Seen { node, at, event };
        match observation {
            Observation::TrunkProbed(told) => self.with(&told.trunk, |trunk| {
                reach::probed(&mut trunk.reach, seen, &told);
            }),
            Observation::TrunkUp(told) => self.with(&told.trunk, |trunk| {
                reach::up(&mut trunk.reach, seen, &told);
            }),
            Observation::TrunkDown(told) => self.with(&told.trunk, |trunk| {
                reach::down(&mut trunk.reach, seen, &told);
            }),
            Observation::TrunkRegistered(told) => self.with(&told.trunk, |trunk| {
                registration::registered(&mut trunk.registrations, seen, &told);
            }),
            Observation::RegistrationRefused(told) => self.with(&told.trunk, |trunk| {
                registration::refused(&mut trunk.registrations, seen, &told);
            }),
            Observation::RegistrationEnded(told) => self.with(&told.trunk, |trunk| {
                registration::ended(&mut trunk.registrations, seen, &told);
            }),
            Observation::TrunkBound(told) => self.with(&told.trunk, |trunk| {
                registration::bound(&mut trunk.registrations, seen, &told);
            }),
            Observation::TrunkUnbound(told) => self.with(&told.trunk, |trunk| {
                registration::unbound(&mut trunk.registrations, seen, &told);
            }),
            Observation::TlsReloadFailed(told) => self.with_files(told.trunk.as_ref(), |files| {
                files::failed(files, seen, &told);
            }),
            Observation::CertificateExpiryNoticed(told) => {
                self.with_files(told.trunk.as_ref(), |files| {
                    files::noticed(files, seen, &told);
                })
            }
            // What is wrong with the files that it read then is told anew.
            Observation::TlsReloaded(_) => self.forget_files(node),
            // What an edge knew of targets and registrations ends with it.
            Observation::EdgeStarted(_) | Observation::EdgeStopped(_) => self.forget(node),
            Observation::TlsRefused(told) => {
                let Some(name) = told.trunk.clone() else {
                    return false;
                };
                let node = node.clone();
                self.with(&name, |trunk| {
                    trunk.tls_refused = Some(TlsSeen {
                        at,
                        node,
                        what: plain(&handshake::what(&told)).into_owned(),
                        details: handshake::details(&told),
                        told,
                        event,
                    });
                })
            }
            Observation::ConnectionsRefused(told) => {
                let Some(name) = told.trunk.clone() else {
                    return false;
                };
                let node = node.clone();
                self.with(&name, |trunk| {
                    trunk.connections_refused = Some(CrowdSeen {
                        at,
                        node,
                        told,
                        event,
                    });
                })
            }
            Observation::LimitReached(told) => {
                let Some(name) = told.trunk.clone() else {
                    return false;
                };
                let node = node.clone();
                self.with(&name, |trunk| {
                    trunk.limit_reached = Some(LimitSeen {
                        at,
                        node,
                        told,
                        event,
                    });
                })
            }
            Observation::SourceRefused(told) => self.stranger(told, at, event),
            // The rest says nothing about a trunk as a whole.
            _ => false,
        }
    }

    /// A call came through a trunk.
    pub fn call_began(&mut self, trunk: &TrunkName, began: Timestamp) -> bool {
        let date = date_of(began);
        self.with(trunk, |trunk| match &mut trunk.day {
            Some(day) if day.date == date => day.began += 1,
            // A call of an earlier day whose first event comes late changes nothing of today.
            Some(day) if day.date > date => {}
            day => {
                *day = Some(Day {
                    date,
                    began: 1,
                    ended: BTreeMap::new(),
                });
            }
        })
    }

    /// A call that came through a trunk is over.
    pub fn call_ended(&mut self, trunk: &TrunkName, began: Timestamp, outcome: Outcome) -> bool {
        let date = date_of(began);
        self.with(trunk, |trunk| {
            if let Some(day) = trunk.day.as_mut().filter(|day| day.date == date) {
                *day.ended.entry(outcome).or_default() += 1;
            }
        })
    }

    fn with(&mut self, name: &TrunkName, change: impl FnOnce(&mut Trunk)) -> bool {
        let known = self.trunks.contains_key(name);
        if !known && self.trunks.len() >= TRUNKS_MAX {
            return false;
        }
        change(self.trunks.entry(name.clone()).or_default());
        true
    }

    fn with_files(
        &mut self,
        trunk: Option<&TrunkName>,
        change: impl FnOnce(&mut Vec<FileSeen>),
    ) -> bool {
        match trunk {
            Some(name) => self.with(name, |trunk| change(&mut trunk.tls_files)),
            None => {
                change(&mut self.tls_files);
                true
            }
        }
    }

    fn forget_files(&mut self, node: &NodeName) -> bool {
        let of_trunks = self.trunks.values_mut().map(|trunk| &mut trunk.tls_files);
        let all = of_trunks.chain([&mut self.tls_files]);
        all.fold(false, |changed, files| files::forget(files, node) | changed)
    }

    fn forget(&mut self, node: &NodeName) -> bool {
        let mut changed = self.forget_files(node);
        for trunk in self.trunks.values_mut() {
            let before = trunk.reach.len() + trunk.registrations.len();
            trunk.reach.retain(|reach| reach.node != *node);
            trunk.registrations.retain(|one| one.node != *node);
            changed |= trunk.reach.len() + trunk.registrations.len() < before;
        }
        changed
    }

    fn stranger(&mut self, told: SourceRefused, at: Timestamp, event: EventId) -> bool {
        let source = plain(&told.source).into_owned();
        let known = self
            .sources_refused
            .iter()
            .position(|seen| seen.source == source);
        let known = known.and_then(|index| self.sources_refused.remove(index));
        if self.sources_refused.len() >= SOURCES_MAX {
            self.sources_refused.pop_front();
        }
        let (first, before) = known.map_or((at, 0), |seen| (seen.first, seen.requests));
        self.sources_refused.push_back(SourceSeen {
            source,
            requests: before + told.requests,
            first,
            last: at,
            method: plain(&told.method).into_owned(),
            status: told.status,
            event,
        });
        true
    }
}

impl Trunk {
    /// Whether calls can come and go, over all edges, targets and registrations.
    pub fn state(&self) -> State {
        State::of(&self.reach, &self.registrations)
    }

    /// How long targets that answer took lately: the median, of the slowest.
    pub fn latency_us(&self) -> Option<u32> {
        let up = self.reach.iter().filter(|reach| reach.up);
        let latencies = up.filter_map(|reach| reach.answers.as_ref()?.latency);
        latencies.map(|latency| latency.median_us).max()
    }
}

/// The day in UTC.
fn date_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_sources_is_bounded_and_the_newest_stay() {
        let mut trunks = Trunks::default();
        for number in 0..200_u8 {
            for _ in 0..2 {
                let told = SourceRefused {
                    source: format!("203.0.113.{number}"),
                    requests: 5,
                    method: "INVITE".to_owned(),
                    status: Some(403),
                    over_ms: 0,
                    tried: Vec::new(),
                };
                trunks.stranger(told, Timestamp(i64::from(number)), EventId([number; 16]));
            }
        }
        assert_eq!(trunks.sources_refused.len(), SOURCES_MAX);
        let newest = trunks.sources_refused.back().unwrap();
        assert_eq!(
            (newest.source.as_str(), newest.requests),
            ("203.0.113.199", 10)
        );
    }

    #[test]
    fn a_day_counts_the_calls_that_began_on_it() {
        let mut trunks = Trunks::default();
        let office = TrunkName::from("office");
        let (yesterday, today) = (Timestamp(0), Timestamp(86_400_000_000));
        trunks.call_began(&office, yesterday);
        trunks.call_began(&office, today);
        trunks.call_began(&office, today);
        trunks.call_ended(&office, yesterday, Outcome::Completed);
        trunks.call_ended(&office, today, Outcome::Refused);
        trunks.call_began(&office, yesterday);
        let day = trunks.trunks[&office].day.clone().unwrap();
        assert_eq!((day.date.as_str(), day.began), ("1970-01-02", 2));
        assert_eq!(day.ended, BTreeMap::from([(Outcome::Refused, 1)]));
    }
}
