//! One band: an adaptive quantiser's step, and a predictor of two poles and six zeros (ITU-T G.722, section 6.2).

use super::saturated;
use super::tables::{Quantiser, STEPS};

/// The state that encoder and decoder keep alike, since both see only the code.
#[derive(Clone, Debug)]
pub(super) struct Band {
    quantiser: &'static Quantiser,
    /// The quantiser's step, and its logarithm.
    step: i32,
    log_step: i32,
    /// What the predictor expects, all of it and the part of the zeros.
    signal: i32,
    zeros_signal: i32,
    /// The last two reconstructed signals and sums of difference and zeros, the newest first.
    reconstructed: [i32; 2],
    partial: [i32; 2],
    poles: [i32; 2],
    /// The last six differences, the newest first.
    differences: [i32; 6],
    zeros: [i32; 6],
}

impl Band {
    pub(super) fn new(quantiser: &'static Quantiser) -> Band {
        Band {
            quantiser,
            step: quantiser.first_step,
            log_step: 0,
            signal: 0,
            zeros_signal: 0,
            reconstructed: [0; 2],
            partial: [0; 2],
            poles: [0; 2],
            differences: [0; 6],
            zeros: [0; 6],
        }
    }

    /// What the next sample is expected to be.
    pub(super) fn signal(&self) -> i32 {
        self.signal
    }

    /// The step of the quantiser.
    pub(super) fn step(&self) -> i32 {
        self.step
    }

    /// Follows a code: both sides do this alike.
    pub(super) fn take(&mut self, code: usize) {
        let difference = scaled(self.step, self.quantiser.levels[code]);
        self.adapt_step(code);
        self.predict(difference);
    }

    /// LOGSCL or LOGSCH, then SCALEL or SCALEH.
    fn adapt_step(&mut self, code: usize) {
        let log = (self.log_step * 127) >> 7;
        self.log_step =
            (log + self.quantiser.multipliers[code]).clamp(0, self.quantiser.log_step_max);
        let fraction = usize::try_from((self.log_step >> 6) & 31).unwrap_or(0);
        let shift = self.quantiser.shift - (self.log_step >> 11);
        let step = if shift < 0 {
            STEPS[fraction] << -shift
        } else {
            STEPS[fraction] >> shift
        };
        self.step = step << 2;
    }

    /// Block 4: the prediction, one sample on.
    fn predict(&mut self, difference: i32) {
        let reconstructed = saturated(self.signal + difference);
        let partial = saturated(self.zeros_signal + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.partial = [partial, self.partial[0]];
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;

        let doubled = |value: i32| saturated(value + value);
        let by_poles = self.poles.iter().zip(&self.reconstructed);
        let by_poles = by_poles.map(|(pole, &signal)| (pole * doubled(signal)) >> 15);
        let poles_signal = saturated(by_poles.sum());
        let by_zeros = self.zeros.iter().zip(&self.differences);
        let by_zeros = by_zeros.map(|(zero, &past)| (zero * doubled(past)) >> 15);
        self.zeros_signal = saturated(by_zeros.sum());
        self.signal = saturated(poles_signal + self.zeros_signal);
    }

    /// UPPOL2 and UPPOL1.
    fn adapt_poles(&mut self, partial: i32) {
        let [first, second] = self.poles;
        let is_like = |past: i32| (partial < 0) == (past < 0);
        let toward = saturated(first << 2);
        let toward = if is_like(self.partial[0]) {
            (-toward).min(i32::from(i16::MAX))
        } else {
            toward
        };
        let pull = if is_like(self.partial[1]) { 128 } else { -128 };
        let second = (toward >> 7) + pull + ((second * 32_512) >> 15);
        let second = second.clamp(-12_288, 12_288);
        let pull = if is_like(self.partial[0]) { 192 } else { -192 };
        let most = saturated(15_360 - second);
        let first = saturated(pull + ((first * 32_640) >> 15)).clamp(-most, most);
        self.poles = [first, second];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, difference: i32) {
        let pull = if difference == 0 { 0 } else { 128 };
        for (zero, past) in self.zeros.iter_mut().zip(&self.differences) {
            let pull = if (difference < 0) == (*past < 0) {
                pull
            } else {
                -pull
            };
            *zero = saturated(pull + ((*zero * 32_640) >> 15));
        }
    }
}

/// A level of a quantiser at a step.
pub(super) fn scaled(step: i32, level: i32) -> i32 {
    (step * level) >> 15
}
