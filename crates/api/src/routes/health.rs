//! How this process stands.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use projections::Notices;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{Answer, json, text};
use crate::metrics as exposition;
use crate::server::Shared;
use crate::store::Dead;

/// The most records that could not be taken in and are listed.
const DEAD_MAX: usize = 100;

/// Notices, and records that no view could take.
#[derive(Serialize, JsonSchema)]
pub(super) struct Told {
    /// What happened outside of calls.
    notices: Notices,
    /// Records that no view could take, newest first.
    dead: Vec<Dead>,
    /// Why the views are not to be relied on, if they are not.
    trouble: Option<String>,
}

/// Whether the views have caught up.
#[derive(Serialize, JsonSchema)]
pub(super) struct Readiness {
    /// Whether they have.
    ready: bool,
    /// Why not.
    why: Option<String>,
    /// The event up to which they tell.
    position: u64,
    /// The log's last event; absent if the log does not answer.
    head: Option<u64>,
    /// Where they are kept.
    store: String,
}

pub(super) async fn notices(State(shared): State<Arc<Shared>>) -> Answer {
    let store = shared.status.store();
    json(&Told {
        notices: store.notices()?,
        dead: store.dead(DEAD_MAX)?,
        trouble: shared.status.trouble(),
    })
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Answer {
    Ok(text(exposition::text(&shared).await?))
}

pub(super) async fn alive() -> Answer {
    Ok(text("alive\n".to_owned()))
}

pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Answer {
    let head = shared.log.head(journal::Stream::Events).await.ok();
    let why = match head {
        None => Some("the log does not answer".to_owned()),
        Some(_) => shared.status.trouble(),
    };
    let readiness = Readiness {
        ready: why.is_none(),
        position: shared.status.cursor().map_or(0, |cursor| cursor.sequence),
        head: head.map(|head| head.sequence),
        store: shared.status.store().path().display().to_string(),
        why,
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok((status, axum::Json(readiness)).into_response())
}
