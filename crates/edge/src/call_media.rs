//! The media of one call at work: it owns the call's RTP sockets and drives its [`media::Call`]. Packets go from socket to
//! socket here and meet no lock and no other thread.
//!
//! [`MediaThread`](crate::media_thread::MediaThread) drives it: after whatever it was called for, what it has told is
//! taken, and its deadline looked at.

mod lines;

use std::net::UdpSocket;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use media::demux::Kind;
use schemas::{CallId, LegId};

use crate::clock::now;
use crate::dtls::Certificate;
use crate::handshakes::Handshakes;
use crate::readiness::{Readable, Watch};
use crate::recorder;
use crate::sockets::Sockets;
use crate::voice::{FromVoice, Happened};
use crate::websocket::{self, Line};

/// Octets of the largest packet that is looked at: more than an Ethernet frame holds.
const PACKET_BYTES_MAX: usize = 2_048;

/// A packet, with the room that its protection needs.
pub type Buffer = [u8; PACKET_BYTES_MAX + media::srtp::ROOM_BYTES];

/// Packets that are read of a leg that is over: as many as a kernel keeps of speech.
const LAST_PACKETS_MAX: usize = 32;

/// What it is told.
#[derive(Debug)]
pub enum Order {
    /// A leg has a socket.
    Open {
        /// The leg.
        leg: LegId,
        /// Its socket of RTP.
        socket: UdpSocket,
    },
    /// A leg is recorded.
    Record {
        /// The place of its file.
        ticket: recorder::Ticket,
        /// What the core says of it.
        input: media::Input,
    },
    /// A leg is a connection to an agent.
    Connect {
        /// The connection.
        line: Box<Line>,
        /// How the agent speaks.
        opening: media::Opening,
    },
    /// Whatever the core says.
    Media(media::Input),
    /// A leg agreed on a handshake: behind the terms of its session.
    Handshake {
        /// The leg.
        leg: LegId,
        /// What was agreed on.
        terms: sdp::Handshake,
    },
    /// The call is over.
    Over,
}

/// The media of one call.
pub struct CallMedia {
    call: CallId,
    media: media::Call,
    sockets: Sockets,
    handshakes: Handshakes,
    lines: Vec<Line>,
    /// Says that a connection wants to be looked at.
    bell: Waker,
    /// Where its recording goes.
    sink: Option<recorder::Sink>,
    /// What happened; its thread takes it.
    pub told: Vec<FromVoice>,
    /// Packets; its thread counts them.
    pub counted: Counted,
}

/// Packets of a call since it was asked the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Those that came.
    pub received: u64,
    /// Those that were sent.
    pub sent: u64,
}

impl CallMedia {
    /// The media of a call without legs.
    pub fn new(
        call: CallId,
        settings: media::Settings,
        certificate: Arc<Certificate>,
        watch: Watch,
        bell: Waker,
    ) -> CallMedia {
        // The id's last octets are random and differ from call to call.
        let mut seed = [0; 8];
        seed.copy_from_slice(&call.0[8..]);
        CallMedia {
            call,
            media: media::Call::new(settings, u64::from_be_bytes(seed)),
            sockets: Sockets::new(watch),
            handshakes: Handshakes::new(certificate),
            lines: Vec::new(),
            bell,
            sink: None,
            told: Vec::new(),
            counted: Counted::default(),
        }
    }

    /// Does what it is told.
    pub fn carry_out(&mut self, order: Order, buffer: &mut Buffer) {
        match order {
            Order::Open { leg, socket } => {
                let leg = media::LegId(leg.0);
                if let Err(error) = self.sockets.add(leg, socket) {
                    tracing::warn!(call = %self.call, %error, "nobody waits for the packets of a leg");
                }
                self.input(media::Input::Add { leg });
            }
            Order::Record { ticket, input } => {
                self.input(input);
                // If the leg is gone, the ticket tells that it came to nothing.
                let sample_hz = self.media.recorded_hz();
                if let Some(sample_hz) = sample_hz.filter(|_| self.sink.is_none()) {
                    self.sink = ticket.open(sample_hz);
                }
            }
            Order::Connect { line, opening } => {
                let leg = media::LegId(line.leg.0);
                self.lines.push(*line);
                self.input(media::Input::AddStream { leg, opening });
            }
            Order::Media(media::Input::Remove { leg }) => self.remove(leg, buffer),
            Order::Media(input) => self.input(input),
            Order::Handshake { leg, terms } => {
                let leg = media::LegId(leg.0);
                self.handshakes.agree(leg, terms, now());
                self.shake();
            }
            // Its thread lets go of it.
            Order::Over => {}
        }
    }

    /// Takes a packet of a socket, if there is one.
    pub fn read(&mut self, readable: Readable, buffer: &mut Buffer) {
        match readable {
            Readable::Packets(leg) => {
                self.receive(leg, buffer);
            }
            Readable::Reports(leg) => self.receive_report(leg, buffer),
        }
    }

