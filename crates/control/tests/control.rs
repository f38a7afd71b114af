//! Control on real logs with a scripted edge: killed, raced, cut off, and late facts.

use std::sync::Arc;

use journal::{EventLog, Filter, Memory, Segments, Settings, Stream};
use schemas::media::{MeasureOccasion, StreamMeasure};
use schemas::observation::MediaMeasured;
use schemas::{Lane, LegId, PARTITIONS, Position};
use trunkline_control::Partitions;

mod support;
use support::edge::{Edge, Fate};
use support::rough::Rough;
use support::verdict::judge;
use support::{clock, control, start};

const ALL: [Fate; 5] = [
    Fate::Transfer,
    Fate::Busy,
    Fate::Silence,
    Fate::Menu,
    Fate::Echo,
];
const QUICK: [Fate; 4] = [Fate::Transfer, Fate::Busy, Fate::Menu, Fate::Echo];

#[tokio::test(start_paused = true)]
async fn every_call_ends_once() {
    let log: Arc<dyn EventLog> = Arc::new(Memory::new());
    let mut edge = Edge::new(Arc::clone(&log), clock());
    let control = control(&log, "control");
    let counters = control.counters();
    let (task, cancel) = start(control);
    settle(&log).await;
    edge.begin(50, &ALL).await;
    edge.run(|_| {}).await;
    cancel.cancel();
    task.await.unwrap();
    let verdict = judge(&*log).await;
    assert_eq!((verdict.calls, verdict.timers), (50, 10));
    assert_eq!(verdict.decisions, edge.done.len());
    let counted = counters.snapshot();
    assert_eq!(counted.decisions, u64::try_from(verdict.decisions).unwrap());
    assert_eq!(
        (counted.timers, counted.conflicts, counted.histories),
        (10, 0, 0)
    );
    assert_eq!(counted.live_calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_control_that_is_killed_twenty_times_loses_and_doubles_nothing() {
    let memory: Arc<dyn EventLog> = Arc::new(Memory::new());
    let log: Arc<dyn EventLog> = Arc::new(Rough::new(Arc::clone(&memory)));
    let (killed, _) = kill_and_restart(&log, None, 300, &ALL).await;
    assert_eq!(killed, 20);
    let verdict = judge(&*memory).await;
    assert_eq!(
        (verdict.calls, verdict.timers, verdict.configurations),
        (300, 60, 1)
    );
}

#[tokio::test]
async fn a_control_on_segment_files_goes_on_from_its_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let segments = Segments::open(&directory.path().join("log"), Settings::default()).unwrap();
    let files: Arc<dyn EventLog> = Arc::new(segments);
    let log: Arc<dyn EventLog> = Arc::new(Rough::new(Arc::clone(&files)));
    let checkpoint = directory.path().join("control.checkpoint");
    let (killed, mut edge) = kill_and_restart(&log, Some(&checkpoint), 200, &QUICK).await;
    assert_eq!(killed, 20);
    assert_eq!(judge(&*files).await.calls, 200);

    // Everything is over and the last control kept its place: the next one reads no old call.
    let next = control(&files, "control").with_checkpoint(&checkpoint);
    let counters = next.counters();
    let (task, cancel) = start(next);
    edge.begin(1, &[Fate::Echo]).await;
    edge.run(|_| {}).await;
    cancel.cancel();
    task.await.unwrap();
    assert!(
        counters.snapshot().histories <= 1,
        "{:?}",
        counters.snapshot()
    );
    assert_eq!(judge(&*files).await.calls, 201);
}

#[tokio::test(start_paused = true)]
async fn two_controls_on_one_log_decide_as_one() {
    let memory: Arc<dyn EventLog> = Arc::new(Memory::new());
    let log: Arc<dyn EventLog> = Arc::new(Rough::new(Arc::clone(&memory)));
    let (one, two) = (control(&log, "control-a"), control(&log, "control-b"));
    let counters = [one.counters(), two.counters()];
    let running = [start(one), start(two)];
    let mut edge = Edge::new(Arc::clone(&log), clock());
    edge.begin(100, &ALL).await;
    edge.run(|_| {}).await;
    for (task, cancel) in running {
        cancel.cancel();
        task.await.unwrap();
    }
    let verdict = judge(&*memory).await;
    assert_eq!(
        (verdict.calls, verdict.timers, verdict.configurations),
        (100, 20, 2)
    );
    let conflicts: u64 = counters.iter().map(|one| one.snapshot().conflicts).sum();
    assert!(conflicts > 0, "they have met");
}

#[tokio::test(start_paused = true)]
async fn a_late_fact_does_not_wake_a_call_that_ended() {
    let log: Arc<dyn EventLog> = Arc::new(Memory::new());
    let mut edge = Edge::new(Arc::clone(&log), clock());
    let (task, cancel) = start(control(&log, "control"));
    edge.begin(20, &QUICK).await;
    edge.run(|_| {}).await;
    cancel.cancel();
    task.await.unwrap();
    let decisions = judge(&*log).await.decisions;

    // A control that knows nothing of the calls, and one that has just seen them end.
    for _ in 0..2 {
        let next = control(&log, "control");
        let counters = next.counters();
        let (task, cancel) = start(next);
        for _ in 0..2 {
            edge.tell_all(measured().into()).await;
            settle(&log).await;
        }
        cancel.cancel();
        task.await.unwrap();
        assert_eq!(counters.snapshot().histories, 20);
        assert_eq!(counters.snapshot().decisions, 0);
    }
    assert_eq!(judge(&*log).await.decisions, decisions);
}

#[tokio::test(start_paused = true)]
async fn each_control_decides_for_its_own_partitions() {
    let log: Arc<dyn EventLog> = Arc::new(Memory::new());
    let lower = control(&log, "control-a").with_partitions(Partitions::of(0..PARTITIONS / 2));
    let upper =
        control(&log, "control-b").with_partitions(Partitions::of(PARTITIONS / 2..PARTITIONS));
    let counters = [lower.counters(), upper.counters()];
    let running = [start(lower), start(upper)];
    let mut edge = Edge::new(Arc::clone(&log), clock());
    edge.begin(100, &ALL).await;
    edge.run(|_| {}).await;
    for (task, cancel) in running {
        cancel.cancel();
        task.await.unwrap();
    }
    judge(&*log).await;
    for counted in counters.map(|counters| counters.snapshot()) {
        assert!(
            counted.decisions > 0 && counted.conflicts == 0,
            "{counted:?}"
        );
    }
}

/// Runs calls while control is dropped, wherever it is, and started again; gives how often.
async fn kill_and_restart(
    log: &Arc<dyn EventLog>,
    checkpoint: Option<&std::path::Path>,
    calls: usize,
    fates: &[Fate],
) -> (usize, Edge) {
    let begin = || {
        let control = control(log, "control");
        let control = match checkpoint {
            Some(path) => control.with_checkpoint(path),
            None => control,
        };
        let counters = control.counters();
        (start(control), counters)
    };
    let mut edge = Edge::new(Arc::clone(log), clock());
    let mut killed = 0;
    let mut running = begin();
    for _ in 0..20 {
        edge.begin(calls / 20, fates).await;
        // A different number of turns each time, so that it dies in a different place.
        for _ in 0..killed * 3 + 1 {
            tokio::task::yield_now().await;
        }
        running.0.0.abort();
        killed += 1;
        running = begin();
    }
    edge.run(|_| {}).await;
    settle(log).await;
    // The last one may still be reading what the ones before it decided.
    let newest = newest_observation(log).await;
    let ((task, cancel), counters) = running;
    while counters.snapshot().position < newest {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    task.await.unwrap();
    (killed, edge)
}

/// The number of the last event in the log that is not a decision.
async fn newest_observation(log: &Arc<dyn EventLog>) -> u64 {
    let head = log.head(Stream::Events).await.unwrap().sequence;
    let beginning = Position::beginning(log.id(Stream::Events));
    let mut follower = log
        .follow(Stream::Events, beginning, Filter::ALL)
        .await
        .unwrap();
    let mut newest = 0;
    while follower.position().sequence < head {
        let entries = follower.next().await.unwrap();
        let observed = entries
            .iter()
            .rfind(|entry| entry.record.lane() != Lane::Decisions);
        newest = observed.map_or(newest, |entry| entry.position.sequence);
    }
    newest
}

/// Lets everybody do what is to be done until the log does not grow any more.
async fn settle(log: &Arc<dyn EventLog>) {
    let mut quiet = 0;
    let mut head = 0;
    while quiet < 200 {
        tokio::task::yield_now().await;
        let now = log.head(Stream::Events).await.unwrap().sequence;
        quiet = if now == head { quiet + 1 } else { 0 };
        head = now;
    }
}

fn measured() -> MediaMeasured {
    MediaMeasured {
        leg: LegId::CALLER,
        received: StreamMeasure::default(),
        sent: StreamMeasure::default(),
        refused_packets: 0,
        over_ms: 0,
        unauthenticated_packets: 0,
        replayed_packets: 0,
        occasion: MeasureOccasion::End,
        refused: Vec::new(),
        samples: Vec::new(),
        keys_doubled: 0,
    }
}
