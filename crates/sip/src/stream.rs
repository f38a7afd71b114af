//! Messages in a byte stream: TCP and TLS (RFC 3261 section 18.3, RFC 5626 section 3.5.1).
//!
//! Drive it: [`StreamParser::feed`] what was read, then [`StreamParser::poll`] until `None`. A message that is bad but
//! framed leaves the stream usable; only when it is unknown where the next one starts is the framing lost.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

use crate::limits::MESSAGE_BYTES_MAX;
use crate::malformed::{Fault, Malformed};
use crate::message::Message;
use crate::parse;

/// What stood in the stream.
#[derive(Clone, Debug)]
pub enum Framed {
    /// A message.
    Message(Message),
    /// A message that is to be refused; the next one can be read.
    Malformed(Malformed),
    /// A keep-alive (two CRLF): answer with one CRLF.
    Ping,
    /// It is not known where the next message starts: answer if possible, then close the connection.
    Lost(Malformed),
}

/// Cuts a byte stream into messages. Holds at most one incomplete message plus what was fed since the last drain.
#[derive(Debug, Default)]
pub struct StreamParser {
    buffer: BytesMut,
    /// Up to here there is no end of the header fields.
    searched: usize,
    /// Octets of the message in front, once its header fields are complete.
    length: Option<usize>,
    lost: bool,
}

impl StreamParser {
    /// A parser at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was read from the connection. Ignored once the framing is lost.
    pub fn feed(&mut self, octets: &[u8]) {
        if !self.lost {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// The next thing that is complete.
    pub fn poll(&mut self) -> Option<Framed> {
        if self.lost {
            return None;
        }
        if self.length.is_none() {
            if self.skip_line_ends() {
                return Some(Framed::Ping);
            }
            match self.find_length()? {
                Ok(length) => self.length = Some(length),
                Err(fault) => return Some(self.lose(fault)),
            }
        }
        let length = self.length.filter(|length| *length <= self.buffer.len())?;
        self.length = None;
        self.searched = 0;
        let bytes = self.buffer.split_to(length).freeze();
        Some(match parse::datagram(bytes) {
            Ok(message) => Framed::Message(message),
            Err(malformed) => self.judge(malformed),
        })
    }

    /// True once the framing is lost: nothing more will come.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// True if the stream stands between messages: closing it now cuts nothing.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.buffer
            .iter()
            .all(|octet| matches!(octet, b'\r' | b'\n'))
    }

    /// Skips line ends between messages; true if two CRLF stood there. One CRLF alone waits for what follows.
    fn skip_line_ends(&mut self) -> bool {
        loop {
            match &self.buffer[..] {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.buffer.advance(4);
                    return true;
                }
                [b'\r', b'\n', next, ..] if *next != b'\r' => self.buffer.advance(2),
                [b'\r', b'\n', b'\r', next, ..] if *next != b'\n' => self.buffer.advance(2),
                _ => return false,
            }
        }
    }

    /// The length of the message in front, once its header fields are complete.
    fn find_length(&mut self) -> Option<Result<usize, Fault>> {
        let Some(end) = memmem::find(&self.buffer[self.searched..], b"\r\n\r\n") else {
            if self.buffer.len() > MESSAGE_BYTES_MAX {
                return Some(Err(Fault::TooLarge));
            }
            // The end may be cut in its middle.
            self.searched = self.buffer.len().saturating_sub(3);
            return None;
        };
        let head = self.searched + end + 4;
        if head > MESSAGE_BYTES_MAX {
            return Some(Err(Fault::TooLarge));
        }
        Some(match parse::announced_length(&self.buffer[..head]) {
            // Content-Length is mandatory here; peers that leave it out have no body.
            Ok(None) => Ok(head),
            Ok(Some(body)) if body > MESSAGE_BYTES_MAX - head => Err(Fault::TooLarge),
            Ok(Some(body)) => Ok(head + body),
            Err(fault) => Err(fault),
        })
    }

