//! The protocols in which agents speak over a WebSocket: what is written to them and what is read of them, without
//! the socket. One [`Dialect`] is one connection.
//!
//! ```text
//!   greeting()            what is said first, in order
//!   audio, key, played, cleared, farewell     what is said when it happens
//!   read(message) -> Said                     what the agent wants
//! ```

mod l16;
mod twilio;

pub use self::l16::{L16, Rate};
pub use self::twilio::Twilio;

use crate::codec::Codec;
use crate::dtmf::Press;

/// A message of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text, JSON here.
    Text(String),
    /// Octets, audio here.
    Binary(Vec<u8>),
}

/// What an agent said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Audio in the codec of the dialect, to be heard behind what waits already.
    Audio(Vec<u8>),
    /// It wants to know when what it said before is over.
    Mark(String),
    /// What waits to be heard shall not be heard.
    Clear,
    /// Something that asks for nothing: another event, another word.
    Other,
}

/// Why a message is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is no JSON object of that shape.
    #[error("a text message is no JSON that the protocol knows")]
    Json,
    /// The payload is not base64.
    #[error("the payload of a media message is not base64")]
    Payload,
    /// Binary where the protocol knows text only.
    #[error("the protocol knows no binary messages")]
    Binary,
    /// A mark that nobody could keep.
    #[error("the name of a mark is longer than {MARK_BYTES_MAX} octets")]
    Mark,
}

/// Who calls whom, as the first message tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// The id of the stream.
    pub stream: String,
    /// The id of the call.
    pub call: String,
    /// The id of the account.
    pub account: String,
    /// Everything else by name, in order.
    pub parameters: Vec<(String, String)>,
}

/// One connection's protocol.
#[derive(Clone, Debug)]
pub enum Dialect {
    /// Twilio Media Streams.
    Twilio(Twilio),
    /// Binary L16, as Vonage speaks it.
    L16(L16),
}

impl Dialect {
    /// The codec in which audio crosses.
    pub fn codec(&self) -> Codec {
        match self {
            Dialect::Twilio(_) => Codec::Pcmu,
            Dialect::L16(l16) => l16.codec(),
        }
    }

    /// What is said first, in order.
    pub fn greeting(&mut self) -> Vec<Message> {
        match self {
            Dialect::Twilio(twilio) => twilio.greeting().map(Message::Text).to_vec(),
            Dialect::L16(l16) => vec![Message::Text(l16.greeting())],
        }
    }

    /// 20 ms of the caller, that begin so many milliseconds after the stream did.
    pub fn audio(&mut self, frame: &[u8], at_ms: u64) -> Message {
        match self {
            Dialect::Twilio(twilio) => Message::Text(twilio.media(frame, at_ms)),
            Dialect::L16(l16) => Message::Binary(l16.audio(frame)),
        }
    }

    /// The caller pressed a key.
    pub fn key(&mut self, press: &Press) -> Message {
        Message::Text(match self {
            Dialect::Twilio(twilio) => twilio.dtmf(press.digit),
            Dialect::L16(l16) => l16.dtmf(press),
        })
    }

    /// What was said before a mark is over, heard or cleared.
    pub fn reached(&mut self, mark: &str) -> Message {
        Message::Text(match self {
            Dialect::Twilio(twilio) => twilio.mark(mark),
            Dialect::L16(l16) => l16.notify(mark),
        })
    }

    /// Nothing waits to be heard any more, because the agent wanted it so.
    pub fn cleared(&mut self) -> Option<Message> {
        match self {
            Dialect::Twilio(_) => None,
            Dialect::L16(l16) => Some(Message::Text(l16.cleared())),
        }
    }

    /// What is said last.
    pub fn farewell(&mut self) -> Option<Message> {
        match self {
            Dialect::Twilio(twilio) => Some(Message::Text(twilio.stop())),
            Dialect::L16(_) => None,
        }
    }

    /// What a text message says.
    pub fn read_text(&mut self, text: &str) -> Result<Said, Malformed> {
        match self {
            Dialect::Twilio(_) => twilio::read(text),
            Dialect::L16(_) => l16::read(text),
        }
    }

    /// What a binary message says.
    pub fn read_binary(&mut self, octets: &[u8]) -> Result<Said, Malformed> {
        match self {
            Dialect::Twilio(_) => Err(Malformed::Binary),
            Dialect::L16(l16) => Ok(Said::Audio(l16.read_audio(octets))),
        }
    }
}

/// Octets of a mark's name: Twilio's examples have a dozen, and it comes back as it is.
pub const MARK_BYTES_MAX: usize = 4_096;

/// A JSON string, with its quotes.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text has a JSON form")
}
