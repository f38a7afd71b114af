//! The media of one call at work: a task that owns the call's RTP sockets and drives its [`media::Call`]. Packets go
//! from socket to socket here and meet no lock and no other task.

mod lines;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use media::demux::Kind;
use schemas::{CallId, LegId};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::clock::moment;
use crate::counters::Counters;
use crate::dtls::Certificate;
use crate::handshakes::Handshakes;
use crate::recorder;
use crate::sockets::{Readable, Sockets};
use crate::voice::{FromVoice, Happened};
use crate::websocket::{self, Happened as LineHappened, Line};

/// Orders that wait for a call's media. A call gets a handful in its life; a task that is so far behind is broken.
pub const ORDERS_MAX: usize = 64;

/// Packets of one socket that are read before the others get their turn.
const PACKETS_MAX: usize = 32;

/// Octets of the largest packet that is looked at: more than an Ethernet frame holds.
const PACKET_BYTES_MAX: usize = 2_048;

/// What the task is told.
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
}

/// The task of one call.
pub struct CallMedia {
    call: CallId,
    media: media::Call,
    sockets: Sockets,
    handshakes: Handshakes,
    lines: Vec<Line>,
    /// Whether connections are looked at before sockets: neither waits for the other's flood.
    turn: bool,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<FromVoice>,
    counters: Arc<Counters>,
    /// What happened and is not told yet.
    told: Vec<FromVoice>,
    /// Where its recording goes.
    sink: Option<recorder::Sink>,
}

/// Why the task woke up.
enum Wake {
    Order(Option<Order>),
    Readable(Readable),
    Line(LegId, LineHappened),
    Due,
}

impl CallMedia {
    /// The media of a call without legs.
    pub fn new(
        call: CallId,
        settings: media::Settings,
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<FromVoice>,
        (counters, certificate): (Arc<Counters>, Arc<Certificate>),
    ) -> CallMedia {
        // The id's last octets are random and differ from call to call.
        let mut seed = [0; 8];
        seed.copy_from_slice(&call.0[8..]);
        CallMedia {
            call,
            media: media::Call::new(settings, u64::from_be_bytes(seed)),
            sockets: Sockets::default(),
            handshakes: Handshakes::new(certificate),
            lines: Vec::new(),
            turn: false,
            orders,
            events,
            counters,
            told: Vec::new(),
            sink: None,
        }
    }

    /// Works until nobody gives orders any more.
    pub async fn run(mut self) {
        let mut timer = Box::pin(tokio::time::sleep_until(moment().now.into()));
        let mut armed = None;
        loop {
            self.arm(timer.as_mut(), &mut armed);
            let wake = std::future::poll_fn(|context| {
                self.poll_wake(timer.as_mut(), armed.is_some(), context)
            });
            match wake.await {
                Wake::Order(Some(order)) => self.carry_out(order),
                Wake::Order(None) => return,
                Wake::Readable(Readable::Packets(index)) => self.receive(index),
                Wake::Readable(Readable::Reports(index)) => self.receive_reports(index),
                Wake::Line(leg, happened) => self.line_happened(leg, happened),
                Wake::Due => {
                    armed = None;
                    self.input(media::Input::Wake);
                    self.handshakes.wake(moment().now);
                    self.shake();
                }
            }
            for told in self.told.drain(..) {
                // The edge is gone: so is the call.
                if self.events.send(told).await.is_err() {
                    return;
                }
            }
        }
    }

    fn arm(&self, timer: Pin<&mut Sleep>, armed: &mut Option<Instant>) {
        let times = [self.media.deadline(), self.handshakes.deadline()];
        let deadline = times.into_iter().flatten().min();
        if deadline != *armed {
            *armed = deadline;
            if let Some(at) = deadline {
                timer.reset(at.into());
            }
        }
    }

