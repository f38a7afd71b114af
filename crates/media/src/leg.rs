//! One RTP session: a leg of a call (RFC 3550), what is let in from its peer and what is sent to it.

mod make;
mod measuring;
mod receive;
mod record;
mod report;
mod seeds;
mod send;
mod session;
mod stream;

use std::time::{Duration, Instant};

pub(crate) use seeds::Seeds;
use session::Session;

use self::measuring::Measuring;
use crate::agent::Playing;
use crate::call::{Events, Settings};
use crate::codec::{Clock, Codec};
use crate::dtmf::{self, Digit, Press};
use crate::event::{Event, KeySeen, LegId, Method};
use crate::latch::Latch;
use crate::measure::Occasion;
use crate::negotiated::{MAX_PACKET_MS, Negotiated, Sound};
use crate::outgoing::{Outgoing, StreamKey};
use crate::packet::{HEADER_BYTES, Packet};
use crate::quality::{Echo, Incoming, Sent};
use crate::recorder::Recorder;
use crate::refusal::Refusals;
use crate::rtcp::{COMPOUND_BYTES_MAX, Reports};
use crate::silence::Watch;
use crate::srtp::{REPORT_ROOM_BYTES, ROOM_BYTES};
use crate::stream::Streaming;
use crate::transcode::{Speech, Transcoder};

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
    once: dtmf::Once,
    /// While keys are listened for in its audio; boxed, because most legs do not.
    tones: Option<Box<dtmf::Tones>>,
    watch: Watch,
    /// While both directions are G.711; boxed, because it is larger than all else.
    echo: Option<Box<Echo>>,
    refusals: Refusals,
    reports: Reports,
    outgoing: Outgoing,
    sent: Sent,
    sender: dtmf::Sender,
    /// While keys go out as tones; boxed, because most legs take telephone events.
    sounder: Option<Box<dtmf::Sounder>>,
    /// While another leg speaks in a codec that is not rewritten octet by octet.
    transcoder: Option<Box<Transcoder>>,
    /// Who spoke last in what codec, and in what it was heard, as it was told.
    transcoded: Option<(u16, Codec, Codec)>,
    /// From the first packet on that had to be encoded.
    speech: Option<Box<Speech>>,
    /// The events that were relayed last, the newest first, so that none is sent twice or not at all.
    relayed_keys: [Option<(StreamKey, u32)>; 2],
    measuring: Measuring,
    /// Packets that were sent when one was let in last.
    sent_when_heard: u64,
    /// Its peer speaks in lumps and not in packets.
    pub(crate) stream: Option<Box<Streaming>>,
    /// Boxed, because most legs are not recorded.
    pub(crate) recorder: Option<Box<Recorder>>,
    /// What it hears in place of everybody else until it is over: that it is recorded.
    notice: Option<Box<Playing>>,
}

/// What a leg hears, at work.
#[derive(Debug)]
pub(crate) enum Hearing {
    Nothing,
    Leg(LegId),
    /// Boxed: most legs hear another leg.
    Agent(Box<Playing>),
}

/// A packet that was let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) packet: Packet,
    pub(crate) sound: Sound,
    /// That of the leg, and the clock of its keys.
    pub(crate) codec: Codec,
    pub(crate) key_clock: Clock,
    pub(crate) stream: StreamKey,
    /// The key whose tones ended in it.
    pub(crate) tone: Option<Press>,
    /// Whether the tones of a key are in it.
    pub(crate) in_tone: bool,
}

