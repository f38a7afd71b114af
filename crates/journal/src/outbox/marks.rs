//! Pairs of places that belong together: an event in the local files and the same on the server.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemas::Position;
use serde::{Deserialize, Serialize};

use crate::clock;

/// The marks of one stream, oldest first, as far back as the horizon.
pub(crate) struct Marks {
    marks: VecDeque<Mark>,
    file: PathBuf,
    saved: Option<Mark>,
}

/// Everything up to `local` is on the server, and the last of it lies at `remote`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) local: Position,
    pub(crate) remote: Position,
    at_ms: i64,
}

/// Marks are at least this far apart, which bounds them: 15 min have 9,000.
const SPACING_MS: i64 = 100;

impl Marks {
    /// Reads the last mark of an earlier run. Without one, everything is sent again: the server says
    /// of each event that it has it.
    pub(crate) fn open(file: PathBuf) -> Marks {
        let saved: Option<Mark> = fs::read(&file)
            .ok()
            .and_then(|bytes| postcard::from_bytes(&bytes).ok());
        // Kept for a whole horizon again: when it was confirmed is not known any more.
        let marks = saved.map(|mark| Mark {
            at_ms: clock::wall_ms(),
            ..mark
        });
        Marks {
            marks: marks.into_iter().collect(),
            file,
            saved,
        }
    }

    pub(crate) fn last(&self) -> Option<Mark> {
        self.marks.back().copied()
    }

    /// The newest mark turned out to be wrong.
    pub(crate) fn drop_last(&mut self) {
        self.marks.pop_back();
    }

    pub(crate) fn clear(&mut self) {
        self.marks.clear();
    }

    pub(crate) fn add(&mut self, local: Position, remote: Position) {
        let at_ms = clock::wall_ms();
        let mark = Mark {
            local,
            remote,
            at_ms,
        };
        // The first one stays: it is what the others count their distance from.
        if self.marks.len() > 1
            && let Some(last) = self.marks.back_mut()
            && at_ms.saturating_sub(last.at_ms) < SPACING_MS
        {
            *last = Mark {
                at_ms: last.at_ms,
                ..mark
            };
        } else {
            self.marks.push_back(mark);
        }
    }

    /// Forgets what is behind the horizon; returns the number up to which nothing is needed.
    pub(crate) fn expire(&mut self, horizon: Duration) -> u64 {
        let horizon_ms = i64::try_from(horizon.as_millis()).unwrap_or(i64::MAX);
        let oldest_ms = clock::wall_ms().saturating_sub(horizon_ms);
        while self.marks.len() > 1 && self.marks[1].at_ms < oldest_ms {
            self.marks.pop_front();
        }
        let behind = self.marks.front().filter(|mark| mark.at_ms < oldest_ms);
        behind.map_or(0, |mark| mark.local.sequence)
    }

    /// Writes the last mark down. It is not synced: an older one, or none, costs time only.
    pub(crate) fn save(&mut self) {
        let last = self.last();
        if last == self.saved {
            return;
        }
        let written = match last {
            Some(mark) => write(&self.file, mark),
            None => fs::remove_file(&self.file).is_ok(),
        };
        if written {
            self.saved = last;
        }
    }
}

fn write(file: &Path, mark: Mark) -> bool {
    let Ok(bytes) = postcard::to_allocvec(&mark) else {
        return false;
    };
    let unfinished = file.with_extension("unfinished");
    fs::write(&unfinished, bytes).is_ok() && fs::rename(unfinished, file).is_ok()
}
