//! The wall clock: the one place where this crate reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use schemas::Timestamp;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a shell has one place for the wall clock; requests carry the time that they were made"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
