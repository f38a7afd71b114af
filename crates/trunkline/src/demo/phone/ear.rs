//! The ear: which tone a phone hears, from the RTP packets that its media let in.

use media::g711::{self, Law};
use media::packet::Packet;
use media::tone;

use super::report::Happening;

/// What is listened to at once: 100 ms. In more than that a tone between two steps of 10 Hz, as
/// [`tone::dominant_hz`] looks for them, would be lost.
const WINDOW_SAMPLES: usize = 800;

/// What is softer than this is nothing: −56 dB.
const SOFTEST_RMS: f64 = 50.0;

/// How much of the power a tone must have to be one; less is a change from one sound to the next. A pure tone
/// that is 5 Hz off a step has 0.4.
const PURE_SHARE: f64 = 0.35;

/// An ear.
#[derive(Debug, Default)]
pub(super) struct Ear {
    samples: Vec<i16>,
    hears: Option<u16>,
}

impl Ear {
    /// Takes a µ-law packet and tells what is heard from now on, if that is something else.
    pub(super) fn listen(&mut self, rtp: &[u8]) -> Option<Happening> {
        let packet = Packet::parse(rtp).ok()?;
        let payload = rtp.get(packet.payload())?;
        let samples = payload.iter().map(|&code| g711::decode(Law::Mu, code));
        self.samples.extend(samples);
        if self.samples.len() < WINDOW_SAMPLES {
            return None;
        }
        let sound = sound_of(&self.samples);
        self.samples.clear();
        match sound {
            Sound::Silence => self.hears.take().map(|_| Happening::Quiet),
            Sound::Tone(hz) if self.hears != Some(hz) => {
                self.hears = Some(hz);
                Some(Happening::Heard { hz })
            }
            Sound::Tone(_) | Sound::Unclear => None,
        }
    }

    /// No packets come any more.
    pub(super) fn nothing_comes(&mut self) -> Option<Happening> {
        self.samples.clear();
        self.hears.take().map(|_| Happening::Quiet)
    }
}

/// What a window sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    Silence,
    Tone(u16),
    Unclear,
}

fn sound_of(samples: &[i16]) -> Sound {
    if tone::rms(samples) < SOFTEST_RMS {
        return Sound::Silence;
    }
    match tone::dominant_hz(samples) {
        Some(hz) if tone::share(samples, hz) >= PURE_SHARE => Sound::Tone(hz),
        Some(_) | None => Sound::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tone_is_heard_whether_on_a_step_or_between_two() {
        for hz in (300..=3_300).step_by(65).chain([523, 659, 784, 1_005]) {
            match sound_of(&tone::sine(hz, -20, 100)) {
                Sound::Tone(heard) => assert!(heard.abs_diff(hz) <= 5, "{hz}: {heard}"),
                other => panic!("{hz}: {other:?}"),
            }
        }
    }

    #[test]
    fn silence_and_a_mixture_are_no_tone() {
        assert_eq!(sound_of(&[3; WINDOW_SAMPLES]), Sound::Silence);
        let pairs = [(523, 784), (440, 1_000), (350, 659)];
        for (one, other) in pairs {
            let three = [one, other, 1_333].map(|hz| tone::sine(hz, -20, 100));
            let mixed = |at: usize| three.iter().map(|tone| tone[at]).sum::<i16>();
            let samples: Vec<i16> = (0..WINDOW_SAMPLES).map(mixed).collect();
            assert_eq!(sound_of(&samples), Sound::Unclear, "{one} and {other}");
        }
    }
}
