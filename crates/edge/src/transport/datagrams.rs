//! The UDP sockets of SIP: reading without waiting, and sending.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::Bytes;
use sip::endpoint::flow::{Flow, Transport};
use tokio::net::UdpSocket;

use super::addresses::Addresses;
use super::bind;
use crate::error::Error;
use crate::listen::Listen;

/// Octets of the largest datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// The sockets for datagrams.
pub struct Datagrams {
    sockets: Vec<UdpSocket>,
    bound: Vec<SocketAddr>,
    buffer: Vec<u8>,
}

impl Datagrams {
    /// Listens on those of the addresses that are for datagrams.
    pub fn listen(listens: &[Listen]) -> Result<Datagrams, Error> {
        let mut sockets = Vec::new();
        let mut bound = Vec::new();
        for listen in listens {
            if listen.transport != Transport::Udp {
                continue;
            }
            let socket = bind::udp(*listen)?;
            let address = socket
                .local_addr()
                .map_err(|source| bind::explain(*listen, source))?;
            bound.push(address);
            sockets.push(socket);
        }
        let buffer = vec![0; DATAGRAM_BYTES_MAX];
        Ok(Datagrams {
            sockets,
            bound,
            buffer,
        })
    }

    /// Where they listen.
    pub fn bound(&self) -> &[SocketAddr] {
        &self.bound
    }

    /// The index of a socket that has a datagram.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<usize> {
        for (index, socket) in self.sockets.iter().enumerate() {
            // An error shows again at the next read, where it is dealt with.
            if socket.poll_recv_ready(context).is_ready() {
                return Poll::Ready(index);
            }
        }
        Poll::Pending
    }

    /// The next datagram of a socket, if it is there already.
    pub fn receive(&mut self, index: usize, ours: &mut Addresses) -> Option<(Bytes, Flow)> {
        let (length, remote) = self.sockets[index].try_recv_from(&mut self.buffer).ok()?;
        let bytes = Bytes::copy_from_slice(&self.buffer[..length]);
        let local = ours.seen_by(self.bound[index], remote);
        Some((bytes, Flow::new(Transport::Udp, local, remote)))
    }

    /// Sends a datagram.
    pub fn send(&self, bytes: &[u8], flow: Flow) -> io::Result<()> {
        let Some(socket) = self.sockets.get(self.index_of(flow.local)) else {
            let reason = "no address to send datagrams from";
            return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
        };
        match socket.try_send_to(bytes, flow.remote) {
            Ok(_) => Ok(()),
            // The kernel's buffer is full: as if the network had lost it, so it is sent again by its timer.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
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
