//! What an element checks before it does anything with a message (RFC 3261 sections 8.1.1, 8.2.1, 8.2.2 and 18.1.2).
//!
//! Only what every use of the message needs is checked. A bad Date or Subject harms nobody who does not read it;
//! whether a method, an extension or a body is supported is the user's to say.

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::limits::HOPS_MAX;
use crate::malformed::Answer;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::uri::Scheme;

/// Checks a message. For a response the [`Answer`] is silent: the response is to be dropped.
pub fn validate(message: &Message) -> Result<(), Answer> {
    let Some(method) = message.method() else {
        return common(message).map_err(|error| refuse(message, &error));
    };
    common(message)
        .and_then(|()| request(message, method))
        .map_err(|error| refuse(message, &error))?;
    let uri = message.uri().map_err(|error| refuse(message, &error))?;
    if let Scheme::Other(_) = uri.scheme() {
        let status = StatusCode::UNSUPPORTED_URI_SCHEME;
        return Err(Answer::to(message, status, status.default_reason()));
    }
    if uri.headers_text().is_some() {
        let error = HeaderError {
            header: "Request-URI",
            reason: "headers are not allowed here",
        };
        return Err(refuse(message, &error));
    }
    Ok(())
}

/// The option tags in Require that are not among `supported`: what a 420 lists in Unsupported.
#[must_use]
pub fn unsupported<'a>(message: &'a Message, supported: &[&str]) -> Vec<&'a str> {
    message
        .headers(Name::Require)
        .filter(|tag| {
            !supported
                .iter()
                .any(|known| known.eq_ignore_ascii_case(tag))
        })
        .collect()
}

/// What finds the transaction and the dialog.
fn common(message: &Message) -> Result<(), HeaderError> {
    message.top_via()?;
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
        once(message, name)?;
    }
    message.from()?;
    message.to()?;
    message.call_id()?;
    let cseq = message.cseq()?;
    if message
        .method()
        .is_some_and(|method| *method != cseq.method)
    {
        return Err(Name::CSeq.error("method is not the request's"));
    }
    for name in [Name::Via, Name::Route, Name::RecordRoute] {
        if message.headers(name).nth(HOPS_MAX).is_some() {
            return Err(name.error("too many values"));
        }
    }
    Ok(())
}

fn request(message: &Message, method: &Method) -> Result<(), HeaderError> {
    once(message, Name::MaxForwards)?;
    message.max_forwards()?;
    for name in [Name::Route, Name::RecordRoute] {
        for address in message.addresses(name) {
            address?;
        }
    }
    if makes_dialog(method) {
        // What the dialog repeats in every message has to be something that may be written.
        for name in DIALOG_HEADERS {
            writable(message, name)?;
        }
        for (name, address) in [(Name::From, message.from()?), (Name::To, message.to()?)] {
            if address.tag().is_some_and(|tag| !lex::is_token_text(tag)) {
                return Err(name.error("the tag is no token"));
            }
        }
        // Older clients send none; what comes must be usable, because the dialog goes there.
        for address in message.addresses(Name::Contact) {
            address?;
        }
    }
    Ok(())
}

/// The requests whose Contact is where the rest of the dialog goes.
fn makes_dialog(method: &Method) -> bool {
    matches!(method, Method::Invite | Method::Subscribe | Method::Refer)
}

/// What a dialog writes again and again as it was received.
const DIALOG_HEADERS: [Name<'static>; 5] = [
    Name::From,
    Name::To,
    Name::CallId,
    Name::Contact,
    Name::RecordRoute,
];

/// No control character: a quoted-pair may hold one (RFC 3261 section 25.1), and a peer that sends one
/// in what identifies a dialog means harm.
fn writable(message: &Message, name: Name<'_>) -> Result<(), HeaderError> {
    let mut octets = message
        .fields_of(name)
        .flat_map(|field| field.value.chars());
    match octets.any(|character| character.is_ascii_control() && character != '\t') {
        true => Err(name.error("holds a control character")),
        false => Ok(()),
    }
}

fn once(message: &Message, name: Name<'_>) -> Result<(), HeaderError> {
    match message.fields_of(name).nth(1) {
        Some(_) => Err(name.error("more than once")),
        None => Ok(()),
    }
}

