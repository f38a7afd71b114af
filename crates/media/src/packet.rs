//! An RTP packet in the octets that it came in (RFC 3550, section 5.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//! |                           timestamp                           |
//! |           synchronization source (SSRC) identifier            |
//! |            contributing source (CSRC) identifiers ...         |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! The payload is found by arithmetic alone: what is *in* a header extension is the peer's business,
//! and cannot move the audio. Packets made here get their header from `rtc-rtp`.

use std::ops::{Range, RangeInclusive};

use rtc_rtp::header::Header;
use rtc_shared::marshal::Marshal;

/// The second octets of RTCP: packet types, where RTP has its marker and payload types 64 to 95.
const RTCP: RangeInclusive<u8> = 192..=223;

/// Octets of the fixed header.
pub const HEADER_BYTES: usize = 12;

/// The header fields of a packet, and where its payload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The start of a talk spurt or of a telephone event.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Grows by one with each packet.
    pub sequence: u16,
    /// The time of the first sample, in ticks of the clock.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
    /// Where the payload begins: behind CSRC list and extension.
    pub payload_start: usize,
    /// Where it ends: before the padding.
    pub payload_end: usize,
}

/// Why octets are no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Shorter than its own header says.
    #[error("the packet is shorter than its header")]
    Short,
    /// Not version 2.
    #[error("the version is not 2")]
    Version,
    /// The count of padding octets is zero or more than there are.
    #[error("the padding does not fit")]
    Padding,
    /// RTCP on the port of RTP (RFC 5761, section 4); not malformed, but not RTP.
    #[error("it is an RTCP packet")]
    Rtcp,
}

/// Whether it is RTCP, where both come to one port (RFC 5761, section 4).
pub(crate) fn is_report(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first >> 6 == 2 && RTCP.contains(second))
}

impl Packet {
    /// Reads the header.
    pub fn parse(bytes: &[u8]) -> Result<Packet, Malformed> {
        Packet::head(bytes)?.without_padding(bytes)
    }

    /// Reads what is never encrypted: the payload ends where the packet does, whatever padding it has.
    pub(crate) fn head(bytes: &[u8]) -> Result<Packet, Malformed> {
        let (Some(&first), Some(&second)) = (bytes.first(), bytes.get(1)) else {
            return Err(Malformed::Short);
        };
        if first >> 6 != 2 {
            return Err(Malformed::Version);
        }
        if RTCP.contains(&second) {
            return Err(Malformed::Rtcp);
        }
        let Some(&[_, _, s0, s1, t0, t1, t2, t3, x0, x1, x2, x3]) =
            bytes.first_chunk::<HEADER_BYTES>()
        else {
            return Err(Malformed::Short);
        };
        Ok(Packet {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([x0, x1, x2, x3]),
            payload_start: payload_start_of(first, bytes)?,
            payload_end: bytes.len(),
        })
    }

    /// The same packet, of which these are the octets, without its padding.
    pub(crate) fn without_padding(self, bytes: &[u8]) -> Result<Packet, Malformed> {
        let mut payload_end = bytes.len();
        if bytes.first().is_some_and(|first| first & 0x20 != 0) {
            let padding = bytes.last().copied().map_or(0, usize::from);
            let room = payload_end.saturating_sub(self.payload_start);
            if padding == 0 || padding > room {
                return Err(Malformed::Padding);
            }
            payload_end -= padding;
        }
        Ok(Packet {
            payload_end,
            ..self
        })
    }

    /// Where the payload stands.
    pub fn payload(&self) -> Range<usize> {
        self.payload_start..self.payload_end
    }
}

fn payload_start_of(first: u8, bytes: &[u8]) -> Result<usize, Malformed> {
    let mut start = HEADER_BYTES + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let Some(&[_, _, high, low]) = bytes.get(start..start + 4) else {
            return Err(Malformed::Short);
        };
        start += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    if start > bytes.len() {
        return Err(Malformed::Short);
    }
    Ok(start)
}

/// The header of a packet that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

impl Stamp {
    /// Puts the header right before the payload of a received packet, over whatever stood there, and
    /// says where the new packet stands: CSRC list, extension and padding stay behind.
    pub(crate) fn rewrite(&self, packet: &Packet, bytes: &mut [u8]) -> Range<usize> {
        let start = packet.payload_start - HEADER_BYTES;
        let header = &mut bytes[start..packet.payload_start];
        header[0] = 0x80;
        header[1] = self.payload_type | if self.marker { 0x80 } else { 0 };
        header[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        header[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        header[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        start..packet.payload_end
    }

    /// Writes the header of a packet that is made here.
    pub(crate) fn write(&self, bytes: &mut [u8]) {
        let header = Header {
            version: 2,
            marker: self.marker,
            payload_type: self.payload_type,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        let written = header.marshal_to(bytes);
        debug_assert_eq!(
            written.ok(),
            Some(HEADER_BYTES),
            "the buffer holds a header"
        );
    }
}
