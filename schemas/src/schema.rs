//! The vocabulary for readers in other languages: a catalogue of types and a JSON Schema of each.

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::{Value, json};

use crate::{Command, Conclusion, Decision, Header, Observation, WireMessage};

/// A type of the vocabulary.
#[derive(Clone, Debug)]
pub struct TypeInfo {
    /// The number in a header.
    pub kind: u16,
    /// The version that is written today.
    pub version: u16,
    /// The name.
    pub name: &'static str,
    /// The JSON Schema of its JSON form.
    pub schema: Schema,
}

impl TypeInfo {
    pub(crate) fn of<T: JsonSchema>(kind: u16, version: u16, name: &'static str) -> TypeInfo {
        TypeInfo {
            kind,
            version,
            name,
            schema: schema_for!(T),
        }
    }
}

/// Every type that can stand in a record or in a decision, by number.
pub fn type_catalogue() -> Vec<TypeInfo> {
    let mut all = Observation::catalogue();
    all.push(TypeInfo::of::<Decision>(
        Decision::KIND,
        Decision::VERSION,
        "Decision",
    ));
    all.push(TypeInfo::of::<WireMessage>(
        WireMessage::KIND,
        WireMessage::VERSION,
        "WireMessage",
    ));
    all.extend(Command::catalogue());
    all.extend(Conclusion::catalogue());
    all.sort_by_key(|info| info.kind);
    all
}

/// The files of `schemas/json` by name: one for the header, one for each type, and an index.
pub fn json_schema() -> Vec<(String, Value)> {
    let catalogue = type_catalogue();
    let index = catalogue
        .iter()
        .map(|info| json!({"kind": info.kind, "version": info.version, "name": info.name}))
        .collect::<Vec<_>>();
    let mut files = vec![
        (
            "index.json".to_owned(),
            json!({"envelope": crate::ENVELOPE_VERSION, "types": index}),
        ),
        ("Header.json".to_owned(), schema_for!(Header).to_value()),
    ];
    for info in catalogue {
        files.push((format!("{}.json", info.name), info.schema.to_value()));
    }
    files
}
