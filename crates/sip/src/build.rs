//! Writing requests and responses: exact control over what stands where, and nothing a value can smuggle in.
//!
//! Fields come out in one order (Via, Route, Record-Route, Max-Forwards, From, To, Call-ID, CSeq, Contact, others as
//! added, Content-Type, Content-Length), whatever order they were added in. A value with a line end or another
//! control character is an error, never cut.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::net::SocketAddr;

use bytes::Bytes;

use crate::header::Name;
use crate::lex;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::malformed::Fault;
use crate::message::{Field, Message};
use crate::method::Method;
use crate::parse;
use crate::status::StatusCode;
use crate::via::Via;

/// Why a message cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A header name is not a token.
    #[error("header name {0:?} is not a token")]
    Name(String),
    /// A header value holds a line end or another control character.
    #[error("value of {0} holds a control character")]
    Value(String),
    /// The request-URI is empty or holds a blank or a control character.
    #[error("request-URI {0:?} is empty or holds a blank")]
    RequestUri(String),
    /// The reason phrase holds a line end or another control character.
    #[error("reason phrase holds a control character")]
    ReasonPhrase,
    /// The message is larger than [`MESSAGE_BYTES_MAX`].
    #[error("message of {0} bytes is too large")]
    TooLarge(usize),
    /// The message would not be read back.
    #[error("message would not be read back: {0}")]
    Unreadable(Fault),
}

/// Header fields and body on their way out.
#[derive(Clone, Debug, Default)]
struct Parts {
    /// Complete lines, one after another.
    lines: Vec<u8>,
    /// Rank and end of each line.
    ends: Vec<(u8, usize)>,
    body: Bytes,
    error: Option<BuildError>,
}

impl Parts {
    fn add(&mut self, name: Name<'_>, value: &[u8]) {
        let text = name.as_str();
        if !lex::is_token_text(text) {
            self.error
                .get_or_insert_with(|| BuildError::Name(text.to_owned()));
        } else if value.iter().copied().any(is_forbidden) {
            self.error
                .get_or_insert_with(|| BuildError::Value(text.to_owned()));
        } else if name != Name::ContentLength {
            push_line(&mut self.lines, text, value);
            self.ends.push((rank(name), self.lines.len()));
        }
    }

    /// Adds every field of that name as the other message has it, folds joined.
    fn copy(&mut self, from: &Message, name: Name<'_>) {
        for field in from.fields_of(name) {
            let octets = verbatim(&field);
            // A quoted-pair may hold a control character that came in; it goes back as it came.
            push_line(&mut self.lines, name.as_str(), &octets);
            self.ends.push((rank(name), self.lines.len()));
        }
    }

    fn finish(mut self, mut out: Vec<u8>) -> Result<Bytes, BuildError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        out.reserve(self.lines.len() + self.body.len() + 32);
        let mut start = 0;
        let mut lines = Vec::with_capacity(self.ends.len());
        for (rank, end) in self.ends {
            lines.push((rank, start..end));
            start = end;
        }
        lines.sort_by_key(|(rank, _)| *rank);
        for (_, range) in lines {
            out.extend_from_slice(&self.lines[range]);
        }
        push_line(
            &mut out,
            "Content-Length",
            self.body.len().to_string().as_bytes(),
        );
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        if out.len() > MESSAGE_BYTES_MAX {
            return Err(BuildError::TooLarge(out.len()));
        }
        Ok(Bytes::from(out))
    }
}

/// Writes a request.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequestBuilder {
    method: Method,
    uri: String,
    parts: Parts,
}

impl RequestBuilder {
    /// A request of that method to that URI.
    pub fn new(method: Method, uri: impl Into<String>) -> Self {
        Self {
            method,
            uri: uri.into(),
            parts: Parts::default(),
        }
    }

    /// Adds our Via: `SIP/2.0/{transport} {sent_by};branch={branch};rport`.
    pub fn via(self, transport: &str, sent_by: impl Display, branch: &str) -> Self {
        let value = format!("SIP/2.0/{transport} {sent_by};branch={branch};rport");
        self.header(Name::Via, value)
    }

