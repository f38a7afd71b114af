//! A SIP message as received: its octets, and where in them everything stands (RFC 3261 section 7).
//!
//! Parsing finds lines; values are read when somebody asks. The text of a value is the octets with folds joined by
//! one blank and, where they are not UTF-8, read as Latin-1; [`Field::octets`] has them as sent.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use crate::cseq::CSeq;
use crate::header::{HeaderError, Known, MISSING, Name};
use crate::lex;
use crate::malformed::Malformed;
use crate::method::Method;
use crate::name_addr::NameAddr;
use crate::parse;
use crate::status::StatusCode;
use crate::uri::Uri;
use crate::via::Via;

/// A message that has a start line, header fields and a body; whether they make sense is asked one by one.
#[derive(Clone)]
pub struct Message {
    pub(crate) bytes: Bytes,
    /// The values as text, one after another; the request-URI or reason phrase first.
    pub(crate) text: String,
    pub(crate) start: StartLine,
    pub(crate) lines: Vec<Line>,
    pub(crate) body: Range<usize>,
}

/// The start line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StartLine {
    Request { method: Method, uri: Span },
    Status { code: StatusCode, reason: Span },
}

/// A range of octets; four of these fit where two `Range<usize>` would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

/// One header field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) known: Known,
    /// In the octets.
    pub(crate) name: Span,
    /// In the octets, folds included.
    pub(crate) octets: Span,
    /// In the text.
    pub(crate) value: Span,
}

impl Span {
    /// Messages are bounded to 64 KiB and their text to twice that, so the conversion does not fail.
    pub(crate) fn new(range: Range<usize>) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: narrow(range.start),
            end: narrow(range.end),
        }
    }

    pub(crate) fn range(self) -> Range<usize> {
        let wide = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        wide(self.start)..wide(self.end)
    }
}

/// A header field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as sent.
    pub name_as_sent: &'a str,
    /// The name.
    pub name: Name<'a>,
    /// The value as text, unfolded, not split.
    pub value: &'a str,
    /// The value's octets as sent, folds included.
    pub octets: &'a [u8],
}

