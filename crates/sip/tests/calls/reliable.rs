//! Reliable provisional answers against messages written by hand: order, repetitions, forks, offers (RFC 3262).

use trunkline_sip::endpoint::InviteRequest;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::keys::{Fork, LegKey};
use trunkline_sip::endpoint::output::{Disposition, Urgency};
use trunkline_sip::endpoint::terms::{Reliable, Terms};
use trunkline_sip::{Message, Name, StatusCode};

use crate::link::{End, SDP, sdp, start};
use crate::raw::{Desk, answer, described, request};

const CONTACT: &str = "Contact: <sip:x@192.0.2.51>\n";

/// A reliable provisional answer.
fn reliable(invite: &Message, status: &str, tag: &str, rseq: u32) -> String {
    let more = format!("{CONTACT}Require: 100rel\nRSeq: {rseq}\n");
    answer(invite, status, tag, &more)
}

fn racks(desk: &Desk) -> Vec<&str> {
    let sent = desk.sent.iter();
    sent.filter_map(|message| message.header(Name::RAck))
        .collect()
}

/// RFC 3262 §4: the next number is taken, the same again is absorbed, one out of turn waits to be repeated.
#[test]
fn provisional_answers_are_taken_in_their_order() {
    let mut desk = Desk::new();
    desk.calls();
    let invite = desk.sent[0].clone();
    assert!(invite.lists(Name::Supported, "100rel"));
    assert_eq!(desk.hears(&reliable(&invite, "180", "t", 7)), ["PRACK"]);
    assert_eq!(desk.events(), ["Ringing:180"]);
    let number = invite.cseq().unwrap().number;
    assert_eq!(racks(&desk), [format!("7 {number} INVITE")]);
    let prack = desk.sent[0].clone();
    assert_eq!(prack.request_uri(), "sip:x@192.0.2.51");
    assert_eq!(prack.cseq().unwrap().number, number + 1);
    assert_eq!(desk.urgencies, [Urgency::AfterCommit]);
    for (rseq, disposition) in [
        (7, Disposition::Retransmission),
        (6, Disposition::Retransmission),
        (9, Disposition::Stray),
    ] {
        assert!(
            desk.hears(&reliable(&invite, "183", "t", rseq)).is_empty(),
            "{rseq}"
        );
        assert!(desk.events().is_empty());
        assert_eq!(desk.disposition, Some(disposition), "{rseq}");
    }
    assert_eq!(desk.hears(&reliable(&invite, "183", "t", 8)), ["PRACK"]);
    assert_eq!(desk.hears(&reliable(&invite, "183", "t", 9)), ["PRACK"]);
    // A late answer in between may be lost, so nobody acknowledges it.
    assert!(desk.hears(&answer(&invite, "181", "t", CONTACT)).is_empty());
    assert_eq!(desk.events(), ["Ringing:181"]);
    // Our next request in the call counts on.
    assert_eq!(desk.hears(&answer(&invite, "200", "t", CONTACT)), ["ACK"]);
    assert_eq!(desk.sent[0].cseq().unwrap().number, number);
    let leg = desk.events[0].leg().unwrap();
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    desk.drain();
    assert_eq!(desk.sent[0].cseq().unwrap().number, number + 4);
}

/// RFC 3262 §4: each early dialog has an order of its own.
#[test]
fn each_fork_has_its_own_order() {
    let mut desk = Desk::new();
    desk.calls();
    let invite = desk.sent[0].clone();
    assert_eq!(desk.hears(&reliable(&invite, "180", "one", 100)), ["PRACK"]);
    assert_eq!(desk.hears(&reliable(&invite, "180", "two", 5)), ["PRACK"]);
    assert_eq!(desk.sent[0].to().unwrap().tag(), Some("two"));
    assert_eq!(desk.forks(), [Some(1)]);
    assert_eq!(desk.hears(&reliable(&invite, "183", "one", 101)), ["PRACK"]);
    assert_eq!(desk.hears(&reliable(&invite, "183", "two", 6)), ["PRACK"]);
}

/// RFC 3262 §5: two callees that offer are answered each in its own PRACK.
#[test]
fn each_fork_has_its_own_offer() {
    let mut desk = Desk::new();
    let leg = calls_without_offer(&mut desk);
    let invite = desk.sent[0].clone();
    for (tag, number) in [("one", 0), ("two", 1)] {
        assert!(
            desk.hears(&described(&reliable(&invite, "183", tag, 1)))
                .is_empty()
        );
        assert_eq!(desk.events(), ["EarlyOffer:183"]);
        assert_eq!(desk.forks(), [Some(number)]);
    }
    // Out of turn while the offer has no answer.
    assert!(desk.hears(&reliable(&invite, "180", "one", 2)).is_empty());
    assert_eq!(desk.disposition, Some(Disposition::Stray));
    let forks: Vec<Fork> = peers(&desk, leg);
    for (fork, tag) in forks.into_iter().zip(["one", "two"]) {
        let answer = sdp().unwrap();
        desk.endpoint
            .acknowledge_early(leg, fork, answer, start())
            .unwrap();
        assert_eq!(desk.drain(), ["PRACK"]);
        assert_eq!(desk.sent[0].to().unwrap().tag(), Some(tag));
        assert_eq!(desk.sent[0].body(), SDP.as_bytes());
    }
    // The offer was answered: the ACK leaves by itself.
    assert_eq!(desk.hears(&answer(&invite, "200", "two", CONTACT)), ["ACK"]);
    assert_eq!(desk.events(), ["Answered"]);
}