    /// Adds CSeq with the request's own method.
    pub fn cseq(self, number: u32) -> Self {
        let value = format!("{number} {}", self.method);
        self.header(Name::CSeq, value)
    }

    /// Adds Max-Forwards.
    pub fn max_forwards(self, hops: u32) -> Self {
        self.header(Name::MaxForwards, hops.to_string())
    }

    /// Adds a field. Fields of one name keep their order. Content-Length is computed, so one given here is dropped.
    pub fn header(mut self, name: Name<'_>, value: impl AsRef<str>) -> Self {
        self.parts.add(name, value.as_ref().as_bytes());
        self
    }

    /// Adds all fields of that name as they stand in another message.
    pub fn copy(mut self, from: &Message, name: Name<'_>) -> Self {
        self.parts.copy(from, name);
        self
    }

    /// Sets the body and its Content-Type.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.parts.add(Name::ContentType, content_type.as_bytes());
        self.parts.body = body.into();
        self
    }

    /// The octets.
    pub fn to_bytes(self) -> Result<Bytes, BuildError> {
        let Self { method, uri, parts } = self;
        if uri.is_empty()
            || uri
                .bytes()
                .any(|octet| octet == b' ' || is_forbidden(octet))
        {
            return Err(BuildError::RequestUri(uri));
        }
        let mut out = Vec::with_capacity(uri.len() + 32 + parts.lines.len() + parts.body.len());
        for part in [method.as_str(), " ", &uri, " SIP/2.0\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        parts.finish(out)
    }

    /// The octets, read back.
    pub fn build(self) -> Result<Message, BuildError> {
        read_back(self.to_bytes()?)
    }
}

/// Writes the response to a request: Via, From, To, Call-ID and CSeq are the request's.
#[derive(Clone, Debug)]
#[must_use]
pub struct ResponseBuilder<'a> {
    request: &'a Message,
    status: StatusCode,
    reason: Option<String>,
    source: Option<SocketAddr>,
    to_tag: Option<&'a str>,
    parts: Parts,
}

impl<'a> ResponseBuilder<'a> {
    /// A response with that status. Record-Route is copied where the response can make a dialog (101 to 299).
    pub fn to(request: &'a Message, status: StatusCode) -> Self {
        let mut parts = Parts::default();
        if (101..300).contains(&status.get()) {
            parts.copy(request, Name::RecordRoute);
        } else if status == StatusCode::TRYING {
            parts.copy(request, Name::Timestamp);
        }
        Self {
            request,
            status,
            reason: None,
            source: None,
            to_tag: None,
            parts,
        }
    }

    /// Sets the reason phrase; without it, the usual one is sent.
    pub fn reason(mut self, phrase: &str) -> Self {
        self.reason = Some(phrase.to_owned());
        self
    }

    /// Where the request came from: goes to the top Via as RFC 3261 section 18.2.1 and RFC 3581 say.
    pub fn source(mut self, source: SocketAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// The tag for To, used if the request has none there (so not in a dialog) and the status is not 100.
    pub fn to_tag(mut self, tag: &'a str) -> Self {
        self.to_tag = Some(tag);
        self
    }

    /// Adds a field. Fields of one name keep their order. Content-Length is computed, so one given here is dropped.
    pub fn header(mut self, name: Name<'_>, value: impl AsRef<str>) -> Self {
        self.parts.add(name, value.as_ref().as_bytes());
        self
    }

    /// Sets the body and its Content-Type.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.parts.add(Name::ContentType, content_type.as_bytes());
        self.parts.body = body.into();
        self
    }

