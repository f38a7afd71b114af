//! A log that is only read: a directory, also while somebody writes to it, or one exported file.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use schemas::{CallId, Entry, Lane, LogId, Position, Record, Subject};

use super::frame::Content;
use super::recovery::{self, Access};
use super::report::Report;
use super::settings::Settings;
use super::shelves::{Shelves, of_stream};
use super::store::Store;
use super::walk::Reading;
use crate::follower::{BATCH_MAX_ENTRIES, ready};
use crate::head::Head;
use crate::key::Key;
use crate::{BoxFuture, Continuity, Error, EventLog, Filter, Follower, Outcome, Reason, Stream};

/// A log as it was when it was opened. Nothing on disk is changed.
///
/// It is an [`EventLog`] as well: its followers end with [`Error::Closed`].
pub struct Archive {
    shelves: Shelves,
    report: Report,
}

impl Archive {
    /// Opens a log's directory, or one segment file.
    pub fn open(path: &Path) -> Result<Archive, Error> {
        let settings = Settings::default();
        let (shelves, report) = if path.is_dir() {
            let open = |stream: Stream, content| {
                let directory = path.join(stream.name());
                recovery::open(&directory, content, &settings, Access::ReadOnly)
            };
            let events = open(Stream::Events, Content::Events)?;
            let wire = open(Stream::Wire, Content::Wire)?;
            let report = Report {
                events: events.opened,
                wire: wire.opened,
            };
            (both(Arc::new(events.store), Arc::new(wire.store)), report)
        } else {
            let (content, file) = recovery::open_file(path)?;
            let store = Arc::new(file.store);
            let mut report = Report::default();
            match content {
                Content::Events | Content::Export => report.events = file.opened,
                Content::Wire => report.wire = file.opened,
            }
            (both(Arc::clone(&store), store), report)
        };
        Ok(Archive { shelves, report })
    }

    /// What was found when it was opened. Of an exported file, all is under `events`.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Everything of a stream that passes the filter, in log order. A damaged place is one error, and so is
    /// a segment that expired since the archive was opened; what lies behind it follows.
    pub fn entries(&self, stream: Stream, filter: Filter) -> Entries {
        let store = Arc::clone(self.shelves.of(stream));
        let oldest = store.state().oldest();
        Entries {
            store,
            stream,
            filter,
            reading: Reading::at(oldest),
            batch: VecDeque::new(),
            failed: false,
        }
    }

    /// The facts, decisions and requests of a subject, or an error if damage hides some.
    pub fn subject(&self, subject: &Subject) -> Result<Vec<Entry>, Error> {
        let store = self.shelves.of(Stream::Events);
        store.read(Key::of(subject), of_stream(Stream::Events))
    }

    /// The SIP messages of a call.
    pub fn wire(&self, call: CallId) -> Result<Vec<Entry>, Error> {
        let store = self.shelves.of(Stream::Wire);
        store.read(Key::of_call(call), of_stream(Stream::Wire))
    }
}

impl EventLog for Archive {
    fn id(&self, stream: Stream) -> LogId {
        self.shelves.of(stream).id
    }

    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>> {
        ready(vec![Outcome::Unavailable(Reason::Closed); records.len()])
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
        let filter = filter.within(stream);
        self.shelves.follow(stream, from, filter)
    }

    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>> {
        ready(Ok(self.shelves.of(stream).state().last))
    }

    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>> {
        self.shelves.check(stream, position)
    }
}

/// The entries of an archive, one after the other.
pub struct Entries {
    store: Arc<Store>,
    stream: Stream,
    filter: Filter,
    reading: Reading,
    batch: VecDeque<Entry>,
    failed: bool,
}

impl Entries {
    /// How far it is: the number of the next event, and that of the last one. For a progress bar.
    pub fn progress(&self) -> (u64, u64) {
        (self.reading.next, self.store.state().last.sequence)
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Result<Entry, Error>> {
        loop {
            if let Some(entry) = self.batch.pop_front() {
                return Some(Ok(entry));
            }
            if self.failed || self.reading.next > self.store.state().last.sequence {
                return None;
            }
            let filter = self.filter.within(self.stream);
            match self.reading.read(&self.store, &filter, BATCH_MAX_ENTRIES) {
                Ok(batch) => self.batch = batch.into(),
                Err(error) => {
                    // Only behind damage and what expired there is more to read.
                    self.failed = !matches!(error, Error::Damaged(_) | Error::Expired { .. });
                    return Some(Err(error));
                }
            }
        }
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

/// Both streams, of which nothing more comes.
fn both(events: Arc<Store>, wire: Arc<Store>) -> Shelves {
    Head::close(&events.head);
    Head::close(&wire.head);
    Shelves { events, wire }
}
