//! What an operator asks for. It is written into the call's lane of requests and nothing else; control decides on it, the
//! edge carries it out, and the list of requests tells what came of it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use journal::Outcome;
use projections::Row;
use projections::history::RecordingState;
use projections::requests::{self, Asked, Request, RequestState};
use schemars::JsonSchema;
use schemas::observation::{HangUpRequested, RecordingAction, RecordingRequested};
use schemas::{CallId, Chain, Draft, Entry, Event, EventId, Lane, Subject};
use serde::{Deserialize, Serialize};

use super::calls::{call_id, fold, read};
use crate::answer::{Answer, Refused, json};
use crate::clock;
use crate::server::Shared;

/// The most tries when somebody else writes into the same lane.
const TRIES_MAX: usize = 5;

/// The longest name of who asks, and the longest key, in bytes.
const WORD_MAX_BYTES: usize = 100;

/// The most requests of a call: a program that asks in a loop must not fill the log.
const REQUESTS_MAX: usize = 1_000;

/// What is asked of a call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// What.
    request: Asked,
    /// Who asks. Default `api`.
    #[serde(default = "api")]
    by: String,
    /// What it is told apart by: the same request with the same key is written once, however often it is sent.
    #[serde(default)]
    key: Option<String>,
}

/// What was written.
#[derive(Serialize, JsonSchema)]
pub(super) struct Written {
    /// The call.
    call: CallId,
    /// The event.
    event: EventId,
}

/// What was asked of a call, and what came of it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Requests {
    /// The requests, oldest first.
    requests: Vec<Request>,
}

/// What the history of a call makes of a wish.
pub(super) enum Step {
    /// It is written.
    Write(Event),
    /// It was written before.
    There(EventId),
}

/// Who wants the end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HangUp {
    #[serde(default = "api")]
    by: String,
}

fn api() -> String {
    "api".to_owned()
}

pub(super) async fn ask(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let call = call_id(&id)?;
    let wish = serde_json::from_slice(&body)
        .map_err(|error| Refused::wrong(format!("the body is no request: {error}")))?;
    write(&shared, call, &wish).await
}

pub(super) async fn hang_up(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let call = call_id(&id)?;
    let HangUp { by } = match body.is_empty() {
        true => HangUp { by: api() },
        false => serde_json::from_slice(&body)
            .map_err(|error| Refused::wrong(format!("the body is no request: {error}")))?,
    };
    let wish = Wish {
        request: Asked::HangUp,
        by,
        key: None,
    };
    write(&shared, call, &wish).await
}

pub(super) async fn list(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let history = read(&shared, call_id(&id)?).await?;
    json(&Requests {
        requests: of(&history),
    })
}

/// Writes a wish behind the last request of its call, unless it is there already or cannot be.
async fn write(shared: &Shared, call: CallId, wish: &Wish) -> Answer {
    for (name, word) in [("by", Some(&wish.by)), ("key", wish.key.as_ref())] {
        if word.is_some_and(|word| word.is_empty() || word.len() > WORD_MAX_BYTES) {
            let detail = format!("{name} takes 1 to {WORD_MAX_BYTES} bytes");
            return Err(Refused::wrong(detail));
        }
    }
    let event = append(shared, call, |history| {
        let before = of(history);
        if let Some(event) = written_before(&before, wish)? {
            return Ok(Step::There(event));
        }
        match obstacle(&fold(call, history), &before, wish.request) {
            Some(why) => Err(Refused::new(StatusCode::CONFLICT, why)),
            None => event(wish).map(Step::Write),
        }
    })
    .await?;
    let written = Written { call, event };
    Ok((StatusCode::ACCEPTED, axum::Json(written)).into_response())
}

