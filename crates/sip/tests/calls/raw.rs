//! One endpoint against messages written by hand: forks, old peers, strict routes, wrong turns, overload.

use std::time::Instant;

use bytes::Bytes;
use trunkline_sip::endpoint::config::Config;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::keys::{Fork, LegKey, TransactionKey};
use trunkline_sip::endpoint::output::{Disposition, Input, Output, Urgency};
use trunkline_sip::endpoint::terms::Terms;
use trunkline_sip::endpoint::{Endpoint, InviteRequest, Probe};
use trunkline_sip::{Message, Method, Name, StatusCode};

use crate::link::{End, Link, Network, SDP, sdp, start, word};

/// An endpoint with its flow and what it did last.
pub struct Desk {
    pub endpoint: Endpoint,
    pub link: Link,
    pub sent: Vec<Message>,
    pub transactions: Vec<Option<TransactionKey>>,
    pub urgencies: Vec<Urgency>,
    pub events: Vec<Event>,
    pub disposition: Option<Disposition>,
}

impl Desk {
    pub fn new() -> Self {
        Desk::with(Config::new([9; 32]))
    }

    pub fn with(config: Config) -> Self {
        Desk {
            endpoint: Endpoint::new(config),
            link: Link::new(1, Network::PERFECT),
            sent: Vec::new(),
            transactions: Vec::new(),
            urgencies: Vec::new(),
            events: Vec::new(),
            disposition: None,
        }
    }

    /// Begins anew with other terms.
    pub fn agree_to(&mut self, terms: Terms) {
        self.endpoint = Endpoint::new(Config {
            terms,
            ..Config::new([9; 32])
        });
    }

    /// Gives it a message whose lines end with LF here; says which statuses and methods it sends.
    pub fn hears(&mut self, text: &str) -> Vec<String> {
        self.hears_at(text, start())
    }

    /// The same, later.
    pub fn hears_at(&mut self, text: &str, now: Instant) -> Vec<String> {
        let bytes = Bytes::from(text.trim_start().replace('\n', "\r\n"));
        let flow = self.link.flow(End::Caller);
        self.endpoint.handle(Input::Datagram { bytes, flow }, now);
        self.drain()
    }

    pub fn drain(&mut self) -> Vec<String> {
        (self.sent, self.events, self.urgencies) = Default::default();
        self.transactions.clear();
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send(send) => {
                    self.urgencies.push(send.urgency);
                    self.transactions.push(send.transaction);
                    self.sent.push(Message::parse(send.bytes).unwrap());
                }
                Output::Event(event) => self.events.push(event),
                Output::Received(received) => self.disposition = Some(received.disposition),
                Output::TimerFired { .. } => {}
            }
        }
        let word = |message: &Message| match message.method() {
            Some(method) => method.to_string(),
            None => message.status().unwrap().to_string(),
        };
        self.sent.iter().map(word).collect()
    }

    pub fn events(&self) -> Vec<String> {
        self.events.iter().map(word).collect()
    }

    /// Which callees the last events are about.
    pub fn forks(&self) -> Vec<Option<u8>> {
        let fork = |event: &Event| match event {
            Event::Ringing { fork, .. } | Event::EarlyMedia { fork, .. } => *fork,
            Event::Answered { fork, .. } | Event::EarlyOffer { fork, .. } => Some(*fork),
            _ => None,
        };
        let number = |event| fork(event).map(Fork::number);
        self.events.iter().map(number).collect()
    }

    pub fn calls(&mut self) -> LegKey {
        let flow = self.link.flow(End::Caller);
        let request = InviteRequest {
            call_id: Some("fork@test".into()),
            sdp: sdp(),
            ..InviteRequest::new("sip:100@192.0.2.2", flow, "<sip:200@example.com>")
        };
        let leg = self.endpoint.invite(request, start()).unwrap();
        assert_eq!(self.drain(), ["INVITE"]);
        leg
    }
}

/// An answer to `request` with this tag, Contact and further lines.
pub fn answer(request: &Message, status: &str, tag: &str, more: &str) -> String {
    let header = |name: Name<'_>| request.header(name).unwrap().to_owned();
    format!(
        "SIP/2.0 {status} X\nVia: {}\nFrom: {}\nTo: {};tag={tag}\nCall-ID: {}\nCSeq: {}\n{more}Content-Length: 0\n\n",
        header(Name::Via),
        header(Name::From),
        header(Name::To),
        header(Name::CallId),
        header(Name::CSeq),
    )
}

