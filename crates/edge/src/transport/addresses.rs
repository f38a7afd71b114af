//! Which of our addresses a peer sees: the one that we listen on, the one that a router translates to it, or the one
//! that the system would send from.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sip::endpoint::flow::Transport;

use crate::configuration::{SIP_PORT, SIPS_PORT};
use crate::listen::Listen;

/// Peers whose route is remembered; a flood from forged addresses empties the table now and then.
const ROUTES_MAX: usize = 4_096;

/// Our addresses.
#[derive(Debug)]
pub struct Addresses {
    bound: Vec<Listen>,
    /// What stands for a wildcard address towards every peer.
    advertise: Option<IpAddr>,
    /// The local address that each peer is reached from.
    routes: BTreeMap<IpAddr, IpAddr>,
}

impl Addresses {
    /// The addresses that are listened on, with the ports that they got.
    pub fn new(bound: Vec<Listen>, advertise: Option<IpAddr>) -> Addresses {
        Addresses {
            bound,
            advertise,
            routes: BTreeMap::new(),
        }
    }

    /// Where we listen.
    pub fn bound(&self) -> &[Listen] {
        &self.bound
    }

    /// The address of ours that this peer sees for one that we listen on.
    pub fn seen_by(&mut self, bound: SocketAddr, remote: SocketAddr) -> SocketAddr {
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

    /// The address to name to a peer that we turn to. Streams need no listener: then the port is the one that we would
    /// listen on, and whatever the peer has to say comes back by the connection.
    pub fn toward(&mut self, transport: Transport, remote: SocketAddr) -> Option<SocketAddr> {
        let fits = |listen: &&Listen| listen.address.is_ipv4() == remote.is_ipv4();
        let exact = |listen: &&Listen| fits(listen) && listen.transport == transport;
        let bound = match self.bound.iter().find(exact) {
            Some(listen) => listen.address,
            None => {
                let port = match transport {
                    Transport::Udp => return None,
                    Transport::Tcp => SIP_PORT,
                    Transport::Tls => SIPS_PORT,
                };
                let ip = self.bound.iter().find(fits)?.address.ip();
                SocketAddr::new(ip, port)
            }
        };
        Some(self.seen_by(bound, remote))
    }

    /// The address to open a connection from: ours, if we listen on one address only.
    pub fn source_of(&self, local: SocketAddr) -> Option<IpAddr> {
        self.is_ours(local.ip()).then_some(local.ip())
    }

    /// The address to bind RTP to where SIP is reached at this one: the same if it is ours, else any.
    pub fn rtp_bind(&self, local: IpAddr) -> IpAddr {
        match local {
            local if self.is_ours(local) => local,
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }

    fn is_ours(&self, ip: IpAddr) -> bool {
        self.bound.iter().any(|bound| bound.address.ip() == ip)
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

    fn addresses(advertise: Option<&str>, bound: &[&str]) -> Addresses {
        let bound = bound.iter().flat_map(|text| Listen::parse(text).unwrap());
        Addresses::new(bound.collect(), advertise.map(|ip| ip.parse().unwrap()))
    }

    #[test]
    fn a_peer_sees_the_address_that_it_can_answer_to() {
        let peer = "127.0.0.9:5060".parse().unwrap();
        let mut wild = addresses(None, &["0.0.0.0:32681", "tls://0.0.0.0:32682"]);
        let seen = |addresses: &mut Addresses, transport| {
            addresses
                .toward(transport, peer)
                .map(|seen| seen.to_string())
        };
        assert_eq!(seen(&mut wild, Transport::Tls).unwrap(), "127.0.0.1:32682");
        let mut behind = addresses(Some("192.0.2.1"), &["udp://0.0.0.0:5070"]);
        assert_eq!(seen(&mut behind, Transport::Udp).unwrap(), "192.0.2.1:5070");
        assert_eq!(
            seen(&mut behind, Transport::Tcp).unwrap(),
            "192.0.2.1:32681"
        );
        assert_eq!(behind.source_of("192.0.2.1:32681".parse().unwrap()), None);
        let mut six = addresses(None, &["[::1]:32681"]);
        assert_eq!(
            seen(&mut six, Transport::Udp),
            None,
            "no socket of that family"
        );
        assert_eq!(
            six.rtp_bind("::1".parse().unwrap()),
            "::1".parse::<IpAddr>().unwrap()
        );
    }
}
