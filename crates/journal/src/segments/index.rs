//! Where the records of each subject lie in a segment: in memory while it is written, in a file
//! beside it when it is sealed. An index can always be made again from its segment.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use schemas::{CallId, Hash, LogId, Record};
use serde::{Deserialize, Serialize};

use super::frame::u32_at;
use super::scan::Gap;
use crate::key::Key;

const MAGIC: [u8; 8] = *b"trnkindx";
/// Every how many records the table has a mark to begin a walk at.
const MARK_EVERY: u32 = 128;

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) offset: u32,
    /// Its number minus that of the segment's first record.
    pub(crate) ordinal: u32,
}

/// The index of a segment that still grows.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    places: HashMap<Key, Vec<Place>>,
    marks: Vec<Place>,
    since_mark: u32,
    calls: Option<(CallId, CallId)>,
    newest_ms: i64,
}

/// What is known of a sealed segment without its table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) log: LogId,
    pub(crate) first: u64,
    /// The number behind its last record.
    pub(crate) next: u64,
    pub(crate) last_hash: Hash,
    /// The smallest and the largest call id in it.
    pub(crate) calls: Option<(CallId, CallId)>,
    /// When its newest record was written.
    pub(crate) newest_ms: i64,
    /// How long the file is.
    pub(crate) length: u64,
    pub(crate) gaps: Vec<Gap>,
}

/// The table of a sealed segment: subjects in order, each with a range of places.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    keys: Vec<([u8; 16], u8, u32)>,
    places: Vec<Place>,
    marks: Vec<Place>,
}

impl Growing {
    pub(crate) fn add(&mut self, key: Key, place: Place, record: &Record) {
        self.places.entry(key).or_default().push(place);
        if self.since_mark == 0 {
            self.marks.push(place);
        }
        self.since_mark = (self.since_mark + 1) % MARK_EVERY;
        self.newest_ms = self
            .newest_ms
            .max(record.header().recorded_at.milliseconds());
        if let Some(call) = key.call() {
            self.calls = Some(match self.calls {
                None => (call, call),
                Some((least, most)) => (least.min(call), most.max(call)),
            });
        }
    }

    pub(crate) fn places(&self, key: Key) -> &[Place] {
        self.places.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The last mark at or before a record.
    pub(crate) fn mark(&self, ordinal: u64) -> Option<Place> {
        mark(&self.marks, ordinal)
    }

    pub(crate) fn calls(&self) -> Option<(CallId, CallId)> {
        self.calls
    }

    pub(crate) fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    pub(crate) fn into_table(self) -> Table {
        let mut subjects: Vec<(Key, Vec<Place>)> = self.places.into_iter().collect();
        subjects.sort_unstable_by_key(|(key, _)| (key.id, key.kind));
        let mut table = Table {
            keys: Vec::with_capacity(subjects.len()),
            places: Vec::new(),
            marks: self.marks,
        };
        for (key, places) in subjects {
            table.places.extend_from_slice(&places);
            table.keys.push((key.id, key.kind, count(&table.places)));
        }
        table
    }
}

impl Summary {
    /// Whether the segment may have records of a subject.
    pub(crate) fn may_hold(&self, key: Key) -> bool {
        match (key.call(), self.calls) {
            (Some(call), Some((least, most))) => least <= call && call <= most,
            (Some(_), None) => false,
            (None, _) => true,
        }
    }
}

impl Table {
    pub(crate) fn places(&self, key: Key) -> &[Place] {
        let Ok(found) = self
            .keys
            .binary_search_by_key(&(key.id, key.kind), |(id, kind, _)| (*id, *kind))
        else {
            return &[];
        };
        let end = self.keys[found].2;
        let start = found.checked_sub(1).map_or(0, |before| self.keys[before].2);
        self.places
            .get(index(start)..index(end))
            .unwrap_or_default()
    }

    /// The last mark at or before a record.
    pub(crate) fn mark(&self, ordinal: u64) -> Option<Place> {
        mark(&self.marks, ordinal)
    }
}

/// Writes an index file. It is not synced: one that is cut or old is made again.
pub(crate) fn save(path: &Path, summary: &Summary, table: &Table) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    put(&mut bytes, &encode(summary)?);
    put(&mut bytes, &encode(table)?);
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)?;
    fs::rename(unfinished, path)
}

/// Reads the summary of an index file; `None` if it is none or is damaged.
pub(crate) fn load_summary(path: &Path) -> Option<Summary> {
    use std::io::Read;
    let mut start = [0; 16];
    let mut file = fs::File::open(path).ok()?;
    file.read_exact(&mut start).ok()?;
    if start[..8] != MAGIC {
        return None;
    }
    let mut part = start[8..].to_vec();
    part.resize(8 + index(u32_at(&start, 8)).min(SUMMARY_MAX_BYTES), 0);
    file.read_exact(&mut part[8..]).ok()?;
    let (summary, _) = split(&part)?;
    postcard::from_bytes(summary).ok()
}

/// Reads the table of an index file; `None` if it is none or is damaged.
pub(crate) fn load_table(path: &Path) -> Option<Table> {
    let bytes = fs::read(path).ok()?;
    let parts = bytes.strip_prefix(&MAGIC)?;
    let (_, rest) = split(parts)?;
    let (table, _) = split(rest)?;
    let table: Table = postcard::from_bytes(table).ok()?;
    // The ranges rise and end with the places, so that no lookup can miss one.
    let rising = table.keys.is_sorted_by_key(|(_, _, end)| *end);
    let whole = table.keys.last().map_or(0, |(_, _, end)| *end) == count(&table.places);
    (rising && whole).then_some(table)
}

/// A summary with more than this is not one: it has at most a few gaps.
const SUMMARY_MAX_BYTES: usize = 1 << 20;

fn mark(marks: &[Place], ordinal: u64) -> Option<Place> {
    let behind = marks.partition_point(|mark| u64::from(mark.ordinal) <= ordinal);
    behind.checked_sub(1).map(|at| marks[at])
}

fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(io::Error::other)
}

/// Appends a part: its length, its checksum, its bytes.
fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&count(part).to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(part).to_le_bytes());
    bytes.extend_from_slice(part);
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(8)?;
    let (part, rest) = rest.split_at_checked(index(u32_at(head, 0)))?;
    (crc32c::crc32c(part) == u32_at(head, 4)).then_some((part, rest))
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).expect("a segment has fewer than 2^32 bytes")
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("32 bits fit in a usize")
}

/// The place of a record, from its offset and number.
pub(crate) fn place(first: u64, offset: u64, sequence: u64) -> Place {
    Place {
        offset: u32::try_from(offset).expect("a segment has fewer than 2^32 bytes"),
        ordinal: u32::try_from(sequence - first).expect("a segment has fewer than 2^32 records"),
    }
}

/// How long a segment file may be at most, so that offsets fit.
pub(crate) const SEGMENT_MAX_BYTES: u64 = 1 << 30;

const _: () = assert!(SEGMENT_MAX_BYTES < u32::MAX as u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_last_one_at_or_before() {
        let marks = [0u32, 128, 256].map(|ordinal| Place {
            offset: ordinal * 10,
            ordinal,
        });
        assert_eq!(mark(&marks, 127).map(|found| found.ordinal), Some(0));
        assert_eq!(mark(&marks, 128).map(|found| found.ordinal), Some(128));
        assert_eq!(mark(&[], 5), None);
    }
}
