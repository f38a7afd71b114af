//! One call: its legs and what each of them hears. See the crate's page for how to drive it.

mod keys;
mod recording;
mod relay;
mod streams;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::agent::Playing;
use crate::dtmf::Press;
use crate::error::Error;
use crate::event::{Datagram, Event, Hears, Input, LegId, Method, Output, Transmit};
use crate::leg::{BUFFER_BYTES, Buffer, Hearing, Leg, Seeds};
use crate::measure::{Measured, Occasion};
use crate::negotiated::Sound;
use crate::packet::is_report;
use crate::recorder::Recorder;
use crate::silence::Bounds;

/// The media of one call.
#[derive(Debug)]
pub struct Call {
    settings: Settings,
    seed: u64,
    now: Option<Instant>,
    /// Two or three: looking through them is faster than a map.
    legs: Vec<Leg>,
    events: Events,
    /// Where packets are made that no caller's buffer holds.
    buffer: Buffer,
    /// Whether a leg is recorded, so that others need not be asked.
    is_recorded: bool,
    /// The recording of a leg that is over.
    recorded: Option<Box<Recorder>>,
}

/// What is the same for every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a leg may be silent before it is worth an event.
    pub silence: Bounds,
    /// How often each leg is measured while it lives; never if absent. At its end it always is.
    pub measure_every: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Settings {
        let silence = Bounds {
            no_packets: Duration::from_secs(2),
            no_sound: None,
        };
        Settings {
            silence,
            measure_every: None,
        }
    }
}

/// What happened and was not polled yet.
#[derive(Debug, Default)]
pub(crate) struct Events(VecDeque<(LegId, Event)>);

impl Events {
    pub(crate) fn push(&mut self, leg: LegId, event: Event) {
        // Only a shell that does not drain gets here; the oldest is what it has missed longest.
        if self.0.len() >= MAX_EVENTS {
            self.0.pop_front();
        }
        self.0.push_back((leg, event));
    }
}

impl Call {
    /// A call without legs. SSRCs, sequence numbers and timestamps come from the seed, which must be
    /// random in a live call (RFC 3550, section 5.1).
    pub fn new(settings: Settings, seed: u64) -> Call {
        Call {
            settings,
            seed,
            now: None,
            legs: Vec::new(),
            events: Events::default(),
            buffer: [0; BUFFER_BYTES],
            is_recorded: false,
            recorded: None,
        }
    }

