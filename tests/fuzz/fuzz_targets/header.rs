//! One header field, `Name: value`, by the reader that its name has: what is read is written and read again, and what a
//! message says of it is what its value says.
#![no_main]

use std::fmt::Display;

use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_target};
use sip::cseq::CSeq;
use sip::identity::UserToUser;
use sip::reason::{Reason, RetryAfter};
use sip::refer::ReferTo;
use sip::reliable::RAck;
use sip::replaces::Replaces;
use sip::session_id::SessionId;
use sip::session_timer::SessionExpires;
use sip::subscription::SubscriptionState;
use sip::{Message, Name, NameAddr, Uri, Via};
use trunkline_fuzz::reading::{everything, source, uri_parts};

fuzz_target!(|octets: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(octets) else {
        return Corpus::Reject;
    };
    let Some((name, value)) = text.split_once(':') else {
        return Corpus::Reject;
    };
    if name.contains(['\r', '\n']) || value.contains(['\r', '\n']) {
        return Corpus::Reject;
    }
    for start in ["INVITE sip:a@b SIP/2.0", "SIP/2.0 180 Ringing"] {
        let whole = format!("{start}\r\n{name}: {value}\r\n\r\n");
        match Message::parse(Bytes::from(whole)) {
            Ok(message) => {
                everything(&message);
                in_message(&message, Name::of(name));
            }
            Err(malformed) => everything(malformed.partial()),
        }
    }
    alone(Name::of(name), value.trim_matches([' ', '\t']));
    Corpus::Keep
});

/// What the value alone says.
fn alone(name: Name<'_>, value: &str) {
    match name {
        Name::Via => via(value),
        Name::From | Name::To | Name::Contact | Name::Route | Name::RecordRoute => address(value),
        Name::ReferTo => refer_to(value),
        Name::CSeq => written(CSeq::parse(value), |text| CSeq::parse(text)),
        Name::RAck => written(RAck::parse(value), |text| RAck::parse(text)),
        Name::SessionId => written(SessionId::parse(value), |text| SessionId::parse(text)),
        Name::SessionExpires => {
            written(SessionExpires::parse(value), |text| {
                SessionExpires::parse(text)
            });
        }
        Name::Replaces => {
            if let Ok(replaces) = Replaces::parse(value) {
                let again = Replaces::parse(&replaces.to_value());
                assert_eq!(again.as_ref(), Ok(&replaces), "{value:?}");
            }
        }
        Name::Reason => {
            if let Ok(reason) = Reason::parse(value) {
                let text = reason.to_string();
                let again = Reason::parse(&text).unwrap_or_else(|why| panic!("{why}: {text:?}"));
                assert_eq!(again.to_string(), text, "{value:?}");
                assert_eq!(again.cause, reason.cause, "{value:?}");
            }
        }
        Name::RetryAfter => {
            let _ = RetryAfter::parse(value);
        }
        Name::SubscriptionState => {
            let _ = SubscriptionState::parse(value).map(|state| state.expires_s());
        }
        Name::UserToUser => {
            let _ = UserToUser::parse(value);
        }
        _ => {}
    }
}

/// What a message says of it, which `alone` does not ask.
fn in_message(message: &Message, name: Name<'_>) {
    for tag in ["timer", "100rel", "replaces", ""] {
        let _ = message.lists(name, tag);
    }
    match name {
        Name::MinSe => {
            let _ = message.min_se_s();
        }
        Name::RSeq | Name::Expires | Name::MinExpires | Name::MaxForwards => {
            if let Ok(Some(number)) = message.number(name) {
                let said = message
                    .header(name)
                    .map(|value| value.trim_start_matches('0'));
                let digits = number.to_string();
                assert_eq!(said, Some(digits.trim_start_matches('0')), "{name:?}");
            }
        }
        Name::WwwAuthenticate | Name::ProxyAuthenticate => {
            for challenge in message.challenges().flatten() {
                let _ = (
                    challenge.hash(),
                    challenge.protection(),
                    challenge.realm_text(),
                );
            }
        }
        Name::Privacy => {
            for value in message.privacy() {
                assert!(message.asks_privacy(value), "{value:?}");
            }
        }
        _ => {}
    }
}

fn via(value: &str) {
    let Ok(via) = Via::parse(value) else { return };
    let again = via.to_string();
    let again = Via::parse(&again).expect("what was read once is read again");
    assert_eq!((again.branch(), again.port()), (via.branch(), via.port()));
    let target = via.response_target(source());
    assert_eq!(
        target.ip(),
        source().ip(),
        "an answer goes to where the request came from"
    );
}

fn address(value: &str) {
    let Ok(address) = NameAddr::parse(value) else {
        return;
    };
    uri_parts(&address.uri());
    let name = address.display_name();
    let uri = address.uri();
    let text = sip::name_addr::format(name.as_deref(), uri.as_str(), address.tag());
    if let Ok(again) = NameAddr::parse(&text) {
        assert_eq!(again.uri().as_str(), uri.as_str(), "{text:?}");
        assert_eq!(again.tag(), address.tag(), "{text:?}");
    }
}

fn refer_to(value: &str) {
    let Ok(refer_to) = ReferTo::parse(value) else {
        return;
    };
    let target = Uri::parse(refer_to.target()).expect("the target is a URI");
    assert_eq!(target.headers_text(), None, "{value:?}");
    let _ = refer_to.method();
}

/// What is read, written, and read again is the same.
fn written<T, E>(read: Result<T, E>, again: impl Fn(&str) -> Result<T, E>)
where
    T: Display + PartialEq + std::fmt::Debug,
    E: std::fmt::Debug + PartialEq,
{
    if let Ok(value) = read {
        assert_eq!(again(&value.to_string()), Ok(value));
    }
}
