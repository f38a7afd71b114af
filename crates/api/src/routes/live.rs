//! What is up now, and what changes, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use projections::{Live, Row};
use tokio::sync::broadcast;

use crate::Error;
use crate::answer::{Answer, Refused, json};
use crate::feed::{Change, Watch};
use crate::server::Shared;
use crate::store::Store;

/// The most calls that are listed; all are counted.
const LISTED_MAX: usize = 500;
/// The most calls that are up and looked at.
const UP_MAX: usize = 20_000;
/// A line is sent this often when nothing happens, so that a dead connection is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn now(State(shared): State<Arc<Shared>>) -> Answer {
    let store = shared.status.store();
    let live = tokio::task::spawn_blocking(move || live(&store)).await;
    json(&live.map_err(|error| Refused::wrong(error.to_string()))??)
}

fn live(store: &Store) -> Result<Live, Error> {
    Ok(Live::of(&rows_up(store)?, LISTED_MAX))
}

pub(super) fn rows_up(store: &Store) -> Result<Vec<Row>, Error> {
    let calls = store.up()?;
    let rows = calls.into_iter().take(UP_MAX).map(|call| store.row(call));
    rows.filter_map(Result::transpose).collect()
}

/// `snapshot`: everything that is up. `change`: the calls that changed. Each has the number of an
/// event as its id, and a watcher that comes back with it gets what it missed, or a snapshot.
pub(super) async fn events(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Answer {
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let watch = shared.feed.watch(last);
    let Some(Watch { missed, receiver }) = watch else {
        let detail = "too many watch already: close a page, or read /api/live now and then";
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let mut waiting: VecDeque<Event> = VecDeque::new();
    match missed {
        Some(missed) => waiting.extend(missed.iter().map(|change| told(change))),
        None => waiting.push_back(snapshot(&shared)),
    }
    let stopping = shared.stopping.clone();
    let seen = 0;
    let state = Watching {
        shared,
        receiver,
        waiting,
        seen,
    };
    let stream = futures_util::stream::unfold(state, move |mut state| {
        let stopping = stopping.clone();
        async move {
            let event = tokio::select! {
                () = stopping.cancelled() => None,
                event = state.next() => event,
            };
            event.map(|event| (Ok::<Event, Infallible>(event), state))
        }
    });
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

struct Watching {
    shared: Arc<Shared>,
    receiver: broadcast::Receiver<Arc<Change>>,
    waiting: VecDeque<Event>,
    /// The event number up to which the watcher was told.
    seen: u64,
}

impl Watching {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        loop {
            match self.receiver.recv().await {
                Ok(change) if change.to <= self.seen => {}
                Ok(change) => {
                    self.seen = change.to;
                    return Some(told(&change));
                }
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(snapshot(&self.shared)),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

fn told(change: &Change) -> Event {
    Event::default()
        .event("change")
        .id(change.to.to_string())
        .data(&change.json)
}

fn snapshot(shared: &Shared) -> Event {
    let store = shared.status.store();
    let at = store
        .cursor()
        .ok()
        .flatten()
        .map_or(0, |cursor| cursor.sequence);
    let live = live(&store).unwrap_or_default();
    let json = serde_json::to_string(&live).expect("what is up is JSON");
    Event::default()
        .event("snapshot")
        .id(at.to_string())
        .data(json)
}
