//! The JSON form and its schemas, for readers in other languages.

use std::collections::BTreeSet;

use serde_json::Value;
use trunkline_schemas::{Command, Conclusion, Event, Observation, json_schema, type_catalogue};

use crate::{files, samples};

#[test]
fn the_committed_json_schemas_are_those_of_the_types() {
    for (name, value) in json_schema() {
        let path = files::folder("json").join(&name);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let committed: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(
            committed,
            value,
            "json/{name} has drifted: run\n    {}",
            crate::lock::REGENERATE
        );
    }
    let wanted: BTreeSet<String> = json_schema().into_iter().map(|(name, _)| name).collect();
    let have: BTreeSet<String> = std::fs::read_dir(files::folder("json"))
        .expect("the folder is there")
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        have,
        wanted,
        "json/ has drifted: run\n    {}",
        crate::lock::REGENERATE
    );
}

#[test]
fn the_json_form_loses_nothing() {
    for sample in samples::all() {
        let newest = type_catalogue()
            .into_iter()
            .find(|info| info.kind == sample.kind)
            .expect("every sample's type is in the catalogue")
            .version;
        if sample.version != newest {
            continue;
        }
        for case in &sample.cases {
            let back = encode_json(sample.kind, sample.name, &case.json);
            assert_eq!(back, Ok(case.payload.clone()), "{}", sample.stem());
        }
    }
}

#[test]
fn patterns_of_ids_are_regular_expressions_that_ids_match() {
    let hash = &type_catalogue()
        .into_iter()
        .find(|info| info.name == "ConfigurationApplied")
        .expect("it is in the catalogue")
        .schema
        .to_value()["$defs"]["Hash"]["pattern"];
    assert_eq!(hash, "^([0-9a-f]{2}){32}$");
}

/// Reads a JSON form in today's version and encodes it.
fn encode_json(kind: u16, name: &str, data: &Value) -> Result<Vec<u8>, String> {
    let tagged = serde_json::json!({"type": name, "data": data});
    let tell = |error: serde_json::Error| error.to_string();
    Ok(match kind {
        300 => {
            Event::Decision(serde_json::from_value(data.clone()).map_err(tell)?)
                .encode()
                .2
        }
        400 => {
            Event::Wire(serde_json::from_value(data.clone()).map_err(tell)?)
                .encode()
                .2
        }
        500..=599 => {
            serde_json::from_value::<Command>(tagged)
                .map_err(tell)?
                .encode()
                .2
        }
        600..=699 => {
            serde_json::from_value::<Conclusion>(tagged)
                .map_err(tell)?
                .encode()
                .2
        }
        _ => {
            serde_json::from_value::<Observation>(tagged)
                .map_err(tell)?
                .encode()
                .2
        }
    })
}
