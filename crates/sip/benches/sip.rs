//! What SIP costs: reading and writing a typical INVITE beside rsip alone, and whole calls between two endpoints.
//! `cargo bench -p trunkline-sip`. One line for each case, tab separated: name, nanoseconds of each, how many a second.

#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use trunkline_sip::endpoint::config::Config;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::flow::{Flow, Party, Transport};
use trunkline_sip::endpoint::keys::LegKey;
use trunkline_sip::endpoint::output::{Input, Output};
use trunkline_sip::endpoint::{Endpoint, InviteRequest};
use trunkline_sip::{Message, Method, Name, RequestBuilder, validate};

/// As a PBX sends it: 24 headers and a description with two codecs and digits.
const INVITE: &str = "INVITE sip:+14155550101@192.0.2.9:32681;transport=udp SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj2f4a1c9e\r\n\
Max-Forwards: 70\r\n\
From: \"Support Desk\" <sip:+14155550123@pbx.example.com>;tag=as6f1c2d3e\r\n\
To: <sip:+14155550101@trunk.example.net>\r\n\
Contact: <sip:asterisk@192.0.2.1:5060>\r\n\
Call-ID: 5e1f0a9c7b3d2e4f6a8b@pbx.example.com\r\n\
CSeq: 102 INVITE\r\n\
Route: <sip:192.0.2.8;lr>\r\n\
Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, INFO, REFER\r\n\
Supported: 100rel, timer, replaces, norefersub, histinfo\r\n\
Session-Expires: 1800;refresher=uac\r\n\
Min-SE: 90\r\n\
P-Asserted-Identity: \"Support Desk\" <sip:+14155550123@pbx.example.com>\r\n\
Diversion: <sip:+14155550199@pbx.example.com>;reason=unconditional\r\n\
User-to-User: 00c8044a6f686e;encoding=hex\r\n\
Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000\r\n\
X-Account: 4711\r\n\
X-Queue: sales\r\n\
Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n\
Privacy: none\r\n\
Accept: application/sdp\r\n\
User-Agent: Asterisk PBX 20.5.0\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 223\r\n\r\n\
v=0\r\no=- 1733 1733 IN IP4 192.0.2.1\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
m=audio 14002 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";

const MESSAGES: u32 = 200_000;
const CALLS: u32 = 20_000;

fn main() {
    let octets = Bytes::from_static(INVITE.as_bytes());
    assert!(Message::parse(octets.clone()).is_ok_and(|invite| validate(&invite).is_ok()));
    report("read", MESSAGES, || {
        black_box(Message::parse(black_box(octets.clone())).is_ok());
    });
    report("read and look up what a call needs", MESSAGES, || {
        let invite = Message::parse(black_box(octets.clone())).expect("it is read");
        black_box((validate(&invite).is_ok(), invite.from().is_ok()));
        black_box((invite.contact().is_ok(), invite.session_expires().is_ok()));
    });
    report("read by rsip alone", MESSAGES, || {
        let read = rsip::SipMessage::try_from(black_box(&octets[..]));
        black_box(read.is_ok());
    });
    let message = Message::parse(octets.clone()).expect("it is read");
    report("write", MESSAGES, || {
        black_box(write(black_box(&message)));
    });
    let theirs = rsip::SipMessage::try_from(&octets[..]).expect("rsip reads it");
    report("write by rsip alone", MESSAGES, || {
        black_box(Bytes::from(black_box(&theirs).clone()).len());
    });
    let (transactions, nanoseconds) = calls();
    line("call: INVITE, 180, 200, ACK, BYE, 200", nanoseconds);
    line("transaction of it, one side", nanoseconds / transactions);
}

/// The same INVITE, header by header.
fn write(message: &Message) -> usize {
    let mut builder = RequestBuilder::new(Method::Invite, message.request_uri());
    for field in message.fields() {
        if field.name != Name::ContentType {
            builder = builder.header(field.name, field.value);
        }
    }
    let body = builder.body("application/sdp", message.body_bytes());
    body.to_bytes().expect("it is written").len()
}

