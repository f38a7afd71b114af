//! How many events per second a rebuild takes in: log in memory, fold, and sled, with the allocator that ships.
//! `cargo bench -p trunkline --bench rebuild`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures time and says what it measured"
)]

#[path = "../../../projections/tests/script/mod.rs"]
mod script;

use std::sync::Arc;
use std::time::Instant;

use journal::{EventLog, Memory};
use schemas::{CallId, Record, Timestamp};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: u64 = 20_000;
/// How many calls are under way at once.
const INTERLEAVED: usize = 200;

#[tokio::main]
async fn main() {
    let story = include_str!("../../../projections/tests/calls/bridged-transfer.call");
    let log: Arc<dyn EventLog> = Arc::new(Memory::new());
    let numbers: Vec<u64> = (0..CALLS).collect();
    let mut events = 0;
    for group in numbers.chunks(INTERLEAVED) {
        let calls: Vec<Vec<Record>> = group
            .iter()
            .map(|number| {
                let call = CallId::new(1_790_000_000_000 + number, [7; 10]);
                script::write(story, call, Timestamp(1_790_000_000_000_000)).records
            })
            .collect();
        for index in 0..calls[0].len() {
            let records: Vec<Record> = calls.iter().map(|records| records[index].clone()).collect();
            events += records.len();
            log.append(records).await;
        }
    }
    let data = tempfile::tempdir().expect("a directory");
    let began = Instant::now();
    api::rebuild(Arc::clone(&log), data.path(), |_| {})
        .await
        .expect("it is built");
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = events as f64 / seconds;
    println!("rebuild: {events} events of {CALLS} calls in {seconds:.2} s, {rate:.0} events/s");
}
