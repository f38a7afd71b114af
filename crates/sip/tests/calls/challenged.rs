//! Challenges by hand: each kind of request is sent once more with an answer, in its dialog, a bounded number of times.

use bytes::Bytes;
use trunkline_sip::digest::{Asker, Credential, Credentials, Secret, Unanswered};
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::keys::LegKey;
use trunkline_sip::endpoint::output::Input;
use trunkline_sip::endpoint::{InviteRequest, Probe, ReferRequest};
use trunkline_sip::{Message, Method, Name};

use crate::link::{End, sdp, start};
use crate::raw::{Desk, answer, up};

/// RFC 3261 §22.3: the INVITE keeps Call-ID, tag, body and headers; the ACK of the 2xx has its credentials (§22.1).
#[test]
fn an_invite_is_sent_again_with_an_answer() {
    let mut desk = Desk::new();
    let leg = calls(&mut desk);
    let first = desk.sent[0].clone();
    let challenge = proxy("realm=\"p\",nonce=\"1\",qop=\"auth\",opaque=\"o\\\\\"");
    let tries = desk.hears(&answer(&first, "407", "t", &challenge));
    assert_eq!(tries, ["ACK", "INVITE"]);
    assert!(desk.events().is_empty());
    let again = desk.sent[1].clone();
    assert_eq!(
        again.cseq().unwrap().number,
        first.cseq().unwrap().number + 1
    );
    for name in [
        Name::CallId,
        Name::From,
        Name::To,
        Name::Contact,
        Name::Allow,
        Name::Supported,
        Name::Route,
        Name::MaxForwards,
        Name::Other("X-Queue"),
    ] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(again.body(), first.body());
    assert_ne!(
        again.top_via().unwrap().branch(),
        first.top_via().unwrap().branch()
    );
    let shown = again.authorizations(Asker::Proxy).next().unwrap().unwrap();
    assert_eq!(
        (shown.user, shown.realm, shown.count()),
        ("trunk", "p", Some(1))
    );
    assert_eq!(
        (shown.uri, shown.opaque),
        (again.request_uri(), Some("o\\\\"))
    );
    // The refusal again: only its ACK.
    assert_eq!(desk.hears(&answer(&first, "407", "t", &challenge)), ["ACK"]);
    let contact = "Contact: <sip:x@192.0.2.50>\n";
    assert_eq!(desk.hears(&answer(&again, "200", "t", contact)), ["ACK"]);
    assert_eq!(desk.events(), ["Answered"]);
    assert_eq!(
        desk.sent[0].cseq().unwrap().number,
        again.cseq().unwrap().number
    );
    let of_ack = desk.sent[0].header(Name::ProxyAuthorization);
    assert_eq!(of_ack, again.header(Name::ProxyAuthorization));
    // The next request of the dialog answers unasked, and counts.
    desk.endpoint.bye(leg, Extra::none(), start()).unwrap();
    assert_eq!(desk.drain(), ["BYE"]);
    let bye = desk.sent[0].clone();
    let shown = bye.authorizations(Asker::Proxy).next().unwrap().unwrap();
    assert_eq!(
        (shown.nonce, shown.count(), shown.uri),
        ("1", Some(2), "sip:x@192.0.2.50")
    );
    // Its nonce is too old by now.
    let stale = proxy("realm=p,nonce=2,qop=auth,stale=true");
    assert_eq!(
        desk.hears(&answer(&bye, "407", "t", &stale).replace(";tag=t;tag=t", ";tag=t")),
        ["BYE"]
    );
    let shown = desk.sent[0]
        .authorizations(Asker::Proxy)
        .next()
        .unwrap()
        .unwrap();
    assert_eq!((shown.nonce, shown.count()), ("2", Some(1)));
    let bye = desk.sent[0].clone();
    desk.hears(&in_dialog(&bye, "200", ""));
    assert_eq!(
        desk.events(),
        ["RequestAnswered:BYE:200", "Ended:HungUp200"]
    );
}

