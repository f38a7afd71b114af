//! How SIP crosses: datagrams, and connections of TCP and TLS (RFC 3261 section 18). Drive it: [`Transports::arrived`]
//! says what there is, [`Transports::receive`] and [`Transports::note`] take it, [`Transports::send`] sends.

mod accept;
mod addresses;
mod bind;
mod connection;
mod crowd;
mod datagrams;
pub mod event;
mod opening;
mod parties;
pub mod streams;
pub mod tls;
mod watch;

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use schemas::{AgentName, TrunkName};
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::TransactionKey;

use self::addresses::Addresses;
use self::datagrams::Datagrams;
use self::event::FromStream;
use self::streams::Streams;
use self::tls::{Client, Sources, Tls};
use self::watch::Watch;
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::error::Error;
use crate::listen::Listen;
use crate::port::Input;

/// All sockets of SIP.
pub struct Transports {
    addresses: Addresses,
    datagrams: Datagrams,
    streams: Streams,
    /// Whether connections are looked at before datagrams.
    turn: bool,
    counters: Arc<Counters>,
}

/// What there is.
#[derive(Debug)]
pub enum Arrived {
    /// Datagrams, at the socket of this index.
    Datagrams(usize),
    /// Something happened to a connection.
    Stream(FromStream),
}

/// A peer that nothing came from yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// How.
    pub transport: Transport,
    /// Its address.
    pub remote: SocketAddr,
    /// The host that was asked for: its certificate must hold it, unless its trunk names another.
    pub host: String,
    /// Its trunk, if it is one's.
    pub trunk: Option<TrunkName>,
}

impl Transports {
    /// Listens on everything that is configured.
    pub fn listen(
        configuration: &Configuration,
        counters: Arc<Counters>,
    ) -> Result<Transports, Error> {
        let sources = Sources::of(configuration);
        let stamps = watch::stamps(&sources.files());
        let tls = Tls::read(&sources).map_err(|(_, fault)| fault)?;
        let ends = tls.ends.clone();
        let streams = Streams::new(configuration, tls);
        let datagrams = Datagrams::listen(&configuration.listen)?;
        let mut of_datagrams = datagrams.bound().iter();
        let mut bound = Vec::with_capacity(configuration.listen.len());
        for (index, listen) in configuration.listen.iter().enumerate() {
            let address = match listen.transport {
                Transport::Udp => of_datagrams.next().copied(),
                Transport::Tcp | Transport::Tls => {
                    let listener = bind::tcp(*listen)?;
                    let address = listener
                        .local_addr()
                        .map_err(|source| bind::explain(*listen, source))?;
                    streams.accept(listener, index);
                    Some(address)
                }
            };
            let address = address.unwrap_or(listen.address);
            bound.push(Listen { address, ..*listen });
        }
        let watch = Watch::new(sources, stamps, ends, streams.events());
        streams.watch(watch.run());
        Ok(Transports {
            addresses: Addresses::new(bound, configuration.advertise),
            datagrams,
            streams,
            turn: false,
            counters,
        })
    }

    /// Where they listen.
    pub fn listens(&self) -> &[Listen] {
        self.addresses.bound()
    }

    /// Waits until there is something. Datagrams and connections take turns, so that neither waits for the other's flood.
    pub async fn arrived(&mut self) -> Arrived {
        self.turn = !self.turn;
        let turn = self.turn;
        let (datagrams, streams) = (&self.datagrams, &mut self.streams);
        poll_fn(|context| {
            if turn && let Some(event) = streams.happened() {
                return Poll::Ready(Arrived::Stream(event));
            }
            if let Poll::Ready(index) = datagrams.poll_readable(context) {
                return Poll::Ready(Arrived::Datagrams(index));
            }
            streams.poll_happened(context).map(Arrived::Stream)
        })
        .await
    }

    /// The next datagram of a socket, if it is there already.
    pub fn receive(&mut self, index: usize) -> Option<(Bytes, Flow)> {
        self.datagrams.receive(index, &mut self.addresses)
    }

    /// What happened to a connection, if it did already.
    pub fn happened(&mut self) -> Option<FromStream> {
        self.streams.happened()
    }