    /// Takes a datagram of a leg's socket. The packet that follows from it, if any, is in the same
    /// buffer. A datagram of an unknown leg is dropped: its socket is about to close.
    pub fn handle_packet<'b>(
        &mut self,
        leg: LegId,
        datagram: Datagram<'b>,
        now: Instant,
    ) -> Option<Transmit<'b>> {
        self.now = Some(now);
        let from = self.index(leg).ok()?;
        let Datagram {
            source,
            buffer: bytes,
            length,
        } = datagram;
        let came = bytes.get_mut(..length)?;
        if is_report(came) && self.legs[from].muxes_reports() {
            self.legs[from].take_report(source, came, now);
            return None;
        }
        let heard = self.legs[from].receive(came, source, now, &self.settings, &mut self.events)?;
        let pressed = match heard.sound {
            Sound::Key => self.legs[from].keys_of(&heard, bytes, now),
            Sound::Audio(_) | Sound::ComfortNoise => [None, None],
        };
        let transmit = self.relay(from, &heard, bytes, now);
        for pressed in pressed.into_iter().flatten() {
            self.press_event(from, &pressed, now);
        }
        if let Some(press) = heard.tone {
            self.press_came(from, press, Method::InBand, now);
        }
        transmit
    }

    /// Takes a datagram of a leg's socket of RTCP. Whether it was a report of the leg's peer; what it says is in
    /// [`Measured::reported`]. Under SRTP it is decrypted in place.
    pub fn handle_report(
        &mut self,
        leg: LegId,
        source: SocketAddr,
        bytes: &mut [u8],
        now: Instant,
    ) -> bool {
        self.now = Some(now);
        let index = self.index(leg);
        index.is_ok_and(|index| self.legs[index].take_report(source, bytes, now))
    }

    /// Whether a datagram of a handshake may come from there to a leg. One that may not is counted.
    pub fn admits_handshake(&mut self, leg: LegId, source: SocketAddr, now: Instant) -> bool {
        self.now = Some(now);
        let index = self.index(leg);
        index.is_ok_and(|index| self.legs[index].admits_handshake(source, now))
    }

    /// Where a leg's packets go, if anywhere.
    pub fn destination(&self, leg: LegId) -> Option<SocketAddr> {
        self.legs[self.index(leg).ok()?].destination()
    }

    /// Takes anything else.
    pub fn handle(&mut self, input: Input, now: Instant) -> Result<(), Error> {
        self.now = Some(now);
        let taken = self.take(input, now);
        self.start_streams(now);
        taken
    }

    fn take(&mut self, input: Input, now: Instant) -> Result<(), Error> {
        match input {
            Input::Add { leg } => self.add(leg, now),
            Input::Update { leg, negotiated } => {
                negotiated.check()?;
                let index = self.index(leg)?;
                self.legs[index].update(negotiated, &self.settings, now);
                Ok(())
            }
            Input::AddStream { leg, opening } => self.add_stream(leg, opening, now),
            Input::Say { leg, audio } => self.say(leg, &audio),
            Input::Mark { leg, name } => self.stream(leg).map(|stream| stream.mark(name)),
            Input::Clear { leg } => self.stream(leg).map(|stream| stream.clear()),
            Input::Secure { leg, keys } => {
                let index = self.index(leg)?;
                self.legs[index].secure(keys.as_deref(), now);
                Ok(())
            }
            Input::Connect { leg, hears } => self.connect(leg, hears, now),
            Input::Bridge { leg, with } => {
                self.index(with)?;
                self.connect(leg, Hears::Leg(with), now)?;
                self.connect(with, Hears::Leg(leg), now)
            }
            Input::SendDigit {
                leg,
                digit,
                duration,
            } => {
                let index = self.index(leg)?;
                if !self.legs[index].takes_digits() {
                    return Err(Error::NoTelephoneEvent(leg));
                }
                let sent = self.legs[index].send_digit(digit, duration, now);
                if sent {
                    Ok(())
                } else {
                    Err(Error::TooManyDigits(leg))
                }
            }
            Input::DigitSignalled {
                leg,
                digit,
                duration,
            } => {
                let from = self.index(leg)?;
                self.legs[from].record_key(duration, now, &mut self.events);
                let press = Press {
                    digit,
                    duration,
                    volume: 0,
                };
                self.press_came(from, press, Method::Signalled, now);
                Ok(())
            }
            Input::Record { leg, order } => self.record(leg, order, now),
            Input::Measure { leg } => {
                let index = self.index(leg)?;
                self.legs[index].tell_measured(Occasion::Interval, now, &mut self.events);
                Ok(())
            }
            Input::Remove { leg } => {
                let index = self.index(leg)?;
                self.remove(index, now);
                Ok(())
            }
            Input::Stop => {
                while !self.legs.is_empty() {
                    self.remove(0, now);
                }
                Ok(())
            }
            Input::Wake => {
                self.wake(now);
                Ok(())
            }
        }
    }

    /// What the shell has to do, until there is nothing. A packet and a frame are lent until the next call.
    pub fn poll(&mut self) -> Option<Output<'_>> {
        if let Some((leg, event)) = self.events.0.pop_front() {
            return Some(Output::Event { leg, event });
        }
        while let Some((leg, destination, length)) = self.speak().or_else(|| self.produce()) {
            if !self.take_made(leg, length) {
                return Some(Output::Send(Transmit {
                    leg,
                    destination,
                    bytes: &self.buffer[..length],
                }));
            }
        }
        if self.records() {
            return self.poll_recording();
        }
        if self.has_stream_output() {
            return self.poll_streams();
        }
        let (leg, is_muxed, destination, length) = self.report()?;
        let transmit = Transmit {
            leg,
            destination,
            bytes: &self.buffer[..length],
        };
        Some(match is_muxed {
            true => Output::Send(transmit),
            false => Output::Report(transmit),
        })
    }

    /// When [`Input::Wake`] is due. Never in the past after `Wake` and a drain.
    pub fn deadline(&self) -> Option<Instant> {
        self.legs.iter().filter_map(Leg::deadline).min()
    }

    /// The media of a leg in numbers, up to now.
    pub fn measured(&self, leg: LegId, now: Instant) -> Result<Measured, Error> {
        let index = self.index(leg)?;
        Ok(self.legs[index].measured(Occasion::Interval, now))
    }

    /// Octets of memory that a leg without pending digits holds.
    pub const BYTES_PER_LEG: usize = size_of::<Leg>();

    fn index(&self, leg: LegId) -> Result<usize, Error> {
        self.legs
            .iter()
            .position(|other| other.id == leg)
            .ok_or(Error::UnknownLeg(leg))
    }

    fn add(&mut self, id: LegId, now: Instant) -> Result<(), Error> {
        if self.index(id).is_ok() {
            return Err(Error::LegExists(id));
        }
        if self.legs.len() >= MAX_LEGS {
            return Err(Error::TooManyLegs);
        }
        let seeds = Seeds::next(&mut self.seed);
        self.legs.reserve_exact(1);
        self.legs.push(Leg::new(id, seeds, &self.settings, now));
        Ok(())
    }

    fn connect(&mut self, leg: LegId, hears: Hears, now: Instant) -> Result<(), Error> {
        let index = self.index(leg)?;
        let hearing = match hears {
            Hears::Nothing => Hearing::Nothing,
            Hears::Agent(agent) => Hearing::Agent(Box::new(Playing::new(agent))),
            Hears::Leg(speaker) if speaker == leg => return Err(Error::HearsItself(leg)),
            Hears::Leg(speaker) => {
                self.index(speaker)?;
                if let Some(displaced) = self.listener(speaker) {
                    self.legs[displaced].connect(Hearing::Nothing, now);
                }
                Hearing::Leg(speaker)
            }
        };
        self.legs[index].connect(hearing, now);
        Ok(())
    }

    fn remove(&mut self, index: usize, now: Instant) {
        let mut leg = self.legs.remove(index);
        leg.tell_measured(Occasion::End, now, &mut self.events);
        self.keep_recorder(leg.recorder.take(), now);
        if let Some(listener) = self.listener(leg.id) {
            self.legs[listener].connect(Hearing::Nothing, now);
        }
    }

    fn wake(&mut self, now: Instant) {
        for index in 0..self.legs.len() {
            self.legs[index].wake_recorder(now, &mut self.events);
            if let Some(pressed) = self.legs[index].wake(&self.settings, now, &mut self.events) {
                self.press_event(index, &pressed, now);
            }
            while let Some((press, method)) = self.legs[index].came_due(now) {
                self.press_otherwise(index, press, method, now);
            }
        }
    }

    fn produce(&mut self) -> Option<(LegId, SocketAddr, usize)> {
        let now = self.now?;
        let Call {
            legs,
            buffer,
            events,
            ..
        } = self;
        let made = legs.iter_mut().find_map(|leg| {
            let (destination, length) = leg.produce(buffer, now, events)?;
            Some((leg.id, destination, length))
        });
        if made.is_none() {
            self.note_undecodable();
        }
        made
    }

    /// What could not be decoded for a listener is counted where it came from.
    fn note_undecodable(&mut self) {
        for listener in 0..self.legs.len() {
            if let Some((speaker, packets)) = self.legs[listener].take_undecodable()
                && let Ok(speaker) = self.index(speaker)
            {
                self.legs[speaker].undecodable(packets);
            }
        }
    }

    fn report(&mut self) -> Option<(LegId, bool, SocketAddr, usize)> {
        let now = self.now?;
        let Call { legs, buffer, .. } = self;
        legs.iter_mut().find_map(|leg| {
            let (destination, length) = leg.report(buffer, now)?;
            Some((leg.id, leg.muxes_reports(), destination, length))
        })
    }
}

/// Legs of a call at once: caller, agent, transfer target, and what a queue may ring beside them.
pub const MAX_LEGS: usize = 16;
/// Events that wait for `poll`; one input makes a handful for each leg.
pub const MAX_EVENTS: usize = 256;
