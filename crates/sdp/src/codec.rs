//! The codecs we speak: a table, so that a codec comes by adding a row (RFC 3551 table 4, RFC 7587).

use std::fmt;

/// A codec that media can encode and decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722, whose clock ticks half as often as its samples come (RFC 3551 section 4.5.2).
    G722,
    /// Opus.
    Opus,
}

/// What a description says about a codec.
struct Row {
    codec: Codec,
    encoding: &'static str,
    clock_rate: u32,
    channels: u8,
    /// The number it has without rtpmap; a codec without one gets a dynamic number in our offers.
    fixed: Option<u8>,
    /// The format parameters we ask for.
    fmtp: Option<&'static str>,
}

const CODECS: &[Row] = &[
    Row {
        codec: Codec::Pcmu,
        encoding: "PCMU",
        clock_rate: 8_000,
        channels: 1,
        fixed: Some(0),
        fmtp: None,
    },
    Row {
        codec: Codec::Pcma,
        encoding: "PCMA",
        clock_rate: 8_000,
        channels: 1,
        fixed: Some(8),
        fmtp: None,
    },
    Row {
        codec: Codec::G722,
        encoding: "G722",
        clock_rate: 8_000,
        channels: 1,
        fixed: Some(9),
        fmtp: None,
    },
    Row {
        codec: Codec::Opus,
        encoding: "opus",
        clock_rate: 48_000,
        // Always two in an rtpmap, whatever is sent (RFC 7587 section 7).
        channels: 2,
        fixed: None,
        fmtp: Some("useinbandfec=1"),
    },
];

/// The encoding name of digits (RFC 4733).
pub const TELEPHONE_EVENT: &str = "telephone-event";

/// The payload type that we offer for digits unless told otherwise: what most peers use.
pub const TELEPHONE_EVENT_DEFAULT: u8 = 101;

/// Digits, star, pound, A to D, and flash.
pub const TELEPHONE_EVENT_FMTP: &str = "0-16";

/// Payload types without fixed meaning.
pub const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;

/// Payload types that fit RTP's seven bits.
pub const PAYLOAD_TYPE_MAX: u8 = 127;

impl Codec {
    /// All of them, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        CODECS.iter().map(|row| row.codec)
    }

    /// The codec of an rtpmap, in any case; no channels means one.
    #[must_use]
    pub fn of(encoding: &str, clock_rate: u32, channels: Option<u8>) -> Option<Self> {
        CODECS
            .iter()
            .find(|row| {
                row.encoding.eq_ignore_ascii_case(encoding)
                    && row.clock_rate == clock_rate
                    && row.channels == channels.unwrap_or(1)
            })
            .map(|row| row.codec)
    }

    /// The codec that a payload type means where no rtpmap says otherwise.
    #[must_use]
    pub fn of_fixed(payload_type: u8) -> Option<Self> {
        CODECS
            .iter()
            .find(|row| row.fixed == Some(payload_type))
            .map(|row| row.codec)
    }

    /// The codec of an encoding name alone, in any case.
    #[must_use]
    pub fn named(encoding: &str) -> Option<Self> {
        let same = |row: &&Row| row.encoding.eq_ignore_ascii_case(encoding);
        CODECS.iter().find(same).map(|row| row.codec)
    }

    /// The encoding name.
    #[must_use]
    pub fn encoding(self) -> &'static str {
        self.row().encoding
    }

    /// Ticks per second of the RTP timestamp.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        self.row().clock_rate
    }

    /// Channels.
    #[must_use]
    pub fn channels(self) -> u8 {
        self.row().channels
    }

    /// Its payload type if that is fixed.
    #[must_use]
    pub fn fixed_payload_type(self) -> Option<u8> {
        self.row().fixed
    }

    /// The format parameters we ask for.
    #[must_use]
    pub fn fmtp(self) -> Option<&'static str> {
        self.row().fmtp
    }

    fn row(self) -> &'static Row {
        CODECS
            .iter()
            .find(|row| row.codec == self)
            .expect("every codec has a row, as a test shows")
    }
}

/// As an rtpmap has it: `PCMU/8000`.
impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.row();
        write!(f, "{}/{}", row.encoding, row.clock_rate)?;
        if row.channels > 1 {
            write!(f, "/{}", row.channels)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_has_one_row() {
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
            assert_eq!(Codec::all().filter(|row| *row == codec).count(), 1);
            assert_eq!(
                Codec::of(
                    &codec.encoding().to_lowercase(),
                    codec.clock_rate(),
                    Some(codec.channels())
                ),
                Some(codec)
            );
        }
        assert_eq!(Codec::of_fixed(0), Some(Codec::Pcmu));
        assert_eq!(Codec::of_fixed(8), Some(Codec::Pcma));
        assert_eq!(Codec::of("PCMU", 16_000, None), None);
        assert_eq!(Codec::of("opus", 48_000, None), None);
        assert_eq!(Codec::Opus.to_string(), "opus/48000/2");
        assert_eq!(Codec::Pcma.to_string(), "PCMA/8000");
    }
}
