//! The one thread that writes a stream: it takes all that arrived while the last sync ran, writes it
//! at once, syncs once, and then answers.

mod faults;
mod space;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use schemas::{Entry, Position, Record};
use tokio::sync::oneshot;

use super::directory;
use super::frame::{self, Content, FRAME_BYTES, Frame, Kind};
use super::index;
use super::pace::Pace;
use super::queue::{Queue, Submission, Work};
use super::scan::to_u64;
use super::settings::{Retention, Settings};
use super::store::{Open, Store, index_path};
use crate::head::Head;
use crate::key::Key;
use crate::lanes::Lanes;
use crate::log::PAYLOAD_MAX_BYTES;
use crate::tail::{Tail, Verdict, is_same};
use crate::{Outcome, Reason, clock};

/// The most bytes that are written before a sync.
const WRITE_MAX_BYTES: usize = 4 << 20;
/// The space that a segment keeps free for its seal.
const SEAL_BYTES: usize = FRAME_BYTES + 8;

/// Writes one stream.
pub(crate) struct Writer {
    pub(crate) content: Content,
    pub(crate) directory: PathBuf,
    pub(crate) settings: Settings,
    retention: Retention,
    pub(crate) store: Arc<Store>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) lanes: Lanes,
    pub(crate) file: Arc<File>,
    /// How much space the open segment has.
    pub(crate) space: u64,
    seed: u32,
    /// Frames that are not written yet, and the entries in them with their offsets.
    buffer: Vec<u8>,
    staged: Vec<(Entry, u64)>,
    /// Where the open segment ends, without what is staged.
    length: u64,
    first: u64,
    last: Position,
    /// Why nothing can be taken in this round.
    fault: Option<Reason>,
    /// Why nothing can ever be taken again.
    failed: Option<Reason>,
    pace: Pace,
    synced: Instant,
    unsynced: bool,
}

/// The answer to a submission, while it is not known to be durable.
type Answer = (oneshot::Sender<Vec<Outcome>>, Vec<Outcome>);

