//! What is heard in place of audio that was lost: the last pitch period again, ever softer (after ITU-T G.711, appendix I).
//!
//! ```text
//! heard .../\/\/\/\|/\/\/\/\ /\/\- - -    - |/\/\/\
//!            <----> the period, repeated    ^ what comes next is faded in
//! ```
//! Unlike there, nothing is held back to be smoothed before a loss, so that audio without one is not late.

/// The recent past of one stream, and how much of it is made up.
#[derive(Clone, Debug)]
pub(crate) struct Concealment {
    samples_per_ms: usize,
    /// What was heard last, the newest at the end; always as long.
    past: Vec<i16>,
    /// The pitch period that is repeated.
    period: Vec<i16>,
    /// Samples that were made up since the last one that came.
    made: usize,
}

impl Concealment {
    pub(crate) fn new(sample_hz: usize) -> Concealment {
        let samples_per_ms = sample_hz / 1_000;
        Concealment {
            samples_per_ms,
            past: vec![0; PAST_MS * samples_per_ms],
            period: Vec::with_capacity(PERIOD_MS.1 * samples_per_ms),
            made: 0,
        }
    }

    /// Audio came. What follows a loss is faded in.
    pub(crate) fn heard(&mut self, samples: &mut [i16]) {
        if self.made > 0 {
            let longer = self.made / self.samples_per_ms / 10 * 4;
            let overlap = (FADE_MS + longer).min(FADE_MS_MAX) * self.samples_per_ms;
            let overlap = overlap.min(samples.len());
            for (at, sample) in samples[..overlap].iter_mut().enumerate() {
                let share = share(at, overlap);
                *sample = mixed(self.next(), *sample, share);
            }
            self.made = 0;
        }
        self.remember(samples);
    }

    /// Audio did not come: fills the samples with what may have been there.
    pub(crate) fn conceal(&mut self, samples: &mut [i16]) {
        if self.made == 0 {
            self.find_period();
        }
        for sample in samples.iter_mut() {
            *sample = self.next();
        }
        self.remember(samples);
    }

    /// The next sample that is made up.
    fn next(&mut self) -> i16 {
        let (at, ms) = (self.made, self.samples_per_ms);
        self.made += 1;
        if at >= SILENT_AFTER_MS * ms {
            return 0;
        }
        let again = self.period.get(at % self.period.len().max(1));
        let again = again.copied().unwrap_or(0);
        let faded = at.saturating_sub(LOUD_MS * ms);
        mixed(again, 0, share(faded, (SILENT_AFTER_MS - LOUD_MS) * ms))
    }

    fn remember(&mut self, samples: &[i16]) {
        let length = self.past.len();
        let kept = &samples[samples.len().saturating_sub(length)..];
        self.past.copy_within(kept.len().., 0);
        self.past[length - kept.len()..].copy_from_slice(kept);
    }

    /// The lag at which the past is most like itself, and the samples since then, with an end that fits their beginning.
    fn find_period(&mut self) {
        let (past, ms) = (&self.past, self.samples_per_ms);
        let window = &past[past.len() - LIKENESS_MS * ms..];
        let likeness = |lag: &usize| {
            let other = &past[past.len() - LIKENESS_MS * ms - lag..past.len() - lag];
            let (mut product, mut power) = (0.0, 1.0);
            for (&one, &other) in window.iter().zip(other) {
                let (one, other) = (f32::from(one), f32::from(other));
                product += one * other;
                power += other * other;
            }
            product.abs() * product / power
        };
        let lags = PERIOD_MS.0 * ms..PERIOD_MS.1 * ms;
        let lag = lags.map(|lag| (likeness(&lag), lag));
        let lag = lag.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let lag = lag.map_or(PERIOD_MS.0 * ms, |(_, lag)| lag);
        self.period.clear();
        self.period.extend_from_slice(&past[past.len() - lag..]);
        let quarter = lag / 4;
        let before = &past[past.len() - lag - quarter..past.len() - lag];
        let end = &mut self.period[lag - quarter..];
        for (at, (sample, before)) in end.iter_mut().zip(before).enumerate() {
            *sample = mixed(*sample, *before, share(at, quarter));
        }
    }
}

/// How far `at` is on the way to `end`, in 1/256.
fn share(at: usize, end: usize) -> i32 {
    let share = (at.min(end) * 256).checked_div(end).unwrap_or(256);
    i32::try_from(share).unwrap_or(256)
}

/// One sample fading into another.
fn mixed(from: i16, to: i16, share: i32) -> i16 {
    let sum = i32::from(from) * (256 - share) + i32::from(to) * share;
    i16::try_from(sum >> 8).unwrap_or(0)
}

/// What is kept: the window and the longest lag behind it.
const PAST_MS: usize = LIKENESS_MS + PERIOD_MS.1;
/// What is compared.
const LIKENESS_MS: usize = 20;
/// The shortest and the longest period: 200 and 66 Hz, and every multiple that is shorter.
const PERIOD_MS: (usize, usize) = (5, 15);
/// As loud as before for so long, and silent after so long.
const LOUD_MS: usize = 10;
const SILENT_AFTER_MS: usize = 60;
/// What comes after a loss is faded in within so long, and 4 ms more for each 10 ms that were lost.
const FADE_MS: usize = 4;
const FADE_MS_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    #[test]
    fn a_packet_of_a_tone_is_made_up_as_it_was() {
        for frequency_hz in [200, 440, 1000, 2020, 3000] {
            let tone = tone::sine(frequency_hz, -10, 500);
            let mut heard = tone.clone();
            let mut concealment = Concealment::new(8_000);
            for (number, frame) in heard.chunks_mut(160).enumerate() {
                if number % 5 == 4 {
                    concealment.conceal(frame);
                } else {
                    concealment.heard(frame);
                }
            }
            let error: Vec<i16> = heard.iter().zip(&tone).map(|(a, b)| a - b).collect();
            let ratio = 20.0 * (tone::rms(&tone) / tone::rms(&error)).log10();
            assert!(ratio > 12.0, "{frequency_hz} Hz: {ratio} dB");
            assert_eq!(tone::dominant_hz(&heard), Some(frequency_hz));
        }
    }

    #[test]
    fn a_long_loss_ends_in_silence_and_what_follows_is_faded_in() {
        for sample_hz in [8_000, 16_000] {
            let ms = sample_hz / 1_000;
            let mut concealment = Concealment::new(sample_hz);
            concealment.heard(&mut vec![8_000; 40 * ms]);
            let mut lost = vec![1; 100 * ms];
            concealment.conceal(&mut lost);
            assert_eq!(lost[5 * ms], 8_000);
            assert!((3_900..4_100).contains(&lost[35 * ms]), "{}", lost[35 * ms]);
            assert!(lost[60 * ms..].iter().all(|&sample| sample == 0));
            let mut after = vec![8_000; 20 * ms];
            concealment.heard(&mut after);
            assert_eq!(after[0], 0);
            assert!(after.is_sorted());
            assert_eq!(after[10 * ms], 8_000);
        }
    }

    #[test]
    fn what_begins_with_a_loss_is_silent() {
        let mut concealment = Concealment::new(8_000);
        let mut samples = [1; 160];
        concealment.conceal(&mut samples);
        assert_eq!(samples, [0; 160]);
        concealment.heard(&mut []);
        concealment.conceal(&mut []);
    }
}
