//! Twilio Media Streams, both ways (`<Connect><Stream>`): JSON texts, µ-law at 8 kHz in base64. All numbers are
//! strings, but for those of the media format; every message behind `connected` has the next sequence number.
//!
//! ```text
//!   to the agent    connected, start, media …, dtmf, mark, stop
//!   of the agent    media, mark, clear
//! ```

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::{Introduction, MARK_BYTES_MAX, Malformed, Said, quoted};
use crate::dtmf::Digit;

/// One stream.
#[derive(Clone, Debug)]
pub struct Twilio {
    introduction: Introduction,
    /// The sequence number of the next message.
    sequence: u64,
    /// The number of the next chunk of audio.
    chunk: u64,
}

impl Twilio {
    /// A stream that has said nothing.
    pub fn new(introduction: Introduction) -> Twilio {
        Twilio {
            introduction,
            sequence: 1,
            chunk: 1,
        }
    }

    pub(super) fn greeting(&mut self) -> [String; 2] {
        let connected = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
        [connected.to_owned(), self.start()]
    }

    fn start(&mut self) -> String {
        let sequence = self.count();
        let Introduction {
            stream,
            call,
            account,
            parameters,
        } = &self.introduction;
        let (stream, call, account) = (quoted(stream), quoted(call), quoted(account));
        let parameters: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)))
            .collect();
        let parameters = parameters.join(",");
        format!(
            r#"{{"event":"start","sequenceNumber":"{sequence}","start":{{"accountSid":{account},"streamSid":{stream},"callSid":{call},"tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"customParameters":{{{parameters}}}}},"streamSid":{stream}}}"#
        )
    }

    /// The one that is made fifty times a second: written into one string of the right size.
    pub(super) fn media(&mut self, frame: &[u8], at_ms: u64) -> String {
        let sequence = self.count();
        let chunk = self.chunk;
        self.chunk += 1;
        let stream = &self.introduction.stream;
        let mut text = String::with_capacity(FRAME_OF_MEDIA + stream.len() + frame.len() * 4 / 3);
        let _ = write!(
            text,
            r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{at_ms}","payload":""#
        );
        BASE64.encode_string(frame, &mut text);
        let _ = write!(text, r#""}},"streamSid":"{stream}"}}"#);
        text
    }

    pub(super) fn dtmf(&mut self, digit: Digit) -> String {
        let (sequence, stream) = (self.count(), &self.introduction.stream);
        let digit = digit.key();
        format!(
            r#"{{"event":"dtmf","streamSid":"{stream}","sequenceNumber":"{sequence}","dtmf":{{"track":"inbound_track","digit":"{digit}"}}}}"#
        )
    }

    pub(super) fn mark(&mut self, name: &str) -> String {
        let (sequence, stream) = (self.count(), &self.introduction.stream);
        let name = quoted(name);
        format!(
            r#"{{"event":"mark","sequenceNumber":"{sequence}","streamSid":"{stream}","mark":{{"name":{name}}}}}"#
        )
    }

    pub(super) fn stop(&mut self) -> String {
        let sequence = self.count();
        let Introduction {
            stream,
            call,
            account,
            ..
        } = &self.introduction;
        let (call, account) = (quoted(call), quoted(account));
        format!(
            r#"{{"event":"stop","sequenceNumber":"{sequence}","streamSid":"{stream}","stop":{{"accountSid":{account},"callSid":{call}}}}}"#
        )
    }

    fn count(&mut self) -> u64 {
        let sequence = self.sequence;
        self.sequence += 1;
        sequence
    }
}

/// What a bot wrote. It may say more than is read, and its stream id is not looked at: a connection is one stream.
#[derive(Deserialize)]
struct Written<'m> {
    #[serde(borrow)]
    event: Cow<'m, str>,
    #[serde(borrow, default)]
    media: Option<Media<'m>>,
    #[serde(default)]
    mark: Option<Mark>,
}

#[derive(Deserialize)]
struct Media<'m> {
    #[serde(borrow)]
    payload: Cow<'m, str>,
}

#[derive(Deserialize)]
struct Mark {
    name: String,
}

pub(super) fn read(text: &str) -> Result<Said, Malformed> {
    let written: Written<'_> = serde_json::from_str(text).map_err(|_| Malformed::Json)?;
    match &*written.event {
        "media" => {
            let media = written.media.ok_or(Malformed::Json)?;
            let audio = BASE64.decode(media.payload.as_bytes());
            audio.map(Said::Audio).map_err(|_| Malformed::Payload)
        }
        "mark" => {
            let name = written.mark.ok_or(Malformed::Json)?.name;
            if name.len() > MARK_BYTES_MAX {
                return Err(Malformed::Mark);
            }
            Ok(Said::Mark(name))
        }
        "clear" => Ok(Said::Clear),
        _ => Ok(Said::Other),
    }
}

