//! Newcomers: requests that begin something, looked at before any state is made for them (RFC 3261 section 8.2.7).

use std::sync::Arc;

use bytes::Bytes;
use sip::{Message, Method};

/// What to do with a datagram from an address that is no trunk's, or whose trunk has to prove more.
#[derive(Debug)]
pub enum Screened {
    /// It belongs to something that the edge began or let in, or claims to: the endpoint knows.
    Pass,
    /// It wants to begin something.
    Newcomer(Arc<Message>),
    /// It is no SIP message; why not.
    Noise(String),
}

/// Looks at such a datagram.
pub fn screen(bytes: &Bytes) -> Screened {
    // An answer: whoever the edge asked may be no trunk's.
    if bytes.starts_with(b"SIP/2.0 ") {
        return Screened::Pass;
    }
    let message = match Message::parse(bytes.clone()) {
        Ok(message) => message,
        Err(malformed) => return Screened::Noise(malformed.fault().to_string()),
    };
    if begins(&message) {
        Screened::Newcomer(Arc::new(message))
    } else {
        Screened::Pass
    }
}

/// Whether a message wants to begin something.
pub fn begins(message: &Message) -> bool {
    !matches!(message.method(), None | Some(Method::Ack | Method::Cancel))
        && message.to().is_ok_and(|to| to.tag().is_none())
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
    fn only_what_begins_something_is_a_newcomer() {
        let begins = |start, to| matches!(screen(&request(start, to)), Screened::Newcomer(_));
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
}
