//! The task of a phone: it owns the sockets and the cores, and carries what one has to the other.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail};
use media::Digit;
use sdp::{Codec, LocalMedia, LocalSession};
use sip::endpoint::event::{EndCause, Event};
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::{Input, Output, Send};
use sip::endpoint::{Endpoint, InviteRequest};
use sip::{Message, StatusCode, Uri, name_addr};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::line::Line;
use super::report::{By, Caller, Happening, Reporter};
use super::{Answering, Order, Placed, Platform};
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

    fn obey(&mut self, order: Order, now: Instant) {
        match order {
            Order::Call(placed) => {
                let placed = self.place(&placed, now);
                self.tell_failure(placed);
            }
            Order::PickUp => self.pick_up(now),
            Order::Press(digit) => {
                let pressed = self.press(digit, now);
                self.tell_failure(pressed);
            }
            Order::HangUp => self.hang_up(now),
            Order::Answering(answering) => self.platform.answering = answering,
        }
    }

    fn place(&mut self, placed: &Placed, now: Instant) -> anyhow::Result<()> {
        if self.line.is_some() {
            bail!("the line is taken");
        }
        let uri = Uri::parse(&placed.to).map_err(anyhow::Error::msg)?;
        let host = uri
            .host()
            .ip()
            .context("the host of the URI is no address")?;
        let port = uri.port().unwrap_or_else(|| Transport::Udp.default_port());
        let flow = self.flow(SocketAddr::new(host, port));
        let identity = format!("sip:{}@{}", placed.number, self.sip_address);
        let mut headers = self.headers()?;
        let asserted = name_addr::format(Some(&placed.name), &identity, None);
        headers.add("P-Asserted-Identity", &asserted)?;
        for (name, value) in &placed.headers {
            headers.add(name, value)?;
        }
        let (local, mut session) = self.session();
        let request = InviteRequest {
            target: placed.to.as_str().into(),
            flow,
            from: asserted.into(),
            to: None,
            contact: None,
            call_id: None,
            headers,
            sdp: Some(sdp::offer(&local, &mut session).into()),
        };
        let leg = self.endpoint.invite(request, now)?;
        let tone_hz = self.platform.tone_hz;
        self.line = Some(Line::new(leg, (local, session), tone_hz, self.seed, now)?);
        Ok(())
    }

    /// Somebody calls.
    fn ring(&mut self, leg: LegKey, invite: &Message, now: Instant) -> anyhow::Result<()> {
        if self.line.is_some() {
            return self.refuse(leg, 486, now);
        }
        let (session, seed, tone_hz) = (self.session(), self.seed, self.platform.tone_hz);
        let line = self
            .line
            .insert(Line::new(leg, session, tone_hz, seed, now)?);
        let offer = Some(invite.body()).filter(|body| !body.is_empty());
        if let Err(error) = line.take_offer(offer) {
            self.refuse(leg, 488, now)?;
            return Err(error);
        }
        self.reporter
            .tell(Happening::IncomingCall(Caller::of(invite)));
        line.answer_at = match self.platform.answering {
            Answering::Refuse(status) => return self.refuse(leg, status, now),
            Answering::After(wait) => Some(now + wait),
            Answering::WhenTold => None,
        };
        let headers = self.headers()?;
        Ok(self
            .endpoint
            .provisional(leg, StatusCode::RINGING, None, headers, now)?)
    }

    fn refuse(&mut self, leg: LegKey, status: u16, now: Instant) -> anyhow::Result<()> {
        if let Some(line) = self.line.as_mut().filter(|line| line.leg == leg) {
            line.refused = Some(status);
        }
        let status = StatusCode::new(status).context("no status")?;
        Ok(self
            .endpoint
            .refuse(leg, status, None, self.headers()?, now)?)
    }

    fn pick_up(&mut self, now: Instant) {
        let done = self.answer(now);
        if done.is_ok() {
            self.reporter.tell(Happening::PickedUp);
        }
        self.tell_failure(done);
    }

    fn answer(&mut self, now: Instant) -> anyhow::Result<()> {
        let headers = self.headers()?;
        let line = self.line.as_mut().context("nobody calls")?;
        line.answer_at = None;
        let leg = line.leg;
        match line.describe(now) {
            Ok(sdp) => Ok(self.endpoint.answer(leg, Some(sdp.into()), headers, now)?),
            Err(error) => {
                self.refuse(leg, 488, now)?;
                Err(error)
            }
        }
    }

    fn press(&mut self, digit: Digit, now: Instant) -> anyhow::Result<()> {
        self.line
            .as_mut()
            .context("there is no call")?
            .press(digit, now)
    }

    fn hang_up(&mut self, now: Instant) {
        if let Some(leg) = self.line.as_ref().map(|line| line.leg) {
            let done = self.endpoint.hang_up(leg, Extra::none(), now);
            self.tell_failure(done.map_err(anyhow::Error::from));
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

    fn happened(&mut self, event: Event, now: Instant) -> anyhow::Result<()> {
        match event {
            Event::IncomingInvite { leg, message, .. } => self.ring(leg, &message, now)?,
            Event::OptionsReceived { transaction, .. } => {
                let headers = self.headers()?;
                self.endpoint
                    .answer_options(transaction, StatusCode::OK, None, headers, now)?;
            }
            other => {
                let ours = self.line.as_ref().map(|line| line.leg);
                if ours.is_some() && other.leg() == ours {
                    self.line_happened(other, now)?;
                }
            }
        }
        Ok(())
    }

    /// Something happened in the phone's call.
    fn line_happened(&mut self, event: Event, now: Instant) -> anyhow::Result<()> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        match event {
            Event::Ringing { .. } => self.reporter.tell(Happening::Ringing),
            Event::EarlyMedia { sdp, .. } => {
                self.reporter.tell(Happening::Ringing);
                line.take_answer(&sdp, now)?;
            }
            Event::Answered { leg, sdp, .. } => {
                self.reporter.tell(Happening::Answered);
                let taken = match sdp {
                    Some(sdp) => line.take_answer(&sdp, now),
                    None => Err(anyhow::anyhow!("the answer has no session description")),
                };
                if let Err(error) = taken {
                    let reason = Extra::none().with("Reason", "SIP;cause=488")?;
                    self.endpoint.hang_up(leg, reason, now)?;
                    return Err(error);
                }
            }
            Event::Acked {
                sdp: Some(answer), ..
            } => line.take_answer(&answer, now)?,
            Event::OfferReceived { leg, sdp, .. } => {
                let answer = line
                    .take_offer(sdp.as_deref())
                    .and_then(|()| line.describe(now));
                match answer {
                    Ok(answer) => {
                        self.endpoint
                            .answer_offer(leg, Some(answer.into()), Extra::none(), now)?;
                    }
                    Err(_) => {
                        let status = StatusCode::new(488).context("no status")?;
                        self.endpoint
                            .refuse_offer(leg, status, None, Extra::none(), now)?;
                    }
                }
            }
            Event::ReferReceived { leg, .. } => {
                let decline = StatusCode::new(603).context("no status")?;
                self.endpoint
                    .refuse_refer(leg, decline, None, Extra::none(), now)?;
            }
            Event::Rejected { status, .. } => line.refused = Some(status.get()),
            Event::Ended { cause, .. } => {
                let status = line.refused;
                self.line = None;
                self.reporter.tell(Happening::Ended {
                    by: by(cause),
                    status,
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn flow(&self, remote: SocketAddr) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: self.sip_address,
            remote,
        }
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

fn by(cause: EndCause) -> By {
    match cause {
        EndCause::CancelledByPeer | EndCause::Rejected | EndCause::PeerHungUp => By::Them,
        EndCause::Refused
        | EndCause::Cancelled
        | EndCause::AnsweredTooLate
        | EndCause::HungUp(_)
        | EndCause::HungUpUnconfirmed(_) => By::Us,
        EndCause::TimedOut(_) | EndCause::TransportFailed | EndCause::DialogLost => By::Nobody,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