/// RFC 3262 §4: a PRACK that is refused or not answered is told; the INVITE goes on.
#[test]
fn a_refused_prack_is_told() {
    let mut desk = Desk::new();
    desk.calls();
    let invite = desk.sent[0].clone();
    desk.hears(&reliable(&invite, "180", "t", 1));
    let prack = desk.sent[0].clone();
    desk.hears(&answer(&prack, "481", "t", "").replacen(";tag=t;tag=t", ";tag=t", 1));
    assert_eq!(desk.events(), ["RequestAnswered:PRACK:481"]);
    assert_eq!(desk.hears(&answer(&invite, "200", "t", CONTACT)), ["ACK"]);
}

/// RFC 3262 §3: only the PRACK of what waits is accepted, and only once.
#[test]
fn a_prack_names_what_it_acknowledges() {
    let mut desk = Desk::new();
    let (leg, tag) = progress(&mut desk, "Require: 100rel\n");
    let rseq = desk.sent[0].rseq().unwrap().unwrap();
    assert!(desk.sent[0].lists(Name::Require, "100rel"));
    for (number, (rack, status)) in [
        (format!("{} 5 INVITE", rseq + 1), "481"),
        (format!("{rseq} 4 INVITE"), "481"),
        (format!("{rseq} 5 BYE"), "481"),
        (rseq.to_string(), "400"),
        (format!("{rseq} 5 INVITE"), "200"),
        (format!("{rseq} 5 INVITE"), "481"),
    ]
    .into_iter()
    .enumerate()
    {
        let cseq = 6 + u32::try_from(number).unwrap();
        let branch = format!("z9hG4bKp{number}");
        let prack = request("PRACK", &branch, &tag, cseq, &format!("RAck: {rack}\n"));
        assert_eq!(desk.hears(&prack), [status], "{rack}");
    }
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["200"]);
    // The ACK is the INVITE's, whatever came meanwhile.
    desk.hears(&request("ACK", "z9hG4bKa", &tag, 5, ""));
    assert_eq!(desk.events(), ["Acked"]);
}

/// RFC 6337 §2: a description that was acknowledged stands for the call, so the 2xx holds none; a PRACK may then
/// offer again, and the 2xx waits until the user has answered it.
#[test]
fn a_prack_may_offer_again() {
    let mut desk = Desk::new();
    let (leg, tag) = progress(&mut desk, "Supported: 100rel\n");
    assert_eq!(desk.sent[0].body(), SDP.as_bytes());
    let rseq = desk.sent[0].rseq().unwrap().unwrap();
    let rack = format!("RAck: {rseq} 5 INVITE\n");
    let prack = described(&request("PRACK", "z9hG4bKp", &tag, 6, &rack));
    assert!(desk.hears(&prack).is_empty());
    assert_eq!(desk.events(), ["OfferReceived:PRACK"]);
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert!(desk.drain().is_empty());
    desk.endpoint
        .answer_offer(leg, sdp(), Extra::none(), start())
        .unwrap();
    assert_eq!(desk.drain(), ["200", "200"]);
    let bodies: Vec<usize> = desk.sent.iter().map(|sent| sent.body().len()).collect();
    assert_eq!(bodies, [SDP.len(), 0]);
}

/// RFC 3261 §9.2: a PRACK whose offer waits for the user when the call is taken back gets an answer of its own.
#[test]
fn an_offer_in_a_prack_is_answered_when_the_call_ends() {
    let mut desk = Desk::new();
    let (_, tag) = progress(&mut desk, "Supported: 100rel\n");
    let rseq = desk.sent[0].rseq().unwrap().unwrap();
    let rack = format!("RAck: {rseq} 5 INVITE\n");
    desk.hears(&described(&request("PRACK", "z9hG4bKp", &tag, 6, &rack)));
    let cancel = request("CANCEL", "z9hG4bK1", "", 5, "");
    assert_eq!(desk.hears(&cancel), ["200", "487", "487"]);
    assert_eq!(desk.events(), ["Cancelled", "Ended:CancelledByPeer"]);
}

/// A call to us of which the caller has seen a reliable 183 with a description: the leg and our tag.
fn progress(desk: &mut Desk, more: &str) -> (LegKey, String) {
    desk.agree_to(Terms {
        reliable: Reliable::Preferred,
        ..Terms::default()
    });
    let invite = request("INVITE", "z9hG4bK1", "", 5, more);
    assert_eq!(desk.hears(&described(&invite)), ["100"]);
    let leg = desk.events[0].leg().unwrap();
    desk.endpoint
        .provisional(
            leg,
            StatusCode::SESSION_PROGRESS,
            sdp(),
            Extra::none(),
            start(),
        )
        .unwrap();
    assert_eq!(desk.drain(), ["183"]);
    let tag = desk.sent[0].to().unwrap().tag().unwrap().to_owned();
    (leg, tag)
}

fn calls_without_offer(desk: &mut Desk) -> LegKey {
    let flow = desk.link.flow(End::Caller);
    let request = InviteRequest::new("sip:100@192.0.2.2", flow, "<sip:200@example.com>");
    let leg = desk.endpoint.invite(request, start()).unwrap();
    assert_eq!(desk.drain(), ["INVITE"]);
    leg
}

fn peers(desk: &Desk, leg: LegKey) -> Vec<Fork> {
    let leg = desk.endpoint.leg(leg).unwrap();
    leg.peers.iter().map(|peer| peer.fork).collect()
}
