//! An exported file: one sealed segment with the events and wire messages of a call.

use schemas::{Hash, LogId, Record};

use super::frame::{self, Content, Frame, Kind, SegmentHeader};
use super::scan::to_u64;

/// Writes records, in the order in which they are given, as one sealed segment file (its extension
/// is `.trunkline`). The same records give the same bytes. [`crate::Segments::open_read_only`] reads it.
pub fn export<'r>(records: impl IntoIterator<Item = &'r Record>) -> Vec<u8> {
    let records: Vec<&Record> = records.into_iter().collect();
    let hashes: Vec<u8> = records.iter().flat_map(|record| record.hash().0).collect();
    let mut id = [0; 8];
    id.copy_from_slice(&Hash::of(&hashes).0[..8]);
    let log = LogId(u64::from_le_bytes(id));
    let newest = records
        .iter()
        .map(|record| record.header().recorded_at.milliseconds());
    let header = SegmentHeader {
        content: Content::Export,
        log,
        first: 1,
        created_ms: newest.max().unwrap_or(0),
        previous: Hash::ZERO,
    };
    let mut bytes = header.encode().to_vec();
    let seed = frame::seed(log);
    let mut sequence = 1;
    for record in &records {
        let frame = Frame {
            kind: Kind::Record,
            sequence,
            batch: 0,
        };
        frame::put(&mut bytes, seed, frame, record.bytes());
        sequence += 1;
    }
    let seal = Frame {
        kind: Kind::Seal,
        sequence,
        batch: 0,
    };
    let count = to_u64(records.len());
    frame::put(&mut bytes, seed, seal, &count.to_le_bytes());
    bytes
}
