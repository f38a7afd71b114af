//! Sines as 16 bit linear samples at 8 kHz, and how to find them again (Goertzel).

#![expect(
    clippy::as_conversions,
    reason = "floats and sample counts; nothing here comes from a peer"
)]

use std::f64::consts::TAU;

/// A sine that goes on where it stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sine {
    step: f64,
    phase: f64,
    amplitude: f64,
}

impl Sine {
    /// A sine of `frequency_hz` whose peak is `level_db` below full scale (0 is full scale, −10 usual).
    pub fn new(frequency_hz: u16, level_db: i8) -> Sine {
        let amplitude = f64::from(i16::MAX) * 10f64.powf(f64::from(level_db.min(0)) / 20.0);
        Sine {
            step: TAU * f64::from(frequency_hz) / SAMPLE_RATE,
            phase: 0.0,
            amplitude,
        }
    }

    /// Writes the next samples. Two sines a call, then a rotation for each sample.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let (turn_sin, turn_cos) = self.step.sin_cos();
        let (mut sin, mut cos) = self.phase.sin_cos();
        for sample in samples.iter_mut() {
            *sample = (sin * self.amplitude) as i16;
            (sin, cos) = (
                sin * turn_cos + cos * turn_sin,
                cos * turn_cos - sin * turn_sin,
            );
        }
        self.phase = (self.phase + self.step * samples.len() as f64) % TAU;
    }
}

/// `milliseconds` of a sine of `frequency_hz` whose peak is `level_db` below full scale.
pub fn sine(frequency_hz: u16, level_db: i8, milliseconds: u32) -> Vec<i16> {
    let mut samples = vec![0; milliseconds as usize * 8];
    Sine::new(frequency_hz, level_db).fill(&mut samples);
    samples
}

/// How much of the power of `samples` is at `frequency_hz`: 1 for a pure sine, 0 for none of it.
pub fn share(samples: &[i16], frequency_hz: u16) -> f64 {
    let total: f64 = samples
        .iter()
        .map(|&sample| f64::from(sample) * f64::from(sample))
        .sum();
    if total == 0.0 {
        return 0.0;
    }
    2.0 * power(samples, frequency_hz) / (total * samples.len() as f64)
}

/// The power of `samples` at `frequency_hz`, by Goertzel's filter: (amplitude · count / 2)² for a sine.
pub fn power(samples: &[i16], frequency_hz: u16) -> f64 {
    let coefficient = 2.0 * (TAU * f64::from(frequency_hz) / SAMPLE_RATE).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in samples {
        (last, before) = (f64::from(sample) + coefficient * last - before, last);
    }
    last * last + before * before - coefficient * last * before
}

/// The strongest frequency of `samples` between 100 and 3,900 Hz, to 10 Hz; none if they are silent
/// or if no frequency holds a tenth of the power.
pub fn dominant_hz(samples: &[i16]) -> Option<u16> {
    let loudest = (100..=3900)
        .step_by(10)
        .max_by(|&one, &other| power(samples, one).total_cmp(&power(samples, other)))?;
    (share(samples, loudest) > 0.1).then_some(loudest)
}

/// The root of the mean square of `samples`.
pub fn rms(samples: &[i16]) -> f64 {
    let total: f64 = samples
        .iter()
        .map(|&sample| f64::from(sample) * f64::from(sample))
        .sum();
    (total / (samples.len().max(1) as f64)).sqrt()
}

const SAMPLE_RATE: f64 = 8000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_is_found_again() {
        for frequency_hz in [120, 440, 1000, 1140, 2600, 3400] {
            let samples = sine(frequency_hz, -10, 200);
            assert_eq!(dominant_hz(&samples), Some(frequency_hz));
            assert!(share(&samples, frequency_hz) > 0.95);
            assert!(share(&samples, frequency_hz / 2) < 0.05);
        }
        assert_eq!(dominant_hz(&[0; 800]), None);
        assert_eq!(dominant_hz(&[]), None);
    }

    #[test]
    fn pieces_join_without_a_step() {
        let whole = sine(437, -3, 1000);
        let mut pieces = vec![0; 8000];
        let mut sine = Sine::new(437, -3);
        pieces.chunks_mut(160).for_each(|piece| sine.fill(piece));
        let difference = whole
            .iter()
            .zip(&pieces)
            .map(|(one, other)| (one - other).abs())
            .max();
        assert!(difference.unwrap() <= 1, "{difference:?}");
    }

    #[test]
    fn the_level_is_that_of_the_peak() {
        let peak = sine(1000, -20, 100)
            .iter()
            .map(|sample| sample.abs())
            .max()
            .unwrap();
        assert!((3200..=3277).contains(&peak), "{peak}");
        assert!((rms(&sine(1000, 0, 100)) - 23_170.0).abs() < 50.0);
    }
}
