//! The way out: what is relayed, what is made here.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Buffer, FRAME_SAMPLES, Heard, Hearing, Leg, Pressed};
use crate::agent::Progress;
use crate::call::Events;
use crate::codec::Codec;
use crate::dtmf::Digit;
use crate::event::{Event, Finished, Transmit};
use crate::g711::{self, Law};
use crate::negotiated::Sound;
use crate::packet::{HEADER_BYTES, Stamp};

impl Leg {
    /// Sends on what another leg said, in the buffer that it came in.
    pub(crate) fn relay<'b>(
        &mut self,
        heard: &Heard,
        bytes: &'b mut [u8],
        now: Instant,
    ) -> Option<Transmit<'b>> {
        let session = self.session.as_mut().filter(|session| session.sends())?;
        let negotiated = &session.negotiated;
        if self.sender.is_busy() {
            return None;
        }
        let packet = &heard.packet;
        let payload_type = match heard.sound {
            Sound::Audio(codec) if is_near(codec, negotiated.codec) => {
                Some(negotiated.payload_type)
            }
            Sound::Key if heard.clock == negotiated.codec.clock() => negotiated.telephone_event,
            Sound::Audio(_) | Sound::Key | Sound::ComfortNoise => None,
        };
        let Some(payload_type) = payload_type else {
            self.outgoing.skip(heard.stream, packet);
            return None;
        };
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

    /// Sends a key that the stream did not carry; false if the leg takes none, or no more.
    pub(crate) fn send_digit(&mut self, digit: Digit, duration: Duration, now: Instant) -> bool {
        self.takes_digits() && self.sender.push(digit, duration, now)
    }

    /// Passes on a key of another leg, unless it was relayed as it came.
    pub(crate) fn pass_on(&mut self, pressed: &Pressed, now: Instant) {
        if pressed.from.is_none() || !self.relayed_keys.contains(&pressed.from) {
            self.send_digit(pressed.press.digit, pressed.press.duration, now);
        }
    }

    /// Tells the leg's agent of a key.
    pub(crate) fn tell_agent(&mut self, digit: Digit, events: &mut Events) {
        if let Hearing::Agent(playing) = &mut self.hears {
            let progress = playing.press(digit);
            self.note(progress, events);
        }
    }

    pub(crate) fn takes_digits(&self) -> bool {
        let agreed = self
            .session
            .as_ref()
            .and_then(|session| session.negotiated.telephone_event);
        agreed.is_some() && self.sends()
    }

    /// Makes the packet that is due, if any.
    pub(crate) fn produce(
        &mut self,
        buffer: &mut Buffer,
        now: Instant,
        events: &mut Events,
    ) -> Option<(SocketAddr, usize)> {
        let session = self.session.as_ref().filter(|session| session.sends())?;
        let (destination, negotiated) = (session.latch.destination(), &session.negotiated);
        let (packet_ms, packet_time) = (negotiated.packet_ms, negotiated.packet_time());
        let clock = negotiated.codec.clock();
        let pace = (clock, packet_time);
        if let Some(payload_type) = negotiated.telephone_event
            && let Some((stamp, payload)) =
                self.sender
                    .next(&mut self.outgoing, payload_type, pace, now)
        {
            if !self.sender.is_busy() {
                self.restart_agent(packet_ms, now + packet_time);
            }
            let length = self.fill(buffer, stamp, &payload, now);
            return Some((destination, self.protect(buffer, length)?));
        }
        if self.sender.is_busy() {
            return None;
        }
        let Hearing::Agent(playing) = &mut self.hears else {
            return None;
        };
        let mut frame = [0; FRAME_SAMPLES];
        let (codec, payload_type) = (negotiated.codec, negotiated.payload_type);
        let frame = &mut frame[..usize::from(packet_ms) * 8];
        let (at, progress) = playing.next(frame, now)?;
        let law = codec.law()?;
        let stamp = self
            .outgoing
            .own(payload_type, clock.ticks(packet_time), at);
        let length = self.fill_audio(buffer, stamp, law, frame, now);
        self.note(progress, events);
        Some((destination, self.protect(buffer, length)?))
    }

    fn protect(&mut self, buffer: &mut Buffer, length: usize) -> Option<usize> {
        self.session.as_mut()?.protect(buffer, length)
    }

    fn note(&mut self, progress: Progress, events: &mut Events) {
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
        self.sent.pause();
        self.sender.clear();
        if let Hearing::Agent(playing) = &mut self.hears {
            playing.pause();
        }
    }

    pub(super) fn restart_agent(&mut self, packet_ms: u16, at: Instant) {
        if let Hearing::Agent(playing) = &mut self.hears {
            playing.start(packet_ms, at);
        }
    }

    fn fill_audio(
        &mut self,
        buffer: &mut Buffer,
        stamp: Stamp,
        law: Law,
        frame: &[i16],
        now: Instant,
    ) -> usize {
        let payload = &mut buffer[HEADER_BYTES..HEADER_BYTES + frame.len()];
        for (code, &sample) in payload.iter_mut().zip(frame) {
            *code = g711::encode(law, sample);
        }
        self.sent.level.look(law, stamp.sequence, payload);
        self.sent.take(frame.len(), now);
        stamp.write(&mut buffer[..HEADER_BYTES]);
        HEADER_BYTES + frame.len()
    }

    fn fill(&mut self, buffer: &mut Buffer, stamp: Stamp, payload: &[u8], now: Instant) -> usize {
        let length = HEADER_BYTES + payload.len();
        buffer[HEADER_BYTES..length].copy_from_slice(payload);
        self.sent.take(payload.len(), now);
        stamp.write(&mut buffer[..HEADER_BYTES]);
        length
    }

    pub(crate) fn sends(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.sends())
    }
}

/// Whether a packet of one codec becomes one of another octet by octet.
fn is_near(codec: Codec, other: Codec) -> bool {
    codec == other || (codec.law().is_some() && other.law().is_some())
}
