//! Flow: the path of a message, which transport between which two addresses.

use std::fmt;
use std::net::SocketAddr;

use crate::timers::Reliability;

/// How SIP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream.
    Tls,
}

impl Transport {
    /// The word in a Via.
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }

    /// The port of a URI that names none (RFC 3261 §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
        }
    }

    /// Whether transactions repeat what they send.
    pub fn reliability(self) -> Reliability {
        match self {
            Transport::Udp => Reliability::Unreliable,
            Transport::Tcp | Transport::Tls => Reliability::Reliable,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What TLS proved the peer of a connection to be, as the owner of the sockets numbers it. Streams to one address are
/// different ways where their peers were proven by different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(pub u32);

impl Party {
    /// Nothing is proven: datagrams, TCP, and TLS peers without a certificate.
    pub const UNPROVEN: Party = Party(0);
}

/// Which way a message came, or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// How.
    pub transport: Transport,
    /// Our socket's address: never the wildcard. Of a stream the address that we listen on, whoever opened it.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
    /// Who the peer is proven to be.
    pub party: Party,
}

impl Flow {
    /// A way to a peer that nothing is proven of.
    pub fn new(transport: Transport, local: SocketAddr, remote: SocketAddr) -> Flow {
        let party = Party::UNPROVEN;
        Flow {
            transport,
            local,
            remote,
            party,
        }
    }
}
