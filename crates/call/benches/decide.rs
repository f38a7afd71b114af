//! What a step of a call costs: one observation folded, decided and its decision folded.
//! The goal is 500,000 decisions a second: `cargo bench -p trunkline-call`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use call::{Answer, Call, Step, evolve, take};
use schemas::{Observation, Timestamp};
use trunkline_call as call;

#[path = "../tests/support/house.rs"]
mod house;
#[path = "../tests/support/script.rs"]
mod script;
use script::Line;

/// A bridged call with a digit, a transfer and a goodbye, as an edge tells it.
const SCRIPT: &str = "\
invite +14155550101 from +14155550123 trunk office X-Case=7
dialed 1
ringing 1
answered 1
answered 0
digit 0
refer 1 to queue
dialed 2
ringing 2
answered 2
ended 1 control BYE
bye 0
ended 0 peer BYE
ended 2 control BYE";

const CALLS: u32 = 100_000;

fn main() {
    let applied = house::applied();
    let history: Vec<Observation> = SCRIPT
        .lines()
        .map(|line| match script::read(line) {
            (_, Line::Observed(observation)) => observation,
            (_, Line::Timer) => panic!("no timer here"),
        })
        .collect();
    let now = Timestamp(1_790_000_000_000_000);

    let mut decisions = 0_u32;
    let deciding = timed(|| {
        for _ in 0..CALLS {
            let mut call = Call::new();
            for observation in &history {
                let decided = take(&mut call, now, observation, &Answer::Open, &applied);
                decisions += u32::from(black_box(decided).is_some());
            }
            assert!(call.is_over());
        }
    });
    let folding = timed(|| {
        for _ in 0..CALLS {
            let mut call = Call::new();
            for observation in &history {
                evolve(&mut call, Step::Observed(now, observation));
            }
            black_box(call);
        }
    });
    let steps = CALLS * u32::try_from(history.len()).expect("a short script");
    println!(
        "evolve            {:>10.0} ns per observation",
        per(folding, steps)
    );
    println!(
        "evolve and decide {:>10.0} ns per observation",
        per(deciding, steps)
    );
    println!(
        "evolve and decide {:>10.0} ns per decision",
        per(deciding, decisions)
    );
    println!(
        "decisions         {:>10.0} per second ({} of {} observations)",
        f64::from(decisions) / deciding.as_secs_f64(),
        decisions / CALLS,
        history.len()
    );
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn per(time: Duration, count: u32) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(count)
}
