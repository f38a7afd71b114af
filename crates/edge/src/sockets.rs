//! The sockets of the legs of one call: RTP, and RTCP on the port above it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use media::{LegId, Transmit};
use tokio::net::UdpSocket;

/// Those of every leg, in the order in which they came.
#[derive(Debug, Default)]
pub struct Sockets(Vec<(LegId, Pair)>);

/// Those of a leg.
#[derive(Debug)]
struct Pair {
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

/// What can be read, and of which leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// RTP.
    Packets(usize),
    /// RTCP.
    Reports(usize),
}

impl Sockets {
    /// A leg has a socket of RTP.
    pub fn add(&mut self, leg: LegId, rtp: UdpSocket) {
        let rtcp = Reports::Closed;
        self.0.push((leg, Pair { rtp, rtcp }));
    }

    /// A leg is over.
    pub fn remove(&mut self, leg: LegId) {
        self.0.retain(|(other, _)| *other != leg);
    }

    /// Where a leg is, until one is removed.
    pub fn index(&self, leg: LegId) -> Option<usize> {
        self.0.iter().position(|(other, _)| *other == leg)
    }

    /// The leg whose socket has something to read.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<Readable> {
        for (index, (_, pair)) in self.0.iter().enumerate() {
            if pair.rtp.poll_recv_ready(context).is_ready() {
                return Poll::Ready(Readable::Packets(index));
            }
            if let Reports::Open(rtcp) = &pair.rtcp
                && rtcp.poll_recv_ready(context).is_ready()
            {
                return Poll::Ready(Readable::Reports(index));
            }
        }
        Poll::Pending
    }

    /// Reads one datagram, if there is one: the leg, its octets and where it came from.
    pub fn receive(&self, from: Readable, buffer: &mut [u8]) -> Option<(LegId, usize, SocketAddr)> {
        let (leg, socket) = match from {
            Readable::Packets(index) => {
                let (leg, pair) = self.0.get(index)?;
                (leg, &pair.rtp)
            }
            Readable::Reports(index) => {
                let (leg, pair) = self.0.get(index)?;
                let Reports::Open(rtcp) = &pair.rtcp else {
                    return None;
                };
                (leg, rtcp)
            }
        };
        let (length, source) = socket.try_recv_from(buffer).ok()?;
        Some((*leg, length, canonical(source)))
    }

    /// Whether a packet went out. One that cannot be sent now would be late later: it is dropped, as a network would.
    pub fn send(&self, transmit: &Transmit<'_>) -> bool {
        let pair = self.0.iter().find(|(leg, _)| *leg == transmit.leg);
        pair.is_some_and(|(_, pair)| {
            let sent = pair.rtp.try_send_to(transmit.bytes, transmit.destination);
            sent.is_ok()
        })
    }

    /// Sends a report. One that is lost is followed by the next.
    pub fn report(&mut self, transmit: &Transmit<'_>) {
        let Some((_, pair)) = self.0.iter_mut().find(|(leg, _)| *leg == transmit.leg) else {
            return;
        };
        if let Reports::Closed = pair.rtcp {
            pair.rtcp = match pair.rtp.local_addr().and_then(above) {
                Ok(socket) => Reports::Open(socket),
                Err(error) => {
                    tracing::debug!(%error, "a leg makes no reports");
                    Reports::Failed
                }
            };
        }
        if let Reports::Open(rtcp) = &pair.rtcp {
            let _ = rtcp.try_send_to(transmit.bytes, transmit.destination);
        }
    }
}

/// A socket on the odd port above that of RTP.
fn above(rtp: SocketAddr) -> io::Result<UdpSocket> {
    open(rtp.ip(), rtp.port() | 1)
}

/// A socket on that port; IPv4 and IPv6 as the address of SIP towards the peer is. The runtime in whose context this is
/// called waits for its packets.
pub fn open(bound: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind(SocketAddr::new(bound, port))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// An IPv4 peer on an IPv6 socket, as descriptions name it.
fn canonical(source: SocketAddr) -> SocketAddr {
    SocketAddr::new(source.ip().to_canonical(), source.port())
}
