//! The contract of the log, run against every implementation.

mod script;

use std::sync::Arc;

use schemas::{Lane, Position, Subject, TrunkName};
use script::{Pen, Shared, append, call, nats, records, take};
use tempfile::TempDir;
use trunkline_journal::{
    Actual, Continuity, Error, Filter, Memory, Outcome, Reason, Segments, Settings, Stream,
};

/// A log and what it needs to live.
struct Place {
    log: Shared,
    _directory: Option<TempDir>,
}

fn memory() -> Place {
    Place {
        log: Arc::new(Memory::new()),
        _directory: None,
    }
}

/// Short segments, so that every case crosses many of them.
fn segments() -> Place {
    let directory = TempDir::new().unwrap();
    let settings = Settings {
        segment_bytes: 16 << 10,
        ..Settings::default()
    };
    Place {
        log: Arc::new(Segments::open(directory.path(), settings).unwrap()),
        _directory: Some(directory),
    }
}

macro_rules! contract {
    ($($case:ident)+) => {
        mod in_memory {
            $(#[tokio::test] async fn $case() { super::$case(super::memory().log).await; })+
        }
        mod in_segments {
            $(#[tokio::test(flavor = "multi_thread")] async fn $case() {
                let place = super::segments();
                super::$case(place.log.clone()).await;
            })+
        }
        mod on_jetstream {
            $(#[tokio::test(flavor = "multi_thread")] async fn $case() {
                if super::nats::is_left_out() { return }
                let nats = super::nats::shared();
                let log = nats.log(&stringify!($case).replace('_', "")).await;
                super::$case(std::sync::Arc::new(log)).await;
            })+
        }
        mod on_a_cluster {
            $(#[tokio::test(flavor = "multi_thread")] async fn $case() {
                if super::nats::is_left_out() { return }
                let nats = super::nats::shared_cluster();
                let log = nats.log(&stringify!($case).replace('_', "")).await;
                super::$case(std::sync::Arc::new(log)).await;
            })+
        }
    };
}

contract! {
    what_is_appended_is_read
    unknown_types_pass_through
    lanes_are_dense
    a_repeated_append_is_answered_alike
    a_batch_that_overlaps_is_answered_record_by_record
    another_event_under_the_same_number_conflicts
    of_two_racing_writers_one_wins
    interleaved_calls_keep_their_order
    streams_are_apart
    a_follower_goes_from_history_to_live
    a_follower_starts_anywhere
    a_follower_sees_what_passes_its_filter
    followers_run_while_writers_write
    a_place_of_another_log_is_noticed
    too_large_records_are_refused
    pipelined_batches_keep_their_order
    thousands_of_calls_can_be_read
}

async fn what_is_appended_is_read(log: Shared) {
    let mut facts = Pen::of_call(1, Lane::Facts);
    let mut decisions = Pen::of_call(1, Lane::Decisions);
    let mut wire = Pen::of_call(1, Lane::Wire);
    let written = [facts.write(), decisions.write(), facts.write()];
    append(&*log, &written).await;
    let messages = wire.write_many(3);
    append(&*log, &messages).await;
    let subject = Subject::Call(call(1));
    let entries = log.read(&subject).await.unwrap();
    assert_eq!(records(&entries), written);
    let numbers: Vec<u64> = entries.iter().map(|one| one.position.sequence).collect();
    assert!(numbers.is_sorted());
    assert_eq!(records(&log.read_wire(call(1)).await.unwrap()), messages);
    assert!(log.read(&Subject::Call(call(2))).await.unwrap().is_empty());
    let last = log.last(&subject, Lane::Facts).await.unwrap();
    assert_eq!(last.as_ref(), entries.last());
    assert_eq!(log.last(&subject, Lane::Requests).await.unwrap(), None);
    let mut trunk = Pen::new(Subject::Trunk(TrunkName::from("Acme > *.")), Lane::Facts);
    let status = trunk.write_many(2);
    append(&*log, &status).await;
    let subject = Subject::Trunk(TrunkName::from("Acme > *."));
    assert_eq!(records(&log.read(&subject).await.unwrap()), status);
}

