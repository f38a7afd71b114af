//! The committed files: where they lie, what they hold and how they are written.
//!
//! `golden/` is append-only. `golden/lock.json` keeps a hash of each golden file and of the structure
//! of each type's JSON Schema. `json/` is generated and overwritten.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_schemas::{
    CallId, Chain, Draft, Event, Hash, Lane, NodeName, Record, Subject, Timestamp, TrunkName,
    TypeInfo, Unknown,
};

/// What the lock knows of one type in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// The type's number.
    pub kind: u16,
    /// SHA-256 of its golden bytes, over all cases.
    pub golden: String,
    /// SHA-256 of its JSON Schema without the words; absent for a version that was old already when
    /// the lock was made.
    pub schema: Option<String>,
}

/// The lock: `LegFailed.v1` → what is known of it.
pub type Lock = BTreeMap<String, Locked>;

pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub fn hex_path(stem: &str) -> PathBuf {
    folder("golden").join(format!("{stem}.postcard.hex"))
}

pub fn json_path(stem: &str) -> PathBuf {
    folder("golden").join(format!("{stem}.json"))
}

pub fn read_lock() -> Lock {
    let Ok(text) = fs::read_to_string(folder("golden").join("lock.json")) else {
        return Lock::new();
    };
    serde_json::from_str(&text).expect("golden/lock.json is a lock")
}

/// One line of hexadecimal digits for each case.
pub fn to_hex_lines<'a>(cases: impl Iterator<Item = &'a [u8]>) -> String {
    cases
        .map(|bytes| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                + "\n"
        })
        .collect()
}

pub fn read_hex_lines(path: &Path) -> Option<Vec<Vec<u8>>> {
    let text = fs::read_to_string(path).ok()?;
    Some(
        text.lines()
            .map(|line| from_hex(line).unwrap_or_else(|| panic!("{path:?} is no hexadecimal text")))
            .collect(),
    )
}

pub fn read_cases(path: &Path) -> Option<Vec<Value>> {
    let text = fs::read_to_string(path).ok()?;
    Some(
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("cannot read {path:?}: {error}")),
    )
}

/// The hash that the lock keeps of golden bytes.
pub fn golden_hash(cases: &[Vec<u8>]) -> String {
    Hash::of(to_hex_lines(cases.iter().map(Vec::as_slice)).as_bytes()).to_string()
}

/// The hash that the lock keeps of a JSON Schema: names, types, formats, order of variants; no words.
pub fn structure_hash(schema: &Value) -> String {
    Hash::of(canonical(&structure(schema, Place::Schema)).as_bytes()).to_string()
}

/// The hash of what is stored of a type. A decision holds its commands and conclusions as items with numbers and versions
/// of their own (`Item`), each of which is locked by itself: what they are is no part
/// of its layout.
pub fn layout_hash(info: &TypeInfo) -> String {
    let mut schema = info.schema.clone().to_value();
    if info.name == "Decision" {
        for items in ["commands", "conclusions"] {
            schema["properties"][items]["items"] = Value::from("an item");
        }
        let definitions = schema["$defs"].as_object_mut();
        definitions
            .expect("a decision names other types")
            .retain(|name, _| name == "Hash");
    }
    structure_hash(&schema)
}

/// Records of every subject and lane, as they were written on the day the envelope was frozen. Their
/// payloads are of a type that no release knows, so that no change of a type touches them.
pub fn golden_records() -> Vec<Record> {
    let call = Subject::Call(CallId::new(
        1_795_244_400_123,
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    ));
    let trunk = Subject::Trunk(TrunkName::from("office-cube"));
    let node = Subject::Node(NodeName::from("edge-1"));
    let mut facts = Chain::new(call.clone(), Lane::Facts);
    let first = facts.append(draft("edge-1", b"an observation"));
    let second = facts.append(draft("edge-1", b""));
    let answer = Draft {
        because: Some(first.id()),
        ..draft("control-a", b"a decision")
    };
    let late = Draft {
        because: Some(second.id()),
        ..draft("control-a", &[0x5a; 200])
    };
    let before_1970 = Draft {
        recorded_at: Timestamp(-1),
        ..draft("edge-1", b"a clock")
    };
    let mut records = vec![first, second];
    records.push(Chain::new(call.clone(), Lane::Decisions).append(answer));
    records.push(Chain::new(call.clone(), Lane::Requests).append(late));
    records.push(Chain::new(call, Lane::Wire).append(draft("edge-1", b"a message")));
    records.push(Chain::new(trunk, Lane::Facts).append(draft("edge-1", b"a trunk")));
    records.push(Chain::new(node, Lane::Facts).append(before_1970));
    records
}

fn draft(producer: &str, payload: &[u8]) -> Draft {
    let unknown = Unknown {
        kind: 60_000,
        version: 7,
        payload: payload.to_vec(),
    };
    Draft {
        because: None,
        producer: NodeName::from(producer),
        recorded_at: Timestamp(1_795_244_400_123_456),
        event: Event::Unknown(unknown),
    }
}

/// What a golden record is in JSON.
pub fn record_json(record: &Record) -> Value {
    serde_json::json!({
        "hash": record.hash(),
        "header": record.header(),
        "payload_bytes": record.payload().len(),
        "partition": record.subject().call().map(|call| call.partition()),
    })
}

#[derive(Clone, Copy)]
enum Place {
    /// A schema, whose keys are keywords.
    Schema,
    /// A map of `properties` or `$defs`, whose keys are names.
    Names,
}

/// A schema without its words: a better sentence is no change of the layout.
fn structure(value: &Value, place: Place) -> Value {
    match (value, place) {
        (Value::Object(map), Place::Names) => map
            .iter()
            .map(|(name, schema)| (name.clone(), structure(schema, Place::Schema)))
            .collect(),
        (Value::Object(map), Place::Schema) => map
            .iter()
            .filter(|(key, _)| !["title", "description", "$schema"].contains(&key.as_str()))
            .map(|(key, inner)| {
                let names = ["properties", "$defs"].contains(&key.as_str());
                let place = if names { Place::Names } else { Place::Schema };
                (key.clone(), structure(inner, place))
            })
            .collect(),
        (Value::Array(items), _) => items
            .iter()
            .map(|item| structure(item, Place::Schema))
            .collect(),
        (leaf, _) => leaf.clone(),
    }
}

/// JSON with sorted keys, whatever features serde_json is built with.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, String> = map
                .iter()
                .map(|(key, inner)| (key, canonical(inner)))
                .collect();
            let fields: Vec<String> = sorted
                .iter()
                .map(|(key, inner)| format!("{key:?}:{inner}"))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(canonical).collect::<Vec<_>>().join(",")
            )
        }
        leaf => leaf.to_string(),
    }
}

fn from_hex(line: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = line.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    if digits.len() % 2 == 1 {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}
