//! Realistic samples of every type of the vocabulary in every version that was ever written.
//!
//! A type with an enum in it has one sample for each variant, so that the golden bytes hold every
//! number that postcard gives out.

mod call;
mod decisions;
mod dial;
mod invite;
mod media;
mod node;
mod recording;
mod registration;
mod stream;
mod tls;

use std::collections::BTreeMap;

use schemas::{Command, Conclusion, Event, Observation, type_catalogue};
use serde::Serialize;
use serde_json::Value;
use trunkline_schemas as schemas;

/// All samples of one (type, version), in the order in which they stand in its golden file.
pub struct Sample {
    /// The type's number.
    pub kind: u16,
    /// The version.
    pub version: u16,
    /// The type's name.
    pub name: &'static str,
    /// The samples.
    pub cases: Vec<Case>,
}

/// One value.
pub struct Case {
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Its JSON form in its own version.
    pub json: Value,
    /// Its JSON form in today's version.
    pub today: Value,
}

impl Sample {
    /// The beginning of the names of its golden files: `LegFailed.v1`.
    pub fn stem(&self) -> String {
        format!("{}.v{}", self.name, self.version)
    }
}

/// Every sample by (number, version).
pub fn all() -> Vec<Sample> {
    let names: BTreeMap<u16, &'static str> = type_catalogue()
        .iter()
        .map(|info| (info.kind, info.name))
        .collect();
    let mut samples: BTreeMap<(u16, u16), Sample> = BTreeMap::new();
    let lists = [
        call::samples(),
        invite::samples(),
        media::samples(),
        node::samples(),
        recording::samples(),
        registration::samples(),
        stream::samples(),
        tls::samples(),
        decisions::samples(),
    ];
    for (kind, version, case) in lists.into_iter().flatten() {
        let sample = samples.entry((kind, version)).or_insert_with(|| Sample {
            kind,
            version,
            name: names[&kind],
            cases: Vec::new(),
        });
        sample.cases.push(case);
    }
    samples.into_values().collect()
}

/// Reads stored bytes and gives the JSON form in today's words; `None` for what is not known.
pub fn decode(kind: u16, version: u16, payload: &[u8]) -> Result<Option<Value>, String> {
    let tell = |error: schemas::DecodeError| error.to_string();
    Ok(match kind {
        500..=599 => Command::decode(kind, version, payload)
            .map_err(tell)?
            .map(|it| inner(&it)),
        600..=699 => Conclusion::decode(kind, version, payload)
            .map_err(tell)?
            .map(|it| inner(&it)),
        _ => match Event::decode(kind, version, payload).map_err(tell)? {
            Event::Observation(observation) => Some(inner(&observation)),
            Event::Decision(decision) => Some(json(&decision)),
            Event::Wire(message) => Some(json(&message)),
            Event::Unknown(_) => None,
        },
    })
}

/// An item of a sample list: number, version, value.
type Listed = (u16, u16, Case);

fn observation(value: impl Into<Observation>) -> Listed {
    let value = value.into();
    let today = inner(&value);
    written_today(value.encode(), today)
}

fn command(value: impl Into<Command>) -> Listed {
    let value = value.into();
    let today = inner(&value);
    written_today(value.encode(), today)
}

fn conclusion(value: impl Into<Conclusion>) -> Listed {
    let value = value.into();
    let today = inner(&value);
    written_today(value.encode(), today)
}

fn event(value: impl Into<Event>) -> Listed {
    let value = value.into();
    let today = json(&value);
    written_today(value.encode(), today)
}

/// A value of an old version and what it means today.
fn old<Old: Serialize>(version: u16, value: &Old, today: impl Into<Observation>) -> Listed {
    let today = today.into();
    let (kind, newest, _) = today.encode();
    written_before((kind, version, newest), value, inner(&today))
}

/// The same for a command.
fn old_command<Old: Serialize>(version: u16, value: &Old, today: impl Into<Command>) -> Listed {
    let today = today.into();
    let (kind, newest, _) = today.encode();
    written_before((kind, version, newest), value, inner(&today))
}

fn written_before<Old: Serialize>(
    (kind, version, newest): (u16, u16, u16),
    value: &Old,
    today: Value,
) -> Listed {
    assert!(
        version < newest,
        "version {version} of {kind} is no old one"
    );
    let payload = postcard::to_allocvec(value).expect("a sample encodes");
    let json = json(value);
    (
        kind,
        version,
        Case {
            payload,
            json,
            today,
        },
    )
}

fn written_today((kind, version, payload): (u16, u16, Vec<u8>), today: Value) -> Listed {
    let json = today.clone();
    (
        kind,
        version,
        Case {
            payload,
            json,
            today,
        },
    )
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("a sample has a JSON form")
}

fn inner(tagged: &impl Serialize) -> Value {
    json(tagged)["data"].take()
}
