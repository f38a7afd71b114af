//! The timeline: every fact and decision of a call in order, as a sentence with its evidence.

mod cast;
mod decided;
mod faults;
mod invited;
mod media;
mod observed;
mod recording;
mod security;
mod session;
mod stream;
mod telling;

use schemars::JsonSchema;
use schemas::{CallId, Event, EventId, Lane, LegId, Record, Timestamp};
use serde::{Deserialize, Serialize};

use crate::history::{Applied, Lanes, Row};
use crate::ladder::line_of;
use crate::sentences::{CATALOGUE_VERSION, Level};
use crate::{Mark, plain};

pub(crate) use cast::{Cast, short_uri};
use telling::{Telling, told};

/// The most moments of a timeline; what is behind them is counted.
pub const MOMENTS_MAX: usize = 10_000;

/// A call told in sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// The call.
    pub call: CallId,
    /// When it began; offsets count from here.
    pub began: Timestamp,
    /// The version of the sentences.
    pub catalogue: u32,
    /// What is missing, in words. Empty when nothing is known to be missing.
    pub incomplete: Vec<String>,
    /// How many moments did not fit.
    pub left_out: usize,
    /// The moments in order.
    pub moments: Vec<Moment>,
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// When it was written, by the writer's clock.
    pub at: Timestamp,
    /// Microseconds since the call began; negative when clocks differ.
    pub offset_us: i64,
    /// Who wrote it.
    pub lane: Lane,
    /// Its number in its lane.
    pub sequence: u32,
    /// The leg that it is about, if it is about one.
    pub leg: Option<LegId>,
    /// Whose side it happened on: `caller`, `agent`, `target`, `leg 3`, `control`, `edge`, `operator`.
    pub side: String,
    /// Who wants to read it.
    pub level: Level,
    /// What it is at a glance.
    pub mark: Mark,
    /// The sentence's id in the catalogue.
    pub sentence: String,
    /// The sentence.
    pub text: String,
    /// More of what the event says: name and value.
    pub details: Vec<(String, String)>,
    /// The event's type.
    pub kind: String,
    /// The event.
    pub event: EventId,
    /// The event that it answers.
    pub because: Option<EventId>,
}

impl Timeline {
    /// Tells a call from its records in the order of the log, and from its wire capture if there is one.
    pub fn of(call: CallId, records: &[Record], wire: &[Record]) -> Timeline {
        let mut row = Row::new(call);
        let known: Vec<&Record> = records
            .iter()
            .filter(|record| row.apply(record) != Applied::Nothing)
            .collect();
        let cast = Cast::new(&row);
        let mut timeline = Timeline {
            call,
            began: row.began,
            catalogue: CATALOGUE_VERSION,
            incomplete: row.incomplete(),
            left_out: 0,
            moments: Vec::with_capacity(known.len() * 2),
        };
        for record in in_order(&known, call, wire) {
            for telling in tell(record, &cast) {
                timeline.add(record, telling);
            }
        }
        timeline.tell_holes(&row.lanes);
        timeline
    }

    /// The moments that a reader of a level wants.
    pub fn at_level(&self, level: Level) -> impl Iterator<Item = &Moment> {
        self.moments
            .iter()
            .filter(move |moment| moment.level <= level)
    }

    fn add(&mut self, record: &Record, telling: Telling) {
        if self.moments.len() >= MOMENTS_MAX {
            self.left_out += 1;
            return;
        }
        let header = record.header();
        self.moments.push(Moment {
            at: header.recorded_at,
            offset_us: header.recorded_at.since(self.began),
            lane: header.lane,
            sequence: header.sequence,
            leg: telling.leg,
            side: telling.side,
            level: telling.sentence.level,
            mark: telling.sentence.mark,
            sentence: telling.sentence.id.to_owned(),
            text: telling.text,
            details: telling.details,
            kind: telling.kind,
            event: header.id,
            because: header.because,
        });
    }

