//! An address that SIP is listened on, and how it travels there.

use std::fmt;
use std::net::SocketAddr;

use sip::endpoint::flow::Transport;

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listen {
    /// How SIP travels there.
    pub transport: Transport,
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
}

impl Listen {
    /// An address for datagrams.
    pub fn udp(address: SocketAddr) -> Listen {
        Listen {
            transport: Transport::Udp,
            address,
        }
    }

    /// An address for connections.
    pub fn tcp(address: SocketAddr) -> Listen {
        Listen {
            transport: Transport::Tcp,
            address,
        }
    }

    /// An address for encrypted connections.
    pub fn tls(address: SocketAddr) -> Listen {
        Listen {
            transport: Transport::Tls,
            address,
        }
    }

    /// What a person writes: `udp://0.0.0.0:32681`, `tcp://…`, `tls://…`; an address alone is UDP and TCP, because
    /// whoever answers on the one has to take large requests on the other (RFC 3261 section 18.1.1).
    pub fn parse(text: &str) -> Option<Vec<Listen>> {
        let Some((scheme, address)) = text.split_once("://") else {
            let address = text.parse().ok()?;
            return Some(vec![Listen::udp(address), Listen::tcp(address)]);
        };
        let address = address.parse().ok()?;
        let listen = match scheme {
            "udp" => Listen::udp(address),
            "tcp" => Listen::tcp(address),
            "tls" => Listen::tls(address),
            _ => return None,
        };
        Some(vec![listen])
    }
}

/// `udp 0.0.0.0:32681`
impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        };
        write!(f, "{word} {}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_alone_is_udp_and_tcp() {
        let show = |text: &str| {
            let listens = Listen::parse(text)?;
            let listens: Vec<_> = listens.iter().map(Listen::to_string).collect();
            Some(listens.join(", "))
        };
        let both = "udp 0.0.0.0:32681, tcp 0.0.0.0:32681";
        assert_eq!(show("0.0.0.0:32681").unwrap(), both);
        assert_eq!(show("tls://[::]:32682").unwrap(), "tls [::]:32682");
        assert_eq!(show("udp://127.0.0.1:0").unwrap(), "udp 127.0.0.1:0");
        for wrong in ["0.0.0.0", "ws://0.0.0.0:80", "tcp:0.0.0.0:1", ""] {
            assert_eq!(show(wrong), None, "{wrong}");
        }
    }
}
