//! Session timers against messages written by hand: who refreshes, by which method, and what a refusal means (RFC 4028).

use std::time::{Duration, Instant};

use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::keys::LegKey;
use trunkline_sip::endpoint::output::Input;
use trunkline_sip::endpoint::terms::{Terms, TimerMode, TimerTerms};
use trunkline_sip::{Message, Name};

use crate::link::{SDP, sdp, start};
use crate::raw::{Desk, answer, described, request};

fn wants(expires_s: u32) -> Terms {
    Terms {
        timer: TimerTerms {
            mode: TimerMode::Want,
            expires_s,
            ..TimerTerms::default()
        },
        ..Terms::default()
    }
}

fn at(seconds: u64) -> Instant {
    start() + Duration::from_secs(seconds)
}

fn lines(message: &Message) -> [Option<&str>; 2] {
    [Name::SessionExpires, Name::MinSe].map(|name| message.header(name))
}

/// Lets the timers fire until then; says what was sent.
fn wait(desk: &mut Desk, until: Instant) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(due) = desk.endpoint.deadline().filter(|due| *due <= until) {
        desk.endpoint.handle(Input::Due, due);
        sent.extend(desk.drain());
        if !sent.is_empty() {
            break;
        }
    }
    sent
}

/// A call of ours that a callee accepted with this; its timer, if there is one, began at the start.
fn up(desk: &mut Desk, more: &str) -> (LegKey, Message) {
    let leg = desk.calls();
    let invite = desk.sent[0].clone();
    let contact = format!("Contact: <sip:x@192.0.2.51>\n{more}");
    assert_eq!(desk.hears(&answer(&invite, "200", "t", &contact)), ["ACK"]);
    (leg, invite)
}

fn accepted(request: &Message, more: &str) -> String {
    answer(request, "200", "x", more).replace(";tag=x", "")
}

fn refused(request: &Message, status: &str) -> String {
    answer(request, status, "x", "").replace(";tag=x", "")
}

/// RFC 4028 §7.1, §7.4: a peer that does not allow UPDATE is refreshed by a re-INVITE that repeats our description.
#[test]
fn a_reinvite_refreshes_a_peer_without_update() {
    let mut desk = Desk::new();
    desk.agree_to(wants(600));
    let timer = "Require: timer\nSession-Expires: 600;refresher=uac\n";
    let (leg, invite) = up(&mut desk, timer);
    assert_eq!(lines(&invite), [Some("600"), Some("90")]);
    assert!(wait(&mut desk, at(299)).is_empty());
    assert_eq!(wait(&mut desk, at(300)), ["INVITE"]);
    let refresh = desk.sent[0].clone();
    assert_eq!(refresh.body(), SDP.as_bytes());
    assert_eq!(lines(&refresh)[0], Some("600;refresher=uac"));
    // Refused for now: the session lives on, and half of what is left later we ask again.
    assert_eq!(desk.hears_at(&refused(&refresh, "500"), at(300)), ["ACK"]);
    assert_eq!(desk.events(), ["OfferRejected:INVITE:500"]);
    assert!(wait(&mut desk, at(400)).is_empty());
    assert_eq!(wait(&mut desk, at(435)), ["INVITE"]);
    let refresh = desk.sent[0].clone();
    let done = described(&accepted(&refresh, timer));
    assert_eq!(desk.hears_at(&done, at(434)), ["ACK"]);
    assert_eq!(desk.events(), ["SessionRefreshed:We:INVITE"]);
    assert!(wait(&mut desk, at(700)).is_empty());
    assert_eq!(wait(&mut desk, at(734)), ["INVITE"]);
    // The user's own change waits for nobody but the refresh that is under way.
    let change = desk.endpoint.reinvite(leg, sdp(), Extra::none(), at(734));
    assert!(change.is_err());
}

/// RFC 4028 §10: refusals do not keep the session: without a 2xx it is hung up before its time is over.
#[test]
fn a_session_that_is_never_refreshed_is_hung_up() {
    let mut desk = Desk::new();
    desk.agree_to(wants(600));
    up(
        &mut desk,
        "Allow: UPDATE\nSession-Expires: 600;refresher=uac\n",
    );
    let mut tries = Vec::new();
    loop {
        let sent = wait(&mut desk, at(600));
        let now = desk.endpoint.deadline().unwrap_or(at(600));
        if sent != ["UPDATE"] {
            assert_eq!(sent, ["BYE"]);
            assert_eq!(desk.events(), ["SessionExpired:We"]);
            break;
        }
        let update = desk.sent[0].clone();
        tries.push(update.cseq().unwrap().number);
        let heard = now - Duration::from_millis(500);
        assert!(desk.hears_at(&refused(&update, "403"), heard).is_empty());
    }
    assert!((5..10).contains(&tries.len()), "{} tries", tries.len());
    let bye = desk.sent[0].clone();
    desk.hears_at(&accepted(&bye, ""), at(600));
    assert_eq!(
        desk.events(),
        ["RequestAnswered:BYE:200", "Ended:SessionExpired"]
    );
}

