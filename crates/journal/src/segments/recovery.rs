//! Opening a stream's directory: what is there, what must be cut, what is damaged.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemas::{Hash, LogId, Position};

use super::directory::{self, FoundSegment};
use super::frame::{Content, SegmentHeader};
use super::index::{self, Growing, Summary};

use super::recent::Recent;
use super::report::Opened;
use super::scan::{self, read_range};
use super::settings::Settings;
use super::store::{Open, Sealed, State, Store, index_path};
use super::survey::{Survey, survey, survey_until};
use crate::lanes::Lanes;
use crate::{Damage, Error, clock};

/// A stream that was opened.
pub(crate) struct Recovered {
    pub(crate) store: Store,
    pub(crate) lanes: Lanes,
    /// How much space the open segment has.
    pub(crate) space: u64,
    pub(crate) opened: Opened,
}

/// Whether files may be mended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    ReadOnly,
}

/// Opens the directory of a stream, and begins its first segment if there is none.
pub(crate) fn open(
    directory: &Path,
    content: Content,
    settings: &Settings,
    access: Access,
) -> Result<Recovered, Error> {
    let mut opened = Opened::default();
    let mut found = find(directory, content, access)?;
    let Some(last) = found.pop() else {
        return begin(directory, content, settings, access);
    };
    let log = last.header.log;
    let mut sealed = VecDeque::with_capacity(found.len());
    for segment in found {
        sealed.push_back(Arc::new(shelve(segment, log, access, &mut opened)?));
    }
    let (open, survey) = survey_last(last, &mut opened, access)?;
    let holes = opened.note(&sealed, &open);
    let space = open
        .file
        .metadata()
        .map_err(Error::io("read", &open.path))?
        .len();
    let state = State {
        sealed,
        last: Position {
            log,
            sequence: survey.next - 1,
            hash: survey.last_hash,
        },
        open,
        recent: survey.recent,
        holes,
    };
    let mut recovered = Recovered {
        store: Store::new(log, state),
        lanes: survey.lanes,
        space,
        opened,
    };
    if access == Access::Write {
        recovered.make_writable(directory, content, settings, survey.is_sealed)?;
    }
    Ok(recovered)
}

/// Opens one file by itself.
pub(crate) fn open_file(path: &Path) -> Result<(Content, Recovered), Error> {
    let found = directory::open(path, OpenOptions::new().read(true))?;
    let found = found.ok_or_else(|| Error::Foreign {
        path: path.to_owned(),
        reason: "it is empty".to_owned(),
    })?;
    let (content, log) = (found.header.content, found.header.log);
    let mut opened = Opened::default();
    let (open, survey) = survey_last(found, &mut opened, Access::ReadOnly)?;
    opened.is_complete = survey.is_sealed;
    let holes = opened.note(&VecDeque::new(), &open);
    let state = State {
        sealed: VecDeque::new(),
        last: Position {
            log,
            sequence: survey.next - 1,
            hash: survey.last_hash,
        },
        open,
        recent: Recent::default(),
        holes,
    };
    let recovered = Recovered {
        store: Store::new(log, state),
        lanes: Lanes::default(),
        space: 0,
        opened,
    };
    Ok((content, recovered))
}

impl Recovered {
    /// Gives the open segment its space back, or begins another one behind a sealed one.
    fn make_writable(
        &mut self,
        directory: &Path,
        content: Content,
        settings: &Settings,
        is_sealed: bool,
    ) -> Result<(), Error> {
        let (last, path) = {
            let state = self.store.state();
            (state.last, state.open.path.clone())
        };
        if !is_sealed {
            self.space = self.space.max(settings.segment_bytes());
            let reserved = directory::reserve(&self.store.state().open.file, self.space);
            // Without space it opens all the same: appends are refused until there is some.
            return match reserved {
                Err(error) if !directory::is_full(&error) => {
                    Err(Error::io("reserve space for", path)(error))
                }
                _ => Ok(()),
            };
        }
        let header = SegmentHeader {
            content,
            log: self.store.id,
            first: last.sequence + 1,
            created_ms: clock::wall_ms(),
            previous: last.hash,
        };
        self.space = settings.segment_bytes();
        let created = directory::create(directory, header, self.space)
            .map_err(Error::io("create a segment in", directory))?;
        self.store.rotate(fresh(created, header.first), last.hash);
        self.lanes.age();
        Ok(())
    }
}

/// The segments of a directory, in order, of one log.
fn find(directory: &Path, content: Content, access: Access) -> Result<Vec<FoundSegment>, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(access == Access::Write);
    let paths = directory::list(directory)?;
    let last = paths.last().cloned();
    let mut found: Vec<FoundSegment> = Vec::with_capacity(paths.len());
    for path in paths {
        let Some(segment) = directory::open(&path, &options)? else {
            // A crash while a segment was begun leaves one without a header; nothing was in it.
            if Some(&path) == last.as_ref() && !has_content(&path)? {
                if access == Access::Write {
                    fs::remove_file(&path).map_err(Error::io("remove", &path))?;
                }
                continue;
            }
            return Err(foreign(&path, "its header is gone"));
        };
        if segment.header.content != content {
            return Err(foreign(&path, "it belongs to another stream"));
        }
        let log = found
            .first()
            .map_or(segment.header.log, |first| first.header.log);
        if segment.header.log != log {
            return Err(foreign(&path, "it belongs to another log"));
        }
        found.push(segment);
    }
    Ok(found)
}

