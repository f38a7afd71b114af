//! The task of a phone: it owns the sockets and the cores, and carries what one has to the other.

mod events;
mod orders;

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Instant;

use sdp::{Codec, LocalMedia, LocalSession};
use sip::endpoint::Endpoint;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::output::{Input, Output, Send};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::line::Line;
use super::report::{Happening, Reporter};
use super::{Order, Platform};
use crate::demo::now;

/// The longest datagram.
const DATAGRAM_BYTES: usize = 65_535;

/// A phone at work.
#[derive(Debug)]
pub(super) struct Handset {
    platform: Platform,
    endpoint: Endpoint,
    line: Option<Line>,
    sip: UdpSocket,
    sip_address: SocketAddr,
    rtp: UdpSocket,
    rtp_address: SocketAddr,
    /// Names sessions and seeds media; grows with each call.
    seed: u64,
    reporter: Reporter,
}

impl Handset {
    pub(super) fn new(
        platform: Platform,
        endpoint: Endpoint,
        (sip, rtp): (UdpSocket, UdpSocket),
        seed: u64,
        reporter: Reporter,
    ) -> anyhow::Result<Handset> {
        let (sip_address, rtp_address) = (sip.local_addr()?, rtp.local_addr()?);
        let line = None;
        Ok(Handset {
            platform,
            endpoint,
            line,
            sip,
            sip_address,
            rtp,
            rtp_address,
            seed,
            reporter,
        })
    }

    /// Runs until nobody gives orders any more.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut datagram = vec![0; DATAGRAM_BYTES];
        let mut packet = vec![0; DATAGRAM_BYTES];
        loop {
            self.drain(now());
            let due = self
                .endpoint
                .deadline()
                .into_iter()
                .chain(self.line_deadline())
                .min();
            tokio::select! {
                received = self.sip.recv_from(&mut datagram) => {
                    if let Ok((length, remote)) = received {
                        self.receive(&datagram[..length], remote, now());
                    }
                }
                received = self.rtp.recv_from(&mut packet) => {
                    if let Ok((length, source)) = received {
                        self.hear(source, &mut packet[..length], now());
                    }
                }
                order = orders.recv() => match order {
                    Some(order) => self.obey(order, now()),
                    None => break,
                },
                () = until(due) => self.wake(now()),
            }
        }
        self.hang_up(now());
        self.drain(now());
    }

    fn line_deadline(&self) -> Option<Instant> {
        self.line.as_ref().and_then(Line::deadline)
    }

    fn receive(&mut self, datagram: &[u8], remote: SocketAddr, now: Instant) {
        let flow = self.flow(remote);
        let bytes = datagram.to_vec().into();
        self.endpoint.handle(Input::Datagram { bytes, flow }, now);
    }

    fn hear(&mut self, source: SocketAddr, packet: &mut [u8], now: Instant) {
        let heard = self
            .line
            .as_mut()
            .and_then(|line| line.hear(source, packet, now));
        if let Some(heard) = heard {
            self.reporter.tell(heard);
        }
    }

    fn wake(&mut self, now: Instant) {
        if self.endpoint.deadline().is_some_and(|due| due <= now) {
            self.endpoint.handle(Input::Due, now);
        }
        let Some(line) = &mut self.line else { return };
        line.wake(now);
        if line.answer_at.is_some_and(|due| due <= now) {
            self.pick_up(now);
        }
    }

    /// Does what the cores want until they want nothing.
    fn drain(&mut self, now: Instant) {
        let mut events = VecDeque::new();
        loop {
            while let Some(output) = self.endpoint.poll() {
                match output {
                    Output::Send(send) => self.send(&send, now),
                    Output::Event(event) => events.push_back(event),
                    Output::Received(_) | Output::TimerFired { .. } => {}
                }
            }
            // What is done about an event has its outputs before the next event is looked at.
            let Some(event) = events.pop_front() else {
                break;
            };
            let done = self.happened(event, now);
            self.tell_failure(done);
        }
        let Some(line) = &mut self.line else { return };
        // A packet that finds no room in the socket is lost, as on any network.
        let rtp = &self.rtp;
        let happened = line.drain(|packet, to| drop(rtp.try_send_to(packet, to)));
        happened
            .into_iter()
            .for_each(|what| self.reporter.tell(what));
    }

    fn send(&mut self, send: &Send, now: Instant) {
        match (
            self.sip.try_send_to(&send.bytes, send.flow.remote),
            send.transaction,
        ) {
            // A message that finds no room in the socket is lost; the transaction repeats it.
            (Err(error), _) if error.kind() == ErrorKind::WouldBlock => {}
            (Err(_), Some(transaction)) => {
                self.endpoint.handle(Input::SendFailed { transaction }, now);
            }
            (Err(_), None) | (Ok(_), _) => {}
        }
    }

    fn flow(&self, remote: SocketAddr) -> Flow {
        Flow::new(Transport::Udp, self.sip_address, remote)
    }

    fn session(&mut self) -> (LocalMedia, LocalSession) {
        self.seed = self.seed.wrapping_add(1);
        let local = LocalMedia::new(self.rtp_address, &[Codec::Pcmu, Codec::Pcma]);
        // Session ids that fit into 32 bits are what old peers can read.
        (local, LocalSession::new(self.seed & 0xffff_ffff))
    }

    fn headers(&self) -> anyhow::Result<Extra> {
        let mut headers = Extra::none();
        for (name, value) in self.platform.headers {
            headers.add(name, value)?;
        }
        Ok(headers)
    }

    fn tell_failure(&self, done: anyhow::Result<()>) {
        if let Err(error) = done {
            self.reporter.tell(Happening::Failed(format!("{error:#}")));
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
