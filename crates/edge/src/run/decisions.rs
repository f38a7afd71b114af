//! The decisions in the log, followed; and followed again when that was interrupted.

use std::sync::Arc;
use std::time::Duration;

use journal::{BoxFuture, EventLog, Filter, Follower, Stream};
use schemas::{Entry, Lane};

use super::Edge;
use crate::clock::moment;

/// How long to wait before a log that cannot be followed is followed anew.
const FOLLOW_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What comes of following the decisions.
pub(super) enum Decided {
    Entries(Result<Vec<Entry>, journal::Error>),
    Follower(Result<Follower, journal::Error>),
}

impl Edge {
    /// Decisions cannot be followed; they are again, a moment later.
    pub(super) fn decisions_lost(&mut self, error: &journal::Error) {
        tracing::error!(%error, "decisions cannot be followed");
        if matches!(error, journal::Error::Damaged(_)) {
            return;
        }
        self.decisions = None;
        self.following = None;
        self.follow_at = Some(moment().now + FOLLOW_AGAIN_AFTER);
    }
}

/// Decisions from now on. Those that were made in between are missed; the calls that needed them notice, and end.
pub(super) fn follow_from_head(
    log: Arc<dyn EventLog>,
) -> BoxFuture<Result<Follower, journal::Error>> {
    Box::pin(async move {
        let head = log.head(Stream::Events).await?;
        let filter = Filter::ALL.lanes(&[Lane::Decisions]);
        log.follow(Stream::Events, head, filter).await
    })
}
