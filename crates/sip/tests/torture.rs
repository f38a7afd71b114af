//! The 62 messages of RFC 4475 and RFC 5118: what the wire layer says about each, and what it reads in some.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use serde::Deserialize;
use trunkline_sip::{Framed, Malformed, Message, Method, Name, StreamParser, escape, validate};

#[derive(Deserialize)]
struct Manifest {
    message: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    file: String,
    section: String,
    transport: String,
    claim: String,
    wire: String,
    answers: Vec<String>,
    stream: Option<Vec<String>>,
}

fn home() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torture"))
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(home().join("manifest.toml")).unwrap();
    toml::from_str::<Manifest>(&text).unwrap().message
}

fn octets(file: &str) -> Bytes {
    Bytes::from(fs::read(home().join(file)).unwrap())
}

fn message(name: &str) -> Message {
    Message::parse(octets(&format!("{name}.dat"))).unwrap()
}

/// The manifest's words for what the wire layer says.
fn wire(octets: Bytes) -> String {
    let answer = match Message::parse(octets) {
        Ok(message) => match validate(&message) {
            Ok(()) => return "ok".to_owned(),
            Err(answer) => answer,
        },
        Err(malformed) => malformed.answer(),
    };
    let silent = if answer.silence.is_some() {
        " silent"
    } else {
        ""
    };
    format!("{}{silent}: {}", answer.status, answer.reason)
}

#[test]
fn every_message_has_the_outcome_of_the_manifest() {
    let rows = rows();
    for row in &rows {
        assert_eq!(
            wire(octets(&row.file)),
            row.wire,
            "{}: {}",
            row.file,
            row.claim
        );
        let refusal = row.wire.split([':', ' ']).next().unwrap();
        let silent = row.wire.contains(" silent");
        assert!(
            row.wire == "ok"
                || row
                    .answers
                    .iter()
                    .any(|a| a == if silent { "silence" } else { refusal }),
            "{}: the outcome is not among the answers",
            row.file
        );
        let differs = row
            .stream
            .as_ref()
            .is_none_or(|stream| *stream != row.answers);
        assert!(differs, "{}: a stream changes nothing", row.file);
        assert!(["udp", "tcp"].contains(&&*row.transport) && !row.section.is_empty());
    }
    let named: BTreeSet<_> = rows.iter().map(|row| row.file.clone()).collect();
    let mut present = BTreeSet::new();
    for folder in ["rfc4475", "rfc5118"] {
        for entry in fs::read_dir(home().join(folder)).unwrap() {
            present.insert(format!("{folder}/{}", entry.unwrap().file_name().display()));
        }
    }
    assert_eq!(named, present);
    assert_eq!(named.len(), 62);
}

#[test]
fn every_refusal_that_can_be_sent_is_a_message_and_returns_the_via() {
    for row in rows() {
        let (partial, answer) = match Message::parse(octets(&row.file)) {
            Ok(message) => match validate(&message) {
                Ok(()) => continue,
                Err(answer) => (message, answer),
            },
            Err(malformed) => (malformed.partial().clone(), malformed.answer()),
        };
        let sent = answer.response(&partial, "192.0.2.77:5060".parse().unwrap(), "tag");
        assert_eq!(sent.is_err(), answer.silence.is_some(), "{}", row.file);
        if let Ok(sent) = sent {
            let response = Message::parse(sent).unwrap();
            assert_eq!(response.status(), Some(answer.status));
            let (ours, theirs) = (response.top_via().unwrap(), partial.top_via().unwrap());
            assert_eq!(ours.branch(), theirs.branch(), "{}", row.file);
            for name in [Name::CallId, Name::CSeq] {
                assert_eq!(response.header(name), partial.header(name), "{}", row.file);
            }
        }
    }
}

#[test]
fn on_a_stream_only_a_bad_length_loses_the_framing() {
    let ping = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nl: 0\r\n\r\n";
    let mut lost = Vec::new();
    for row in rows() {
        let octets = octets(&row.file);
        let whole = Message::parse(octets.clone());
        let extra = whole
            .as_ref()
            .is_ok_and(|m| m.body().as_ptr_range().end != octets.as_ptr_range().end);
        let has_length = whole
            .as_ref()
            .unwrap_or_else(Malformed::partial)
            .header(Name::ContentLength)
            .is_some();
        if extra || !has_length || row.file.ends_with("baddn.dat") {
            continue;
        }
        let mut parser = StreamParser::new();
        parser.feed(&octets);
        parser.feed(ping);
        let first = parser.poll();
        match first {
            Some(Framed::Message(message)) => assert_eq!(message.bytes(), &octets, "{}", row.file),
            Some(Framed::Malformed(_)) => {}
            _ => {
                lost.push(row.file);
                continue;
            }
        }
        if !row.file.ends_with("clerr.dat") {
            let Some(Framed::Message(next)) = parser.poll() else {
                panic!("{}", row.file)
            };
            assert_eq!(next.method(), Some(&Method::Options), "{}", row.file);
        }
    }
    assert_eq!(
        lost,
        [
            "rfc4475/clerr.dat",
            "rfc4475/ncl.dat",
            "rfc4475/mcl01.dat",
            "rfc4475/test.dat"
        ]
    );
}