pub fn request(method: &str, branch: &str, to_tag: &str, cseq: u32, more: &str) -> String {
    let tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    format!(
        "{method} sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2;branch={branch}\nMax-Forwards: 70\nFrom: <sip:a@b>;tag=peer\nTo: <sip:100@b>{tag}\nCall-ID: raw\nCSeq: {cseq} {method}\nContact: <sip:a@192.0.2.2:5066>\n{more}Content-Length: 0\n\n"
    )
}

/// The same message with a description.
pub fn described(text: &str) -> String {
    let sdp = SDP.replace("\r\n", "\n");
    let head = format!(
        "Content-Type: application/sdp\nContent-Length: {}\n\n",
        SDP.len()
    );
    text.replace("Content-Length: 0\n\n", &format!("{head}{sdp}"))
}

/// A call that is up: the leg and our tag.
pub fn up(desk: &mut Desk) -> (LegKey, String) {
    assert_eq!(
        desk.hears(&request("INVITE", "z9hG4bK1", "", 5, "")),
        ["100"]
    );
    let leg = desk.events[0].leg().unwrap();
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["200"]);
    let tag = desk.sent[0].to().unwrap().tag().unwrap().to_owned();
    assert!(
        desk.hears(&request("ACK", "z9hG4bK2", &tag, 5, ""))
            .is_empty()
    );
    assert_eq!(desk.events(), ["Acked"]);
    (leg, tag)
}

/// RFC 3261 §13.2.2.4: the first callee wins, every other one is acknowledged and hung up.
#[test]
fn a_second_callee_that_answers_is_hung_up() {
    let mut desk = Desk::new();
    desk.calls();
    let invite = desk.sent[0].clone();
    let contact = |host| format!("Contact: <sip:x@{host}>\n");
    desk.hears(&answer(&invite, "180", "one", &contact("192.0.2.51")));
    assert_eq!(desk.forks(), [Some(0)]);
    desk.hears(&answer(&invite, "180", "two", &contact("192.0.2.52")));
    assert_eq!(desk.events(), ["Ringing:180"]);
    assert_eq!(desk.forks(), [Some(1)]);
    desk.hears(&answer(&invite, "180", "one", &contact("192.0.2.51")));
    assert_eq!(desk.forks(), [Some(0)]);
    let first = answer(&invite, "200", "two", &contact("192.0.2.52"));
    assert_eq!(desk.hears(&first), ["ACK"]);
    assert_eq!(desk.events(), ["Answered"]);
    assert_eq!(desk.forks(), [Some(1)]);
    assert_eq!(
        desk.hears(&answer(&invite, "200", "one", &contact("192.0.2.51"))),
        ["ACK", "BYE"]
    );
    assert_eq!(desk.events(), ["ForkHungUp"]);
    assert_eq!(desk.sent[1].request_uri(), "sip:x@192.0.2.51");
    assert_eq!(desk.sent[1].to().unwrap().tag(), Some("one"));
    // The 2xx again: only its ACK, and at once.
    assert_eq!(desk.hears(&first), ["ACK"]);
    assert_eq!(desk.urgencies, [Urgency::Immediate]);
    assert_eq!(desk.disposition, Some(Disposition::Retransmission));
}

/// RFC 3261 §13.2.2.1: eight callees that ring are kept apart; what a ninth reports is not told, but it may accept.
#[test]
fn forks_are_bounded() {
    let mut desk = Desk::new();
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    let tag = |number: usize| format!("t{number}");
    for number in 0..8 {
        desk.hears(&answer(&invite, "180", &tag(number), ""));
        assert_eq!(desk.events(), ["Ringing:180"]);
    }
    desk.hears(&answer(&invite, "180", &tag(8), ""));
    assert!(desk.events().is_empty());
    assert_eq!(desk.disposition, Some(Disposition::Stray));
    assert_eq!(desk.endpoint.leg(leg).unwrap().peers.len(), 8);
    assert_eq!(desk.hears(&answer(&invite, "200", &tag(8), "")), ["ACK"]);
    assert_eq!(desk.events(), ["Answered"]);
    assert_eq!(desk.forks(), [Some(8)]);
    assert_eq!(desk.endpoint.leg(leg).unwrap().peers.len(), 1);
}

