//! Who answers, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::terms::Srtp;

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
    },
}

fn default_tone_hz() -> u16 {
    440
}
