//! Sockets that listen, and why one cannot.

use std::io;

use sip::endpoint::flow::Transport;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};

use crate::error::Error;
use crate::listen::Listen;

/// What the kernel may hold while we are busy: at 600 octets a message, 2,000 messages and more.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1_024;

/// A socket for datagrams.
pub(super) fn udp(listen: Listen) -> Result<UdpSocket, Error> {
    bind(listen, Type::DGRAM, Protocol::UDP)
        .and_then(|socket| UdpSocket::from_std(socket.into()))
        .map_err(|source| explain(listen, source))
}

/// A socket for connections.
pub(super) fn tcp(listen: Listen) -> Result<TcpListener, Error> {
    bind(listen, Type::STREAM, Protocol::TCP)
        .and_then(|socket| {
            socket.listen(BACKLOG)?;
            TcpListener::from_std(socket.into())
        })
        .map_err(|source| explain(listen, source))
}

/// Why it cannot be listened there.
pub(super) fn explain(listen: Listen, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::AddrInUse => Error::AddressInUse { listen },
        io::ErrorKind::AddrNotAvailable => Error::AddressNotHere { listen },
        io::ErrorKind::PermissionDenied => Error::AddressForbidden { listen },
        _ => Error::Socket { listen, source },
    }
}

fn bind(listen: Listen, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let address = listen.address;
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // So that 0.0.0.0 and [::] can be listened on side by side.
        socket.set_only_v6(true)?;
    }
    if listen.transport == Transport::Udp {
        // The system may grant less; then bursts are lost earlier and repeated by their senders.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    } else {
        // Connections of an earlier run that linger do not keep us from the port.
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
