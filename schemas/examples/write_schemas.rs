//! Writes `json/` anew, and the golden files and lock entries that do not exist yet.
//!
//! What stands in `golden/` is never overwritten: it is the bytes that a released build has written.
//! The one exception has to be asked for by name, for a version that no release has written yet:
//! `cargo run -p trunkline-schemas --example write_schemas -- --unreleased CommandFailed.v1`.

#![expect(clippy::print_stdout, reason = "a command tells what it did")]

#[path = "../tests/vocabulary/files.rs"]
mod files;
#[path = "../tests/vocabulary/samples/mod.rs"]
mod samples;

use std::fs;
use std::path::Path;

use files::{Locked, folder, hex_path, json_path};
use serde::Serialize;
use serde_json::Value;
use trunkline_schemas::{json_schema, type_catalogue};

fn main() {
    fs::create_dir_all(folder("golden")).expect("schemas/golden can be made");
    fs::create_dir_all(folder("json")).expect("schemas/json can be made");
    let mut arguments = std::env::args().skip(1);
    let unreleased: Vec<String> = match arguments.next().as_deref() {
        None => Vec::new(),
        Some("--unreleased") => arguments.collect(),
        Some(other) => panic!("{other:?} is unknown; there is only --unreleased NAME.vN …"),
    };
    let written = write_golden(&unreleased);
    let changed = write_json_schema();
    println!("{written} new golden files, {changed} changed files in schemas/json");
}

fn write_golden(unreleased: &[String]) -> usize {
    let mut lock = files::read_lock();
    let mut written = 0;
    for sample in samples::all() {
        let stem = sample.stem();
        let path = hex_path(&stem);
        let locked = lock.contains_key(&stem);
        if (locked || path.exists()) && !unreleased.contains(&stem) {
            assert!(
                locked && path.exists(),
                "golden/{stem} stands in only one of the folder and lock.json: restore both from git"
            );
            continue;
        }
        let cases: Vec<Vec<u8>> = sample
            .cases
            .iter()
            .map(|case| case.payload.clone())
            .collect();
        let json: Vec<&Value> = sample.cases.iter().map(|case| &case.json).collect();
        fs::write(&path, files::to_hex_lines(cases.iter().map(Vec::as_slice)))
            .unwrap_or_else(|error| panic!("cannot write {path:?}: {error}"));
        write_json(&json_path(&stem), &json);
        read_back(&sample);
        lock.insert(stem, locked_now(&sample, &cases));
        written += 1;
    }
    let records = files::golden_records();
    if !hex_path("Record.v1").exists() {
        let lines = files::to_hex_lines(records.iter().map(|record| &record.bytes()[..]));
        fs::write(hex_path("Record.v1"), lines).expect("schemas/golden can be written");
        let json: Vec<Value> = records.iter().map(files::record_json).collect();
        write_json(&json_path("Record.v1"), &json);
        written += 1;
    }
    write_json(&folder("golden").join("lock.json"), &lock);
    written
}

/// What was written must mean what the sample says: golden bytes are for ever.
fn read_back(sample: &samples::Sample) {
    let stem = sample.stem();
    let golden = files::read_hex_lines(&hex_path(&stem)).expect("the bytes were written");
    let json = files::read_cases(&json_path(&stem)).expect("the JSON was written");
    for ((bytes, json), case) in golden.iter().zip(&json).zip(&sample.cases) {
        assert_eq!(*json, case.json, "{stem}");
        let read = samples::decode(sample.kind, sample.version, bytes);
        assert_eq!(read, Ok(Some(case.today.clone())), "{stem}");
    }
}

fn locked_now(sample: &samples::Sample, cases: &[Vec<u8>]) -> Locked {
    let info = type_catalogue()
        .into_iter()
        .find(|info| info.kind == sample.kind);
    let today = info.filter(|info| info.version == sample.version);
    Locked {
        kind: sample.kind,
        golden: files::golden_hash(cases),
        schema: today.map(|info| files::layout_hash(&info)),
    }
}

fn write_json_schema() -> usize {
    let mut changed = 0;
    let wanted = json_schema();
    for file in fs::read_dir(folder("json"))
        .expect("schemas/json can be read")
        .flatten()
    {
        let name = file.file_name().to_string_lossy().into_owned();
        if !wanted.iter().any(|(wanted, _)| *wanted == name) {
            fs::remove_file(file.path()).expect("schemas/json can be written");
            changed += 1;
        }
    }
    for (name, value) in wanted {
        let path = folder("json").join(name);
        let before = fs::read(&path).ok();
        write_json(&path, &value);
        changed += usize::from(before != fs::read(&path).ok());
    }
    changed
}

fn write_json(path: &Path, value: &impl Serialize) {
    let mut text = serde_json::to_string_pretty(value).expect("a value has a JSON form");
    text.push('\n');
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {path:?}: {error}"));
}