/// RFC 3261 §12.2.1.1: Record-Route makes the route, reversed for the caller; a strict router gets its own URI.
#[test]
fn routes_are_followed() {
    let mut desk = Desk::new();
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    let more = "Contact: <sip:x@192.0.2.50>\nRecord-Route: <sip:192.0.2.62;lr>, <sip:192.0.2.61>\n";
    assert_eq!(desk.hears(&answer(&invite, "200", "t", more)), ["ACK"]);
    let ack = &desk.sent[0];
    assert_eq!(ack.request_uri(), "sip:192.0.2.61");
    let routes: Vec<&str> = ack.headers(Name::Route).collect();
    assert_eq!(routes, ["<sip:192.0.2.62;lr>", "<sip:x@192.0.2.50>"]);
    assert_eq!(ack.cseq().unwrap().number, invite.cseq().unwrap().number);
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    assert_eq!(desk.drain(), ["BYE"]);
    assert!(desk.sent[0].cseq().unwrap().number > invite.cseq().unwrap().number);
}

/// RFC 3261 §17.1.1.3: the ACK of a refusal has the INVITE's branch and the answer's To.
#[test]
fn a_refusal_is_acknowledged_at_once() {
    let mut desk = Desk::new();
    desk.calls();
    let invite = desk.sent[0].clone();
    let busy = answer(&invite, "486", "t", "Retry-After: 9\n");
    assert_eq!(desk.hears(&busy), ["ACK"]);
    assert_eq!(desk.urgencies, [Urgency::Immediate]);
    let ack = &desk.sent[0];
    assert_eq!(
        ack.top_via().unwrap().branch(),
        invite.top_via().unwrap().branch()
    );
    assert_eq!(ack.to().unwrap().tag(), Some("t"));
    assert_eq!(ack.request_uri(), invite.request_uri());
    assert_eq!(desk.events(), ["Rejected:486", "Ended:Rejected"]);
    assert_eq!(desk.hears(&busy), ["ACK"]);
    assert!(desk.events().is_empty());
}

/// RFC 3261 §17.2.3: a peer without magic cookie is matched by everything else.
#[test]
fn a_peer_of_rfc_2543_is_understood() {
    let mut desk = Desk::new();
    let old = |method: &str, cseq: u32, tag: &str| {
        format!(
            "{method} sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2\nFrom: <sip:a@b>\nTo: <sip:100@b>{tag}\nCall-ID: old\nCSeq: {cseq} {method}\n\n"
        )
    };
    assert_eq!(desk.hears(&old("INVITE", 1, "")), ["100"]);
    assert_eq!(desk.hears(&old("INVITE", 1, "")), ["100"]);
    assert_eq!(desk.disposition, Some(Disposition::Retransmission));
    let other = old("INVITE", 1, "").replace("Call-ID: old", "Call-ID: older");
    assert_eq!(desk.hears(&other), ["100"]);
    let second = desk.events[0].leg().unwrap();
    desk.endpoint
        .refuse(second, StatusCode::BUSY_HERE, None, Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["486"]);
    let tag = desk.sent[0].to().unwrap().tag().unwrap().to_owned();
    let ack = old("ACK", 1, &format!(";tag={tag}")).replace("Call-ID: old", "Call-ID: older");
    assert!(desk.hears(&ack).is_empty());
    assert_eq!(desk.disposition, Some(Disposition::New));
    assert_eq!(desk.hears(&old("CANCEL", 1, "")), ["200", "487"]);
    assert_eq!(desk.events(), ["Cancelled", "Ended:CancelledByPeer"]);
}

/// RFC 3261 §8.2.2.2, §9.2, §12.2.2: what belongs to nothing is told so and leaves nothing behind.
#[test]
fn what_belongs_to_nothing_is_refused() {
    let mut desk = Desk::new();
    for (text, status) in [
        (request("CANCEL", "z9hG4bKa", "", 1, ""), "481"),
        (request("BYE", "z9hG4bKb", "gone", 1, ""), "481"),
        (
            request("INVITE", "z9hG4bKc", "0123456789abcdef", 1, ""),
            "481",
        ),
        (request("INFO", "z9hG4bKd", "", 1, ""), "481"),
        (request("REGISTER", "z9hG4bKe", "", 1, ""), "405"),
        (request("JUMP", "z9hG4bKf", "", 1, ""), "501"),
        (
            request(
                "INVITE",
                "z9hG4bKg",
                "",
                1,
                "Require: 100rel, x-unheard, norefersub\n",
            ),
            "420",
        ),
    ] {
        assert_eq!(desk.hears(&text), [status], "{text}");
        let tag = desk.sent[0].to().unwrap().tag().map(str::to_owned);
        assert_eq!(desk.hears(&text), [status], "again");
        assert_eq!(
            desk.sent[0].to().unwrap().tag().map(str::to_owned),
            tag,
            "stable"
        );
    }
    assert_eq!(desk.sent[0].header(Name::Unsupported), Some("x-unheard"));
    assert!(
        desk.hears(&request("ACK", "z9hG4bKh", "gone", 1, ""))
            .is_empty()
    );
    assert_eq!(desk.disposition, Some(Disposition::Stray));
    assert_eq!(desk.endpoint.load(), Default::default());
}

