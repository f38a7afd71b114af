//! What an operator asks for. It is written into the log and nothing else; control decides on it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use journal::Outcome;
use schemars::JsonSchema;
use schemas::observation::HangUpRequested;
use schemas::{CallId, Chain, Draft, Entry, EventId, Lane, Subject};
use serde::{Deserialize, Serialize};

use super::calls::{call_id, fold, read};
use crate::answer::{Answer, Refused};
use crate::clock;
use crate::server::Shared;

/// The most tries when somebody else writes into the same lane.
const TRIES_MAX: usize = 5;

/// The longest name of who asks, in bytes.
const BY_MAX_BYTES: usize = 100;

/// What was written.
#[derive(Serialize, JsonSchema)]
pub(super) struct Asked {
    /// The call.
    call: CallId,
    /// The event.
    event: EventId,
}

/// Who asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HangUp {
    #[serde(default = "api")]
    by: String,
}

fn api() -> String {
    "api".to_owned()
}

pub(super) async fn hang_up(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let call = call_id(&id)?;
    let wish = match body.is_empty() {
        true => HangUp { by: api() },
        false => serde_json::from_slice(&body)
            .map_err(|error| Refused::wrong(format!("the body is no request: {error}")))?,
    };
    if wish.by.is_empty() || wish.by.len() > BY_MAX_BYTES {
        return Err(Refused::wrong(format!(
            "by takes 1 to {BY_MAX_BYTES} bytes"
        )));
    }
    for _ in 0..TRIES_MAX {
        let history = read(&shared, call).await?;
        if fold(call, &history).is_over() {
            return Err(Refused::new(
                StatusCode::CONFLICT,
                format!("call {call} is over"),
            ));
        }
        let record = chain(call, &history).append(Draft {
            because: None,
            producer: shared.settings.node.clone(),
            recorded_at: clock::now(),
            event: HangUpRequested {
                by: wish.by.clone(),
            }
            .into(),
        });
        let asked = Asked {
            call,
            event: record.id(),
        };
        match shared.log.append(vec![record]).await.pop() {
            Some(Outcome::Appended(_) | Outcome::AlreadyThere(_)) => {
                return Ok((StatusCode::ACCEPTED, axum::Json(asked)).into_response());
            }
            Some(Outcome::Conflict(_)) => {}
            Some(Outcome::Unavailable(reason)) => {
                return Err(Refused::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    reason.to_string(),
                ));
            }
            None => break,
        }
    }
    let detail = format!("others write requests for call {call} at the same time: try again");
    Err(Refused::new(StatusCode::CONFLICT, detail))
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
