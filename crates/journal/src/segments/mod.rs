//! A log in segment files: the embedded default, the edge's outbox and the export format.

mod archive;
mod directory;
mod export;
mod frame;
mod index;
mod pace;
mod queue;
mod recent;
mod recovery;
mod report;
mod retention;
mod scan;
mod settings;
mod shelves;
mod store;
mod survey;
mod walk;
mod writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use schemas::{CallId, Entry, Lane, LogId, Position, Record, Subject};
use tokio::sync::oneshot;

pub use archive::{Archive, Entries};
pub use export::export;
use frame::Content;
use queue::Queue;
use recovery::Access;
pub use report::{Opened, Report};
pub use settings::{Retention, Settings};
use shelves::Shelves;
use store::Store;
use writer::Writer;

use crate::follower::ready;
use crate::{BoxFuture, Continuity, Error, EventLog, Filter, Follower, Outcome, Reason, Stream};

/// A log in the directory of one machine, open for writing.
///
/// An event is durable when its append resolves: `fdatasync` ran behind it. A wire record is written
/// when its append resolves and synced within [`Settings::wire_sync`]. Dropping the log writes what
/// still waits and then stops its threads.
pub struct Segments {
    shelves: Shelves,
    events: Desk,
    wire: Desk,
    report: Report,
    /// Held as long as the log is open for writing.
    _lock: File,
}

/// The writing side of a stream.
struct Desk {
    queue: Arc<Queue>,
    writer: Option<JoinHandle<()>>,
}

impl Segments {
    /// Opens the log in a directory for writing, and creates it if there is none.
    ///
    /// Reads the last segment of each stream as a whole, and cuts a tail that a crash left half
    /// written. What was found is in [`Segments::report`].
    pub fn open(directory: &Path, settings: Settings) -> Result<Segments, Error> {
        fs::create_dir_all(directory).map_err(Error::io("create", directory))?;
        let lock = lock(directory)?;
        let (events, desk, opened) = open_stream(directory, Content::Events, settings)?;
        let (wire, wire_desk, wire_opened) = open_stream(directory, Content::Wire, settings)?;
        directory::sync_directory(directory).map_err(Error::io("sync", directory))?;
        Ok(Segments {
            shelves: Shelves { events, wire },
            events: desk,
            wire: wire_desk,
            report: Report {
                events: opened,
                wire: wire_opened,
            },
            _lock: lock,
        })
    }

    /// Opens a log's directory or an exported file for reading, also while a process writes to it.
    /// It shows the events that were there when it was opened.
    pub fn open_read_only(path: &Path) -> Result<Archive, Error> {
        Archive::open(path)
    }

    /// What was found when the log was opened.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The number of the last durable event.
    pub(crate) fn last_sequence(&self, stream: Stream) -> u64 {
        self.shelves.of(stream).state().last.sequence
    }

    /// Up to this number the events of a stream may be deleted, whole segments at a time.
    pub(crate) fn release(&self, stream: Stream, sequence: u64) {
        self.shelves.of(stream).release(sequence);
    }

    fn submit(
        &self,
        stream: Stream,
        records: Vec<Record>,
    ) -> Result<oneshot::Receiver<Vec<Outcome>>, Reason> {
        match stream {
            Stream::Events => self.events.queue.submit(records),
            Stream::Wire => self.wire.queue.submit(records),
        }
    }
}

impl EventLog for Segments {
    fn id(&self, stream: Stream) -> LogId {
        self.shelves.of(stream).id
    }

    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>> {
        let Some(first) = records.first() else {
            return ready(Vec::new());
        };
        let stream = Stream::of(first.lane());
        if records
            .iter()
            .all(|record| Stream::of(record.lane()) == stream)
        {
            let count = records.len();
            let answer = self.submit(stream, records);
            return Box::pin(async move { outcomes(answer, count).await });
        }
        let streams: Vec<Stream> = records.iter().map(|one| Stream::of(one.lane())).collect();
        let (events, wire): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|record| Stream::of(record.lane()) == Stream::Events);
        let counts = (events.len(), wire.len());
        let events = self.submit(Stream::Events, events);
        let wire = self.submit(Stream::Wire, wire);
        Box::pin(async move {
            let mut events = outcomes(events, counts.0).await.into_iter();
            let mut wire = outcomes(wire, counts.1).await.into_iter();
            let next = |stream: Stream| match stream {
                Stream::Events => events.next(),
                Stream::Wire => wire.next(),
            };
            streams.into_iter().filter_map(next).collect()
        })
    }

    fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.shelves.read(subject)
    }

    fn last(&self, subject: &Subject, lane: Lane) -> BoxFuture<Result<Option<Entry>, Error>> {
        self.shelves.last(subject, lane)
    }

    fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.shelves.read_wire(call)
    }

    fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>> {
        self.shelves.follow(stream, from, filter)
    }

    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>> {
        ready(Ok(self.shelves.of(stream).state().last))
    }

    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>> {
        self.shelves.check(stream, position)
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        let desks = [&mut self.events, &mut self.wire];
        for desk in &desks {
            desk.queue.close();
        }
        for desk in desks {
            if let Some(writer) = desk.writer.take() {
                // A writer that panicked has answered nobody; its callers know.
                let _ = writer.join();
            }
        }
    }
}

impl std::fmt::Debug for Segments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segments")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

/// Waits for a writer's answer.
async fn outcomes(
    answer: Result<oneshot::Receiver<Vec<Outcome>>, Reason>,
    count: usize,
) -> Vec<Outcome> {
    let reason = match answer {
        Ok(answer) => match answer.await {
            Ok(outcomes) => return outcomes,
            Err(_) => Reason::Failed("the writer has stopped".to_owned()),
        },
        Err(reason) => reason,
    };
    vec![Outcome::Unavailable(reason); count]
}

/// Makes sure that one process writes.
fn lock(directory: &Path) -> Result<File, Error> {
    let path = directory.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path }),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path)(error)),
    }
}

fn open_stream(
    directory: &Path,
    content: Content,
    settings: Settings,
) -> Result<(Arc<Store>, Desk, Opened), Error> {
    let stream = match content {
        Content::Events | Content::Export => Stream::Events,
        Content::Wire => Stream::Wire,
    };
    let directory = directory.join(stream.name());
    fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;
    let recovered = recovery::open(&directory, content, &settings, Access::Write)?;
    let store = Arc::new(recovered.store);
    let queue = Arc::new(Queue::default());
    let writer = Writer::new(
        content,
        directory.clone(),
        settings,
        Arc::clone(&store),
        Arc::clone(&queue),
        recovered.lanes,
        recovered.space,
    );
    let writer = thread::Builder::new()
        .name(format!("journal-{}", stream.name()))
        .spawn(move || writer.run())
        .map_err(Error::io("start the writer of", &directory))?;
    let desk = Desk {
        queue,
        writer: Some(writer),
    };
    Ok((store, desk, recovered.opened))
}
