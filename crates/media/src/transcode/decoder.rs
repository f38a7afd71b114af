//! From the payloads of one codec to samples, losses made up.

use crate::codec::Codec;
use crate::conceal::Concealment;
use crate::g711::{self, Law};
use crate::g722;
use crate::opus;

/// The decoder of one stream.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// Opus makes up its own losses.
    Opus(opus::Decoder),
    /// The others do not know of any.
    Plain {
        plain: Plain,
        concealment: Concealment,
    },
}

#[derive(Debug)]
pub(crate) enum Plain {
    Law(Law),
    G722(Box<g722::Decoder>),
    Linear,
}

impl Decoder {
    pub(crate) fn new(codec: Codec, sample_hz: u32) -> Decoder {
        let plain = match codec {
            Codec::Opus => return Decoder::Opus(opus::Decoder::new(sample_hz)),
            Codec::Pcmu => Plain::Law(Law::Mu),
            Codec::Pcma => Plain::Law(Law::A),
            Codec::G722 => Plain::G722(Box::default()),
            Codec::L16Narrow | Codec::L16Wide => Plain::Linear,
        };
        let concealment = Concealment::new(usize::try_from(sample_hz).unwrap_or(0));
        Decoder::Plain { plain, concealment }
    }

    /// Decodes a packet: how many samples it holds, as far as there is room. None if it holds nothing.
    pub(crate) fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> Option<usize> {
        let (plain, concealment) = match self {
            Decoder::Opus(opus) => return opus.decode(payload, samples),
            Decoder::Plain { plain, concealment } => (plain, concealment),
        };
        let count = match plain {
            Plain::Law(law) => {
                let pairs = samples.iter_mut().zip(payload);
                pairs.for_each(|(sample, &code)| *sample = g711::decode(*law, code));
                payload.len()
            }
            Plain::G722(g722) => {
                g722.decode(payload, samples);
                payload.len() * 2
            }
            Plain::Linear => {
                let (pairs, _) = payload.as_chunks();
                let pairs = samples.iter_mut().zip(pairs);
                pairs.for_each(|(sample, &octets)| *sample = i16::from_be_bytes(octets));
                payload.len() / 2
            }
        };
        let count = count.min(samples.len());
        concealment.heard(&mut samples[..count]);
        (count > 0).then_some(count)
    }

    /// Makes up whole 2.5 ms; the packet that follows may know what was lost.
    pub(super) fn conceal(&mut self, samples: &mut [i16], next: Option<&[u8]>) {
        match (self, next) {
            (Decoder::Opus(opus), Some(next)) => opus.recover(next, samples),
            (Decoder::Opus(opus), None) => opus.conceal(samples),
            (Decoder::Plain { concealment, .. }, _) => concealment.conceal(samples),
        }
    }
}
