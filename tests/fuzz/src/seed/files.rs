//! Seeds that are files: records and segments, from the golden bytes.

use std::path::Path;
use std::{fs, io};

use bytes::Bytes;
use schemas::{CallId, Chain, Draft, Event, Lane, NodeName, Record, Subject, Timestamp};

/// A record of every golden payload, and the golden record.
pub fn golden(root: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for file in fs::read_dir(root.join("schemas/golden"))? {
        let path = file?.path();
        if path.to_string_lossy().ends_with(".postcard.hex") {
            paths.push(path);
        }
    }
    paths.sort();
    let kinds = schemas::type_catalogue();
    let call = CallId::new(1_790_000_000_000, [7; 10]);
    let mut facts = Chain::new(Subject::Call(call), Lane::Facts);
    let mut records = Vec::new();
    for path in paths {
        let octets = hex(&fs::read_to_string(&path)?);
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let Some((name, version)) = name.split_once('.') else {
            continue;
        };
        if name == "Record" {
            records.push(octets);
            continue;
        }
        let version = version
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|text| text.parse().ok());
        let kind = kinds.iter().find(|kind| kind.name == name);
        let (Some(kind), Some(version)) = (kind, version) else {
            continue;
        };
        if let Ok(event) = Event::decode(kind.kind, version, &octets) {
            let draft = Draft {
                because: None,
                producer: NodeName::from("edge-1"),
                recorded_at: Timestamp(1_790_000_000_000_000),
                event,
            };
            records.push(facts.append(draft).bytes().to_vec());
        }
    }
    Ok(records)
}

/// Exported files of few and of all records: as they are, with checksums mended, in a directory, with an index.
pub fn segments(records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let records: Vec<Record> = records
        .iter()
        .filter_map(|octets| Record::read(Bytes::copy_from_slice(octets)).ok())
        .collect();
    let few = journal::export(&records[..records.len().min(4)]);
    let all = journal::export(&records);
    let mut unsealed = few.clone();
    unsealed.truncate(few.len() - 28);
    let mut spaced = unsealed.clone();
    spaced.resize(few.len() + 600, 0);
    let mut seeds = Vec::new();
    for file in [&few, &all, &unsealed, &spaced] {
        for mode in [0, 1, 2, 3] {
            seeds.push([&[mode], &file[..]].concat());
        }
        seeds.push([&[7, 0, 16], &[9; 16][..], file].concat());
    }
    seeds
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter_map(|digit| char::from(digit).to_digit(16)?.try_into().ok())
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}
