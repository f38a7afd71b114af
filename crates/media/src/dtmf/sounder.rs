//! Keys that go out as tones in the audio (ITU-T Q.23), to a leg that takes no telephone events.
//!
//! Each is 100 ms of two tones and 70 ms of silence, more than a receiver needs of either (Q.24: 40 ms), whatever the key
//! was down: what is said meanwhile is not heard. It does the two packet times in the middle of which it ends no harm that
//! they are silent to their end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::sender::MAX_PENDING;
use super::{Digit, KEYPAD_HZ};
use crate::tone::Sine;

/// The keys that a leg still has to hear.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sounder {
    pending: VecDeque<Digit>,
    sounding: Option<Sounding>,
    next_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Sounding {
    low: Sine,
    high: Sine,
    /// Samples of tone, then of silence, that are left.
    tone: usize,
    pause: usize,
}

impl Sounder {
    /// Queues a key; false if too many wait.
    pub(crate) fn push(&mut self, digit: Digit, now: Instant) -> bool {
        if self.pending.len() >= MAX_PENDING {
            return false;
        }
        self.pending.push_back(digit);
        self.next_at.get_or_insert(now);
        true
    }

    /// Whether it has the stream for itself.
    pub(crate) fn is_busy(&self) -> bool {
        self.next_at.is_some()
    }

    /// When the next packet of it is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next_at
    }

    /// Forgets everything: the leg does not send any more.
    pub(crate) fn clear(&mut self) {
        *self = Sounder::default();
    }

    /// Fills the packet that is due with samples at 8 kHz; the time that it stands for.
    pub(crate) fn next(
        &mut self,
        frame: &mut [i16],
        packet_time: Duration,
        now: Instant,
    ) -> Option<Instant> {
        let at = self.next_at.filter(|at| *at <= now)?;
        frame.fill(0);
        let mut rest = &mut *frame;
        while !rest.is_empty() {
            let Some(sounding) = self.sounding.as_mut().filter(|one| one.pause > 0) else {
                self.sounding = self.pending.pop_front().map(Sounding::of);
                if self.sounding.is_none() {
                    break;
                }
                continue;
            };
            let filled = sounding.fill(rest);
            rest = &mut rest[filled..];
        }
        let is_over = self.pending.is_empty() && self.sounding.is_none_or(|one| one.pause == 0);
        // Late by more than a packet: go on from now rather than in a burst.
        let due = if at + packet_time < now { now } else { at };
        self.next_at = (!is_over).then_some(due + packet_time);
        Some(due)
    }
}

impl Sounding {
    fn of(digit: Digit) -> Sounding {
        let (low_hz, high_hz) = KEYPAD_HZ[usize::from(digit.event())];
        Sounding {
            low: Sine::new(low_hz, LEVEL_DB),
            high: Sine::new(high_hz, LEVEL_DB),
            tone: TONE_SAMPLES,
            pause: PAUSE_SAMPLES,
        }
    }

    /// Goes on in these samples; how many are its own.
    fn fill(&mut self, samples: &mut [i16]) -> usize {
        let count = self.tone.min(samples.len());
        if count == 0 {
            let silent = self.pause.min(samples.len());
            self.pause -= silent;
            return silent;
        }
        let (samples, _) = samples.split_at_mut(count);
        self.low.fill(samples);
        for piece in samples.chunks_mut(PIECE) {
            let mut high = [0; PIECE];
            self.high.fill(&mut high[..piece.len()]);
            let pairs = piece.iter_mut().zip(high);
            pairs.for_each(|(sample, high)| *sample = sample.saturating_add(high));
        }
        self.tone -= count;
        count
    }
}

/// The peak of each tone below full scale, in dB: -10 dBm0, the power that our telephone events tell (G.711: full scale is
/// 3 dBm0).
const LEVEL_DB: i8 = -13;
/// 100 ms at 8 kHz.
const TONE_SAMPLES: usize = 800;
/// 70 ms.
const PAUSE_SAMPLES: usize = 560;
/// Samples that are added at once.
const PIECE: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::dtmf::Tones;

    const PACKET: Duration = Duration::from_millis(20);

    /// What is heard of the keys, in packets of 20 ms.
    fn sounds(keys: &str) -> Vec<i16> {
        let (mut sounder, mut now) = (Sounder::default(), clock::start());
        let mut pressed = keys.chars().filter_map(Digit::new);
        assert!(pressed.all(|digit| sounder.push(digit, now)));
        let mut heard = Vec::new();
        while let Some(at) = sounder.deadline() {
            assert_eq!(at, now);
            let mut frame = [1; 160];
            assert_eq!(sounder.next(&mut frame, PACKET, now), Some(now));
            assert_eq!(sounder.next(&mut frame.clone(), PACKET, now), None, "once");
            heard.extend(frame);
            now += PACKET;
        }
        assert!(!sounder.is_busy());
        heard
    }

    #[test]
    fn every_key_is_found_again_once_with_its_length_and_level() {
        let keys = "1234567890*#ABCD";
        let heard = sounds(keys);
        assert_eq!(heard.len(), (16usize * 170).div_ceil(20) * 160);
        let (mut tones, mut found) = (Tones::default(), Vec::new());
        tones.listen(heard, |press| found.push(press));
        let told: String = found.iter().map(|press| press.digit.key()).collect();
        assert_eq!(told, keys);
        for press in found {
            assert!(
                (80..=110).contains(&press.duration.as_millis()),
                "{press:?}"
            );
            // Both together are 3 dB above each.
            assert!(press.volume.abs_diff(7) <= 1, "{press:?}");
        }
    }

    #[test]
    fn no_more_wait_than_the_bound() {
        let (mut sounder, now) = (Sounder::default(), clock::start());
        let five = Digit::new('5').unwrap();
        let taken = (0..100).filter(|_| sounder.push(five, now)).count();
        assert_eq!(taken, MAX_PENDING);
        sounder.clear();
        assert!(sounder.deadline().is_none() && sounder.push(five, now));
    }
}
