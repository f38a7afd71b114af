//! How loud packets are, from a few of their samples: silence, level, clipping.

use crate::g711::{self, Law};
use crate::measure::Stream;

/// Counts packets that were looked at and what they were.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    looked: u32,
    silent: u32,
    idle: u32,
    clipped: u32,
    /// Squares of the samples of packets that were not silent, and how many samples these were.
    squares: u64,
    samples: u32,
}

impl Level {
    /// Looks at every fourth packet, at a place that moves, so that no tone hides between samples. Whether it can be heard,
    /// if it was looked at.
    pub(crate) fn look(&mut self, law: Law, sequence: u16, payload: &[u8]) -> Option<bool> {
        let window = window(sequence, payload)?;
        let (mut loudest, mut squares) = (0, 0);
        for &code in window {
            let magnitude = g711::decode(law, code).unsigned_abs();
            loudest = loudest.max(magnitude);
            squares += u64::from(magnitude) * u64::from(magnitude);
        }
        let idle = match law {
            Law::Mu => 0,
            // Its code for silence is a step above 0.
            Law::A => 8,
        };
        Some(self.count(loudest, squares, window.len(), idle))
    }

    /// The same of samples.
    pub(crate) fn look_at(&mut self, sequence: u16, samples: &[i16]) {
        if let Some(window) = window(sequence, samples) {
            let magnitudes = || window.iter().map(|sample| sample.unsigned_abs());
            let squares = magnitudes().map(|one| u64::from(one).pow(2)).sum();
            self.count(magnitudes().max().unwrap_or(0), squares, window.len(), 0);
        }
    }

    /// What was counted since then.
    pub(crate) fn since(&self, before: &Level) -> Level {
        Level {
            looked: self.looked - before.looked,
            silent: self.silent - before.silent,
            idle: self.idle - before.idle,
            clipped: self.clipped - before.clipped,
            squares: self.squares - before.squares,
            samples: self.samples - before.samples,
        }
    }

    /// Whether any packet was looked at.
    pub(crate) fn was_looked_at(&self) -> bool {
        self.looked > 0
    }

    /// What it tells of a direction; all else is 0.
    pub(crate) fn stream(self) -> Stream {
        let permille = |count: u32| {
            let permille = u64::from(count) * 1000 / u64::from(self.looked.max(1));
            u16::try_from(permille).unwrap_or(1000)
        };
        Stream {
            silence_permille: permille(self.silent),
            idle_permille: permille(self.idle),
            clipped_permille: permille(self.clipped),
            level_dbov: (self.samples > 0).then(|| dbov(self.squares, self.samples)),
            ..Stream::default()
        }
    }

    fn count(&mut self, loudest: u16, squares: u64, samples: usize, idle: u16) -> bool {
        let audible = loudest >= SILENT_BELOW;
        self.looked = self.looked.saturating_add(1);
        self.silent = self.silent.saturating_add(u32::from(!audible));
        self.idle = self.idle.saturating_add(u32::from(loudest <= idle));
        self.clipped = self
            .clipped
            .saturating_add(u32::from(loudest >= CLIPPED_FROM));
        // Two years of speech fit; what comes behind them counts no more.
        let counts = u32::try_from(samples).ok().filter(|_| audible);
        if let Some(sum) = counts.and_then(|samples| self.samples.checked_add(samples)) {
            self.samples = sum;
            self.squares = self.squares.saturating_add(squares);
        }
        audible
    }
}

/// What is looked at of a packet, if it is.
fn window<T>(sequence: u16, samples: &[T]) -> Option<&[T]> {
    if !sequence.is_multiple_of(LOOK_EVERY) || samples.is_empty() {
        return None;
    }
    let windows = (samples.len() / WINDOW).max(1);
    let start = usize::from(sequence / LOOK_EVERY) % windows * WINDOW;
    Some(&samples[start..samples.len().min(start + WINDOW)])
}

/// 0 is the square of full scale.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "sums of squares as floats, and a float of -127 to 0"
)]
fn dbov(squares: u64, samples: u32) -> i8 {
    let mean = squares as f64 / f64::from(samples.max(1));
    (10.0 * (mean / (32_768.0 * 32_768.0)).log10())
        .round()
        .clamp(-127.0, 0.0) as i8
}

/// Whether any of the samples is louder than [`SILENT_BELOW`].
pub fn is_audible(law: Law, samples: &[u8]) -> bool {
    samples
        .iter()
        .any(|&code| g711::decode(law, code).unsigned_abs() >= SILENT_BELOW)
}

/// The least magnitude of a linear sample that counts as sound: −54 dB of full scale.
pub const SILENT_BELOW: u16 = 64;
/// The least magnitude at which the coder of the peer may have cut: the last step of either law.
const CLIPPED_FROM: u16 = 32_000;
/// One packet in four is looked at: five times a second are enough for a silence of seconds.
const LOOK_EVERY: u16 = 4;
/// Samples that are looked at: 4 ms hold a whole wave of 250 Hz.
const WINDOW: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    #[test]
    fn tones_are_heard_and_silence_and_noise_of_the_line_are_not() {
        for law in [Law::Mu, Law::A] {
            for frequency_hz in [300, 1000, 1143, 2000, 3400] {
                let mut level = Level::default();
                let coded: Vec<u8> = tone::sine(frequency_hz, -45, 2000)
                    .iter()
                    .map(|&s| g711::encode(law, s))
                    .collect();
                for (sequence, payload) in (0u16..).zip(coded.chunks(160)) {
                    level.look(law, sequence, payload);
                }
                assert_eq!(level.looked, 25);
                assert_eq!(level.stream().silence_permille, 0, "{frequency_hz} Hz");
            }
            let quiet = [
                g711::encode(law, 24),
                g711::encode(law, -24),
                g711::silence(law),
            ];
            let mut level = Level::default();
            assert_eq!(level.look(law, 0, &quiet), Some(false));
            assert_eq!(level.look(law, 1, &quiet), None);
            assert_eq!(level.look(law, 4, &[]), None);
            assert_eq!(level.stream().silence_permille, 1000);
        }
    }

    #[test]
    fn levels_are_those_of_sines() {
        for (law, level_db) in [(Law::Mu, -10), (Law::A, -10), (Law::Mu, -30)] {
            let mut level = Level::default();
            let coded: Vec<u8> = tone::sine(997, level_db, 2000)
                .iter()
                .map(|&s| g711::encode(law, s))
                .collect();
            for (sequence, payload) in (0u16..).zip(coded.chunks(160)) {
                level.look(law, sequence, payload);
            }
            // A sine is 3 dB below its peak.
            let told = level.stream().level_dbov.unwrap();
            assert!((told - level_db + 3).abs() <= 1, "{told}");
            assert_eq!(level.stream().clipped_permille, 0);
        }
        let mut square = Level::default();
        square.look(Law::Mu, 0, &[0x00, 0x80, 0x00]);
        let told = square.stream();
        assert_eq!((told.level_dbov, told.clipped_permille), (Some(0), 1000));
        assert_eq!(Level::default().stream().level_dbov, None);
    }

    #[test]
    fn a_muted_sender_is_not_a_quiet_one() {
        for law in [Law::Mu, Law::A] {
            let mut level = Level::default();
            level.look(law, 0, &[g711::silence(law); 160]);
            level.look(law, 4, &[g711::encode(law, 40); 160]);
            let told = level.stream();
            assert_eq!((told.silence_permille, told.idle_permille), (1000, 500));
        }
    }
}
