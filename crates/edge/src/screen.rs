//! Strangers: requests from addresses of no trunk, refused before any state is made for them (RFC 3261 section 8.2.7).

use std::net::SocketAddr;

use bytes::Bytes;
use schemas::Hash;
use sip::{Message, Method, ResponseBuilder, StatusCode};

/// What to do with a datagram from an address of no trunk.
#[derive(Debug)]
pub enum Screened {
    /// It belongs to something that the edge began or let in, or claims to: the endpoint knows.
    Pass,
    /// It wants to begin something.
    Stranger(Box<Message>),
    /// It is no SIP message; why not.
    Noise(String),
}

/// 403 Forbidden.
const FORBIDDEN: u16 = 403;

/// Looks at a datagram from an address of no trunk.
pub fn screen(bytes: &Bytes) -> Screened {
    // An answer: whoever the edge asked may be no trunk's.
    if bytes.starts_with(b"SIP/2.0 ") {
        return Screened::Pass;
    }
    let message = match Message::parse(bytes.clone()) {
        Ok(message) => message,
        Err(malformed) => return Screened::Noise(malformed.fault().to_string()),
    };
    let begins = !matches!(message.method(), None | Some(Method::Ack | Method::Cancel))
        && message.to().is_ok_and(|to| to.tag().is_none());
    if begins {
        Screened::Stranger(Box::new(message))
    } else {
        Screened::Pass
    }
}

/// A 403 that needs no memory: the same request always gets the same one. `None` if nobody can be answered.
pub fn forbid(
    message: &Message,
    source: SocketAddr,
    secret: &[u8; 32],
) -> Option<(Bytes, SocketAddr)> {
    let via = message.top_via().ok()?;
    let tag = tag(message, secret);
    let status = StatusCode::new(FORBIDDEN)?;
    let answer = ResponseBuilder::to(message, status)
        .source(source)
        .to_tag(&tag)
        .to_bytes();
    Some((answer.ok()?, via.response_target(source)))
}

/// The status of [`forbid`].
pub fn forbidden() -> u16 {
    FORBIDDEN
}

fn tag(message: &Message, secret: &[u8; 32]) -> String {
    let branch = message
        .top_via()
        .ok()
        .and_then(|via| via.branch())
        .unwrap_or_default();
    let mut text = secret.to_vec();
    text.extend_from_slice(branch.as_bytes());
    text.push(0);
    text.extend_from_slice(message.call_id().unwrap_or_default().as_bytes());
    Hash::of(&text).to_string()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(start: &str, to: &str) -> Bytes {
        format!(
            "{start} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: {to}\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"
        )
        .into()
    }

    #[test]
    fn only_what_begins_something_is_a_strangers() {
        let begins = |start, to| matches!(screen(&request(start, to)), Screened::Stranger(_));
        assert!(begins("INVITE sip:x", "<sip:x>"));
        assert!(begins("OPTIONS sip:x", "<sip:x>"));
        assert!(!begins("BYE sip:x", "<sip:x>;tag=2"));
        assert!(!begins("ACK sip:x", "<sip:x>"));
        assert!(!begins("CANCEL sip:x", "<sip:x>"));
        assert!(matches!(
            screen(&"SIP/2.0 200 OK\r\n".into()),
            Screened::Pass
        ));
        assert!(matches!(screen(&"nonsense".into()), Screened::Noise(_)));
    }

    #[test]
    fn the_same_request_gets_the_same_answer() {
        let message = Message::parse(request("INVITE sip:x", "<sip:x>")).unwrap();
        let source = "192.0.2.9:4000".parse().unwrap();
        let (answer, to) = forbid(&message, source, &[1; 32]).unwrap();
        assert_eq!(to, "192.0.2.9:5070".parse().unwrap());
        assert!(answer.starts_with(b"SIP/2.0 403 Forbidden\r\n"));
        assert_eq!(forbid(&message, source, &[1; 32]).unwrap().0, answer);
        assert_ne!(forbid(&message, source, &[2; 32]).unwrap().0, answer);
    }
}