/// RFC 3261 §8.2.2.2: the same request by another way is a merged request.
#[test]
fn a_merged_request_gets_482() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.hears(&request("INVITE", "z9hG4bKa", "", 1, "")),
        ["100"]
    );
    assert_eq!(
        desk.hears(&request("INVITE", "z9hG4bKb", "", 1, "")),
        ["482"]
    );
}

/// RFC 3261 §12.2.2: a number that was used gets 500; a repeated request gets its answer again.
#[test]
fn requests_come_in_their_turn() {
    let mut desk = Desk::new();
    let (_, tag) = up(&mut desk);
    let options = request("OPTIONS", "z9hG4bKo", &tag, 9, "");
    assert_eq!(desk.hears(&options), ["200"]);
    assert_eq!(desk.hears(&options), ["200"]);
    assert_eq!(desk.disposition, Some(Disposition::Retransmission));
    assert_eq!(
        desk.hears(&request("INFO", "z9hG4bKp", &tag, 8, "")),
        ["500"]
    );
    assert_eq!(
        desk.hears(&request("INFO", "z9hG4bKq", &tag, 9, "")),
        ["500"]
    );
    assert_eq!(
        desk.hears(&request(
            "PRACK",
            "z9hG4bKr",
            &tag,
            10,
            "RAck: 1 5 INVITE\n"
        )),
        ["481"]
    );
    assert_eq!(
        desk.hears(&request("MESSAGE", "z9hG4bKs", &tag, 11, "")),
        ["405"]
    );
    assert_eq!(
        desk.hears(&request("JUMP", "z9hG4bKt", &tag, 12, "")),
        ["501"]
    );
    assert_eq!(
        desk.hears(&request("REFER", "z9hG4bKu", &tag, 13, "")),
        ["400"]
    );
    assert_eq!(
        desk.hears(&request("NOTIFY", "z9hG4bKv", &tag, 14, "Event: refer\n")),
        ["481"]
    );
    assert_eq!(
        desk.hears(&request("NOTIFY", "z9hG4bKw", &tag, 15, "Event: x\n")),
        ["489"]
    );
    let wrong = request("BYE", "z9hG4bKx", &tag, 16, "").replace(";tag=peer", ";tag=other");
    assert_eq!(desk.hears(&wrong), ["481"]);
    assert_eq!(
        desk.hears(&request("BYE", "z9hG4bKy", &tag, 16, "")),
        ["200"]
    );
}

/// RFC 3311 §5.2: UPDATE without offer refreshes and is answered at once, with offer by the user.
#[test]
fn update_moves_the_target_and_may_offer() {
    let mut desk = Desk::new();
    let (leg, tag) = up(&mut desk);
    let moved =
        request("UPDATE", "z9hG4bKu", &tag, 6, "").replace("a@192.0.2.2:5066", "a@192.0.2.77");
    assert_eq!(desk.hears(&moved), ["200"]);
    assert!(desk.events().is_empty());
    let offer = request(
        "UPDATE",
        "z9hG4bKv",
        &tag,
        7,
        "Content-Type: application/sdp\n",
    )
    .replace("Content-Length: 0\n\n", "Content-Length: 5\n\nv=0\n");
    assert!(desk.hears(&offer).is_empty());
    assert_eq!(desk.events(), ["OfferReceived:UPDATE"]);
    desk.endpoint
        .answer_offer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["200"]);
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    desk.drain();
    assert_eq!(desk.sent[0].request_uri(), "sip:a@192.0.2.2:5066");
}