/// A key that a leg pressed, and the event of which stream it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pressed {
    pub(crate) press: Press,
    pub(crate) from: Option<(StreamKey, u32)>,
    pub(crate) seen: Option<KeySeen>,
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
            once: dtmf::Once::default(),
            tones: None,
            watch: Watch::default(),
            echo: None,
            refusals: Refusals::default(),
            reports: Reports::new(seeds.ssrc, seeds.name, now),
            outgoing: Outgoing::new(seeds.ssrc, seeds.sequence, seeds.timestamp),
            sent: Sent::default(),
            sender: dtmf::Sender::default(),
            sounder: None,
            transcoder: None,
            transcoded: None,
            speech: None,
            relayed_keys: [None; 2],
            measuring: Measuring::new(settings.measure_every, now),
            sent_when_heard: 0,
            stream: None,
            recorder: None,
            notice: None,
        }
    }

    /// Offer and answer agreed.
    pub(crate) fn update(&mut self, negotiated: Negotiated, settings: &Settings, now: Instant) {
        let paced_before = self.session.as_ref().filter(|session| session.sends());
        let paced_before = paced_before.map(|session| session.negotiated.made_ms());
        match &mut self.session {
            Some(session) => {
                session.latch.update(negotiated.remote, negotiated.latch);
                session.secure_by(negotiated.security.as_deref(), false);
                session.negotiated = negotiated;
            }
            None => {
                let latch = Latch::new(negotiated.remote, negotiated.latch);
                let mut session = Session {
                    negotiated,
                    latch,
                    since: now,
                    secure: None,
                    by_handshake: false,
                };
                let keys = session.negotiated.security.take();
                session.secure_by(keys.as_deref(), false);
                session.negotiated.security = keys;
                self.session = Some(session);
            }
        }
        let Some(session) = &self.session else {
            return;
        };
        let (negotiated, sends) = (&session.negotiated, session.sends());
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
        let sounds = negotiated.tones_sent && negotiated.telephone_event.is_none();
        match (sounds, &self.sounder) {
            (true, None) => self.sounder = Some(Box::default()),
            (false, Some(_)) => self.sounder = None,
            (true, Some(_)) | (false, None) => {}
        }
        match (negotiated.tones, &self.tones) {
            (true, None) => self.tones = Some(Box::default()),
            (false, Some(_)) => self.tones = None,
            (true, Some(_)) | (false, None) => {}
        }
        match (negotiated.codec.law(), &self.echo) {
            (Some(_), None) if self.stream.is_none() => self.echo = Some(Box::default()),
            (None, Some(_)) => self.echo = None,
            (Some(_) | None, _) => {}
        }
        let clock = negotiated.codec.clock();
        self.reports.run(negotiated.reports.is_some(), clock, now);
        self.outgoing.set_clock(clock);
        let packet_ms = negotiated.made_ms();
        if !sends {
            self.fall_silent();
        } else if paced_before != Some(packet_ms) {
            self.restart_agent(packet_ms, now);
        }
    }

    pub(crate) fn connect(&mut self, hears: Hearing, now: Instant) {
        self.hears = hears;
        self.transcoder = None;
        self.outgoing.interrupt();
        if let (true, Some(session)) = (self.sends(), &self.session) {
            let packet_ms = session.negotiated.made_ms();
            self.restart_agent(packet_ms, now);
        }
    }

    /// Looks at the leg's own times.
    pub(crate) fn wake(
        &mut self,
        settings: &Settings,
        now: Instant,
        events: &mut Events,
    ) -> Option<Pressed> {
        self.look(settings, now, events);
        let id = self.id;
        self.refusals
            .tell(now, |refused| events.push(id, Event::Refused(refused)));
        if self.measuring.is_due(settings.measure_every, now) {
            self.tell_measured(Occasion::Interval, now, events);
        }
        self.reports.wake(now);
        let stream = self.last_stream();
        let complete = self.keys.expire(now)?;
        Some(Pressed {
            press: complete.press,
            from: stream.map(|stream| (stream, complete.segment)),
            seen: Some(complete.seen),
        })
    }

    /// A key came, in the signalling or as tones: whether it is told now, or waits for its telephone event.
    pub(crate) fn came(&mut self, press: Press, method: Method, now: Instant) -> dtmf::Came {
        let accepted = self
            .session
            .as_ref()
            .and_then(|session| session.negotiated.telephone_event_accepted);
        self.once.take(press, method, accepted.is_some(), now)
    }

    /// A key whose telephone event did not come.
    pub(crate) fn came_due(&mut self, now: Instant) -> Option<(Press, Method)> {
        self.once.due(now, self.keys.down())
    }

    /// A key is told by its telephone event.
    pub(crate) fn told_by_event(&mut self, digit: Digit, now: Instant, events: &mut Events) {
        if let Some(doubled) = self.once.told(digit, now) {
            events.push(self.id, Event::DigitDoubled(doubled));
        }
    }

    /// Packets of the leg could not be decoded for who hears it.
    pub(crate) fn undecodable(&mut self, packets: u64) {
        self.incoming.undecodable(packets);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let made = match (&self.notice, &self.hears) {
            _ if !self.sends() => None,
            _ if self.sender.is_busy() => self.sender.deadline(),
            _ if self.sounds() => self.sounder.as_ref().and_then(|keys| keys.deadline()),
            (Some(notice), _) => notice.deadline(),
            (None, Hearing::Agent(playing)) if !playing.is_echo() => playing.deadline(),
            (None, Hearing::Agent(_) | Hearing::Nothing | Hearing::Leg(_)) => {
                self.transcoder.as_deref().and_then(Transcoder::deadline)
            }
        };
        let others = [
            self.watch.deadline(),
            self.keys.deadline(),
            self.once.deadline(),
            self.refusals.deadline(),
            self.reports.deadline(),
            self.measuring.deadline(),
            self.stream.as_ref().and_then(|stream| stream.deadline()),
            self.recorder
                .as_ref()
                .and_then(|recorder| recorder.deadline()),
        ];
        others.into_iter().chain([made]).flatten().min()
    }
}

/// Samples in a second of what the agents say.
const AGENT_HZ: usize = 8_000;
/// Samples of the longest packet that is made here, at 16 kHz.
const FRAME_SAMPLES: usize = 16 * 60;
/// Octets of it, if they are linear, with room to protect it.
pub(crate) const BUFFER_BYTES: usize = HEADER_BYTES + 2 * FRAME_SAMPLES + ROOM_BYTES;
const _: () = assert!(MAX_PACKET_MS == 60, "the buffer holds the longest packet");
const _: () = assert!(
    COMPOUND_BYTES_MAX + REPORT_ROOM_BYTES <= BUFFER_BYTES,
    "and a report"
);
