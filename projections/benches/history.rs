//! How many events per second the history takes in: the fold of rows, and the fold with encoding as
//! the projector stores them. `cargo bench -p trunkline-projections`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures time and says what it measured"
)]

#[path = "../tests/script/mod.rs"]
mod script;

use std::collections::BTreeMap;
use std::time::Instant;

use schemas::{CallId, Record, Timestamp};
use trunkline_projections::verification::findings;
use trunkline_projections::{Row, Timeline};

const CALLS: u64 = 4_000;
/// How many calls are under way at once.
const INTERLEAVED: usize = 200;
const BATCH: usize = 8_192;

fn main() {
    let script = include_str!("../tests/calls/bridged-transfer.call");
    let calls: Vec<Vec<Record>> = (0..CALLS)
        .map(|number| {
            let call = CallId::new(1_790_000_000_000 + number, [7; 10]);
            script::write(script, call, Timestamp(1_790_000_000_000_000)).records
        })
        .collect();
    let per_call = calls[0].len();
    let mut log: Vec<Record> = Vec::new();
    for group in calls.chunks(INTERLEAVED) {
        for index in 0..per_call {
            log.extend(group.iter().map(|records| records[index].clone()));
        }
    }
    println!(
        "{} events of {CALLS} calls, {per_call} events each",
        log.len()
    );

    let began = Instant::now();
    let mut rows: BTreeMap<CallId, Row> = BTreeMap::new();
    for record in &log {
        let Some(call) = record.subject().call() else {
            continue;
        };
        rows.entry(call)
            .or_insert_with(|| Row::new(call))
            .apply(record);
    }
    say("fold", log.len(), began);
    assert!(rows.values().all(Row::is_over));

    let began = Instant::now();
    let mut bytes = 0;
    let mut rows: BTreeMap<CallId, Row> = BTreeMap::new();
    for batch in log.chunks(BATCH) {
        let mut touched: BTreeMap<CallId, ()> = BTreeMap::new();
        for record in batch {
            let Some(call) = record.subject().call() else {
                continue;
            };
            rows.entry(call)
                .or_insert_with(|| Row::new(call))
                .apply(record);
            touched.insert(call, ());
        }
        for call in touched.keys() {
            let row = &rows[call];
            bytes += postcard::to_allocvec(row).expect("a row encodes").len();
            if row.is_over() {
                rows.remove(call);
            }
        }
    }
    say("fold and encode", log.len(), began);
    println!("{:>22} bytes of rows for each call", bytes / calls.len());

    let began = Instant::now();
    let mut found = 0;
    for records in &calls {
        let call = records[0].subject().call().expect("a call's record");
        let mut row = Row::new(call);
        for record in records {
            row.apply(record);
        }
        found += findings(&row).len();
    }
    say("fold and findings", log.len(), began);
    assert_eq!(found, calls.len() * 9);

    let began = Instant::now();
    for records in &calls {
        let call = records[0].subject().call().expect("a call's record");
        assert!(Timeline::of(call, records, &[]).moments.len() > per_call);
    }
    say("timelines", log.len(), began);
}

fn say(what: &str, events: usize, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = events as f64 / seconds;
    println!(
        "{what:>22}: {rate:>12.0} events/s, {:>6.0} ns each",
        1e9 / rate
    );
}
