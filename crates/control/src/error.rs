//! What control cannot go on with.

/// Why control stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log cannot be followed any further.
    #[error("cannot follow the log")]
    Log(#[from] journal::Error),
    /// The log's writer is finished: nothing will ever be appended to it again.
    #[error("cannot append to the log: {0}")]
    Append(journal::Reason),
}
