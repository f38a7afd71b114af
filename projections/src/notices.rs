//! What happened outside of calls: strangers at the door, edges that came and went, holes in the log.

mod registrations;
mod trunks;

use std::collections::VecDeque;

use schemars::JsonSchema;
use schemas::{Event, EventId, Lane, Observation, Record, Subject, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::{Mark, handshake, plain};

pub(crate) use self::trunks::failure;

/// The most notices that are kept: the newest.
pub const NOTICES_MAX: usize = 200;

/// The most trunks and nodes whose events are told apart; further ones are not taken note of.
const SUBJECTS_MAX: usize = 1_000;

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// What it is about: `node edge-1`.
    pub subject: String,
    /// What it is at a glance.
    pub mark: Mark,
    /// What happened, in words.
    pub text: String,
    /// More of it: name and value.
    pub details: Vec<(String, String)>,
    /// The event.
    pub event: EventId,
}

/// The newest notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notices {
    /// The notices, oldest first.
    pub newest: VecDeque<Notice>,
    /// How many there were in all.
    pub count: u64,
    /// The trunks of the configuration that is in force, by name.
    pub trunks: Vec<TrunkName>,
    /// The next number of each subject's lane: a second delivery is passed by.
    next: Vec<(Subject, Lane, u32)>,
}

impl Notices {
    /// Adds an event that is not a call's. Says whether anything changed.
    pub fn apply(&mut self, record: &Record) -> bool {
        let header = record.header();
        if header.subject.call().is_some() || header.lane == Lane::Wire {
            return false;
        }
        let Some(missing) = self.admit(record) else {
            return false;
        };
        if missing > 0 {
            let text = format!("{missing} events before this one are missing");
            self.push(record, Mark::Bad, text, Vec::new());
        }
        match record.event() {
            Ok(Event::Observation(observation)) => {
                if let Observation::ConfigurationApplied(applied) = &observation {
                    self.trunks = trunks_of(&applied.snapshot);
                }
                if let Some((mark, text, details)) = words(&observation) {
                    self.push(record, mark, text, details);
                }
            }
            Ok(Event::Unknown(unknown)) => {
                let text = format!(
                    "an event of type {}, which this release does not know",
                    unknown.kind
                );
                self.push(record, Mark::Warn, text, Vec::new());
            }
            Ok(Event::Decision(_) | Event::Wire(_)) => {}
            Err(error) => {
                self.push(
                    record,
                    Mark::Bad,
                    format!("an event that cannot be read: {error}"),
                    Vec::new(),
                );
            }
        }
        true
    }

    /// How many events before this one are missing; `None` if it was there already.
    fn admit(&mut self, record: &Record) -> Option<u32> {
        let header = record.header();
        let full = self.next.len() == SUBJECTS_MAX;
        let known = self
            .next
            .iter_mut()
            .find(|(subject, lane, _)| *subject == header.subject && *lane == header.lane);
        let following = header.sequence.saturating_add(1);
        match known {
            Some((_, _, next)) if header.sequence < *next => None,
            Some((_, _, next)) => {
                let missing = header.sequence - *next;
                *next = following;
                Some(missing)
            }
            None if full => None,
            // A subject's first events may be older than the log: nothing is said of them.
            None => {
                self.next
                    .push((header.subject.clone(), header.lane, following));
                Some(0)
            }
        }
    }

    fn push(&mut self, record: &Record, mark: Mark, text: String, details: Vec<(String, String)>) {
        if self.newest.len() == NOTICES_MAX {
            self.newest.pop_front();
        }
        self.count += 1;
        self.newest.push_back(Notice {
            at: record.header().recorded_at,
            subject: plain(&record.subject().to_string()).into_owned(),
            mark,
            text: plain(&text).into_owned(),
            details: details
                .into_iter()
                .map(|(name, value)| (plain(&name).into_owned(), plain(&value).into_owned()))
                .collect(),
            event: record.id(),
        });
    }
}

