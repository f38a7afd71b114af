//! A program against an endpoint: datagrams, answers, timers, failures and what its user does. Each leg ends exactly
//! once and says nothing behind its end, and when everybody has let go and the timers are over, nothing is left.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sip::endpoint::config::Config;
use sip::endpoint::event::Event;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::{Fork, LegKey, TransactionKey};
use sip::endpoint::output::{Input, Output};
use sip::endpoint::terms::{Large, Reliable, Terms, TimerMode, TimerTerms};
use sip::endpoint::{ActionError, Endpoint, InviteRequest, Load, Probe, ReferRequest};
use sip::{Message, StatusCode};
use trunkline_fuzz::Octets;
use trunkline_fuzz::peer::Peer;

/// More steps in one program show nothing new.
const STEPS_MAX: usize = 120;
/// One input gives no more outputs than this.
const OUTPUTS_MAX: usize = 1024;
/// Timers that may fire at the same moment, or in one wait: repetitions double, so they are few.
const FIRED_MAX: usize = 4096;
/// 64 × T1: no wait of the endpoint is longer, except for an accepted transfer's subscription.
const PATIENCE: Duration = Duration::from_secs(32);
/// How often everybody lets go, and waits for 64 × T1: a CANCEL that is not answered, then a BYE, then a fork's.
const GOODBYES: usize = 4;

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let mut play = Play::new(octets.octet());
    for _ in 0..STEPS_MAX {
        if octets.is_empty() {
            break;
        }
        play.step(&mut octets);
    }
    play.finish();
});

struct Play {
    endpoint: Endpoint,
    peer: Peer,
    now: Instant,
    transport: Transport,
    alive: BTreeSet<LegKey>,
    ended: BTreeSet<LegKey>,
    /// The INVITEs of those that came in and live.
    invites: BTreeMap<LegKey, Arc<Message>>,
    questions: Vec<TransactionKey>,
    sent: Vec<TransactionKey>,
}

