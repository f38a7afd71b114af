//! The decisions in the log, followed; and followed again when that was interrupted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::{BoxFuture, EventLog, Filter, Follower, Stream};
use schemas::{Entry, Lane, Position};

use super::Edge;
use crate::clock::moment;
use crate::configuration::Configuration;

/// How long to wait before a log that cannot be followed is asked again.
const FOLLOW_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// What comes of following the decisions.
pub(super) enum Decided {
    Entries(Result<Vec<Entry>, journal::Error>),
    Follower(Result<Follower, journal::Error>),
}

/// Where the decisions are followed.
pub(super) enum Following {
    /// Up to here, and further as they come.
    Now(Follower),
    /// The log could not be reached; the follower knows where it was and goes on from there.
    Later(Follower, Instant),
    /// Its place is gone from the log; a new one is asked for then.
    Anew(Place, Instant),
    /// A new one is being asked for.
    Asked(Place, BoxFuture<Result<Follower, journal::Error>>),
}

/// Where a new follower begins.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// At the end of the log, wherever it is.
    Head,
    /// Behind this place.
    Behind(Position),
}

impl Following {
    /// What comes next; for ever if there is something to wait for first.
    pub(super) async fn next(&mut self) -> Decided {
        match self {
            Following::Now(follower) => Decided::Entries(follower.next().await),
            Following::Asked(_, follower) => Decided::Follower(follower.await),
            Following::Later(..) | Following::Anew(..) => std::future::pending().await,
        }
    }

    /// When [`Following::again`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Following::Later(_, at) | Following::Anew(_, at) => Some(*at),
            Following::Now(_) | Following::Asked(..) => None,
        }
    }

    /// Goes on if the wait is over.
    pub(super) fn again(&mut self, log: &Arc<dyn EventLog>, filter: Filter, now: Instant) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        *self = match self.take(now) {
            Following::Later(follower, _) => Following::Now(follower),
            Following::Anew(from, _) => {
                Following::Asked(from, follow(Arc::clone(log), from, filter))
            }
            follows => follows,
        };
    }

    /// An error came. A log that is only out of reach is followed on from the same place, so that no decision of the
    /// meantime is missed.
    fn after(&mut self, error: &journal::Error, now: Instant) {
        let at = now + FOLLOW_AGAIN_AFTER;
        *self = match (self.take(now), error) {
            (same, journal::Error::Damaged(_)) => same,
            // The lost decisions are made again, under the same numbers: those that were carried out are known.
            (_, journal::Error::Truncated { head }) => Following::Anew(Place::Behind(*head), at),
            (_, journal::Error::Diverged | journal::Error::Expired { .. }) => {
                Following::Anew(Place::Head, at)
            }
            (Following::Now(follower) | Following::Later(follower, _), _) => {
                Following::Later(follower, at)
            }
            (Following::Asked(from, _) | Following::Anew(from, _), _) => Following::Anew(from, at),
        };
    }

    fn take(&mut self, now: Instant) -> Following {
        std::mem::replace(self, Following::Anew(Place::Head, now))
    }
}

impl Edge {
    /// Decisions cannot be followed; they are again, a moment later.
    pub(super) fn decisions_lost(&mut self, error: &journal::Error) {
        tracing::error!(%error, "decisions cannot be followed");
        self.following.after(error, moment().now);
    }
}

/// What an edge follows: decisions, and what other edges state if it adds that to what it has.
pub(super) fn followed(configuration: &Configuration) -> Filter {
    if configuration.states_load {
        Filter::ALL.lanes(&[Lane::Decisions, Lane::Facts])
    } else {
        Filter::ALL.lanes(&[Lane::Decisions])
    }
}

/// Decisions from there on.
pub(super) fn follow(
    log: Arc<dyn EventLog>,
    from: Place,
    filter: Filter,
) -> BoxFuture<Result<Follower, journal::Error>> {
    Box::pin(async move {
        let from = match from {
            Place::Head => log.head(Stream::Events).await?,
            Place::Behind(position) => position,
        };
        log.follow(Stream::Events, from, filter).await
    })
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use super::*;
    use journal::Memory;
    use schemas::{CallId, Chain, Decision, Draft, Hash, NodeName, Record, Subject, Timestamp};

    const DECISIONS: Filter = Filter::ALL;

    fn decision(chain: &mut Chain) -> Record {
        chain.append(Draft {
            because: None,
            producer: NodeName::from("control"),
            recorded_at: Timestamp(0),
            event: Decision {
                rule: "test".to_owned(),
                configuration: Hash::ZERO,
                commands: Vec::new(),
                conclusions: Vec::new(),
            }
            .into(),
        })
    }

    async fn entries(following: &mut Following) -> Vec<Entry> {
        match following.next().await {
            Decided::Entries(entries) => entries.expect("a memory log can be read"),
            Decided::Follower(_) => panic!("it follows already"),
        }
    }

    #[tokio::test]
    async fn decisions_that_were_made_while_the_log_was_out_of_reach_are_not_missed() {
        let log: Arc<dyn EventLog> = Arc::new(Memory::new());
        let mut chain = Chain::new(Subject::Call(CallId([1; 16])), Lane::Decisions);
        let mut following =
            Following::Now(follow(log.clone(), Place::Head, DECISIONS).await.unwrap());
        log.append(vec![decision(&mut chain)]).await;
        assert_eq!(entries(&mut following).await.len(), 1);

        let now = Instant::now();
        following.after(&journal::Error::Unreachable("test".to_owned()), now);
        let made_meanwhile = decision(&mut chain);
        log.append(vec![made_meanwhile.clone()]).await;
        assert_eq!(following.deadline(), Some(now + FOLLOW_AGAIN_AFTER));
        following.again(&log, DECISIONS, now);
        assert!(matches!(following, Following::Later(..)), "it is too early");
        following.again(&log, DECISIONS, now + FOLLOW_AGAIN_AFTER);
        assert_eq!(entries(&mut following).await[0].record, made_meanwhile);
    }

    #[tokio::test]
    async fn a_log_that_lost_its_tail_is_followed_from_its_new_end() {
        let log: Arc<dyn EventLog> = Arc::new(Memory::new());
        let mut chain = Chain::new(Subject::Call(CallId([1; 16])), Lane::Decisions);
        log.append(vec![decision(&mut chain)]).await;
        let head = log.head(Stream::Events).await.unwrap();
        let mut following =
            Following::Now(follow(log.clone(), Place::Head, DECISIONS).await.unwrap());
        let now = Instant::now();
        following.after(&journal::Error::Truncated { head }, now);
        let made_again = decision(&mut chain);
        log.append(vec![made_again.clone()]).await;
        following.again(&log, DECISIONS, now + FOLLOW_AGAIN_AFTER);
        let Decided::Follower(follower) = following.next().await else {
            panic!("a new follower was asked for");
        };
        following = Following::Now(follower.expect("the head is a place of the log"));
        assert_eq!(entries(&mut following).await[0].record, made_again);
    }
}
