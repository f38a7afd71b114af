//! What the log costs: `cargo bench -p trunkline-journal`.
//!
//! Appends batches of one size and waits for each; `many` keeps 64 batches of one under way. CPU is
//! that of the whole process, latency is from the call of `append` to its answer.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use schemas::{
    CallId, Chain, Draft, Event, Lane, NodeName, Position, Record, Subject, Timestamp, Unknown,
};
use trunkline_journal::{EventLog, Filter, Memory, Outcome, Segments, Settings, Stream};

/// The events of a call, as many as a bridged call has in one stream.
const EVENTS_PER_CALL: usize = 12;
/// How many calls take turns.
const CALLS_AT_ONCE: usize = 50;
/// The bytes of a payload; a record has about 150 more.
const PAYLOAD_BYTES: usize = 120;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    println!("log       batch     records   µs/record   CPU µs/record   p50 µs   p99 µs");
    for (batch, count) in [(1, 20_000), (100, 400_000), (1000, 400_000)] {
        let memory = Arc::new(Memory::new());
        runtime.block_on(append("memory", memory, batch, count, 1));
        let directory = tempfile::tempdir().expect("a directory");
        let segments = Arc::new(open(directory.path()));
        runtime.block_on(append("segments", segments, batch, count, 1));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let segments = Arc::new(open(directory.path()));
    let shared: Arc<dyn EventLog> = segments.clone();
    runtime.block_on(append("segments", shared, 1, 200_000, 64));
    runtime.block_on(reads(&*segments));
    drop(segments);
    let begun = Instant::now();
    let segments = open(directory.path());
    println!("\nopening after a stop: {:.1?}", begun.elapsed());
    drop(segments);
}

fn open(directory: &Path) -> Segments {
    Segments::open(directory, Settings::default()).expect("a log")
}

async fn append(name: &str, log: Arc<dyn EventLog>, batch: usize, count: usize, under_way: usize) {
    let mut batches: Vec<Vec<Record>> = events(count)
        .chunks(batch)
        .map(<[Record]>::to_vec)
        .collect();
    batches.reverse();
    let mut latencies = Vec::with_capacity(batches.len());
    let mut answers = VecDeque::new();
    let (begun, cpu) = (Instant::now(), cpu());
    while !batches.is_empty() || !answers.is_empty() {
        if answers.len() < under_way
            && let Some(records) = batches.pop()
        {
            answers.push_back((Instant::now(), log.append(records)));
            continue;
        }
        if let Some((called, answer)) = answers.pop_front() {
            let outcomes = answer.await;
            assert!(
                matches!(outcomes[0], Outcome::Appended(_)),
                "{:?}",
                outcomes[0]
            );
            latencies.push(called.elapsed());
        }
    }
    let per_record = |spent: Duration| spent.as_secs_f64() * 1e6 / count as f64;
    latencies.sort_unstable();
    let label = match under_way {
        1 => batch.to_string(),
        _ => "many".to_owned(),
    };
    println!(
        "{name:<9} {label:>5} {count:>11} {:>11.2} {:>15.2} {:>8} {:>8}",
        per_record(begun.elapsed()),
        per_record(self::cpu() - cpu),
        latencies[latencies.len() / 2].as_micros(),
        latencies[latencies.len() * 99 / 100].as_micros(),
    );
}

async fn reads(log: &dyn EventLog) {
    let from = Position::beginning(log.id(Stream::Events));
    let follow = log.follow(Stream::Events, from, Filter::ALL).await;
    let mut follower = follow.expect("a follower");
    let head = log.head(Stream::Events).await.expect("a head");
    let (begun, mut count) = (Instant::now(), 0);
    while follower.position() != head {
        count += follower.next().await.expect("entries").len();
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!("\nfollowing the history: {rate:.0} events/s");
    let begun = Instant::now();
    for number in 1..=1000 {
        let entries = log
            .read(&Subject::Call(call(number)))
            .await
            .expect("entries");
        assert_eq!(entries.len(), EVENTS_PER_CALL);
    }
    println!(
        "reading one call: {:.1} µs",
        begun.elapsed().as_secs_f64() * 1e3
    );
}

/// The CPU time of all threads.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("CPU time is not negative");
    let nanoseconds = u32::try_from(time.tv_nsec).expect("less than a second");
    Duration::new(seconds, nanoseconds)
}

fn call(number: u64) -> CallId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    CallId::new(1_790_000_000_000 + number, random)
}

/// Events of calls that take turns, as a busy edge writes them.
fn events(count: usize) -> Vec<Record> {
    let mut records = Vec::with_capacity(count);
    let mut numbers = 1..;
    while records.len() < count {
        let mut chains: Vec<Chain> = numbers
            .by_ref()
            .take(CALLS_AT_ONCE)
            .map(|number| Chain::new(Subject::Call(call(number)), Lane::Facts))
            .collect();
        for _ in 0..EVENTS_PER_CALL {
            records.extend(chains.iter_mut().map(event));
        }
    }
    records.truncate(count);
    records
}

fn event(chain: &mut Chain) -> Record {
    chain.append(Draft {
        because: None,
        producer: NodeName::from("edge-1"),
        recorded_at: Timestamp(1_790_000_000_000_000),
        event: Event::Unknown(Unknown {
            kind: 60_000,
            version: 1,
            payload: vec![7; PAYLOAD_BYTES],
        }),
    })
}
