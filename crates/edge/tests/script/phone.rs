//! A peer of a scenario: a SIP endpoint of its own, one call at a time.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use sdp::{Codec, Direction, LocalMedia, LocalSession, SessionDescription};
use sip::StatusCode;
use sip::digest::Credentials;
use sip::endpoint::config::Config;
use sip::endpoint::event::Event;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::{Input, Output};
use sip::endpoint::{Endpoint, InviteRequest, ReferRequest};

use super::identity::{Door, account, md5};
use super::registry::Registry;
use super::{EDGE, srtp};

/// One peer.
pub struct Phone {
    /// Its name in the script.
    pub name: String,
    /// Its address.
    pub address: SocketAddr,
    endpoint: Endpoint,
    leg: Option<LegKey>,
    media: LocalMedia,
    session: LocalSession,
    offered: Option<Bytes>,
    is_silent: bool,
    stutters: bool,
    credentials: Credentials,
    door: Option<Door>,
    /// What it answers to OPTIONS.
    options: StatusCode,
    /// The header field of its answer to a BYE, if it says anything there.
    account: Option<String>,
    /// The methods that it says it takes, if not all that it does.
    allow: Option<String>,
    /// Its answer to an offer, if not the usual one.
    description: Option<Bytes>,
    registry: Registry,
    sent: Vec<Bytes>,
}

