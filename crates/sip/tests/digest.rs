//! Digest as properties: no text panics a reader, and whoever knows the password is let in, whatever the names are.

use std::sync::OnceLock;
use std::time::Instant;

use proptest::prelude::*;
use trunkline_sip::digest::{
    Algorithm, Asker, Asking, Authorization, Challenge, Credential, Credentials, Realm, Secret,
    Sessions, Stale, Verification, Verifier,
};
use trunkline_sip::endpoint::flow::{Flow, Transport};
use trunkline_sip::{Message, Method};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(
        text in r#"(Digest |Basic |realm=|nonce=|qop=|"|\\|,|=|auth|MD5|-sess| |\t|[a-z]|\PC){0,60}"#,
    ) {
        for challenge in Challenge::all_of(Asker::Server, &text).flatten() {
            let _ = (challenge.hash(), challenge.protection(), challenge.realm_text());
        }
        for answer in Authorization::all_of(Asker::Proxy, &text).flatten() {
            let _ = (answer.hash(), answer.count(), answer.user_text(), format!("{answer:?}"));
        }
        let head = "SIP/2.0 401 X\r\nWWW-Authenticate: ";
        if let Ok(message) = Message::parse(format!("{head}{text}\r\n\r\n").into()) {
            let mut sessions = sessions("me", "secret");
            if sessions.take(&message, &[], 1).is_ok() {
                for shown in sessions.present(&Method::Invite, "sip:a@b") {
                    // What we write can be read.
                    let (_, value) = shown.header();
                    let again = Authorization::all_of(Asker::Server, value).next();
                    prop_assert!(matches!(again, Some(Ok(_))), "{}", value);
                }
            }
        }
    }

    #[test]
    fn who_knows_the_password_is_let_in_and_nobody_else(
        user in r"[^\p{Cc}]{1,12}",
        password in r"\PC{0,80}",
        guess in r"\PC{0,80}",
        realm in r#"[^\p{Cc}"\\]{1,12}"#,
        only in proptest::option::of(0usize..3),
        uri in "sip:[a-z0-9.+-]{1,20}@[a-z]{1,9}(;transport=TCP)?",
    ) {
        let every = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];
        let mut config = Realm::new(&realm);
        if let Some(only) = only {
            config.algorithms = vec![every[only]];
        }
        let mut verifier = Verifier::new(&config, [3; 32], now()).unwrap();
        verifier.admit(&user, &[Secret::Password(password.clone().into())]).unwrap();
        for secret in [&password, &guess] {
            let challenge = verifier.challenge(Asking::as_all(Asker::Proxy, flow()), Stale::No, now());
            let lines: String = challenge.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
            let refusal = Message::parse(format!("SIP/2.0 407 X\r\n{lines}\r\n").into()).unwrap();
            let mut sessions = sessions(&user, secret);
            sessions.take(&refusal, &[], 9).unwrap();
            let shown = sessions.present(&Method::Invite, &uri);
            let (name, value) = shown[0].header();
            let again = format!("INVITE {uri} SIP/2.0\r\n{name}: {value}\r\n\r\n");
            let again = Message::parse(again.into()).unwrap();
            let judged = verifier.verify(Asking::as_all(Asker::Proxy, flow()), &again, now());
            let verified = Verification::Verified { user: user.clone().into() };
            prop_assert_eq!(judged == verified, secret == &password);
        }
    }
}

fn sessions(user: &str, password: &str) -> Sessions {
    let secret = Secret::Password(password.into());
    let account = Credential::new(None, user, secret).unwrap();
    Sessions::new(Credentials::new(vec![account]).unwrap())
}

fn flow() -> Flow {
    let local = "192.0.2.1:5061".parse().unwrap();
    Flow::new(Transport::Tls, local, "192.0.2.2:40000".parse().unwrap())
}

fn now() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    *START.get_or_init(Instant::now)
}
