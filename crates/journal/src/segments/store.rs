//! What readers see of one stream's segments: the sealed ones, the one that is written, and the
//! newest events in memory.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use schemas::{Entry, Hash, Lane, LogId, Position, Record};
use tokio::sync::watch;

use super::frame::{self, FRAME_BYTES, Found, HEADER_BYTES, Kind};
use super::index::{self, Growing, Place, Summary, Table};
use super::recent::Recent;
use super::scan::{Gap, Scan, Step, read_range, to_u64};
use super::walk::Reading;
use crate::head::Head;
use crate::key::Key;
use crate::{Continuity, Damage, Error, Filter};

/// One stream on disk.
pub(crate) struct Store {
    pub(crate) id: LogId,
    pub(crate) head: watch::Sender<Head>,
    state: RwLock<State>,
    tables: Mutex<VecDeque<(u64, Arc<Loaded>)>>,
    /// Sealed segments up to this number are not needed any more: an outbox shipped them.
    released: AtomicU64,
}

/// The segments at one moment.
pub(crate) struct State {
    pub(crate) sealed: VecDeque<Arc<Sealed>>,
    pub(crate) open: Open,
    /// The last durable event.
    pub(crate) last: Position,
    pub(crate) recent: Recent,
    /// Segments that are missing between others.
    pub(crate) holes: Vec<Damage>,
}

/// A segment that does not change any more.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) path: PathBuf,
    pub(crate) summary: Summary,
}

/// The segment that is written, as far as it is durable.
pub(crate) struct Open {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<File>,
    pub(crate) first: u64,
    pub(crate) length: u64,
    pub(crate) growing: Growing,
    pub(crate) gaps: Vec<Gap>,
}

/// A sealed segment that was opened for reading.
pub(crate) struct Loaded {
    file: Arc<File>,
    table: Table,
}

/// Where the records of one subject are.
struct Holding {
    sealed: Vec<Arc<Sealed>>,
    file: Arc<File>,
    path: PathBuf,
    first: u64,
    places: Vec<Place>,
    damage: Option<Damage>,
}

/// How many tables of sealed segments stay in memory, each about a fiftieth of its segment.
const TABLES_MAX: usize = 4;
/// Most records are shorter than this: read it in one go.
const RECORD_GUESS_BYTES: u64 = 2048;

