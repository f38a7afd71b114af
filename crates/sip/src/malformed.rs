//! What is wrong with a message that cannot be used, and how to say so without a transaction.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::build::ResponseBuilder;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

/// A message whose framing, start line or header lines are broken. What could be read is kept for the answer.
#[derive(Clone, Debug)]
pub struct Malformed {
    pub(crate) fault: Fault,
    /// Boxed: an error should not be larger than what it replaces.
    pub(crate) partial: Box<Message>,
}

/// The first thing that was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing but blanks and line ends.
    #[error("Empty Message")]
    Empty,
    /// More octets than [`crate::limits::MESSAGE_BYTES_MAX`].
    #[error("Message Too Large")]
    TooLarge,
    /// More fields than [`crate::limits::HEADERS_MAX`].
    #[error("Too Many Header Fields")]
    TooManyHeaders,
    /// A header field longer than [`crate::limits::LINE_BYTES_MAX`].
    #[error("Header Field Too Long")]
    HeaderTooLong,
    /// A request line longer than [`crate::limits::LINE_BYTES_MAX`].
    #[error("Request-URI Too Long")]
    UriTooLong,
    /// The first line is neither a request line nor a status line.
    #[error("Bad Request Line")]
    RequestLine,
    /// The first line is a status line without a status from 100 to 699.
    #[error("Bad Status Line")]
    StatusLine,
    /// A version other than SIP/2.0.
    #[error("Version Not Supported")]
    Version,
    /// A header line without colon.
    #[error("Header Line Without Colon")]
    NoColon,
    /// A header name that is not a token.
    #[error("Bad Header Name")]
    HeaderName,
    /// A line that ends with LF alone, or has a CR inside.
    #[error("Bad Line End")]
    LineEnd,
    /// The message ends before the empty line.
    #[error("No Empty Line After Headers")]
    HeadersNotEnded,
    /// Content-Length is not a number.
    #[error("Bad Content-Length")]
    ContentLength,
    /// Two Content-Length that differ.
    #[error("Conflicting Content-Length")]
    ContentLengthConflict,
    /// Content-Length is larger than what came.
    #[error("Content-Length Larger Than Message")]
    ContentLengthTooLarge,
}

/// Why a bad message gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// It is not known where to send the answer: there is no readable Via.
    #[error("no readable Via")]
    NoVia,
    /// A response is never answered.
    #[error("a response is not answered")]
    Response,
    /// An ACK is never answered.
    #[error("an ACK is not answered")]
    Ack,
}

/// What a bad or unacceptable message is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The reason phrase; it names the fault.
    pub reason: Cow<'static, str>,
    /// Set if no answer can or may be sent; status and reason are then for the history only.
    pub silence: Option<Silence>,
}

impl Fault {
    /// The status to answer with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::TooLarge | Self::TooManyHeaders | Self::HeaderTooLong => {
                StatusCode::MESSAGE_TOO_LARGE
            }
            Self::Empty
            | Self::RequestLine
            | Self::StatusLine
            | Self::NoColon
            | Self::HeaderName
            | Self::LineEnd
            | Self::HeadersNotEnded
            | Self::ContentLength
            | Self::ContentLengthConflict
            | Self::ContentLengthTooLarge => StatusCode::BAD_REQUEST,
        }
    }
}

impl Malformed {
    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The octets as received.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        self.partial.bytes()
    }

    /// What could be read: for logs and for the answer, not for acting on.
    #[must_use]
    pub fn partial(&self) -> &Message {
        &self.partial
    }

    /// Status and reason of the answer, and whether it may be sent.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer::to(&self.partial, self.fault.status(), self.fault.to_string())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.fault, f)
    }
}

impl std::error::Error for Malformed {}

impl Answer {
    /// An answer to `message`, silent where none may be sent.
    #[must_use]
    pub fn to(message: &Message, status: StatusCode, reason: impl Into<Cow<'static, str>>) -> Self {
        let silence = match message.method() {
            None => Some(Silence::Response),
            Some(Method::Ack) => Some(Silence::Ack),
            Some(_) => message.top_via().is_err().then_some(Silence::NoVia),
        };
        Self {
            status,
            reason: reason.into(),
            silence,
        }
    }

    /// The octets to send back to `source`, without a transaction; `tag` goes to To if that has none.
    pub fn response(
        &self,
        message: &Message,
        source: SocketAddr,
        tag: &str,
    ) -> Result<Bytes, Silence> {
        if let Some(silence) = self.silence {
            return Err(silence);
        }
        ResponseBuilder::to(message, self.status)
            .reason(&self.reason)
            .source(source)
            .to_tag(tag)
            .to_bytes()
            .map_err(|_| Silence::NoVia)
    }
}
