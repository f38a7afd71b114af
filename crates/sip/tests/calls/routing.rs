//! Where requests of a dialog go: route sets of both roles, strict routers, names, hops (RFC 3261 §12, §16.12).

use bytes::Bytes;
use trunkline_sip::dialog::Dialog;
use trunkline_sip::endpoint::InviteRequest;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::flow::{Flow, Transport};
use trunkline_sip::endpoint::keys::Fork;
use trunkline_sip::endpoint::output::Output;
use trunkline_sip::{Message, Name};

use crate::link::{End, sdp, start};
use crate::raw::{Desk, answer, request};

/// RFC 3261 §12.1.1, §12.1.2: the caller's route is the Record-Route backwards, the callee's is as it stands.
#[test]
fn a_route_set_is_reversed_for_the_caller_only() {
    let record = "<sip:192.0.2.61;lr>, <sip:192.0.2.62;lr>, <sip:192.0.2.63;lr>";
    let mut desk = Desk::new();
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    let more = format!("Contact: <sip:x@192.0.2.50>\nRecord-Route: {record}\n");
    assert_eq!(desk.hears(&answer(&invite, "200", "t", &more)), ["ACK"]);
    let backwards = [3, 2, 1].map(|last| format!("<sip:192.0.2.6{last};lr>"));
    assert_eq!(routes(&desk.sent[0]), backwards);
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    desk.drain();
    assert_eq!(routes(&desk.sent[0]), backwards);

    let mut desk = Desk::new();
    let more = format!("Record-Route: {record}\n");
    desk.hears(&request("INVITE", "z9hG4bK1", "", 5, &more));
    let leg = desk.events[0].leg().unwrap();
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    desk.drain();
    assert_eq!(
        desk.sent[0].header(Name::RecordRoute),
        Some(record.split(", ").next().unwrap())
    );
    let tag = desk.sent[0].to().unwrap().tag().unwrap().to_owned();
    desk.hears(&request("ACK", "z9hG4bK2", &tag, 5, ""));
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    desk.drain();
    let bye = &desk.sent[0];
    let forwards = [1, 2, 3].map(|last| format!("<sip:192.0.2.6{last};lr>"));
    assert_eq!(
        (bye.request_uri(), routes(bye)),
        ("sip:a@192.0.2.2:5066", forwards.to_vec())
    );
}

/// RFC 3261 §16.12.1: the request line and the Route of each kind of path.
#[test]
fn a_strict_router_gets_its_own_uri() {
    let cases: [(&[&str], &str, &[&str]); 5] = [
        (&[], "sip:callee@u2", &[]),
        (&["<sip:p1;lr>"], "sip:callee@u2", &["<sip:p1;lr>"]),
        (
            &["<sip:p1;lr>", "<sip:p2>"],
            "sip:callee@u2",
            &["<sip:p1;lr>", "<sip:p2>"],
        ),
        (&["<sip:p1>"], "sip:p1", &["sip:callee@u2"]),
        (
            &["<sip:p1>", "<sip:p2;lr>"],
            "sip:p1",
            &["<sip:p2;lr>", "sip:callee@u2"],
        ),
    ];
    for (routes, uri, route) in cases {
        let dialog = Dialog {
            routes: routes.iter().map(|route| (*route).into()).collect(),
            remote_target: "sip:callee@u2".into(),
            ..dialog()
        };
        assert_eq!(dialog.path(), (uri, route.to_vec()), "{routes:?}");
        let first = routes
            .first()
            .map_or("sip:callee@u2", |first| first.trim_matches(['<', '>']));
        assert_eq!(dialog.next_hop().unwrap().as_str(), first, "{routes:?}");
    }
}

/// RFC 3261 §8.1.2: a next hop that only has a name, or wants another transport, is asked for once; what is found is used
/// until the peer moves.
#[test]
fn a_named_hop_is_asked_for_and_followed() {
    let mut desk = Desk::new();
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    let named = "Contact: <sip:x@192.0.2.50>\nRecord-Route: <sip:edge.example.com;lr>\n";
    desk.hears(&answer(&invite, "180", "t", named));
    assert_eq!(hops(&desk), ["sip:edge.example.com;lr"]);
    desk.hears(&answer(&invite, "200", "t", named));
    assert_eq!(desk.events(), ["Answered"], "asked once");
    let flow = Flow {
        remote: "192.0.2.99:5070".parse().unwrap(),
        ..desk.link.flow(End::Caller)
    };
    desk.endpoint.found_hop(leg, Fork::FIRST, flow).unwrap();
    let info = || Bytes::from_static(b"Signal=1");
    let kind = "application/dtmf-relay";
    desk.endpoint
        .info(leg, kind, info(), &Extra::none(), start())
        .unwrap();
    assert_eq!(remotes(&mut desk), ["192.0.2.99:5070"]);

    // Without a proxy the peer's Contact decides, and a new Contact decides anew.
    let mut desk = Desk::new();
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    let contact = |uri| format!("Contact: <{uri}>\n");
    desk.hears(&answer(&invite, "200", "t", &contact("sip:x@192.0.2.50")));
    assert!(hops(&desk).is_empty());
    let ours = invite.from().unwrap().tag().unwrap();
    for (cseq, uri, asked) in [
        (1, "sip:x@192.0.2.50;transport=TCP", true),
        (2, "sip:x@192.0.2.50;transport=udp", false),
        (3, "sips:x@192.0.2.50", true),
        (4, "sip:x@pbx.example.com", true),
        (5, "sip:x@pbx.example.com", false),
    ] {
        let update = request("UPDATE", &format!("z9hG4bK{cseq}"), ours, cseq, "")
            .replace(";tag=peer", ";tag=t")
            .replace("Call-ID: raw", "Call-ID: fork@test")
            .replace("sip:a@192.0.2.2:5066", uri);
        assert_eq!(desk.hears(&update), ["200"]);
        assert_eq!(!hops(&desk).is_empty(), asked, "{uri}");
    }
    desk.endpoint.found_hop(leg, Fork::FIRST, flow).unwrap();
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    assert_eq!(remotes(&mut desk), ["192.0.2.99:5070"]);
}