/// RFC 3261 §22.3: a proxy and the server may both ask, one after the other, and a fork reports what rang before.
#[test]
fn proxy_and_server_ask_one_after_the_other() {
    let mut desk = Desk::new();
    calls(&mut desk);
    let mut invite = desk.sent[0].clone();
    desk.hears(&answer(&invite, "407", "t", &proxy("realm=p,nonce=1")));
    invite = desk.sent[1].clone();
    desk.hears(&answer(
        &invite,
        "180",
        "rings",
        "Contact: <sip:x@192.0.2.50>\n",
    ));
    assert_eq!(desk.events(), ["Ringing:180"]);
    let asked = desk.hears(&answer(&invite, "401", "u", &server("realm=s,nonce=2")));
    assert_eq!(asked, ["ACK", "INVITE"]);
    // The ACK of a refusal has the INVITE's credentials as well.
    let of_ack = desk.sent[0].header(Name::ProxyAuthorization);
    assert_eq!(of_ack, invite.header(Name::ProxyAuthorization));
    invite = desk.sent[1].clone();
    assert!(invite.header(Name::ProxyAuthorization).is_some());
    assert!(invite.header(Name::Authorization).is_some());
    assert_eq!(invite.to().unwrap().tag(), None);
    assert_eq!(desk.hears(&answer(&invite, "486", "v", "")), ["ACK"]);
    assert_eq!(desk.events(), ["Rejected:486", "Ended:Rejected"]);
}

/// RFC 7616 §3.4: whatever else makes a request go out again, its nonce counts on, or it would look like a replay.
#[test]
fn a_request_that_is_changed_counts_its_nonce() {
    let mut desk = Desk::new();
    calls(&mut desk);
    let mut invite = desk.sent[0].clone();
    let challenge = proxy("realm=p,nonce=1,qop=auth");
    desk.hears(&answer(&invite, "407", "t", &challenge));
    invite = desk.sent[1].clone();
    assert_eq!(
        desk.hears(&answer(&invite, "422", "t", "Min-SE: 7200\n")),
        ["ACK", "INVITE"]
    );
    let again = desk.sent[1].clone();
    let counts: Vec<_> = again
        .authorizations(Asker::Proxy)
        .map(|shown| shown.unwrap().count())
        .collect();
    assert_eq!(counts, [Some(2)]);
    // What the 422 carried over counts as an old nonce, which may be replaced.
    let stale = proxy("realm=p,nonce=2,qop=auth,stale=true");
    assert_eq!(
        desk.hears(&answer(&again, "407", "t", &stale)),
        ["ACK", "INVITE"]
    );
}

/// RFC 3261 §22.2: credentials that were just refused are not shown again; the refusal stands, and why is said.
#[test]
fn a_wrong_password_ends_with_the_refusal() {
    for (second, why) in [
        ("realm=p,nonce=1", Unanswered::Refused),
        ("realm=p,nonce=2", Unanswered::Refused),
        ("realm=q,nonce=1,algorithm=MD5-sess", Unanswered::Algorithm),
    ] {
        let mut desk = Desk::new();
        let leg = calls(&mut desk);
        let invite = desk.sent[0].clone();
        desk.hears(&answer(&invite, "401", "t", &server("realm=p,nonce=1")));
        let unanswered = format!("ChallengeUnanswered:{why:?}");
        let invite = desk.sent[1].clone();
        assert_eq!(
            desk.hears(&answer(&invite, "401", "t", &server(second))),
            ["ACK"]
        );
        assert_eq!(
            desk.events(),
            [&*unanswered, "Rejected:401", "Ended:Rejected"]
        );
        let Event::ChallengeUnanswered {
            leg: of,
            method,
            why: found,
            ..
        } = &desk.events[0]
        else {
            panic!();
        };
        assert_eq!((*of, method, *found), (Some(leg), &Method::Invite, why));
    }
}

/// A peer that challenges for ever, each time in another realm, is answered four times.
#[test]
fn challenges_of_one_request_are_bounded() {
    let mut desk = Desk::new();
    calls(&mut desk);
    for number in 0..4 {
        let invite = desk.sent.pop().unwrap();
        let challenge = server(&format!("realm=r{number},nonce=1"));
        assert_eq!(
            desk.hears(&answer(&invite, "401", "t", &challenge)),
            ["ACK", "INVITE"]
        );
    }
    let invite = desk.sent.pop().unwrap();
    assert_eq!(
        desk.hears(&answer(&invite, "401", "t", &server("realm=r4,nonce=1"))),
        ["ACK"]
    );
    let why = match &desk.events[0] {
        Event::ChallengeUnanswered { why, .. } => *why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why, Unanswered::TooOften);
}

/// Whoever has no credentials hears of the challenge as of any refusal, with the reason in front.
#[test]
fn without_credentials_a_challenge_is_a_refusal() {
    let mut desk = Desk::new();
    let (leg, _) = up(&mut desk);
    desk.endpoint
        .reinvite(leg, sdp(), Extra::none(), start())
        .unwrap();
    desk.drain();
    let reinvite = desk.sent[0].clone();
    desk.hears(&in_dialog(&reinvite, "401", &server("realm=p,nonce=1")));
    assert_eq!(
        desk.events(),
        [
            "ChallengeUnanswered:NoCredentials",
            "OfferRejected:INVITE:401"
        ]
    );
}

