//! Link: two endpoints, a network that loses, delays and reorders by a seed, and a clock that never waits.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use trunkline_sip::Message;
use trunkline_sip::digest::Credentials;
use trunkline_sip::endpoint::config::{Config, Registrar};
use trunkline_sip::endpoint::event::{EndCause, Event};
use trunkline_sip::endpoint::flow::{Flow, Transport};
use trunkline_sip::endpoint::keys::LegKey;
use trunkline_sip::endpoint::output::{Disposition, Input, Output, Repeat, Urgency};
use trunkline_sip::endpoint::terms::Terms;
use trunkline_sip::endpoint::{Endpoint, InviteRequest};

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Caller,
    Callee,
}

/// What the network does to a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    pub loss_percent: u64,
    pub delay_ms: (u64, u64),
    pub transport: Transport,
}

impl Network {
    pub const PERFECT: Network = Network {
        loss_percent: 0,
        delay_ms: (1, 1),
        transport: Transport::Udp,
    };
}

pub struct Link {
    pub ends: [Endpoint; 2],
    pub now: Instant,
    pub events: [VecDeque<Event>; 2],
    /// What was sent, lost or not.
    pub ladder: Vec<String>,
    /// Datagrams to lose on purpose: who sends, how the first line starts, how many.
    pub lose: Vec<(End, String, usize)>,
    /// What the caller answers challenges with.
    pub credentials: Credentials,
    network: Network,
    under_way: BTreeMap<(Instant, u64), (End, Bytes)>,
    count: u64,
    random: u64,
}

pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

pub fn sdp() -> Option<Bytes> {
    Some(Bytes::from_static(SDP.as_bytes()))
}

pub fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    *START.get_or_init(Instant::now)
}

pub fn address(end: End) -> SocketAddr {
    match end {
        End::Caller => "192.0.2.1:5060".parse().unwrap(),
        End::Callee => "192.0.2.2:5060".parse().unwrap(),
    }
}

pub fn other(end: End) -> End {
    match end {
        End::Caller => End::Callee,
        End::Callee => End::Caller,
    }
}

fn config(seed: u64, end: End) -> Config {
    let mut octets = [end as u8 + 1; 32];
    octets[..8].copy_from_slice(&seed.to_be_bytes());
    Config {
        registrar: Registrar::User,
        ..Config::new(octets)
    }
}

