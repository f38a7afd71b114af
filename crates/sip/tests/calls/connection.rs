//! Streams whose connection closes: what has failed, and what finds another way (RFC 3261 §18.2.2, §18.4).

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use trunkline_sip::endpoint::config::Config;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::flow::{Flow, Party, Transport};
use trunkline_sip::endpoint::keys::{LegKey, TransactionKey};
use trunkline_sip::endpoint::output::{Input, Output};
use trunkline_sip::endpoint::terms::Large;
use trunkline_sip::endpoint::{Endpoint, InviteRequest};
use trunkline_sip::{Message, Name};

use crate::link::{sdp, start, word};

/// An endpoint that talks by TLS to a peer that was proven to be number 7.
struct Line {
    endpoint: Endpoint,
    flow: Flow,
    /// What was sent, and to where.
    sent: Vec<(Message, Flow, Option<TransactionKey>)>,
    events: Vec<Event>,
}

impl Line {
    fn to(remote: &str) -> Line {
        let local: SocketAddr = "192.0.2.1:32682".parse().unwrap();
        let mut flow = Flow::new(Transport::Tls, local, remote.parse().unwrap());
        flow.party = Party(7);
        Line {
            endpoint: Endpoint::new(Config::new([5; 32])),
            flow,
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    fn handle(&mut self, input: Input) -> String {
        self.endpoint.handle(input, start());
        self.drain()
    }

    fn hears(&mut self, text: &str) -> String {
        let bytes = Bytes::from(text.replace('\n', "\r\n"));
        self.handle(Input::Datagram {
            bytes,
            flow: self.flow,
        })
    }

    fn loses_the_connection(&mut self) -> String {
        self.handle(Input::FlowLost { flow: self.flow })
    }

    /// What came of it: events, and messages with the port that they go to.
    fn drain(&mut self) -> String {
        let mut words = Vec::new();
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send(send) => {
                    let message = Message::parse(send.bytes).unwrap();
                    let what = match message.method() {
                        Some(method) => method.to_string(),
                        None => message.status().unwrap().to_string(),
                    };
                    words.push(format!("{what}>{}", send.flow.remote.port()));
                    self.sent.push((message, send.flow, send.transaction));
                }
                Output::Event(event) => {
                    words.push(word(&event));
                    self.events.push(event);
                }
                Output::Received(_) | Output::TimerFired { .. } => {}
            }
        }
        words.join(" ")
    }

    fn invites(&mut self) -> String {
        let (target, from) = ("sip:100@pbx.example", "<sip:200@example.com>");
        let request = InviteRequest {
            sdp: sdp(),
            ..InviteRequest::new(target, self.flow, from)
        };
        self.endpoint.invite(request, start()).unwrap();
        self.drain()
    }

    fn answered(&mut self, status: &str) -> String {
        let invite = &self.sent[0].0;
        let header = |name: Name<'_>| invite.header(name).unwrap().to_owned();
        let answer = format!(
            "SIP/2.0 {status}\nVia: {}\nFrom: {}\nTo: <sip:100@pbx.example>;tag=t\nCall-ID: {}\nCSeq: {}\n\
             Contact: <sip:100@192.0.2.2:5071>\nContent-Length: 0\n\n",
            header(Name::Via),
            header(Name::From),
            header(Name::CallId),
            header(Name::CSeq),
        );
        self.hears(&answer)
    }

    /// The peer calls from a port that nobody listens on, as connections do.
    fn is_called(&mut self) -> LegKey {
        let invite = "INVITE sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/TLS 192.0.2.2:5091;branch=z9hG4bK1\n\
                      Max-Forwards: 70\nFrom: <sip:a@b>;tag=p\nTo: <sip:100@b>\nCall-ID: c\nCSeq: 1 INVITE\n\
                      Contact: <sip:a@192.0.2.2:5071>\nContent-Length: 0\n\n";
        assert_eq!(self.hears(invite), "100>40000 IncomingInvite");
        self.events[0].leg().unwrap()
    }
}

#[test]
fn a_request_that_nothing_was_heard_of_has_failed() {
    let mut line = Line::to("192.0.2.2:5061");
    assert_eq!(line.invites(), "INVITE>5061");
    assert_eq!(
        line.loses_the_connection(),
        "TransportFailed Ended:TransportFailed"
    );
}

#[test]
fn a_call_that_rings_goes_on_and_its_ack_goes_to_the_contact() {
    let mut line = Line::to("192.0.2.2:5061");
    line.invites();
    assert_eq!(line.answered("180 Ringing"), "Ringing:180");
    assert_eq!(line.loses_the_connection(), "");
    // The peer opens a connection to the port in our Via.
    line.flow.remote.set_port(40_000);
    assert_eq!(line.answered("200 OK"), "Answered ACK>5071");
}

