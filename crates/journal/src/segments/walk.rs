//! Reads a stream of segments in order, and follows it into what is written now.

use std::sync::Arc;

use schemas::{Entry, Position};
use tokio::sync::watch;

use super::frame::HEADER_BYTES;
use super::scan::{Scan, Step, to_u64};
use super::store::{Loaded, Store};
use crate::follower::{BATCH_MAX_ENTRIES, Follow};
use crate::head::Head;
use crate::{Damage, Error, Filter};

/// The most bytes of a segment that are read for one batch.
const STEP_MAX_BYTES: u64 = 1 << 20;

/// Where a reader is in the files. It survives an aborted read unchanged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The number of the next event.
    pub(crate) next: u64,
    /// The last event that was looked at.
    pub(crate) seen: Option<Position>,
    /// A segment (by its first number), an offset in it, and the number that is expected there.
    hint: Option<(u64, u64, u64)>,
}

/// Where to read: a file, its range and the numbers in it.
enum Source {
    Sealed(Arc<Loaded>, std::path::PathBuf),
    Open(Arc<std::fs::File>, std::path::PathBuf),
}

/// The part of a segment to read.
struct Range {
    source: Source,
    first: u64,
    /// The number behind the segment's last record.
    behind: u64,
    start: u64,
    start_number: u64,
    end: u64,
}

impl Reading {
    pub(crate) fn at(next: u64) -> Reading {
        Reading {
            next,
            seen: None,
            hint: None,
        }
    }

    /// Reads up to `most` entries that pass. An empty answer means that a part of the history holds
    /// none, or that the head is reached: `next` tells.
    pub(crate) fn read(
        &mut self,
        store: &Store,
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Entry>, Error> {
        let Some(range) = self.range(store)? else {
            return Ok(Vec::new());
        };
        let (file, path) = match &range.source {
            Source::Sealed(loaded, path) => (loaded.file(), path),
            Source::Open(file, path) => (file.as_ref(), path),
        };
        let mut scan = Scan::new(file, store.id, range.start, range.end, range.start_number);
        let mut entries = Vec::new();
        while entries.len() < most && scan.offset() - range.start < STEP_MAX_BYTES {
            let (offset, expected) = (scan.offset(), scan.expected());
            match scan.next().map_err(Error::io("read", path))? {
                Step::Record(found) if found.sequence < self.next => {}
                Step::Record(found) => {
                    let entry = store.entry(found.sequence, found.record);
                    self.next = entry.position.sequence + 1;
                    self.seen = Some(entry.position);
                    if filter.passes(entry.record.subject(), entry.record.lane()) {
                        entries.push(entry);
                    }
                }
                Step::Mark => {}
                Step::Damage(gap) if gap.next <= self.next && gap.first < self.next => {}
                Step::Damage(gap) => {
                    if !entries.is_empty() {
                        self.hint = Some((range.first, offset, expected));
                        return Ok(entries);
                    }
                    self.next = gap.next;
                    self.hint = Some((range.first, scan.offset(), scan.expected()));
                    return Err(Error::Damaged(gap.damage(path)));
                }
                Step::Seal | Step::End { .. } => {
                    if self.next < range.behind {
                        if !entries.is_empty() {
                            self.hint = Some((range.first, offset, expected));
                            return Ok(entries);
                        }
                        let damage = Damage {
                            file: path.clone(),
                            offset,
                            bytes: range.end - offset,
                            first: self.next,
                            next: range.behind,
                        };
                        self.next = range.behind;
                        return Err(Error::Damaged(damage));
                    }
                    return Ok(entries);
                }
            }
        }
        self.hint = Some((range.first, scan.offset(), scan.expected()));
        Ok(entries)
    }

    /// The segment that holds the next event; `None` at the head.
    fn range(&mut self, store: &Store) -> Result<Option<Range>, Error> {
        let sealed = {
            let state = store.state();
            if self.next > state.last.sequence {
                return Ok(None);
            }
            let oldest = state.oldest();
            if self.next < oldest {
                return Err(Error::Expired { oldest });
            }
            if self.next >= state.open.first {
                let open = &state.open;
                let ordinal = self.next - open.first;
                let mark = open.growing.mark(ordinal);
                let (start, start_number) = self.start(open.first, mark);
                return Ok(Some(Range {
                    source: Source::Open(Arc::clone(&open.file), open.path.clone()),
                    first: open.first,
                    behind: state.last.sequence + 1,
                    start,
                    start_number,
                    end: open.length,
                }));
            }
            let behind = state
                .sealed
                .partition_point(|segment| segment.summary.first <= self.next);
            let segment = Arc::clone(&state.sealed[behind - 1]);
            if self.next >= segment.summary.next {
                let next = state
                    .sealed
                    .get(behind)
                    .map_or(state.open.first, |segment| segment.summary.first);
                let damage = Damage {
                    file: segment.path.clone(),
                    offset: segment.summary.length,
                    bytes: 0,
                    first: self.next,
                    next,
                };
                self.next = next;
                return Err(Error::Damaged(damage));
            }
            segment
        };
        let loaded = match store.load(&sealed) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                // An archive's state is as old as the archive: what it goes on with is the next segment.
                self.next = sealed.summary.next;
                let oldest = store.state().oldest().max(self.next);
                return Err(Error::Expired { oldest });
            }
            loaded => loaded?,
        };
        let first = sealed.summary.first;
        let (start, start_number) = self.start(first, loaded.mark(self.next - first));
        Ok(Some(Range {
            source: Source::Sealed(loaded, sealed.path.clone()),
            first,
            behind: sealed.summary.next,
            start,
            start_number,
            end: sealed.summary.length,
        }))
    }

    /// Where in a segment to begin: at the hint, at a mark, or at the beginning.
    fn start(&self, first: u64, mark: Option<super::index::Place>) -> (u64, u64) {
        match (self.hint, mark) {
            (Some((segment, offset, number)), _) if segment == first => (offset, number),
            (_, Some(mark)) => (u64::from(mark.offset), first + u64::from(mark.ordinal)),
            _ => (to_u64(HEADER_BYTES), first),
        }
    }
}