impl Link {
    pub fn new(seed: u64, network: Network) -> Self {
        let endpoint = |end| Endpoint::new(config(seed, end));
        Link {
            ends: [endpoint(End::Caller), endpoint(End::Callee)],
            now: start(),
            events: [VecDeque::new(), VecDeque::new()],
            ladder: Vec::new(),
            lose: Vec::new(),
            credentials: Credentials::none(),
            network,
            under_way: BTreeMap::new(),
            count: 0,
            random: seed ^ 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// What an end agrees to, before its first call.
    pub fn agree_to(&mut self, end: End, terms: Terms) {
        assert_eq!(self.ends[end as usize].load(), Default::default());
        let config = config(self.random, end);
        self.ends[end as usize] = Endpoint::new(Config { terms, ..config });
    }

    pub fn end(&mut self, end: End) -> &mut Endpoint {
        &mut self.ends[end as usize]
    }

    pub fn flow(&self, from: End) -> Flow {
        Flow::new(self.network.transport, address(from), address(other(from)))
    }

    /// The caller, or the callee, places a call.
    pub fn invite(&mut self, from: End, offer: Option<Bytes>) -> LegKey {
        let target = format!("sip:100@{}", address(other(from)));
        let request = InviteRequest {
            credentials: self.credentials.clone(),
            sdp: offer,
            ..InviteRequest::new(target, self.flow(from), "\"Test\" <sip:200@example.com>")
        };
        let now = self.now;
        let leg = self.end(from).invite(request, now).unwrap();
        self.drain();
        leg
    }

    /// Gives what both ends want sent to the network, and keeps their events.
    pub fn drain(&mut self) {
        for end in [End::Caller, End::Callee] {
            while let Some(output) = self.ends[end as usize].poll() {
                match output {
                    Output::Send(send) => {
                        assert_eq!(send.flow.remote, address(other(end)), "sent elsewhere");
                        if send.repeat == Repeat::Again {
                            assert_eq!(send.urgency, Urgency::Immediate);
                        }
                        self.transmit(end, send.bytes);
                    }
                    Output::Event(event) => self.events[end as usize].push_back(event),
                    Output::Received(received) => {
                        assert_ne!(received.disposition, Disposition::Unreadable);
                    }
                    Output::TimerFired { .. } => {}
                }
            }
        }
    }

    /// The next thing that happens, if it happens until `limit`: a datagram arrives or a timer fires.
    pub fn step(&mut self, limit: Instant) -> bool {
        let arrival = self.under_way.keys().next().map(|(at, _)| *at);
        let timer = self.ends.iter().filter_map(Endpoint::deadline).min();
        let Some(at) = arrival
            .into_iter()
            .chain(timer)
            .min()
            .filter(|at| *at <= limit)
        else {
            return false;
        };
        self.now = self.now.max(at);
        if arrival == Some(at) {
            let ((_, _), (to, bytes)) = self.under_way.pop_first().unwrap();
            let flow = self.flow(to);
            let now = self.now;
            self.end(to).handle(Input::Datagram { bytes, flow }, now);
            self.drain();
        } else {
            let now = self.now;
            for end in [End::Caller, End::Callee] {
                if self.ends[end as usize]
                    .deadline()
                    .is_some_and(|at| at <= now)
                {
                    self.end(end).handle(Input::Due, now);
                    self.drain();
                }
            }
        }
        true
    }

    /// Lets what is under way arrive; timers that come later are left alone.
    pub fn settle(&mut self) {
        while let Some((at, _)) = self.under_way.keys().next().copied() {
            self.step(at);
        }
    }

    pub fn run_for(&mut self, time: Duration) {
        let limit = self.now + time;
        while self.step(limit) {}
        self.now = limit;
    }

    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.ends.iter().all(|end| end.load() == Default::default())
    }

    pub fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn transmit(&mut self, from: End, bytes: Bytes) {
        let message = Message::parse(bytes.clone()).expect("the endpoint writes what can be read");
        let line = match message.method() {
            Some(method) => method.to_string(),
            None => {
                let status = message.status().unwrap();
                format!("{status} {}", message.cseq().unwrap().method)
            }
        };
        let wanted = self.lose.iter_mut().find(|(end, start, left)| {
            *end == from && *left > 0 && line.starts_with(start.as_str())
        });
        let lost = match wanted {
            Some((_, _, left)) => {
                *left -= 1;
                true
            }
            None => self.random(100) < self.network.loss_percent,
        };
        let arrow = match from {
            End::Caller => "->",
            End::Callee => "<-",
        };
        let ms = (self.now - start()).as_millis();
        self.ladder.push(format!(
            "{ms:>6} {arrow} {line}{}",
            if lost { " (lost)" } else { "" }
        ));
        if lost {
            return;
        }
        let (shortest, longest) = self.network.delay_ms;
        let delay = shortest + self.random(longest - shortest + 1);
        self.count += 1;
        let at = self.now + Duration::from_millis(delay);
        self.under_way
            .insert((at, self.count), (other(from), bytes));
    }
}

/// One word for an event, with what distinguishes it.
pub fn word(event: &Event) -> String {
    match event {
        Event::Ended { cause, .. } => format!("Ended:{}", cause_word(*cause)),
        Event::Ringing { status, .. } => format!("Ringing:{status}"),
        Event::SessionRefreshed { by, method, .. } => format!("SessionRefreshed:{by:?}:{method}"),
        Event::SessionExpired { refresher, .. } => format!("SessionExpired:{refresher:?}"),
        Event::EarlyOffer { status, .. } => format!("EarlyOffer:{status}"),
        Event::ProgressAcknowledged { sdp, .. } => {
            let answer = if sdp.is_some() { ":answer" } else { "" };
            format!("ProgressAcknowledged{answer}")
        }
        Event::EarlyMedia { status, .. } => format!("EarlyMedia:{status}"),
        Event::Rejected { status, .. } => format!("Rejected:{status}"),
        Event::OfferAnswered { method, .. } => format!("OfferAnswered:{method}"),
        Event::OfferRejected { method, status, .. } => format!("OfferRejected:{method}:{status}"),
        Event::OfferDelayed { method, .. } => format!("OfferDelayed:{method}"),
        Event::ReferRejected { status, .. } => format!("ReferRejected:{status}"),
        Event::TimedOut { timer, .. } => format!("TimedOut:{timer:?}"),
        Event::InfoReceived { answered, .. } => format!("InfoReceived:{answered}"),
        Event::NotifyReceived { answered, .. } => format!("NotifyReceived:{answered}"),
        Event::RequestAnswered { method, status, .. } => {
            format!("RequestAnswered:{method}:{status}")
        }
        Event::RequestFailed { method, .. } => format!("RequestFailed:{method}"),
        Event::ChallengeUnanswered { why, .. } => format!("ChallengeUnanswered:{why:?}"),
        Event::OfferReceived { method, sdp, .. } => {
            format!(
                "OfferReceived:{method}{}",
                if sdp.is_some() { "" } else { ":empty" }
            )
        }
        Event::ReferProgress { status, last, .. } => {
            let status = status.map_or("none".to_owned(), |status| status.to_string());
            format!("ReferProgress:{status}{}", if *last { ":last" } else { "" })
        }
        other => format!("{other:?}")
            .split([' ', '{'])
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn cause_word(cause: EndCause) -> String {
    let text = format!("{cause:?}");
    text.replace("StatusCode", "").replace(['(', ')'], "")
}