    /// Takes note of what happened to a connection; what the core has to know of it.
    pub fn note(&mut self, event: FromStream) -> Vec<Input> {
        let inputs = self.streams.note(event, &mut self.addresses);
        self.counters.connections.set(self.streams.count());
        inputs
    }

    /// Closes a connection that nobody needs.
    pub fn close(&self, id: event::ConnectionId) {
        self.streams.close(id);
    }

    /// Sends a message.
    pub fn send(
        &mut self,
        bytes: Bytes,
        flow: Flow,
        transaction: Option<TransactionKey>,
    ) -> Result<(), String> {
        match flow.transport {
            Transport::Udp => self
                .datagrams
                .send(&bytes, flow)
                .map_err(|error| format!("{} cannot be sent to: {error}", flow.remote)),
            Transport::Tcp | Transport::Tls => {
                let sent = self.streams.send(bytes, flow, transaction, &self.addresses);
                self.counters.connections.set(self.streams.count());
                sent
            }
        }
    }

    /// The way to a peer that nothing came from yet. A connection is opened when the first message is sent.
    pub fn flow_to(&mut self, peer: &Peer) -> Result<Flow, String> {
        let Peer {
            transport, remote, ..
        } = *peer;
        let local = self.addresses.toward(transport, remote).ok_or_else(|| {
            format!("{remote} cannot be reached: no socket of that address family")
        })?;
        let mut flow = Flow::new(transport, local, remote);
        if transport == Transport::Tls {
            flow.party = self.streams.party(peer.trunk.as_ref(), &peer.host)?;
        }
        Ok(flow)
    }

    /// How a connection to an agent behind a WebSocket is secured.
    pub fn agent(&self, agent: &AgentName) -> Arc<Client> {
        self.streams.agent(agent)
    }

    /// The address to bind RTP to where SIP is reached at this one.
    pub fn rtp_bind(&self, local: IpAddr) -> IpAddr {
        self.addresses.rtp_bind(local)
    }

    /// Closes everything.
    pub async fn stop(self) {
        self.streams.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use schemas::NodeName;
    use tokio::net::UdpSocket;

    use super::*;

    fn transports(listen: &[&str]) -> Result<Transports, Error> {
        let mut configuration = Configuration::new(NodeName::from("edge-1"));
        let listens = listen.iter().flat_map(|text| Listen::parse(text).unwrap());
        configuration.listen = listens.collect();
        Transports::listen(&configuration, Arc::default())
    }

    #[tokio::test]
    async fn a_taken_port_is_explained_with_its_remedy() {
        for scheme in ["udp", "tcp"] {
            let first = transports(&[&format!("{scheme}://127.0.0.1:0")]).unwrap();
            let taken = first.listens()[0];
            let again = format!("{scheme}://{}", taken.address);
            let error = transports(&[&again]).err().unwrap().to_string();
            assert!(error.contains(&taken.to_string()), "{error}");
            assert!(error.contains("stop it"), "{error}");
        }
        let elsewhere = transports(&["udp://192.0.2.1:5060"]);
        let error = elsewhere.err().unwrap().to_string();
        assert!(error.contains("no address of this machine"), "{error}");
    }

    #[tokio::test]
    async fn a_wildcard_socket_knows_which_address_a_peer_sees() {
        let mut transports = transports(&["udp://0.0.0.0:0"]).unwrap();
        let port = transports.listens()[0].address.port();
        let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        peer.send_to(b"hello", ("127.0.0.1", port)).await.unwrap();
        let Arrived::Datagrams(index) = transports.arrived().await else {
            panic!("no datagram")
        };
        let (bytes, flow) = transports.receive(index).unwrap();
        assert_eq!(bytes, "hello");
        assert_eq!(flow.local, SocketAddr::from(([127, 0, 0, 1], port)));
        transports
            .send(Bytes::from_static(b"back"), flow, None)
            .unwrap();
        let mut buffer = [0; 9];
        let (length, from) = peer.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], from), (&b"back"[..], flow.local));
        assert!(transports.receive(index).is_none());
    }
}