/// Writes an event behind the last request of a call, whose history decides what it is.
pub(super) async fn append(
    shared: &Shared,
    call: CallId,
    step: impl Fn(&[Entry]) -> Result<Step, Refused>,
) -> Result<EventId, Refused> {
    for _ in 0..TRIES_MAX {
        let history = read(shared, call).await?;
        let event = match step(&history)? {
            Step::Write(event) => event,
            Step::There(event) => return Ok(event),
        };
        let record = chain(call, &history).append(Draft {
            because: None,
            producer: shared.settings.node.clone(),
            recorded_at: clock::now(),
            event,
        });
        let event = record.id();
        match shared.log.append(vec![record]).await.pop() {
            Some(Outcome::Appended(_) | Outcome::AlreadyThere(_)) => return Ok(event),
            Some(Outcome::Conflict(_)) => {}
            Some(Outcome::Unavailable(reason)) => {
                let detail = reason.to_string();
                return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, detail));
            }
            None => break,
        }
    }
    let detail = format!("others write requests for call {call} at the same time: try again");
    Err(Refused::new(StatusCode::CONFLICT, detail))
}

/// The event of a request that was sent before with the same key.
fn written_before(before: &[Request], wish: &Wish) -> Result<Option<EventId>, Refused> {
    let same = |request: &&Request| wish.key.is_some() && request.key == wish.key;
    match before.iter().find(same) {
        None => Ok(None),
        Some(request) if request.request == wish.request => Ok(Some(request.event)),
        Some(request) => {
            let asked = request.request.word();
            let detail = format!("the key stands for another request, {asked}: take a new one");
            Err(Refused::new(StatusCode::CONFLICT, detail))
        }
    }
}

/// Why a request makes no sense as the call stands. What is under way may change that: then control decides.
fn obstacle(row: &Row, before: &[Request], asked: Asked) -> Option<String> {
    let call = row.call;
    if row.is_over() {
        return Some(format!("call {call} is over"));
    }
    if let Some(why) = too_many(call, before) {
        return Some(why);
    }
    let is_open = |state| matches!(state, RequestState::Asked | RequestState::Decided);
    let pending = before.iter().any(|request| is_open(request.state));
    if asked == Asked::HangUp || pending {
        return None;
    }
    let state = row.running_recording().map(|recording| recording.state);
    match (asked, state) {
        (Asked::StartRecording, None)
        | (Asked::PauseRecording, Some(RecordingState::Running))
        | (Asked::ResumeRecording, Some(RecordingState::Paused))
        | (Asked::StopRecording, Some(_)) => None,
        (Asked::Transfer, _) => None,
        (_, None) => Some(format!("call {call} is not recorded")),
        (_, Some(state)) => Some(format!("the recording of call {call} is {}", state.word())),
    }
}

/// Whether a call has as many requests as it may have.
pub(super) fn too_many(call: CallId, before: &[Request]) -> Option<String> {
    let is_full = before.len() >= REQUESTS_MAX;
    is_full.then(|| format!("call {call} has {REQUESTS_MAX} requests already"))
}

fn event(wish: &Wish) -> Result<Event, Refused> {
    let (by, key) = (wish.by.clone(), wish.key.clone());
    let action = match wish.request {
        Asked::HangUp => {
            let leg = None;
            return Ok(HangUpRequested { by, key, leg }.into());
        }
        Asked::Transfer => {
            let detail = "only the agent of a call passes its caller on";
            return Err(Refused::wrong(detail));
        }
        Asked::StartRecording => RecordingAction::Start,
        Asked::PauseRecording => RecordingAction::Pause,
        Asked::ResumeRecording => RecordingAction::Resume,
        Asked::StopRecording => RecordingAction::Stop,
    };
    Ok(RecordingRequested { action, by, key }.into())
}

pub(super) fn of(history: &[Entry]) -> Vec<Request> {
    requests::of(history.iter().map(|entry| &entry.record))
}

/// The lane of requests behind its last record.
fn chain(call: CallId, history: &[Entry]) -> Chain {
    let requests = history
        .iter()
        .filter(|entry| entry.record.lane() == Lane::Requests);
    let last = requests.max_by_key(|entry| entry.record.header().sequence);
    last.map_or_else(
        || Chain::new(Subject::Call(call), Lane::Requests),
        |entry| Chain::after(&entry.record),
    )
}
