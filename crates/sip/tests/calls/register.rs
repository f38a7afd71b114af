//! REGISTER by hand: what ours says, how it is sent again, and what becomes of a peer's.

use trunkline_sip::digest::{Asker, Sessions};
use trunkline_sip::endpoint::config::{Config, Registrar};
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::output::{Disposition, Input};
use trunkline_sip::registrar::Answer;
use trunkline_sip::registration::{Account, Register};
use trunkline_sip::{Name, StatusCode};

use crate::gate::credentials;
use crate::link::{End, start};
use crate::raw::{Desk, answer, request};

fn register() -> Register {
    let mut account = Account::new("sip:pbx.example", "\"Trunk\" <sip:100@pbx.example>");
    account.outbound_proxy = Some("sip:out.example:5090;lr".into());
    account.contact_user = Some("trunk-1".into());
    account.contact_params = ";reg-id=1;+sip.instance=\"<urn:uuid:1>\"".into();
    account.supported = vec!["path".into(), "outbound".into()];
    Register {
        call_id: "registration".into(),
        tag: "ours".into(),
        cseq: 7,
        expires_s: 120,
        sessions: Sessions::new(credentials("secret")),
        account,
    }
}

/// RFC 3261 §10.2, §22.2: same Call-ID, tag and Contact, next CSeq; the name is that of the first try.
#[test]
fn ours_is_sent_again_with_an_answer() {
    let mut desk = Desk::new();
    let flow = desk.link.flow(End::Caller);
    let asked = desk.endpoint.register(register(), flow, start()).unwrap();
    assert_eq!(desk.drain(), ["REGISTER"]);
    let first = desk.sent[0].clone();
    assert_eq!(first.request_uri(), "sip:pbx.example");
    for (name, expected) in [
        (Name::Route, "<sip:out.example:5090;lr>"),
        (Name::From, "\"Trunk\" <sip:100@pbx.example>;tag=ours"),
        (Name::To, "\"Trunk\" <sip:100@pbx.example>"),
        (Name::CallId, "registration"),
        (Name::CSeq, "7 REGISTER"),
        (Name::Expires, "120"),
        (
            Name::Contact,
            "<sip:trunk-1@192.0.2.1:5060>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"",
        ),
        (Name::Supported, "path"),
    ] {
        assert_eq!(first.header(name), Some(expected), "{name}");
    }
    let challenge = "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\",qop=\"auth\"\n";
    assert_eq!(
        desk.hears(&answer(&first, "401", "t", challenge)),
        ["REGISTER"]
    );
    assert!(desk.events().is_empty());
    let again = desk.sent[0].clone();
    assert_eq!(again.header(Name::CSeq), Some("8 REGISTER"));
    for name in [
        Name::From,
        Name::To,
        Name::CallId,
        Name::Contact,
        Name::Route,
        Name::Expires,
    ] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(again.authorizations(Asker::Server).count(), 1);
    desk.hears(&answer(&again, "200", "t", ""));
    let Event::RegisterAnswered {
        transaction,
        status,
        contact,
        sessions,
        ..
    } = &desk.events[0]
    else {
        panic!("{:?}", desk.events());
    };
    assert_eq!((*transaction, *status), (asked, StatusCode::OK));
    assert_eq!(Some(&**contact), first.header(Name::Contact));
    // What was learned comes back, and the next REGISTER answers unasked.
    let sessions = (**sessions).clone();
    let refresh = Register {
        sessions,
        cseq: 9,
        ..register()
    };
    desk.endpoint.register(refresh, flow, start()).unwrap();
    desk.drain();
    let shown = desk.sent[0].authorizations(Asker::Server).next().unwrap();
    assert_eq!(shown.unwrap().count(), Some(2));
}

/// A failure says how far the numbers have come.
#[test]
fn ours_that_fails_says_how_far_it_came() {
    let mut desk = Desk::new();
    let flow = desk.link.flow(End::Caller);
    let asked = desk.endpoint.register(register(), flow, start()).unwrap();
    desk.drain();
    let first = desk.sent[0].clone();
    desk.hears(&answer(
        &first,
        "407",
        "t",
        "Proxy-Authenticate: Digest realm=r,nonce=n\n",
    ));
    let transaction = desk.transactions[0].unwrap();
    desk.endpoint
        .handle(Input::SendFailed { transaction }, start());
    desk.drain();
    assert!(
        matches!(desk.events[..], [Event::RegisterFailed { transaction, cseq: 8, .. }] if transaction == asked),
        "{:?}",
        desk.events
    );
}

/// RFC 3261 §21.4.6: where no trunk registers, REGISTER is no method.
#[test]
fn a_peers_is_refused_unless_trunks_register() {
    let mut desk = Desk::new();
    let hers = request("REGISTER", "z9hG4bKr", "", 1, "");
    assert_eq!(desk.hears(&hers), ["405"]);
    assert!(desk.events().is_empty());
}

/// RFC 3261 §10.3: the user is asked once, however often it comes, and the 200 lists the bindings.
#[test]
fn a_peers_is_answered_by_the_user() {
    let mut desk = Desk::with(Config {
        registrar: Registrar::User,
        ..Config::new([9; 32])
    });
    let hers = request("REGISTER", "z9hG4bKr", "", 1, "");
    assert!(desk.hears(&hers).is_empty());
    let [Event::RegisterReceived { transaction, .. }] = desk.events[..] else {
        panic!("{:?}", desk.events());
    };
    assert!(desk.hears(&hers).is_empty());
    assert_eq!(
        (desk.events().len(), desk.disposition),
        (0, Some(Disposition::Retransmission))
    );
    let contacts = vec![
        "<sip:a@192.0.2.2>;expires=60".into(),
        "<sip:b@192.0.2.2>;expires=9".into(),
    ];
    let answer = Answer {
        contacts,
        ..Answer::refused(StatusCode::OK, Extra::none())
    };
    desk.endpoint
        .answer_register(transaction, &answer, start())
        .unwrap();
    assert_eq!(desk.drain(), ["200"]);
    let listed: Vec<_> = desk.sent[0].headers(Name::Contact).collect();
    assert_eq!(
        listed,
        [
            "<sip:a@192.0.2.2>;expires=60",
            "<sip:b@192.0.2.2>;expires=9"
        ]
    );
    assert_eq!(desk.hears(&hers), ["200"]);
    assert!(
        desk.endpoint
            .answer_register(transaction, &answer, start())
            .is_err()
    );
    let trying = Answer::refused(StatusCode::TRYING, Extra::none());
    assert!(
        desk.endpoint
            .answer_register(transaction, &trying, start())
            .is_err()
    );
    // What requires an extension that we do not have is refused before anybody is asked.
    let path = request("REGISTER", "z9hG4bKs", "", 2, "Require: path\n");
    assert_eq!(desk.hears(&path), ["420"]);
}