/// With padding; what is read may leave it out, as some writers do.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Octets of a media message beside payload and stream id, with room for numbers of a day.
const FRAME_OF_MEDIA: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    fn twilio() -> Twilio {
        Twilio::new(Introduction {
            stream: "MZ1".to_owned(),
            call: "CA1".to_owned(),
            account: "AC1".to_owned(),
            parameters: vec![("from \"x\"".to_owned(), "a\\b\n".to_owned())],
        })
    }

    fn json(text: &str) -> serde_json::Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn messages_are_those_of_the_documentation() {
        let mut twilio = twilio();
        let [connected, start] = twilio.greeting();
        assert_eq!(
            json(&connected),
            serde_json::json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        );
        assert_eq!(
            json(&start),
            serde_json::json!({
                "event": "start",
                "sequenceNumber": "1",
                "start": {
                    "accountSid": "AC1",
                    "streamSid": "MZ1",
                    "callSid": "CA1",
                    "tracks": ["inbound"],
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                    "customParameters": {"from \"x\"": "a\\b\n"},
                },
                "streamSid": "MZ1",
            })
        );
        assert_eq!(
            json(&twilio.media(&[0xff, 0x7f, 0], 40)),
            serde_json::json!({
                "event": "media",
                "sequenceNumber": "2",
                "media": {"track": "inbound", "chunk": "1", "timestamp": "40", "payload": "/38A"},
                "streamSid": "MZ1",
            })
        );
        assert_eq!(
            json(&twilio.dtmf(Digit::new('#').unwrap())),
            serde_json::json!({
                "event": "dtmf",
                "streamSid": "MZ1",
                "sequenceNumber": "3",
                "dtmf": {"track": "inbound_track", "digit": "#"},
            })
        );
        assert_eq!(
            json(&twilio.mark("said \u{1}")),
            serde_json::json!({
                "event": "mark",
                "sequenceNumber": "4",
                "streamSid": "MZ1",
                "mark": {"name": "said \u{1}"},
            })
        );
        assert_eq!(
            json(&twilio.stop()),
            serde_json::json!({
                "event": "stop",
                "sequenceNumber": "5",
                "streamSid": "MZ1",
                "stop": {"accountSid": "AC1", "callSid": "CA1"},
            })
        );
    }

    #[test]
    fn a_media_message_takes_one_string() {
        let mut twilio = Twilio::new(Introduction {
            stream: format!("MZ{:032x}", 7),
            ..Introduction::default()
        });
        let text = twilio.media(&[0; 160], 86_400_000);
        assert!(text.capacity() < text.len() + FRAME_OF_MEDIA);
    }

    #[test]
    fn what_bots_write_is_read() {
        let audio = |octets: &[u8]| Ok(Said::Audio(octets.to_vec()));
        let cases = [
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38A"}}"#,
                audio(&[0xff, 0x7f, 0]),
            ),
            // Python's json.dumps escapes nothing of it, others escape the slash.
            (
                r#"{ "media" : {"track":"outbound","payload":"\/38A"}, "event": "media" }"#,
                audio(&[0xff, 0x7f, 0]),
            ),
            (
                r#"{"event":"media","media":{"payload":"/w"}}"#,
                audio(&[0xff]),
            ),
            (
                r#"{"event":"media","media":{"payload":"/w=="}}"#,
                audio(&[0xff]),
            ),
            (
                r#"{"event":"media","media":{"payload":"*"}}"#,
                Err(Malformed::Payload),
            ),
            (r#"{"event":"media"}"#, Err(Malformed::Json)),
            (
                r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"a\nb"}}"#,
                Ok(Said::Mark("a\nb".to_owned())),
            ),
            (r#"{"event":"mark"}"#, Err(Malformed::Json)),
            (r#"{"event":"clear","streamSid":"other"}"#, Ok(Said::Clear)),
            (r#"{"event":"dtmf"}"#, Ok(Said::Other)),
            (r#"{"type":"session"}"#, Err(Malformed::Json)),
            ("[]", Err(Malformed::Json)),
            ("", Err(Malformed::Json)),
        ];
        for (text, said) in cases {
            assert_eq!(read(text), said, "{text}");
        }
        let long = format!(
            r#"{{"event":"mark","mark":{{"name":"{}"}}}}"#,
            "x".repeat(MARK_BYTES_MAX + 1)
        );
        assert_eq!(read(&long), Err(Malformed::Mark));
    }
}
