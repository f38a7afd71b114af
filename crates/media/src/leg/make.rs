//! The way out of what is made here: keys, what an agent says, what another leg says in another codec.

use std::net::SocketAddr;
use std::time::Instant;

use super::{AGENT_HZ, Buffer, FRAME_SAMPLES, Heard, Hearing, Leg};
use crate::agent::Progress;
use crate::call::Events;
use crate::codec::Codec;
use crate::event::{Event, LegId};
use crate::g711::{self, Law};
use crate::negotiated::{Negotiated, Sound};
use crate::packet::{HEADER_BYTES, Stamp};
use crate::recorder::Ear;
use crate::srtp::ROOM_BYTES;
use crate::transcode::{Kind, Said, Speech, Transcoder};

impl Leg {
    /// Makes the packet that is due, if any.
    pub(crate) fn produce(
        &mut self,
        buffer: &mut Buffer,
        now: Instant,
        events: &mut Events,
    ) -> Option<(SocketAddr, usize)> {
        let session = self.session.as_ref().filter(|session| session.sends())?;
        let destination = session.latch.destination();
        let (length, progress) = match self.make_key(buffer, now) {
            Some(length) => (length, Progress::Goes),
            None if self.is_keying() => {
                self.hush(now);
                return None;
            }
            None if self.notice.is_some() => {
                self.hush(now);
                self.make_agent(buffer, now)?
            }
            None => match &self.hears {
                Hearing::Agent(playing) if !playing.is_echo() => self.make_agent(buffer, now)?,
                Hearing::Agent(_) | Hearing::Leg(_) | Hearing::Nothing => {
                    let length = self.make_heard(buffer, now)?;
                    self.tell_transcoded(events);
                    (length, Progress::Goes)
                }
            },
        };
        self.note(progress, events);
        Some((destination, self.protect(buffer, length)?))
    }

    /// Takes what another leg says in another codec.
    pub(super) fn hear(&mut self, heard: &Heard, from: Codec, payload: &[u8], now: Instant) {
        let Some(session) = &self.session else { return };
        let to = session.negotiated.codec;
        let kind = match heard.sound {
            Sound::Audio(_) => Kind::Audio,
            Sound::Key => Kind::Key,
            Sound::ComfortNoise => Kind::Noise,
        };
        let fits = |transcoder: &Transcoder| match kind {
            Kind::Audio => transcoder.fits(heard.stream, from, to),
            Kind::Key | Kind::Noise => transcoder.hears(heard.stream),
        };
        if !self.transcoder.as_deref().is_some_and(fits) {
            if kind == Kind::Key {
                return;
            }
            self.outgoing.interrupt();
            self.transcoder = Some(Box::new(Transcoder::new(heard.stream, from, to)));
        }
        if let Some(transcoder) = &mut self.transcoder {
            let said = Said {
                sequence: heard.packet.sequence,
                timestamp: heard.packet.timestamp,
                kind,
                payload,
            };
            transcoder.take(said, now);
        }
    }

    fn make_key(&mut self, buffer: &mut Buffer, now: Instant) -> Option<usize> {
        let negotiated = &self.session.as_ref()?.negotiated;
        let Some(payload_type) = negotiated.telephone_event else {
            return self.make_tone(buffer, now);
        };
        let (made_ms, packet_time) = (negotiated.made_ms(), negotiated.packet_time());
        let pace = (negotiated.key_clock(), packet_time);
        let (stamp, payload) = self
            .sender
            .next(&mut self.outgoing, payload_type, pace, now)?;
        if !self.sender.is_busy() {
            self.restart_agent(made_ms, now + packet_time);
        }
        let length = HEADER_BYTES + payload.len();
        buffer[HEADER_BYTES..length].copy_from_slice(&payload);
        self.finish(buffer, stamp, payload.len(), now);
        Some(length)
    }

