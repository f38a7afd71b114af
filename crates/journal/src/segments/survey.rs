//! A walk over one whole segment: its index, its lanes, its damage and its end.

use std::fs::File;
use std::path::Path;

use schemas::{Hash, Position};

use super::frame::{HEADER_BYTES, SegmentHeader};
use super::index::{self, Growing};
use super::recent::Recent;
use super::scan::{Gap, Scan, Step, to_u64};
use crate::Error;
use crate::key::Key;
use crate::lanes::Lanes;
use crate::tail::Tail;

/// Everything that a walk over one segment found.
pub(crate) struct Survey {
    pub(crate) growing: Growing,
    pub(crate) lanes: Lanes,
    pub(crate) recent: Recent,
    pub(crate) gaps: Vec<Gap>,
    /// The number behind the last record, and that record's hash.
    pub(crate) next: u64,
    pub(crate) last_hash: Hash,
    /// Where the readable part ends, and how many bytes behind it are none of ours.
    pub(crate) end: u64,
    pub(crate) rest: u64,
    pub(crate) is_sealed: bool,
    /// The number at which the last write began; the largest number if a mark or seal followed it.
    pub(crate) last_batch: u64,
}

/// Reads a whole segment.
pub(crate) fn survey(file: &File, path: &Path, header: &SegmentHeader) -> Result<Survey, Error> {
    let length = file.metadata().map_err(Error::io("read", path))?.len();
    survey_until(file, path, header, length)
}

/// Reads a segment up to an offset.
pub(crate) fn survey_until(
    file: &File,
    path: &Path,
    header: &SegmentHeader,
    end: u64,
) -> Result<Survey, Error> {
    let start = to_u64(HEADER_BYTES);
    let mut survey = Survey {
        growing: Growing::default(),
        lanes: Lanes::default(),
        recent: Recent::default(),
        gaps: Vec::new(),
        next: header.first,
        last_hash: header.previous,
        end: start,
        rest: 0,
        is_sealed: false,
        last_batch: 0,
    };
    let mut scan = Scan::new(file, header.log, start, end, header.first);
    loop {
        match scan.next().map_err(Error::io("read", path))? {
            Step::Record(found) => {
                let record = found.record;
                let position = Position {
                    log: header.log,
                    sequence: found.sequence,
                    hash: record.hash(),
                };
                let key = Key::of(record.subject());
                let place = index::place(header.first, found.offset, found.sequence);
                survey.growing.add(key, place, &record);
                survey
                    .lanes
                    .set((key, record.lane()), Tail::of(&record, position));
                survey.next = found.sequence + 1;
                survey.last_hash = record.hash();
                survey.last_batch = found.batch_first;
            }
            Step::Mark => survey.last_batch = u64::MAX,
            Step::Damage(gap) => {
                survey.gaps.push(gap);
                survey.next = gap.next;
            }
            Step::Seal => {
                survey.is_sealed = true;
                survey.last_batch = u64::MAX;
                survey.end = scan.offset();
                return Ok(survey);
            }
            Step::End { at, rest } => {
                survey.end = at;
                survey.rest = rest;
                return Ok(survey);
            }
        }
    }
}

impl Survey {
    /// The first damage inside the last write, if there is any: nothing of that write was confirmed.
    pub(crate) fn torn(&self) -> Option<Gap> {
        let torn = |gap: &&Gap| gap.first >= self.last_batch;
        self.gaps.iter().find(torn).copied()
    }

    /// What is unreadable in a segment that is followed by another one.
    pub(crate) fn gaps_with_rest(&self) -> Vec<Gap> {
        let mut gaps = self.gaps.clone();
        if self.rest > 0 {
            gaps.push(Gap {
                offset: self.end,
                bytes: self.rest,
                first: self.next,
                next: self.next,
            });
        }
        gaps
    }
}
