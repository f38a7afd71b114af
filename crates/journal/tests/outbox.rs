//! The edge's outbox against a real server that is killed, paused, restarted and rolled back:
//! nothing is lost and each call keeps its order.

mod script;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemas::{Lane, Subject};
use script::{Pen, append, call, nats, nats::Nats};
use tempfile::TempDir;
use trunkline_journal::{
    EventLog, JetStream, JetStreamSettings, Outbox, OutboxSettings, Retention, Settings, Stream,
};

const QUICK: OutboxSettings = OutboxSettings {
    segments: Settings {
        segment_bytes: 16 << 10,
        wire_sync: Duration::from_millis(50),
        events: Retention::FOREVER,
        wire: Retention::FOREVER,
    },
    horizon: Duration::from_secs(600),
    tick: Duration::from_millis(100),
};

async fn remote(nats: &Nats) -> Arc<JetStream> {
    let settings = JetStreamSettings {
        answer_timeout: Duration::from_millis(400),
        patience: Duration::from_millis(1_500),
        ..nats.settings("ob")
    };
    Arc::new(nats.log_with(settings).await)
}

/// Calls that go on writing whatever happens to the server.
struct Edge {
    pens: Vec<Pen>,
    written: usize,
}

impl Edge {
    fn new() -> Edge {
        let pens = (0..10)
            .map(|number| Pen::of_call(number, Lane::Facts))
            .collect();
        Edge { pens, written: 0 }
    }

    /// Each append resolves, server or not.
    async fn write(&mut self, outbox: &Outbox, events_per_call: usize) {
        for _ in 0..events_per_call {
            let batch: Vec<_> = self.pens.iter_mut().map(Pen::write).collect();
            append(outbox, &batch).await;
        }
        self.written += events_per_call;
    }

    /// The server has everything, once and in order.
    async fn expect_all(&self, log: &dyn EventLog) {
        for number in 0..10 {
            let entries = log.read(&Subject::Call(call(number))).await.unwrap();
            let numbers: Vec<u32> = entries.iter().map(|e| e.record.header().sequence).collect();
            let expected: Vec<u32> = (0..u32::try_from(self.written).unwrap()).collect();
            assert_eq!(numbers, expected, "call {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_and_a_paused_server_get_everything_in_order() {
    if nats::is_left_out() {
        return;
    }
    let nats = Nats::start(1);
    let directory = TempDir::new().unwrap();
    let outbox = Outbox::open(directory.path(), remote(&nats).await, QUICK).unwrap();
    let mut edge = Edge::new();
    for round in 0..4 {
        edge.write(&outbox, 40).await;
        if round % 2 == 0 {
            nats.kill(0);
            edge.write(&outbox, 40).await;
            assert!(outbox.lag().await.unshipped > 0);
            assert!(outbox.lag().await.oldest.is_some());
            nats.start_again(0);
        } else {
            nats.pause(0);
            edge.write(&outbox, 40).await;
            nats.resume(0);
        }
        edge.write(&outbox, 10).await;
    }
    outbox.shipped().await;
    edge.expect_all(&outbox).await;
    let lag = outbox.lag().await;
    assert_eq!(
        (lag.unshipped, lag.oldest, lag.refused, lag.rewinds),
        (0, None, 0, 0)
    );
}

/// A power cut without sync: the server comes back without what it had confirmed.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_what_it_confirmed_is_sent_it_again() {
    if nats::is_left_out() {
        return;
    }
    let nats = Nats::start(1);
    let directory = TempDir::new().unwrap();
    let outbox = Outbox::open(directory.path(), remote(&nats).await, QUICK).unwrap();
    let mut edge = Edge::new();
    edge.write(&outbox, 30).await;
    outbox.shipped().await;
    nats.kill(0);
    let backup = TempDir::new().unwrap();
    copy_all(&nats.store(0), backup.path());
    nats.start_again(0);
    edge.write(&outbox, 50).await;
    outbox.shipped().await;
    let before = outbox.head(Stream::Events).await.unwrap();
    nats.kill(0);
    fs::remove_dir_all(nats.store(0)).unwrap();
    copy_all(backup.path(), &nats.store(0));
    nats.start_again(0);
    // Nothing new is written: the loss alone must be noticed.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while outbox.lag().await.rewinds == 0 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    outbox.shipped().await;
    edge.expect_all(&outbox).await;
    edge.write(&outbox, 10).await;
    outbox.shipped().await;
    edge.expect_all(&outbox).await;
    assert_eq!(outbox.lag().await.refused, 0);
    assert!(outbox.head(Stream::Events).await.unwrap().sequence > before.sequence);
}

/// The whole stream is gone: another log, and everything that is still kept goes there.
#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_restarts_ships_the_rest_and_a_new_server_gets_all() {
    if nats::is_left_out() {
        return;
    }
    let nats = Nats::start(1);
    let directory = TempDir::new().unwrap();
    let mut edge = Edge::new();
    for round in 0..3 {
        let outbox = Outbox::open(directory.path(), remote(&nats).await, QUICK).unwrap();
        edge.write(&outbox, 20).await;
        if round == 1 {
            nats.kill(0);
            edge.write(&outbox, 20).await;
            outbox.close().await;
            nats.start_again(0);
        } else {
            outbox.shipped().await;
            edge.expect_all(&outbox).await;
            outbox.close().await;
        }
    }
    nats.kill(0);
    fs::remove_dir_all(nats.store(0)).unwrap();
    nats.start_again(0);
    let outbox = Outbox::open(directory.path(), remote(&nats).await, QUICK).unwrap();
    outbox.shipped().await;
    edge.expect_all(&outbox).await;
    assert_eq!(outbox.lag().await.refused, 0);
}

/// What the server confirmed is deleted here, but only behind the horizon.
#[tokio::test(flavor = "multi_thread")]
async fn shipped_segments_are_kept_for_the_horizon_and_then_deleted() {
    if nats::is_left_out() {
        return;
    }
    let nats = Nats::start(1);
    let directory = TempDir::new().unwrap();
    let settings = OutboxSettings {
        horizon: Duration::from_secs(2),
        ..QUICK
    };
    let outbox = Outbox::open(directory.path(), remote(&nats).await, settings).unwrap();
    let mut edge = Edge::new();
    edge.write(&outbox, 100).await;
    outbox.shipped().await;
    let many = segments(directory.path());
    assert!(many > 5, "{many} segments");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while segments(directory.path()) > 2 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "nothing was deleted"
        );
        edge.write(&outbox, 1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    outbox.shipped().await;
    edge.expect_all(&outbox).await;
}

fn segments(directory: &Path) -> usize {
    fs::read_dir(directory.join("events"))
        .unwrap()
        .filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension()
                .is_some_and(|extension| extension == "segment")
        })
        .count()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
