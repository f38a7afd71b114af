//! Reads the frames of one segment file one after the other, and finds the way behind damage.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use schemas::{LogId, Record};

use super::frame::{self, FRAME_BYTES, Found, Kind};

/// How much is read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Walks over a segment file.
pub(crate) struct Scan<'f> {
    file: &'f File,
    seed: u32,
    /// Where the file ends, or the part of it that is durable.
    end: u64,
    at: u64,
    /// The number that the next record must have.
    expected: u64,
    buffer: Vec<u8>,
    buffer_at: u64,
}

/// What the scan met.
pub(crate) enum Step {
    /// A record.
    Record(Scanned),
    /// A mark or the seal: nothing for readers.
    Mark,
    /// The seal: nothing follows.
    Seal,
    /// Unreadable bytes, and behind them something that can be read.
    Damage(Gap),
    /// Nothing more can be read: from `at` on there are `rest` bytes that are not zero padding.
    End { at: u64, rest: u64 },
}

/// A record where it lies.
pub(crate) struct Scanned {
    pub(crate) offset: u64,
    pub(crate) sequence: u64,
    /// The number of the first record of the same write.
    pub(crate) batch_first: u64,
    pub(crate) record: Record,
}

/// Unreadable bytes inside a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Gap {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) first: u64,
    pub(crate) next: u64,
}

impl<'f> Scan<'f> {
    /// Begins at a frame.
    pub(crate) fn new(file: &'f File, log: LogId, at: u64, end: u64, expected: u64) -> Scan<'f> {
        Scan {
            file,
            seed: frame::seed(log),
            end,
            at,
            expected,
            buffer: Vec::new(),
            buffer_at: at,
        }
    }

    /// Where the next frame begins.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// The number that the next record must have.
    pub(crate) fn expected(&self) -> u64 {
        self.expected
    }

    pub(crate) fn next(&mut self) -> io::Result<Step> {
        let mut wanted = FRAME_BYTES;
        loop {
            let whole = self.fill(wanted)?;
            let seed = self.seed;
            match frame::take(self.window(), seed) {
                Found::Frame(frame, body) => {
                    let length = FRAME_BYTES + body.len();
                    let record = match frame.kind {
                        Kind::Record => Record::read(Bytes::copy_from_slice(body)).ok(),
                        Kind::Mark => {
                            self.at += to_u64(length);
                            return Ok(Step::Mark);
                        }
                        Kind::Seal => {
                            self.at += to_u64(length);
                            return Ok(Step::Seal);
                        }
                    };
                    let (Some(record), true) = (record, frame.sequence == self.expected) else {
                        return self.damage();
                    };
                    let offset = self.at;
                    self.at += to_u64(length);
                    self.expected = frame.sequence + 1;
                    return Ok(Step::Record(Scanned {
                        offset,
                        sequence: frame.sequence,
                        batch_first: frame.sequence.saturating_sub(u64::from(frame.batch)),
                        record,
                    }));
                }
                Found::Short(more) if whole => wanted = more,
                Found::Short(_) | Found::Nothing | Found::Damaged => return self.damage(),
            }
        }
    }

    /// Looks for the next frame behind bytes that are none.
    fn damage(&mut self) -> io::Result<Step> {
        let used = used(self.file, self.at, self.end)?;
        // To the very end: the last frame may end in zeros of its own.
        let rest = match used {
            0 => Vec::new(),
            _ => read_range(self.file, self.at, self.end)?,
        };
        for skip in 1..usize::try_from(used).unwrap_or(usize::MAX) {
            // A frame that lies behind has a number that can still be, and the right checksum.
            let Some(candidate) = rest.get(skip..).filter(|bytes| bytes.len() >= FRAME_BYTES)
            else {
                break;
            };
            let most = self.expected + to_u64(skip / FRAME_BYTES);
            if !(self.expected..=most).contains(&frame::u64_at(candidate, 8)) {
                continue;
            }
            if let Found::Frame(frame, body) = frame::take(candidate, self.seed) {
                let readable = frame.kind != Kind::Record
                    || Record::read(Bytes::copy_from_slice(body)).is_ok();
                if !readable {
                    continue;
                }
                let gap = Gap {
                    offset: self.at,
                    bytes: to_u64(skip),
                    first: self.expected,
                    next: frame.sequence,
                };
                self.at += to_u64(skip);
                self.expected = frame.sequence;
                return Ok(Step::Damage(gap));
            }
        }
        Ok(Step::End {
            at: self.at,
            rest: used,
        })
    }

    fn window(&self) -> &[u8] {
        let start = usize::try_from(self.at - self.buffer_at).unwrap_or(usize::MAX);
        self.buffer.get(start..).unwrap_or_default()
    }

    /// Makes sure that `wanted` bytes are in the window; false if the file has not so many.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.window().len() >= wanted {
            return Ok(true);
        }
        let available = self.end.saturating_sub(self.at);
        let length = available.min(to_u64(wanted.max(CHUNK_BYTES)));
        self.buffer = read_range(self.file, self.at, self.at + length)?;
        self.buffer_at = self.at;
        Ok(self.buffer.len() >= wanted)
    }
}

/// Reads a part of a file; shorter if the file is.
pub(crate) fn read_range(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], from + to_u64(filled)) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// How many bytes of a part of a file are not padding: up to its last that is not zero. What is reserved for a segment is most
/// of a file that grows, so it is looked through in chunks that are compared whole.
pub(crate) fn used(file: &File, from: u64, to: u64) -> io::Result<u64> {
    let zeros = vec![0; CHUNK_BYTES];
    let (mut at, mut used) = (from, 0);
    while at < to {
        let chunk = read_range(file, at, to.min(at + to_u64(CHUNK_BYTES)))?;
        if chunk.is_empty() {
            break;
        }
        if chunk != zeros[..chunk.len()] {
            let last = chunk.iter().rposition(|byte| *byte != 0);
            used = at - from + last.map_or(0, |last| to_u64(last + 1));
        }
        at += to_u64(chunk.len());
    }
    Ok(used)
}

pub(crate) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).expect("a usize fits in 64 bits")
}
