//! What can keep the API from working, by what its operator can do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the API cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It shall listen where others can reach it, and nobody has to say who he is.
    #[error(
        "refusing to listen on {0}: the API has no authentication yet, and calls hold personal \
         data; listen on a loopback address (127.0.0.1 or ::1) and put a proxy that authenticates \
         before it"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Another process uses the views.
    #[error("{path} is in use by another process; stop it first")]
    InUse {
        /// Their directory.
        path: PathBuf,
    },
    /// A file or directory of the views cannot be used.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The views cannot be stored.
    #[error("cannot store the views in {path}: {reason}")]
    Store {
        /// Their directory.
        path: PathBuf,
        /// What sled says.
        reason: String,
    },
    /// The log cannot be read.
    #[error("cannot read the log")]
    Log(#[from] journal::Error),
    /// The server stopped.
    #[error("the HTTP server stopped")]
    Serve(#[source] std::io::Error),
}

/// An error with its causes, for a reader of one line.
pub(crate) fn in_full(error: &Error) -> String {
    use std::error::Error as _;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
