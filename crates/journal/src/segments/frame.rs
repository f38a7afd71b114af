//! The bytes of a segment file: a header, then frames. README.md, "The segment file".
//!
//! ```text
//! header  magic 8 | format u16 | content u16 | flags u32 | log id u64 | first sequence u64 | created ms i64
//!         | hash of the event before the first 32 | crc u32
//! frame   kind and length u32 | crc u32 | sequence u64 | batch u32 | body
//! ```
//! All numbers are little-endian. A frame's checksum is seeded with the log's random id, so that
//! bytes that a peer put into a message never pass for a frame.

use schemas::{Hash, LogId};

use crate::log::PAYLOAD_MAX_BYTES;

/// The first bytes of every segment file.
pub(crate) const MAGIC: [u8; 8] = *b"trnkline";
/// The form that is written.
pub(crate) const FORMAT: u16 = 1;
/// How long a segment's header is.
pub(crate) const HEADER_BYTES: usize = 76;
/// How long a frame is without its body.
pub(crate) const FRAME_BYTES: usize = 20;
/// The most bytes that a body may have: a payload and a header with room to spare.
pub(crate) const BODY_MAX_BYTES: usize = PAYLOAD_MAX_BYTES + (64 << 10);

/// What a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Events,
    Wire,
    /// An exported file: events and wire messages of a call together.
    Export,
}

/// A segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) content: Content,
    pub(crate) log: LogId,
    pub(crate) first: u64,
    pub(crate) created_ms: i64,
    /// The hash of the event before the first one.
    pub(crate) previous: Hash,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let content: u16 = match self.content {
            Content::Events => 1,
            Content::Wire => 2,
            Content::Export => 3,
        };
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[10..12].copy_from_slice(&content.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.log.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.first.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.created_ms.to_le_bytes());
        bytes[40..72].copy_from_slice(&self.previous.0);
        let crc = crc32c::crc32c(&bytes[..72]);
        bytes[72..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header; the error says what is wrong with it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<SegmentHeader, String> {
        if bytes.len() < HEADER_BYTES || bytes[..8] != MAGIC {
            return Err("it does not begin like a segment file".to_owned());
        }
        if crc32c::crc32c(&bytes[..72]) != u32_at(bytes, 72) {
            return Err("the header's checksum is wrong".to_owned());
        }
        let format = u16::from_le_bytes([bytes[8], bytes[9]]);
        if format != FORMAT {
            return Err(format!(
                "it has format {format}, this release reads {FORMAT}"
            ));
        }
        let content = match u16::from_le_bytes([bytes[10], bytes[11]]) {
            1 => Content::Events,
            2 => Content::Wire,
            3 => Content::Export,
            other => return Err(format!("it holds something unknown ({other})")),
        };
        let first = u64_at(bytes, 24);
        if !(1..=FIRST_MAX).contains(&first) {
            return Err(format!("its first event has the impossible number {first}"));
        }
        Ok(SegmentHeader {
            content,
            log: LogId(u64_at(bytes, 16)),
            first,
            created_ms: i64::from_le_bytes(array_at(bytes, 32)),
            previous: Hash(array_at(bytes, 40)),
        })
    }
}

/// The greatest number that a segment may begin with: no writer comes near it, and numbers behind it
/// cannot overflow.
const FIRST_MAX: u64 = u64::MAX / 2;

/// What a frame holds. 0 is not a kind: it is where nothing was written yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A record.
    Record,
    /// Everything before this was synced: written when a log is closed in an orderly way.
    Mark,
    /// The segment ends here; the body is the number of its records.
    Seal,
}

/// A frame without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    /// The record's number in the stream; of a mark or seal, that of the next record.
    pub(crate) sequence: u64,
    /// How many records before this one were written by the same write: they share its fate when
    /// the power goes.
    pub(crate) batch: u32,
}

/// The checksum's seed of a log.
pub(crate) fn seed(log: LogId) -> u32 {
    crc32c::crc32c(&log.0.to_le_bytes())
}

/// Appends a frame to a buffer.
pub(crate) fn put(buffer: &mut Vec<u8>, seed: u32, frame: Frame, body: &[u8]) {
    let kind: u32 = match frame.kind {
        Kind::Record => 1,
        Kind::Mark => 2,
        Kind::Seal => 3,
    };
    let length = u32::try_from(body.len()).expect("a body is bounded by BODY_MAX_BYTES");
    let start = buffer.len();
    buffer.extend_from_slice(&(kind << 24 | length).to_le_bytes());
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&frame.sequence.to_le_bytes());
    buffer.extend_from_slice(&frame.batch.to_le_bytes());
    let crc = checksum(seed, &buffer[start..start + FRAME_BYTES], body);
    buffer[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    buffer.extend_from_slice(body);
}

/// What lies at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A whole frame with the right checksum.
    Frame(Frame, &'a [u8]),
    /// The start of a frame: with this many bytes, one can tell.
    Short(usize),
    /// Nothing was written here.
    Nothing,
    /// Something that is not a frame.
    Damaged,
}

/// Reads the frame at the start of `bytes`.
pub(crate) fn take(bytes: &[u8], seed: u32) -> Found<'_> {
    if bytes.len() < FRAME_BYTES {
        return Found::Short(FRAME_BYTES);
    }
    let head = u32_at(bytes, 0);
    let length = usize::try_from(head & 0x00ff_ffff).expect("24 bits fit in a usize");
    let kind = match head >> 24 {
        1 => Kind::Record,
        2 => Kind::Mark,
        3 => Kind::Seal,
        0 if bytes[..FRAME_BYTES].iter().all(|byte| *byte == 0) => return Found::Nothing,
        _ => return Found::Damaged,
    };
    if length > BODY_MAX_BYTES {
        return Found::Damaged;
    }
    let Some(body) = bytes.get(FRAME_BYTES..FRAME_BYTES + length) else {
        return Found::Short(FRAME_BYTES + length);
    };
    if checksum(seed, &bytes[..FRAME_BYTES], body) != u32_at(bytes, 4) {
        return Found::Damaged;
    }
    let frame = Frame {
        kind,
        sequence: u64_at(bytes, 8),
        batch: u32_at(bytes, 16),
    };
    Found::Frame(frame, body)
}

fn checksum(seed: u32, frame: &[u8], body: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(seed, &frame[..4]);
    let crc = crc32c::crc32c_append(crc, &frame[8..FRAME_BYTES]);
    crc32c::crc32c_append(crc, body)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_whose_numbers_would_overflow_is_refused() {
        let mut header = SegmentHeader {
            content: Content::Events,
            log: LogId(7),
            first: 1,
            created_ms: 0,
            previous: Hash::ZERO,
        };
        assert!(SegmentHeader::decode(&header.encode()).is_ok());
        for impossible in [0, u64::MAX, FIRST_MAX + 1] {
            header.first = impossible;
            let error = SegmentHeader::decode(&header.encode()).unwrap_err();
            assert!(error.contains("impossible number"), "{error}");
        }
    }
}