    /// The octets.
    pub fn to_bytes(self) -> Result<Bytes, BuildError> {
        let phrase = self
            .reason
            .as_deref()
            .unwrap_or(self.status.default_reason());
        if phrase.bytes().any(is_forbidden) {
            return Err(BuildError::ReasonPhrase);
        }
        if self.to_tag.is_some_and(|tag| !lex::is_token_text(tag)) {
            return Err(BuildError::Value("To".to_owned()));
        }
        let mut out = Vec::with_capacity(512 + self.parts.lines.len() + self.parts.body.len());
        for part in ["SIP/2.0 ", &self.status.to_string(), " ", phrase, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        self.write_vias(&mut out);
        for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
            self.write_first(name, &mut out);
        }
        self.parts.finish(out)
    }

    /// The octets, read back.
    pub fn build(self) -> Result<Message, BuildError> {
        read_back(self.to_bytes()?)
    }

    fn write_vias(&self, out: &mut Vec<u8>) {
        for (at, field) in self.request.fields_of(Name::Via).enumerate() {
            let top = self.source.filter(|_| at == 0);
            let end = lex::find_top(field.value, b',').unwrap_or(field.value.len());
            let (first, others) = field.value.split_at(end);
            match (top, Via::parse(first)) {
                (Some(source), Ok(via)) => {
                    out.extend_from_slice(b"Via: ");
                    via.write_received(source, out);
                    out.extend_from_slice(others.as_bytes());
                    out.extend_from_slice(b"\r\n");
                }
                _ => push_line(out, "Via", &verbatim(&field)),
            }
        }
    }

