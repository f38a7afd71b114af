//! One event as bytes: `1 | header | length | payload`, never encoded again once it is written.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::{Event, EventId, Hash, Header, Lane, Subject};

/// The first byte of every record. A reader that meets another one cannot read the record.
pub const ENVELOPE_VERSION: u8 = 1;

/// The most bytes that a payload may have in a log: 1 MiB; every log refuses more. A SIP message has at most
/// 64 KiB; the largest payload is a configuration snapshot. What is written reads back whatever its length.
pub const PAYLOAD_MAX_BYTES: usize = 1 << 20;

/// A record's bytes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The record was written by a later release than this one, or it is no record.
    #[error("the record's envelope has version {0}, this release reads version {ENVELOPE_VERSION}")]
    EnvelopeVersion(u8),
    /// The bytes end early or are no header.
    #[error("the record's header is damaged")]
    Header,
    /// The payload's length is not the number of bytes that follow.
    #[error("the record's payload is cut or has a wrong length")]
    PayloadLength,
    /// The payload is not what the header commits to.
    #[error("the payload does not have the hash that its header names")]
    PayloadHash,
    /// A payload of a known type and version whose bytes are not of that type.
    #[error("the payload is not a {name} of version {version}")]
    Payload {
        /// The type's name.
        name: &'static str,
        /// The version that the header names.
        version: u16,
    },
}

/// An event as the log keeps it. A copy is one pointer: records cross many queues, hundreds at a time.
#[derive(Clone, PartialEq, Eq)]
pub struct Record(Arc<Written>);

#[derive(PartialEq, Eq)]
struct Written {
    header: Header,
    hash: Hash,
    bytes: Bytes,
    payload_at: usize,
}

impl Record {
    /// Writes a header and a payload down. The header's `payload_hash` must be the payload's.
    pub(crate) fn write(header: Header, payload: &[u8]) -> Record {
        let mut bytes = Vec::with_capacity(payload.len() + 256);
        bytes.push(ENVELOPE_VERSION);
        let mut bytes = postcard::to_extend(&header, bytes).expect("a header always encodes");
        let hash = event_hash(&bytes);
        write_varint(&mut bytes, payload.len());
        let payload_at = bytes.len();
        bytes.extend_from_slice(payload);
        Record(Arc::new(Written {
            header,
            hash,
            bytes: bytes.into(),
            payload_at,
        }))
    }

    /// Reads a record. The payload's bytes are not looked at; [`Record::check`] does that.
    pub fn read(bytes: Bytes) -> Result<Record, DecodeError> {
        let (&version, rest) = bytes.split_first().ok_or(DecodeError::Header)?;
        if version != ENVELOPE_VERSION {
            return Err(DecodeError::EnvelopeVersion(version));
        }
        let (header, after_header): (Header, &[u8]) =
            postcard::take_from_bytes(rest).map_err(|_| DecodeError::Header)?;
        let hash = event_hash(&bytes[..bytes.len() - after_header.len()]);
        let (length, payload) = read_varint(after_header).ok_or(DecodeError::PayloadLength)?;
        if payload.len() != length {
            return Err(DecodeError::PayloadLength);
        }
        let payload_at = bytes.len() - payload.len();
        Ok(Record(Arc::new(Written {
            header,
            hash,
            bytes,
            payload_at,
        })))
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The event's id.
    pub fn id(&self) -> EventId {
        self.0.header.id
    }

    /// What the event is about.
    pub fn subject(&self) -> &Subject {
        &self.0.header.subject
    }

    /// The lane that it was written in.
    pub fn lane(&self) -> Lane {
        self.0.header.lane
    }

    /// The event's hash: over the envelope's version and the header, and by that over the payload.
    pub fn hash(&self) -> Hash {
        self.0.hash
    }

    /// The whole record as it is stored and sent.
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// The payload as it is stored.
    pub fn payload(&self) -> &[u8] {
        &self.0.bytes[self.0.payload_at..]
    }

    /// Whether the payload is the one that the header commits to.
    pub fn check(&self) -> Result<(), DecodeError> {
        if Hash::of(self.payload()) == self.0.header.payload_hash {
            Ok(())
        } else {
            Err(DecodeError::PayloadHash)
        }
    }

    /// The event in today's words: older versions are lifted, unknown types kept as they are.
    pub fn event(&self) -> Result<Event, DecodeError> {
        Event::decode(self.0.header.kind, self.0.header.version, self.payload())
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("header", &self.0.header)
            .field("hash", &self.0.hash)
            .field("payload_bytes", &self.payload().len())
            .finish()
    }
}

fn event_hash(version_and_header: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(b"trunkline/event/1\0");
    hash.update(version_and_header);
    Hash(hash.finalize().into())
}

/// LEB128, as postcard writes the length of a byte string: each value has one form only.
fn write_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    out.push(low_bits(value));
}

fn low_bits(value: usize) -> u8 {
    u8::try_from(value & 0x7f).expect("seven bits fit in a byte")
}

fn read_varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = byte != 0 || index == 0;
            return shortest.then_some((value, &bytes[index + 1..]));
        }
    }
    None
}
