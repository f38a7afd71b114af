//! One pass over the octets of a message: lines, names, folds, lengths (RFC 3261 section 7.3, 7.5 and 18.3).
//!
//! After a fault the pass goes on, because the header fields behind it are needed to answer.

use std::ops::Range;

use bytes::Bytes;

use crate::header::{Known, Name};
use crate::lex;
use crate::limits::{HEADERS_MAX, LINE_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::malformed::{Fault, Malformed};
use crate::message::{Line, Message, Span, StartLine};
use crate::method::Method;
use crate::status::StatusCode;

/// Reads the message that fills `bytes`.
pub(crate) fn datagram(bytes: Bytes) -> Result<Message, Malformed> {
    let mut pass = Pass::new(bytes);
    pass.start_line();
    pass.header_lines();
    pass.body();
    let Pass { message, fault, .. } = pass;
    match fault {
        None => Ok(message),
        Some(fault) => Err(Malformed {
            fault,
            partial: Box::new(message),
        }),
    }
}

struct Pass {
    message: Message,
    at: usize,
    /// The first one.
    fault: Option<Fault>,
}

/// One logical line: where it stands without its line end, and whether it is folded.
struct Found {
    range: Range<usize>,
    folded: bool,
}

impl Pass {
    fn new(mut bytes: Bytes) -> Self {
        let mut fault = None;
        if bytes.len() > MESSAGE_BYTES_MAX {
            bytes.truncate(MESSAGE_BYTES_MAX);
            fault = Some(Fault::TooLarge);
        }
        let at = bytes
            .iter()
            .position(|octet| !matches!(octet, b'\r' | b'\n'))
            .unwrap_or(bytes.len());
        let text = String::with_capacity(bytes.len().min(2 * LINE_BYTES_MAX));
        let start = StartLine::Request {
            method: Method::Other("".into()),
            uri: Span::default(),
        };
        let lines = Vec::with_capacity(32);
        let body = bytes.len()..bytes.len();
        Self {
            message: Message {
                bytes,
                text,
                start,
                lines,
                body,
            },
            at,
            fault,
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Takes the next logical line. Without a line end, it goes to the end of the octets.
    fn line(&mut self, folding: bool) -> Option<Found> {
        let octets = &self.message.bytes[..];
        let start = self.at;
        let mut from = start;
        let mut folded = false;
        let mut end;
        loop {
            let Some(feed) = memchr::memchr(b'\n', octets.get(from..)?) else {
                self.at = octets.len();
                self.fail(Fault::HeadersNotEnded);
                let range = start..self.at;
                return (!range.is_empty()).then_some(Found { range, folded });
            };
            end = from + feed;
            from = end + 1;
            if end == start || octets[end - 1] != b'\r' {
                self.fault.get_or_insert(Fault::LineEnd);
            } else {
                end -= 1;
            }
            // An empty line cannot be continued: what follows is the body.
            if !folding || end == start || !matches!(octets.get(from), Some(b' ' | b'\t')) {
                break;
            }
            folded = true;
        }
        self.at = from;
        if end - start > LINE_BYTES_MAX {
            self.fail(Fault::HeaderTooLong);
            end = start + LINE_BYTES_MAX;
        }
        Some(Found {
            range: start..end,
            folded,
        })
    }

    fn start_line(&mut self) {
        if self.at == self.message.bytes.len() {
            return self.fail(Fault::Empty);
        }
        let before = self.fault;
        let Some(line) = self.line(false) else { return };
        if before.is_none() && self.fault == Some(Fault::HeaderTooLong) {
            self.fault = Some(Fault::UriTooLong);
        }
        let bytes = self.message.bytes.clone();
        let line = &bytes[line.range];
        if line.len() >= 4 && line[..4].eq_ignore_ascii_case(b"SIP/") {
            self.status_line(line);
        } else {
            self.request_line(line);
        }
    }

    /// Exactly `SIP/2.0 SP 3DIGIT SP phrase`; the blank before an empty phrase may be missing.
    fn status_line(&mut self, line: &[u8]) {
        let (version, rest) = split_blank(line);
        let (digits, phrase) = split_blank(rest.unwrap_or_default());
        let code = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.len() == 3 && digits.bytes().all(|o| o.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .and_then(StatusCode::new);
        if code.is_none() {
            self.fail(Fault::StatusLine);
        }
        if !version.eq_ignore_ascii_case(b"SIP/2.0") {
            self.fail(Fault::Version);
        }
        let reason = self.keep(phrase.unwrap_or_default());
        let code = code.unwrap_or(StatusCode::SERVER_INTERNAL_ERROR);
        self.message.start = StartLine::Status { code, reason };
    }

    /// Exactly `Method SP Request-URI SP SIP/2.0`.
    fn request_line(&mut self, line: &[u8]) {
        let (method, rest) = split_blank(line);
        let method = std::str::from_utf8(method).ok().and_then(Method::parse);
        let (uri, version) = split_blank(rest.unwrap_or_default());
        match version {
            _ if method.is_none() || uri.is_empty() => self.fail(Fault::RequestLine),
            Some(b"SIP/2.0") => {}
            Some(version) if is_version(version) => {
                if !version.eq_ignore_ascii_case(b"SIP/2.0") {
                    self.fail(Fault::Version);
                }
            }
            Some(_) | None => self.fail(Fault::RequestLine),
        }
        let method = method.unwrap_or(Method::Other("".into()));
        let uri = self.keep(uri);
        self.message.start = StartLine::Request { method, uri };
    }

    fn header_lines(&mut self) {
        let bytes = self.message.bytes.clone();
        while let Some(line) = self.line(true) {
            if line.range.is_empty() {
                return;
            }
            if self.message.lines.len() == HEADERS_MAX {
                self.fail(Fault::TooManyHeaders);
                continue;
            }
            let octets = &bytes[line.range.clone()];
            let Some(colon) = memchr::memchr(b':', octets) else {
                self.fail(Fault::NoColon);
                continue;
            };
            let name = octets[..colon].trim_ascii_end();
            if name.is_empty() || !name.iter().copied().all(lex::is_token) {
                self.fail(Fault::HeaderName);
                continue;
            }
            let start = line.range.start;
            let mut from = start + colon + 1;
            let mut to = line.range.end;
            while from < to && lex::is_space(bytes[from]) {
                from += 1;
            }
            while from < to && lex::is_space(bytes[to - 1]) {
                to -= 1;
            }
            let octets = &bytes[from..to];
            // A CR inside is no line end for us, but may be one for who gets the value from us.
            let stray = !line.folded && memchr::memchr(b'\r', octets).is_some();
            if stray {
                self.fail(Fault::LineEnd);
            }
            let value = if line.folded || stray {
                self.keep(&unfolded(octets))
            } else {
                self.keep(octets)
            };
            self.message.lines.push(Line {
                known: Known::of(name),
                name: Span::new(start..start + name.len()),
                octets: Span::new(from..to),
                value,
            });
        }
        self.fail(Fault::HeadersNotEnded);
    }

    fn body(&mut self) {
        let start = self.at;
        let available = self.message.bytes.len() - start;
        let length = match content_length(&self.message) {
            Ok(length) => length,
            Err(fault) => return self.fail(fault),
        };
        match length {
            Some(length) if length > available => self.fail(Fault::ContentLengthTooLarge),
            Some(length) => self.message.body = start..start + length,
            None => self.message.body = start..start + available,
        }
    }

    /// Appends octets to the message's text: UTF-8 as it is, anything else as Latin-1.
    fn keep(&mut self, octets: &[u8]) -> Span {
        let text = &mut self.message.text;
        let start = text.len();
        match std::str::from_utf8(octets) {
            Ok(value) => text.push_str(value),
            Err(_) => text.extend(octets.iter().copied().map(char::from)),
        }
        Span::new(start..text.len())
    }
}

/// The length that complete header fields announce for the body, before the body is there.
pub(crate) fn announced_length(head: &[u8]) -> Result<Option<usize>, Fault> {
    let mut pass = Pass::new(Bytes::copy_from_slice(head));
    pass.start_line();
    pass.header_lines();
    content_length(&pass.message)
}

/// The length that the header fields announce.
fn content_length(message: &Message) -> Result<Option<usize>, Fault> {
    let mut length = None;
    for field in message.fields_of(Name::ContentLength) {
        let digits = field.value;
        if digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(Fault::ContentLength);
        }
        // More digits than fit are more octets than can come.
        let found = digits.parse().unwrap_or(usize::MAX);
        if length.is_some_and(|length| length != found) {
            return Err(Fault::ContentLengthConflict);
        }
        length = Some(found);
    }
    Ok(length)
}

/// What stands before and after the first blank.
fn split_blank(octets: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b' ', octets) {
        Some(at) => (&octets[..at], Some(&octets[at + 1..])),
        None => (octets, None),
    }
}

/// `SIP/` digits `.` digits.
fn is_version(octets: &[u8]) -> bool {
    let Some((name, number)) = octets.split_at_checked(4) else {
        return false;
    };
    let mut parts = number.split(|octet| *octet == b'.');
    let mut digits = || {
        parts
            .next()
            .is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit))
    };
    name.eq_ignore_ascii_case(b"SIP/") && digits() && digits() && parts.next().is_none()
}

/// The octets with each fold (line end and the white space around it) as one blank.
pub(crate) fn unfolded(octets: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(octets.len());
    for line in octets.split(|octet| matches!(octet, b'\r' | b'\n')) {
        let line = line.trim_ascii();
        if !line.is_empty() {
            if !joined.is_empty() {
                joined.push(b' ');
            }
            joined.extend_from_slice(line);
        }
    }
    joined
}