    fn write_first(&self, name: Name<'_>, out: &mut Vec<u8>) {
        let Some(field) = self.request.fields_of(name).next() else {
            return;
        };
        push_text(out, name.as_str(), &verbatim(&field));
        if name == Name::To
            && self.status != StatusCode::TRYING
            && let Some(tag) = self.to_tag
            && self.request.to().is_ok_and(|to| to.tag().is_none())
        {
            out.extend_from_slice(b";tag=");
            out.extend_from_slice(tag.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Lines that must not be read back wrong by a peer: what could end a line, and NUL.
fn is_forbidden(octet: u8) -> bool {
    octet == 0x7f || (octet < b' ' && octet != b'\t')
}

/// The octets as they came, folds joined.
fn verbatim<'a>(field: &Field<'a>) -> Cow<'a, [u8]> {
    if memchr::memchr2(b'\r', b'\n', field.octets).is_some() {
        Cow::Owned(parse::unfolded(field.octets))
    } else {
        Cow::Borrowed(field.octets)
    }
}

fn push_line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    push_text(out, name, value);
    out.extend_from_slice(b"\r\n");
}

/// A line without its end.
fn push_text(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
}

fn rank(name: Name<'_>) -> u8 {
    match name {
        Name::Via => 0,
        Name::Route => 1,
        Name::RecordRoute => 2,
        Name::MaxForwards => 3,
        Name::From => 4,
        Name::To => 5,
        Name::CallId => 6,
        Name::CSeq => 7,
        Name::Contact => 8,
        Name::ContentType => 10,
        _ => 9,
    }
}

fn read_back(bytes: Bytes) -> Result<Message, BuildError> {
    Message::parse(bytes).map_err(|malformed| BuildError::Unreadable(malformed.fault()))
}

/// Joins values to one list value: `a, b`.
#[must_use]
pub fn list<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for value in values {
        if !text.is_empty() {
            text.push_str(", ");
        }
        // Writing to a String does not fail.
        let _ = write!(text, "{value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite() -> Message {
        RequestBuilder::new(Method::Invite, "sip:100@example.com")
            .header(Name::Contact, "<sip:a@192.0.2.1>")
            .header(Name::Other("X-Trunk"), "ä")
            .header(Name::To, "<sip:100@example.com>")
            .header(Name::From, "<sip:a@example.com>;tag=f")
            .header(Name::CallId, "id@host")
            .cseq(7)
            .via("UDP", "192.0.2.1:5060", "z9hG4bKtop")
            .header(Name::Via, "SIP/2.0/UDP proxy;branch=z9hG4bKold")
            .header(Name::RecordRoute, "<sip:p1;lr>, <sip:p2;lr>")
            .max_forwards(70)
            .body("application/sdp", "v=0\r\n")
            .build()
            .unwrap()
    }

    #[test]
    fn a_request_has_its_fields_in_order() {
        let message = invite();
        let names: Vec<_> = message
            .fields()
            .map(|field| field.name_as_sent.to_owned())
            .collect();
        assert_eq!(
            names,
            [
                "Via",
                "Via",
                "Record-Route",
                "Max-Forwards",
                "From",
                "To",
                "Call-ID",
                "CSeq",
                "Contact",
                "X-Trunk",
                "Content-Type",
                "Content-Length"
            ]
        );
        assert_eq!(message.top_via().unwrap().branch(), Some("z9hG4bKtop"));
        assert_eq!(message.header(Name::Other("x-trunk")), Some("ä"));
        assert_eq!(message.body(), b"v=0\r\n");
        assert_eq!(message.cseq().unwrap().to_string(), "7 INVITE");
    }

    #[test]
    fn a_response_returns_what_it_must() {
        let request = invite();
        let response = ResponseBuilder::to(&request, StatusCode::OK)
            .source("198.51.100.7:1024".parse().unwrap())
            .to_tag("t")
            .header(Name::Contact, "<sip:edge>")
            .build()
            .unwrap();
        assert_eq!(
            std::str::from_utf8(response.bytes()).unwrap(),
            "SIP/2.0 200 OK\r\n\
             Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtop;rport=1024;received=198.51.100.7\r\n\
             Via: SIP/2.0/UDP proxy;branch=z9hG4bKold\r\n\
             From: <sip:a@example.com>;tag=f\r\n\
             To: <sip:100@example.com>;tag=t\r\n\
             Call-ID: id@host\r\n\
             CSeq: 7 INVITE\r\n\
             Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n\
             Contact: <sip:edge>\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let trying = ResponseBuilder::to(&request, StatusCode::TRYING)
            .to_tag("t")
            .build()
            .unwrap();
        assert_eq!(trying.to().unwrap().tag(), None);
        assert_eq!(trying.header(Name::RecordRoute), None);
    }

    #[test]
    fn several_vias_in_one_field_stay_in_order() {
        let request = RequestBuilder::new(Method::Options, "sip:a")
            .header(Name::Via, "SIP/2.0/UDP a;rport , SIP/2.0/TCP b")
            .build()
            .unwrap();
        let response = ResponseBuilder::to(&request, StatusCode::OK)
            .source("192.0.2.9:9".parse().unwrap())
            .build()
            .unwrap();
        assert_eq!(
            response.headers(Name::Via).collect::<Vec<_>>(),
            ["SIP/2.0/UDP a;rport=9;received=192.0.2.9", "SIP/2.0/TCP b"]
        );
    }

    #[test]
    fn a_value_cannot_end_its_line() {
        let build = |name, value: &str| {
            RequestBuilder::new(Method::Options, "sip:a")
                .header(name, value)
                .to_bytes()
        };
        for value in ["a\r\nX: y", "a\nb", "a\0", "a\rb", "\x7f"] {
            assert_eq!(
                build(Name::Subject, value),
                Err(BuildError::Value("Subject".into()))
            );
        }
        assert_eq!(
            build(Name::Other("X Y"), ""),
            Err(BuildError::Name("X Y".into()))
        );
        assert_eq!(
            build(Name::Other("X:"), ""),
            Err(BuildError::Name("X:".into()))
        );
        for uri in ["", "sip:a b", "sip:a\r\nX: y"] {
            let error = RequestBuilder::new(Method::Options, uri)
                .to_bytes()
                .unwrap_err();
            assert_eq!(error, BuildError::RequestUri(uri.into()));
        }
        let request = invite();
        let response = ResponseBuilder::to(&request, StatusCode::OK);
        assert_eq!(
            response.clone().reason("a\r\n").to_bytes(),
            Err(BuildError::ReasonPhrase)
        );
        assert!(response.to_tag("a;b").to_bytes().is_err());
    }
}