async fn unknown_types_pass_through(log: Shared) {
    let written = Pen::of_call(1, Lane::Facts).write_unknown(3_000);
    append(&*log, std::slice::from_ref(&written)).await;
    let entries = log.read(&Subject::Call(call(1))).await.unwrap();
    assert_eq!(entries[0].record.bytes(), written.bytes());
    assert_eq!(entries[0].record.event().unwrap().name(), "Unknown");
}

async fn lanes_are_dense(log: Shared) {
    let mut pen = Pen::of_call(1, Lane::Facts);
    let written = pen.write_many(3);
    let ahead = log.append(vec![written[1].clone()]).await;
    assert_eq!(ahead, [Outcome::Conflict(Actual::EMPTY)]);
    append(&*log, &written[..1]).await;
    let outcomes = log
        .append(vec![written[2].clone(), written[1].clone()])
        .await;
    let actual = Actual {
        next_sequence: 1,
        last_hash: written[0].hash(),
    };
    assert_eq!(outcomes[0], Outcome::Conflict(actual));
    assert!(matches!(outcomes[1], Outcome::Appended(_)));
}

async fn a_repeated_append_is_answered_alike(log: Shared) {
    let written = Pen::of_call(1, Lane::Facts).write_many(40);
    let first = log.append(written.clone()).await;
    append(&*log, &Pen::of_call(2, Lane::Facts).write_many(40)).await;
    let again = log.append(written.clone()).await;
    for (first, again) in first.iter().zip(&again) {
        let position = first.position().unwrap();
        assert_eq!(*again, Outcome::AlreadyThere(position));
    }
    assert_eq!(log.read(&Subject::Call(call(1))).await.unwrap().len(), 40);
}

async fn a_batch_that_overlaps_is_answered_record_by_record(log: Shared) {
    let written = Pen::of_call(1, Lane::Facts).write_many(4);
    append(&*log, &written[..2]).await;
    let mut batch = written.clone();
    batch.push(written[3].clone());
    batch.push(written[2].clone());
    let outcomes = log.append(batch).await;
    let is_new: Vec<bool> = outcomes
        .iter()
        .map(|outcome| matches!(outcome, Outcome::Appended(_)))
        .collect();
    assert_eq!(is_new, [false, false, true, true, false, false]);
    assert_eq!(outcomes[4].position(), outcomes[3].position());
    assert_eq!(outcomes[5].position(), outcomes[2].position());
}

async fn another_event_under_the_same_number_conflicts(log: Shared) {
    let mut pen = Pen::of_call(1, Lane::Decisions);
    let mut rival = pen.rival();
    let written = pen.write_many(2);
    append(&*log, &written).await;
    let actual = Actual {
        next_sequence: 2,
        last_hash: written[1].hash(),
    };
    let outcomes = log.append(rival.write_many(3)).await;
    assert_eq!(outcomes, vec![Outcome::Conflict(actual); 3]);
    assert_eq!(
        records(&log.read(&Subject::Call(call(1))).await.unwrap()),
        written
    );
}

async fn of_two_racing_writers_one_wins(log: Shared) {
    for number in 0..50 {
        let mut pen = Pen::of_call(number, Lane::Decisions);
        let mut rival = pen.rival();
        let (one, other) = (pen.write(), rival.write());
        let first = tokio::spawn(log.append(vec![one.clone()]));
        let second = tokio::spawn(log.append(vec![other.clone()]));
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Appended(_));
        let lost = |outcome: &Outcome| matches!(outcome, Outcome::Conflict(_));
        assert!(won(&first[0]) && lost(&second[0]) || lost(&first[0]) && won(&second[0]));
        let there = log.read(&Subject::Call(call(number))).await.unwrap();
        let winner = if won(&first[0]) { one } else { other };
        assert_eq!(records(&there), [winner]);
    }
}

