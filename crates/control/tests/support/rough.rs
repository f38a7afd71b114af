//! A log with rough manners: it takes its time, is away now and then, and loses answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journal::{BoxFuture, Continuity, Error, EventLog, Filter, Follower, Outcome, Reason, Stream};
use schemas::{CallId, Entry, Lane, LogId, Position, Record, Subject};

/// Wraps a log. Facts pass; decisions and timers meet trouble.
pub struct Rough {
    inner: Arc<dyn EventLog>,
    turns: Arc<AtomicU64>,
}

impl Rough {
    pub fn new(inner: Arc<dyn EventLog>) -> Rough {
        Rough {
            inner,
            turns: Arc::default(),
        }
    }
}

impl EventLog for Rough {
    fn id(&self, stream: Stream) -> LogId {
        self.inner.id(stream)
    }

    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>> {
        let inner = Arc::clone(&self.inner);
        if records.iter().all(|record| record.lane() == Lane::Facts) {
            return inner.append(records);
        }
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        let away = |records: &[Record]| {
            let reason = Reason::Unreachable("away".into());
            vec![Outcome::Unavailable(reason); records.len()]
        };
        Box::pin(async move {
            // Each await is a place where a control may be killed.
            yield_often(turn % 5).await;
            let outcomes = match turn % 7 {
                2 => return away(&records),
                4 => {
                    let _lost = inner.append(records.clone()).await;
                    away(&records)
                }
                6 if records.len() > 1 => {
                    let (first, rest) = records.split_at(records.len() / 2);
                    let mut outcomes = inner.append(first.to_vec()).await;
                    outcomes.extend(away(rest));
                    outcomes
                }
                _ => inner.append(records).await,
            };
            yield_often(turn % 3).await;
            outcomes
        })
    }

    fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.inner.read(subject)
    }

    fn last(&self, subject: &Subject, lane: Lane) -> BoxFuture<Result<Option<Entry>, Error>> {
        self.inner.last(subject, lane)
    }

    fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.inner.read_wire(call)
    }

    fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>> {
        self.inner.follow(stream, from, filter)
    }

    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>> {
        self.inner.head(stream)
    }

    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>> {
        self.inner.check(stream, position)
    }
}

async fn yield_often(times: u64) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
