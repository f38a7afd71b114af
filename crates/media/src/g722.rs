//! G.722 at 64 kbit/s (ITU-T G.722, mode 1): 16 kHz in, an octet for each two samples, six bits for the lower half of the
//! band and two for the upper one.
//!
//! ```text
//!          +-----+  low   +--------+ 6 bits
//! 16 kHz ->| QMF |------->| ADPCM  |--------+
//!          |     |  high  +--------+        +-> octet
//!          |     |------->| ADPCM  |--------+
//!          +-----+        +--------+ 2 bits      and back in the other direction
//! ```
//!
//! Numbers have the width and the rounding of the recommendation, so that what is decoded here is, bit for bit, what every
//! other implementation decodes.

mod band;
mod tables;

use band::{Band, scaled};
use tables::{HIGH, LOW, LOW_DECISIONS, LOW_NEGATIVE, LOW_POSITIVE, MIRROR, UPPER_DECISION};

/// From samples to octets.
#[derive(Clone, Debug)]
pub struct Encoder {
    low: Band,
    high: Band,
    mirror: Mirror,
}

/// From octets to samples.
#[derive(Clone, Debug)]
pub struct Decoder {
    low: Band,
    high: Band,
    mirror: Mirror,
}

/// The last samples of the quadrature mirror filter: even ones and odd ones.
#[derive(Clone, Debug, Default)]
struct Mirror([(i32, i32); TAPS]);

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder {
            low: Band::new(&LOW),
            high: Band::new(&HIGH),
            mirror: Mirror::default(),
        }
    }
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder {
            low: Band::new(&LOW),
            high: Band::new(&HIGH),
            mirror: Mirror::default(),
        }
    }
}

impl Encoder {
    /// Encodes pairs of samples, one octet each; a sample without a partner stays behind.
    pub fn encode(&mut self, samples: &[i16], octets: &mut [u8]) {
        let (pairs, _) = samples.as_chunks();
        for (&[first, second], octet) in pairs.iter().zip(octets) {
            let (even, odd) = self.mirror.push(i32::from(first), i32::from(second));
            *octet = self.octet((odd + even) >> 14, (odd - even) >> 14);
        }
    }

    fn octet(&mut self, low: i32, high: i32) -> u8 {
        let (error, step) = (saturated(low - self.low.signal()), self.low.step());
        let magnitude = if error < 0 { -(error + 1) } else { error };
        let interval = LOW_DECISIONS
            .iter()
            .position(|decision| magnitude < (decision * step) >> 12)
            .unwrap_or(LOW_DECISIONS.len());
        let codes = if error < 0 {
            &LOW_NEGATIVE
        } else {
            &LOW_POSITIVE
        };
        let low_code = codes[interval];
        self.low.take(usize::from(low_code >> 2));

        let (error, step) = (saturated(high - self.high.signal()), self.high.step());
        let magnitude = if error < 0 { -(error + 1) } else { error };
        let is_outer = magnitude >= (UPPER_DECISION * step) >> 12;
        let high_code: u8 = match (error < 0, is_outer) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.high.take(usize::from(high_code));
        high_code << 6 | low_code
    }
}

impl Decoder {
    /// Decodes octets, a pair of samples each.
    pub fn decode(&mut self, octets: &[u8], samples: &mut [i16]) {
        let (pairs, _) = samples.as_chunks_mut();
        for (octet, [first, second]) in octets.iter().zip(pairs) {
            let (low_code, high_code) = (usize::from(octet & 0x3f), usize::from(octet >> 6));
            // The lower band is heard with all six bits; its prediction knows four of them (section 6.2.1).
            let low = self.low.signal() + scaled(self.low.step(), tables::SIX_BITS[low_code]);
            let low = low.clamp(-16_384, 16_383);
            self.low.take(low_code >> 2);
            let high = self.high.signal() + scaled(self.high.step(), tables::TWO_BITS[high_code]);
            let high = high.clamp(-16_384, 16_383);
            self.high.take(high_code);
            let (even, odd) = self.mirror.push(low + high, low - high);
            (*first, *second) = (sample(odd >> 11), sample(even >> 11));
        }
    }
}

impl Mirror {
    /// Takes two samples and gives both halves of the filter's sum.
    fn push(&mut self, even: i32, odd: i32) -> (i32, i32) {
        self.0.copy_within(1.., 0);
        self.0[TAPS - 1] = (even, odd);
        let forth = self.0.iter().zip(&MIRROR);
        let back = self.0.iter().zip(MIRROR.iter().rev());
        let evens = forth.map(|((even, _), tap)| even * tap).sum();
        let odds = back.map(|((_, odd), tap)| odd * tap).sum();
        (evens, odds)
    }
}

/// Within 16 bits.
fn saturated(value: i32) -> i32 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
}

fn sample(value: i32) -> i16 {
    i16::try_from(saturated(value)).unwrap_or(0)
}

/// Taps of each half of the mirror filter.
const TAPS: usize = MIRROR.len();

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator, so that the vectors can be made anywhere.
    fn noise(seed: &mut u32) -> u32 {
        *seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        *seed
    }

    /// Soft noise, loud noise, a square, a saw and silence in turn.
    fn signal() -> Vec<i16> {
        let mut seed = 1;
        let samples = (0..8000i32).map(|at| {
            let noise = ((noise(&mut seed) >> 8) & 0xffff) as i32 - 32_768;
            let value = match at / 400 % 5 {
                0 => noise.div_euclid(64),
                1 => noise,
                2 if at / 20 % 2 == 1 => 12_000,
                2 => -12_000,
                3 => at * 300 % 40_000 - 20_000,
                _ => 0,
            };
            // Half, for what is too loud wraps around there and not here.
            i16::try_from(value.div_euclid(2)).unwrap()
        });
        samples.collect()
    }

    /// FNV-1a.
    fn digest(octets: impl IntoIterator<Item = u8>) -> u64 {
        octets
            .into_iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
                (hash ^ u64::from(octet)).wrapping_mul(0x100_0000_01b3)
            })
    }

    fn digest_of(samples: &[i16]) -> u64 {
        digest(samples.iter().flat_map(|sample| sample.to_le_bytes()))
    }

    #[test]
    fn octets_and_samples_are_those_of_another_implementation() {
        // Made with spandsp 0.0.6, of the same signal.
        let (mut octets, mut samples) = (vec![0; 4000], vec![0; 8000]);
        Encoder::default().encode(&signal(), &mut octets);
        assert_eq!(digest(octets.iter().copied()), 0x4f99_8117_8c79_80d3);
        Decoder::default().decode(&octets, &mut samples);
        assert_eq!(digest_of(&samples), 0xff7c_401c_6a25_524d);
    }
}