impl Message {
    /// Reads the message of a datagram. Empty lines in front are skipped; octets after the body that
    /// Content-Length announces are ignored; without Content-Length the body goes to the end.
    pub fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        parse::datagram(bytes)
    }

    /// The octets as received.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// True for a request, false for a response.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }

    /// The method of a request; for a response ask [`Message::cseq`].
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Status { .. } => None,
        }
    }

    /// The request-URI as sent; empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &str {
        match self.start {
            StartLine::Request { uri, .. } => self.text_at(uri),
            StartLine::Status { .. } => "",
        }
    }

    /// The request-URI, read.
    pub fn uri(&self) -> Result<Uri<'_>, HeaderError> {
        Uri::parse(self.request_uri()).map_err(|reason| HeaderError {
            header: "Request-URI",
            reason,
        })
    }

    /// The status of a response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Status { code, .. } => Some(code),
        }
    }

    /// The reason phrase as sent; empty for a request.
    #[must_use]
    pub fn reason_phrase(&self) -> &str {
        match self.start {
            StartLine::Request { .. } => "",
            StartLine::Status { reason, .. } => self.text_at(reason),
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }

    /// The body, sharing the octets received.
    #[must_use]
    pub fn body_bytes(&self) -> Bytes {
        self.bytes.slice(self.body.clone())
    }

    /// All header fields in order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.lines.iter().map(|line| self.field(line))
    }

    /// The fields of one name in order, not split at commas.
    pub fn fields_of<'a>(&'a self, name: Name<'_>) -> impl Iterator<Item = Field<'a>> {
        let known = name.known();
        self.lines
            .iter()
            .filter(move |line| {
                line.known == known
                    && (known != Known::Other
                        || self.bytes[line.name.range()]
                            .eq_ignore_ascii_case(name.as_str().as_bytes()))
            })
            .map(|line| self.field(line))
    }

    /// The first value of that name: of a list, its first member.
    #[must_use]
    pub fn header(&self, name: Name<'_>) -> Option<&str> {
        self.headers(name).next()
    }

    /// All values of that name in order; lists are split at their top-level commas, empty members left out.
    pub fn headers<'a>(&'a self, name: Name<'_>) -> impl Iterator<Item = &'a str> {
        let is_list = name.is_list();
        self.fields_of(name).flat_map(move |field| {
            let list = is_list.then(|| lex::split_top(field.value, b','));
            let one = (!is_list).then_some(field.value);
            list.into_iter()
                .flatten()
                .filter(|member| !member.is_empty())
                .chain(one)
        })
    }

    /// The first value of that name, or an error that says it is missing.
    pub fn require(&self, name: Name<'_>) -> Result<&str, HeaderError> {
        self.header(name).ok_or_else(|| name.error(MISSING))
    }

    /// The topmost Via.
    pub fn top_via(&self) -> Result<Via<'_>, HeaderError> {
        let value = self.require(Name::Via)?;
        Via::parse(value).map_err(|reason| Name::Via.error(reason))
    }

    /// From.
    pub fn from(&self) -> Result<NameAddr<'_>, HeaderError> {
        self.address(Name::From)
    }

    /// To.
    pub fn to(&self) -> Result<NameAddr<'_>, HeaderError> {
        self.address(Name::To)
    }

    /// Call-ID, as sent: it compares octet by octet.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        match self.require(Name::CallId)? {
            value if value.is_empty() || value.contains([' ', '\t']) => {
                Err(Name::CallId.error("not one word"))
            }
            value => Ok(value),
        }
    }

    /// CSeq.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        CSeq::parse(self.require(Name::CSeq)?)
    }

    /// The first Contact.
    pub fn contact(&self) -> Result<NameAddr<'_>, HeaderError> {
        self.address(Name::Contact)
    }

    /// The first value of that name as an address.
    pub fn address(&self, name: Name<'_>) -> Result<NameAddr<'_>, HeaderError> {
        NameAddr::parse(self.require(name)?).map_err(|reason| name.error(reason))
    }

    /// All values of that name as addresses, in order: Contact, Route, Record-Route, P-Asserted-Identity …
    pub fn addresses<'a>(
        &'a self,
        name: Name<'a>,
    ) -> impl Iterator<Item = Result<NameAddr<'a>, HeaderError>> {
        self.headers(name)
            .map(move |value| NameAddr::parse(value).map_err(|reason| name.error(reason)))
    }

    /// Max-Forwards, if present.
    pub fn max_forwards(&self) -> Result<Option<u32>, HeaderError> {
        self.number(Name::MaxForwards)
    }

    /// The number that a header of digits holds, if the header is present: Expires, Min-Expires, RSeq …
    pub fn number(&self, name: Name<'_>) -> Result<Option<u32>, HeaderError> {
        let Some(value) = self.header(name) else {
            return Ok(None);
        };
        if value.is_empty() || !value.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(name.error("not a number"));
        }
        value
            .parse()
            .map(Some)
            .map_err(|_| name.error("number too large"))
    }

    /// The media type of the body without parameters (`application/sdp`), as sent, if the header is present.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        let value = self.header(Name::ContentType)?;
        Some(lex::trim(
            value.split_once(';').map_or(value, |(media, _)| media),
        ))
    }

    /// True if the body is of that media type, in any case.
    #[must_use]
    pub fn has_body_of(&self, media_type: &str) -> bool {
        !self.body().is_empty()
            && self
                .content_type()
                .is_some_and(|found| found.eq_ignore_ascii_case(media_type))
    }

    /// True if a list of tokens (Supported, Require, Allow …) names `token`, in any case.
    #[must_use]
    pub fn lists(&self, name: Name<'_>, token: &str) -> bool {
        self.headers(name)
            .any(|member| member.eq_ignore_ascii_case(token))
    }

    pub(crate) fn field<'a>(&'a self, line: &Line) -> Field<'a> {
        let octets = &self.bytes[line.name.range()];
        // The parser lets only tokens pass, which are ASCII.
        let name_as_sent = std::str::from_utf8(octets).unwrap_or_default();
        Field {
            name_as_sent,
            name: line.known.name().unwrap_or(Name::Other(name_as_sent)),
            value: self.text_at(line.value),
            octets: &self.bytes[line.octets.range()],
        }
    }

    fn text_at(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// The start line only: the rest is personal, and long.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.start {
            StartLine::Request { method, .. } => write!(f, "Message({method} request)"),
            StartLine::Status { code, .. } => write!(f, "Message({code} response)"),
        }
    }
}
