//! Who answers, as it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use super::terms::{Srtp, SrtpKeying};

/// `[agent.NAME]`
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Agent {
    /// Says what it hears.
    Echo {},
    /// Plays a tone.
    Tone {
        /// Hertz, 100 to 3400. Default 440.
        #[serde(default = "default_tone_hz")]
        frequency_hz: u16,
    },
    /// Plays a WAV file of 8 kHz, 16 bit, mono.
    Announcement {
        /// The file.
        file: String,
        /// Whether it begins again at its end.
        #[serde(default)]
        repeat: bool,
    },
    /// Plays a prompt and transfers by digit.
    Menu {
        /// The WAV file of the prompt. Default: a pattern of tones.
        prompt: Option<String>,
        /// Digit → transfer: `{ "1" = "queue" }`.
        choices: BTreeMap<String, String>,
    },
    /// A SIP peer.
    Sip {
        /// Its URI: `sip:bot@127.0.0.1:5080`.
        uri: String,
        /// Where to send the INVITE, if not to the URI's host and port.
        destination: Option<String>,
        /// Whether it may know who calls without wanting to be named. Default: no.
        #[serde(default)]
        trusted: bool,
        /// The header fields that are sent on to it. Default: as for trunks.
        headers_out: Option<Vec<String>>,
        /// Whether its media is SRTP: `off`, `prefer` or `require`. Default `off`.
        #[serde(default)]
        srtp: Srtp,
        /// How the keys of SRTP are exchanged, the best way first. Default `["sdes"]`.
        srtp_keying: Option<Vec<SrtpKeying>>,
        /// The codecs that it is offered, the best first, of `opus`, `G722`, `PCMU` and `PCMA`. Default: what the caller
        /// speaks, and G.711.
        codecs: Option<Vec<String>>,
    },
    /// A bot behind a WebSocket.
    WebSocket(WebSocket),
}

/// `[agent.NAME]` of kind `websocket`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebSocket {
    /// Its URL: `wss://bot.example/ws`.
    pub url: String,
    /// What is spoken: `twilio`, Twilio Media Streams, the default; or `l16`, binary audio as Vonage sends it.
    #[serde(default)]
    pub protocol: Protocol,
    /// Samples in a second of `l16`: 8000 or 16000, the default.
    pub rate: Option<u32>,
    /// What it is told beside who calls whom. Default: nothing.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Header fields of the handshake: `{ Authorization = { file = "bot.token" } }`. Default: none.
    #[serde(default)]
    pub headers: BTreeMap<String, Header>,
    /// The authorities that sign its certificate, PEM. Default: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Whether it may know who calls without wanting to be named. Default: no.
    #[serde(default)]
    pub trusted: bool,
    /// The header fields of the call that it is told as parameters. Default: as for trunks.
    pub headers_out: Option<Vec<String>>,
    /// How many seconds it may say nothing before the next one of `fallback` takes the call, 1 to 3600. Default: as many
    /// as it likes.
    pub silent_s: Option<u32>,
}

/// What is spoken over a WebSocket.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Twilio Media Streams.
    #[default]
    Twilio,
    /// Binary L16.
    L16,
}

/// The value of a header field. None of them is logged.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Header {
    /// As it is.
    Text(String),
    /// A file that holds it and nothing else.
    File {
        /// The file.
        file: PathBuf,
    },
    /// The environment.
    Variable {
        /// The name of the variable.
        env: String,
    },
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Header::Text(_) => f.write_str("Text(…)"),
            Header::File { file } => f.debug_tuple("File").field(file).finish(),
            Header::Variable { env } => f.debug_tuple("Variable").field(env).finish(),
        }
    }
}

fn default_tone_hz() -> u16 {
    440
}