async fn interleaved_calls_keep_their_order(log: Shared) {
    let mut pens: Vec<Pen> = (0..20).map(|n| Pen::of_call(n, Lane::Facts)).collect();
    let mut answers = Vec::new();
    for _ in 0..10 {
        for pen in &mut pens {
            answers.push(log.append(vec![pen.write()]));
        }
    }
    for answer in answers {
        assert!(matches!(answer.await[0], Outcome::Appended(_)));
    }
    for number in 0..20 {
        let entries = log.read(&Subject::Call(call(number))).await.unwrap();
        let numbers: Vec<u32> = entries.iter().map(|e| e.record.header().sequence).collect();
        assert_eq!(numbers, (0..10).collect::<Vec<u32>>());
    }
}

async fn streams_are_apart(log: Shared) {
    let (mut facts, mut wire) = (Pen::of_call(1, Lane::Facts), Pen::of_call(1, Lane::Wire));
    let mixed = [facts.write(), wire.write(), wire.write(), facts.write()];
    let outcomes = log.append(mixed.to_vec()).await;
    let ids: Vec<_> = outcomes.iter().map(|o| o.position().unwrap().log).collect();
    let (events, messages) = (log.id(Stream::Events), log.id(Stream::Wire));
    assert_eq!(ids, [events, messages, messages, events]);
    assert_ne!(events, messages);
    let head = log.head(Stream::Wire).await.unwrap();
    assert_eq!(Some(head), outcomes[2].position());
    assert_eq!(log.read(&Subject::Call(call(1))).await.unwrap().len(), 2);
    assert_eq!(log.read_wire(call(1)).await.unwrap().len(), 2);
}

async fn a_follower_goes_from_history_to_live(log: Shared) {
    let mut pen = Pen::of_call(1, Lane::Facts);
    let mut written = pen.write_many(100);
    append(&*log, &written).await;
    let from = Position::beginning(log.id(Stream::Events));
    let mut follower = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
    let history = take(&mut follower, 100).await;
    let waiting = tokio::spawn(async move { take(&mut follower, 50).await });
    let more = pen.write_many(50);
    append(&*log, &more).await;
    written.extend(more);
    let mut seen = records(&history);
    seen.extend(records(&waiting.await.unwrap()));
    assert_eq!(seen, written);
}

async fn a_follower_starts_anywhere(log: Shared) {
    let written = Pen::of_call(1, Lane::Facts).write_many(300);
    let outcomes = log.append(written.clone()).await;
    for (index, outcome) in outcomes.iter().enumerate().step_by(23) {
        let from = outcome.position().unwrap();
        let mut follower = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
        let entries = take(&mut follower, written.len() - index - 1).await;
        assert_eq!(records(&entries), written[index + 1..]);
        assert_eq!(
            follower.position(),
            outcomes.last().unwrap().position().unwrap()
        );
    }
}

async fn a_follower_sees_what_passes_its_filter(log: Shared) {
    let mut expected = Vec::new();
    for number in 0..128 {
        let mut facts = Pen::of_call(number, Lane::Facts);
        let mut decisions = Pen::of_call(number, Lane::Decisions);
        let batch = [facts.write(), decisions.write()];
        append(&*log, &batch).await;
        if call(number).partition() < 5 {
            expected.push(batch[1].clone());
        }
    }
    assert_eq!(expected.len(), 10);
    let filter = Filter::ALL.lanes(&[Lane::Decisions]).partitions(0..5);
    let from = Position::beginning(log.id(Stream::Events));
    let mut follower = log.follow(Stream::Events, from, filter).await.unwrap();
    assert_eq!(records(&take(&mut follower, 10).await), expected);
}

