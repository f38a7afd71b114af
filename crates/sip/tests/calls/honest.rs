//! What Allow, Supported, Accept and Require say is what we do, in every answer and request that says it.

use std::collections::BTreeSet;

use trunkline_sip::endpoint::extra::{Extra, ExtraError};
use trunkline_sip::endpoint::terms::{Reliable, Terms, TimerMode};
use trunkline_sip::{Message, Name, StatusCode};

use crate::link::{sdp, start};
use crate::raw::{Desk, described, request};

const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "PRACK",
    "REFER",
    "NOTIFY",
    "REGISTER",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
];

const OPTIONS: [&str; 12] = [
    "100rel",
    "timer",
    "norefersub",
    "replaces",
    "199",
    "join",
    "path",
    "outbound",
    "gruu",
    "histinfo",
    "resource-priority",
    "precondition",
];

/// A call to us that is up: our tag, and every answer that it took.
fn up(desk: &mut Desk) -> (String, Vec<Message>) {
    desk.hears(&request("INVITE", "z9hG4bK1", "", 5, ""));
    let leg = desk.events[0].leg().unwrap();
    desk.endpoint
        .provisional(leg, StatusCode::RINGING, None, Extra::none(), start())
        .unwrap();
    desk.drain();
    let mut answers = desk.sent.clone();
    desk.endpoint
        .answer(leg, sdp(), Extra::none(), start())
        .unwrap();
    desk.drain();
    answers.extend(desk.sent.iter().cloned());
    let tag = desk.sent[0].to().unwrap().tag().unwrap().to_owned();
    desk.hears(&request("ACK", "z9hG4bK2", &tag, 5, ""));
    (tag, answers)
}

fn told(message: &Message, name: Name<'_>) -> BTreeSet<String> {
    message.headers(name).map(str::to_owned).collect()
}

fn terms() -> [Terms; 2] {
    let mut none = Terms {
        reliable: Reliable::Off,
        ..Terms::default()
    };
    none.timer.mode = TimerMode::Off;
    [Terms::default(), none]
}

/// RFC 3261 §20.5: a method that is allowed is never 405 or 501 in a call, every other one is.
#[test]
fn what_is_allowed_is_done() {
    let mut desk = Desk::new();
    let (tag, answers) = up(&mut desk);
    let allowed = told(answers.last().unwrap(), Name::Allow);
    for (number, method) in (6_u32..).zip(METHODS.into_iter().chain(["JUMP"])) {
        // A CANCEL or a BYE ends the call, an ACK has no answer: other tests show what they do.
        if ["ACK", "CANCEL", "BYE"].contains(&method) {
            assert!(allowed.contains(method));
            continue;
        }
        let text = request(method, &format!("z9hG4bK{number}"), &tag, number, "");
        let sent = desk.hears(&text);
        let refused = sent.iter().any(|sent| sent == "405" || sent == "501");
        assert_eq!(refused, !allowed.contains(method), "{method}: {sent:?}");
        if refused {
            assert_eq!(told(&desk.sent[0], Name::Allow), allowed, "{method}");
        }
    }
}

/// RFC 3261 §20.37, §8.2.2.3: an extension that is supported may be required, every other one is 420 and named.
#[test]
fn what_is_supported_may_be_required() {
    for terms in terms() {
        let mut desk = Desk::new();
        desk.agree_to(terms);
        let supported: BTreeSet<String> = terms.supported().map(str::to_owned).collect();
        for (number, option) in (1_u32..).zip(OPTIONS) {
            let require = format!("Require: {option}\n");
            let text = request("INVITE", &format!("z9hG4bKi{number}"), "", number, &require);
            let sent = desk.hears(&text);
            let refused = sent == ["420"];
            assert_eq!(refused, !supported.contains(option), "{option}: {sent:?}");
            if refused {
                assert_eq!(desk.sent[0].header(Name::Unsupported), Some(option));
            }
        }
    }
}

/// RFC 3261 §20.37: everything that speaks of extensions says the same: answers, our INVITE, our OPTIONS.
#[test]
fn everybody_hears_the_same() {
    for terms in terms() {
        let mut desk = Desk::new();
        desk.agree_to(terms);
        let (tag, mut said) = up(&mut desk);
        desk.hears(&request("OPTIONS", "z9hG4bKo", &tag, 6, ""));
        said.extend(desk.sent.iter().cloned());
        let outside = request("OPTIONS", "z9hG4bKp", "", 6, "").replace("raw", "outside");
        desk.hears(&outside);
        let question = match desk.events[0] {
            trunkline_sip::endpoint::event::Event::OptionsReceived { transaction, .. } => {
                transaction
            }
            ref other => panic!("{other:?}"),
        };
        desk.endpoint
            .answer_options(question, StatusCode::OK, None, Extra::none(), start())
            .unwrap();
        desk.drain();
        said.extend(desk.sent.iter().cloned());
        desk.calls();
        said.extend(desk.sent.iter().cloned());
        assert_eq!(said.len(), 5);
        let supported: BTreeSet<String> = terms.supported().map(str::to_owned).collect();
        let allowed = told(&said[0], Name::Allow);
        for message in &said {
            assert_eq!(told(message, Name::Supported), supported, "{message:?}");
            assert_eq!(told(message, Name::Allow), allowed, "{message:?}");
        }
    }
}

/// RFC 3261 §20.1, §21.4.13: what an OPTIONS is told we accept is accepted, anything else is 415 and told what is.
#[test]
fn what_is_accepted_is_read() {
    let mut desk = Desk::new();
    let (tag, _) = up(&mut desk);
    desk.hears(&request("OPTIONS", "z9hG4bKo", &tag, 6, ""));
    assert_eq!(desk.sent[0].header(Name::Accept), Some("application/sdp"));
    let offer = described(&request("UPDATE", "z9hG4bKu", &tag, 7, ""));
    assert!(desk.hears(&offer).is_empty());
    assert_eq!(desk.events(), ["OfferReceived:UPDATE"]);
    let other = described(&request("INVITE", "z9hG4bKv", "", 1, ""))
        .replace("application/sdp", "multipart/mixed")
        .replace("Call-ID: raw", "Call-ID: other");
    assert_eq!(desk.hears(&other), ["415"]);
    assert_eq!(desk.sent[0].header(Name::Accept), Some("application/sdp"));
}

/// What the endpoint answers for nobody else may write.
#[test]
fn nobody_else_speaks_for_the_endpoint() {
    for name in [
        "Allow",
        "Supported",
        "k",
        "Require",
        "RSeq",
        "RAck",
        "Session-Expires",
        "x",
        "Min-SE",
    ] {
        assert_eq!(
            Extra::none().add(name, "1"),
            Err(ExtraError::Reserved),
            "{name}"
        );
    }
}
