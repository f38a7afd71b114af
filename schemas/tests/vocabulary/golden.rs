//! Bytes that were ever written are read for ever, and today's writer writes them.

use std::collections::BTreeSet;

use trunkline_schemas::{Record, type_catalogue};

use crate::{files, samples};

#[test]
fn every_version_of_every_type_has_a_sample() {
    let have: BTreeSet<(u16, u16)> = samples::all()
        .iter()
        .map(|sample| (sample.kind, sample.version))
        .collect();
    for info in type_catalogue() {
        for version in 1..=info.version {
            assert!(
                have.contains(&(info.kind, version)),
                "{} has no sample of version {version}: add one in \
                 schemas/tests/vocabulary/samples, then run\n    {}",
                info.name,
                crate::lock::REGENERATE,
            );
        }
    }
}

#[test]
fn golden_bytes_read_as_the_samples_say() {
    for sample in samples::all() {
        let stem = sample.stem();
        let golden = golden_bytes(&stem);
        let json =
            files::read_cases(&files::json_path(&stem)).expect("a JSON file beside the bytes");
        assert_eq!(golden.len(), sample.cases.len(), "{stem}: cases");
        assert_eq!(
            json.len(),
            sample.cases.len(),
            "{stem}: cases of the JSON file"
        );
        for ((bytes, json), case) in golden.iter().zip(json).zip(&sample.cases) {
            assert_eq!(json, case.json, "{stem}: JSON form");
            let read = samples::decode(sample.kind, sample.version, bytes);
            assert_eq!(
                read,
                Ok(Some(case.today.clone())),
                "{stem}: in today's words"
            );
        }
    }
}

#[test]
fn todays_writer_writes_the_golden_bytes() {
    for sample in samples::all() {
        let stem = sample.stem();
        for (golden, case) in golden_bytes(&stem).iter().zip(&sample.cases) {
            assert_eq!(
                *golden,
                case.payload,
                "{stem} is written in other bytes than those in golden/{stem}.postcard.hex. Stored \
                 events would be misread. {}",
                crate::lock::HOW_TO_CHANGE,
            );
        }
    }
}

#[test]
fn nothing_stands_in_golden_that_no_sample_reads() {
    let known: BTreeSet<String> = samples::all().iter().map(samples::Sample::stem).collect();
    for file in std::fs::read_dir(files::folder("golden"))
        .expect("the folder is there")
        .flatten()
    {
        let name = file.file_name().to_string_lossy().into_owned();
        let stem = name
            .trim_end_matches(".postcard.hex")
            .trim_end_matches(".json");
        assert!(
            known.contains(stem) || ["Record.v1", "lock"].contains(&stem),
            "golden/{name} has no sample: was a type or an old version dropped? Its events are in logs"
        );
    }
}

#[test]
fn golden_records_are_read_and_written_as_on_the_first_day() {
    let golden = golden_bytes("Record.v1");
    let json = files::read_cases(&files::json_path("Record.v1")).expect("a JSON file");
    let today = files::golden_records();
    assert_eq!((golden.len(), json.len()), (today.len(), today.len()));
    for ((bytes, json), today) in golden.into_iter().zip(json).zip(today) {
        assert_eq!(bytes, *today.bytes(), "the envelope is frozen: {today:?}");
        let record = Record::read(bytes.into()).expect("a golden record reads");
        assert_eq!(files::record_json(&record), json);
        assert_eq!(record.check(), Ok(()));
        assert_eq!(record, today);
    }
}

fn golden_bytes(stem: &str) -> Vec<Vec<u8>> {
    files::read_hex_lines(&files::hex_path(stem)).unwrap_or_else(|| {
        panic!(
            "golden/{stem}.postcard.hex is missing: run\n    {}",
            crate::lock::REGENERATE
        )
    })
}