    /// A message without readable start line and Via comes from something that does not speak SIP.
    fn judge(&mut self, malformed: Malformed) -> Framed {
        let start = matches!(malformed.fault(), Fault::RequestLine | Fault::StatusLine);
        if start && malformed.partial().top_via().is_err() {
            self.lost = true;
            self.buffer.clear();
            return Framed::Lost(malformed);
        }
        Framed::Malformed(malformed)
    }

    fn lose(&mut self, fault: Fault) -> Framed {
        self.lost = true;
        let mut bytes: Bytes = self.buffer.split().freeze();
        bytes.truncate(MESSAGE_BYTES_MAX);
        let partial = Box::new(match parse::datagram(bytes) {
            Ok(message) => message,
            Err(malformed) => *malformed.partial,
        });
        Framed::Lost(Malformed { fault, partial })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &str = "REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n";

    fn drain(parser: &mut StreamParser) -> Vec<String> {
        std::iter::from_fn(|| parser.poll())
            .map(|framed| match framed {
                Framed::Message(message) => format!("message {}", message.body().len()),
                Framed::Malformed(malformed) => format!("malformed {malformed}"),
                Framed::Ping => "ping".to_owned(),
                Framed::Lost(malformed) => format!("lost {malformed}"),
            })
            .collect()
    }

    fn script(stream: &str) -> Vec<String> {
        let mut whole = StreamParser::new();
        whole.feed(stream.as_bytes());
        let at_once = drain(&mut whole);
        let mut bytewise = StreamParser::new();
        let one_by_one: Vec<_> = stream
            .bytes()
            .flat_map(|octet| {
                bytewise.feed(&[octet]);
                drain(&mut bytewise)
            })
            .collect();
        assert_eq!(
            at_once, one_by_one,
            "the cuts of the network must not matter"
        );
        at_once
    }

    #[test]
    fn messages_pings_and_stray_line_ends() {
        let stream = format!(
            "\r\n{REGISTER}l: 3\r\n\r\nabc{REGISTER}\r\n\r\n\r\n\r\n\r\n\r\n{REGISTER}Content-Length:\r\n 1\r\n\r\nx"
        );
        assert_eq!(
            script(&stream),
            ["message 3", "message 0", "ping", "ping", "message 1"]
        );
    }

    #[test]
    fn a_bad_message_does_not_end_the_stream() {
        let stream = format!(
            "{}l: 0\r\n\r\n{REGISTER}no colon\r\n\r\n{REGISTER}\r\n",
            REGISTER.replace("SIP/2.0\r\nV", "SIP/7.0\r\nV"),
        );
        assert_eq!(
            script(&stream),
            [
                "malformed Version Not Supported",
                "malformed Header Line Without Colon",
                "message 0"
            ]
        );
    }

    #[test]
    fn without_a_usable_length_the_framing_is_lost_but_can_be_answered() {
        for (length, fault) in [
            ("-1", "Bad Content-Length"),
            ("18446744073709551616", "Message Too Large"),
            ("1\r\nl: 2", "Conflicting Content-Length"),
        ] {
            let stream = format!("{REGISTER}Content-Length: {length}\r\n\r\nx{REGISTER}\r\n");
            assert_eq!(script(&stream)[0], format!("lost {fault}"));
            let mut parser = StreamParser::new();
            parser.feed(stream.as_bytes());
            let Some(Framed::Lost(malformed)) = parser.poll() else {
                panic!("not lost")
            };
            assert_eq!(malformed.answer().silence, None);
            assert!(parser.is_lost() && parser.poll().is_none());
        }
    }

    #[test]
    fn other_protocols_and_endless_heads_are_noticed() {
        assert_eq!(
            script("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            ["lost Bad Request Line"]
        );
        let mut parser = StreamParser::new();
        parser.feed(&vec![b'a'; MESSAGE_BYTES_MAX + 1]);
        assert_eq!(drain(&mut parser), ["lost Message Too Large"]);
        parser.feed(b"more");
        assert!(parser.buffer.is_empty());
    }
}
