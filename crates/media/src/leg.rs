//! One RTP session: a leg of a call (RFC 3550), what is let in from its peer and what is sent to it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::agent::{Playing, Progress};
use crate::call::{Events, Settings};
use crate::codec::Codec;
use crate::dtmf::{self, Digit, Press};
use crate::event::{Event, Finished, LegId, Method, Transmit};
use crate::g711;
use crate::latch::{Latch, Verdict};
use crate::measure::Measured;
use crate::negotiated::{MAX_PACKET_MS, Negotiated, Sound};
use crate::outgoing::{Outgoing, StreamKey};
use crate::packet::{HEADER_BYTES, Packet, Stamp};
use crate::quality::{Arrival, Incoming, Sent};
use crate::refusal::{Reason, Refusals};
use crate::silence::Watch;

/// A leg.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) hears: Hearing,
    added_at: Instant,
    session: Option<Session>,
    first_packet_after: Option<Duration>,
    incoming: Incoming,
    keys: dtmf::Receiver,
    watch: Watch,
    refusals: Refusals,
    outgoing: Outgoing,
    sent: Sent,
    sender: dtmf::Sender,
    /// The events that were relayed last, the newest first, so that none is sent twice or not at all.
    relayed_keys: [Option<(StreamKey, u32)>; 2],
    measure_at: Option<Instant>,
}

/// What a leg hears, at work.
#[derive(Debug)]
pub(crate) enum Hearing {
    Nothing,
    Leg(LegId),
    /// Boxed: most legs hear another leg.
    Agent(Box<Playing>),
}

/// What exists from the first agreement on.
#[derive(Debug)]
struct Session {
    negotiated: Negotiated,
    latch: Latch,
    since: Instant,
}

/// A packet that was let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) packet: Packet,
    pub(crate) sound: Sound,
    pub(crate) stream: StreamKey,
}

/// A key that a leg pressed, and the event of which stream it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pressed {
    pub(crate) press: Press,
    pub(crate) from: Option<(StreamKey, u32)>,
}

/// The seeds of what is sent on a leg (RFC 3550, section 5.1: all three are random).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeds {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

/// A packet that is made here, at most.
pub(crate) type Buffer = [u8; BUFFER_BYTES];

impl Leg {
    pub(crate) fn new(id: LegId, seeds: Seeds, settings: &Settings, now: Instant) -> Leg {
        Leg {
            id,
            hears: Hearing::Nothing,
            added_at: now,
            session: None,
            first_packet_after: None,
            incoming: Incoming::default(),
            keys: dtmf::Receiver::default(),
            watch: Watch::default(),
            refusals: Refusals::default(),
            outgoing: Outgoing::new(seeds.ssrc, seeds.sequence, seeds.timestamp),
            sent: Sent::default(),
            sender: dtmf::Sender::default(),
            relayed_keys: [None; 2],
            measure_at: settings.measure_every.map(|every| now + every),
        }
    }

    /// Offer and answer agreed.
    pub(crate) fn update(&mut self, negotiated: Negotiated, settings: &Settings, now: Instant) {
        let paced_before = self
            .session
            .as_ref()
            .filter(|session| session.negotiated.sends());
        let paced_before = paced_before.map(|session| session.negotiated.packet_ms);
        match &mut self.session {
            Some(session) => {
                session.latch.update(negotiated.remote, negotiated.latch);
                session.negotiated = negotiated;
            }
            None => {
                let latch = Latch::new(negotiated.remote, negotiated.latch);
                self.session = Some(Session {
                    negotiated,
                    latch,
                    since: now,
                });
            }
        }
        let Some(Session { negotiated, .. }) = &self.session else {
            return;
        };
        if negotiated.watched && negotiated.receives() {
            self.watch.start(&settings.silence, now);
        } else {
            self.watch.stop();
        }
        if !negotiated.receives() {
            self.incoming.pause();
        }
        if negotiated.telephone_event.is_none() {
            self.sender.clear();
        }
        let packet_ms = negotiated.packet_ms;
        if !negotiated.sends() {
            self.fall_silent();
        } else if paced_before != Some(packet_ms) {
            self.restart_agent(packet_ms, now);
        }
    }

    pub(crate) fn connect(&mut self, hears: Hearing, now: Instant) {
        self.hears = hears;
        self.outgoing.interrupt();
        if let (true, Some(session)) = (self.sends(), &self.session) {
            let packet_ms = session.negotiated.packet_ms;
            self.restart_agent(packet_ms, now);
        }
    }

    /// Takes a datagram of the leg's socket.
    pub(crate) fn receive(
        &mut self,
        bytes: &[u8],
        source: SocketAddr,
        now: Instant,
        settings: &Settings,
        events: &mut Events,
    ) -> Option<Heard> {
        match self.judge(bytes, source, now, events) {
            Ok((packet, sound)) => self.admit(packet, sound, bytes, now, settings, events),
            Err(reason) => {
                self.refusals.count(reason, now);
                None
            }
        }
    }

