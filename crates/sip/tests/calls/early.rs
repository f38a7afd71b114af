//! UPDATE in forked calls against messages written by hand (RFC 3311, RFC 6337).

use trunkline_sip::endpoint::ActionError;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::keys::{Fork, LegKey};
use trunkline_sip::{Message, Name};

use crate::link::{sdp, start};
use crate::raw::{Desk, answer, described, request};

const ALLOW: &str = "Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE\n";

/// Two callees that have answered our offer reliably; only the first allows UPDATE.
fn forked(desk: &mut Desk) -> (LegKey, Message, Vec<Fork>) {
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    for (tag, allow) in [("one", ALLOW), ("two", "")] {
        let more = format!("Contact: <sip:{tag}@192.0.2.51>\n{allow}Require: 100rel\nRSeq: 1\n");
        let progress = described(&answer(&invite, "183", tag, &more));
        assert_eq!(desk.hears(&progress), ["PRACK"]);
    }
    let peers = &desk.endpoint.leg(leg).unwrap().peers;
    let forks = peers.iter().map(|peer| peer.fork).collect();
    (leg, invite, forks)
}

fn update_from(invite: &Message, tag: &str, cseq: u32) -> String {
    let ours = invite.from().unwrap().tag().unwrap().to_owned();
    let text = request("UPDATE", &format!("z9hG4bK{tag}{cseq}"), &ours, cseq, "")
        .replace(";tag=peer", &format!(";tag={tag}"))
        .replace("Call-ID: raw", "Call-ID: fork@test");
    described(&text)
}

/// RFC 3311 §5.1: each early dialog is updated on its own, and only where the callee allows it.
#[test]
fn an_update_goes_to_one_callee() {
    let mut desk = Desk::new();
    let (leg, _, forks) = forked(&mut desk);
    let update = |desk: &mut Desk, fork| {
        desk.endpoint
            .update(leg, fork, sdp(), Extra::none(), start())
    };
    assert_eq!(update(&mut desk, forks[1]), Err(ActionError::NotAllowed));
    assert_eq!(update(&mut desk, forks[0]), Ok(()));
    assert_eq!(desk.drain(), ["UPDATE"]);
    let sent = desk.sent[0].clone();
    assert_eq!(sent.request_uri(), "sip:one@192.0.2.51");
    assert!(sent.header(Name::Contact).is_some());
    assert_eq!(update(&mut desk, forks[0]), Err(ActionError::Pending));
    let moved = "Contact: <sip:moved@192.0.2.53>\n";
    let done = answer(&sent, "200", "x", moved).replace(";tag=x", "");
    assert!(desk.hears(&done).is_empty());
    assert_eq!(desk.events(), ["OfferAnswered:UPDATE"]);
    let target = &desk.endpoint.leg(leg).unwrap().peers[0]
        .dialog
        .remote_target;
    assert_eq!(&**target, "sip:moved@192.0.2.53");
}

/// RFC 6337 §3: the user has one offer at a time before it; the losing callee's is answered when another accepts.
#[test]
fn offers_of_two_callees_come_one_after_another() {
    let mut desk = Desk::new();
    let (leg, invite, forks) = forked(&mut desk);
    assert!(desk.hears(&update_from(&invite, "two", 1)).is_empty());
    assert_eq!(desk.events(), ["OfferReceived:UPDATE"]);
    let Event::OfferReceived { fork, .. } = desk.events[0] else {
        panic!("no offer");
    };
    assert_eq!(fork, forks[1]);
    assert_eq!(desk.hears(&update_from(&invite, "one", 1)), ["500"]);
    assert!(desk.sent[0].header(Name::RetryAfter).is_some());
    desk.endpoint
        .answer_offer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["200"]);
    assert_eq!(
        desk.sent[0].to().unwrap().tag(),
        invite.from().unwrap().tag()
    );
    assert!(desk.hears(&update_from(&invite, "two", 2)).is_empty());
    let contact = "Contact: <sip:one@192.0.2.51>\n";
    assert_eq!(
        desk.hears(&answer(&invite, "200", "one", contact)),
        ["487", "ACK"]
    );
    assert_eq!(desk.events(), ["Answered"]);
}

/// RFC 3311 §5.2: the callee offers while our own offer in that dialog has no reliable answer.
#[test]
fn an_update_before_the_first_answer_gets_491() {
    let mut desk = Desk::new();
    desk.calls();
    let invite = desk.sent[0].clone();
    desk.hears(&described(&answer(&invite, "183", "one", "")));
    assert_eq!(desk.hears(&update_from(&invite, "one", 1)), ["491"]);
    assert_eq!(desk.hears(&update_from(&invite, "other", 1)), ["481"]);
}