    /// The next packet of a key's tones.
    fn make_tone(&mut self, buffer: &mut Buffer, now: Instant) -> Option<usize> {
        let sounder = self.sounder.as_deref_mut()?;
        let negotiated = &self.session.as_ref()?.negotiated;
        let (packet_time, made_ms) = (negotiated.packet_time(), negotiated.made_ms());
        let mut frame = [0; FRAME_SAMPLES];
        let frame = &mut frame[..usize::from(made_ms) * AGENT_HZ / 1_000];
        let at = sounder.next(frame, packet_time, now)?;
        let is_over = !sounder.is_busy();
        let payload_bytes = self.say_frame(buffer, frame, at, now)?;
        if is_over {
            self.restart_agent(made_ms, at + packet_time);
            self.outgoing.interrupt();
        }
        Some(HEADER_BYTES + payload_bytes)
    }

    fn make_agent(&mut self, buffer: &mut Buffer, now: Instant) -> Option<(usize, Progress)> {
        let playing = match (&mut self.notice, &mut self.hears) {
            (Some(notice), _) => notice,
            (None, Hearing::Agent(playing)) => playing,
            (None, Hearing::Leg(_) | Hearing::Nothing) => return None,
        };
        let negotiated = &self.session.as_ref()?.negotiated;
        let mut frame = [0; FRAME_SAMPLES];
        let frame = &mut frame[..usize::from(negotiated.made_ms()) * AGENT_HZ / 1_000];
        let (at, progress) = playing.next(frame, now)?;
        let (packet_time, made_ms) = (negotiated.packet_time(), negotiated.made_ms());
        let payload_bytes = self.say_frame(buffer, frame, at, now)?;
        let is_notice = self.notice.is_some();
        if is_notice && progress != Progress::Goes {
            self.notice = None;
            self.restart_agent(made_ms, at + packet_time);
        }
        let progress = if is_notice { Progress::Goes } else { progress };
        Some((HEADER_BYTES + payload_bytes, progress))
    }

    /// A packet of what is said here: 8 kHz, for the time `at`. How many octets its payload has.
    fn say_frame(
        &mut self,
        buffer: &mut Buffer,
        frame: &[i16],
        at: Instant,
        now: Instant,
    ) -> Option<usize> {
        let negotiated = &self.session.as_ref()?.negotiated;
        let packet_time = negotiated.packet_time();
        let clock = negotiated.codec.clock();
        let ticks = clock.ticks(packet_time);
        let stamp = self.outgoing.own(negotiated.payload_type, ticks, at);
        if let Some(recorder) = &mut self.recorder {
            let rate = (clock, AGENT_HZ.try_into().ok()?);
            recorder.hear_samples(Ear::Right, rate, stamp.timestamp, frame, at);
        }
        let payload_bytes = match negotiated.codec.law() {
            Some(law) => {
                let payload = &mut buffer[HEADER_BYTES..HEADER_BYTES + frame.len()];
                self.fill_law(payload, stamp, law, frame)
            }
            None => {
                let speech = speech(&mut self.speech, negotiated, AGENT_HZ.try_into().ok()?);
                speech.say(frame);
                let level = &mut self.sent.level;
                let look = |samples: &[i16]| level.look_at(stamp.sequence, samples);
                speech.packet(packet_time, room(buffer), look)?
            }
        };
        self.note_loudness(&buffer[HEADER_BYTES..HEADER_BYTES + payload_bytes], now);
        self.finish(buffer, stamp, payload_bytes, now);
        Some(payload_bytes)
    }

