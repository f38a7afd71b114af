//! The texts inside of a message: URIs, addresses and the values of single headers, read, written and read again.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use sip::escape::{escape, unescape, unescape_octets};
use sip::identity::UserToUser;
use sip::reason::{Reason, RetryAfter};
use sip::refer::ReferTo;
use sip::reliable::RAck;
use sip::replaces::Replaces;
use sip::session_timer::SessionExpires;
use sip::subscription::{SubscriptionState, sipfrag, status_line};
use sip::{Host, Name, NameAddr, Uri, Via};
use trunkline_fuzz::reading::{source, uri_parts};

fuzz_target!(|octets: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(octets) else {
        return Corpus::Reject;
    };
    uris(text);
    addresses(text);
    values(text);
    escapes(text);
    if let Some((status, phrase)) = status_line(octets) {
        let again = status_line(sipfrag(status, &phrase).as_bytes());
        assert_eq!(again.map(|(status, _)| status), Some(status));
    }
    Corpus::Keep
});

fn uris(text: &str) {
    let (left, right) = text.split_once('\n').unwrap_or((text, text));
    let (Ok(left), Ok(right)) = (Uri::parse(left), Uri::parse(right)) else {
        return;
    };
    uri_parts(&left);
    uri_parts(&right);
    assert_eq!(
        left.is_equivalent(&right),
        right.is_equivalent(&left),
        "{left} {right}"
    );
    assert!(left.is_equivalent(&left), "{left} is itself");
}

fn addresses(text: &str) {
    if let Ok(address) = NameAddr::parse(text) {
        uri_parts(&address.uri());
        let name = address.display_name();
        let written =
            sip::name_addr::format(name.as_deref(), address.uri().as_str(), address.tag());
        if let Ok(again) = NameAddr::parse(&written) {
            assert_eq!(again.uri().as_str(), address.uri().as_str(), "{written}");
            assert_eq!(again.tag(), address.tag(), "{written}");
        }
    }
    if let Ok(via) = Via::parse(text) {
        let _ = (
            via.branch(),
            via.received(),
            via.rport(),
            via.response_target(source()),
        );
    }
    if let Ok(host) = Host::parse(text) {
        let _ = host.ip();
    }
    let _ = UserToUser::parse(text);
}

fn values(text: &str) {
    if let Ok(refer_to) = ReferTo::parse(text) {
        uri_parts(&refer_to.uri());
        let _ = refer_to.method();
        Uri::parse(refer_to.target()).expect("the target is a URI");
    }
    if let Ok(replaces) = Replaces::parse(text) {
        assert_eq!(
            Replaces::parse(&replaces.to_value()).as_ref(),
            Ok(&replaces)
        );
        let header = replaces.to_uri_header();
        let uri = format!("sip:a@b?{header}");
        let uri = Uri::parse(&uri).expect("the header fits into a URI");
        let read = uri.header("Replaces").expect("it is there");
        assert_eq!(Replaces::parse(&read).as_ref(), Ok(&replaces), "{header}");
    }
    let _ = (
        Reason::parse(text),
        RetryAfter::parse(text),
        RAck::parse(text),
    );
    let _ = SessionExpires::parse(text);
    if let Ok(state) = SubscriptionState::parse(text) {
        let _ = (state.reason(), state.expires_s(), state.retry_after_s());
    }
    let name = Name::of(text);
    let _ = (name.as_str(), name.is_list());
}

fn escapes(text: &str) {
    let escaped = escape(text);
    assert_eq!(unescape(&escaped), text, "{escaped}");
    assert_eq!(&unescape_octets(&escaped)[..], text.as_bytes(), "{escaped}");
    let _ = unescape(text);
}
