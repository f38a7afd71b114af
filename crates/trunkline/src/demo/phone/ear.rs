//! The ear: which tone a phone hears, from the RTP packets that its media let in.

use std::collections::VecDeque;

use media::packet::Packet;
use media::{Codec, g711, tone};

use super::report::Happening;

/// What is listened to at once: 200 ms.
const WINDOW_SAMPLES: usize = 1_600;

/// How much is new each time: 100 ms.
const STEP_SAMPLES: usize = 800;

/// What is softer than this is nothing: −56 dB.
const SOFTEST_RMS: f64 = 50.0;

/// How much of the power a tone must have to be one; less is a change from one sound to the next.
const PURE_SHARE: f64 = 0.5;

/// An ear.
#[derive(Debug, Default)]
pub(super) struct Ear {
    window: VecDeque<i16>,
    fresh: usize,
    hears: Option<u16>,
}

impl Ear {
    /// Takes a µ-law packet and tells what is heard from now on, if that is something else.
    pub(super) fn listen(&mut self, rtp: &[u8]) -> Option<Happening> {
        let packet = Packet::parse(rtp).ok()?;
        let payload = rtp.get(packet.payload())?;
        self.window
            .extend(payload.iter().map(|&code| g711::decode(Codec::Pcmu, code)));
        let surplus = self.window.len().saturating_sub(WINDOW_SAMPLES);
        self.window.drain(..surplus);
        self.fresh += payload.len();
        if self.fresh < STEP_SAMPLES || self.window.len() < WINDOW_SAMPLES {
            return None;
        }
        self.fresh = 0;
        let samples = &*self.window.make_contiguous();
        let hears = match tone::rms(samples) < SOFTEST_RMS {
            true => None,
            false => {
                let hz = tone::dominant_hz(samples)?;
                if tone::share(samples, hz) < PURE_SHARE {
                    return None;
                }
                Some(hz)
            }
        };
        if hears == self.hears {
            return None;
        }
        self.hears = hears;
        Some(hears.map_or(Happening::Quiet, |hz| Happening::Heard { hz }))
    }

    /// No packets come any more.
    pub(super) fn nothing_comes(&mut self) -> Option<Happening> {
        self.window.clear();
        self.hears.take().map(|_| Happening::Quiet)
    }
}
