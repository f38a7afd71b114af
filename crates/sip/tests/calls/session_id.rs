//! Session-ID through a leg: ours in every message, the peer's as its last message said (RFC 7989).

use trunkline_sip::endpoint::InviteRequest;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::keys::LegKey;
use trunkline_sip::session_id::{SessionId, Uuid};
use trunkline_sip::{Name, StatusCode};

use crate::link::{End, sdp, start};
use crate::raw::{Desk, answer, request};

const OURS: Uuid = Uuid([0xaa; 16]);
const THEIRS: Uuid = Uuid([0xbb; 16]);
const OTHERS: Uuid = Uuid([0xcc; 16]);

fn said(desk: &Desk) -> Vec<Option<String>> {
    let values = desk.sent.iter().map(|sent| sent.header(Name::SessionId));
    values.map(|value| value.map(str::to_owned)).collect()
}

fn id(local: Uuid, remote: Uuid) -> Option<String> {
    let remote = Some(remote);
    Some(SessionId { local, remote }.to_string())
}

fn line(local: Uuid, remote: Option<Uuid>) -> String {
    format!("Session-ID: {}\n", SessionId { local, remote })
}

fn calls(desk: &mut Desk, headers: Extra) -> LegKey {
    let flow = desk.link.flow(End::Caller);
    let (local, remote) = (OURS, None);
    let call = InviteRequest {
        session_id: Some(SessionId { local, remote }),
        headers,
        sdp: sdp(),
        ..InviteRequest::new("sip:100@192.0.2.2", flow, "<sip:200@example.com>")
    };
    let leg = desk.endpoint.invite(call, start()).unwrap();
    assert_eq!(desk.drain(), ["INVITE"]);
    leg
}

/// RFC 7989 §5 to §7: the caller does not know the callee's name until it answers, and follows when it changes.
#[test]
fn a_callers_messages_name_both_ends() {
    let mut desk = Desk::new();
    let leg = calls(&mut desk, Extra::none());
    assert_eq!(said(&desk), [id(OURS, Uuid::NIL)]);
    let invite = desk.sent[0].clone();
    let more = format!("Contact: <sip:x@192.0.2.51>\n{}", line(THEIRS, Some(OURS)));
    assert_eq!(desk.hears(&answer(&invite, "200", "t", &more)), ["ACK"]);
    assert_eq!(said(&desk), [id(OURS, THEIRS)]);
    let ours = invite.from().unwrap().tag().unwrap().to_owned();
    let moved = request("UPDATE", "z9hG4bKu", &ours, 1, &line(OTHERS, Some(OURS)))
        .replace(";tag=peer", ";tag=t")
        .replace(
            "Call-ID: raw",
            &format!("Call-ID: {}", invite.call_id().unwrap()),
        );
    assert_eq!(desk.hears(&moved), ["200"]);
    assert_eq!(said(&desk), [id(OURS, OTHERS)]);
    assert_eq!(desk.endpoint.leg(leg).unwrap().remote_id, Some(OTHERS));
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    desk.drain();
    assert_eq!(said(&desk), [id(OURS, OTHERS)]);
}

/// RFC 7989 §6: a callee names itself from the moment that the user gives it a name; without one it says nothing.
#[test]
fn a_callees_answers_name_both_ends() {
    let mut desk = Desk::new();
    desk.hears(&request(
        "INVITE",
        "z9hG4bK1",
        "",
        5,
        &line(THEIRS, Some(Uuid::NIL)),
    ));
    assert_eq!(said(&desk), [None]);
    let leg = desk.events[0].leg().unwrap();
    let ringing = StatusCode::RINGING;
    desk.endpoint
        .provisional(leg, ringing, None, Extra::none(), start())
        .unwrap();
    desk.drain();
    assert_eq!(said(&desk), [None]);
    desk.endpoint.identify(leg, OURS).unwrap();
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    desk.drain();
    assert_eq!(said(&desk), [id(OURS, THEIRS)]);
}

/// RFC 7989 §11: a peer of RFC 7329 has one name for the session: in a request it is the peer's, in an answer ours again.
#[test]
fn the_old_form_is_understood() {
    let mut desk = Desk::new();
    let leg = calls(&mut desk, Extra::none());
    let invite = desk.sent[0].clone();
    desk.hears(&answer(&invite, "180", "t", &line(OURS, None)));
    assert_eq!(desk.endpoint.leg(leg).unwrap().remote_id, None);
    let mut desk = Desk::new();
    desk.hears(&request("INVITE", "z9hG4bK1", "", 5, &line(THEIRS, None)));
    let leg = desk.events[0].leg().unwrap();
    assert_eq!(desk.endpoint.leg(leg).unwrap().remote_id, Some(THEIRS));
    let nonsense = "Session-ID: nonsense\n";
    let mut desk = Desk::new();
    assert_eq!(
        desk.hears(&request("INVITE", "z9hG4bK2", "", 5, nonsense)),
        ["100"]
    );
}

/// RFC 3261 §9.1, §17.1.1.3: what belongs to the INVITE has its name, and a name that the user passes on stands alone.
#[test]
fn what_belongs_to_the_invite_has_its_name() {
    let mut desk = Desk::new();
    let leg = calls(&mut desk, Extra::none());
    let invite = desk.sent[0].clone();
    desk.hears(&answer(&invite, "180", "t", ""));
    desk.endpoint.cancel(leg, Extra::none(), start()).unwrap();
    assert_eq!(desk.drain(), ["CANCEL"]);
    assert_eq!(said(&desk), [id(OURS, Uuid::NIL)]);
    assert_eq!(desk.hears(&answer(&invite, "487", "t", "")), ["ACK"]);
    assert_eq!(said(&desk), [id(OURS, Uuid::NIL)]);
    let passed = id(OTHERS, THEIRS).unwrap();
    let mut desk = Desk::new();
    calls(
        &mut desk,
        Extra::none().with("Session-ID", &passed).unwrap(),
    );
    assert_eq!(said(&desk), [Some(passed)]);
    assert_eq!(desk.sent[0].headers(Name::SessionId).count(), 1);
}