    /// Puts a line where events are missing, before the first event behind the hole.
    fn tell_holes(&mut self, lanes: &Lanes) {
        let named = [
            (Lane::Facts, "fact", &lanes.facts),
            (Lane::Decisions, "decision", &lanes.decisions),
            (Lane::Requests, "request", &lanes.requests),
        ];
        for (lane, name, state) in named {
            for missing in &state.missing {
                let behind =
                    |moment: &Moment| moment.lane == lane && moment.sequence > missing.last;
                let Some(index) = self.moments.iter().position(behind) else {
                    continue;
                };
                let words = match missing.first == missing.last {
                    true => format!("{name} {missing} is missing"),
                    false => format!("{name}s {missing} are missing"),
                };
                let hole = Moment::hole(&self.moments[index], missing.first, words);
                self.moments.insert(index, hole);
            }
        }
    }
}

impl Moment {
    fn hole(behind: &Moment, sequence: u32, missing: String) -> Moment {
        let telling = told("events.missing", &[("missing", missing)]);
        Moment {
            sequence,
            leg: None,
            side: side_of(behind.lane).to_owned(),
            level: telling.sentence.level,
            mark: telling.sentence.mark,
            sentence: telling.sentence.id.to_owned(),
            text: telling.text,
            details: Vec::new(),
            kind: String::new(),
            because: None,
            ..behind.clone()
        }
    }
}

/// The call's own records in the order of the log, each wire message where its time says.
fn in_order<'a>(known: &[&'a Record], call: CallId, wire: &'a [Record]) -> Vec<&'a Record> {
    let mut wire: Vec<&Record> = wire
        .iter()
        .filter(|record| record.lane() == Lane::Wire && record.subject().call() == Some(call))
        .collect();
    wire.sort_by_key(|record| (record.header().recorded_at, record.header().sequence));
    wire.dedup_by_key(|record| record.id());
    let mut merged = Vec::with_capacity(known.len() + wire.len());
    let mut wire = wire.into_iter().peekable();
    for record in known {
        let at = record.header().recorded_at;
        while let Some(message) = wire.next_if(|message| message.header().recorded_at <= at) {
            merged.push(message);
        }
        merged.push(*record);
    }
    merged.extend(wire);
    merged
}

fn tell(record: &Record, cast: &Cast) -> Vec<Telling> {
    let header = record.header();
    let mut tellings = match record.event() {
        Ok(Event::Observation(observation)) => {
            let name = observation.name();
            let mut telling = observed::tell(&observation, cast);
            telling.kind = name.to_owned();
            vec![telling]
        }
        Ok(Event::Decision(decision)) => decided::tell(&decision, cast),
        Ok(Event::Wire(message)) => {
            let id = match (message.direction, message.retransmission) {
                (schemas::Direction::Received, false) => "wire.received",
                (schemas::Direction::Received, true) => "wire.received.again",
                (schemas::Direction::Sent, false) => "wire.sent",
                (schemas::Direction::Sent, true) => "wire.sent.again",
            };
            let fields = [
                ("line", line_of(&message.bytes)),
                ("peer", message.peer.clone()),
            ];
            let mut telling = told(id, &fields);
            telling.leg = message.leg;
            telling.kind = "WireMessage".to_owned();
            vec![telling]
        }
        Ok(Event::Unknown(unknown)) => {
            let fields = [
                ("kind", unknown.kind.to_string()),
                ("version", unknown.version.to_string()),
                ("bytes", unknown.payload.len().to_string()),
            ];
            vec![told("event.unknown", &fields)]
        }
        Err(error) => vec![told("event.unreadable", &[("error", error.to_string())])],
    };
    for telling in &mut tellings {
        telling.side = match telling.leg {
            Some(leg) if header.lane != Lane::Decisions => cast.side(leg),
            Some(_) | None => side_of(header.lane).to_owned(),
        };
        for (_, value) in &mut telling.details {
            let shown = plain(value).into_owned();
            *value = shown;
        }
    }
    tellings
}

fn side_of(lane: Lane) -> &'static str {
    match lane {
        Lane::Facts | Lane::Wire => "edge",
        Lane::Decisions => "control",
        Lane::Requests => "operator",
    }
}
