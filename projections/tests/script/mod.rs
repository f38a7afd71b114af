//! Calls as text: each line is one event, `TIME AUTHOR WHAT ARGUMENTS`, and becomes a record as the
//! edge or control would write it. Whoever needs a realistic history (tests, the bench, the page's
//! example) writes one of these.
//!
//! ```text
//! 0.000 edge invite office +14155550123 +14155550100 name="Ann Example" x-ticket=42 diverted=+14155550188
//! 0.002 control route.number dial 1 sip:bot@10.0.0.9 ; ring 0 ; routed greeter "number +14155550100"
//! ```

mod decision;
mod line;
mod media;
mod observation;
mod recording;
mod wire;

use std::collections::BTreeMap;

use schemas::observation::{HangUpRequested, LegRinging, RecordingAction, RecordingRequested};
use schemas::{
    CallId, Chain, Draft, Event, EventId, Lane, LegId, NodeName, Record, Subject, Timestamp,
    Unknown,
};

use self::decision::decision;
use self::line::{Line, split};
use self::observation::observation;
use self::recording::asked_by_agent;
use self::wire::wire;

/// A call that was written down: its records in the order of the log, and its wire capture.
#[derive(Default)]
pub struct Written {
    /// Facts, decisions and requests.
    pub records: Vec<Record>,
    /// SIP messages.
    pub wire: Vec<Record>,
}

/// Writes a script as a call that begins at a moment. A line that cannot be read panics with itself.
pub fn write(script: &str, call: CallId, began: Timestamp) -> Written {
    let mut writer = Writer {
        call,
        began,
        chains: BTreeMap::new(),
        last_fact: None,
        last_decision: None,
        legs: BTreeMap::new(),
        written: Written::default(),
    };
    for line in script.lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with('#') {
            writer.line(line);
        }
    }
    writer.written
}

struct Writer {
    call: CallId,
    began: Timestamp,
    chains: BTreeMap<Lane, Chain>,
    last_fact: Option<EventId>,
    last_decision: Option<EventId>,
    /// The peer's address on each leg, for the wire capture.
    legs: BTreeMap<u16, String>,
    written: Written,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let words = split(line);
        let seconds: f64 = words[0]
            .parse()
            .unwrap_or_else(|_| panic!("no time: {line}"));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a script's times are small"
        )]
        let at = Timestamp(self.began.0 + (seconds * 1e6).round() as i64);
        let line = Line {
            text: line,
            words: words[2..].to_vec(),
        };
        match words[1].as_str() {
            "edge" => {
                let event = observation(&line, &mut self.legs);
                // What came of the decision before.
                let answers = line.words.last().is_some_and(|word| word == "answers");
                let because = self.last_decision.filter(|_| answers);
                let record = self.append(Lane::Facts, at, because, event.into());
                self.last_fact = Some(record.id());
                self.written.records.push(record);
            }
            "operator" => {
                let by = line.word(0).to_owned();
                let key = line.find("key").map(str::to_owned);
                let action = line.find("recording").map(|action| match action {
                    "start" => RecordingAction::Start,
                    "pause" => RecordingAction::Pause,
                    "resume" => RecordingAction::Resume,
                    "stop" => RecordingAction::Stop,
                    other => panic!("nobody asks for {other}"),
                });
                let asked: Event = match action {
                    Some(action) => RecordingRequested { action, by, key }.into(),
                    None => HangUpRequested { by, key, leg: None }.into(),
                };
                let record = self.append(Lane::Requests, at, None, asked);
                self.last_fact = Some(record.id());
                self.written.records.push(record);
            }
            "agent" => {
                let asked: Event = asked_by_agent(&line).into();
                let record = self.append(Lane::Requests, at, None, asked);
                self.last_fact = Some(record.id());
                self.written.records.push(record);
            }
            "control" => {
                let decision = decision(&line);
                let because = self.last_fact;
                let record = self.append(Lane::Decisions, at, because, decision.into());
                self.last_decision = Some(record.id());
                self.written.records.push(record);
            }
            "wire" => {
                let message = wire(&line, &self.legs);
                let record = self.append(Lane::Wire, at, None, message.into());
                self.written.wire.push(record);
            }
            // An event that nobody will ever see again.
            "lost" => {
                let event = LegRinging {
                    leg: LegId(0),
                    status: 180,
                }
                .into();
                let lane = if line.words.first().is_some_and(|word| word == "decision") {
                    Lane::Decisions
                } else {
                    Lane::Facts
                };
                self.append(lane, at, None, event);
            }
            "later-release" => {
                let unknown = Unknown {
                    kind: 999,
                    version: 3,
                    payload: vec![1, 2, 3],
                };
                let record = self.append(Lane::Facts, at, None, Event::Unknown(unknown));
                self.written.records.push(record);
            }
            "torn" => {
                let unknown = Unknown {
                    kind: 2,
                    version: 1,
                    payload: vec![0xff; 3],
                };
                let record = self.append(Lane::Facts, at, None, Event::Unknown(unknown));
                self.written.records.push(record);
            }
            other => panic!("no author {other:?} in: {}", line.text),
        }
    }

    fn append(
        &mut self,
        lane: Lane,
        at: Timestamp,
        because: Option<EventId>,
        event: Event,
    ) -> Record {
        let call = self.call;
        let producer = match lane {
            Lane::Facts | Lane::Wire => "edge-1",
            Lane::Decisions => "control-1",
            Lane::Requests => "api-1",
        };
        self.chains
            .entry(lane)
            .or_insert_with(|| Chain::new(Subject::Call(call), lane))
            .append(Draft {
                because,
                producer: NodeName::from(producer),
                recorded_at: at,
                event,
            })
    }
}
