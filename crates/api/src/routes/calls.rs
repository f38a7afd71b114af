//! Calls: the list, and one of them as row, timeline, ladder and events.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use projections::diagnosis::Diagnosis;
use projections::ladder::Characters;
use projections::verification::{Finding, findings};
use projections::{Ladder, Row, Search, Timeline};
use schemars::JsonSchema;
use schemas::{CallId, Entry, Event, Hash, Header, LegId, Record, Subject, TrunkName};
use serde::Serialize;

use crate::Error;
use crate::answer::{Answer, Refused, json, text};
use crate::brief::Brief;
use crate::server::Shared;
use crate::store::Store;

/// The parameters of the list.
pub(super) const QUERY: &[(&str, &str)] = &[
    (
        "q",
        "a search in one line: trunk:office outcome:failed talk>10s 0100",
    ),
    (
        "number",
        "a part of the caller's number, the number called or a number dialed",
    ),
    ("trunk", "a trunk's name"),
    ("agent", "an agent's name"),
    (
        "outcome",
        "up, completed, transferred, abandoned, refused or failed",
    ),
    ("since", "began then or later: 2026-11-21T07:00:00Z"),
    ("until", "began before"),
    ("talk_min", "the least talk: 10s"),
    ("talk_max", "the most talk"),
    ("ring_min", "the least ringing"),
    ("ring_max", "the most ringing"),
    (
        "header",
        "a header field that came along or was handed back, and a part of its value: X-Ticket=42",
    ),
    (
        "id",
        "a part of what anybody calls the call: a header field's value, X-EI, Session-ID, a Call-ID",
    ),
    (
        "diverted",
        "a part of the number that was called first (Diversion, History-Info, X-EI)",
    ),
    ("limit", "how many, 1 to 500; 50 if absent"),
    ("cursor", "the next of the answer before"),
];

/// How many calls are listed if nobody says.
const LIMIT: usize = 50;
/// The most calls of one answer.
const LIMIT_MAX: usize = 500;
/// The most rows that one request looks at: about a tenth of a second. The cursor goes on behind them.
const SCANNED_MAX: usize = 50_000;

/// A page of the list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Calls {
    /// The calls, newest first.
    calls: Vec<Brief>,
    /// Where the next page begins; absent at the end.
    next: Option<CallId>,
    /// How many rows were looked at. A page may hold fewer calls than asked for, and still have a next.
    scanned: usize,
}

/// One call.
#[derive(Serialize, JsonSchema)]
pub(super) struct Call {
    /// The row.
    row: Row,
    /// What was found.
    diagnosis: Diagnosis,
    /// What it shows of its trunks.
    findings: Vec<TrunkFinding>,
    /// How each leg that was measured was heard: from the peer to the edge, and from the edge to the peer.
    quality: Vec<Heard>,
}

/// How a leg was heard.
#[derive(Serialize, JsonSchema)]
pub(super) struct Heard {
    leg: LegId,
    /// Both directions in words.
    words: [String; 2],
}

/// What a call shows of a trunk.
#[derive(Serialize, JsonSchema)]
pub(super) struct TrunkFinding {
    trunk: TrunkName,
    finding: Finding,
}

/// The events of a call.
#[derive(Serialize, JsonSchema)]
pub(super) struct Events {
    /// Facts, decisions and requests, in the order of the log.
    events: Vec<Recorded>,
    /// SIP messages, if they were asked for.
    wire: Vec<Recorded>,
}

/// One event as the log keeps it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Recorded {
    /// Its number in the log.
    position: u64,
    /// Its hash: over the envelope's version and the header, and by that over the payload.
    hash: Hash,
    /// The header.
    header: Header,
    /// What it says, as JSON; absent if it cannot be read.
    #[schemars(with = "Option<serde_json::Value>")]
    event: Option<Event>,
    /// Why it cannot be read.
    error: Option<String>,
    /// The whole record in hexadecimal digits: what the hash can be computed from.
    record: String,
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer {
    let mut wanted = Wanted {
        search: Search::default(),
        limit: LIMIT,
        before: None,
    };
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        wanted.set(name, value)?;
    }
    let store = shared.status.store();
    let page = tokio::task::spawn_blocking(move || find(&store, &wanted)).await;
    json(&page.map_err(|error| Refused::wrong(error.to_string()))??)
}

struct Wanted {
    search: Search,
    limit: usize,
    before: Option<CallId>,
}

impl Wanted {
    fn set(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let refuse = |error: projections::history::QueryError| Refused::wrong(error.to_string());
        let (field, relation) = match name {
            "q" => {
                let line = Search::parse(value).map_err(refuse)?;
                self.search = merge(std::mem::take(&mut self.search), line);
                return Ok(());
            }
            "limit" => {
                let limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=LIMIT_MAX).contains(limit));
                self.limit = limit.ok_or_else(|| {
                    Refused::wrong(format!("limit takes 1 to {LIMIT_MAX}, not {value:?}"))
                })?;
                return Ok(());
            }
            "cursor" => {
                self.before = Some(call_id(value)?);
                return Ok(());
            }
            "talk_min" => ("talk", ">"),
            "talk_max" => ("talk", "<"),
            "ring_min" => ("ring", ">"),
            "ring_max" => ("ring", "<"),
            other => (other, ":"),
        };
        self.search.set(field, relation, value).map_err(refuse)
    }
}