fn refuse(message: &Message, error: &HeaderError) -> Answer {
    Answer::to(message, StatusCode::BAD_REQUEST, error.to_string())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::malformed::Silence;

    fn options(change: impl Fn(&str) -> String) -> Result<(), (u16, String, Option<Silence>)> {
        let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
                    From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n";
        let message = Message::parse(Bytes::from(change(text))).unwrap();
        validate(&message).map_err(|answer| {
            (
                answer.status.get(),
                answer.reason.into_owned(),
                answer.silence,
            )
        })
    }

    #[test]
    fn a_request_without_max_forwards_or_branch_is_served() {
        assert_eq!(options(str::to_owned), Ok(()));
        assert_eq!(options(|text| text.replace(";branch=z9hG4bK1", "")), Ok(()));
    }

    #[test]
    fn an_invite_whose_tag_cannot_be_repeated_becomes_no_dialog() {
        let invite = |text: &str| text.replace("OPTIONS", "INVITE");
        assert_eq!(options(invite), Ok(()));
        for bad in ["To: <sip:a@b>;tag=1\u{1f}2", "To: \"\\\u{7}\" <sip:a@b>"] {
            let (status, reason, silence) =
                options(|text| invite(text).replace("To: <sip:a@b>", bad)).unwrap_err();
            assert_eq!((status, silence), (400, None), "{bad:?}");
            assert_eq!(reason, "To: holds a control character");
        }
        let foreign =
            options(|text| invite(text).replace("<sip:a@b>\r\nCall", "sip:u;tag=@c.d\r\nCall"));
        assert_eq!(foreign.unwrap_err().1, "To: the tag is no token");
    }

    #[test]
    fn each_fault_is_named_in_the_reason() {
        let cases: [(&str, &str, u16, &str, Option<Silence>); 11] = [
            ("Call-ID: x\r\n", "", 400, "Call-ID: missing", None),
            ("To: <sip:a@b>\r\n", "", 400, "To: missing", None),
            (
                "1 OPTIONS",
                "1 BYE",
                400,
                "CSeq: method is not the request's",
                None,
            ),
            (
                "1 OPTIONS",
                "4294967296 OPTIONS",
                400,
                "CSeq: number too large",
                None,
            ),
            ("To: ", "To: \"", 400, "To: unbalanced quote", None),
            (
                "To: ",
                "To: <sip:c>\r\nt: ",
                400,
                "To: more than once",
                None,
            ),
            (
                "Call-ID",
                "Max-Forwards: x\r\nCall-ID",
                400,
                "Max-Forwards: not a number",
                None,
            ),
            (
                "SIP/2.0/UDP h",
                "SIP/2.0/UDP",
                400,
                "Via: no sent-by",
                Some(Silence::NoVia),
            ),
            (
                "sip:a@b SIP",
                "cid:a@b SIP",
                416,
                "Unsupported URI Scheme",
                None,
            ),
            (
                "sip:a@b SIP",
                "sip:2001:db8::1 SIP",
                400,
                "Request-URI: bad port",
                None,
            ),
            (
                "sip:a@b SIP",
                "sip:a@b?Route=x SIP",
                400,
                "Request-URI: headers are not allowed here",
                None,
            ),
        ];
        for (from, to, status, reason, silence) in cases {
            let found = options(|text| text.replacen(from, to, 1)).unwrap_err();
            assert_eq!(found, (status, reason.to_owned(), silence));
        }
        let vias = "Via: SIP/2.0/UDP h\r\n".repeat(HOPS_MAX);
        let found = options(|text| text.replace("Call-ID", &format!("{vias}Call-ID"))).unwrap_err();
        assert_eq!(found.1, "Via: too many values");
    }

    #[test]
    fn responses_and_acks_are_not_answered() {
        let response = options(|text| {
            text.replace("OPTIONS sip:a@b SIP/2.0", "SIP/2.0 200 OK")
                .replace("Call-ID: x\r\n", "")
        });
        assert_eq!(response.unwrap_err().2, Some(Silence::Response));
        let ack = options(|text| text.replace("OPTIONS", "ACK").replace("Call-ID: x\r\n", ""));
        assert_eq!(ack.unwrap_err().2, Some(Silence::Ack));
    }

    #[test]
    fn unsupported_extensions_are_listed() {
        let text = "OPTIONS sip:a@b SIP/2.0\r\nRequire: Timer, a\r\nRequire: b\r\n\r\n";
        let message = Message::parse(Bytes::from(text)).unwrap();
        assert_eq!(unsupported(&message, &["timer"]), ["a", "b"]);
    }
}