/// A follower of a stream of segments.
pub(crate) struct Walk {
    store: Arc<Store>,
    changes: watch::Receiver<Head>,
    filter: Filter,
    reading: Reading,
    position: Position,
}

impl Walk {
    pub(crate) fn new(store: Arc<Store>, from: Position, filter: Filter) -> Walk {
        let next = match from.sequence {
            0 => store.state().oldest(),
            sequence => sequence + 1,
        };
        Walk {
            changes: store.head.subscribe(),
            store,
            filter,
            reading: Reading::at(next),
            position: from,
        }
    }

    /// What is in memory: `None` if the next event is not.
    fn recent_batch(&mut self) -> Option<Vec<Entry>> {
        let state = self.store.state();
        let first = state.recent.entries.front()?.position.sequence;
        let skip = usize::try_from(self.reading.next.checked_sub(first)?).ok()?;
        let mut batch = Vec::new();
        for entry in state
            .recent
            .entries
            .range(skip.min(state.recent.entries.len())..)
        {
            if batch.len() == BATCH_MAX_ENTRIES {
                break;
            }
            self.reading = Reading::at(entry.position.sequence + 1);
            self.position = entry.position;
            if self
                .filter
                .passes(entry.record.subject(), entry.record.lane())
            {
                batch.push(entry.clone());
            }
        }
        Some(batch)
    }

    /// What is in the files, read on a thread that may wait for a disk.
    async fn file_batch(&mut self) -> Result<Vec<Entry>, Error> {
        let (store, filter, mut reading) = (Arc::clone(&self.store), self.filter, self.reading);
        let work = tokio::task::spawn_blocking(move || {
            let entries = reading.read(&store, &filter, BATCH_MAX_ENTRIES);
            (reading, entries)
        });
        let (reading, entries) = work.await.map_err(|_| Error::Closed)?;
        self.reading = reading;
        self.position = reading.seen.unwrap_or(self.position);
        entries
    }

    fn is_at_head(&self) -> bool {
        self.reading.next > self.store.state().last.sequence
    }
}

impl Follow for Walk {
    fn next<'a>(
        &'a mut self,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Vec<Entry>, Error>> + Send + 'a>> {
        Box::pin(async move {
            loop {
                let closed = self.changes.borrow_and_update().closed;
                let batch = match self.recent_batch() {
                    Some(batch) => batch,
                    None => self.file_batch().await?,
                };
                if !batch.is_empty() {
                    return Ok(batch);
                }
                if !self.is_at_head() {
                    continue;
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