/// RFC 4028 §7.4: a peer that refuses the method itself is refreshed by the other one.
#[test]
fn a_refused_update_becomes_a_reinvite() {
    let mut desk = Desk::new();
    desk.agree_to(wants(600));
    up(
        &mut desk,
        "Allow: UPDATE\nSession-Expires: 600;refresher=uac\n",
    );
    assert_eq!(wait(&mut desk, at(300)), ["UPDATE"]);
    let update = desk.sent[0].clone();
    assert!(update.body().is_empty());
    desk.hears_at(&refused(&update, "405"), at(300));
    assert_eq!(wait(&mut desk, at(301)), ["INVITE"]);
}

/// RFC 4028 §7.2, RFC 3261 §12.2.1.2: a peer that does not know the dialog any more ends it.
#[test]
fn a_refresh_that_finds_no_dialog_ends_the_call() {
    for status in ["481", "408"] {
        let mut desk = Desk::new();
        desk.agree_to(wants(90));
        up(
            &mut desk,
            "Allow: UPDATE\nSession-Expires: 90;refresher=uac\n",
        );
        assert_eq!(wait(&mut desk, at(45)), ["UPDATE"]);
        let update = desk.sent[0].clone();
        assert_eq!(desk.hears_at(&refused(&update, status), at(45)), ["BYE"]);
        assert_eq!(desk.events(), [format!("OfferRejected:UPDATE:{status}")]);
        let bye = desk.sent[0].clone();
        desk.hears_at(&refused(&bye, "481"), at(45));
        assert_eq!(desk.events(), ["Ended:DialogLost"]);
    }
}

/// RFC 4028 §7.3: each 422 raises the floor, a few times; then the call is refused as it says.
#[test]
fn an_interval_is_raised_as_often_as_proxies_are_likely() {
    let mut desk = Desk::new();
    desk.agree_to(wants(90));
    desk.calls();
    let first = desk.sent[0].clone();
    let mut invite = first.clone();
    for min_se in [100, 200, 1800, 3600] {
        let too_small = answer(&invite, "422", "t", &format!("Min-SE: {min_se}\n"));
        assert_eq!(desk.hears(&too_small), ["ACK", "INVITE"]);
        assert!(desk.events().is_empty());
        let number = invite.cseq().unwrap().number;
        invite = desk.sent[1].clone();
        assert_eq!(invite.cseq().unwrap().number, number + 1);
        let min_se = min_se.to_string();
        assert_eq!(lines(&invite), [Some(&*min_se), Some(&*min_se)]);
        assert_eq!(invite.body(), first.body());
    }
    let too_small = answer(&invite, "422", "t", "Min-SE: 9999\n");
    assert_eq!(desk.hears(&too_small), ["ACK"]);
    assert_eq!(desk.events(), ["Rejected:422", "Ended:Rejected"]);
}

/// RFC 4028 §7.3: a 422 that asks for nothing more is a refusal like any other.
#[test]
fn a_422_without_a_higher_floor_is_a_refusal() {
    for more in ["", "Min-SE: 0\n", "Min-SE: x\n"] {
        let mut desk = Desk::new();
        desk.agree_to(wants(90));
        desk.calls();
        let invite = desk.sent[0].clone();
        assert_eq!(desk.hears(&answer(&invite, "422", "t", more)), ["ACK"]);
        assert_eq!(desk.events(), ["Rejected:422", "Ended:Rejected"]);
    }
}

/// RFC 4028 §9: a peer that asks for too little gets 422 with our floor, for INVITE, re-INVITE and UPDATE.
#[test]
fn too_short_an_interval_gets_422() {
    let mut desk = Desk::new();
    let timer = |seconds| format!("Supported: timer\nSession-Expires: {seconds}\n");
    let text = request("INVITE", "z9hG4bK1", "", 5, &timer(60));
    assert_eq!(desk.hears(&text), ["422"]);
    assert_eq!(desk.sent[0].header(Name::MinSe), Some("90"));
    assert_eq!(desk.endpoint.load(), Default::default());
    let text = request("INVITE", "z9hG4bK2", "", 6, &timer(120));
    assert_eq!(desk.hears(&text), ["100"]);
    let leg = desk.events[0].leg().unwrap();
    let answered = desk.endpoint.answer(leg, sdp(), Extra::none(), start());
    answered.unwrap();
    assert_eq!(desk.drain(), ["200"]);
    assert_eq!(lines(&desk.sent[0])[0], Some("120;refresher=uac"));
    assert!(desk.sent[0].lists(Name::Require, "timer"));
    let tag = desk.sent[0].to().unwrap().tag().unwrap().to_owned();
    desk.hears(&request("ACK", "z9hG4bK3", &tag, 6, ""));
    for (cseq, method) in [(7, "UPDATE"), (8, "INVITE")] {
        let branch = format!("z9hG4bK{cseq}");
        let text = request(method, &branch, &tag, cseq, &timer(60));
        assert_eq!(desk.hears(&text), ["422"], "{method}");
        assert!(desk.events().is_empty());
    }
    desk.hears(&request("ACK", "z9hG4bK8", &tag, 8, ""));
    let text = request("UPDATE", "z9hG4bK9", &tag, 9, &timer(120));
    assert_eq!(desk.hears(&text), ["200"]);
    assert_eq!(desk.events(), ["SessionRefreshed:Peer:UPDATE"]);
    // The peer's turn to refresh: at 120 - 32 s we hang up.
    assert!(wait(&mut desk, at(87)).is_empty());
    assert_eq!(wait(&mut desk, at(88)), ["BYE"]);
    assert_eq!(desk.events(), ["SessionExpired:Peer"]);
}
