//! An edge's log: durable in segment files of its own first, then shipped to the server.
//!
//! A JetStream confirmation is not durability at the server's default settings, and a server can be
//! away. So an append resolves when the event is in the local files; a shipper sends it on, keeps what
//! it sent for a while, and compares with the server whenever the connection was lost.

mod marks;
mod shipper;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use schemas::{CallId, Entry, Lane, LogId, Position, Record, Subject};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{
    BoxFuture, Continuity, Error, EventLog, Filter, Follower, JetStream, Outcome, Retention,
    Segments, Settings, Stream, clock,
};
use shipper::Shipper;

/// How an outbox ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxSettings {
    /// The local files. Their retention is not used: what is shipped is released after the horizon.
    pub segments: Settings,
    /// How long an event is kept after the server confirmed it: 15 min. It must be longer than the
    /// server's sync interval by far.
    pub horizon: Duration,
    /// How often the connection and the horizon are looked at: 1 s.
    pub tick: Duration,
}

impl Default for OutboxSettings {
    fn default() -> OutboxSettings {
        OutboxSettings {
            segments: Settings::default(),
            horizon: Duration::from_secs(15 * 60),
            tick: Duration::from_secs(1),
        }
    }
}

/// A log whose writer never waits for a server.
///
/// `append` writes to the local files: its positions are places there. Everything else reads what is
/// on the server, where all writers meet: `id`, `head`, `check` and `follow` are the server's.
pub struct Outbox {
    local: Arc<Segments>,
    remote: Arc<JetStream>,
    progress: Arc<[Progress; 2]>,
    tasks: Vec<JoinHandle<()>>,
}

/// How far a stream is shipped.
struct Progress {
    stream: Stream,
    /// The last event that the server confirmed, with everything before it.
    shipped: watch::Sender<Position>,
    refused: AtomicU64,
    rewinds: AtomicU64,
}

/// How far the server is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many events and wire records the server has not confirmed.
    pub unshipped: u64,
    /// How long ago the oldest of them was written.
    pub oldest: Option<Duration>,
    /// How many records the server refused for ever because another writer used their lane. Not 0
    /// means that two processes write the same call: somebody must look.
    pub refused: u64,
    /// How often the server had lost something that it had confirmed, and was sent it again.
    pub rewinds: u64,
}

impl Outbox {
    /// Opens the local files and begins to ship what the server does not have.
    pub fn open(
        directory: &Path,
        remote: Arc<JetStream>,
        settings: OutboxSettings,
    ) -> Result<Outbox, Error> {
        let kept = Settings {
            events: Retention::FOREVER,
            wire: Retention::FOREVER,
            ..settings.segments
        };
        let local = Arc::new(Segments::open(directory, kept)?);
        let progress = Arc::new([Stream::Events, Stream::Wire].map(|stream| Progress {
            stream,
            shipped: watch::Sender::new(Position::beginning(local.id(stream))),
            refused: AtomicU64::new(0),
            rewinds: AtomicU64::new(0),
        }));
        let tasks = [0, 1]
            .map(|index| {
                let shipper = Shipper::new(
                    Arc::clone(&local),
                    Arc::clone(&remote),
                    Arc::clone(&progress),
                    index,
                    directory,
                    settings,
                );
                tokio::spawn(shipper.run())
            })
            .into();
        Ok(Outbox {
            local,
            remote,
            progress,
            tasks,
        })
    }

    /// How far the server is behind: for metrics, and for refusing calls before the disk is full.
    pub async fn lag(&self) -> Lag {
        let mut lag = Lag::default();
        for progress in self.progress.iter() {
            let shipped = *progress.shipped.borrow();
            lag.refused += progress.refused.load(Ordering::Acquire);
            lag.rewinds += progress.rewinds.load(Ordering::Acquire);
            let head = self.local.last_sequence(progress.stream);
            let unshipped = head.saturating_sub(shipped.sequence);
            lag.unshipped += unshipped;
            if unshipped > 0
                && let Ok(mut next) = self
                    .local
                    .follow(progress.stream, shipped, Filter::ALL)
                    .await
                && let Ok(entries) = next.next().await
                && let Some(entry) = entries.first()
            {
                let written_ms = entry.record.header().recorded_at.milliseconds();
                let age_ms = clock::wall_ms().saturating_sub(written_ms);
                let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
                lag.oldest = lag.oldest.max(Some(age));
            }
        }
        lag
    }

    /// Waits until the server has confirmed everything that was appended before this call.
    pub async fn shipped(&self) {
        for progress in self.progress.iter() {
            let head = self.local.last_sequence(progress.stream);
            let mut shipped = progress.shipped.subscribe();
            // The sender lives as long as the outbox does.
            let _ = shipped.wait_for(|at| at.sequence >= head).await;
        }
    }

    /// Stops shipping and closes the local files. What is not shipped is shipped after the next start.
    pub async fn close(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            // It was aborted: that is its answer.
            let _ = task.await;
        }
    }

    /// The local files, with what was found when they were opened.
    pub fn local(&self) -> &Segments {
        &self.local
    }

    /// The server's side.
    pub fn remote(&self) -> &Arc<JetStream> {
        &self.remote
    }
}

impl EventLog for Outbox {
    fn id(&self, stream: Stream) -> LogId {
        self.remote.id(stream)
    }

    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>> {
        self.local.append(records)
    }

    fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.remote.read(subject)
    }

    fn last(&self, subject: &Subject, lane: Lane) -> BoxFuture<Result<Option<Entry>, Error>> {
        // A writer goes on behind what it wrote, shipped or not; what is no longer kept here was.
        let (local, remote) = (
            self.local.last(subject, lane),
            self.remote.last(subject, lane),
        );
        Box::pin(async move {
            match local.await? {
                Some(entry) => Ok(Some(entry)),
                None => remote.await,
            }
        })
    }

    fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.remote.read_wire(call)
    }

    fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>> {
        self.remote.follow(stream, from, filter)
    }

    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>> {
        self.remote.head(stream)
    }

    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>> {
        self.remote.check(stream, position)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        // What is under way may be stored or not: the next start sends it again, and it is one.
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox")
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}
