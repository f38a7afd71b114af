//! From 8 to 16 kHz and back: a half-band filter of 47 taps, every second of which is zero.
//!
//! Flat to 3,400 Hz, 50 dB down from 4,600 Hz on; between them the mirror image of what G.711 carries has nothing in it.

/// Doubles the rate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Up {
    past: [i32; SIDE * 2],
}

/// Halves the rate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Down {
    /// Those that the taps beside the middle see, and those that wait for the middle.
    outer: [i32; SIDE * 2],
    inner: [i32; SIDE],
}

impl Up {
    /// Two samples for each.
    pub(crate) fn push(&mut self, samples: &[i16], mut to: impl FnMut(i16)) {
        for &sample in samples {
            self.past.copy_within(1.., 0);
            self.past[SIDE * 2 - 1] = i32::from(sample);
            to(sixteen(rounded(beside(&self.past) * 2)));
            to(sixteen(self.past[SIDE]));
        }
    }
}

impl Down {
    /// One sample for each pair; a sample without a partner stays behind.
    pub(crate) fn push(&mut self, samples: &[i16], mut to: impl FnMut(i16)) {
        let (pairs, _) = samples.as_chunks();
        for &[first, second] in pairs {
            self.outer.copy_within(1.., 0);
            self.outer[SIDE * 2 - 1] = i32::from(first);
            let middle = self.inner[0];
            self.inner.copy_within(1.., 0);
            self.inner[SIDE - 1] = i32::from(second);
            to(sixteen(rounded(beside(&self.outer) + (middle << 14))));
        }
    }
}

/// The sum of the taps beside the middle.
fn beside(past: &[i32; SIDE * 2]) -> i32 {
    let (left, right) = past.split_at(SIDE);
    let pairs = left.iter().rev().zip(right).zip(&TAPS);
    pairs.map(|((left, right), tap)| (left + right) * tap).sum()
}

fn rounded(sum: i32) -> i32 {
    (sum + (1 << 14)) >> 15
}

fn sixteen(value: i32) -> i16 {
    let value = value.clamp(i32::from(i16::MIN), i32::from(i16::MAX));
    i16::try_from(value).unwrap_or(0)
}

/// Taps that are not zero on each side of the middle, which is a half.
const SIDE: usize = TAPS.len();
/// In units of 1/32,768: a sinc under a Kaiser window (β = 5.65). Beside the middle they add up to a half.
const TAPS: [i32; 12] = [
    10_383, -3_329, 1_846, -1_170, 772, -511, 331, -206, 120, -64, 29, -9,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    fn up(samples: &[i16]) -> Vec<i16> {
        let (mut resampled, mut filter) = (Vec::new(), Up::default());
        filter.push(samples, |sample| resampled.push(sample));
        resampled
    }

    fn down(samples: &[i16]) -> Vec<i16> {
        let (mut resampled, mut filter) = (Vec::new(), Down::default());
        filter.push(samples, |sample| resampled.push(sample));
        resampled
    }

    /// Decibels of a level against another.
    fn against(level: f64, other: f64) -> f64 {
        20.0 * (level.max(1e-3) / other).log10()
    }

    #[test]
    fn what_a_telephone_carries_goes_up_and_down_unchanged() {
        for frequency_hz in [100, 300, 1000, 2000, 3000, 3400] {
            let sine = tone::sine(frequency_hz, -6, 500);
            let there = up(&sine);
            assert_eq!(there.len(), sine.len() * 2);
            let back = down(&there);
            assert_eq!(back.len(), sine.len());
            // 23 samples at 16 kHz each way.
            let delay = 23;
            let error: Vec<i16> = (200..3000)
                .map(|at| back[at + delay].saturating_sub(sine[at]))
                .collect();
            let ratio = against(tone::rms(&sine), tone::rms(&error));
            assert!(ratio > 40.0, "{frequency_hz} Hz: {ratio} dB");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        for frequency_hz in [4600, 5000, 6000, 7000] {
            // Twice the frequency at 8 kHz is the frequency at 16 kHz.
            let samples: Vec<i16> = (0..16_000u32)
                .map(|at| {
                    let turns = f64::from(at) * f64::from(frequency_hz) / 16_000.0;
                    (16_000.0 * (turns * std::f64::consts::TAU).sin()) as i16
                })
                .collect();
            let rest = tone::rms(&down(&samples)[100..]);
            let level = against(rest, tone::rms(&samples));
            assert!(level < -48.0, "{frequency_hz} Hz: {level} dB");
        }
    }

    #[test]
    fn no_image_of_a_tone_appears_above_4_khz() {
        let there = up(&tone::sine(1000, -6, 1000));
        // At twice the rate, power at half the frequency is that of the frequency.
        let (tone, image) = (tone::power(&there, 500), tone::power(&there, 3500));
        let level = 10.0 * (image / tone).log10();
        assert!(level < -48.0, "{level} dB");
    }
}
