//! The headers that say who calls, whom, through whom and what for: each value is read as each of them, written, and read
//! again.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_target};
use sip::endpoint::extra::{Extra, may_be_listed};
use sip::external_call::ExternalCall;
use sip::history_info::is_index;
use sip::number::{DialingPlan, E164_DIGITS_MAX, NumberForm};
use sip::session_id::SessionId;
use sip::{Message, Name, NameAddr, params, reason};
use trunkline_fuzz::reading::identities;

fuzz_target!(|octets: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(octets) else {
        return Corpus::Reject;
    };
    headers(text);
    numbers(text);
    written(text);
    Corpus::Keep
});

/// The same value in every field that it may stand in.
fn headers(value: &str) {
    let mut lines = String::new();
    for name in NAMES {
        lines.push_str(&format!("{name}: {value}\r\n"));
    }
    let text = format!("INVITE sip:a@b SIP/2.0\r\nFrom: {value}\r\n{lines}\r\n");
    match Message::parse(Bytes::from(text)) {
        Ok(message) => identities(&message),
        Err(malformed) => identities(malformed.partial()),
    }
    if let Ok(said) = ExternalCall::parse(value) {
        let values = [said.announced, said.external, said.original];
        assert!(values.iter().any(Option::is_some), "it says something");
        let told = values.into_iter().flatten();
        assert!(
            told.clone()
                .all(|value| !value.is_empty() && !value.contains(';'))
        );
    }
    if let Ok(id) = SessionId::parse(value) {
        assert_eq!(SessionId::parse(&id.to_string()), Ok(id));
    }
    if let Some(again) = reason::rewrite(value) {
        assert!(!again.contains(['\r', '\n']), "{again:?}");
        assert_eq!(reason::rewrite(&again).as_ref(), Some(&again), "{value:?}");
        let mut extra = Extra::none();
        assert_eq!(extra.add("Reason", &again), Ok(()));
    }
}

const NAMES: [&str; 10] = [
    "P-Asserted-Identity",
    "Remote-Party-ID",
    "Privacy",
    "Diversion",
    "History-Info",
    "User-to-User",
    "Reason",
    "Session-ID",
    "X-EI",
    "Max-Forwards",
];

fn numbers(text: &str) {
    let plan = |trunk_prefix: &str| {
        NumberForm::National(DialingPlan {
            country_code: "44".into(),
            trunk_prefix: trunk_prefix.into(),
            international_prefix: "00".into(),
        })
    };
    for form in [
        NumberForm::Plus,
        NumberForm::Digits,
        plan("0"),
        plan(""),
        plan("44"),
    ] {
        let Some(number) = form.normalise(text) else {
            continue;
        };
        let digits = number.strip_prefix('+').expect("E.164 has its plus");
        assert!(digits.len() <= E164_DIGITS_MAX && digits.bytes().all(|it| it.is_ascii_digit()));
        assert_eq!(form.normalise(&number), Some(number), "{form:?} {text:?}");
    }
    assert_eq!(NumberForm::Identifier.normalise(text), None);
}

/// Whatever stands in a parameter, it ends neither the parameter nor the line.
fn written(text: &str) {
    let mut value = "<sip:a@b>".to_owned();
    params::write(&mut value, "reason", text);
    let read = NameAddr::parse(&value).unwrap_or_else(|why| panic!("{why}: {value:?}"));
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    let reason = read.params().get("reason").expect("it was written");
    assert_eq!(reason.unquoted(), plain, "{value:?}");
    assert_eq!(read.params().iter().count(), 1, "{value:?}");
    let mut extra = Extra::none();
    assert_eq!(extra.add("Diversion", &value), Ok(()));
    if may_be_listed(text) && !text.ends_with('*') {
        assert!(!matches!(
            Name::of(text),
            Name::Via | Name::From | Name::PAssertedIdentity
        ));
        assert_eq!(extra.add(text, "x"), Ok(()), "{text:?}");
    }
    let _ = is_index(text);
}
