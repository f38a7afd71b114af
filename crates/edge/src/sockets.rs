//! The sockets of the legs of one call: RTP, and RTCP on the port above it.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use media::{LegId, Transmit};

use crate::readiness::{Readable, Watch};

/// Those of every leg.
#[derive(Debug)]
pub struct Sockets {
    legs: Vec<(LegId, Pair)>,
    watch: Watch,
}

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

impl Sockets {
    /// None yet.
    pub fn new(watch: Watch) -> Sockets {
        let legs = Vec::new();
        Sockets { legs, watch }
    }

    /// A leg has a socket of RTP.
    pub fn add(&mut self, leg: LegId, rtp: UdpSocket) -> io::Result<()> {
        self.watch.add(&rtp, Readable::Packets(leg))?;
        let rtcp = Reports::Closed;
        self.legs.push((leg, Pair { rtp, rtcp }));
        Ok(())
    }

    /// A leg is over.
    pub fn remove(&mut self, leg: LegId) {
        self.legs.retain(|(other, _)| *other != leg);
    }

    /// Reads one datagram, if there is one: its octets and where it came from.
    pub fn receive(&self, from: Readable, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let socket = match from {
            Readable::Packets(leg) => &self.pair(leg)?.rtp,
            Readable::Reports(leg) => match &self.pair(leg)?.rtcp {
                Reports::Open(rtcp) => rtcp,
                Reports::Closed | Reports::Failed => return None,
            },
        };
        let (length, source) = socket.recv_from(buffer).ok()?;
        Some((length, canonical(source)))
    }

    /// Whether a packet went out. One that cannot be sent now would be late later: it is dropped, as a network would.
    pub fn send(&self, transmit: &Transmit<'_>) -> bool {
        self.pair(transmit.leg).is_some_and(|pair| {
            let sent = pair.rtp.send_to(transmit.bytes, transmit.destination);
            sent.is_ok()
        })
    }

    /// Sends a report. One that is lost is followed by the next.
    pub fn report(&mut self, transmit: &Transmit<'_>) {
        let (leg, watch) = (transmit.leg, &self.watch);
        let Some((_, pair)) = self.legs.iter_mut().find(|(other, _)| *other == leg) else {
            return;
        };
        if let Reports::Closed = pair.rtcp {
            let opened = pair.rtp.local_addr().and_then(above);
            let opened = opened.and_then(|rtcp| {
                watch.add(&rtcp, Readable::Reports(leg))?;
                Ok(rtcp)
            });
            pair.rtcp = match opened {
                Ok(socket) => Reports::Open(socket),
                Err(error) => {
                    tracing::debug!(%error, "a leg makes no reports");
                    Reports::Failed
                }
            };
        }
        if let Reports::Open(rtcp) = &pair.rtcp {
            let _ = rtcp.send_to(transmit.bytes, transmit.destination);
        }
    }

    fn pair(&self, leg: LegId) -> Option<&Pair> {
        let pair = self.legs.iter().find(|(other, _)| *other == leg);
        pair.map(|(_, pair)| pair)
    }
}

/// A socket on the odd port above that of RTP.
fn above(rtp: SocketAddr) -> io::Result<UdpSocket> {
    open(rtp.ip(), rtp.port() | 1)
}

/// A socket on that port; IPv4 and IPv6 as the address of SIP towards the peer is.
pub fn open(bound: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(bound, port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// An IPv4 peer on an IPv6 socket, as descriptions name it.
fn canonical(source: SocketAddr) -> SocketAddr {
    SocketAddr::new(source.ip().to_canonical(), source.port())
}
