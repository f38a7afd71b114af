//! Where to begin reading after a restart: before the oldest call that goes on.
//!
//! A small file, replaced as a whole. If it is lost, damaged or of another log, the log is read from
//! its beginning: that costs time and nothing else.

use std::path::{Path, PathBuf};

use schemas::Position;

/// The file of a checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    written: Option<Position>,
}

impl Checkpoint {
    pub(crate) fn at(path: &Path) -> Checkpoint {
        Checkpoint {
            path: path.to_owned(),
            written: None,
        }
    }

    /// The place that was kept.
    pub(crate) fn read(&self) -> Option<Position> {
        let bytes = std::fs::read(&self.path).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps a place, if it is another one than before.
    pub(crate) fn write(&mut self, position: Position) {
        if self.written == Some(position) {
            return;
        }
        self.written = Some(position);
        if let Err(error) = self.replace(position) {
            tracing::warn!(path = %self.path.display(), %error, "cannot keep the checkpoint");
        }
    }

    fn replace(&self, position: Position) -> std::io::Result<()> {
        let beside = self.path.with_extension("new");
        let text = serde_json::to_vec(&position).map_err(std::io::Error::other)?;
        std::fs::write(&beside, text)?;
        std::fs::rename(&beside, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::LogId;

    #[test]
    fn a_damaged_checkpoint_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.checkpoint");
        let mut checkpoint = Checkpoint::at(&path);
        assert_eq!(checkpoint.read(), None);
        let position = Position::beginning(LogId(7));
        checkpoint.write(position);
        assert_eq!(checkpoint.read(), Some(position));
        std::fs::write(&path, b"{").unwrap();
        assert_eq!(checkpoint.read(), None);
    }
}