/// The names of the trunks in a configuration; none if it is written in another form.
fn trunks_of(snapshot: &str) -> Vec<TrunkName> {
    let snapshot: serde_json::Value = serde_json::from_str(snapshot).unwrap_or_default();
    let trunks = snapshot
        .get("trunks")
        .and_then(serde_json::Value::as_object);
    let names = trunks.into_iter().flat_map(|trunks| trunks.keys());
    names
        .take(SUBJECTS_MAX)
        .map(|name| TrunkName::from(name.as_str()))
        .collect()
}

type Words = (Mark, String, Vec<(String, String)>);

fn words(observation: &Observation) -> Option<Words> {
    match observation {
        Observation::SourceRefused(refused) => {
            let answer = match refused.status {
                Some(status) => format!("answered with {status}"),
                None => "not answered".to_owned(),
            };
            let text = format!(
                "{} {} requests from {} are no trunk's: {answer}",
                refused.requests, refused.method, refused.source
            );
            let tried = refused.tried.iter();
            let tried = tried
                .map(|one| (one.candidate.clone(), one.failed.clone()))
                .collect();
            Some((Mark::Warn, text, tried))
        }
        Observation::MessagesMalformed(malformed) => {
            let text = format!(
                "{} messages from {} are no SIP: {}",
                malformed.messages, malformed.source, malformed.error
            );
            Some((Mark::Warn, text, Vec::new()))
        }
        Observation::CallsTurnedAway(away) => {
            let text = format!(
                "{} calls turned away with {}: {}",
                away.calls, away.status, away.cause
            );
            Some((Mark::Bad, text, Vec::new()))
        }
        Observation::TlsRefused(refused) => Some((
            Mark::Bad,
            handshake::what(refused),
            handshake::details(refused),
        )),
        Observation::ConnectionsRefused(refused) => {
            let text = format!(
                "{} connections from {} closed at once: {}",
                refused.connections,
                whose(&refused.source, refused.trunk.as_ref()),
                refused.cause
            );
            Some((Mark::Warn, text, Vec::new()))
        }
        Observation::TrunkRegistered(_)
        | Observation::RegistrationRefused(_)
        | Observation::RegistrationEnded(_)
        | Observation::TrunkBound(_)
        | Observation::TrunkUnbound(_) => registrations::words(observation),
        Observation::TlsReloadFailed(failed) => Some(crate::trunks::reload_failed(failed)),
        Observation::TlsReloaded(reloaded) => {
            let text = format!("TLS uses new files: {}", reloaded.files.join(", "));
            Some((Mark::Ok, text, Vec::new()))
        }
        Observation::CertificateExpiryNoticed(noticed) => Some(crate::trunks::expiry(noticed)),
        Observation::MediaContinued(continued) => {
            let text = format!(
                "{} packets for leg {} of call {} came from {} long after its end",
                continued.packets, continued.leg, continued.call, continued.source
            );
            Some((Mark::Warn, text, Vec::new()))
        }
        Observation::LimitReached(reached) => Some(trunks::limit(reached)),
        Observation::TrunkUp(up) => Some(trunks::up(up)),
        Observation::TrunkDown(down) => Some(trunks::down(down)),
        Observation::EdgeStarted(started) => {
            let text = format!(
                "edge {} listens on {}",
                started.release,
                started.listens.join(", ")
            );
            Some((Mark::Ok, text, Vec::new()))
        }
        Observation::EdgeStopped(stopped) => {
            let text = format!(
                "edge stopped: {}, {} calls ended",
                stopped.cause, stopped.calls_ended
            );
            let mark = if stopped.calls_ended == 0 {
                Mark::Info
            } else {
                Mark::Warn
            };
            Some((mark, text, Vec::new()))
        }
        Observation::ConfigurationApplied(applied) => {
            let text = format!("configuration {:.12} is in force", applied.hash);
            Some((Mark::Info, text, Vec::new()))
        }
        Observation::JournalGapFound(gap) => Some((
            Mark::Bad,
            format!("the log has a hole: {}", gap.missing),
            Vec::new(),
        )),
        // The rest are events of calls, and what the trunks' own view tells.
        _ => None,
    }
}

/// An address, and the trunk that it belongs to.
fn whose(address: &str, trunk: Option<&TrunkName>) -> String {
    match trunk {
        Some(trunk) => format!("{address} (trunk {trunk})"),
        None => address.to_owned(),
    }
}
