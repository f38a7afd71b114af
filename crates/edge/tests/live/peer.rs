//! A peer with sockets: a SIP endpoint for its signalling, a plain socket for its audio.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sdp::{Codec, LocalMedia, LocalSession, SessionDescription};
use sip::endpoint::config::Config;
use sip::endpoint::event::Event;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::{Input, Output};
use sip::endpoint::{Endpoint, InviteRequest};
use tokio::net::UdpSocket;

use super::PATIENCE;

/// One peer.
pub struct Peer {
    endpoint: Endpoint,
    socket: UdpSocket,
    /// Its audio.
    pub rtp: UdpSocket,
    media: LocalMedia,
    session: LocalSession,
    leg: Option<LegKey>,
    /// Where everything is sent to, whatever the edge says of itself.
    pub through: Option<SocketAddr>,
    /// Where it says that it is, if that is not its own socket.
    pub appears: Option<SocketAddr>,
    /// Where the edge wants its audio.
    pub remote_rtp: Option<SocketAddr>,
}

impl Peer {
    /// A peer on free ports of that address. What it makes up follows from the seed.
    pub async fn new(ip: IpAddr, seed: u64) -> Peer {
        let socket = UdpSocket::bind((ip, 0)).await.unwrap();
        let rtp = UdpSocket::bind((ip, 0)).await.unwrap();
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let media = LocalMedia::new(rtp.local_addr().unwrap(), &[Codec::Pcmu]);
        Peer {
            endpoint: Endpoint::new(Config::new(key)),
            socket,
            rtp,
            media,
            session: LocalSession::new(1),
            leg: None,
            through: None,
            appears: None,
            remote_rtp: None,
        }
    }

    /// Where it is called.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Calls the edge.
    pub async fn invite(&mut self, edge: SocketAddr, target: &str) {
        let offer = sdp::offer(&self.media, &mut self.session);
        let from = "<sip:+14155550100@pbx.example>";
        let request = InviteRequest {
            sdp: Some(offer.into()),
            ..InviteRequest::new(target, self.flow(edge), from)
        };
        self.leg = Some(self.endpoint.invite(request, now()).unwrap());
        self.flush().await;
    }

    /// Hangs up.
    pub async fn bye(&mut self) {
        self.endpoint
            .bye(self.leg.unwrap(), Extra::none(), now())
            .unwrap();
        self.flush().await;
    }

    /// Answers the INVITE that came.
    pub async fn answer(&mut self, offer: &[u8]) {
        let offer = SessionDescription::parse(offer).unwrap();
        let answer = sdp::answer(&offer, &self.media, &mut self.session).unwrap();
        self.remote_rtp = Some(answer.negotiated.remote);
        let sdp = Some(answer.description.into());
        self.endpoint
            .answer(self.leg.unwrap(), sdp, Extra::none(), now())
            .unwrap();
        self.flush().await;
    }

    /// Waits for the next event that the predicate wants; everything else that comes on the way is taken.
    pub async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        self.until_within(PATIENCE, wanted).await
    }

    /// The same, with another patience.
    pub async fn until_within(
        &mut self,
        patience: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Event {
        let found = async {
            loop {
                for event in self.flush().await {
                    self.note(&event);
                    if wanted(&event) {
                        return event;
                    }
                }
                let mut buffer = [0; 4_096];
                let wait = self.endpoint.deadline().map_or(PATIENCE, |at| at - now());
                let received = self.socket.recv_from(&mut buffer);
                match tokio::time::timeout(wait, received).await {
                    Ok(Ok((length, from))) => {
                        let bytes = Bytes::copy_from_slice(&buffer[..length]);
                        let flow = self.flow(from);
                        self.endpoint.handle(Input::Datagram { bytes, flow }, now());
                    }
                    Ok(Err(error)) => panic!("{error}"),
                    Err(_) => self.endpoint.handle(Input::Due, now()),
                }
            }
        };
        tokio::time::timeout(patience, found)
            .await
            .expect("what is waited for comes in time")
    }

    /// Sends a packet of audio, as its caller numbers it.
    pub async fn send_audio(&self, sequence: u16, payload: &[u8; 160]) {
        let mut packet = vec![0x80, 0];
        packet.extend_from_slice(&sequence.to_be_bytes());
        packet.extend_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
        packet.extend_from_slice(&77u32.to_be_bytes());
        packet.extend_from_slice(payload);
        self.rtp
            .send_to(&packet, self.remote_rtp.unwrap())
            .await
            .unwrap();
    }

    /// The payload of the next packet of audio.
    pub async fn hear_audio(&self) -> Vec<u8> {
        let mut buffer = [0; 2_048];
        let received = tokio::time::timeout(PATIENCE, self.rtp.recv_from(&mut buffer));
        let (length, _) = received.await.expect("audio comes in time").unwrap();
        buffer[12..length].to_vec()
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::IncomingInvite { leg, .. } => self.leg = Some(*leg),
            Event::Answered { sdp: Some(sdp), .. } => {
                let answer = SessionDescription::parse(sdp).unwrap();
                self.remote_rtp = Some(sdp::accept(&self.media, &answer).unwrap().remote);
            }
            _ => {}
        }
    }

    async fn flush(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send(send) => {
                    self.socket
                        .send_to(&send.bytes, self.through.unwrap_or(send.flow.remote))
                        .await
                        .unwrap();
                }
                Output::Event(event) => events.push(event),
                Output::Received(_) | Output::TimerFired { .. } => {}
            }
        }
        // An action of the test may have made some as well.
        events
    }

    fn flow(&self, remote: SocketAddr) -> Flow {
        let local = self.appears.unwrap_or_else(|| self.address());
        Flow::new(Transport::Udp, local, remote)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a peer with real sockets lives in real time"
)]
fn now() -> Instant {
    Instant::now()
}
