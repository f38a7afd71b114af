//! The octets of a stream: how many a frame has, what silence is, and whether anything can be heard in them.

use crate::codec::Codec;
use crate::g711;
use crate::level::{self, SILENT_BELOW};

/// Octets of 20 ms of a codec that every sample has the same octets of.
pub(super) const fn frame_octets(codec: Codec) -> usize {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::Opus => 160,
        Codec::L16Narrow => 320,
        Codec::L16Wide => 640,
    }
}

/// Whether audio of that codec can be cut anywhere between samples.
pub(crate) fn can_stream(codec: Codec) -> bool {
    !matches!(codec, Codec::Opus | Codec::G722)
}

pub(super) fn silence(codec: Codec) -> u8 {
    codec.law().map_or(0, g711::silence)
}

pub(super) fn is_audible(codec: Codec, frame: &[u8]) -> bool {
    match codec.law() {
        Some(law) => level::is_audible(law, frame),
        None => {
            let (samples, _) = frame.as_chunks::<2>();
            let magnitudes = samples
                .iter()
                .map(|sample| i16::from_be_bytes(*sample).unsigned_abs());
            magnitudes.into_iter().any(|level| level >= SILENT_BELOW)
        }
    }
}

pub(super) fn octets(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