    fn poll_wake(
        &mut self,
        timer: Pin<&mut Sleep>,
        is_armed: bool,
        context: &mut Context<'_>,
    ) -> Poll<Wake> {
        if let Poll::Ready(order) = self.orders.poll_recv(context) {
            return Poll::Ready(Wake::Order(order));
        }
        if is_armed && timer.poll(context).is_ready() {
            return Poll::Ready(Wake::Due);
        }
        self.turn = !self.turn;
        if self.turn
            && let Poll::Ready(wake) = self.poll_lines(context)
        {
            return Poll::Ready(wake);
        }
        if let Poll::Ready(readable) = self.sockets.poll_readable(context) {
            return Poll::Ready(Wake::Readable(readable));
        }
        // What is written to an agent waits for no turn.
        self.poll_lines(context)
    }

    fn poll_lines(&mut self, context: &mut Context<'_>) -> Poll<Wake> {
        for line in &mut self.lines {
            if let Poll::Ready(happened) = line.poll(context) {
                return Poll::Ready(Wake::Line(line.leg, happened));
            }
        }
        self.lines.retain(|line| !line.is_over());
        Poll::Pending
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Open { leg, socket } => {
                let leg = media::LegId(leg.0);
                self.sockets.add(leg, socket);
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
            Order::Media(input) => {
                let removed = match &input {
                    media::Input::Remove { leg } => Some(*leg),
                    _ => None,
                };
                // What came before the end counts, even if nobody had time to read it.
                if let Some(index) = removed.and_then(|leg| self.sockets.index(leg)) {
                    self.receive(index);
                }
                let line = removed.map(|leg| LegId(leg.0));
                let line = self.lines.iter_mut().find(|known| Some(known.leg) == line);
                if let Some((leg, counts)) = line.map(|line| {
                    line.leave();
                    (line.leg, line.counts())
                }) {
                    self.tell(leg, websocket::Event::Counted(counts));
                }
                self.input(input);
                if let Some(leg) = removed {
                    self.sockets.remove(leg);
                    self.handshakes.remove(leg);
                }
            }
            Order::Handshake { leg, terms } => {
                let leg = media::LegId(leg.0);
                self.handshakes.agree(leg, terms, moment().now);
                self.shake();
            }
        }
    }

    fn input(&mut self, input: media::Input) {
        if let Err(error) = self.media.handle(input, moment().now) {
            // The core keeps the same legs: only a bug gets here, and it costs one order.
            tracing::warn!(call = %self.call, %error, "media cannot follow an order");
        }
        self.flush();
    }

    fn receive(&mut self, index: usize) {
        let now = moment().now;
        // On this function's stack: the task itself stays small while it waits.
        let mut buffer = [0; PACKET_BYTES_MAX + media::srtp::ROOM_BYTES];
        for _ in 0..PACKETS_MAX {
            let room = &mut buffer[..PACKET_BYTES_MAX];
            let came = self.sockets.receive(Readable::Packets(index), room);
            let Some((leg, length, source)) = came else {
                return;
            };
            self.counters.rtp_received.one();
            if Kind::of(&buffer[..length]) == Kind::Handshake && self.handshakes.has(leg) {
                if self.media.admits_handshake(leg, source, now) {
                    self.handshakes.take(leg, source, &buffer[..length], now);
                    self.shake();
                }
                continue;
            }
            let datagram = media::Datagram {
                source,
                buffer: &mut buffer,
                length,
            };
            if let Some(transmit) = self.media.handle_packet(leg, datagram, now)
                && self.sockets.send(&transmit)
            {
                self.counters.rtp_sent.one();
            }
            self.flush();
        }
    }

    fn receive_reports(&mut self, index: usize) {
        let now = moment().now;
        let mut buffer = [0; PACKET_BYTES_MAX];
        for _ in 0..PACKETS_MAX {
            let came = self.sockets.receive(Readable::Reports(index), &mut buffer);
            let Some((leg, length, source)) = came else {
                return;
            };
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
            counters,
            told,
            sink,
            ..
        } = self;
        while let Some(output) = media.poll() {
            match output {
                media::Output::Send(transmit) => {
                    if sockets.send(&transmit) {
                        counters.rtp_sent.one();
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