#[test]
fn an_answer_finds_its_way_when_the_connection_is_gone() {
    let mut line = Line::to("192.0.2.2:40000");
    let leg = line.is_called();
    assert_eq!(line.loses_the_connection(), "");
    line.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(line.drain(), "200>5091");
    let (_, way, _) = line.sent.last().unwrap();
    assert_eq!(
        way.party,
        Party::UNPROVEN,
        "whoever listens there is not proven yet"
    );
    line.endpoint.hang_up(leg, Extra::none(), start()).unwrap();
    let ack = "ACK sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/TLS 192.0.2.2:5091;branch=z9hG4bK2\nFrom: <sip:a@b>;tag=p\n\
               To: <sip:100@b>;tag=TAG\nCall-ID: c\nCSeq: 1 ACK\nContent-Length: 0\n\n";
    let tag = line
        .sent
        .last()
        .unwrap()
        .0
        .to()
        .unwrap()
        .tag()
        .unwrap()
        .to_owned();
    assert_eq!(line.hears(&ack.replace("TAG", &tag)), "Acked BYE>5071");
}

#[test]
fn a_2xx_that_went_into_a_closing_connection_is_repeated_elsewhere() {
    let mut line = Line::to("192.0.2.2:40000");
    let leg = line.is_called();
    line.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(line.drain(), "200>40000");
    line.loses_the_connection();
    let later = start() + Duration::from_millis(500);
    line.endpoint.handle(Input::Due, later);
    assert_eq!(line.drain(), "200>5091");
}

#[test]
fn an_answer_that_was_not_sent_is_tried_once_more_elsewhere() {
    let mut line = Line::to("192.0.2.2:40000");
    let leg = line.is_called();
    let busy = trunkline_sip::StatusCode::new(486).unwrap();
    line.endpoint
        .refuse(leg, busy, None, Extra::none(), start())
        .unwrap();
    assert_eq!(line.drain(), "486>40000 Ended:Refused");
    let transaction = line.sent.last().unwrap().2.unwrap();
    assert_eq!(line.handle(Input::SendFailed { transaction }), "486>5091");
    assert_eq!(line.handle(Input::SendFailed { transaction }), "");
}

/// A line that talks by UDP and may send large requests by TCP, and an INVITE that is too large.
fn large_invite(line: &mut Line) -> String {
    let mut headers = Extra::none();
    headers.add("X-Context", &"x".repeat(1_300)).unwrap();
    let mut config = Config::new([5; 32]);
    config.terms.large = Large::Stream;
    line.endpoint = Endpoint::new(config);
    line.flow = Flow::new(Transport::Udp, line.flow.local, line.flow.remote);
    call_again(line, headers)
}

fn call_again(line: &mut Line, headers: Extra) -> String {
    let request = InviteRequest {
        headers,
        sdp: sdp(),
        ..InviteRequest::new("sip:100@pbx.example", line.flow, "<sip:200@example.com>")
    };
    line.endpoint.invite(request, start()).unwrap();
    line.drain()
}

fn sent_by(line: &Line) -> (Transport, String) {
    let (message, flow, _) = line.sent.last().unwrap();
    let via = message.header(Name::Via).unwrap();
    (flow.transport, via[..12].to_owned())
}

#[test]
fn a_large_invite_goes_by_a_stream_and_its_dialog_stays() {
    let mut line = Line::to("192.0.2.2:5060");
    assert_eq!(large_invite(&mut line), "INVITE>5060");
    assert_eq!(sent_by(&line), (Transport::Tcp, "SIP/2.0/TCP ".to_owned()));
    let contact = line.sent[0].0.header(Name::Contact).unwrap();
    assert!(!contact.contains("transport"), "{contact}");
    // A refusal is acknowledged on the stream that the INVITE went by.
    assert_eq!(
        line.answered("486 Busy Here"),
        "ACK>5060 Rejected:486 Ended:Rejected"
    );
    assert_eq!(sent_by(&line), (Transport::Tcp, "SIP/2.0/TCP ".to_owned()));
    // What is accepted goes on as datagrams.
    let mut line = Line::to("192.0.2.2:5060");
    large_invite(&mut line);
    assert_eq!(line.answered("200 OK"), "Answered ACK>5071");
    assert_eq!(sent_by(&line), (Transport::Udp, "SIP/2.0/UDP ".to_owned()));
}

#[test]
fn a_peer_without_streams_gets_the_datagram_and_for_a_while_nothing_else() {
    let mut line = Line::to("192.0.2.2:5060");
    large_invite(&mut line);
    let transaction = line.sent[0].2.unwrap();
    assert_eq!(
        line.handle(Input::SendFailed { transaction }),
        "INVITE>5060"
    );
    assert_eq!(sent_by(&line), (Transport::Udp, "SIP/2.0/UDP ".to_owned()));
    let mut headers = Extra::none();
    headers.add("X-Context", &"x".repeat(1_300)).unwrap();
    call_again(&mut line, headers);
    assert_eq!(sent_by(&line), (Transport::Udp, "SIP/2.0/UDP ".to_owned()));
    // A datagram is repeated, and when it cannot be sent either, that is the end.
    line.endpoint
        .handle(Input::Due, start() + Duration::from_millis(500));
    assert_eq!(line.drain(), "INVITE>5060 INVITE>5060");
    assert_eq!(
        line.handle(Input::SendFailed { transaction }),
        "TransportFailed Ended:TransportFailed"
    );
}

#[test]
fn a_small_request_and_a_leg_that_says_so_stay_datagrams() {
    let mut line = Line::to("192.0.2.2:5060");
    large_invite(&mut line);
    call_again(&mut line, Extra::none());
    assert_eq!(sent_by(&line).0, Transport::Udp);
}