/// An INVITE that we have withdrawn is not sent again.
#[test]
fn a_withdrawn_invite_is_not_sent_again() {
    let mut desk = Desk::new();
    let leg = calls(&mut desk);
    let invite = desk.sent[0].clone();
    desk.endpoint.cancel(leg, Extra::none(), start()).unwrap();
    desk.drain();
    assert_eq!(
        desk.hears(&answer(&invite, "407", "t", &proxy("realm=p,nonce=1"))),
        ["ACK"]
    );
    assert_eq!(desk.events(), ["Ended:Cancelled"]);
}

/// The transport failed under the ACK of the refusal: that is over, the INVITE that followed is not.
#[test]
fn a_failure_of_the_refused_try_does_not_end_the_leg() {
    let mut desk = Desk::new();
    let leg = calls(&mut desk);
    let invite = desk.sent[0].clone();
    desk.hears(&answer(&invite, "407", "t", &proxy("realm=p,nonce=1")));
    let transaction = desk.transactions[0].unwrap();
    assert_ne!(Some(transaction), desk.transactions[1]);
    desk.endpoint
        .handle(Input::SendFailed { transaction }, start());
    desk.drain();
    assert!(desk.events().is_empty());
    assert!(desk.endpoint.leg(leg).is_some());
}

/// Requests inside of a call that the peer started: each is sent again with the next number and goes on as it was.
#[test]
fn requests_in_a_dialog_are_sent_again() {
    let challenge = server("realm=p,nonce=1");
    for what in ["INFO", "REFER", "INVITE", "BYE"] {
        let mut desk = Desk::new();
        let (leg, _) = up(&mut desk);
        desk.endpoint.set_credentials(leg, credentials()).unwrap();
        send(&mut desk, leg, what);
        assert_eq!(desk.drain(), [what]);
        let first = desk.sent[0].clone();
        let sent = desk.hears(&in_dialog(&first, "401", &challenge));
        assert_eq!(sent.last().map(String::as_str), Some(what));
        assert!(desk.events().is_empty(), "{what}");
        let again = desk.sent.pop().unwrap();
        assert_eq!(
            again.cseq().unwrap().number,
            first.cseq().unwrap().number + 1
        );
        assert_eq!(again.header(Name::To), first.header(Name::To));
        assert_eq!(
            (again.body(), again.content_type()),
            (first.body(), first.content_type())
        );
        assert_eq!(again.authorizations(Asker::Server).count(), 1);
        desk.hears(&in_dialog(&again, "200", ""));
        let expected: &[&str] = match what {
            "INFO" => &["RequestAnswered:INFO:200"],
            "REFER" => &["ReferAccepted"],
            "INVITE" => &["OfferAnswered:INVITE"],
            _ => &["RequestAnswered:BYE:200", "Ended:HungUp200"],
        };
        assert_eq!(desk.events(), expected);
        if what == "REFER" {
            // RFC 3515 §2.4.6: the reports bear the number of the REFER that was taken.
            let refer_out = desk.endpoint.leg(leg).unwrap().refer_out;
            assert_eq!(
                refer_out.map(|refer| refer.id),
                again.cseq().ok().map(|cseq| cseq.number)
            );
        }
    }
}

/// Two requests that left before either was challenged are both answered, also when the nonce is the same.
#[test]
fn requests_that_cross_the_challenge_are_all_answered() {
    let mut desk = Desk::new();
    let (leg, _) = up(&mut desk);
    desk.endpoint.set_credentials(leg, credentials()).unwrap();
    send(&mut desk, leg, "INFO");
    send(&mut desk, leg, "INFO");
    desk.drain();
    let both = desk.sent.clone();
    let mut counts = Vec::new();
    for first in &both {
        let challenge = server("realm=p,nonce=1,qop=auth");
        assert_eq!(desk.hears(&in_dialog(first, "401", &challenge)), ["INFO"]);
        let shown = desk.sent[0].authorizations(Asker::Server).next();
        counts.push(shown.unwrap().unwrap().count());
        assert!(desk.sent[0].cseq().unwrap().number > both[1].cseq().unwrap().number);
    }
    assert_eq!(counts, [Some(1), Some(1)]);
}