/// Design rule 3: what obliges us waits for the commit, what repeats or only says "wait" does not.
#[test]
fn only_what_obliges_waits_for_the_commit() {
    let mut desk = Desk::new();
    desk.hears(&request("INVITE", "z9hG4bK1", "", 5, ""));
    assert_eq!(desk.urgencies, [Urgency::Immediate]);
    let leg = desk.events[0].leg().unwrap();
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    desk.drain();
    assert_eq!(desk.urgencies, [Urgency::AfterCommit]);
    let due = desk.endpoint.deadline().unwrap();
    desk.endpoint.handle(Input::Due, due);
    assert_eq!(desk.drain(), ["200"]);
    assert_eq!(desk.urgencies, [Urgency::Immediate]);
}

/// The tables have bounds: beyond them a call gets 503 with Retry-After and nothing is kept.
#[test]
fn overload_is_refused_without_state() {
    let mut config = Config::new([9; 32]);
    config.bounds.legs = 1;
    let mut desk = Desk::with(config);
    assert_eq!(
        desk.hears(&request("INVITE", "z9hG4bKa", "", 1, "")),
        ["100"]
    );
    let before = desk.endpoint.load();
    let second = request("INVITE", "z9hG4bKb", "", 1, "").replace("Call-ID: raw", "Call-ID: two");
    assert_eq!(desk.hears(&second), ["503"]);
    assert_eq!(desk.sent[0].header(Name::RetryAfter), Some("10"));
    // Its repetition hears of the same To tag, and nobody answers its ACK.
    let tag = |desk: &Desk| desk.sent[0].to().unwrap().tag().map(str::to_owned);
    let first = tag(&desk);
    assert!(first.is_some());
    assert_eq!(desk.hears(&second), ["503"]);
    assert_eq!(tag(&desk), first);
    let ack = format!(";tag={}", first.unwrap());
    let ack = request("ACK", "z9hG4bKb", &ack, 1, "").replace("Call-ID: raw", "Call-ID: two");
    assert_eq!(desk.hears(&ack), [""; 0]);
    assert_eq!(desk.endpoint.load(), before);
}

/// A full endpoint still lets calls end.
#[test]
fn a_bye_is_taken_even_when_nothing_else_is() {
    let mut config = Config::new([9; 32]);
    config.bounds.transactions = 1;
    let mut desk = Desk::with(config);
    let (_, tag) = up(&mut desk);
    assert_eq!(
        desk.hears(&request("INFO", "z9hG4bKi", &tag, 6, "")),
        ["503"]
    );
    assert_eq!(
        desk.hears(&request("BYE", "z9hG4bKb", &tag, 7, "")),
        ["200"]
    );
    assert_eq!(desk.events(), ["ByeReceived", "Ended:PeerHungUp"]);
}

/// RFC 3515 §2.4.2: a REFER that is still undecided when we hang up gets an answer of its own.
#[test]
fn hanging_up_answers_an_undecided_refer() {
    let mut desk = Desk::new();
    let (leg, tag) = up(&mut desk);
    desk.hears(&request(
        "REFER",
        "z9hG4bKr",
        &tag,
        6,
        "Refer-To: <sip:300@192.0.2.3>\n",
    ));
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    assert_eq!(desk.drain(), ["487", "BYE"]);
}

/// RFC 3261 §11: our probe of a trunk and its failures; the transport's failure is no timeout.
#[test]
fn a_probe_is_answered_or_fails() {
    let mut desk = Desk::new();
    let flow = desk.link.flow(End::Caller);
    let probe = Probe::new("sip:192.0.2.2", flow, "<sip:edge@192.0.2.1>");
    desk.endpoint.options(probe.clone(), start()).unwrap();
    assert_eq!(desk.drain(), ["OPTIONS"]);
    let options = desk.sent[0].clone();
    assert_eq!(options.method(), Some(&Method::Options));
    desk.hears(&answer(&options, "404", "t", ""));
    assert_eq!(desk.events(), ["OptionsAnswered"]);
    let transaction = desk.endpoint.options(probe, start()).unwrap();
    desk.drain();
    desk.endpoint
        .handle(Input::SendFailed { transaction }, start());
    desk.drain();
    assert_eq!(desk.events(), ["OptionsFailed"]);
}