    /// Its deadline has come.
    pub fn wake(&mut self) {
        self.input(media::Input::Wake);
        self.handshakes.wake(now());
        self.shake();
    }

    /// When [`CallMedia::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let times = [self.media.deadline(), self.handshakes.deadline()];
        times.into_iter().flatten().min()
    }

    fn remove(&mut self, leg: media::LegId, buffer: &mut Buffer) {
        // What came before the end counts, even if nobody had time to read it.
        let mut left = LAST_PACKETS_MAX;
        while left > 0 && self.receive(leg, buffer) {
            left -= 1;
        }
        let line = self.lines.iter_mut().find(|line| line.leg.0 == leg.0);
        if let Some((leg, counts)) = line.map(|line| {
            line.leave();
            (line.leg, line.counts())
        }) {
            self.tell(leg, websocket::Event::Counted(counts));
        }
        self.input(media::Input::Remove { leg });
        self.sockets.remove(leg);
        self.handshakes.remove(leg);
    }

    fn input(&mut self, input: media::Input) {
        if let Err(error) = self.media.handle(input, now()) {
            // The core keeps the same legs: only a bug gets here, and it costs one order.
            tracing::warn!(call = %self.call, %error, "media cannot follow an order");
        }
        self.flush();
    }

    /// Whether there was a packet.
    fn receive(&mut self, leg: media::LegId, buffer: &mut Buffer) -> bool {
        let room = &mut buffer[..PACKET_BYTES_MAX];
        let Some((length, source)) = self.sockets.receive(Readable::Packets(leg), room) else {
            return false;
        };
        let now = now();
        self.counted.received += 1;
        if Kind::of(&buffer[..length]) == Kind::Handshake && self.handshakes.has(leg) {
            if self.media.admits_handshake(leg, source, now) {
                self.handshakes.take(leg, source, &buffer[..length], now);
                self.shake();
            }
            return true;
        }
        let datagram = media::Datagram {
            source,
            buffer,
            length,
        };
        if let Some(transmit) = self.media.handle_packet(leg, datagram, now)
            && self.sockets.send(&transmit)
        {
            self.counted.sent += 1;
        }
        self.flush();
        true
    }

    fn receive_report(&mut self, leg: media::LegId, buffer: &mut Buffer) {
        let room = &mut buffer[..PACKET_BYTES_MAX];
        if let Some((length, source)) = self.sockets.receive(Readable::Reports(leg), room) {
            let now = now();
            // What is no report of the peer is nothing at all.
            let _ = self
                .media
                .handle_report(leg, source, &mut buffer[..length], now);
            self.flush();
        }
    }

    /// Sends what handshakes have to say, and follows what they have made.
    fn shake(&mut self) {
        while let Some((leg, source, bytes)) = self.handshakes.poll_datagram() {
            let destination = source.or_else(|| self.media.destination(leg));
            if let Some(destination) = destination {
                let bytes = &bytes[..];
                self.sockets.send(&media::Transmit {
                    leg,
                    destination,
                    bytes,
                });
            }
        }
        while let Some((leg, made)) = self.handshakes.poll_made() {
            let keys = made.keys;
            self.input(media::Input::Secure { leg, keys });
            self.told.push(FromVoice {
                call: self.call,
                leg: LegId(leg.0),
                event: Happened::Handshake(made.outcome),
            });
        }
    }

    fn flush(&mut self) {
        let CallMedia {
            call,
            media,
            sockets,
            lines,
            counted,
            told,
            sink,
            ..
        } = self;
        while let Some(output) = media.poll() {
            match output {
                media::Output::Send(transmit) => {
                    if sockets.send(&transmit) {
                        counted.sent += 1;
                    }
                }
                media::Output::Report(transmit) => sockets.report(&transmit),
                media::Output::Recorded { samples, .. } => {
                    if let Some(sink) = sink {
                        sink.write(samples);
                    }
                }
                media::Output::RecordingOver { silenced, .. } => {
                    if let Some(sink) = sink.take() {
                        sink.close(silenced);
                    }
                }
                media::Output::Frame { leg, bytes, at_ms } => {
                    let line = lines.iter_mut().find(|line| line.leg.0 == leg.0);
                    if line.is_some_and(|line| line.audio(bytes, at_ms)) {
                        let event = Happened::Stream(websocket::Event::Overrun);
                        let (call, leg) = (*call, LegId(leg.0));
                        told.push(FromVoice { call, leg, event });
                    }
                }
                media::Output::Key { leg, press } => {
                    if let Some(line) = lines.iter_mut().find(|line| line.leg.0 == leg.0) {
                        line.key(&press);
                    }
                }
                media::Output::Reached { leg, mark } => {
                    if let Some(line) = lines.iter_mut().find(|line| line.leg.0 == leg.0) {
                        line.reached(&mark);
                    }
                }
                media::Output::Event { leg, event } => {
                    let (call, leg, event) = (*call, LegId(leg.0), event.into());
                    told.push(FromVoice { call, leg, event });
                }
            }
        }
    }
}