/// A probe keeps the name that its user knows, whichever try is answered or fails.
#[test]
fn a_probe_keeps_its_name() {
    for fails in [false, true] {
        let mut desk = Desk::new();
        let probe = Probe {
            credentials: credentials(),
            ..Probe::new(
                "sip:192.0.2.2",
                desk.link.flow(End::Caller),
                "<sip:e@192.0.2.1>",
            )
        };
        let asked = desk.endpoint.options(probe, start()).unwrap();
        desk.drain();
        let first = desk.sent[0].clone();
        let again = desk.hears(&answer(&first, "401", "t", &server("realm=p,nonce=1")));
        assert_eq!(again, ["OPTIONS"]);
        let named = if fails {
            let transaction = desk.transactions[0].unwrap();
            desk.endpoint
                .handle(Input::SendFailed { transaction }, start());
            desk.drain();
            match desk.events[..] {
                [Event::OptionsFailed { transaction, .. }] => transaction,
                _ => panic!("{:?}", desk.events()),
            }
        } else {
            let again = desk.sent[0].clone();
            desk.hears(&answer(&again, "200", "t", ""));
            match desk.events[..] {
                [Event::OptionsAnswered { transaction, .. }] => transaction,
                _ => panic!("{:?}", desk.events()),
            }
        };
        assert_eq!(named, asked);
    }
}

/// RFC 3261 §8.1.2: an INVITE that goes by an outbound proxy says so in Route, and keeps it when it is sent again.
#[test]
fn a_preloaded_route_is_written() {
    let mut desk = Desk::new();
    calls(&mut desk);
    assert_eq!(
        desk.sent[0].header(Name::Route),
        Some("<sip:out.example;lr>")
    );
    assert_eq!(desk.sent[0].request_uri(), "sip:100@192.0.2.2");
}

/// Nothing that the endpoint shows of itself holds a password or an answer.
#[test]
fn no_debug_output_shows_a_secret() {
    let mut desk = Desk::new();
    let leg = calls(&mut desk);
    let invite = desk.sent[0].clone();
    let challenge = server("realm=p,nonce=1");
    desk.endpoint.handle(
        Input::Datagram {
            bytes: Bytes::from(answer(&invite, "401", "t", &challenge).replace('\n', "\r\n")),
            flow: desk.link.flow(End::Caller),
        },
        start(),
    );
    let text = format!("{:?} {:?}", desk.endpoint, credentials());
    assert!(!text.contains("hunter2"), "{text}");
    let text = format!("{:?}", desk.endpoint.leg(leg).unwrap().sessions);
    assert!(
        text.contains("realm: \"p\"") && !text.contains("trunk"),
        "{text}"
    );
}

fn credentials() -> Credentials {
    let secret = Secret::Password("hunter2".into());
    Credentials::new(vec![Credential::new(None, "trunk", secret).unwrap()]).unwrap()
}

fn proxy(fields: &str) -> String {
    format!("Proxy-Authenticate: Digest {fields}\n")
}

fn server(fields: &str) -> String {
    format!("WWW-Authenticate: Digest {fields}\n")
}

fn calls(desk: &mut Desk) -> LegKey {
    let flow = desk.link.flow(End::Caller);
    let invite = InviteRequest {
        routes: vec!["<sip:out.example;lr>".into()],
        credentials: credentials(),
        headers: Extra::none().with("X-Queue", "sales").unwrap(),
        sdp: sdp(),
        ..InviteRequest::new("sip:100@192.0.2.2", flow, "<sip:200@example.com>")
    };
    let leg = desk.endpoint.invite(invite, start()).unwrap();
    assert_eq!(desk.drain(), ["INVITE"]);
    leg
}

fn send(desk: &mut Desk, leg: LegKey, what: &str) {
    let (endpoint, none, now) = (&mut desk.endpoint, Extra::none(), start());
    match what {
        "INFO" => endpoint.info(leg, "application/dtmf", "5".into(), &none, now),
        "REFER" => {
            let refer = ReferRequest {
                refer_to: "<sip:300@192.0.2.3>".into(),
                referred_by: None,
                headers: none,
            };
            endpoint.refer(leg, &refer, now)
        }
        "INVITE" => endpoint.reinvite(leg, sdp(), none, now),
        _ => endpoint.bye(leg, none, now),
    }
    .unwrap();
}

/// An answer to a request inside of a dialog, whose To has its tag already.
fn in_dialog(request: &Message, status: &str, more: &str) -> String {
    answer(request, status, "x", more).replace(";tag=x\nCall-ID", "\nCall-ID")
}