#[test]
fn the_tortuous_invite_is_read_in_full() {
    let message = message("rfc4475/wsinv");
    assert_eq!(message.to().unwrap().tag(), Some("1918181833n"));
    let from = message.from().unwrap();
    assert_eq!(from.display_name().unwrap(), "J Rosenberg \\\"");
    assert_eq!(from.tag(), Some("98asjd8"));
    assert_eq!(message.max_forwards(), Ok(Some(68)));
    assert_eq!(message.cseq().unwrap().to_string(), "9 INVITE");
    assert_eq!(message.header(Name::Subject), Some(""));
    let branches: Vec<_> = message
        .headers(Name::Via)
        .map(|value| trunkline_sip::Via::parse(value).unwrap().branch().unwrap())
        .collect();
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    let contact = message.contact().unwrap();
    assert_eq!(contact.display_name().unwrap(), "Quoted string \"\"");
    assert_eq!(contact.params().value("newparam"), Some("newvalue"));
    assert_eq!(contact.params().value("q"), Some("0.33"));
    assert_eq!(
        message.header(Name::of("newfangledheader")),
        Some("newfangled value continued newfangled value")
    );
    assert_eq!(message.body().len(), 150);
    let route = message.address(Name::Route).unwrap();
    assert!(route.uri().params().has("lr"));
}

#[test]
fn users_escapes_and_parameters_stay_where_they_belong() {
    let esc01 = message("rfc4475/esc01");
    let user = esc01.uri().unwrap().user().unwrap().to_owned();
    assert_eq!(user, "sips%3Auser%40example.com");
    assert_eq!(escape::unescape(&user), "sips:user@example.com");
    let semi = message("rfc4475/semiuri");
    assert_eq!(semi.uri().unwrap().user(), Some("user;par=u%40example.net"));
    let nulls = message("rfc4475/escnull");
    let users: Vec<_> = nulls
        .addresses(Name::Contact)
        .map(|contact| escape::unescape(contact.unwrap().uri().user().unwrap()).into_owned())
        .collect();
    assert_eq!(users, ["\0", "\0\0"]);
    let outside = message("rfc4475/cparam01");
    let contact = outside.contact().unwrap();
    assert!(contact.params().has("unknownparam") && !contact.uri().params().has("unknownparam"));
    let inside = message("rfc4475/cparam02");
    let contact = inside.contact().unwrap();
    assert!(!contact.params().has("unknownparam") && contact.uri().params().has("unknownparam"));
    let method = message("rfc4475/intmeth");
    assert_eq!(
        method.method().unwrap().as_str(),
        "!interesting-Method0123456789_*+`.%indeed'~"
    );
    assert!(method.to().unwrap().display_name().unwrap().contains('\0'));
    let escaped = message("rfc4475/esc02");
    assert_eq!(escaped.method().unwrap().as_str(), "RE%47IST%45R");
    assert_eq!(escaped.headers(Name::Contact).count(), 2);
}

#[test]
fn bodies_end_where_they_say() {
    let double = message("rfc4475/dblreq");
    assert_eq!(
        (double.method(), double.body()),
        (Some(&Method::Register), &b""[..])
    );
    let multipart = message("rfc4475/mpart01");
    assert!(multipart.body().contains(&0));
    assert_eq!(
        Some(multipart.body().len()),
        multipart.header(Name::ContentLength).unwrap().parse().ok()
    );
    let long = message("rfc4475/longreq");
    assert_eq!(long.headers(Name::Via).count(), 34);
    assert!(long.from().unwrap().tag().unwrap().len() > 100);
    assert_eq!(
        message("rfc4475/unreason").reason_phrase(),
        "= 2**3 * 5**2 но сто девяносто девять - простое"
    );
    assert_eq!(message("rfc4475/noreason").reason_phrase(), "");
}

#[test]
fn addresses_of_both_families_are_read() {
    for (name, received) in [
        ("rfc5118/via-received-param-with-delim", "2001:db8::9:255"),
        ("rfc5118/via-received-param-no-delim", "2001:db8::9:255"),
    ] {
        assert_eq!(
            message(name).top_via().unwrap().received(),
            received.parse().ok(),
            "{name}"
        );
    }
    let uri_of = |name: &str| {
        let message = message(name);
        let uri = message.uri().unwrap();
        (uri.host().to_string(), uri.port())
    };
    assert_eq!(
        uri_of("rfc5118/port-ambiguous"),
        ("[2001:db8::10:5070]".to_owned(), None)
    );
    assert_eq!(
        uri_of("rfc5118/port-unambiguous"),
        ("[2001:db8::10]".to_owned(), Some(5070))
    );
    assert_eq!(
        uri_of("rfc5118/ipv6-bug-abnf-3-colons"),
        uri_of("rfc5118/ipv6-correct-abnf-2-colons")
    );
}
