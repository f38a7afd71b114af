//! Whether a packet of G.711 can be heard, from a few of its samples.

use crate::g711::{self, Law};

/// Counts packets that were looked at and those among them that were silent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    looked: u32,
    silent: u32,
}

impl Level {
    /// Looks at every fourth packet, at a place that moves, so that no tone hides between samples.
    pub(crate) fn look(&mut self, law: Law, sequence: u16, payload: &[u8]) -> Option<bool> {
        if !sequence.is_multiple_of(LOOK_EVERY) || payload.is_empty() {
            return None;
        }
        let windows = (payload.len() / WINDOW).max(1);
        let start = usize::from(sequence / LOOK_EVERY) % windows * WINDOW;
        let end = payload.len().min(start + WINDOW);
        let audible = is_audible(law, &payload[start..end]);
        self.looked = self.looked.saturating_add(1);
        self.silent = self.silent.saturating_add(u32::from(!audible));
        Some(audible)
    }

    /// The same of samples.
    pub(crate) fn look_at(&mut self, sequence: u16, samples: &[i16]) {
        if !sequence.is_multiple_of(LOOK_EVERY) || samples.is_empty() {
            return;
        }
        let loud = |sample: &i16| sample.unsigned_abs() >= SILENT_BELOW;
        self.looked = self.looked.saturating_add(1);
        self.silent = self
            .silent
            .saturating_add(u32::from(!samples.iter().any(loud)));
    }

    /// Silent packets in a thousand of those that were looked at.
    pub(crate) fn silence_permille(self) -> u16 {
        let permille = u64::from(self.silent) * 1000 / u64::from(self.looked.max(1));
        u16::try_from(permille).unwrap_or(1000)
    }
}

/// Whether any of the samples is louder than [`SILENT_BELOW`].
pub fn is_audible(law: Law, samples: &[u8]) -> bool {
    samples
        .iter()
        .any(|&code| g711::decode(law, code).unsigned_abs() >= SILENT_BELOW)
}

/// The least magnitude of a linear sample that counts as sound: −54 dB of full scale.
pub const SILENT_BELOW: u16 = 64;
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
                assert_eq!(level.silence_permille(), 0, "{frequency_hz} Hz");
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
            assert_eq!(level.silence_permille(), 1000);
        }
    }
}