fn has_content(path: &Path) -> Result<bool, Error> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    Ok(bytes.iter().any(|byte| *byte != 0))
}

fn foreign(path: &Path, reason: &str) -> Error {
    Error::Foreign {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The first segment of a new log.
fn begin(
    directory: &Path,
    content: Content,
    settings: &Settings,
    access: Access,
) -> Result<Recovered, Error> {
    if access == Access::ReadOnly {
        return Err(foreign(directory, "there is no segment file in it"));
    }
    let log = clock::new_log_id().map_err(Error::io("name a log in", directory))?;
    let header = SegmentHeader {
        content,
        log,
        first: 1,
        created_ms: clock::wall_ms(),
        previous: Hash::ZERO,
    };
    let space = settings.segment_bytes();
    let created = directory::create(directory, header, space)
        .map_err(Error::io("create a segment in", directory))?;
    let state = State {
        sealed: VecDeque::new(),
        open: fresh(created, 1),
        last: Position::beginning(log),
        recent: Recent::default(),
        holes: Vec::new(),
    };
    Ok(Recovered {
        store: Store::new(log, state),
        lanes: Lanes::default(),
        space,
        opened: Opened::default(),
    })
}

/// A segment that nothing was written to.
fn fresh(created: directory::Created, first: u64) -> Open {
    Open {
        path: created.path,
        file: Arc::new(created.file),
        first,
        length: created.length,
        growing: Growing::default(),
        gaps: Vec::new(),
    }
}

/// A segment that is not the last: its index tells, or it is made again.
fn shelve(
    segment: FoundSegment,
    log: LogId,
    access: Access,
    opened: &mut Opened,
) -> Result<Sealed, Error> {
    let FoundSegment { path, file, header } = segment;
    let length = file.metadata().map_err(Error::io("read", &path))?.len();
    let index = index_path(&path);
    let fits = |summary: &Summary| {
        summary.log == log && summary.first == header.first && summary.length == length
    };
    if let Some(summary) = index::load_summary(&index).filter(fits) {
        return Ok(Sealed { path, summary });
    }
    let survey = survey(&file, &path, &header)?;
    opened.indexes_made += 1;
    let gaps = survey.gaps_with_rest();
    let open = Open {
        path,
        file: Arc::new(file),
        first: header.first,
        length,
        growing: survey.growing,
        gaps,
    };
    let summary = open.summary(log, survey.next, survey.last_hash);
    if access == Access::Write {
        let table = open.growing.into_table();
        // An index that cannot be written is made again when it is needed.
        let _ = index::save(&index, &summary, &table);
    }
    Ok(Sealed {
        path: open.path,
        summary,
    })
}

/// The last segment is read as a whole; a damaged tail is cut.
fn survey_last(
    segment: FoundSegment,
    opened: &mut Opened,
    access: Access,
) -> Result<(Open, Survey), Error> {
    let FoundSegment { path, file, header } = segment;
    let mut survey = survey(&file, &path, &header)?;
    if let Some(torn) = survey.torn() {
        // A write that the power cut short: its parts reached the disk in any order, and none of it
        // was confirmed.
        let length = file.metadata().map_err(Error::io("read", &path))?.len();
        survey = survey_until(&file, &path, &header, torn.offset)?;
        survey.rest = scan::used(&file, survey.end, length).map_err(Error::io("read", &path))?;
    }
    if survey.rest > 0 {
        opened.cut_bytes = survey.rest;
        opened.cut_at = survey.end;
        if access == Access::Write {
            opened.cut_kept_in = Some(cut(&file, &path, survey.end, survey.rest)?);
        }
    }
    let open = Open {
        path,
        file: Arc::new(file),
        first: header.first,
        length: survey.end,
        growing: std::mem::take(&mut survey.growing),
        gaps: std::mem::take(&mut survey.gaps),
    };
    Ok((open, survey))
}

/// Takes the bytes behind the last good record out of the segment, and keeps them beside it.
fn cut(file: &File, path: &Path, end: u64, rest: u64) -> Result<PathBuf, Error> {
    let kept = path.with_extension(format!("cut-at-{end}"));
    let bytes = read_range(file, end, end + rest).map_err(Error::io("read", path))?;
    fs::write(&kept, bytes).map_err(Error::io("write", &kept))?;
    let space = file.metadata().map_err(Error::io("read", path))?.len();
    file.set_len(end).map_err(Error::io("cut", path))?;
    match directory::reserve(file, space) {
        Err(error) if !directory::is_full(&error) => {
            return Err(Error::io("reserve space for", path)(error));
        }
        _ => {}
    }
    file.sync_all().map_err(Error::io("sync", path))?;
    Ok(kept)
}

/// The damage that lies between two segments.
pub(crate) fn between(before: &Sealed, next: u64) -> Option<Damage> {
    (before.summary.next < next).then(|| Damage {
        file: before.path.clone(),
        offset: before.summary.length,
        bytes: 0,
        first: before.summary.next,
        next,
    })
}
