//! A log in memory: the contract without a disk, for tests and for measuring what durability costs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use schemas::{CallId, Entry, Lane, LogId, Position, Record, Subject};
use tokio::sync::watch;

use crate::follower::{BATCH_MAX_ENTRIES, Follow, ready};
use crate::head::Head;
use crate::key::{Key, LaneKey};
use crate::log::PAYLOAD_MAX_BYTES;
use crate::tail::{Tail, Verdict, is_same};
use crate::{
    BoxFuture, Continuity, Error, EventLog, Filter, Follower, Outcome, Reason, Stream, clock,
};

/// A log that is gone when the process ends.
#[derive(Debug)]
pub struct Memory {
    events: Arc<Shelf>,
    wire: Arc<Shelf>,
}

/// One stream.
#[derive(Debug)]
struct Shelf {
    id: LogId,
    state: RwLock<State>,
    head: watch::Sender<Head>,
    keep_bytes: usize,
}

#[derive(Debug)]
struct State {
    /// The events that are kept; the first has the number `oldest`.
    entries: VecDeque<Entry>,
    oldest: u64,
    bytes: usize,
    last: Position,
    lanes: HashMap<LaneKey, Tail>,
    /// The numbers of the events of each subject.
    subjects: HashMap<Key, VecDeque<u64>>,
}

impl Memory {
    /// A log that keeps everything.
    pub fn new() -> Memory {
        Memory::keeping(usize::MAX)
    }

    /// A log that forgets its oldest events when one of its streams has more bytes than this.
    pub fn keeping(bytes: usize) -> Memory {
        Memory {
            events: Arc::new(Shelf::new(bytes)),
            wire: Arc::new(Shelf::new(bytes)),
        }
    }

    fn shelf(&self, stream: Stream) -> &Arc<Shelf> {
        match stream {
            Stream::Events => &self.events,
            Stream::Wire => &self.wire,
        }
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        Head::close(&self.events.head);
        Head::close(&self.wire.head);
    }
}

impl EventLog for Memory {
    fn id(&self, stream: Stream) -> LogId {
        self.shelf(stream).id
    }

    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>> {
        let outcomes = records
            .into_iter()
            .map(|record| self.shelf(Stream::of(record.lane())).append(record))
            .collect();
        self.events.announce();
        self.wire.announce();
        ready(outcomes)
    }

    fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>> {
        ready(Ok(self.events.read().of(Key::of(subject))))
    }

    fn last(&self, subject: &Subject, lane: Lane) -> BoxFuture<Result<Option<Entry>, Error>> {
        let state = self.shelf(Stream::of(lane)).read();
        let tail = state.lanes.get(&(Key::of(subject), lane));
        ready(Ok(tail
            .and_then(|tail| state.at(tail.position.sequence))
            .cloned()))
    }

    fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>> {
        ready(Ok(self.wire.read().of(Key::of_call(call))))
    }

    fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>> {
        let shelf = Arc::clone(self.shelf(stream));
        let continuity = shelf.check(&from);
        ready(shelf.start(continuity, from).map(|position| {
            Follower::new(Walk {
                changes: shelf.head.subscribe(),
                shelf,
                filter,
                position,
            })
        }))
    }

    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>> {
        ready(Ok(self.shelf(stream).read().last))
    }

    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>> {
        ready(Ok(self.shelf(stream).check(position)))
    }
}

impl Shelf {
    fn new(keep_bytes: usize) -> Shelf {
        let id = clock::new_log_id().expect("the operating system has random bytes");
        Shelf {
            id,
            state: RwLock::new(State {
                entries: VecDeque::new(),
                oldest: 1,
                bytes: 0,
                last: Position::beginning(id),
                lanes: HashMap::new(),
                subjects: HashMap::new(),
            }),
            head: watch::Sender::new(Head::at(0)),
            keep_bytes,
        }
    }

    fn append(&self, record: Record) -> Outcome {
        if record.payload().len() > PAYLOAD_MAX_BYTES {
            return Outcome::Unavailable(Reason::TooLarge {
                bytes: record.payload().len(),
                most: PAYLOAD_MAX_BYTES,
            });
        }
        let mut state = self.write();
        let key = Key::of(record.subject());
        let lane = (key, record.lane());
        match Tail::judge(state.lanes.get(&lane), &record) {
            Verdict::Next => Outcome::Appended(state.push(lane, record, self.keep_bytes)),
            Verdict::Last(position) => Outcome::AlreadyThere(position),
            Verdict::Conflict(actual) => Outcome::Conflict(actual),
            Verdict::Earlier => match state.earlier(key, &record) {
                Some(position) => Outcome::AlreadyThere(position),
                None => Outcome::Conflict(Tail::actual(state.lanes.get(&lane))),
            },
        }
    }