async fn followers_run_while_writers_write(log: Shared) {
    const CALLS: u64 = 8;
    const EVENTS: usize = 200;
    let from = Position::beginning(log.id(Stream::Events));
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut follower = log.follow(Stream::Events, from, Filter::ALL).await.unwrap();
        let count = usize::try_from(CALLS).unwrap() * EVENTS;
        readers.push(tokio::spawn(
            async move { take(&mut follower, count).await },
        ));
    }
    let writers: Vec<_> = (0..CALLS)
        .map(|number| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut pen = Pen::of_call(number, Lane::Facts);
                for _ in 0..EVENTS / 10 {
                    append(&*log, &pen.write_many(10)).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut all = Vec::new();
    for reader in readers {
        all.push(reader.await.unwrap());
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(
        all[0]
            .windows(2)
            .all(|pair| pair[0].position.sequence < pair[1].position.sequence)
    );
}

async fn a_place_of_another_log_is_noticed(log: Shared) {
    let outcomes = log.append(Pen::of_call(1, Lane::Facts).write_many(3)).await;
    let head = outcomes[2].position().unwrap();
    let check = async |position: Position| log.check(Stream::Events, &position).await.unwrap();
    assert_eq!(check(head).await, Continuity::Same);
    assert_eq!(
        check(outcomes[0].position().unwrap()).await,
        Continuity::Same
    );
    let beginning = Position::beginning(head.log);
    assert_eq!(check(beginning).await, Continuity::Same);
    let elsewhere = Position {
        hash: schemas::Hash([9; 32]),
        ..head
    };
    assert_eq!(check(elsewhere).await, Continuity::Diverged);
    let other = Position {
        log: schemas::LogId(1),
        ..head
    };
    assert_eq!(check(other).await, Continuity::Diverged);
    let beyond = Position {
        sequence: head.sequence + 700,
        ..head
    };
    assert_eq!(check(beyond).await, Continuity::Truncated { head });
    let follow = log.follow(Stream::Events, beyond, Filter::ALL).await;
    assert!(matches!(follow, Err(Error::Truncated { .. })), "{follow:?}");
    let follow = log.follow(Stream::Events, elsewhere, Filter::ALL).await;
    assert!(matches!(follow, Err(Error::Diverged)), "{follow:?}");
}

async fn too_large_records_are_refused(log: Shared) {
    let mut pen = Pen::of_call(1, Lane::Facts);
    let fits = pen.write_unknown((1 << 20) - 300);
    append(&*log, &[fits]).await;
    let too_large = pen.write_unknown((1 << 20) + 1);
    let outcomes = log.append(vec![too_large]).await;
    assert!(matches!(
        outcomes[0],
        Outcome::Unavailable(Reason::TooLarge { .. })
    ));
    assert_eq!(log.read(&Subject::Call(call(1))).await.unwrap().len(), 1);
}

async fn pipelined_batches_keep_their_order(log: Shared) {
    let mut pen = Pen::of_call(1, Lane::Facts);
    let answers: Vec<_> = (0..100).map(|_| log.append(pen.write_many(3))).collect();
    let mut numbers = Vec::new();
    for answer in answers.into_iter().rev() {
        let outcomes = answer.await;
        assert!(
            outcomes
                .iter()
                .all(|one| matches!(one, Outcome::Appended(_)))
        );
        numbers.extend(
            outcomes
                .iter()
                .rev()
                .map(|one| one.position().unwrap().sequence),
        );
    }
    assert!(numbers.is_sorted_by(|one, next| one > next));
}

async fn thousands_of_calls_can_be_read(log: Shared) {
    const CALLS: u64 = 10_000;
    for chunk in 0..CALLS / 100 {
        let batch = (0..100).flat_map(|n| Pen::of_call(chunk * 100 + n, Lane::Facts).write_many(2));
        append(&*log, &batch.collect::<Vec<_>>()).await;
    }
    for number in (0..CALLS).step_by(199) {
        let entries = log.read(&Subject::Call(call(number))).await.unwrap();
        assert_eq!(entries.len(), 2);
        assert!(
            entries
                .iter()
                .all(|entry| entry.record.subject().call() == Some(call(number)))
        );
    }
}
