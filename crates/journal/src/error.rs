//! What can go wrong with a log, by what a caller can do about it.

use std::path::PathBuf;

use schemas::Position;

use crate::Damage;

/// Why the log could not be opened, read or followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process writes there.
    #[error("{path} is in use by another process; stop it, or open the log for reading only")]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The file or directory is no log of ours, or of a later release.
    #[error("{path} is no log that this release can read: {reason}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused something.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Its answer.
        source: std::io::Error,
    },
    /// Events that were in the log cannot be read. A follower that is asked again goes on behind them.
    #[error("the log is damaged: {0}")]
    Damaged(Damage),
    /// The place is older than what is kept.
    #[error("the place is no longer kept; the oldest event that is has number {oldest}")]
    Expired {
        /// The number of the oldest event that is kept.
        oldest: u64,
    },
    /// The log ends before the place.
    #[error("the log lost its tail: it ends at number {}", head.sequence)]
    Truncated {
        /// Where it ends.
        head: Position,
    },
    /// The place belongs to another log, or another event lies there.
    #[error("the place belongs to another log, or to one that was cut and written again")]
    Diverged,
    /// The server cannot be reached, does not answer in time or refuses.
    #[error("the log's server does not answer: {0}")]
    Unreachable(String),
    /// The log was closed while it was read.
    #[error("the log is closed")]
    Closed,
}

impl Error {
    /// An error of the operating system, with what was tried.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io {
            action,
            path,
            source,
        }
    }

    /// The error and, if there is one, its cause in one line.
    pub(crate) fn explain(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}
