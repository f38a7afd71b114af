//! Comfort noise: what a line sounds like on which nobody speaks (RFC 3389).

/// White noise of one level.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    seed: u32,
    /// Of a uniform distribution, in units of a sample.
    peak: i32,
}

impl Noise {
    /// Noise of a level below overload, in decibels, as a packet of comfort noise tells it (section 3.1). Its spectrum, if
    /// the packet has one, makes no difference to who waits.
    pub(crate) fn new(payload: &[u8]) -> Noise {
        let level = payload.first().map_or(USUAL_DB, |first| first & 0x7f);
        let (halves, rest) = (level / 6, usize::from(level % 6));
        let peak = (PEAK >> halves) * PERMILLE[rest] / 1_000;
        Noise { seed: 1, peak }
    }

    pub(crate) fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            self.seed = self
                .seed
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            // The upper bits are the random ones.
            let [first, second, ..] = self.seed.to_be_bytes();
            let white = i32::from(i16::from_be_bytes([first, second]));
            *sample = i16::try_from((white * self.peak) >> 15).unwrap_or(0);
        }
    }
}

/// A quiet line, where the packet does not say.
const USUAL_DB: u8 = 70;
/// The peak of uniform noise at the level of overload: √3 of a full sine's mean.
const PEAK: i32 = 56_756;
/// What each decibel makes of the rest of six.
const PERMILLE: [i32; 6] = [1_000, 891, 794, 708, 631, 562];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    #[test]
    fn noise_has_the_level_that_is_told_and_no_tone() {
        for level in [30u8, 40, 52, 61] {
            let mut samples = vec![0; 16_000];
            Noise::new(&[level, 9, 9]).fill(&mut samples);
            let heard = -20.0 * (tone::rms(&samples) / 32_768.0).log10();
            assert!((heard - f64::from(level)).abs() < 1.0, "{level}: {heard}");
            assert_eq!(tone::dominant_hz(&samples), None);
        }
        for hostile in [&[][..], &[0], &[255], &[127]] {
            Noise::new(hostile).fill(&mut [0; 320]);
        }
    }
}
