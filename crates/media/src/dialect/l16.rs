//! Binary L16 as Vonage's Voice API speaks it: one JSON text that says who calls, then audio as binary messages of
//! 20 ms, the low octet first, and events as texts. It costs neither base64 nor the half of the voice's band.
//!
//! ```text
//!   to the agent    websocket:connected, audio …, websocket:dtmf, websocket:cleared, websocket:notify
//!   of the agent    audio, {"action":"clear"}, {"action":"notify","payload":…}
//! ```

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Introduction, MARK_BYTES_MAX, Malformed, Said, quoted};
use crate::codec::Codec;
use crate::dtmf::Press;

/// One stream.
#[derive(Clone, Debug)]
pub struct L16 {
    introduction: Introduction,
    rate: Rate,
    /// The first octet of a sample whose second is in the next message.
    odd: Option<u8>,
}

/// Samples in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// 8,000.
    Narrow,
    /// 16,000.
    Wide,
}

impl Rate {
    /// The rate of so many samples in a second, if it is spoken here.
    pub fn of_hz(hz: u32) -> Option<Rate> {
        match hz {
            8_000 => Some(Rate::Narrow),
            16_000 => Some(Rate::Wide),
            _ => None,
        }
    }

    /// Samples in a second.
    pub fn hz(self) -> u32 {
        match self {
            Rate::Narrow => 8_000,
            Rate::Wide => 16_000,
        }
    }
}

impl L16 {
    /// A stream that has said nothing.
    pub fn new(rate: Rate, introduction: Introduction) -> L16 {
        L16 {
            introduction,
            rate,
            odd: None,
        }
    }

    pub(super) fn codec(&self) -> Codec {
        match self.rate {
            Rate::Narrow => Codec::L16Narrow,
            Rate::Wide => Codec::L16Wide,
        }
    }

    /// Everything about the call stands beside the content type: there is no place of its own for it.
    pub(super) fn greeting(&self) -> String {
        let hz = self.rate.hz();
        let Introduction {
            stream,
            call,
            parameters,
            ..
        } = &self.introduction;
        let ids = [("call_id", call), ("stream_id", stream)];
        let ids = ids.map(|(name, value)| (name, value.as_str()));
        let told = parameters.iter();
        let told = told.map(|(name, value)| (name.as_str(), value.as_str()));
        let mut names = vec!["event", "content-type"];
        let mut text =
            format!(r#"{{"event":"websocket:connected","content-type":"audio/l16;rate={hz}""#);
        for (name, value) in told.chain(ids) {
            // A name stands once; who configures one of ours wins.
            if !names.contains(&name) {
                names.push(name);
                text.push_str(&format!(",{}:{}", quoted(name), quoted(value)));
            }
        }
        text.push('}');
        text
    }

    pub(super) fn audio(&self, frame: &[u8]) -> Vec<u8> {
        swapped(frame)
    }

    /// Octets of the agent, as samples with the high octet first. One that is half here waits for its other half.
    pub(super) fn read_audio(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut audio: Vec<u8> = self.odd.take().into_iter().collect();
        audio.extend_from_slice(octets);
        if audio.len() % 2 == 1 {
            self.odd = audio.pop();
        }
        swapped(&audio)
    }

    pub(super) fn dtmf(&self, press: &Press) -> String {
        let (digit, duration) = (press.digit.key(), press.duration.as_millis());
        format!(r#"{{"event":"websocket:dtmf","digit":"{digit}","duration":{duration}}}"#)
    }

    /// The payload comes back as it was written.
    pub(super) fn notify(&self, payload: &str) -> String {
        format!(r#"{{"event":"websocket:notify","payload":{payload}}}"#)
    }

    pub(super) fn cleared(&self) -> String {
        r#"{"event":"websocket:cleared"}"#.to_owned()
    }
}

fn swapped(octets: &[u8]) -> Vec<u8> {
    let (pairs, _) = octets.as_chunks::<2>();
    pairs
        .iter()
        .flat_map(|&[one, other]| [other, one])
        .collect()
}

#[derive(Deserialize)]
struct Written<'m> {
    #[serde(borrow, default)]
    action: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    payload: Option<&'m RawValue>,
}

pub(super) fn read(text: &str) -> Result<Said, Malformed> {
    let written: Written<'_> = serde_json::from_str(text).map_err(|_| Malformed::Json)?;
    match written.action.as_deref() {
        Some("clear") => Ok(Said::Clear),
        Some("notify") => {
            let payload = written.payload.map_or("null", RawValue::get);
            if payload.len() > MARK_BYTES_MAX {
                return Err(Malformed::Mark);
            }
            Ok(Said::Mark(payload.to_owned()))
        }
        Some(_) | None => Ok(Said::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtmf::Digit;
    use std::time::Duration;

    fn l16(parameters: &[(&str, &str)]) -> L16 {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        L16::new(
            Rate::Wide,
            Introduction {
                stream: "s".to_owned(),
                call: "c".to_owned(),
                account: String::new(),
                parameters: parameters.iter().map(pair).collect(),
            },
        )
    }

    #[test]
    fn the_first_message_says_who_calls_and_no_name_twice() {
        let greeting = l16(&[("event", "x"), ("from", "+1\"")]).greeting();
        assert_eq!(
            greeting,
            r#"{"event":"websocket:connected","content-type":"audio/l16;rate=16000","from":"+1\"","call_id":"c","stream_id":"s"}"#
        );
    }

    #[test]
    fn samples_cross_with_the_low_octet_first_however_they_are_cut() {
        let mut l16 = l16(&[]);
        assert_eq!(l16.audio(&[1, 2, 3, 4]), [2, 1, 4, 3]);
        assert_eq!(l16.read_audio(&[2, 1, 4]), [1, 2]);
        assert_eq!(l16.read_audio(&[3, 6, 5]), [3, 4, 5, 6]);
        assert_eq!(l16.read_audio(&[]), [0; 0]);
    }

    #[test]
    fn events_are_those_of_the_documentation() {
        let l16 = l16(&[]);
        let press = Press {
            digit: Digit::new('5').unwrap(),
            duration: Duration::from_millis(260),
            volume: 0,
        };
        assert_eq!(
            l16.dtmf(&press),
            r#"{"event":"websocket:dtmf","digit":"5","duration":260}"#
        );
        let notify = read(r#"{"action":"notify","payload":{"id": [1]}}"#);
        assert_eq!(notify, Ok(Said::Mark(r#"{"id": [1]}"#.to_owned())));
        assert_eq!(
            l16.notify(r#"{"id": [1]}"#),
            r#"{"event":"websocket:notify","payload":{"id": [1]}}"#
        );
        assert_eq!(read(r#"{"action":"clear"}"#), Ok(Said::Clear));
        assert_eq!(read(r#"{"action":"dance"}"#), Ok(Said::Other));
        assert_eq!(read(r#"{"event":"x"}"#), Ok(Said::Other));
        assert_eq!(read("hello"), Err(Malformed::Json));
        let long = format!(
            r#"{{"action":"notify","payload":"{}"}}"#,
            "x".repeat(MARK_BYTES_MAX)
        );
        assert_eq!(read(&long), Err(Malformed::Mark));
    }
}
