//! The ladder of a call: its parties as columns, and what passed between them as rungs.

mod decided;
mod draw;
mod holes;
mod line;
mod media;
mod parties;
mod recording;
mod requests;
mod rungs;
mod stream;

use schemars::JsonSchema;
use schemas::{CallId, EventId, LegId, Record, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Mark;
use crate::history::{Applied, Row};

pub use draw::Characters;
pub(crate) use line::line_of;

/// The most rungs of a ladder; what is behind them is counted.
pub const RUNGS_MAX: usize = 2_000;

/// A silence of the ladder that is longer than this gets a rung of its own: 1 s, in microseconds.
const PAUSE_MIN_US: i64 = 1_000_000;

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// The name: `caller +14155550100`, `edge-1`, `agent greeter`.
    pub name: String,
    /// The address, or what stands for one.
    pub address: String,
    /// What it is: `caller`, `edge`, `agent`, `target`, `dialed`.
    pub role: String,
    /// Its leg, if it has one.
    pub leg: Option<LegId>,
}

/// What a rung is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RungKind {
    /// A SIP message as it crossed a socket.
    Message,
    /// A SIP message that a fact tells of; the wire capture is not there.
    Told,
    /// Audio.
    Media,
    /// A note on one party's line.
    Note,
    /// Nothing happened for a while.
    Pause,
    /// Events are missing here.
    Hole,
}

/// One rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// What it is.
    pub kind: RungKind,
    /// When, by the writer's clock.
    pub at: Timestamp,
    /// Microseconds since the call began.
    pub offset_us: i64,
    /// The party that it comes from, by its place among the parties.
    pub from: usize,
    /// The party that it goes to; the same for a note.
    pub to: usize,
    /// What it says.
    pub label: String,
    /// What it is at a glance.
    pub mark: Mark,
    /// How often it was repeated on the wire.
    pub repeats: u32,
    /// The event.
    pub event: Option<EventId>,
}

/// A ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ladder {
    /// The call.
    pub call: CallId,
    /// When it began.
    pub began: Timestamp,
    /// Its parties, in the order of the columns.
    pub parties: Vec<Party>,
    /// Its rungs, in order.
    pub rungs: Vec<Rung>,
    /// Whether the SIP messages are from the wire capture; otherwise they are told by facts.
    pub from_wire: bool,
    /// How many rungs did not fit.
    pub left_out: usize,
    /// What is missing of the history, in words.
    pub incomplete: Vec<String>,
}

impl Ladder {
    /// Draws a call from its records in the order of the log, and from its wire capture if there is one.
    pub fn of(call: CallId, records: &[Record], wire: &[Record]) -> Ladder {
        let mut row = Row::new(call);
        let known: Vec<&Record> = records
            .iter()
            .filter(|record| row.apply(record) != Applied::Nothing)
            .collect();
        let parties = parties::of(&row, &known);
        let from_wire = wire
            .iter()
            .any(|record| record.subject().call() == Some(call));
        let mut ladder = Ladder {
            call,
            began: row.began,
            rungs: rungs::of(&row, &parties, &known, wire, from_wire),
            parties,
            from_wire,
            left_out: 0,
            incomplete: row.incomplete(),
        };
        ladder.add_pauses();
        ladder.left_out = ladder.rungs.len().saturating_sub(RUNGS_MAX);
        ladder.rungs.truncate(RUNGS_MAX);
        ladder
    }

    /// The ladder as text of at most 100 columns. Nothing in it moves a terminal's cursor.
    pub fn text(&self, characters: Characters) -> String {
        draw::draw(self, characters)
    }

    fn add_pauses(&mut self) {
        let mut rungs: Vec<Rung> = Vec::with_capacity(self.rungs.len() + 8);
        for rung in self.rungs.drain(..) {
            if let Some(before) = rungs.last() {
                let pause_us = rung.offset_us - before.offset_us;
                if pause_us > PAUSE_MIN_US {
                    let pause_ms = u64::try_from(pause_us / 1_000).unwrap_or_default();
                    rungs.push(Rung {
                        kind: RungKind::Pause,
                        label: crate::sentences::span(pause_ms),
                        mark: Mark::Mute,
                        from: 0,
                        to: self.parties.len().saturating_sub(1),
                        repeats: 0,
                        event: None,
                        ..before.clone()
                    });
                }
            }
            rungs.push(rung);
        }
        self.rungs = rungs;
    }
}