impl Phone {
    /// A phone that listens there.
    pub fn new(name: &str, address: SocketAddr) -> Phone {
        let mut seed = [1; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        let mut config = Config::new(seed);
        config.product = "phone".into();
        config.registrar = sip::endpoint::config::Registrar::User;
        let rtp = SocketAddr::new(address.ip(), 4_000);
        Phone {
            name: name.to_owned(),
            address,
            endpoint: Endpoint::new(config),
            leg: None,
            media: LocalMedia::new(rtp, &[Codec::Pcmu, Codec::Pcma]),
            session: LocalSession::new(1),
            offered: None,
            is_silent: false,
            stutters: false,
            credentials: Credentials::none(),
            door: None,
            options: StatusCode::OK,
            account: None,
            allow: None,
            description: None,
            registry: Registry::default(),
            sent: Vec::new(),
        }
    }

    /// Does what the script says.
    pub fn act(&mut self, action: &[&str], now: Instant) {
        let none = Extra::none;
        let leg = || self.leg.expect("the phone has no call");
        match action {
            ["silent"] => self.is_silent = true,
            ["stutters"] => self.stutters = true,
            ["registrar", seconds] => self.registry.opens(seconds),
            ["register", seconds] => {
                let (ip, credentials) = (self.address.ip(), self.credentials.clone());
                self.registry
                    .begin((&self.name, ip), seconds, credentials, now);
            }
            ["unregister"] => self.registry.end(now),
            ["account", user, password] => self.credentials = account(user, password),
            ["md5", user, digits] => self.credentials = md5(user, digits),
            ["demands", user, password] => self.door = Some(Door::new(user, password, now)),
            ["loud"] => self.is_silent = false,
            ["options", status] => {
                self.options = StatusCode::new(status.parse().unwrap()).unwrap();
            }
            ["invite", "registered"] => {
                let uri = self.registry.contact().expect("somebody registered");
                let offer = sdp::offer(&self.media, &mut self.session);
                self.invite(&uri, Some(offer.into()), now);
            }
            ["invite", uri] => {
                let offer = sdp::offer(&self.media, &mut self.session);
                self.invite(uri, Some(offer.into()), now);
            }
            ["invite", uri, "without-offer"] => self.invite(uri, None, now),
            ["invite", uri, "g729"] => {
                let ip = self.address.ip();
                let offer = format!(
                    "v=0\r\nc=IN IP4 {ip}\r\nm=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"
                );
                self.invite(uri, Some(offer.into()), now);
            }
            ["invite", uri, "f8"] => {
                let ip = self.address.ip();
                let offer = format!(
                    "v=0\r\nc=IN IP4 {ip}\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA\r\n"
                );
                self.invite(uri, Some(offer.into()), now);
            }
            ["invite", uri, codec] => {
                self.media.codecs = vec![Codec::of(codec, 8_000, None).unwrap()];
                let offer = sdp::offer(&self.media, &mut self.session);
                self.invite(uri, Some(offer.into()), now);
            }
            ["ring"] => self
                .endpoint
                .provisional(leg(), StatusCode::RINGING, None, none(), now)
                .unwrap(),
            ["early"] => {
                let (leg, answer) = (leg(), self.answer());
                let status = StatusCode::SESSION_PROGRESS;
                self.endpoint
                    .provisional(leg, status, Some(answer), none(), now)
                    .unwrap();
            }
            ["answer"] => {
                let (leg, answer) = (leg(), self.answer());
                self.endpoint
                    .answer(leg, Some(answer), none(), now)
                    .unwrap();
            }
            ["answer", "plain"] => {
                let answer = "v=0\r\nc=IN IP4 192.0.2.20\r\nm=audio 4000 RTP/AVP 0\r\n";
                self.endpoint
                    .answer(leg(), Some(answer.into()), none(), now)
                    .unwrap();
            }
            ["answer", "g729"] => {
                let answer = "v=0\r\nc=IN IP4 192.0.2.20\r\nm=audio 4000 RTP/AVP 18\r\n";
                self.endpoint
                    .answer(leg(), Some(answer.into()), none(), now)
                    .unwrap();
            }
            ["refuse", status] => {
                let status = StatusCode::new(status.parse().unwrap()).unwrap();
                self.endpoint
                    .refuse(leg(), status, None, none(), now)
                    .unwrap();
            }
            ["cancel"] => self.endpoint.cancel(leg(), none(), now).unwrap(),
            ["bye"] => {
                let extra = none().with("Reason", "Q.850;cause=16").unwrap();
                self.endpoint.bye(leg(), extra, now).unwrap();
            }
            // Its next answer, line by line; `|` ends one.
            ["describes", description @ ..] => {
                let lines = description.join(" ").replace('|', "\r\n");
                self.description = Some(format!("{lines}\r\n").into());
            }
            ["allows", methods] => self.allow = Some(format!("Allow: {methods}")),
            ["accounts", name, value] => self.account = Some(format!("{name}: {value}")),
            ["bye", name, value] => {
                let extra = none().with(name, value).unwrap();
                self.endpoint.bye(leg(), extra, now).unwrap();
            }
            ["srtp", policy, by @ ..] => {
                self.media.security = srtp::security(policy, by, 1);
                self.media.rtcp_mux = by.contains(&"dtls");
            }
            ["rekey"] => {
                self.media.security = srtp::security("require", &[], 2);
                self.reinvite(Direction::SendRecv, now);
            }
            ["reinvite"] => self.reinvite(Direction::SendRecv, now),
            ["hold"] => self.reinvite(Direction::SendOnly, now),
            ["resume"] => self.reinvite(Direction::SendRecv, now),
            ["refer", target] => {
                let refer_to = format!("<{target}>").into();
                let request = ReferRequest {
                    refer_to,
                    referred_by: None,
                    headers: none(),
                };
                self.endpoint.refer(leg(), &request, now).unwrap();
            }
            ["accept-refer"] => self.endpoint.accept_refer(leg(), now).unwrap(),
            ["report", status, last] => {
                let status = StatusCode::new(status.parse().unwrap()).unwrap();
                self.endpoint
                    .notify_refer(leg(), status, None, *last == "last", now)
                    .unwrap();
            }
            ["info", key] => {
                let body = format!("Signal={key}\r\nDuration=120\r\n").into();
                self.endpoint
                    .info(leg(), "application/dtmf-relay", body, &none(), now)
                    .unwrap();
            }
            ["options"] => {
                let from = format!("<sip:{}@{}>", self.name, self.address);
                let probe = sip::endpoint::Probe::new("sip:edge@198.51.100.1", self.flow(), from);
                self.endpoint.options(probe, now).unwrap();
            }
            other => panic!("what does {other:?} mean to a phone?"),
        }
        self.drain(now);
    }

    /// A datagram came.
    pub fn receive(&mut self, bytes: Bytes, from: SocketAddr, now: Instant) {
        if !self.is_silent {
            let flow = Flow::new(Transport::Udp, self.address, from);
            self.endpoint.handle(Input::Datagram { bytes, flow }, now);
            self.drain(now);
        }
    }

    /// Its time has come.
    pub fn due(&mut self, now: Instant) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.endpoint.handle(Input::Due, now);
            self.registry.due(now);
            self.drain(now);
        }
    }

    /// When its time comes.
    pub fn deadline(&self) -> Option<Instant> {
        [self.endpoint.deadline(), self.registry.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What it sent.
    pub fn sent(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        let sent = std::mem::take(&mut self.sent);
        let times = match (self.is_silent, self.stutters) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        };
        sent.into_iter()
            .flat_map(move |bytes| std::iter::repeat_n(bytes, times))
    }

    fn invite(&mut self, uri: &str, sdp: Option<Bytes>, now: Instant) {
        let ip = self.address.ip();
        let from = format!("\"{}\" <sip:+14155550100@{ip}>", self.name);
        let request = InviteRequest {
            headers: Extra::none().with("X-Account", "42").unwrap(),
            credentials: self.credentials.clone(),
            sdp,
            ..InviteRequest::new(uri, self.flow(), from)
        };
        self.leg = Some(self.endpoint.invite(request, now).unwrap());
    }

    fn reinvite(&mut self, direction: Direction, now: Instant) {
        self.media.direction = direction;
        let offer = sdp::offer(&self.media, &mut self.session);
        let leg = self.leg.unwrap();
        self.endpoint
            .reinvite(leg, Some(offer.into()), Extra::none(), now)
            .unwrap();
    }

    fn answer(&mut self) -> Bytes {
        if let Some(description) = self.description.take() {
            return description;
        }
        let offer = self.offered.clone().expect("there was an offer");
        let offer = SessionDescription::parse(&offer).unwrap();
        // As most phones do: what the offer has first.
        let medium = &offer.media()[0];
        let offered = medium
            .payload_types()
            .filter_map(|number| medium.codec(number));
        self.media.codecs = offered.collect();
        sdp::answer(&offer, &self.media, &mut self.session)
            .unwrap()
            .description
            .into()
    }

    fn drain(&mut self, now: Instant) {
        let flow = self.flow();
        self.registry.drain(&mut self.endpoint, flow, now);
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send(send) => {
                    let bytes = self.rewritten(send.bytes);
                    self.sent.push(bytes);
                }
                Output::Event(event) => self.event(event, now),
                Output::Received(_) | Output::TimerFired { .. } => {}
            }
        }
    }

    /// A message as it leaves: what it says of packets stands in its answer to a BYE, what it takes in Allow.
    fn rewritten(&self, bytes: Bytes) -> Bytes {
        if self.account.is_none() && self.allow.is_none() {
            return bytes;
        }
        let text = String::from_utf8_lossy(&bytes);
        let takes_bye = text.starts_with("SIP/2.0 200") && text.contains(" BYE\r\n");
        let mut lines: Vec<&str> = text.split("\r\n").collect();
        let allow = lines.iter_mut().find(|line| line.starts_with("Allow: "));
        if let (Some(line), Some(allow)) = (allow, &self.allow) {
            *line = allow;
        }
        if let (true, Some(account)) = (takes_bye, &self.account) {
            lines.insert(1, account);
        }
        lines.join("\r\n").into()
    }

    fn event(&mut self, event: Event, now: Instant) {
        match event {
            Event::IncomingInvite { leg, message, flow } => {
                let door = self.door.as_mut();
                if let Some(challenge) = door.and_then(|door| door.challenge(&message, flow, now)) {
                    let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
                    self.endpoint
                        .refuse(leg, status, None, challenge, now)
                        .unwrap();
                    return;
                }
                self.leg = Some(leg);
                self.offered = Some(message.body_bytes());
            }
            Event::Answered { leg, sdp, .. } => {
                self.offered = sdp;
                // If our INVITE had no offer, the 200 has it, and the ACK answers; else this changes nothing.
                let offer = self
                    .offered
                    .as_ref()
                    .and_then(|sdp| SessionDescription::parse(sdp).ok());
                let answer = offer
                    .and_then(|offer| sdp::answer(&offer, &self.media, &mut self.session).ok());
                let sdp = answer.map(|answer| answer.description.into());
                let _ = self.endpoint.acknowledge(leg, sdp);
            }
            Event::EarlyOffer { leg, fork, sdp, .. } => {
                self.offered = Some(sdp);
                let answer = self.answer();
                self.endpoint
                    .acknowledge_early(leg, fork, answer, now)
                    .unwrap();
            }
            Event::OptionsReceived { transaction, .. } => {
                let (status, none) = (self.options, Extra::none());
                self.endpoint
                    .answer_options(transaction, status, None, none, now)
                    .unwrap();
            }
            event => {
                let (door, endpoint) = (self.door.as_mut(), &mut self.endpoint);
                self.registry.event(event, door, endpoint, now);
            }
        }
    }

    fn flow(&self) -> Flow {
        Flow::new(Transport::Udp, self.address, EDGE.parse().unwrap())
    }
}

/// Request line or status line, with the method that a status is for.
pub fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let first = text.lines().next().unwrap_or_default().to_owned();
    let cseq = text.lines().find_map(|line| line.strip_prefix("CSeq: "));
    match (first.strip_prefix("SIP/2.0 "), cseq) {
        (Some(status), Some(cseq)) => format!("{status} ({cseq})"),
        (Some(status), None) => status.to_owned(),
        (None, _) => first.trim_end_matches(" SIP/2.0").to_owned(),
    }
}
