//! The projector: follows the log, folds it in batches, writes view and cursor in one batch.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::{Continuity, EventLog, Filter, Follower, Stream};
use schemas::{CallId, Entry, EventId, NodeName, Position, Subject};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::error::in_full;
use crate::feed::Feed;
use crate::shelf::Shelf;
use crate::status::{Status, count};
use crate::store::{Dead, Store};
use crate::views::{Committed, Views};

/// The most entries of a batch: what a rebuild coalesces.
const BATCH_MAX: usize = 8_192;
/// How long a batch waits for more: what it costs to be live.
const BATCH_WAIT: Duration = Duration::from_millis(100);
/// How long a hole may take to fill before it is flagged.
const HOLE_WAIT: Duration = Duration::from_secs(2);
/// How long between two looks at a hole.
const HOLE_LOOK: Duration = Duration::from_millis(200);
/// How long until an error of the log is tried again.
const RETRY_WAIT: Duration = Duration::from_secs(1);
/// After how many events the disk is asked to keep what was committed.
const FLUSH_EVERY_EVENTS: u64 = 100_000;

/// How far a rebuild came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events that were folded.
    pub done: u64,
    /// Where the log ends.
    pub head: u64,
}

/// Builds the views anew from the log, beside those that are served, and serves them then. For a
/// command line: while an `Api` runs on the same directory this fails, because the views are in use.
pub async fn rebuild(
    log: Arc<dyn EventLog>,
    data: &Path,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Progress, Error> {
    let shelf = Shelf::new(data)?;
    let head = log.head(Stream::Events).await?;
    let store = Arc::new(shelf.create()?);
    let mut projector = Projector::start(log, Arc::clone(&store), None, None).await?;
    let mut done = 0;
    while projector.position().sequence < head.sequence {
        done += projector.step().await?.events;
        progress(Progress {
            done,
            head: head.sequence,
        });
    }
    drop(projector);
    store.flush()?;
    shelf.switch(&store)?;
    Ok(Progress {
        done,
        head: head.sequence,
    })
}

/// Keeps the views of a log up to date until it is cancelled.
pub(crate) async fn run(
    log: Arc<dyn EventLog>,
    shelf: Shelf,
    status: Arc<Status>,
    feed: Arc<Feed>,
    cancel: CancellationToken,
) -> Result<(), Error> {
    let mut store = status.store();
    loop {
        let ended = tokio::select! {
            () = cancel.cancelled() => Ok(Ended::Cancelled),
            ended = follow(&log, &store, &status, &feed) => ended,
        };
        match ended {
            Ok(Ended::Cancelled | Ended::Closed) => return store.flush(),
            Ok(Ended::OtherLog(why)) => {
                tracing::warn!(%why, "the views are built anew");
                count(&status.rebuilds, 1);
                let fresh = Arc::new(shelf.create()?);
                status.set_trouble(Some(format!("{why}: the views are being built anew")));
                store = fresh;
            }
            Err(error) => {
                count(&status.read_errors, 1);
                tell(&status, &error, "the projector starts again");
                tokio::select! {
                    () = cancel.cancelled() => return store.flush(),
                    () = tokio::time::sleep(RETRY_WAIT) => {}
                }
                if is_spoilt(&error) {
                    store = anew(&shelf, &status, store);
                }
            }
        }
        // The old views stay in service until the new ones have caught up.
        while !Arc::ptr_eq(&store, &status.store()) {
            let built = tokio::select! {
                () = cancel.cancelled() => return store.flush(),
                built = catch_up(&log, &store) => built,
            };
            match built {
                Ok(()) => {
                    shelf.switch(&store)?;
                    status.serve(Arc::clone(&store));
                }
                Err(error) => {
                    tell(&status, &error, "the views cannot be built");
                    tokio::select! {
                        () = cancel.cancelled() => return store.flush(),
                        () = tokio::time::sleep(RETRY_WAIT) => {}
                    }
                    if is_spoilt(&error) {
                        store = anew(&shelf, &status, store);
                    }
                }
            }
        }
    }
}

/// Keeps the trouble for whoever asks, and says it once.
fn tell(status: &Status, error: &Error, what: &'static str) {
    let error = in_full(error);
    if status.trouble().as_ref() != Some(&error) {
        tracing::warn!(%error, what);
    }
    status.set_trouble(Some(error));
}

/// sled remembers for ever that a write failed.
fn is_spoilt(error: &Error) -> bool {
    matches!(error, Error::Store { .. })
}

/// Empty views beside those that are served. While the disk has no room even for them, all stays as it is.
fn anew(shelf: &Shelf, status: &Status, spoilt: Arc<Store>) -> Arc<Store> {
    let served = status.store();
    if !Arc::ptr_eq(&spoilt, &served) {
        let path = spoilt.path.clone();
        drop(spoilt);
        // What stays of it is removed when others are served.
        let _ = std::fs::remove_dir_all(path);
    }
    match shelf.create() {
        Ok(fresh) => {
            count(&status.rebuilds, 1);
            Arc::new(fresh)
        }
        Err(_) => served,
    }
}

/// Why following ended.
enum Ended {
    Cancelled,
    Closed,
    OtherLog(String),
}

async fn catch_up(log: &Arc<dyn EventLog>, store: &Arc<Store>) -> Result<(), Error> {
    let head = log.head(Stream::Events).await?;
    let mut projector = Projector::start(Arc::clone(log), Arc::clone(store), None, None).await?;
    while projector.position().sequence < head.sequence {
        projector.step().await?;
    }
    Ok(())
}

async fn follow(
    log: &Arc<dyn EventLog>,
    store: &Arc<Store>,
    status: &Arc<Status>,
    feed: &Arc<Feed>,
) -> Result<Ended, Error> {
    let mut from = store.cursor()?;
    if let Some(cursor) = &from {
        match log.check(Stream::Events, cursor).await? {
            Continuity::Same => {}
            Continuity::Diverged => {
                let why = "the views tell of another log than the one that is here";
                return Ok(Ended::OtherLog(why.to_owned()));
            }
            Continuity::Truncated { head } => {
                let why = format!(
                    "the log lost its tail: it ends at {}, the views tell of {}",
                    head.sequence, cursor.sequence
                );
                return Ok(Ended::OtherLog(why));
            }
            Continuity::Expired => from = None,
        }
    }
    let head = log.head(Stream::Events).await?;
    let (status, feed) = (Arc::clone(status), Some(Arc::clone(feed)));
    let mut projector = Projector::start(Arc::clone(log), Arc::clone(store), from, feed).await?;
    status.set_cursor(projector.position());
    let mut unflushed = 0;
    loop {
        if projector.position().sequence >= head.sequence {
            status.set_caught_up();
        }
        let committed = match projector.step().await {
            Ok(committed) => committed,
            Err(Error::Log(journal::Error::Closed)) => return Ok(Ended::Closed),
            Err(Error::Log(
                error @ (journal::Error::Diverged | journal::Error::Truncated { .. }),
            )) => {
                return Ok(Ended::OtherLog(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        status.set_cursor(projector.position());
        count(&status.events, committed.events);
        count(&status.commits, 1);
        count(&status.rows, committed.rows.len() as u64);
        unflushed += committed.events;
        if unflushed >= FLUSH_EVERY_EVENTS {
            unflushed = 0;
            let store = Arc::clone(store);
            blocking(move || store.flush()).await?;
        }
    }
}

/// One follower and the views that it feeds.
struct Projector {
    log: Arc<dyn EventLog>,
    follower: Follower,
    views: Option<Views>,
    feed: Option<Arc<Feed>>,
    position: Position,
}

impl Projector {
    async fn start(
        log: Arc<dyn EventLog>,
        store: Arc<Store>,
        from: Option<Position>,
        feed: Option<Arc<Feed>>,
    ) -> Result<Projector, Error> {
        let from = from.unwrap_or(Position::beginning(log.id(Stream::Events)));
        let follower = log.follow(Stream::Events, from, Filter::ALL).await?;
        let views = blocking(move || Views::load(store, from)).await?;
        Ok(Projector {
            log,
            follower,
            position: views.cursor(),
            views: Some(views),
            feed,
        })
    }

    fn position(&self) -> Position {
        self.position
    }

    /// Waits for events, folds one batch and commits it.
    async fn step(&mut self) -> Result<Committed, Error> {
        let Taken { entries, damage } = self.take().await?;
        let mut views = self
            .views
            .take()
            .expect("the views are here between two steps");
        let is_live = entries.len() < BATCH_MAX;
        let position = self.follower.position();
        let (views_back, holes) = blocking(move || {
            views.apply(&entries)?;
            if let Some(damage) = damage {
                let dead = Dead::new(
                    position.sequence,
                    &Subject::Node(NodeName::from("log")),
                    EventId([0; 16]),
                    damage,
                );
                views.note_dead(dead);
            }
            let holes = views.holes();
            Ok((views, holes))
        })
        .await?;
        views = look_for(&self.log, views_back, holes, is_live).await?;
        let (views, committed) = blocking(move || {
            let committed = views.commit(position)?;
            Ok((views, committed))
        })
        .await?;
        if let Some(feed) = &self.feed {
            feed.tell(views.store(), &committed);
        }
        self.position = position;
        self.views = Some(views);
        Ok(committed)
    }

    /// The next batch: what is there already, and what comes within a short wait.
    async fn take(&mut self) -> Result<Taken, Error> {
        let mut taken = match self.follower.next().await {
            Ok(entries) => Taken {
                entries,
                damage: None,
            },
            Err(journal::Error::Damaged(damage)) => {
                return Ok(Taken {
                    entries: Vec::new(),
                    damage: Some(damage.to_string()),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let deadline = Instant::now() + BATCH_WAIT;
        while taken.entries.len() < BATCH_MAX {
            match timeout_at(deadline, self.follower.next()).await {
                Ok(Ok(more)) => taken.entries.extend(more),
                Ok(Err(journal::Error::Damaged(damage))) => {
                    taken.damage = Some(damage.to_string());
                    break;
                }
                // The next step meets it again and says it.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        Ok(taken)
    }
}

/// Looks for the missing events of holes in the history; at the live end also for a while, since
/// they may still be on their way.
async fn look_for(
    log: &Arc<dyn EventLog>,
    mut views: Views,
    mut holes: Vec<CallId>,
    is_live: bool,
) -> Result<Views, Error> {
    let deadline = Instant::now() + HOLE_WAIT;
    while !holes.is_empty() {
        let mut open = Vec::new();
        for call in holes {
            let history = log.read(&Subject::Call(call)).await.unwrap_or_default();
            let filled;
            (views, filled) = blocking(move || {
                let filled = views.fill(call, &history)?;
                Ok((views, filled))
            })
            .await?;
            if !filled {
                open.push(call);
            }
        }
        holes = open;
        if !is_live || Instant::now() >= deadline {
            break;
        }
        if !holes.is_empty() {
            tokio::time::sleep(HOLE_LOOK).await;
        }
    }
    Ok(views)
}

struct Taken {
    entries: Vec<Entry>,
    damage: Option<String>,
}

/// Runs work that computes or waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
