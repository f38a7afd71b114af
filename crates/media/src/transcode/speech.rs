//! What is said to a leg in a codec that has to be made: samples in, packets of the agreed length out.

use std::time::Duration;

use super::encoder::Encoder;
use super::samples_in;
use crate::codec::Codec;
use crate::opus::Redundancy;
use crate::resample::{Down, Up};

/// The way from samples to packets of one leg.
#[derive(Debug)]
pub(crate) struct Speech {
    codec: Codec,
    redundancy: Redundancy,
    /// Samples in a second of what comes in, and of what is encoded.
    takes_hz: u32,
    sample_hz: u32,
    resampler: Resampler,
    encoder: Encoder,
    /// What is not encoded yet: less than a packet and one piece.
    samples: Vec<i16>,
}

#[derive(Debug)]
enum Resampler {
    Same,
    Up(Up),
    Down(Down),
}

impl Speech {
    /// In a codec, of samples at a rate.
    pub(crate) fn new(codec: Codec, takes_hz: u32, redundancy: Redundancy) -> Speech {
        let sample_hz = match codec {
            Codec::Opus => takes_hz,
            other => other.row().sample_hz,
        };
        let resampler = match takes_hz.cmp(&sample_hz) {
            std::cmp::Ordering::Equal => Resampler::Same,
            std::cmp::Ordering::Less => Resampler::Up(Up::default()),
            std::cmp::Ordering::Greater => Resampler::Down(Down::default()),
        };
        Speech {
            codec,
            redundancy,
            takes_hz,
            sample_hz,
            resampler,
            encoder: Encoder::new(codec, sample_hz, redundancy),
            samples: Vec::with_capacity(samples_in(ROOM, sample_hz)),
        }
    }

    /// Whether it is made for this.
    pub(crate) fn fits(&self, codec: Codec, takes_hz: u32, redundancy: Redundancy) -> bool {
        (self.codec, self.takes_hz, self.redundancy) == (codec, takes_hz, redundancy)
    }

    /// Samples in a second of what it encodes.
    pub(crate) fn sample_hz(&self) -> u32 {
        self.sample_hz
    }

    /// Takes samples. Packets have to be taken until there is none before it takes more.
    pub(crate) fn say(&mut self, samples: &[i16]) {
        // Only who does not take the packets gets here; the newest is what would be missed least.
        if self.samples.len() >= samples_in(ROOM, self.sample_hz) / 2 {
            return;
        }
        let said = &mut self.samples;
        match &mut self.resampler {
            Resampler::Same => said.extend_from_slice(samples),
            Resampler::Up(up) => up.push(samples, |sample| said.push(sample)),
            Resampler::Down(down) => down.push(samples, |sample| said.push(sample)),
        }
    }

    /// Forgets what is less than a packet: what comes does not follow it.
    pub(crate) fn clear(&mut self) {
        self.samples.clear();
    }

    /// Whether a packet of that length can be taken.
    pub(crate) fn is_ready(&self, packet: Duration) -> bool {
        self.samples.len() >= samples_in(packet, self.sample_hz)
    }

    /// Encodes a packet, if there is a whole one: its octets, and the samples that it was made of for whoever looks.
    pub(crate) fn packet(
        &mut self,
        packet: Duration,
        payload: &mut [u8],
        look: impl FnOnce(&[i16]),
    ) -> Option<usize> {
        let count = samples_in(packet, self.sample_hz);
        let samples = self.samples.get(..count)?;
        look(samples);
        let octets = self.encoder.encode(samples, payload);
        self.samples.drain(..count);
        Some(octets)
    }
}

/// What waits at most: the rest of a packet of 60 ms, and the longest piece.
const ROOM: Duration = Duration::from_millis(360);