impl Play {
    fn new(shape: u8) -> Play {
        let mut config = Config::new([7; 32]);
        config.terms = terms(shape >> 2);
        if shape & 2 == 2 {
            config.bounds.legs = 3;
            config.bounds.transactions = 6;
        }
        Play {
            endpoint: Endpoint::new(config),
            peer: Peer::default(),
            now: Instant::now(),
            transport: if shape & 1 == 1 {
                Transport::Tcp
            } else {
                Transport::Udp
            },
            alive: BTreeSet::new(),
            ended: BTreeSet::new(),
            invites: BTreeMap::new(),
            questions: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn step(&mut self, octets: &mut Octets<'_>) {
        let operation = octets.octet();
        match operation % 16 {
            0..=2 => {
                let bytes = self.peer.request(octets);
                self.receive(bytes);
            }
            3..=5 => {
                let bytes = self.peer.response(octets);
                self.maybe(bytes);
            }
            6 => {
                let bytes = self.peer.again(octets);
                self.maybe(bytes);
            }
            7 => {
                let bytes = self.peer.damaged(octets);
                self.maybe(bytes);
            }
            8 => {
                let bytes = self.peer.datagram(octets.text());
                self.receive(bytes);
            }
            9 => self.wait(Duration::from_millis(u64::from(octets.pair()))),
            10 => self.fail(octets),
            11 => self.call(octets),
            12 if octets.flip() => {
                let bytes = self.peer.mirrored(octets);
                self.maybe(bytes);
            }
            12 => self.answer_question(octets),
            _ => self.act(octets),
        }
    }

    fn flow(&self) -> Flow {
        Flow::new(
            self.transport,
            SocketAddr::from(([192, 0, 2, 9], 5060)),
            SocketAddr::from(([192, 0, 2, 7], 5062)),
        )
    }

    fn maybe(&mut self, bytes: Option<Bytes>) {
        if let Some(bytes) = bytes {
            self.receive(bytes);
        }
    }

    fn receive(&mut self, bytes: Bytes) {
        let flow = self.flow();
        self.endpoint
            .handle(Input::Datagram { bytes, flow }, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        for _ in 0..OUTPUTS_MAX {
            match self.endpoint.poll() {
                None => {
                    let load = self.endpoint.load();
                    assert_eq!(
                        load.legs,
                        self.alive.len(),
                        "legs that live and legs that are kept"
                    );
                    return;
                }
                Some(Output::Send(send)) => {
                    self.peer.hear(send.bytes);
                    self.sent.extend(send.transaction);
                    if self.sent.len() > 16 {
                        self.sent.remove(0);
                    }
                }
                Some(Output::Event(event)) => self.note(&event),
                Some(Output::Received(_) | Output::TimerFired { .. }) => {}
            }
        }
        panic!("more than {OUTPUTS_MAX} outputs of one input");
    }

    fn note(&mut self, event: &Event) {
        if let Some(leg) = event.leg() {
            assert!(!self.ended.contains(&leg), "behind its end: {event:?}");
        }
        match event {
            Event::IncomingInvite { leg, message, .. } => {
                self.invites.insert(*leg, message.clone());
                assert!(self.alive.insert(*leg), "{leg:?} begins twice");
            }
            Event::Ended { leg, .. } => {
                assert!(self.alive.remove(leg), "{leg:?} never began");
                self.ended.insert(*leg);
                self.invites.remove(leg);
            }
            Event::OptionsReceived { transaction, .. } => self.questions.push(*transaction),
            _ => {}
        }
    }

    fn wait(&mut self, wanted: Duration) {
        let until = self.now + wanted;
        for _ in 0..FIRED_MAX {
            match self.endpoint.deadline() {
                Some(due) if due <= until => {
                    self.now = self.now.max(due);
                    self.endpoint.handle(Input::Due, self.now);
                    self.drain();
                }
                _ => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("more than {FIRED_MAX} timers in {wanted:?}");
    }

    fn fail(&mut self, octets: &mut Octets<'_>) {
        if octets.below(4) == 0 {
            let flow = self.flow();
            self.endpoint.handle(Input::FlowLost { flow }, self.now);
            return self.drain();
        }
        if let Some(transaction) = octets.pick(&self.sent).copied() {
            self.endpoint
                .handle(Input::SendFailed { transaction }, self.now);
            self.drain();
        }
    }

    fn answer_question(&mut self, octets: &mut Octets<'_>) {
        if let Some(transaction) = octets.pick(&self.questions).copied() {
            let status = status(octets);
            let _ =
                self.endpoint
                    .answer_options(transaction, status, None, Extra::none(), self.now);
            self.drain();
        }
    }

    /// An outgoing INVITE, or a probe.
    fn call(&mut self, octets: &mut Octets<'_>) {
        let flow = self.flow();
        let from = "<sip:edge@192.0.2.9>";
        if octets.flip() && octets.flip() {
            let probe = Probe::new("sip:192.0.2.7:5062", flow, from);
            let _ = self.endpoint.options(probe, self.now);
            return self.drain();
        }
        let request = InviteRequest {
            call_id: octets.flip().then(|| "call-0".into()),
            sdp: sdp(octets),
            ..InviteRequest::new("sip:bot@192.0.2.7:5062", flow, from)
        };
        if let Ok(leg) = self.endpoint.invite(request, self.now) {
            assert!(self.alive.insert(leg), "{leg:?} begins twice");
        }
        self.drain();
    }

    fn act(&mut self, octets: &mut Octets<'_>) {
        let legs: Vec<LegKey> = self.alive.iter().copied().collect();
        let Some(leg) = octets.pick(&legs).copied() else {
            return;
        };
        let before = self.endpoint.load();
        let refused = self.action(leg, octets).is_err();
        if refused {
            assert!(
                self.endpoint.poll().is_none(),
                "what is refused does nothing"
            );
            assert_eq!(
                self.endpoint.load(),
                before,
                "what is refused changes nothing"
            );
        }
        self.drain();
    }

    fn action(&mut self, leg: LegKey, octets: &mut Octets<'_>) -> Result<(), ActionError> {
        let (action, now, none) = (octets.octet(), self.now, Extra::none);
        let phrase = octets.flip().then_some("as you like");
        let endpoint = &mut self.endpoint;
        match action % 24 {
            0 => endpoint.provisional(leg, status(octets), sdp(octets), none(), now),
            1..=3 => endpoint.answer(leg, sdp(octets), none(), now),
            4 => endpoint.refuse(leg, status(octets), phrase, none(), now),
            5 => endpoint.cancel(leg, none(), now),
            6 => endpoint.bye(leg, none(), now),
            7 => endpoint.hang_up(leg, none(), now),
            8 | 9 => endpoint.reinvite(leg, sdp(octets), none(), now),
            10 | 11 => endpoint.answer_offer(leg, sdp(octets), none(), now),
            12 => endpoint.refuse_offer(leg, status(octets), phrase, none(), now),
            13 => endpoint.refer(leg, &refer(octets), now),
            14 => endpoint.accept_refer(leg, now),
            15 => endpoint.refuse_refer(leg, status(octets), phrase, none(), now),
            16 | 17 => endpoint.notify_refer(leg, status(octets), phrase, octets.flip(), now),
            18 => endpoint.info(
                leg,
                "application/dtmf-relay",
                "Signal=1".into(),
                &none(),
                now,
            ),
            19 => endpoint.update(leg, fork(endpoint, leg, octets), sdp(octets), none(), now),
            20 => {
                let fork = fork(endpoint, leg, octets);
                endpoint.acknowledge_early(leg, fork, sdp(octets).unwrap_or_default(), now)
            }
            21 => endpoint.set_terms(leg, terms(octets.octet())),
            22 => endpoint.acknowledge(leg, sdp(octets)),
            _ => match self.invites.get(&leg) {
                Some(invite) => {
                    let held = endpoint.hold_to(leg, invite, terms(octets.octet()), now);
                    held.map(drop)
                }
                None => Err(ActionError::WrongState),
            },
        }
    }

    /// Everybody lets go; then nothing is left.
    fn finish(&mut self) {
        for _ in 0..GOODBYES {
            for leg in self.alive.clone() {
                let _ = self.endpoint.hang_up(leg, Extra::none(), self.now);
                self.drain();
            }
            self.wait(PATIENCE + Duration::from_secs(4));
        }
        assert!(
            self.alive.is_empty(),
            "legs without their end: {:#?}",
            self.endpoint
        );
        self.wait(PATIENCE + Duration::from_secs(4));
        assert_eq!(
            self.endpoint.load(),
            Load::default(),
            "{:#?}",
            self.endpoint
        );
        assert_eq!(self.endpoint.deadline(), None);
    }
}

/// One of the callees of a leg.
fn fork(endpoint: &Endpoint, leg: LegKey, octets: &mut Octets<'_>) -> Fork {
    let peers = endpoint.leg(leg).map_or(&[][..], |leg| &leg.peers);
    octets.pick(peers).map_or(Fork::FIRST, |peer| peer.fork)
}

fn terms(choice: u8) -> Terms {
    let reliable = [
        Reliable::Supported,
        Reliable::Off,
        Reliable::Preferred,
        Reliable::Required,
    ];
    let mode = [TimerMode::Accept, TimerMode::Off, TimerMode::Want];
    let timer = TimerTerms {
        mode: mode[usize::from(choice / 4 % 3)],
        expires_s: 90,
        ..TimerTerms::default()
    };
    Terms {
        reliable: reliable[usize::from(choice % 4)],
        timer,
        large: if choice >= 128 {
            Large::Stream
        } else {
            Large::Datagram
        },
    }
}

fn status(octets: &mut Octets<'_>) -> StatusCode {
    let known = [
        180, 183, 200, 202, 302, 404, 480, 486, 488, 491, 500, 503, 603, 100, 199, 699,
    ];
    StatusCode::new(known[octets.below(known.len())]).unwrap_or(StatusCode::OK)
}

fn sdp(octets: &mut Octets<'_>) -> Option<Bytes> {
    octets
        .flip()
        .then(|| Bytes::from_static(b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 0\r\n"))
}

fn refer(octets: &mut Octets<'_>) -> ReferRequest {
    ReferRequest {
        refer_to: "<sip:300@192.0.2.3>".into(),
        referred_by: octets.flip().then(|| "<sip:edge@192.0.2.9>".into()),
        headers: Extra::none(),
    }
}
