//! The way out: what is relayed, what is made here.

use std::time::{Duration, Instant};

use super::{Buffer, Heard, Hearing, Leg, Pressed};
use crate::agent::Progress;
use crate::call::Events;
use crate::codec::Codec;
use crate::dtmf::Digit;
use crate::event::{DigitLoss, Event, Finished, Method, Transmit};
use crate::g711;
use crate::negotiated::Sound;
use crate::recorder::Ear;

impl Leg {
    /// Sends on what another leg said, in the buffer that it came in.
    pub(crate) fn relay<'b>(
        &mut self,
        heard: &Heard,
        bytes: &'b mut [u8],
        now: Instant,
    ) -> Option<Transmit<'b>> {
        let is_keying = self.is_keying();
        let session = self.session.as_mut().filter(|session| session.sends())?;
        let negotiated = &session.negotiated;
        let packet = &heard.packet;
        let from = match heard.sound {
            Sound::Audio(codec) => codec,
            Sound::Key | Sound::ComfortNoise => heard.codec,
        };
        if !is_near(from, negotiated.codec) {
            self.hear(heard, from, &bytes[packet.payload()], now);
            return None;
        }
        if is_keying || self.notice.is_some() {
            return None;
        }
        if heard.in_tone && negotiated.telephone_event.is_some() {
            // It gets the key as an event, and must not hear it a second time.
            self.outgoing.skip(heard.stream, packet);
            return None;
        }
        let payload_type = match heard.sound {
            Sound::Audio(_) => Some(negotiated.payload_type),
            Sound::Key if heard.key_clock == negotiated.key_clock() => negotiated.telephone_event,
            Sound::Key | Sound::ComfortNoise => None,
        };
        let Some(payload_type) = payload_type else {
            self.outgoing.skip(heard.stream, packet);
            return None;
        };
        // It would be out of date when it is needed again.
        self.transcoder = None;
        let stamp = self
            .outgoing
            .relay(heard.stream, packet, payload_type, now)?;
        let payload = &mut bytes[packet.payload()];
        match heard.sound {
            Sound::Audio(codec) => {
                if let Some((from, to)) = codec.law().zip(negotiated.codec.law())
                    && let Some(table) = g711::between(from, to)
                {
                    payload
                        .iter_mut()
                        .for_each(|code| *code = table[usize::from(*code)]);
                }
                if let Some(law) = negotiated.codec.law() {
                    self.sent.level.look(law, stamp.sequence, payload);
                    if let Some(echo) = &mut self.echo {
                        echo.sent(law, payload, now);
                    }
                }
                if let Some(recorder) = &mut self.recorder {
                    recorder.hear(Ear::Right, negotiated.codec, stamp.timestamp, payload, now);
                }
            }
            Sound::Key => {
                let key = Some((heard.stream, packet.timestamp));
                if self.relayed_keys[0] != key {
                    self.relayed_keys = [key, self.relayed_keys[0]];
                }
            }
            Sound::ComfortNoise => {}
        }
        self.sent.take(payload.len(), now);
        let range = stamp.rewrite(packet, bytes);
        let bytes = &mut bytes[range.start..];
        let length = session.protect(bytes, range.len())?;
        Some(Transmit {
            leg: self.id,
            destination: session.latch.destination(),
            bytes: &bytes[..length],
        })
    }

    /// Sends a key that the stream did not carry, as an event or as tones; false if the leg takes none, or no more.
    pub(crate) fn send_digit(&mut self, digit: Digit, duration: Duration, now: Instant) -> bool {
        if !self.takes_digits() {
            return false;
        }
        match &mut self.sounder {
            Some(sounder) => sounder.push(digit, now),
            None => self.sender.push(digit, duration, now),
        }
    }

    /// Passes on a key of another leg, unless it was relayed as it came.
    pub(crate) fn pass_on(
        &mut self,
        pressed: &Pressed,
        method: Method,
        now: Instant,
        events: &mut Events,
    ) {
        if pressed.from.is_some() && self.relayed_keys.contains(&pressed.from) {
            return;
        }
        if method == Method::InBand && !self.takes_events() {
            // The tones themselves reached it.
            return;
        }
        if self.send_digit(pressed.press.digit, pressed.press.duration, now) {
            return;
        }
        let loss = match self.takes_digits() {
            true => DigitLoss::TooMany,
            false => DigitLoss::NoWay,
        };
        events.push(self.id, Event::DigitLost(loss));
    }

    /// Tells the leg's agent of a key.
    pub(crate) fn tell_agent(&mut self, digit: Digit, events: &mut Events) {
        if let Hearing::Agent(playing) = &mut self.hears {
            let progress = playing.press(digit);
            self.note(progress, events);
        }
    }

    /// Whether a key can be sent to it, as an event or as tones.
    pub(crate) fn takes_digits(&self) -> bool {
        self.takes_events() || (self.sounder.is_some() && self.sends())
    }

    fn takes_events(&self) -> bool {
        let agreed = self
            .session
            .as_ref()
            .and_then(|session| session.negotiated.telephone_event);
        agreed.is_some() && self.sends()
    }

    /// Whether a key has the stream for itself.
    pub(super) fn is_keying(&self) -> bool {
        self.sender.is_busy() || self.sounds()
    }

    /// Whether the tones of a key are under way.
    pub(super) fn sounds(&self) -> bool {
        self.sounder.as_ref().is_some_and(|keys| keys.is_busy())
    }

    pub(super) fn protect(&mut self, buffer: &mut Buffer, length: usize) -> Option<usize> {
        self.session.as_mut()?.protect(buffer, length)
    }

    pub(super) fn note(&mut self, progress: Progress, events: &mut Events) {
        let finished = match progress {
            Progress::Goes => return,
            Progress::Chosen(digit) => return events.push(self.id, Event::AgentChoice { digit }),
            Progress::Played => Finished::Played,
            Progress::NoChoice => Finished::NoChoice,
        };
        self.hears = Hearing::Nothing;
        events.push(self.id, Event::AgentFinished { finished });
    }

    pub(super) fn fall_silent(&mut self) {
        self.outgoing.interrupt();
        self.transcoder = None;
        self.sent.pause();
        self.sender.clear();
        if let Some(sounder) = &mut self.sounder {
            sounder.clear();
        }
        if let Some(notice) = &mut self.notice {
            notice.pause();
        }
        if let Hearing::Agent(playing) = &mut self.hears {
            playing.pause();
        }
    }

    pub(super) fn restart_agent(&mut self, packet_ms: u16, at: Instant) {
        if let Some(notice) = &mut self.notice {
            notice.start(packet_ms, at);
        } else if let Hearing::Agent(playing) = &mut self.hears {
            playing.start(packet_ms, at);
        }
    }

    pub(crate) fn sends(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.sends())
    }
}

/// Whether a packet of one codec becomes one of another octet by octet.
fn is_near(codec: Codec, other: Codec) -> bool {
    codec == other || (codec.law().is_some() && other.law().is_some())
}
