//! The media of one call at work: a task that owns the call's RTP sockets and drives its [`media::Call`]. Packets go
//! from socket to socket here and meet no lock and no other task.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use schemas::{CallId, LegId};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::clock::moment;
use crate::counters::Counters;
use crate::voice::FromVoice;

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
    /// Whatever the core says.
    Media(media::Input),
}

/// The sockets of a leg.
#[derive(Debug)]
struct Sockets {
    /// RTP, on an even port.
    rtp: UdpSocket,
    /// RTCP, on the port above it (RFC 3550, section 11). It opens with the first report, so that a short call does
    /// not pay for it, and a leg goes on without where it cannot be had.
    rtcp: Reports,
}

/// The socket of RTCP.
#[derive(Debug)]
enum Reports {
    /// Nothing was reported yet.
    Closed,
    /// It is open.
    Open(UdpSocket),
    /// It cannot be had.
    Failed,
}

/// The task of one call.
pub struct CallMedia {
    call: CallId,
    media: media::Call,
    legs: Vec<(media::LegId, Sockets)>,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<FromVoice>,
    counters: Arc<Counters>,
    /// What happened and is not told yet.
    told: Vec<FromVoice>,
}

/// Why the task woke up.
enum Wake {
    Order(Option<Order>),
    Readable(usize),
    Reported(usize),
    Due,
}

impl CallMedia {
    /// The media of a call without legs.
    pub fn new(
        call: CallId,
        settings: media::Settings,
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<FromVoice>,
        counters: Arc<Counters>,
    ) -> CallMedia {
        // The id's last octets are random and differ from call to call.
        let mut seed = [0; 8];
        seed.copy_from_slice(&call.0[8..]);
        CallMedia {
            call,
            media: media::Call::new(settings, u64::from_be_bytes(seed)),
            legs: Vec::new(),
            orders,
            events,
            counters,
            told: Vec::new(),
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
                Wake::Readable(index) => self.receive(index),
                Wake::Reported(index) => self.receive_reports(index),
                Wake::Due => {
                    armed = None;
                    self.input(media::Input::Wake);
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
        let deadline = self.media.deadline();
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
        for (index, (_, sockets)) in self.legs.iter().enumerate() {
            if sockets.rtp.poll_recv_ready(context).is_ready() {
                return Poll::Ready(Wake::Readable(index));
            }
            if let Reports::Open(rtcp) = &sockets.rtcp
                && rtcp.poll_recv_ready(context).is_ready()
            {
                return Poll::Ready(Wake::Reported(index));
            }
        }
        Poll::Pending
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Open { leg, socket } => {
                let leg = media::LegId(leg.0);
                let sockets = Sockets {
                    rtp: socket,
                    rtcp: Reports::Closed,
                };
                self.legs.push((leg, sockets));
                self.input(media::Input::Add { leg });
            }
            Order::Media(input) => {
                let removed = match &input {
                    media::Input::Remove { leg } => Some(*leg),
                    _ => None,
                };
                // What came before the end counts, even if nobody had time to read it.
                if let Some(index) = self.legs.iter().position(|(leg, _)| Some(*leg) == removed) {
                    self.receive(index);
                }
                self.input(input);
                self.legs.retain(|(leg, _)| Some(*leg) != removed);
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
            let (leg, sockets) = &self.legs[index];
            let Ok((length, source)) = sockets.rtp.try_recv_from(&mut buffer[..PACKET_BYTES_MAX])
            else {
                return;
            };
            self.counters.rtp_received.one();
            let (leg, source) = (*leg, canonical(source));
            let datagram = media::Datagram {
                source,
                buffer: &mut buffer,
                length,
            };
            if let Some(transmit) = self.media.handle_packet(leg, datagram, now) {
                send(&self.legs, &self.counters, &transmit);
            }
            self.flush();
        }
    }

    fn receive_reports(&mut self, index: usize) {
        let now = moment().now;
        let mut buffer = [0; PACKET_BYTES_MAX];
        for _ in 0..PACKETS_MAX {
            let (leg, sockets) = &self.legs[index];
            let Reports::Open(rtcp) = &sockets.rtcp else {
                return;
            };
            let Ok((length, source)) = rtcp.try_recv_from(&mut buffer) else {
                return;
            };
            let (leg, source) = (*leg, canonical(source));
            // What is no report of the peer is nothing at all.
            let _ = self
                .media
                .handle_report(leg, source, &buffer[..length], now);
            self.flush();
        }
    }

    fn flush(&mut self) {
        let CallMedia {
            call,
            media,
            legs,
            counters,
            told,
            ..
        } = self;
        while let Some(output) = media.poll() {
            match output {
                media::Output::Send(transmit) => send(legs, counters, &transmit),
                media::Output::Report(transmit) => report(legs, &transmit),
                media::Output::Event { leg, event } => {
                    told.push(FromVoice {
                        call: *call,
                        leg: LegId(leg.0),
                        event,
                    });
                }
            }
        }
    }
}

/// A packet that cannot be sent now would be late later: it is dropped, as a network would.
fn send(legs: &[(media::LegId, Sockets)], counters: &Counters, transmit: &media::Transmit<'_>) {
    if let Some((_, sockets)) = legs.iter().find(|(leg, _)| *leg == transmit.leg)
        && sockets
            .rtp
            .try_send_to(transmit.bytes, transmit.destination)
            .is_ok()
    {
        counters.rtp_sent.one();
    }
}

/// A report that is lost is followed by the next one.
fn report(legs: &mut [(media::LegId, Sockets)], transmit: &media::Transmit<'_>) {
    let Some((_, sockets)) = legs.iter_mut().find(|(leg, _)| *leg == transmit.leg) else {
        return;
    };
    if let Reports::Closed = sockets.rtcp {
        sockets.rtcp = match sockets.rtp.local_addr().and_then(above) {
            Ok(socket) => Reports::Open(socket),
            Err(error) => {
                tracing::debug!(%error, "a leg makes no reports");
                Reports::Failed
            }
        };
    }
    if let Reports::Open(rtcp) = &sockets.rtcp {
        let _ = rtcp.try_send_to(transmit.bytes, transmit.destination);
    }
}

/// A socket on the odd port above that of RTP.
fn above(rtp: SocketAddr) -> io::Result<UdpSocket> {
    open(rtp.ip(), rtp.port() | 1)
}

/// A socket on that port; IPv4 and IPv6 as the address of SIP towards the peer is.
pub fn open(bound: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind(SocketAddr::new(bound, port))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// An IPv4 peer on an IPv6 socket, as descriptions name it.
fn canonical(source: SocketAddr) -> SocketAddr {
    SocketAddr::new(source.ip().to_canonical(), source.port())
}
