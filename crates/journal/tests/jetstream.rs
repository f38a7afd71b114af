//! What only a server can do to a log: several writers, lost answers, lost tails, lost nodes.

mod script;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemas::{Lane, NodeName, Position, Subject};
use script::{Pen, append, call, nats, nats::Nats, records, take};
use tempfile::TempDir;
use trunkline_journal::{
    Continuity, Error, EventLog, Filter, JetStreamSettings, LeaseSettings, Leases, LocalLeases,
    NatsLeases, Outcome, Reason, Stream,
};

/// Two processes with a client each: of every race exactly one wins, on one server and on three.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_racing_processes_one_wins() {
    if nats::is_left_out() {
        return;
    }
    for nats in [nats::shared(), nats::shared_cluster()] {
        let (one, other) = (nats.log("race").await, nats.log("race").await);
        let (mut first_wins, mut second_wins) = (0, 0);
        for number in 0..40 {
            let mut pen = Pen::of_call(number, Lane::Decisions);
            let mut rival = pen.rival();
            // The second event of a lane: both know the first.
            let start = pen.write();
            append(&one, std::slice::from_ref(&start)).await;
            rival.follow(&start);
            let (mine, yours) = (pen.write(), rival.write());
            let (a, b) = tokio::join!(
                one.append(vec![mine.clone()]),
                other.append(vec![yours.clone()])
            );
            let winner = match (&a[0], &b[0]) {
                (Outcome::Appended(_), Outcome::Conflict(actual)) => {
                    assert_eq!(actual.last_hash, mine.hash());
                    first_wins += 1;
                    mine
                }
                (Outcome::Conflict(actual), Outcome::Appended(_)) => {
                    assert_eq!(actual.last_hash, yours.hash());
                    second_wins += 1;
                    yours
                }
                both => panic!("{both:?}"),
            };
            let there = other.read(&Subject::Call(call(number))).await.unwrap();
            assert_eq!(records(&there), [start, winner]);
        }
        assert_eq!(first_wins + second_wins, 40);
    }
}

/// The same bytes from another process are there already, whichever of the server's two ways to say
/// so it takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_by_another_process_is_answered_alike_everywhere() {
    if nats::is_left_out() {
        return;
    }
    for nats in [nats::shared(), nats::shared_cluster()] {
        let (one, other) = (nats.log("again").await, nats.log("again").await);
        let written = Pen::of_call(1, Lane::Facts).write_many(5);
        let first = one.append(written.clone()).await;
        let again = other.append(written.clone()).await;
        for (first, again) in first.iter().zip(again) {
            assert_eq!(again, Outcome::AlreadyThere(first.position().unwrap()));
        }
    }
}

/// The answer is lost, the event is not: the server is stopped with the message in its socket.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again() {
    if nats::is_left_out() {
        return;
    }
    let nats = Nats::start(1);
    let settings = JetStreamSettings {
        answer_timeout: Duration::from_millis(300),
        patience: Duration::from_millis(800),
        ..nats.settings("lost")
    };
    let log = nats.log_with(settings).await;
    let mut pen = Pen::of_call(1, Lane::Facts);
    append(&log, &pen.write_many(2)).await;
    nats.pause(0);
    let record = pen.write();
    let behind = pen.write();
    let outcomes = log.append(vec![record.clone(), behind.clone()]).await;
    for outcome in &outcomes {
        let gone = matches!(outcome, Outcome::Unavailable(Reason::Unreachable(_)));
        assert!(gone, "{outcome:?}");
    }
    nats.resume(0);
    // It was stored when the server woke up; now or by the repetition, it is there once.
    let outcomes = log.append(vec![record, behind]).await;
    assert!(
        outcomes.iter().all(|outcome| outcome.position().is_some()),
        "{outcomes:?}"
    );
    let entries = log.read(&Subject::Call(call(1))).await.unwrap();
    let numbers: Vec<u32> = entries
        .iter()
        .map(|entry| entry.record.header().sequence)
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
}

