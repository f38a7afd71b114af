//! The bytes of a segment file from anybody: as one file or in a log's directory, with and without right checksums.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use journal::{Archive, Filter, Stream};
use libfuzzer_sys::fuzz_target;
use trunkline_fuzz::{Octets, mend};

/// No file of this size holds more entries and damaged places.
const ENTRIES_MAX: usize = 1 << 16;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    // Memory is faster than a disk, where there is such a place.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    folder.expect("a folder for the file")
});

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let mode = octets.octet();
    let index = if mode & 4 == 4 { octets.text() } else { &[] };
    let mut file = octets.rest().to_vec();
    if mode & 1 == 1 {
        mend::checksums(&mut file);
    }
    let path = if mode & 2 == 2 {
        directory(&file, index)
    } else {
        single(&file)
    };
    if let Ok(archive) = Archive::open(&path) {
        read(&archive);
    }
});

fn single(file: &[u8]) -> PathBuf {
    let path = FOLDER.path().join("call.trunkline");
    fs::write(&path, file).expect("the file is written");
    path
}

/// A log of two segments, the damaged one in front, with an index beside it that may be damaged as well.
fn directory(file: &[u8], index: &[u8]) -> PathBuf {
    let log = FOLDER.path().join("log");
    for (stream, content) in [("events", 1), ("wire", 2)] {
        let folder = log.join(stream);
        fs::create_dir_all(&folder).expect("the folder is made");
        let mut file = file.to_vec();
        // An exported file becomes one of a log.
        if let Some(octet) = file.get_mut(10) {
            *octet = content;
        }
        if file.len() >= 76 {
            let sum = crc32c::crc32c(&file[..72]);
            file[72..76].copy_from_slice(&sum.to_le_bytes());
        }
        fs::write(folder.join("00000000000000000001.segment"), &file).expect("the file is written");
        let at = folder.join("00000000000000000001.index");
        if index.is_empty() {
            let _ = fs::remove_file(at);
        } else {
            fs::write(at, index).expect("the index is written");
        }
    }
    log
}

fn read(archive: &Archive) {
    let _ = format!("{:?}", archive.report());
    for stream in [Stream::Events, Stream::Wire] {
        let mut entries = archive.entries(stream, Filter::ALL);
        let mut calls = Vec::new();
        let mut last = 0;
        for (count, entry) in entries.by_ref().enumerate() {
            assert!(count < ENTRIES_MAX, "reading does not end");
            let Ok(entry) = entry else {
                continue;
            };
            let sequence = entry.position.sequence;
            assert!(sequence > last, "{sequence} behind {last}");
            last = sequence;
            let _ = (entry.record.event(), entry.record.check());
            if calls.len() < 4 {
                calls.push(entry.record.subject().clone());
            }
        }
        let _ = entries.progress();
        for subject in calls {
            let _ = archive.subject(&subject);
            if let Some(call) = subject.call() {
                let _ = archive.wire(call);
            }
        }
    }
}
