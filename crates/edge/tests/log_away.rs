//! A log that takes nothing for a while: facts are offered again, in their order, and none is lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use journal::{
    BoxFuture, Continuity, Error, EventLog, Filter, Follower, Memory, Outcome, Reason, Stream,
};
use schemas::observation::LegRinging;
use schemas::{
    CallId, Chain, Draft, Entry, Lane, LegId, LogId, NodeName, Position, Record, Subject, Timestamp,
};
use trunkline_edge::Counters;
use trunkline_edge::ledger::{Batch, Ticket};
use trunkline_edge::outbox::{Outbox, Progress};

/// A memory log with a switch.
struct Switched {
    memory: Memory,
    is_full: AtomicBool,
}

impl EventLog for Switched {
    fn id(&self, stream: Stream) -> LogId {
        self.memory.id(stream)
    }

    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>> {
        if self.is_full.load(Ordering::SeqCst) {
            let full = Outcome::Unavailable(Reason::Full("disk".to_owned()));
            return Box::pin(std::future::ready(vec![full; records.len()]));
        }
        self.memory.append(records)
    }

    fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.memory.read(subject)
    }

    fn last(&self, subject: &Subject, lane: Lane) -> BoxFuture<Result<Option<Entry>, Error>> {
        self.memory.last(subject, lane)
    }

    fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.memory.read_wire(call)
    }

    fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>> {
        self.memory.follow(stream, from, filter)
    }

    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>> {
        self.memory.head(stream)
    }

    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>> {
        self.memory.check(stream, position)
    }
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
async fn refused_batches_are_taken_later_in_their_order() {
    let memory = Memory::new();
    let log = Arc::new(Switched {
        memory,
        is_full: AtomicBool::new(true),
    });
    let mut outbox = Outbox::new(log.clone(), Arc::new(Counters::default()));
    let call = CallId([5; 16]);
    let mut chain = Chain::new(Subject::Call(call), Lane::Facts);
    for number in 1..=3 {
        assert!(outbox.has_room());
        outbox.submit(batch(&mut chain, number));
    }
    for _ in 0..3 {
        assert!(matches!(outbox.progress().await, Progress::Refused { .. }));
    }
    assert!(!outbox.has_room() && !outbox.is_empty());
    let mut now = Instant::now();
    // Offered alone, refused again, and then taken.
    outbox.retry(now);
    assert!(outbox.deadline().is_some_and(|at| at > now));
    now += Duration::from_secs(1);
    outbox.retry(now);
    assert!(matches!(outbox.progress().await, Progress::Refused { .. }));
    log.is_full.store(false, Ordering::SeqCst);
    outbox.retry(now);
    outbox.retry(now + Duration::from_secs(1));
    for number in 1..=3 {
        let Progress::Durable { ticket, last, .. } = outbox.progress().await else {
            panic!()
        };
        assert_eq!(ticket, Some(Ticket(number)));
        assert!(last.is_some());
    }
    assert!(outbox.is_empty() && outbox.has_room());
    let facts = log.read(&Subject::Call(call)).await.unwrap();
    let numbers: Vec<_> = facts
        .iter()
        .map(|entry| entry.record.header().sequence)
        .collect();
    assert_eq!(numbers, [0, 1, 2]);
}

/// The disk has room again between two batches that are under way: the second fits nowhere until the first is there.
#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
async fn a_batch_behind_a_refused_one_waits_for_it() {
    let log = Arc::new(Switched {
        memory: Memory::new(),
        is_full: AtomicBool::new(true),
    });
    let mut outbox = Outbox::new(log.clone(), Arc::new(Counters::default()));
    let call = CallId([5; 16]);
    let mut chain = Chain::new(Subject::Call(call), Lane::Facts);
    outbox.submit(batch(&mut chain, 1));
    log.is_full.store(false, Ordering::SeqCst);
    outbox.submit(batch(&mut chain, 2));
    assert!(matches!(outbox.progress().await, Progress::Refused { .. }));
    let behind = outbox.progress().await;
    assert!(
        matches!(
            behind,
            Progress::Refused {
                reason: Reason::Behind
            }
        ),
        "{behind:?}"
    );
    let now = Instant::now();
    outbox.retry(now);
    outbox.retry(now + Duration::from_secs(1));
    for number in 1..=2 {
        let Progress::Durable { ticket, .. } = outbox.progress().await else {
            panic!()
        };
        assert_eq!(ticket, Some(Ticket(number)));
    }
    let facts = log.read(&Subject::Call(call)).await.unwrap();
    assert_eq!(facts.len(), 2);
}

/// One fact of the chain's call.
fn batch(chain: &mut Chain, number: u64) -> Batch {
    let fact = chain.append(Draft {
        because: None,
        producer: NodeName::from("edge"),
        recorded_at: Timestamp(0),
        event: LegRinging {
            leg: LegId(0),
            status: 180,
        }
        .into(),
    });
    Batch {
        ticket: Ticket(number),
        facts: vec![fact],
        wire: vec![],
    }
}