    /// Takes the keys from a packet that was let in.
    pub(crate) fn keys_of(
        &mut self,
        heard: &Heard,
        bytes: &[u8],
        now: Instant,
    ) -> [Option<Pressed>; 2] {
        let presses = self
            .keys
            .take(&heard.packet, &bytes[heard.packet.payload()], now);
        presses.map(|press| {
            press.map(|(timestamp, press)| Pressed {
                press,
                from: Some((heard.stream, timestamp)),
            })
        })
    }

    /// Sends on what another leg said, in the buffer that it came in.
    pub(crate) fn relay<'b>(
        &mut self,
        heard: &Heard,
        bytes: &'b mut [u8],
        now: Instant,
    ) -> Option<Transmit<'b>> {
        let session = self
            .session
            .as_ref()
            .filter(|session| session.negotiated.sends())?;
        let negotiated = &session.negotiated;
        if self.sender.is_busy() {
            return None;
        }
        let packet = &heard.packet;
        let payload_type = match heard.sound {
            Sound::Audio(_) => Some(negotiated.payload_type),
            Sound::Key => negotiated.telephone_event,
            Sound::ComfortNoise => None,
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
                if let Some(table) = g711::between(codec, negotiated.codec) {
                    payload
                        .iter_mut()
                        .for_each(|code| *code = table[usize::from(*code)]);
                }
                self.sent
                    .level
                    .look(negotiated.codec, stamp.sequence, payload);
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
        Some(Transmit {
            leg: self.id,
            destination: session.latch.destination(),
            bytes: &bytes[range],
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

    /// Makes the packet that is due, if any.
    pub(crate) fn produce(
        &mut self,
        buffer: &mut Buffer,
        now: Instant,
        events: &mut Events,
    ) -> Option<(SocketAddr, usize)> {
        let session = self
            .session
            .as_ref()
            .filter(|session| session.negotiated.sends())?;
        let (destination, negotiated) = (session.latch.destination(), &session.negotiated);
        let packet_ms = negotiated.packet_ms;
        if let Some(payload_type) = negotiated.telephone_event
            && let Some((stamp, payload)) =
                self.sender
                    .next(&mut self.outgoing, payload_type, packet_ms, now)
        {
            if !self.sender.is_busy() {
                self.restart_agent(packet_ms, now + Duration::from_millis(u64::from(packet_ms)));
            }
            return Some((destination, self.fill(buffer, stamp, &payload, now)));
        }
        if self.sender.is_busy() {
            return None;
        }
        let Hearing::Agent(playing) = &mut self.hears else {
            return None;
        };
        let mut frame = [0; FRAME_SAMPLES];
        let samples = negotiated.packet_samples();
        let (codec, payload_type) = (negotiated.codec, negotiated.payload_type);
        let frame = &mut frame[..usize::from(samples)];
        let (at, progress) = playing.next(frame, now)?;
        let stamp = self.outgoing.own(payload_type, samples, at);
        let length = self.fill_audio(buffer, stamp, codec, frame, now);
        self.note(progress, events);
        Some((destination, length))
    }

    /// Looks at the leg's own times.
    pub(crate) fn wake(
        &mut self,
        settings: &Settings,
        now: Instant,
        events: &mut Events,
    ) -> Option<Pressed> {
        let id = self.id;
        self.watch.look(&settings.silence, now, |silence, lasted| {
            events.push(id, Event::Silent { silence, lasted });
        });
        self.refusals.tell(now, |reason, count| {
            events.push(id, Event::Refused { reason, count })
        });
        if self.measure_at.is_some_and(|at| at <= now) {
            events.push(id, Event::Measured(self.measured(now)));
            self.measure_at = settings.measure_every.map(|every| now + every);
        }
        let stream = self.last_stream();
        let (timestamp, press) = self.keys.expire(now)?;
        Some(Pressed {
            press,
            from: stream.map(|stream| (stream, timestamp)),
        })
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let made = match (&self.hears, self.sends()) {
            (_, false) => None,
            (_, true) if self.sender.is_busy() => self.sender.deadline(),
            (Hearing::Agent(playing), true) => playing.deadline(),
            (Hearing::Nothing | Hearing::Leg(_), true) => None,
        };
        let others = [
            self.watch.deadline(),
            self.keys.deadline(),
            self.refusals.deadline(),
            self.measure_at,
        ];
        others.into_iter().chain([made]).flatten().min()
    }

    pub(crate) fn measured(&self, now: Instant) -> Measured {
        let refused_by_reason = self.refusals.counts();
        let refused = Reason::ALL
            .iter()
            .zip(refused_by_reason)
            .filter(|(reason, _)| **reason != Reason::Rtcp);
        Measured {
            received: self.incoming.stream(),
            sent: self.sent.stream(),
            refused: refused.map(|(_, count)| u64::from(count)).sum(),
            refused_by_reason,
            first_packet_after: self.first_packet_after,
            over: now.saturating_duration_since(self.added_at),
        }
    }

    pub(crate) fn takes_digits(&self) -> bool {
        let agreed = self
            .session
            .as_ref()
            .and_then(|session| session.negotiated.telephone_event);
        agreed.is_some() && self.sends()
    }

    fn sends(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.negotiated.sends())
    }

    fn judge(
        &mut self,
        bytes: &[u8],
        source: SocketAddr,
        now: Instant,
        events: &mut Events,
    ) -> Result<(Packet, Sound), Reason> {
        let packet = Packet::parse(bytes)?;
        let session = self.session.as_mut().ok_or(Reason::NotNegotiated)?;
        let sound = session
            .negotiated
            .sound_of(packet.payload_type)
            .ok_or(Reason::PayloadType)?;
        if !session.negotiated.receives() {
            return Err(Reason::Direction);
        }
        match session.latch.judge(source, &packet, now) {
            Verdict::LetIn => {}
            Verdict::Latched => events.push(
                self.id,
                Event::Latched {
                    source,
                    ssrc: packet.ssrc,
                },
            ),
            Verdict::Refused(reason) => return Err(reason),
        }
        if self.first_packet_after.is_none() {
            let after = now.saturating_duration_since(session.since);
            self.first_packet_after = Some(after);
            let codec = match sound {
                Sound::Audio(codec) => codec,
                Sound::Key | Sound::ComfortNoise => session.negotiated.codec,
            };
            events.push(
                self.id,
                Event::Started {
                    source,
                    ssrc: packet.ssrc,
                    codec,
                    after,
                },
            );
        }
        Ok((packet, sound))
    }

    fn admit(
        &mut self,
        packet: Packet,
        sound: Sound,
        bytes: &[u8],
        now: Instant,
        settings: &Settings,
        events: &mut Events,
    ) -> Option<Heard> {
        let epoch = self.incoming.epoch;
        let arrival = self
            .incoming
            .take(&packet, matches!(sound, Sound::Audio(_)), now);
        let audible = match (sound, arrival) {
            (_, Arrival::Jumped) => {
                self.refusals.count(Reason::SequenceJump, now);
                return None;
            }
            (Sound::Audio(codec), Arrival::Newest) => {
                self.incoming
                    .level
                    .look(codec, packet.sequence, &bytes[packet.payload()])
            }
            // A key is a sign of a listening human.
            (Sound::Key, _) => Some(true),
            (Sound::Audio(_) | Sound::ComfortNoise, _) => None,
        };
        let id = self.id;
        self.watch
            .heard(audible, &settings.silence, now, |silence, after| {
                events.push(id, Event::Resumed { silence, after });
            });
        let stream = StreamKey {
            leg: id.0,
            ssrc: packet.ssrc,
            epoch: self.incoming.epoch,
        };
        if epoch != self.incoming.epoch
            && let Some((_, press)) = self.keys.restart()
        {
            // Its stream is over, so nobody can wait for the rest of it.
            events.push(
                id,
                Event::Digit {
                    press,
                    method: Method::TelephoneEvent,
                },
            );
        }
        (arrival != Arrival::Again).then_some(Heard {
            packet,
            sound,
            stream,
        })
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

    fn fall_silent(&mut self) {
        self.outgoing.interrupt();
        self.sent.pause();
        self.sender.clear();
        if let Hearing::Agent(playing) = &mut self.hears {
            playing.pause();
        }
    }

    fn restart_agent(&mut self, packet_ms: u16, at: Instant) {
        if let Hearing::Agent(playing) = &mut self.hears {
            playing.start(packet_ms, at);
        }
    }

    fn fill_audio(
        &mut self,
        buffer: &mut Buffer,
        stamp: Stamp,
        codec: Codec,
        frame: &[i16],
        now: Instant,
    ) -> usize {
        let payload = &mut buffer[HEADER_BYTES..HEADER_BYTES + frame.len()];
        for (code, &sample) in payload.iter_mut().zip(frame) {
            *code = g711::encode(codec, sample);
        }
        self.sent.level.look(codec, stamp.sequence, payload);
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

    fn last_stream(&self) -> Option<StreamKey> {
        let ssrc = self.incoming.ssrc()?;
        Some(StreamKey {
            leg: self.id.0,
            ssrc,
            epoch: self.incoming.epoch,
        })
    }
}

/// Samples of the longest packet that is made here.
const FRAME_SAMPLES: usize = 8 * 60;
/// Octets of it.
pub(crate) const BUFFER_BYTES: usize = HEADER_BYTES + FRAME_SAMPLES;
const _: () = assert!(MAX_PACKET_MS == 60, "the buffer holds the longest packet");