/// RFC 3261 §8.1.1.6, §16.3: a call goes on with what is left of its hops, and one without any is not taken; a probe
/// without any has arrived.
#[test]
fn hops_are_counted_through_us() {
    let mut desk = Desk::new();
    let spent = |text: String| text.replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(
        desk.hears(&spent(request("INVITE", "z9hG4bK1", "", 1, ""))),
        ["483"]
    );
    assert_eq!(desk.endpoint.load(), Default::default());
    assert!(
        desk.hears(&spent(request("OPTIONS", "z9hG4bK2", "", 1, "")))
            .is_empty()
    );
    assert_eq!(desk.events(), ["OptionsReceived"]);
    let flow = desk.link.flow(End::Caller);
    for (hops, written) in [(None, "70"), (Some(12), "12")] {
        let call = InviteRequest {
            max_forwards: hops,
            ..InviteRequest::new("sip:100@192.0.2.2", flow, "<sip:200@example.com>")
        };
        desk.endpoint.invite(call, start()).unwrap();
        desk.drain();
        assert_eq!(desk.sent[0].header(Name::MaxForwards), Some(written));
        assert_eq!(desk.sent[0].headers(Name::MaxForwards).count(), 1);
    }
}

/// RFC 3261 §8.1.3.4: a redirection is told with its Contact and not followed.
#[test]
fn a_redirection_is_not_followed() {
    let mut desk = Desk::new();
    desk.calls();
    let invite = desk.sent[0].clone();
    let moved = answer(&invite, "302", "t", "Contact: <sip:elsewhere@192.0.2.80>\n");
    assert_eq!(desk.hears(&moved), ["ACK"]);
    assert_eq!(desk.events(), ["Rejected:302", "Ended:Rejected"]);
    let Event::Rejected { message, .. } = &desk.events[0] else {
        panic!("not rejected");
    };
    let contact = message.contact().unwrap();
    assert_eq!(contact.uri().as_str(), "sip:elsewhere@192.0.2.80");
}

/// RFC 3261 §9.2: CANCEL in every order: before its INVITE, twice, after the answer, after the refusal.
#[test]
fn a_cancel_comes_when_it_comes() {
    let mut desk = Desk::new();
    let invite = request("INVITE", "z9hG4bK1", "", 5, "");
    let cancel = request("CANCEL", "z9hG4bK1", "", 5, "");
    assert_eq!(desk.hears(&cancel), ["481"]);
    assert_eq!(desk.hears(&invite), ["100"]);
    assert_eq!(desk.hears(&cancel), ["200", "487"]);
    assert_eq!(desk.events(), ["Cancelled", "Ended:CancelledByPeer"]);
    assert_eq!(desk.hears(&cancel), ["200"]);
    assert!(desk.events().is_empty());
    // The INVITE again: its 487 again, no new call.
    assert_eq!(desk.hears(&invite), ["487"]);

    let other = |text: &str| text.replace("z9hG4bK1", "z9hG4bK2").replace("raw", "raw2");
    desk.hears(&other(&invite));
    let leg = desk.events[0].leg().unwrap();
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    desk.drain();
    assert_eq!(desk.hears(&other(&cancel)), ["200"]);
    assert!(desk.events().is_empty());
    assert!(desk.endpoint.leg(leg).is_some(), "the answer stands");

    let third = |text: &str| text.replace("z9hG4bK1", "z9hG4bK3").replace("raw", "raw3");
    desk.hears(&third(&invite));
    let leg = desk.events[0].leg().unwrap();
    let busy = trunkline_sip::StatusCode::BUSY_HERE;
    desk.endpoint
        .refuse(leg, busy, None, Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["486"]);
    assert_eq!(desk.hears(&third(&cancel)), ["200"]);
    assert!(desk.events().is_empty());
}

fn routes(message: &Message) -> Vec<String> {
    message.headers(Name::Route).map(str::to_owned).collect()
}

fn hops(desk: &Desk) -> Vec<&str> {
    let is_named = |event: &&Event| matches!(event, Event::HopNamed { .. });
    desk.events.iter().filter(is_named).map(hop).collect()
}

fn hop(event: &Event) -> &str {
    match event {
        Event::HopNamed { uri, .. } => uri,
        other => panic!("{other:?}"),
    }
}

/// Where everything goes that waits to be sent.
fn remotes(desk: &mut Desk) -> Vec<String> {
    let mut remotes = Vec::new();
    while let Some(output) = desk.endpoint.poll() {
        if let Output::Send(send) = output {
            assert_eq!(send.flow.transport, Transport::Udp);
            remotes.push(send.flow.remote.to_string());
        }
    }
    remotes
}

fn dialog() -> Dialog {
    let text = "INVITE sip:callee@u2 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
                To: <sip:callee@u2>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n";
    let invite = Message::parse(Bytes::from_static(text.as_bytes())).unwrap();
    Dialog::of_request(&invite, "2", 16).unwrap()
}
