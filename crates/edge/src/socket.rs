//! The UDP sockets of SIP: listening, reading without waiting, and which of our addresses a peer sees.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use bytes::Bytes;
use sip::endpoint::flow::{Flow, Transport};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::error::Error;

/// What the kernel may hold while we are busy: at 600 octets a message, 2,000 messages and more.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Octets of the largest datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Peers whose route is remembered; a flood from forged addresses empties the table now and then.
const ROUTES_MAX: usize = 4_096;

/// The sockets that an edge listens on.
pub struct Sockets {
    sockets: Vec<UdpSocket>,
    bound: Vec<SocketAddr>,
    /// What stands for a wildcard address towards every peer.
    advertise: Option<IpAddr>,
    /// The local address that each peer is reached from.
    routes: BTreeMap<IpAddr, IpAddr>,
    buffer: Vec<u8>,
}

impl Sockets {
    /// Listens on all of these.
    pub fn listen(addresses: &[SocketAddr], advertise: Option<IpAddr>) -> Result<Sockets, Error> {
        let mut sockets = Vec::with_capacity(addresses.len());
        let mut bound = Vec::with_capacity(addresses.len());
        for address in addresses {
            let socket = listen(*address).map_err(|source| explain(*address, source))?;
            let unknown = |source| Error::Socket {
                address: *address,
                source,
            };
            bound.push(socket.local_addr().map_err(unknown)?);
            sockets.push(socket);
        }
        let buffer = vec![0; DATAGRAM_BYTES_MAX];
        Ok(Sockets {
            sockets,
            bound,
            advertise,
            routes: BTreeMap::new(),
            buffer,
        })
    }

    /// Where they listen.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.bound
    }

    /// Waits until one of them has a datagram; its index.
    pub async fn readable(&self) -> usize {
        std::future::poll_fn(|context| self.poll_readable(context)).await
    }

    /// The next datagram of a socket, if it is there already.
    pub fn receive(&mut self, index: usize) -> Option<(Bytes, Flow)> {
        let (length, remote) = self.sockets[index].try_recv_from(&mut self.buffer).ok()?;
        let bytes = Bytes::copy_from_slice(&self.buffer[..length]);
        let local = self.local(index, remote);
        Some((bytes, Flow::new(Transport::Udp, local, remote)))
    }

    /// Sends a datagram.
    pub fn send(&self, bytes: &[u8], flow: Flow) -> io::Result<()> {
        let index = self.index_of(flow.local);
        match self.sockets[index].try_send_to(bytes, flow.remote) {
            Ok(_) => Ok(()),
            // The kernel's buffer is full: as if the network had lost it, so it is sent again by its timer.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The way to a peer that nothing came from yet.
    pub fn flow_to(&mut self, remote: SocketAddr) -> io::Result<Flow> {
        let fits = |bound: &SocketAddr| bound.is_ipv4() == remote.is_ipv4();
        let index = self.bound.iter().position(fits).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "no socket of that address family",
            )
        })?;
        let local = self.local(index, remote);
        Ok(Flow::new(Transport::Udp, local, remote))
    }

    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<usize> {
        for (index, socket) in self.sockets.iter().enumerate() {
            // An error shows again at the next read, where it is dealt with.
            if socket.poll_recv_ready(context).is_ready() {
                return Poll::Ready(index);
            }
        }
        Poll::Pending
    }

    /// The address of ours that this peer sees.
    fn local(&mut self, index: usize, remote: SocketAddr) -> SocketAddr {
        let bound = self.bound[index];
        if !bound.ip().is_unspecified() {
            return bound;
        }
        if let Some(advertise) = self.advertise {
            return SocketAddr::new(advertise, bound.port());
        }
        if let Some(ip) = self.routes.get(&remote.ip()) {
            return SocketAddr::new(*ip, bound.port());
        }
        let ip = route(remote).unwrap_or(bound.ip());
        if self.routes.len() >= ROUTES_MAX {
            self.routes.clear();
        }
        self.routes.insert(remote.ip(), ip);
        SocketAddr::new(ip, bound.port())
    }

    fn index_of(&self, local: SocketAddr) -> usize {
        let exact = self.bound.iter().position(|bound| *bound == local);
        let wildcard = || {
            self.bound.iter().position(|bound| {
                bound.port() == local.port()
                    && bound.ip().is_unspecified()
                    && bound.is_ipv4() == local.is_ipv4()
            })
        };
        exact.or_else(wildcard).unwrap_or(0)
    }
}

/// A socket for RTP on that port; IPv4 and IPv6 as the address of SIP towards the peer is.
pub fn open_rtp(bound: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind(SocketAddr::new(bound, port))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// The address to bind RTP to where SIP is reached at this one: the same if it is ours, else any.
pub fn rtp_bind_address(sockets: &Sockets, local: IpAddr) -> IpAddr {
    let is_ours = sockets.bound.iter().any(|bound| bound.ip() == local);
    match local {
        local if is_ours => local,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

fn listen(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        // So that 0.0.0.0 and [::] can be listened on side by side.
        socket.set_only_v6(true)?;
    }
    // The system may grant less; then bursts are lost earlier and repeated by their senders.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

fn explain(address: SocketAddr, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::AddrInUse => Error::AddressInUse { address },
        io::ErrorKind::AddrNotAvailable => Error::AddressNotHere { address },
        io::ErrorKind::PermissionDenied => Error::AddressForbidden { address },
        _ => Error::Socket { address, source },
    }
}

/// The local address that the system would send from; nothing is sent.
fn route(remote: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match remote {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    socket.connect(remote).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_explained_with_its_remedy() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = Sockets::listen(&[any], None).unwrap();
        let error = Sockets::listen(first.addresses(), None)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(&first.addresses()[0].to_string()), "{error}");
        assert!(error.contains("stop it"), "{error}");
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 5060));
        let error = Sockets::listen(&[elsewhere], None)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("no address of this machine"), "{error}");
    }

    #[tokio::test]
    async fn a_wildcard_socket_knows_which_address_a_peer_sees() {
        let mut sockets = Sockets::listen(&[SocketAddr::from(([0, 0, 0, 0], 0))], None).unwrap();
        let port = sockets.addresses()[0].port();
        let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        peer.send_to(b"hello", ("127.0.0.1", port)).await.unwrap();
        let index = sockets.readable().await;
        let (bytes, flow) = sockets.receive(index).unwrap();
        assert_eq!(bytes, "hello");
        assert_eq!(flow.local, SocketAddr::from(([127, 0, 0, 1], port)));
        sockets.send(b"back", flow).unwrap();
        let mut buffer = [0; 9];
        let (length, from) = peer.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], from), (&b"back"[..], flow.local));
        assert!(sockets.receive(index).is_none());
    }
}
