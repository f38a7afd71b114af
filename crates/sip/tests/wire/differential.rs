//! Our reading held against rsip 0.4.0 and sipx-sip 1.0.1: where they accept, we agree, or it is known why not.

use std::collections::BTreeSet;

use ::rsip::headers::{ToTypedHeader, UntypedHeader};
use ::rsip::prelude::HeadersExt;
use bytes::Bytes;
use sipx_sip::parser::parse_datagram;
use trunkline_sip::{Message, Name, Via};

use crate::corpus;

/// What rsip reads wrongly, by message and field. rsip is right about everything else that it accepts here.
const RSIP_ERRORS: &[(&str, &str)] = &[
    // A comma in an unquoted display name, and no empty line.
    ("baddn", "accepts"),
    // Content-Length is never looked at.
    ("clerr", "accepts"),
    ("mcl01", "accepts"),
    ("ncl", "accepts"),
    ("dblreq", "body"),
    ("short body", "body"),
    // Header fields and parameters that it accepts and then cannot read.
    ("badaspec", "from user lost"),
    ("dblreq", "call-id lost"),
    ("dblreq", "from user lost"),
    ("regaut01", "from user lost"),
    // A dot in the user part, a bracket in a display name, blanks around separators, tel.
    ("dotted user", "from user lost"),
    ("quoted bracket", "from tag lost"),
    ("quoted bracket", "from user lost"),
    ("spaced tag", "from tag lost"),
    ("spaced tag", "from user lost"),
    ("tel", "from tag lost"),
    ("tel", "from user lost"),
    // IPv6 in Via.
    ("ipv4-mapped-ipv6", "branch lost"),
    ("ipv4-mapped-ipv6", "sent-by lost"),
    ("mult-ip-in-header", "branch lost"),
    ("mult-ip-in-header", "sent-by lost"),
    // A Via with stray separators is read as if it were whole.
    ("badinv01", "sent-by"),
];

/// Where sipx-sip reads otherwise, and why we do not follow.
const SIPX_DIFFERENCES: &[(&str, &str)] = &[
    // It leaves the version to its user; we name it at once, as the answer does.
    ("badvers", "accepts"),
    // It has the number of a tel URI elsewhere.
    ("tel", "from user lost"),
];

fn messages() -> Vec<(String, Vec<u8>)> {
    let mut messages = corpus::torture();
    messages.push(("everyday".to_owned(), corpus::everyday()));
    for (name, change) in [
        ("dotted user", "From: <sip:john.doe@pbx>;tag=1"),
        ("ipv6 contact", "Contact: <sip:1@[2001:db8::1]:5060>"),
        ("tel", "From: <tel:+4930123456789>;tag=1"),
        ("folded via", "Via: SIP/2.0/UDP\r\n h;branch=z9hG4bK1"),
        ("spaced tag", "From: <sip:a@b> ; tag = x"),
        (
            "instance",
            "Contact: <sip:a@b>;+sip.instance=\"<urn:uuid:1>\"",
        ),
        ("gruu", "Contact: <sip:a@b;gr=urn:uuid:1>"),
        (
            "list of vias",
            "Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2",
        ),
        ("quoted bracket", "From: \"A <B>\" <sip:a@b>;tag=1"),
        ("short body", "Content-Length: 0"),
    ] {
        messages.push((name.to_owned(), corpus::invite(&[change, "|body"])));
    }
    messages
}

/// What we read, field by field, as both oracles can be asked for it.
fn ours(message: &Message) -> Vec<(&'static str, String)> {
    let mut facts = vec![("body", format!("{:?}", message.body()))];
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact(
        "start",
        Some(match message.method() {
            Some(method) => method.to_string(),
            None => message.status().unwrap().to_string(),
        }),
    );
    fact("call-id", message.call_id().ok().map(str::to_owned));
    fact("cseq", message.cseq().ok().map(|cseq| cseq.to_string()));
    fact(
        "from tag",
        message
            .from()
            .ok()
            .and_then(|from| from.tag().map(str::to_owned)),
    );
    fact(
        "to tag",
        message.to().ok().and_then(|to| to.tag().map(str::to_owned)),
    );
    fact(
        "from user",
        message
            .from()
            .ok()
            .and_then(|from| from.uri().user().map(str::to_owned)),
    );
    fact(
        "branch",
        message
            .top_via()
            .ok()
            .and_then(|via| via.branch().map(str::to_owned)),
    );
    fact("sent-by", message.top_via().ok().map(|via| host_of(&via)));
    facts
}

fn host_of(via: &Via<'_>) -> String {
    via.host()
        .to_string()
        .trim_matches(['[', ']'])
        .to_ascii_lowercase()
}

fn rsips(octets: &[u8]) -> Option<Vec<(&'static str, String)>> {
    let message = ::rsip::SipMessage::try_from(octets).ok()?;
    let mut facts = vec![("body", format!("{:?}", message.body()))];
    let start = match &message {
        ::rsip::SipMessage::Request(request) => request.method.to_string(),
        ::rsip::SipMessage::Response(response) => response.status_code.code().to_string(),
    };
    facts.push(("start", start));
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact(
        "call-id",
        message
            .call_id_header()
            .ok()
            .map(|id| id.value().to_owned()),
    );
    let cseq = message
        .cseq_header()
        .ok()
        .and_then(|cseq| cseq.typed().ok());
    fact(
        "cseq",
        cseq.map(|cseq| format!("{} {}", cseq.seq, cseq.method)),
    );
    let from = message
        .from_header()
        .ok()
        .and_then(|from| from.typed().ok());
    fact(
        "from tag",
        from.as_ref()
            .and_then(|from| from.tag())
            .map(|tag| tag.value().to_owned()),
    );
    fact(
        "from user",
        from.and_then(|from| from.uri.auth.map(|auth| auth.user)),
    );
    let to = message.to_header().ok().and_then(|to| to.typed().ok());
    fact(
        "to tag",
        to.and_then(|to| to.tag().map(|tag| tag.value().to_owned())),
    );
    let via = message.via_header().ok().and_then(|via| via.typed().ok());
    fact(
        "branch",
        via.as_ref()
            .and_then(|via| via.branch())
            .map(|branch| branch.value().to_owned()),
    );
    fact(
        "sent-by",
        via.map(|via| via.uri.host_with_port.host.to_string().to_ascii_lowercase()),
    );
    Some(facts)
}

