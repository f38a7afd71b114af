//! What the loop costs per fact, each with a decision, on a log in memory: 20,000 calls begin while
//! control runs. The goal is 10 µs: `cargo bench -p trunkline-control`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::sync::Arc;
use std::time::Instant;

use journal::{EventLog, Memory, Stream};
use tokio_util::sync::CancellationToken;

#[expect(
    dead_code,
    reason = "the benchmark uses a part of what the tests share"
)]
#[path = "../tests/support/mod.rs"]
mod support;
use support::edge::{Edge, Fate};

const CALLS: usize = 20_000;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let log: Arc<dyn EventLog> = Arc::new(Memory::new());
        let mut edge = Edge::new(Arc::clone(&log), support::clock());
        let control = support::control(&log, "control");
        let counters = control.counters();
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        let task = tokio::spawn(control.run(token));
        // It writes its configuration first.
        while log
            .head(Stream::Events)
            .await
            .expect("the log is there")
            .sequence
            == 0
        {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        edge.begin(CALLS, &[Fate::Echo]).await;
        let begin = Instant::now();
        while counters.snapshot().decisions < u64::try_from(CALLS).expect("small") {
            tokio::task::yield_now().await;
        }
        let took = begin.elapsed();
        cancel.cancel();
        task.await.expect("joined").expect("control runs");
        assert_eq!(counters.snapshot().histories, 0);
        let facts = counters.snapshot().observations;
        println!(
            "{facts} facts, each with a decision: {:.2} µs per fact",
            took.as_secs_f64() * 1e6 / f64::from(u32::try_from(facts).expect("small"))
        );
    });
}
