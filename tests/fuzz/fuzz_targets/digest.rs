//! The header fields of a challenge and of its answer: what one side writes the other reads, and nobody proves a password
//! that he does not know.
#![no_main]

use std::net::SocketAddr;
use std::time::Instant;

use libfuzzer_sys::{Corpus, fuzz_target};
use sip::digest::{
    Asker, Asking, Authorization, Challenge, Credential, Credentials, Realm, Secret, Sessions,
    Verification, Verifier,
};
use sip::endpoint::flow::{Flow, Transport};
use sip::{Message, Method};

fuzz_target!(|octets: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(octets) else {
        return Corpus::Reject;
    };
    for challenge in Challenge::all_of(Asker::Server, text).flatten() {
        let _ = (
            challenge.hash(),
            challenge.protection(),
            challenge.realm_text(),
        );
    }
    for answer in Authorization::all_of(Asker::Server, text).flatten() {
        let _ = (answer.hash(), answer.count(), answer.user_text());
    }
    answered(text);
    judged(text);
    Corpus::Keep
});

/// A challenge that is answered is answered in words that can be read.
fn answered(challenge: &str) {
    let text = format!("SIP/2.0 401 X\r\nWWW-Authenticate: {challenge}\r\n\r\n");
    let Ok(refusal) = Message::parse(text.into()) else {
        return;
    };
    let secret = Secret::Password("secret".into());
    let account = Credential::new(None, "me", secret).expect("it can be written");
    let mut sessions = Sessions::new(Credentials::new(vec![account]).expect("it is one"));
    if sessions.take(&refusal, &[], 7).is_err() {
        return;
    }
    for shown in sessions.present(&Method::Register, "sip:r") {
        let (_, value) = shown.header();
        let again = Authorization::all_of(Asker::Server, value).next();
        let again = again.expect("it is there").expect("it can be read");
        assert_eq!(again.user, "me", "{value}");
    }
}

/// Nobody who writes this knows the password: a response of his own would break a hash.
fn judged(answer: &str) {
    let text = format!("REGISTER sip:r SIP/2.0\r\nAuthorization: {answer}\r\n\r\n");
    let Ok(request) = Message::parse(text.into()) else {
        return;
    };
    let now = Instant::now();
    let local = SocketAddr::from(([192, 0, 2, 9], 5060));
    let remote = SocketAddr::from(([192, 0, 2, 7], 5062));
    let flow = Flow::new(Transport::Udp, local, remote);
    let mut verifier = Verifier::new(&Realm::new("r"), [7; 32], now).expect("a realm");
    let password = Secret::Password("never guessed: 9f86d081884c7d65".into());
    verifier.admit("me", &[password]).expect("an account");
    let judged = verifier.verify(Asking::as_all(Asker::Server, flow), &request, now);
    assert!(!matches!(judged, Verification::Verified { .. }), "{answer}");
}