/// A forged answer with our branch but another From tag, two Vias or another CSeq changes nothing.
#[test]
fn a_forged_answer_is_a_stray() {
    let mut desk = Desk::new();
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    let good = answer(&invite, "200", "t", "");
    let tag = invite.from().unwrap().tag().unwrap().to_owned();
    for bad in [
        good.replace(&tag, "forged"),
        good.replace("From:", "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\nFrom:"),
        good.replace(" INVITE", " BYE"),
        good.replace("SIP/2.0 200", "SIP/2.0 1000"),
    ] {
        assert!(desk.hears(&bad).is_empty(), "{bad}");
        assert!(desk.events().is_empty());
    }
    assert_eq!(desk.endpoint.call_id(leg), Some("fork@test"));
    assert_eq!(desk.hears(&good), ["ACK"]);
}

/// RFC 5407 §3.1.3: the callee's BYE came before its 2xx; the late 2xx is acknowledged and hung up, no ghost stays.
#[test]
fn a_bye_that_overtakes_the_answer_ends_the_call() {
    let mut desk = Desk::new();
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    desk.hears(&answer(&invite, "180", "t", ""));
    let tag = invite.from().unwrap().tag().unwrap();
    let bye = request("BYE", "z9hG4bKb", tag, 2, "")
        .replace(";tag=peer", ";tag=t")
        .replace("Call-ID: raw", "Call-ID: fork@test");
    assert_eq!(desk.hears(&bye), ["200", "CANCEL"]);
    assert_eq!(desk.events(), ["ByeReceived"]);
    assert_eq!(desk.hears(&answer(&invite, "200", "t", "")), ["ACK", "BYE"]);
    assert!(desk.events().is_empty());
    let bye = desk.sent[1].clone();
    assert!(desk.hears(&answer(&bye, "481", "t", "")).is_empty());
    assert_eq!(desk.events(), ["Ended:PeerHungUp"]);
    assert_eq!(desk.endpoint.call_id(leg), None);
}

/// RFC 3515 §2.4.4, RFC 3261 §12.2.2: a report that a later request overtook (500) is sent again in its turn.
#[test]
fn an_overtaken_report_is_sent_again() {
    let mut desk = Desk::new();
    let (leg, tag) = up(&mut desk);
    let refer = request(
        "REFER",
        "z9hG4bKr",
        &tag,
        6,
        "Refer-To: <sip:300@192.0.2.3>\n",
    );
    assert!(desk.hears(&refer).is_empty());
    assert_eq!(desk.events(), ["ReferReceived"]);
    desk.endpoint.accept_refer(leg, start()).unwrap();
    assert_eq!(desk.drain(), ["202", "NOTIFY"]);
    let first = desk.sent[1].clone();
    assert_eq!(first.header(Name::Event), Some("refer;id=6"));
    assert_eq!(
        first.header(Name::SubscriptionState),
        Some("active;expires=180")
    );
    assert_eq!(first.body(), b"SIP/2.0 100 Trying\r\n");
    desk.hears(&answer(&first, "200", "ignored", "").replace(";tag=ignored", ""));
    desk.endpoint
        .notify_refer(leg, StatusCode::OK, None, true, start())
        .unwrap();
    assert_eq!(desk.drain(), ["NOTIFY"]);
    let last = desk.sent[0].clone();
    assert_eq!(
        last.header(Name::SubscriptionState),
        Some("terminated;reason=noresource")
    );
    assert_eq!(
        desk.hears(&answer(&last, "500", "x", "").replace(";tag=x", "")),
        ["NOTIFY"]
    );
    let again = desk.sent[0].clone();
    assert!(again.cseq().unwrap().number > last.cseq().unwrap().number);
    assert_eq!(again.body(), last.body());
}

/// RFC 3261 §13.3.1.4: the ACK of an earlier INVITE, come again, does not confirm the answer to a later one.
#[test]
fn an_old_ack_confirms_nothing_new() {
    let mut desk = Desk::new();
    let (leg, tag) = up(&mut desk);
    assert_eq!(
        desk.hears(&request("INVITE", "z9hG4bKr", &tag, 6, "")),
        ["100"]
    );
    desk.endpoint
        .answer_offer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["200"]);
    desk.hears(&request("ACK", "z9hG4bK2", &tag, 5, ""));
    assert!(desk.events().is_empty());
    assert_eq!(desk.disposition, Some(Disposition::Retransmission));
    desk.hears(&request("ACK", "z9hG4bK3", &tag, 6, ""));
    assert_eq!(desk.events(), ["Acked"]);
}
