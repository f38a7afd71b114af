//! Where the virtual time of tests begins.

use std::time::Instant;

/// The one look at the clock: an `Instant` cannot be made otherwise.
#[expect(
    clippy::disallowed_methods,
    reason = "the start of a test's virtual time; only differences matter"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}