fn sipxs(octets: &[u8]) -> Option<Vec<(&'static str, String)>> {
    let limits = sipx_sip::parser::Limits::datagram();
    let message = parse_datagram(Bytes::copy_from_slice(octets), &limits).ok()?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let mut facts = vec![("body", format!("{:?}", &message.body()[..]))];
    let start = match message.as_request() {
        Some(request) => text(request.method.as_bytes()),
        None => message.as_response()?.status.code().to_string(),
    };
    facts.push(("start", start));
    let value = |name: &str| {
        let name = name.to_owned();
        message
            .headers()
            .iter()
            .find(|header| header.name().to_string().eq_ignore_ascii_case(&name))
            .map(|header| header.value().into_owned())
    };
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact("call-id", value("call-id").map(|id| text(&id)));
    let cseq = message
        .headers()
        .typed::<sipx_sip::CSeq>()
        .and_then(Result::ok);
    fact(
        "cseq",
        cseq.map(|cseq| format!("{} {}", cseq.sequence, text(cseq.method.as_bytes()))),
    );
    for (header, tag, user) in [
        ("from", "from tag", Some("from user")),
        ("to", "to tag", None),
    ] {
        let address = value(header)
            .and_then(|value| sipx_sip::headers::Address::parse(&value, "address").ok());
        fact(
            tag,
            address.as_ref().and_then(|address| address.tag()).map(text),
        );
        if let Some(user) = user {
            fact(
                user,
                address
                    .as_ref()
                    .and_then(|address| address.uri.user())
                    .map(text),
            );
        }
    }
    let via = value("via").and_then(|value| sipx_sip::headers::Via::parse_list(&value).ok());
    let via = via.and_then(|list| list.into_iter().next());
    fact(
        "branch",
        via.as_ref().and_then(|via| via.branch()).map(text),
    );
    fact(
        "sent-by",
        via.map(|via| text(&via.host.to_bytes()).to_ascii_lowercase()),
    );
    Some(facts)
}

/// The (message, field) where the oracle says something else than we do, or something where we say nothing.
fn differences(
    oracle: impl Fn(&[u8]) -> Option<Vec<(&'static str, String)>>,
) -> (usize, BTreeSet<(String, String)>) {
    let mut agreed = 0;
    let mut found = BTreeSet::new();
    for (name, octets) in messages() {
        let Some(theirs) = oracle(&octets) else {
            continue;
        };
        let Ok(message) = Message::parse(Bytes::from(octets)) else {
            found.insert((name, "accepts".to_owned()));
            continue;
        };
        let ours = ours(&message);
        for (field, _) in &ours {
            if !theirs.iter().any(|(name, _)| name == field) {
                found.insert((name.clone(), format!("{field} lost")));
            }
        }
        for (field, value) in theirs {
            if ours.contains(&(field, value.clone())) {
                agreed += 1;
            } else {
                found.insert((name.clone(), field.to_owned()));
            }
        }
    }
    (agreed, found)
}

fn check(
    known: &[(&str, &str)],
    agreed_least: usize,
    (agreed, found): (usize, BTreeSet<(String, String)>),
) {
    assert!(agreed >= agreed_least, "only {agreed} values agree");
    let found: BTreeSet<_> = found
        .iter()
        .map(|(name, field)| (&**name, &**field))
        .collect();
    let known: BTreeSet<_> = known.iter().copied().collect();
    assert_eq!(found, known);
}

#[test]
fn rsip_agrees_but_for_its_known_errors() {
    check(RSIP_ERRORS, 100, differences(rsips));
}

#[test]
fn sipx_agrees_but_for_what_we_decided_otherwise() {
    check(SIPX_DIFFERENCES, 300, differences(sipxs));
}

#[test]
fn rsip_refuses_half_of_what_the_rfc_calls_valid() {
    let valid = [
        "wsinv",
        "intmeth",
        "esc01",
        "escnull",
        "esc02",
        "lwsdisp",
        "longreq",
        "dblreq",
        "semiuri",
        "transports",
        "mpart01",
        "unreason",
        "noreason",
    ];
    let corpus = corpus::torture();
    let accepted: Vec<_> = corpus
        .iter()
        .filter(|(name, _)| valid.contains(&&**name))
        .filter(|(_, octets)| ::rsip::SipMessage::try_from(&octets[..]).is_ok())
        .collect();
    assert_eq!(accepted.len(), 7);
    assert_eq!(
        corpus
            .iter()
            .filter(|(name, _)| valid.contains(&&**name))
            .count(),
        13
    );
    for (name, octets) in corpus.iter().filter(|(name, _)| valid.contains(&&**name)) {
        let message = Message::parse(Bytes::from(octets.clone())).unwrap();
        assert!(
            message.top_via().is_ok() && message.header(Name::CSeq).is_some(),
            "{name}"
        );
    }
}