impl Store {
    pub(crate) fn new(id: LogId, state: State) -> Store {
        Store {
            id,
            head: watch::Sender::new(Head::at(state.last.sequence)),
            state: RwLock::new(state),
            tables: Mutex::default(),
            released: AtomicU64::new(0),
        }
    }

    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// All records of a subject that fit, in order.
    pub(crate) fn read(
        &self,
        key: Key,
        fits: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Entry>, Error> {
        let seen = self.holding(key);
        let mut entries = Vec::new();
        for segment in &seen.sealed {
            self.read_from(segment, key, &mut entries)?;
        }
        for place in seen.places {
            entries.push(self.entry_at(&seen.file, &seen.path, seen.first, place)?);
        }
        entries.retain(|entry| fits(&entry.record));
        match seen.damage {
            Some(damage) if !crate::tail::is_dense(&entries) => Err(Error::Damaged(damage)),
            _ => Ok(entries),
        }
    }

    /// The last record of a lane.
    pub(crate) fn last_of(&self, key: Key, lane: Lane) -> Result<Option<Entry>, Error> {
        self.find(key, |record| record.lane() == lane)
    }

    /// The newest record of a subject that fits.
    pub(crate) fn find(
        &self,
        key: Key,
        fits: impl Fn(&Record) -> bool,
    ) -> Result<Option<Entry>, Error> {
        let seen = self.holding(key);
        for place in seen.places.into_iter().rev() {
            let entry = self.entry_at(&seen.file, &seen.path, seen.first, place)?;
            if fits(&entry.record) {
                return Ok(Some(entry));
            }
        }
        for segment in seen.sealed.iter().rev() {
            let mut entries = Vec::new();
            self.read_from(segment, key, &mut entries)?;
            if let Some(entry) = entries.into_iter().rev().find(|entry| fits(&entry.record)) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Up to this number the events may be deleted, whole segments at a time.
    pub(crate) fn release(&self, sequence: u64) {
        self.released.fetch_max(sequence, Ordering::AcqRel);
    }

    pub(crate) fn released(&self) -> u64 {
        self.released.load(Ordering::Acquire)
    }

    /// The segment that was written is sealed, and another one begins.
    pub(crate) fn rotate(&self, next: Open, last_hash: Hash) {
        let (sealed, loaded) = {
            let mut state = self.state_mut();
            let next_number = next.first;
            let open = std::mem::replace(&mut state.open, next);
            let summary = open.summary(self.id, next_number, last_hash);
            let loaded = Arc::new(Loaded {
                table: open.growing.into_table(),
                file: open.file,
            });
            let sealed = Arc::new(Sealed {
                path: open.path,
                summary,
            });
            self.keep(sealed.summary.first, Arc::clone(&loaded));
            state.sealed.push_back(Arc::clone(&sealed));
            (sealed, loaded)
        };
        // An index that cannot be written is made again when it is needed.
        let _ = index::save(&index_path(&sealed.path), &sealed.summary, &loaded.table);
    }

    /// Whether a place is still a place of this stream.
    pub(crate) fn check(&self, position: &Position) -> Result<Continuity, Error> {
        if position.log != self.id {
            return Ok(Continuity::Diverged);
        }
        {
            let state = self.state();
            if position.sequence == 0 || *position == state.last {
                return Ok(Continuity::Same);
            }
            if position.sequence > state.last.sequence {
                return Ok(Continuity::Truncated { head: state.last });
            }
            if position.sequence < state.oldest() {
                return Ok(Continuity::Expired);
            }
            if let Some(entry) = state.recent.at(position.sequence) {
                return Ok(same(entry.position.hash, position.hash));
            }
        }
        let mut reading = Reading::at(position.sequence);
        let entries = reading.read(self, &Filter::ALL, 1)?;
        let entry = entries.first().ok_or(Error::Closed)?;
        Ok(same(entry.position.hash, position.hash))
    }

    /// The segment that holds a number, opened for reading, with its table.
    pub(crate) fn load(&self, segment: &Sealed) -> Result<Arc<Loaded>, Error> {
        let first = segment.summary.first;
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = tables.iter().position(|(held, _)| *held == first) {
            let held = tables.remove(at).expect("it was found there");
            let loaded = Arc::clone(&held.1);
            tables.push_front(held);
            return Ok(loaded);
        }
        let file = File::open(&segment.path).map_err(Error::io("open", &segment.path))?;
        let table = match index::load_table(&index_path(&segment.path)) {
            Some(table) => table,
            None => table_of(&file, segment)?,
        };
        let loaded = Arc::new(Loaded {
            file: Arc::new(file),
            table,
        });
        tables.push_front((first, Arc::clone(&loaded)));
        tables.truncate(TABLES_MAX);
        Ok(loaded)
    }

    fn keep(&self, first: u64, loaded: Arc<Loaded>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.push_front((first, loaded));
        tables.truncate(TABLES_MAX);
    }

    /// The segments that may hold records of a subject, at one moment.
    fn holding(&self, key: Key) -> Holding {
        let state = self.state();
        let holds = |segment: &&Arc<Sealed>| segment.summary.may_hold(key);
        let sealed: Vec<_> = state.sealed.iter().filter(holds).cloned().collect();
        let damage = sealed.iter().find_map(|segment| segment.damage());
        Holding {
            damage: damage
                .or_else(|| state.open.damage())
                .or_else(|| state.holes.first().cloned()),
            sealed,
            file: Arc::clone(&state.open.file),
            path: state.open.path.clone(),
            first: state.open.first,
            places: state.open.growing.places(key).to_vec(),
        }
    }

    fn read_from(&self, segment: &Sealed, key: Key, into: &mut Vec<Entry>) -> Result<(), Error> {
        let loaded = self.load(segment)?;
        for place in loaded.table.places(key) {
            let first = segment.summary.first;
            into.push(self.entry_at(&loaded.file, &segment.path, first, *place)?);
        }
        Ok(())
    }

    fn entry_at(&self, file: &File, path: &Path, first: u64, at: Place) -> Result<Entry, Error> {
        let offset = u64::from(at.offset);
        let sequence = first + u64::from(at.ordinal);
        let mut length = RECORD_GUESS_BYTES;
        loop {
            let bytes =
                read_range(file, offset, offset + length).map_err(Error::io("read", path))?;
            match frame::take(&bytes, frame::seed(self.id)) {
                Found::Frame(frame, body)
                    if frame.kind == Kind::Record && frame.sequence == sequence =>
                {
                    let body = bytes::Bytes::copy_from_slice(body);
                    if let Ok(record) = Record::read(body) {
                        return Ok(self.entry(sequence, record));
                    }
                }
                Found::Short(wanted) if to_u64(wanted) > length => {
                    length = to_u64(wanted);
                    continue;
                }
                _ => {}
            }
            return Err(Error::Damaged(Damage {
                file: path.to_owned(),
                offset,
                bytes: to_u64(FRAME_BYTES),
                first: sequence,
                next: sequence + 1,
            }));
        }
    }

    pub(crate) fn entry(&self, sequence: u64, record: Record) -> Entry {
        let position = Position {
            log: self.id,
            sequence,
            hash: record.hash(),
        };
        Entry { position, record }
    }
}

impl State {
    /// The number of the oldest event that is kept.
    pub(crate) fn oldest(&self) -> u64 {
        self.sealed
            .front()
            .map_or(self.open.first, |segment| segment.summary.first)
    }
}

impl Sealed {
    /// The first damage that hides events.
    pub(crate) fn damage(&self) -> Option<Damage> {
        first_damage(&self.path, &self.summary.gaps)
    }
}

impl Open {
    fn damage(&self) -> Option<Damage> {
        first_damage(&self.path, &self.gaps)
    }

    /// What is known of the segment once nothing more is written to it.
    pub(crate) fn summary(&self, log: LogId, next: u64, last_hash: Hash) -> Summary {
        Summary {
            log,
            first: self.first,
            next,
            last_hash,
            calls: self.growing.calls(),
            newest_ms: self.growing.newest_ms(),
            length: self.file.metadata().map_or(self.length, |file| file.len()),
            gaps: self.gaps.clone(),
        }
    }
}

impl Loaded {
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn mark(&self, ordinal: u64) -> Option<Place> {
        self.table.mark(ordinal)
    }
}

impl Gap {
    /// The damage, as it is told.
    pub(crate) fn damage(&self, file: &Path) -> Damage {
        Damage {
            file: file.to_owned(),
            offset: self.offset,
            bytes: self.bytes,
            first: self.first,
            next: self.next,
        }
    }
}

/// The index file of a segment file.
pub(crate) fn index_path(segment: &Path) -> PathBuf {
    segment.with_extension("index")
}

fn same(there: Hash, remembered: Hash) -> Continuity {
    if there == remembered {
        Continuity::Same
    } else {
        Continuity::Diverged
    }
}

fn first_damage(path: &Path, gaps: &[Gap]) -> Option<Damage> {
    let gap = gaps.iter().find(|gap| gap.next > gap.first)?;
    Some(gap.damage(path))
}

/// Makes the table of a segment whose index is lost. Damage was counted when it was sealed.
fn table_of(file: &File, segment: &Sealed) -> Result<Table, Error> {
    let Summary {
        log, first, length, ..
    } = segment.summary;
    let mut growing = Growing::default();
    let mut scan = Scan::new(file, log, to_u64(HEADER_BYTES), length, first);
    loop {
        match scan.next().map_err(Error::io("read", &segment.path))? {
            Step::Record(found) => {
                let place = index::place(first, found.offset, found.sequence);
                growing.add(Key::of(found.record.subject()), place, &found.record);
            }
            Step::Mark | Step::Damage(_) => {}
            Step::Seal | Step::End { .. } => return Ok(growing.into_table()),
        }
    }
}