    fn announce(&self) {
        let head = self.read().last.sequence;
        Head::announce(&self.head, head);
    }

    fn check(&self, position: &Position) -> Continuity {
        let state = self.read();
        if position.log != self.id {
            return Continuity::Diverged;
        }
        if position.sequence == 0 || *position == state.last {
            return Continuity::Same;
        }
        if position.sequence > state.last.sequence {
            return Continuity::Truncated { head: state.last };
        }
        match state.at(position.sequence) {
            Some(entry) if entry.position == *position => Continuity::Same,
            Some(_) => Continuity::Diverged,
            None => Continuity::Expired,
        }
    }

    /// Where a follower begins.
    fn start(&self, continuity: Continuity, from: Position) -> Result<Position, Error> {
        let oldest = self.read().oldest;
        match continuity {
            Continuity::Same => Ok(from),
            Continuity::Expired if from.sequence + 1 == oldest => Ok(from),
            Continuity::Expired => Err(Error::Expired { oldest }),
            Continuity::Truncated { head } => Err(Error::Truncated { head }),
            Continuity::Diverged => Err(Error::Diverged),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, lane: LaneKey, record: Record, keep_bytes: usize) -> Position {
        let position = Position {
            log: self.last.log,
            sequence: self.last.sequence + 1,
            hash: record.hash(),
        };
        self.last = position;
        self.lanes.insert(lane, Tail::of(&record, position));
        self.subjects
            .entry(lane.0)
            .or_default()
            .push_back(position.sequence);
        self.bytes += record.bytes().len();
        self.entries.push_back(Entry { position, record });
        while self.bytes > keep_bytes && self.entries.len() > 1 {
            self.forget_oldest();
        }
        position
    }

    fn forget_oldest(&mut self) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        self.oldest += 1;
        self.bytes -= entry.record.bytes().len();
        let lane = (Key::of(entry.record.subject()), entry.record.lane());
        if self
            .lanes
            .get(&lane)
            .is_some_and(|tail| tail.position == entry.position)
        {
            self.lanes.remove(&lane);
        }
        if let Some(numbers) = self.subjects.get_mut(&lane.0) {
            numbers.pop_front();
            if numbers.is_empty() {
                self.subjects.remove(&lane.0);
            }
        }
    }

    fn at(&self, sequence: u64) -> Option<&Entry> {
        let index = sequence.checked_sub(self.oldest)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    fn of(&self, key: Key) -> Vec<Entry> {
        let numbers = self.subjects.get(&key).into_iter().flatten();
        numbers
            .filter_map(|number| self.at(*number))
            .cloned()
            .collect()
    }

    /// Where the log has this very event, at a number that its lane went past.
    fn earlier(&self, key: Key, record: &Record) -> Option<Position> {
        let numbers = self.subjects.get(&key)?;
        numbers
            .iter()
            .filter_map(|number| self.at(*number))
            .find(|entry| is_same(&entry.record, record))
            .map(|entry| entry.position)
    }
}

/// A follower of a stream in memory.
struct Walk {
    shelf: Arc<Shelf>,
    changes: watch::Receiver<Head>,
    filter: Filter,
    position: Position,
}

impl Walk {
    /// What lies behind the position; moves the position past what the filter drops.
    fn step(&mut self) -> Result<Vec<Entry>, Error> {
        let state = self.shelf.read();
        let next = self.position.sequence + 1;
        if next < state.oldest && self.position.sequence != 0 {
            return Err(Error::Expired {
                oldest: state.oldest,
            });
        }
        let skip = usize::try_from(next.saturating_sub(state.oldest)).unwrap_or(usize::MAX);
        let mut batch = Vec::new();
        for entry in state.entries.range(skip.min(state.entries.len())..) {
            if batch.len() == BATCH_MAX_ENTRIES {
                break;
            }
            self.position = entry.position;
            if self
                .filter
                .passes(entry.record.subject(), entry.record.lane())
            {
                batch.push(entry.clone());
            }
        }
        Ok(batch)
    }
}

impl Follow for Walk {
    fn next<'a>(
        &'a mut self,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Vec<Entry>, Error>> + Send + 'a>> {
        Box::pin(async move {
            loop {
                let closed = self.changes.borrow_and_update().closed;
                let batch = self.step()?;
                if !batch.is_empty() {
                    return Ok(batch);
                }
                if closed || self.changes.changed().await.is_err() {
                    return Err(Error::Closed);
                }
            }
        })
    }

    fn position(&self) -> Position {
        self.position
    }
}