impl Writer {
    pub(crate) fn new(
        content: Content,
        directory: PathBuf,
        settings: Settings,
        store: Arc<Store>,
        queue: Arc<Queue>,
        lanes: Lanes,
        space: u64,
    ) -> Writer {
        let (file, length, first, last) = {
            let state = store.state();
            let open = &state.open;
            (Arc::clone(&open.file), open.length, open.first, state.last)
        };
        Writer {
            content,
            directory,
            retention: match content {
                Content::Events => settings.events,
                Content::Wire | Content::Export => settings.wire,
            },
            settings,
            seed: frame::seed(store.id),
            store,
            queue,
            lanes,
            file,
            space,
            buffer: Vec::new(),
            staged: Vec::new(),
            length,
            first,
            last,
            fault: None,
            failed: None,
            pace: Pace::new(clock::monotonic()),
            synced: clock::monotonic(),
            unsynced: false,
        }
    }

    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        self.expire();
        loop {
            match self.queue.take(self.settings.wire_sync, &self.pace) {
                Work::Write(submissions) => self.write(submissions),
                Work::Idle => {}
                Work::Close => break,
            }
            self.sync_if_due();
        }
        self.close();
    }

    fn write(&mut self, submissions: Vec<Submission>) {
        self.fault = self.failed.clone();
        let mut answers: Vec<Answer> = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let records = submission.records.into_iter();
            let outcomes = records.map(|record| self.stage(record)).collect();
            answers.push((submission.answer, outcomes));
        }
        self.flush();
        for (answer, mut outcomes) in answers {
            if let Some(reason) = &self.fault {
                for outcome in &mut outcomes {
                    let durable = |at: Position| at.sequence <= self.last.sequence;
                    if outcome
                        .position()
                        .is_some_and(|position| !durable(position))
                    {
                        *outcome = Outcome::Unavailable(reason.clone());
                    }
                }
            }
            // Who does not wait for the answer any more does not need it.
            let _ = answer.send(outcomes);
        }
    }

    /// Judges a record and puts it behind what is staged.
    fn stage(&mut self, record: Record) -> Outcome {
        if let Some(reason) = &self.fault {
            return Outcome::Unavailable(reason.clone());
        }
        if record.payload().len() > PAYLOAD_MAX_BYTES {
            return Outcome::Unavailable(Reason::TooLarge {
                bytes: record.payload().len(),
                most: PAYLOAD_MAX_BYTES,
            });
        }
        let key = Key::of(record.subject());
        let lane = (key, record.lane());
        let tail = match self.tail(lane) {
            Ok(tail) => tail,
            Err(reason) => return Outcome::Unavailable(reason),
        };
        match Tail::judge(tail.as_ref(), &record) {
            Verdict::Next => {}
            Verdict::Last(position) => return Outcome::AlreadyThere(position),
            Verdict::Conflict(actual) => return Outcome::Conflict(actual),
            Verdict::Earlier => return self.earlier(key, &record, tail.as_ref()),
        }
        let length = to_u64(FRAME_BYTES + record.bytes().len());
        if self.buffer.len() >= WRITE_MAX_BYTES {
            self.flush();
        }
        if self.end() + length + to_u64(SEAL_BYTES) > self.space {
            self.flush();
            self.rotate(length);
        }
        if let Some(reason) = &self.fault {
            return Outcome::Unavailable(reason.clone());
        }
        self.put(lane, record)
    }

    fn put(&mut self, lane: crate::key::LaneKey, record: Record) -> Outcome {
        let sequence = self.last.sequence + 1 + to_u64(self.staged.len());
        let offset = self.end();
        let frame = Frame {
            kind: Kind::Record,
            sequence,
            batch: u32::try_from(self.staged.len()).unwrap_or(u32::MAX),
        };
        frame::put(&mut self.buffer, self.seed, frame, record.bytes());
        let entry = self.store.entry(sequence, record);
        let position = entry.position;
        self.lanes.set(lane, Tail::of(&entry.record, position));
        self.staged.push((entry, offset));
        Outcome::Appended(position)
    }

    /// The end of a lane: remembered, or looked up.
    fn tail(&mut self, lane: crate::key::LaneKey) -> Result<Option<Tail>, Reason> {
        if let Some(tail) = self.lanes.of(lane) {
            return Ok(Some(*tail));
        }
        let found = self.store.last_of(lane.0, lane.1);
        let found = found.map_err(|error| Reason::Failed(error.explain()))?;
        Ok(found.map(|entry| Tail::of(&entry.record, entry.position)))
    }

    /// A record whose lane went past its number: it is there, or it is another one.
    fn earlier(&self, key: Key, record: &Record, tail: Option<&Tail>) -> Outcome {
        let staged = self.staged.iter().find(|(entry, _)| {
            entry.record.subject() == record.subject() && is_same(&entry.record, record)
        });
        if let Some((entry, _)) = staged {
            return Outcome::AlreadyThere(entry.position);
        }
        match self.store.find(key, |other| is_same(other, record)) {
            Ok(Some(entry)) => Outcome::AlreadyThere(entry.position),
            Ok(None) => Outcome::Conflict(Tail::actual(tail)),
            Err(error) => Outcome::Unavailable(Reason::Failed(error.explain())),
        }
    }

    /// Makes durable what is staged, and shows it to readers.
    fn flush(&mut self) {
        if self.staged.is_empty() || self.fault.is_some() {
            return;
        }
        self.pace.written(self.staged.len(), clock::monotonic());
        if let Err(error) = self.file.write_all_at(&self.buffer, self.length) {
            return self.cut_back(&error);
        }
        let synced = match self.content {
            Content::Events => self.file.sync_data(),
            Content::Wire | Content::Export => Ok(()),
        };
        if let Err(error) = synced {
            return self.fail("sync", &error);
        }
        self.unsynced = self.content != Content::Events;
        self.length += to_u64(self.buffer.len());
        self.buffer.clear();
        {
            let mut state = self.store.state_mut();
            for (entry, offset) in self.staged.drain(..) {
                let place = index::place(self.first, offset, entry.position.sequence);
                let key = Key::of(entry.record.subject());
                state.open.growing.add(key, place, &entry.record);
                self.last = entry.position;
                state.recent.push(entry);
            }
            state.last = self.last;
            state.open.length = self.length;
        }
        Head::announce(&self.store.head, self.last.sequence);
    }

    /// Seals the open segment and begins the next one, with room for a frame of `length`.
    fn rotate(&mut self, length: u64) {
        if self.fault.is_some() {
            return;
        }
        let first = self.last.sequence + 1;
        if first == self.first {
            // The segment is empty and still too short: nothing but a longer one helps.
            return self.lengthen(length);
        }
        let next =
            match directory::create(&self.directory, self.header(first), self.space_for(length)) {
                Ok(next) => next,
                Err(error) => return self.refuse(&error),
            };
        if let Err(error) = self.seal() {
            return self.fail("seal", &error);
        }
        self.space = self.space_for(length);
        self.file = Arc::new(next.file);
        let open = Open {
            path: next.path,
            file: Arc::clone(&self.file),
            first,
            length: next.length,
            growing: index::Growing::default(),
            gaps: Vec::new(),
        };
        self.length = open.length;
        self.first = first;
        self.lanes.age();
        self.store.rotate(open, self.last.hash);
        self.expire();
    }

    /// Ends the open segment: the seal, a sync, and the space behind it is given back.
    fn seal(&mut self) -> io::Result<()> {
        let frame = Frame {
            kind: Kind::Seal,
            sequence: self.last.sequence + 1,
            batch: 0,
        };
        let count = self.last.sequence + 1 - self.first;
        self.buffer.clear();
        frame::put(&mut self.buffer, self.seed, frame, &count.to_le_bytes());
        self.file.write_all_at(&self.buffer, self.length)?;
        self.length += to_u64(self.buffer.len());
        self.buffer.clear();
        self.file.set_len(self.length)?;
        self.file.sync_data()
    }

    /// Deletes the oldest sealed segments that are past their time.
    fn expire(&mut self) {
        while let Some(path) = self.store.expired(self.retention, self.space) {
            let _ = fs::remove_file(index_path(&path));
            let _ = fs::remove_file(&path);
        }
    }

    fn sync_if_due(&mut self) {
        if clock::monotonic().duration_since(self.synced) < self.settings.wire_sync {
            return;
        }
        self.synced = clock::monotonic();
        self.expire();
        if self.unsynced && self.failed.is_none() {
            self.unsynced = false;
            if let Err(error) = self.file.sync_data() {
                self.fail("sync", &error);
            }
        }
    }

    /// Says that everything was synced, so that damage found later is known to be damage.
    fn close(&mut self) {
        if self.failed.is_none() {
            let frame = Frame {
                kind: Kind::Mark,
                sequence: self.last.sequence + 1,
                batch: 0,
            };
            self.buffer.clear();
            frame::put(&mut self.buffer, self.seed, frame, &[]);
            // A mark that is not written is only missed: the scan is the same without it.
            let fits = self.length + to_u64(self.buffer.len() + SEAL_BYTES) <= self.space;
            if fits && self.file.write_all_at(&self.buffer, self.length).is_ok() {
                let _ = self.file.sync_data();
            }
        }
        Head::close(&self.store.head);
    }

    fn header(&self, first: u64) -> frame::SegmentHeader {
        frame::SegmentHeader {
            content: self.content,
            log: self.store.id,
            first,
            created_ms: clock::wall_ms(),
            previous: self.last.hash,
        }
    }

    fn end(&self) -> u64 {
        self.length + to_u64(self.buffer.len())
    }
}