    fn make_heard(&mut self, buffer: &mut Buffer, now: Instant) -> Option<usize> {
        let transcoder = self.transcoder.as_deref_mut()?;
        let negotiated = &self.session.as_ref()?.negotiated;
        let packet_time = negotiated.packet_time();
        let speech = speech(&mut self.speech, negotiated, transcoder.sample_hz());
        while !speech.is_ready(packet_time) {
            let piece = transcoder.next(now)?;
            if piece.is_spurt {
                speech.clear();
                self.outgoing.interrupt();
            }
            speech.say(piece.samples);
        }
        let clock = negotiated.codec.clock();
        let ticks = clock.ticks(packet_time);
        let stamp = self.outgoing.made(negotiated.payload_type, ticks, now);
        let (level, rate) = (&mut self.sent.level, (clock, speech.sample_hz()));
        let recorder = self.recorder.as_deref_mut();
        let look = |samples: &[i16]| {
            level.look_at(stamp.sequence, samples);
            if let Some(recorder) = recorder {
                recorder.hear_samples(Ear::Right, rate, stamp.timestamp, samples, now);
            }
        };
        let payload_bytes = speech.packet(packet_time, room(buffer), look)?;
        self.note_loudness(&buffer[HEADER_BYTES..HEADER_BYTES + payload_bytes], now);
        self.finish(buffer, stamp, payload_bytes, now);
        Some(HEADER_BYTES + payload_bytes)
    }

    /// Tells what is transcoded, if that is news.
    fn tell_transcoded(&mut self, events: &mut Events) {
        let codec = self
            .session
            .as_ref()
            .map(|session| session.negotiated.codec);
        let source = self.transcoder.as_deref().map(Transcoder::source);
        let (Some((leg, from)), Some(to)) = (source, codec) else {
            return;
        };
        let speaker = LegId(leg);
        if self.transcoded.replace((leg, from, to)) != Some((leg, from, to)) {
            events.push(self.id, Event::Transcoded { speaker, from, to });
        }
    }

    /// Who said what could not be decoded for this leg, and how many packets since this was asked last.
    pub(crate) fn take_undecodable(&mut self) -> Option<(LegId, u64)> {
        let transcoder = self.transcoder.as_deref_mut()?;
        let packets = transcoder.take_undecodable();
        (packets > 0).then(|| (LegId(transcoder.source().0), packets))
    }

    /// A key has the stream for itself: what is said meanwhile is not sent.
    fn hush(&mut self, now: Instant) {
        if let Some(transcoder) = &mut self.transcoder {
            while transcoder.next(now).is_some() {}
        }
        if let Some(speech) = &mut self.speech {
            speech.clear();
        }
    }

    /// Audio is sent whose echo may come back.
    fn note_loudness(&mut self, payload: &[u8], now: Instant) {
        let law = self
            .session
            .as_ref()
            .and_then(|session| session.negotiated.codec.law());
        if let (Some(echo), Some(law)) = (&mut self.echo, law) {
            echo.sent(law, payload, now);
        }
    }

    fn fill_law(&mut self, payload: &mut [u8], stamp: Stamp, law: Law, frame: &[i16]) -> usize {
        for (code, &sample) in payload.iter_mut().zip(frame) {
            *code = g711::encode(law, sample);
        }
        self.sent.level.look(law, stamp.sequence, payload);
        payload.len()
    }

    fn finish(&mut self, buffer: &mut Buffer, stamp: Stamp, payload_bytes: usize, now: Instant) {
        self.sent.take(payload_bytes, now);
        stamp.write(&mut buffer[..HEADER_BYTES]);
    }
}

/// The way to the leg's codec, made anew if it is another than before.
fn speech<'s>(
    speech: &'s mut Option<Box<Speech>>,
    negotiated: &Negotiated,
    takes_hz: u32,
) -> &'s mut Speech {
    let (codec, redundancy) = (negotiated.codec, negotiated.redundancy);
    let fitting = speech
        .take()
        .filter(|speech| speech.fits(codec, takes_hz, redundancy));
    speech.insert(fitting.unwrap_or_else(|| Box::new(Speech::new(codec, takes_hz, redundancy))))
}

/// Where the payload goes, with room behind it to protect it.
fn room(buffer: &mut Buffer) -> &mut [u8] {
    let end = buffer.len() - ROOM_BYTES;
    &mut buffer[HEADER_BYTES..end]
}