/// Each node of the cluster is killed in turn while calls write: no event lost, doubled or displaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_nodes_are_killed_keeps_each_call_in_order() {
    if nats::is_left_out() {
        return;
    }
    const CALLS: u64 = 60;
    const EVENTS: u32 = 60;
    let nats = Arc::new(Nats::start(3));
    let log = Arc::new(nats.log("kill").await);
    let from = Position::beginning(log.id(Stream::Events));
    let mut follower = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
    let writers: Vec<_> = (0..CALLS)
        .map(|number| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut pen = Pen::of_call(number, Lane::Facts);
                for _ in 0..EVENTS {
                    let record = pen.write();
                    while log.append(vec![record.clone()]).await[0]
                        .position()
                        .is_none()
                    {}
                }
            })
        })
        .collect();
    let total = usize::try_from(CALLS * u64::from(EVENTS)).unwrap();
    let reader = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.len() < total {
            match follower.next().await {
                Ok(entries) => seen.extend(entries),
                Err(Error::Unreachable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        seen
    });
    for node in 0..nats.nodes() {
        nats.kill(node);
        tokio::time::sleep(Duration::from_millis(500)).await;
        nats.start_again(node);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let seen = reader.await.unwrap();
    assert_eq!(seen.len(), total);
    let ids: BTreeSet<_> = seen.iter().map(|entry| entry.record.id()).collect();
    assert_eq!(ids.len(), total);
    for number in 0..CALLS {
        let of_call = seen
            .iter()
            .filter(|e| e.record.subject().call() == Some(call(number)));
        let numbers: Vec<u32> = of_call.map(|e| e.record.header().sequence).collect();
        assert_eq!(numbers, (0..EVENTS).collect::<Vec<_>>(), "call {number}");
    }
}

/// A server that lost its tail uses the numbers again: a follower behind them is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_stream_is_noticed_by_cursors_and_followers() {
    if nats::is_left_out() {
        return;
    }
    let nats = Nats::start(1);
    let log = nats.log("cut").await;
    let mut pen = Pen::of_call(1, Lane::Facts);
    append(&log, &pen.write_many(10)).await;
    nats.kill(0);
    let backup = TempDir::new().unwrap();
    copy_all(&nats.store(0), backup.path());
    nats.start_again(0);
    let mut rival = pen.rival();
    append(&log, &pen.write_many(10)).await;
    let late = log.head(Stream::Events).await.unwrap();
    let from = Position::beginning(late.log);
    let mut follower = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
    take(&mut follower, 20).await;
    nats.kill(0);
    fs::remove_dir_all(nats.store(0)).unwrap();
    copy_all(backup.path(), &nats.store(0));
    nats.start_again(0);
    let told = loop {
        match follower.next().await {
            Err(Error::Unreachable(_)) => {}
            told => break told,
        }
    };
    assert!(
        matches!(told, Err(Error::Truncated { head }) if head.sequence == 10),
        "{told:?}"
    );
    let check = log.check(Stream::Events, &late).await.unwrap();
    assert!(matches!(check, Continuity::Truncated { .. }), "{check:?}");
    // Another process writes over the lost numbers.
    let other = nats.log("cut").await;
    append(&other, &rival.write_many(12)).await;
    assert_eq!(
        log.check(Stream::Events, &late).await.unwrap(),
        Continuity::Diverged
    );
    let follow = log.follow(Stream::Events, late, Filter::ALL).await;
    assert!(matches!(follow, Err(Error::Diverged)), "{follow:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_stream_refuses_and_says_so() {
    if nats::is_left_out() {
        return;
    }
    let nats = nats::shared();
    let settings = JetStreamSettings {
        events_max_bytes: Some(20_000),
        ..nats.settings("full")
    };
    let log = nats.log_with(settings).await;
    let mut pen = Pen::of_call(1, Lane::Facts);
    let mut taken = 0;
    loop {
        match &log.append(vec![pen.write_unknown(2_000)]).await[0] {
            Outcome::Appended(_) => taken += 1,
            Outcome::Unavailable(Reason::Full(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(taken > 3);
    assert_eq!(
        log.read(&Subject::Call(call(1))).await.unwrap().len(),
        taken
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_server_is_an_error_with_its_address() {
    let error =
        trunkline_journal::JetStream::connect("nats://127.0.0.1:1", JetStreamSettings::default())
            .await
            .unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_owner_and_ages() {
    if nats::is_left_out() {
        return;
    }
    let nats = nats::shared();
    let log = nats.log("lease").await;
    let settings = LeaseSettings {
        max_age: Duration::from_secs(2),
        margin: Duration::from_millis(500),
        replicas: 1,
    };
    let open = async |name: &str| {
        NatsLeases::open(&log, NodeName::from(name), settings)
            .await
            .unwrap()
    };
    let (one, other) = (open("control-a").await, open("control-b").await);
    let held = one.acquire(7).await.unwrap().unwrap();
    assert!(held.is_valid());
    assert!(other.acquire(7).await.unwrap().is_none());
    assert!(other.acquire(8).await.unwrap().is_some());
    let zombie = held.clone();
    let held = one.renew(held).await.unwrap().unwrap();
    assert!(one.renew(zombie).await.unwrap().is_none());
    // Given up: the next owner does not wait.
    one.release(held).await.unwrap();
    let held = other.acquire(7).await.unwrap().unwrap();
    // Not renewed: it ages, and its owner knows before anybody else may take it.
    let taken = loop {
        if let Some(taken) = one.acquire(7).await.unwrap() {
            break taken;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(!held.is_valid() && taken.is_valid());
    assert!(other.renew(held).await.unwrap().is_none());
}

#[tokio::test]
async fn a_local_lease_has_one_owner() {
    let leases = LocalLeases::default();
    let held = leases.acquire(1).await.unwrap().unwrap();
    assert!(leases.clone().acquire(1).await.unwrap().is_none());
    let held = leases.renew(held).await.unwrap().unwrap();
    assert!(held.is_valid());
    leases.release(held).await.unwrap();
    assert!(leases.acquire(1).await.unwrap().is_some());
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