/// Both searches: what the line says wins.
fn merge(one: Search, line: Search) -> Search {
    Search {
        number: line.number.or(one.number),
        trunk: line.trunk.or(one.trunk),
        agent: line.agent.or(one.agent),
        outcome: line.outcome.or(one.outcome),
        since: line.since.or(one.since),
        until: line.until.or(one.until),
        talk_min_ms: line.talk_min_ms.or(one.talk_min_ms),
        talk_max_ms: line.talk_max_ms.or(one.talk_max_ms),
        ring_min_ms: line.ring_min_ms.or(one.ring_min_ms),
        ring_max_ms: line.ring_max_ms.or(one.ring_max_ms),
        header: line.header.or(one.header),
        id: line.id.or(one.id),
        diverted: line.diverted.or(one.diverted),
        words: [one.words, line.words].concat(),
    }
}

fn find(store: &Store, wanted: &Wanted) -> Result<Calls, Error> {
    let mut page = Calls {
        calls: Vec::new(),
        next: None,
        scanned: 0,
    };
    for row in store.rows_before(wanted.before)? {
        let row = row?;
        if wanted.search.is_past(row.call) {
            page.next = None;
            return Ok(page);
        }
        if page.calls.len() == wanted.limit || page.scanned == SCANNED_MAX {
            return Ok(page);
        }
        page.scanned += 1;
        page.next = Some(row.call);
        if wanted.search.finds(&row) {
            page.calls.push(Brief::of(&row));
        }
    }
    page.next = None;
    Ok(page)
}

pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let call = call_id(&id)?;
    let row = match shared.status.store().row(call)? {
        Some(row) => row,
        // The views may be a moment behind the log.
        None => fold(call, &read(&shared, call).await?),
    };
    let heard = row.legs.iter().filter_map(|leg| {
        let words = leg.quality()?;
        Some(Heard { leg: leg.id, words })
    });
    let quality = heard.collect();
    let found = findings(&row).into_iter();
    json(&Call {
        diagnosis: Diagnosis::of(&row),
        quality,
        findings: found
            .map(|(trunk, finding)| TrunkFinding { trunk, finding })
            .collect(),
        row,
    })
}

pub(super) async fn timeline(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let call = call_id(&id)?;
    let (records, wire) = both(&shared, call).await?;
    json(&Timeline::of(call, &records, &wire))
}

pub(super) async fn ladder(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer {
    let call = call_id(&id)?;
    let format = query.iter().find(|(name, _)| name == "format");
    let format = format.map_or("text", |(_, value)| value.as_str());
    if !matches!(format, "text" | "ascii" | "json") {
        return Err(Refused::wrong(format!(
            "format takes text, ascii or json, not {format:?}"
        )));
    }
    let (records, wire) = both(&shared, call).await?;
    let ladder = Ladder::of(call, &records, &wire);
    match format {
        "json" => json(&ladder),
        "ascii" => Ok(text(ladder.text(Characters::Ascii)).into_response()),
        _ => Ok(text(ladder.text(Characters::Unicode)).into_response()),
    }
}

pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer {
    let call = call_id(&id)?;
    let events = read(&shared, call).await?;
    let with_wire = query
        .iter()
        .any(|(name, value)| name == "wire" && value == "1");
    let wire = if with_wire {
        shared.log.read_wire(call).await?
    } else {
        Vec::new()
    };
    let recorded = |entries: &[Entry]| entries.iter().map(Recorded::of).collect();
    json(&Events {
        events: recorded(&events),
        wire: recorded(&wire),
    })
}

impl Recorded {
    fn of(entry: &Entry) -> Recorded {
        let record = &entry.record;
        let (event, error) = match record.event() {
            Ok(event) => (Some(event), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Recorded {
            position: entry.position.sequence,
            hash: record.hash(),
            header: record.header().clone(),
            event,
            error,
            record: hexadecimal(record.bytes()),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

pub(super) fn call_id(text: &str) -> Result<CallId, Refused> {
    let wrong = |error| Refused::wrong(format!("{text:?} is no call id: {error}"));
    text.parse().map_err(wrong)
}

/// The events of a call; a call that has none does not exist.
pub(super) async fn read(shared: &Shared, call: CallId) -> Result<Vec<Entry>, Refused> {
    let entries = shared.log.read(&Subject::Call(call)).await?;
    if entries.is_empty() {
        return Err(Refused::not_found(format!(
            "there is no call {call} in the log"
        )));
    }
    Ok(entries)
}

pub(super) fn fold(call: CallId, entries: &[Entry]) -> Row {
    let mut row = Row::new(call);
    for entry in entries {
        row.apply(&entry.record);
    }
    row
}

async fn both(shared: &Shared, call: CallId) -> Result<(Vec<Record>, Vec<Record>), Refused> {
    let records = read(shared, call).await?;
    // The wire capture is kept for a shorter time; without it everything is told all the same.
    let wire = shared.log.read_wire(call).await.unwrap_or_default();
    let records_of = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.record).collect();
    Ok((records_of(records), records_of(wire)))
}
