//! The one place where the log reads a clock or draws a random number.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use schemas::LogId;

/// Milliseconds since 1970: for retention and for the age of what is not shipped yet.
#[expect(
    clippy::disallowed_methods,
    reason = "a shell: retention and lag are measured against the wall clock"
)]
pub(crate) fn wall_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

/// A moment of the monotonic clock: for the intervals of syncs, leases and watchdogs.
#[expect(
    clippy::disallowed_methods,
    reason = "a shell: intervals are measured against the monotonic clock"
)]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// The id of a log that is being created.
pub(crate) fn new_log_id() -> Result<LogId, std::io::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(LogId(u64::from_le_bytes(bytes)))
}
