//! What an agent behind a WebSocket writes, in both protocols, and what the stream of its call makes of it.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::{Corpus, fuzz_target};
use media::dialect::{L16, MARK_BYTES_MAX, Rate, Twilio};
use media::{
    Call, Codec, Dialect, Input, Introduction, LegId, Message, Negotiated, Opening, Output, Said,
    Settings,
};

const CALLER: LegId = LegId(0);
const AGENT: LegId = LegId(1);

fuzz_target!(|octets: &[u8]| -> Corpus {
    let Some((first, written)) = octets.split_first() else {
        return Corpus::Reject;
    };
    let introduction = Introduction {
        parameters: vec![(
            "from".to_owned(),
            String::from_utf8_lossy(written).into_owned(),
        )],
        ..Introduction::default()
    };
    let mut dialect = match first % 3 {
        0 => Dialect::Twilio(Twilio::new(introduction)),
        1 => Dialect::L16(L16::new(Rate::Narrow, introduction)),
        _ => Dialect::L16(L16::new(Rate::Wide, introduction)),
    };
    for message in dialect.greeting() {
        is_json(&message);
    }
    let mut line = Line::new(&dialect);
    // One message a line; a line that begins with a zero octet is binary.
    for message in written.split(|octet| *octet == b'\n') {
        let said = match (message.strip_prefix(&[0]), std::str::from_utf8(message)) {
            (Some(binary), _) => dialect.read_binary(binary),
            (None, Ok(text)) => dialect.read_text(text),
            (None, Err(_)) => continue,
        };
        if let Ok(said) = said {
            line.says(&mut dialect, said);
        }
    }
    line.passes(&mut dialect, Duration::from_secs(1));
    dialect.farewell().iter().for_each(is_json);
    Corpus::Keep
});

struct Line {
    call: Call,
    now: Instant,
    marks: usize,
    reached: usize,
}

impl Line {
    fn new(dialect: &Dialect) -> Line {
        let mut line = Line {
            call: Call::new(Settings::default(), 1),
            now: Instant::now(),
            marks: 0,
            reached: 0,
        };
        let caller = SocketAddr::from(([192, 0, 2, 1], 4_000));
        let codec = dialect.codec();
        let opening = Opening {
            codec,
            silence: Some(Duration::from_millis(500)),
        };
        line.give(Input::Add { leg: CALLER });
        line.give(Input::Update {
            leg: CALLER,
            negotiated: Negotiated::new(caller, Codec::Pcmu),
        });
        line.give(Input::AddStream {
            leg: AGENT,
            opening,
        });
        line.give(Input::Bridge {
            leg: CALLER,
            with: AGENT,
        });
        line
    }

    fn give(&mut self, input: Input) {
        self.call
            .handle(input, self.now)
            .expect("the input is right");
    }

    fn says(&mut self, dialect: &mut Dialect, said: Said) {
        let leg = AGENT;
        match said {
            Said::Audio(audio) => self.give(Input::Say { leg, audio }),
            Said::Mark(name) => {
                assert!(name.len() <= MARK_BYTES_MAX);
                self.marks += 1;
                self.give(Input::Mark { leg, name });
            }
            Said::Clear => {
                self.give(Input::Clear { leg });
                self.drain(dialect);
                assert_eq!(self.reached, self.marks, "no mark waits behind a clear");
                dialect.cleared().iter().for_each(is_json);
            }
            Said::Other => self.passes(dialect, Duration::from_millis(100)),
        }
        self.drain(dialect);
    }

    fn passes(&mut self, dialect: &mut Dialect, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.call.deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.give(Input::Wake);
            self.drain(dialect);
            let next = self.call.deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "a deadline that does not move"
            );
        }
        self.now = until;
    }

    fn drain(&mut self, dialect: &mut Dialect) {
        while let Some(output) = self.call.poll() {
            match output {
                Output::Frame { bytes, at_ms, .. } => is_json(&dialect.audio(bytes, at_ms)),
                Output::Reached { mark, .. } => {
                    self.reached += 1;
                    is_json(&dialect.reached(&mark));
                }
                Output::Key { press, .. } => is_json(&dialect.key(&press)),
                Output::Send(_)
                | Output::Report(_)
                | Output::Recorded { .. }
                | Output::RecordingOver { .. }
                | Output::Event { .. } => {}
            }
        }
    }
}

fn is_json(message: &Message) {
    if let Message::Text(text) = message {
        let read: Result<serde_json::Value, _> = serde_json::from_str(text);
        assert!(read.is_ok_and(|value| value.is_object()), "{text}");
    }
}