fn report(name: &str, count: u32, mut work: impl FnMut()) {
    let start = now();
    for _ in 0..count {
        work();
    }
    line(name, start.elapsed().as_secs_f64() * 1e9 / f64::from(count));
}

fn line(name: &str, nanoseconds: f64) {
    println!("{name}\t{nanoseconds:.0} ns\t{:.0} /s", 1e9 / nanoseconds);
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

/// Both sides of a call, from INVITE to the answer to BYE. The clock stands still, so that what is kept for
/// repetitions stays: as an edge has it under load.
struct Calls {
    caller: Endpoint,
    callee: Endpoint,
    now: Instant,
}

/// Transactions of a call on both sides, and what a call costs.
fn calls() -> (f64, f64) {
    let endpoint = |seed| {
        let mut config = Config::new([seed; 32]);
        config.bounds.legs = usize::MAX;
        config.bounds.transactions = usize::MAX;
        Endpoint::new(config)
    };
    let mut calls = Calls {
        caller: endpoint(1),
        callee: endpoint(2),
        now: now(),
    };
    let start = now();
    for _ in 0..CALLS {
        calls.one();
    }
    let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS);
    let load = calls.caller.load().transactions + calls.callee.load().transactions;
    let kept = u32::try_from(load).expect("few calls");
    (f64::from(kept) / f64::from(CALLS), nanoseconds)
}

impl Calls {
    fn one(&mut self) {
        let sdp = Some(Bytes::from_static(&INVITE.as_bytes()[INVITE.len() - 223..]));
        let call = InviteRequest {
            sdp: sdp.clone(),
            ..InviteRequest::new("sip:100@192.0.2.2", flow(1), "<sip:200@example.com>")
        };
        let ours = self.caller.invite(call, self.now).expect("there is room");
        let theirs = self.exchange().expect("the callee rings");
        let ringing = trunkline_sip::StatusCode::RINGING;
        let endpoint = &mut self.callee;
        endpoint
            .provisional(theirs, ringing, None, Extra::none(), self.now)
            .expect("it rings");
        self.exchange();
        self.callee
            .answer(theirs, sdp, Extra::none(), self.now)
            .expect("it answers");
        self.exchange();
        self.caller
            .bye(ours, Extra::none(), self.now)
            .expect("it hangs up");
        self.exchange();
        assert_eq!(self.caller.load().legs + self.callee.load().legs, 0);
    }

    /// Lets everything arrive; gives the leg of a new call.
    fn exchange(&mut self) -> Option<LegKey> {
        let mut began = None;
        loop {
            let before = began.is_some();
            let moved = hand_over(
                &mut self.caller,
                &mut self.callee,
                flow(2),
                self.now,
                &mut began,
            ) + hand_over(
                &mut self.callee,
                &mut self.caller,
                flow(1),
                self.now,
                &mut began,
            );
            if moved == 0 && (before == began.is_some()) {
                return began;
            }
        }
    }
}

fn hand_over(
    from: &mut Endpoint,
    to: &mut Endpoint,
    flow: Flow,
    now: Instant,
    began: &mut Option<LegKey>,
) -> usize {
    let mut moved = 0;
    while let Some(output) = from.poll() {
        match output {
            Output::Send(send) => {
                let bytes = send.bytes;
                to.handle(Input::Datagram { bytes, flow }, now);
                moved += 1;
            }
            Output::Event(Event::IncomingInvite { leg, .. }) => *began = Some(leg),
            Output::Event(_) | Output::Received(_) | Output::TimerFired { .. } => {}
        }
    }
    moved
}

/// Between the two, as the one with this number has it.
fn flow(own: u8) -> Flow {
    let address = |last| SocketAddr::from(([192, 0, 2, last], 5060));
    Flow {
        transport: Transport::Udp,
        local: address(own),
        remote: address(3 - own),
        party: Party::UNPROVEN,
    }
}
