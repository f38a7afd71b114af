//! The schema lock: a layout does not change without a new version.

use trunkline_schemas::type_catalogue;

use crate::{files, samples};

/// Writes `json/` anew and the golden files that do not exist yet.
pub const REGENERATE: &str = "cargo run -p trunkline-schemas --example write_schemas";

/// What to do instead of changing a type in its place.
pub const HOW_TO_CHANGE: &str = "A stored layout never changes. Do this:\n\
    1. copy the old struct to schemas/src/version.rs as <Name>V<old version>;\n\
    2. give the type the next number in its `vocabulary!` table: `=> <Name> : <new version>`;\n\
    3. write the `Lift` that reads the old one as the new one;\n\
    4. turn its sample into an `old(…)` and add one of the new version (schemas/tests/vocabulary/samples);\n\
    5. cargo run -p trunkline-schemas --example write_schemas\n\
    What cannot be lifted without inventing something is a new type.\n\
    Only a version that no release has written may be replaced: … write_schemas -- --unreleased <Name>.v<N>";

#[test]
fn no_layout_changes_without_a_new_version() {
    let lock = files::read_lock();
    for info in type_catalogue() {
        let stem = format!("{}.v{}", info.name, info.version);
        let locked = lock.get(&stem).unwrap_or_else(|| {
            panic!("{stem} is not in golden/lock.json: run\n    {}", REGENERATE)
        });
        assert_eq!(
            locked.kind, info.kind,
            "{stem} has another number. {HOW_TO_CHANGE}"
        );
        assert_eq!(
            locked.schema,
            Some(files::layout_hash(&info)),
            "{stem} has another layout than the one that is locked under this version. \
             {HOW_TO_CHANGE}",
        );
    }
}

#[test]
fn golden_bytes_are_append_only() {
    for (stem, locked) in files::read_lock() {
        let cases = files::read_hex_lines(&files::hex_path(&stem)).unwrap_or_else(|| {
            panic!(
                "golden/{stem}.postcard.hex is gone; restore it: its bytes are in somebody's log"
            )
        });
        assert_eq!(
            files::golden_hash(&cases),
            locked.golden,
            "golden/{stem}.postcard.hex was changed; restore it: golden bytes are append-only",
        );
    }
}

#[test]
fn a_number_is_never_given_to_another_type() {
    let catalogue = type_catalogue();
    for (stem, locked) in files::read_lock() {
        let name = stem.split(".v").next().unwrap_or_default();
        let owner = catalogue
            .iter()
            .find(|info| info.kind == locked.kind)
            .map(|info| info.name);
        assert_eq!(
            owner,
            Some(name),
            "the number {} belongs to {name}",
            locked.kind
        );
    }
    let mut kinds: Vec<u16> = catalogue.iter().map(|info| info.kind).collect();
    kinds.dedup();
    assert_eq!(
        kinds.len(),
        catalogue.len(),
        "two types have one number: {kinds:?}"
    );
}

#[test]
fn words_are_no_layout_but_types_names_and_order_are() {
    let schema = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
        files::structure_hash(&value)
    };
    let one = schema(r#"{"title":"A","properties":{"leg":{"type":"integer","format":"uint16"}}}"#);
    let words = schema(
        r#"{"title":"B","description":"x","properties":{"leg":{"format":"uint16","type":"integer","description":"y"}}}"#,
    );
    let wider =
        schema(r#"{"title":"A","properties":{"leg":{"type":"integer","format":"uint32"}}}"#);
    let named =
        schema(r#"{"title":"A","properties":{"title":{"type":"integer","format":"uint16"}}}"#);
    assert_eq!(one, words);
    assert_ne!(one, wider);
    assert_ne!(one, named, "a property may be called `title`");
    assert_ne!(
        schema(r#"{"enum":["Udp","Tcp"]}"#),
        schema(r#"{"enum":["Tcp","Udp"]}"#)
    );
}

#[test]
fn every_sample_is_of_a_locked_version() {
    let lock = files::read_lock();
    for sample in samples::all() {
        let stem = sample.stem();
        assert!(
            lock.contains_key(&stem),
            "{stem} is not locked: run\n    {}",
            REGENERATE
        );
    }
}
