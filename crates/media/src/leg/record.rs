//! The recording of a leg, and the notice that it hears of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Heard, Leg};
use crate::agent::{Agent, Playing};
use crate::call::Events;
use crate::event::Event;
use crate::negotiated::Sound;
use crate::recorder::{Ear, RecordedDigits, Recorder};

impl Leg {
    /// Records it from now on. It hears the notice first, in place of whoever speaks.
    pub(crate) fn record(
        &mut self,
        digits: RecordedDigits,
        notice: Option<Arc<[i16]>>,
        now: Instant,
    ) {
        let codec = self
            .session
            .as_ref()
            .map(|session| session.negotiated.codec);
        let sample_hz = codec.map_or(NARROW_HZ, |codec| codec.row().sample_hz);
        let sample_hz = sample_hz.clamp(NARROW_HZ, WIDE_HZ);
        self.recorder = Some(Box::new(Recorder::new(self.id, sample_hz, digits, now)));
        if let Some(samples) = notice {
            let mut notice = Playing::new(Agent::Announcement {
                samples,
                repeat: false,
            });
            if let (true, Some(session)) = (self.sends(), &self.session) {
                notice.start(session.negotiated.packet_ms, now);
            }
            self.notice = Some(Box::new(notice));
        }
    }

    /// What its recording has to do by now.
    pub(crate) fn wake_recorder(&mut self, now: Instant, events: &mut Events) {
        self.tell_keys_began(events);
        let woken = self
            .recorder
            .as_mut()
            .and_then(|recorder| recorder.wake(now));
        if let Some(at) = woken {
            let digits = true;
            events.push(self.id, Event::RecordingResumed { at, digits });
        }
    }

    /// A key has been down for so long.
    pub(crate) fn record_key(&mut self, down: Duration, now: Instant, events: &mut Events) {
        let recorder = self.recorder.as_mut();
        let begins = recorder.and_then(|recorder| recorder.key(down, now));
        if let Some(at) = begins {
            let digits = true;
            events.push(self.id, Event::RecordingPaused { at, digits });
        }
    }

    /// What the leg said.
    pub(super) fn record_heard(
        &mut self,
        heard: &Heard,
        bytes: &[u8],
        now: Instant,
        events: &mut Events,
    ) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        match heard.sound {
            Sound::Audio(codec) => {
                let (timestamp, payload) = (heard.packet.timestamp, &bytes[heard.packet.payload()]);
                recorder.hear(Ear::Left, codec, timestamp, payload, now);
            }
            Sound::Key => self.record_key(Duration::ZERO, now, events),
            Sound::ComfortNoise => {}
        }
        self.tell_keys_began(events);
    }

    /// Tells that its recording is silent since tones of a key were heard, if that is so.
    fn tell_keys_began(&mut self, events: &mut Events) {
        let recorder = self.recorder.as_mut();
        if let Some(at) = recorder.and_then(|recorder| recorder.take_keys_began()) {
            let digits = true;
            events.push(self.id, Event::RecordingPaused { at, digits });
        }
    }
}

/// Samples in a second of what a telephone hears.
const NARROW_HZ: u32 = 8_000;
/// Samples in a second of the best recording: speech has nothing above 8 kHz that matters.
const WIDE_HZ: u32 = 16_000;
