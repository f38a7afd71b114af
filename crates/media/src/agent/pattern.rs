//! Tones and pauses in turn, for ever or once.

use crate::tone::Sine;

/// A pattern of tones at the place where it is.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    steps: &'static [Step],
    step: usize,
    left: usize,
    sine: Sine,
    repeat: bool,
}

/// A tone, or a pause if the frequency is 0.
#[derive(Clone, Copy, Debug)]
struct Step {
    frequency_hz: u16,
    samples: usize,
}

impl Pattern {
    /// Two soft beeps every three seconds.
    pub(crate) fn hold() -> Pattern {
        Pattern::new(&HOLD, true)
    }

    /// Three rising tones, once.
    pub(crate) fn prompt() -> Pattern {
        Pattern::new(&PROMPT, false)
    }

    fn new(steps: &'static [Step], repeat: bool) -> Pattern {
        let first = steps[0];
        Pattern {
            steps,
            step: 0,
            left: first.samples,
            sine: first.sine(),
            repeat,
        }
    }

    pub(crate) fn restart(&mut self) {
        *self = Pattern::new(self.steps, self.repeat);
    }

    /// Fills a frame; false if the pattern ended in it.
    pub(crate) fn fill(&mut self, frame: &mut [i16]) -> bool {
        let mut rest = frame;
        loop {
            let count = self.left.min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            match self.steps.get(self.step) {
                Some(Step {
                    frequency_hz: 1.., ..
                }) => self.sine.fill(now),
                Some(_) | None => now.fill(0),
            }
            self.left -= count;
            rest = later;
            if rest.is_empty() {
                return self.left > 0 || self.repeat || self.step + 1 < self.steps.len();
            }
            self.step += 1;
            if self.step >= self.steps.len() && self.repeat {
                self.step = 0;
            }
            let Some(step) = self.steps.get(self.step) else {
                rest.fill(0);
                return false;
            };
            (self.left, self.sine) = (step.samples, step.sine());
        }
    }
}

impl Step {
    const fn new(frequency_hz: u16, milliseconds: usize) -> Step {
        Step {
            frequency_hz,
            samples: milliseconds * 8,
        }
    }

    fn sine(self) -> Sine {
        Sine::new(self.frequency_hz, LEVEL_DB)
    }
}

static HOLD: [Step; 4] = [
    Step::new(440, 150),
    Step::new(0, 150),
    Step::new(440, 150),
    Step::new(0, 2550),
];
static PROMPT: [Step; 5] = [
    Step::new(523, 180),
    Step::new(0, 60),
    Step::new(659, 180),
    Step::new(0, 60),
    Step::new(784, 300),
];
/// Soft enough for hours of waiting.
const LEVEL_DB: i8 = -20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    #[test]
    fn the_prompt_rises_and_ends() {
        let mut pattern = Pattern::prompt();
        let mut samples = Vec::new();
        let mut goes = true;
        while goes {
            let mut frame = [0; 160];
            goes = pattern.fill(&mut frame);
            samples.extend_from_slice(&frame);
        }
        assert_eq!(samples.len(), 780 * 8);
        let heard = [0, 240, 480].map(|ms| tone::dominant_hz(&samples[ms * 8..(ms + 180) * 8]));
        assert_eq!(heard, [Some(520), Some(660), Some(780)]);
        assert_eq!(tone::dominant_hz(&samples[185 * 8..235 * 8]), None);
    }

    #[test]
    fn hold_goes_on_for_ever() {
        let mut pattern = Pattern::hold();
        let mut samples = vec![0; 8000 * 60];
        assert!(samples.chunks_mut(160).all(|frame| pattern.fill(frame)));
        for second in (0..60).step_by(3) {
            assert_eq!(
                tone::dominant_hz(&samples[second * 8000..second * 8000 + 1200]),
                Some(440)
            );
            assert_eq!(
                tone::rms(&samples[second * 8000 + 4000..second * 8000 + 20_000]),
                0.0
            );
        }
    }
}
