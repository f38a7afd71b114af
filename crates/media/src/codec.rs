//! The codecs that the edge speaks, one table row each (RFC 3551, section 6; RFC 7587).

use std::fmt;
use std::time::Duration;

use crate::g711::Law;

/// An audio codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s: twice the bandwidth of G.711 in as many octets.
    G722,
    /// Opus (RFC 6716).
    Opus,
    /// Linear samples of 16 bits at 8 kHz, the high octet first.
    L16Narrow,
    /// The same at 16 kHz.
    L16Wide,
}

/// What is known of a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The codec.
    pub codec: Codec,
    /// Its encoding name in an `a=rtpmap` line (RFC 8866, section 6.6), without regard to case.
    pub encoding: &'static str,
    /// Its static payload type, which needs no `a=rtpmap` line.
    pub payload_type: Option<u8>,
    /// Its RTP clock, which is that of its telephone events too (RFC 4733, section 2.1).
    pub clock: Clock,
    /// The channels that its `a=rtpmap` line tells. Opus has two there always, whatever is sent.
    pub channels: u8,
    /// Samples in a second of its audio.
    pub sample_hz: u32,
}

/// An RTP clock, by its ticks in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock(pub u32);

/// Every codec.
pub const TABLE: [Row; 6] = [
    Row {
        codec: Codec::Pcmu,
        encoding: "PCMU",
        payload_type: Some(0),
        clock: Clock(8_000),
        channels: 1,
        sample_hz: 8_000,
    },
    Row {
        codec: Codec::Pcma,
        encoding: "PCMA",
        payload_type: Some(8),
        clock: Clock(8_000),
        channels: 1,
        sample_hz: 8_000,
    },
    Row {
        codec: Codec::G722,
        encoding: "G722",
        payload_type: Some(9),
        // By a mistake that stayed (RFC 3551, section 4.5.2): its audio has 16,000 samples in a second.
        clock: Clock(8_000),
        channels: 1,
        sample_hz: 16_000,
    },
    Row {
        codec: Codec::Opus,
        encoding: "opus",
        payload_type: None,
        clock: Clock(48_000),
        channels: 2,
        sample_hz: 48_000,
    },
    Row {
        codec: Codec::L16Narrow,
        encoding: "L16",
        payload_type: None,
        clock: Clock(8_000),
        channels: 1,
        sample_hz: 8_000,
    },
    Row {
        codec: Codec::L16Wide,
        encoding: "L16",
        payload_type: None,
        clock: Clock(16_000),
        channels: 1,
        sample_hz: 16_000,
    },
];

impl Codec {
    /// The codec of an encoding name and its clock, as `PCMU` and 8,000.
    pub fn named(encoding: &str, clock: Clock) -> Option<Codec> {
        let same = |row: &&Row| row.clock == clock && row.encoding.eq_ignore_ascii_case(encoding);
        TABLE.iter().find(same).map(|row| row.codec)
    }

    /// The codec of a static payload type.
    pub fn of_payload_type(payload_type: u8) -> Option<Codec> {
        let row = TABLE
            .iter()
            .find(|row| row.payload_type == Some(payload_type))?;
        Some(row.codec)
    }

    /// Its row.
    pub fn row(self) -> &'static Row {
        match self {
            Codec::Pcmu => &TABLE[0],
            Codec::Pcma => &TABLE[1],
            Codec::G722 => &TABLE[2],
            Codec::Opus => &TABLE[3],
            Codec::L16Narrow => &TABLE[4],
            Codec::L16Wide => &TABLE[5],
        }
    }

    /// Its RTP clock.
    pub fn clock(self) -> Clock {
        self.row().clock
    }

    /// Its law, if it is G.711.
    pub fn law(self) -> Option<Law> {
        match self {
            Codec::Pcmu => Some(Law::Mu),
            Codec::Pcma => Some(Law::A),
            Codec::G722 | Codec::Opus | Codec::L16Narrow | Codec::L16Wide => None,
        }
    }
}

/// As an `a=rtpmap` line has it: `opus/48000/2`.
impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.row();
        write!(f, "{}/{}", row.encoding, row.clock.0)?;
        if row.channels > 1 {
            write!(f, "/{}", row.channels)
        } else {
            Ok(())
        }
    }
}

impl Clock {
    /// Ticks in a duration, modulo 2^32.
    pub fn ticks(self, duration: Duration) -> u32 {
        let ticks = duration.as_micros() * u128::from(self.0) / 1_000_000 % (1 << 32);
        u32::try_from(ticks).unwrap_or(0)
    }

    /// How long so many ticks are.
    pub fn duration(self, ticks: u64) -> Duration {
        Duration::from_micros(ticks.saturating_mul(1_000_000) / u64::from(self.0.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stands_where_its_codec_looks() {
        for row in TABLE {
            assert_eq!(*row.codec.row(), row);
            if let Some(payload_type) = row.payload_type {
                assert_eq!(Codec::of_payload_type(payload_type), Some(row.codec));
            }
            let named = Codec::named(&row.encoding.to_lowercase(), row.clock);
            assert_eq!(named, Some(row.codec));
        }
        assert_eq!(Codec::named("opus", Clock(8_000)), None);
        let names = [Codec::Opus, Codec::L16Wide].map(|codec| codec.to_string());
        assert_eq!(names, ["opus/48000/2", "L16/16000"]);
        assert_eq!(Codec::of_payload_type(18), None);
    }

    #[test]
    fn ticks_are_those_of_the_clock() {
        for (hz, ticks) in [(8_000, 160), (16_000, 320), (48_000, 960)] {
            let packet = Duration::from_millis(20);
            assert_eq!(Clock(hz).ticks(packet), ticks);
            assert_eq!(Clock(hz).duration(u64::from(ticks)), packet);
        }
        let day = Duration::from_secs(24 * 3_600);
        let whole = u64::from(u32::MAX) + 1;
        assert_eq!(u64::from(Clock(48_000).ticks(day)), 48_000 * 86_400 % whole);
    }
}
