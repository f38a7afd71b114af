//! Our message as the types of the `rsip` crate, and back: for those who use that vocabulary.
//!
//! Nothing of ours goes through here. rsip cannot hold everything (an own reason phrase, an unknown method, a URI
//! with headers); what it cannot hold is an error, never a silent change. The reason phrase is the one exception:
//! it becomes the usual one.

use std::net::IpAddr;

use bytes::Bytes;
use rsip::common::uri::{Auth, HostWithPort, Param};
use rsip::{Header, Headers, Request, Response, SipMessage};

use crate::build::{BuildError, RequestBuilder};
use crate::header::Name;
use crate::host::Host;
use crate::malformed::Malformed;
use crate::message::{Field, Message};
use crate::method::Method;
use crate::status::StatusCode;
use crate::uri::{Scheme, Uri};

/// Why a message cannot be expressed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Inexpressible {
    /// rsip knows a closed set of methods.
    #[error("method {0} is not known to rsip")]
    Method(Method),
    /// rsip reads other schemes, and headers of a URI, wrongly.
    #[error("request-URI {0} cannot be held by rsip")]
    Uri(String),
    /// A status out of range.
    #[error("status {0} is out of range")]
    Status(u16),
    /// The message cannot be written.
    #[error("message cannot be written")]
    Build(#[from] BuildError),
    /// The message cannot be read.
    #[error("message cannot be read")]
    Malformed(#[from] Malformed),
}

impl TryFrom<&Message> for SipMessage {
    type Error = Inexpressible;

    fn try_from(message: &Message) -> Result<Self, Inexpressible> {
        let headers: Headers = message.fields().map(header_of).collect::<Vec<_>>().into();
        let body = message.body().to_vec();
        let version = rsip::Version::V2;
        Ok(match (message.method(), message.status()) {
            (Some(method), _) => {
                let uri = message.uri().ok().and_then(|uri| uri_of(&uri));
                Self::Request(Request {
                    method: method_of(method)?,
                    uri: uri.ok_or_else(|| Inexpressible::Uri(message.request_uri().to_owned()))?,
                    version,
                    headers,
                    body,
                })
            }
            (None, status) => {
                let status_code = status.map_or(500, StatusCode::get).into();
                Self::Response(Response {
                    status_code,
                    version,
                    headers,
                    body,
                })
            }
        })
    }
}

impl TryFrom<&SipMessage> for Message {
    type Error = Inexpressible;

    fn try_from(message: &SipMessage) -> Result<Self, Inexpressible> {
        let bytes = match message {
            SipMessage::Request(request) => {
                let method = request.method.to_string();
                let method = Method::parse(&method).unwrap_or(Method::Other(method.into()));
                let builder = RequestBuilder::new(method, text_of(&request.uri));
                headers_into(builder, &request.headers, &request.body).to_bytes()?
            }
            SipMessage::Response(response) => {
                // The header fields are those of a request; only the first line differs.
                let code = response.status_code.code();
                let status = StatusCode::new(code).ok_or(Inexpressible::Status(code))?;
                let builder = RequestBuilder::new(Method::Options, "sip:response");
                let request =
                    headers_into(builder, &response.headers, &response.body).to_bytes()?;
                let end = memchr::memchr(b'\n', &request).map_or(0, |at| at + 1);
                let line = format!("SIP/2.0 {status} {}\r\n", status.default_reason());
                Bytes::from([line.as_bytes(), &request[end..]].concat())
            }
        };
        Ok(Self::parse(bytes)?)
    }
}

fn headers_into(mut builder: RequestBuilder, headers: &Headers, body: &[u8]) -> RequestBuilder {
    let mut content_type = None;
    for header in headers.iter() {
        let line = header.to_string();
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.trim();
        match Name::of(name.trim()) {
            Name::ContentType => content_type = Some(value.to_owned()),
            name => builder = builder.header(name, value),
        }
    }
    match content_type {
        Some(content_type) => builder.body(&content_type, body.to_vec()),
        None => builder.body("application/octet-stream", body.to_vec()),
    }
}

fn method_of(method: &Method) -> Result<rsip::Method, Inexpressible> {
    rsip::Method::all()
        .into_iter()
        .find(|known| known.to_string() == method.as_str())
        .ok_or_else(|| Inexpressible::Method(method.clone()))
}

fn uri_of(uri: &Uri<'_>) -> Option<rsip::Uri> {
    let scheme = match uri.scheme() {
        Scheme::Sip => rsip::Scheme::Sip,
        Scheme::Sips => rsip::Scheme::Sips,
        Scheme::Tel | Scheme::Other(_) => return None,
    };
    if uri.headers_text().is_some() {
        return None;
    }
    let auth = uri.user().map(|user| Auth {
        user: user.to_owned(),
        password: uri.password().map(str::to_owned),
    });
    let host = match uri.host() {
        Host::Name(name) => rsip::Host::Domain(name.into()),
        Host::V4(ip) => rsip::Host::IpAddr(IpAddr::V4(ip)),
        Host::V6(ip) => rsip::Host::IpAddr(IpAddr::V6(ip)),
    };
    let host_with_port = HostWithPort {
        host,
        port: uri.port().map(Into::into),
    };
    let params = uri.params().iter().map(|param| {
        Param::try_from((param.name, param.value))
            .unwrap_or_else(|_| Param::Other(param.name.into(), param.value.map(Into::into)))
    });
    let params = params.collect();
    Some(rsip::Uri {
        scheme: Some(scheme),
        auth,
        host_with_port,
        params,
        headers: Vec::new(),
    })
}

/// rsip prints an IPv6 address without its brackets, so the URI is put together here.
fn text_of(uri: &rsip::Uri) -> String {
    let scheme = uri
        .scheme
        .as_ref()
        .map_or_else(|| "sip".to_owned(), ToString::to_string);
    let auth = uri
        .auth
        .as_ref()
        .map(|auth| format!("{auth}@"))
        .unwrap_or_default();
    let host = match &uri.host_with_port.host {
        rsip::Host::IpAddr(IpAddr::V6(ip)) => format!("[{ip}]"),
        other => other.to_string(),
    };
    let port = uri
        .host_with_port
        .port
        .as_ref()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let params: String = uri.params.iter().map(ToString::to_string).collect();
    format!("{scheme}:{auth}{host}{port}{params}")
}

macro_rules! header_table {
    ($field:expr, $($name:ident)*) => {
        match $field.name {
            $(Name::$name => Header::$name($field.value.into()),)*
            // rsip keeps all the others by name.
            name => Header::Other(name.as_str().to_owned(), $field.value.to_owned()),
        }
    };
}

fn header_of(field: Field<'_>) -> Header {
    header_table!(field,
        Accept AcceptEncoding AcceptLanguage AlertInfo Allow AuthenticationInfo Authorization CSeq CallId CallInfo
        Contact ContentDisposition ContentEncoding ContentLength ContentType Date ErrorInfo Event Expires From
        InReplyTo MaxForwards MimeVersion MinExpires Organization Priority ProxyAuthenticate ProxyAuthorization
        ProxyRequire RecordRoute ReplyTo Require RetryAfter Route Server Subject SubscriptionState Supported Timestamp
        To Unsupported UserAgent Via Warning WwwAuthenticate)
}

#[cfg(test)]
mod tests {
    use rsip::headers::{ToTypedHeader, UntypedHeader};
    use rsip::prelude::HeadersExt;

    use super::*;

    fn ours(text: &str) -> Message {
        Message::parse(Bytes::from(text.to_owned())).unwrap()
    }

    const INVITE: &str = "INVITE sip:john.doe@[2001:db8::1]:5070;transport=tcp SIP/2.0\r\n\
        v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: x@y\r\n\
        CSeq: 1 INVITE\r\nX-Trunk: 7\r\nc: text/plain\r\nl: 2\r\n\r\nhi";

    #[test]
    fn compact_names_dotted_users_and_ipv6_reach_rsip_and_come_back() {
        let message = ours(INVITE);
        let theirs = SipMessage::try_from(&message).unwrap();
        let SipMessage::Request(request) = &theirs else {
            panic!("a request")
        };
        assert_eq!(request.uri.auth.as_ref().unwrap().user, "john.doe");
        assert_eq!(request.call_id_header().unwrap().value(), "x@y");
        assert_eq!(
            request
                .from_header()
                .unwrap()
                .typed()
                .unwrap()
                .tag()
                .unwrap()
                .value(),
            "1"
        );
        assert_eq!(request.body, b"hi");
        let back = Message::try_from(&theirs).unwrap();
        assert_eq!(back.request_uri().to_lowercase(), message.request_uri());
        assert_eq!(back.body(), message.body());
        for field in message.fields() {
            assert_eq!(back.header(field.name), Some(field.value), "{}", field.name);
        }
    }

    #[test]
    fn responses_come_back_with_the_usual_phrase() {
        let message = ours("SIP/2.0 487 Gone fishing\r\nCall-ID: x\r\nl: 0\r\n\r\n");
        let theirs = SipMessage::try_from(&message).unwrap();
        let back = Message::try_from(&theirs).unwrap();
        assert_eq!(back.status(), Some(StatusCode::REQUEST_TERMINATED));
        assert_eq!(back.reason_phrase(), "Request Terminated");
        assert_eq!(back.call_id(), Ok("x"));
    }

    #[test]
    fn what_rsip_cannot_hold_is_an_error() {
        for line in [
            "X-PING sip:a",
            "invite sip:a",
            "INVITE tel:+123",
            "INVITE sip:a?b=c",
        ] {
            let message = ours(&format!("{line} SIP/2.0\r\nl: 0\r\n\r\n"));
            assert!(SipMessage::try_from(&message).is_err(), "{line}");
        }
    }
}
