//! From where in the log an edge has to look for calls that it left behind: the first fact of its oldest call that is
//! up, kept in a small file. Losing the file costs time at the next start, nothing else.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use schemas::{CallId, LogId, Position};

/// The place, and the file that it is kept in.
#[derive(Debug)]
pub struct Checkpoint {
    file: Option<PathBuf>,
    up: BTreeMap<CallId, Position>,
    last: Option<Position>,
    written: Option<Position>,
}

impl Checkpoint {
    /// The checkpoint in that file; without a file there is none.
    pub fn new(file: Option<PathBuf>) -> Checkpoint {
        Checkpoint {
            file,
            up: BTreeMap::new(),
            last: None,
            written: None,
        }
    }

    /// The place that the last run left; `None` if there is none, or it cannot be read.
    pub fn read(&self) -> Option<Position> {
        let text = std::fs::read_to_string(self.file.as_ref()?).ok()?;
        let mut words = text.split_whitespace();
        let log = LogId(u64::from_str_radix(words.next()?, 16).ok()?);
        let sequence = words.next()?.parse().ok()?;
        let hash = words.next()?.parse().ok()?;
        Some(Position {
            log,
            sequence,
            hash,
        })
    }

    /// A call's first fact lies there.
    pub fn began(&mut self, call: CallId, position: Position) {
        self.up.insert(call, position);
    }

    /// A call is over and forgotten.
    pub fn forget(&mut self, call: CallId) {
        self.up.remove(&call);
    }

    /// The log reaches that far.
    pub fn reached(&mut self, position: Position) {
        self.last = Some(position);
    }

    /// Writes the place down if it moved.
    pub fn write(&mut self) -> io::Result<()> {
        let oldest = self
            .up
            .values()
            .min_by_key(|position| position.sequence)
            .copied();
        let (Some(place), Some(file)) = (oldest.or(self.last), &self.file) else {
            return Ok(());
        };
        if self.written == Some(place) {
            return Ok(());
        }
        let new = file.with_extension("new");
        std::fs::write(
            &new,
            format!("{} {} {}\n", place.log, place.sequence, place.hash),
        )?;
        std::fs::rename(&new, file)?;
        self.written = Some(place);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::Hash;

    #[test]
    fn the_oldest_call_that_is_up_holds_the_place() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("checkpoint");
        let place = |sequence| Position {
            log: LogId(7),
            sequence,
            hash: Hash([3; 32]),
        };
        let mut checkpoint = Checkpoint::new(Some(file.clone()));
        assert_eq!(checkpoint.read(), None);
        checkpoint.began(CallId([1; 16]), place(5));
        checkpoint.began(CallId([2; 16]), place(8));
        checkpoint.reached(place(20));
        checkpoint.write().unwrap();
        assert_eq!(Checkpoint::new(Some(file.clone())).read(), Some(place(5)));
        checkpoint.forget(CallId([1; 16]));
        checkpoint.write().unwrap();
        assert_eq!(checkpoint.read(), Some(place(8)));
        checkpoint.forget(CallId([2; 16]));
        checkpoint.write().unwrap();
        assert_eq!(checkpoint.read(), Some(place(20)));
        std::fs::write(&file, "nonsense").unwrap();
        assert_eq!(checkpoint.read(), None);
    }
}
