//! From samples to the payloads of one codec.

use crate::codec::Codec;
use crate::g711::{self, Law};
use crate::g722;
use crate::opus::{self, Redundancy};

/// The encoder of what one leg hears.
#[derive(Debug)]
pub(super) enum Encoder {
    Law(Law),
    G722(Box<g722::Encoder>),
    Opus(opus::Encoder),
    Linear,
}

impl Encoder {
    /// Of samples at the codec's own rate, or at this one if it is Opus.
    pub(super) fn new(codec: Codec, sample_hz: u32, redundancy: Redundancy) -> Encoder {
        match codec {
            Codec::Pcmu => Encoder::Law(Law::Mu),
            Codec::Pcma => Encoder::Law(Law::A),
            Codec::G722 => Encoder::G722(Box::default()),
            Codec::Opus => Encoder::Opus(opus::Encoder::new(sample_hz, redundancy)),
            Codec::L16Narrow | Codec::L16Wide => Encoder::Linear,
        }
    }

    /// Encodes a packet; says how many octets it has. The payload has room for the longest one.
    pub(super) fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        match self {
            Encoder::Law(law) => {
                let pairs = payload.iter_mut().zip(samples);
                pairs.for_each(|(code, &sample)| *code = g711::encode(*law, sample));
                samples.len().min(payload.len())
            }
            Encoder::G722(g722) => {
                g722.encode(samples, payload);
                (samples.len() / 2).min(payload.len())
            }
            Encoder::Opus(opus) => opus.encode(samples, payload),
            Encoder::Linear => {
                let (pairs, _) = payload.as_chunks_mut();
                let pairs = pairs.iter_mut().zip(samples);
                pairs.for_each(|(octets, sample)| *octets = sample.to_be_bytes());
                (samples.len() * 2).min(payload.len())
            }
        }
    }
}
