//! The codecs that the edge speaks, one table row each (RFC 3551, section 6).

/// An audio codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

/// What is known of a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The codec.
    pub codec: Codec,
    /// Its encoding name in an `a=rtpmap` line (RFC 8866, section 6.6), without regard to case.
    pub encoding: &'static str,
    /// Its static payload type, which needs no `a=rtpmap` line.
    pub payload_type: u8,
    /// Ticks of its RTP clock in a second.
    pub clock_hz: u32,
}

/// Every codec.
pub const TABLE: [Row; 2] = [
    Row {
        codec: Codec::Pcmu,
        encoding: "PCMU",
        payload_type: 0,
        clock_hz: CLOCK_HZ,
    },
    Row {
        codec: Codec::Pcma,
        encoding: "PCMA",
        payload_type: 8,
        clock_hz: CLOCK_HZ,
    },
];

impl Codec {
    /// The codec of an encoding name, as `PCMU`, at 8,000 Hz.
    pub fn named(encoding: &str) -> Option<Codec> {
        let row = TABLE
            .iter()
            .find(|row| row.encoding.eq_ignore_ascii_case(encoding))?;
        Some(row.codec)
    }

    /// The codec of a static payload type.
    pub fn of_payload_type(payload_type: u8) -> Option<Codec> {
        let row = TABLE.iter().find(|row| row.payload_type == payload_type)?;
        Some(row.codec)
    }

    /// Its row.
    pub fn row(self) -> &'static Row {
        match self {
            Codec::Pcmu => &TABLE[0],
            Codec::Pcma => &TABLE[1],
        }
    }
}

/// The RTP clock of every codec here, and of their telephone events.
pub const CLOCK_HZ: u32 = 8000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stands_where_its_codec_looks() {
        for row in TABLE {
            assert_eq!(*row.codec.row(), row);
            assert_eq!(Codec::of_payload_type(row.payload_type), Some(row.codec));
            assert_eq!(Codec::named(&row.encoding.to_lowercase()), Some(row.codec));
        }
        assert_eq!(Codec::named("opus"), None);
        assert_eq!(Codec::of_payload_type(9), None);
    }
}
