//! Every `.call` file is one test: observations at the left margin, what is decided indented below.
//! `UPDATE_SCENARIOS=1 cargo test -p trunkline-call --test scenarios` writes what is decided today.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use call::{Answer, Call, History, take};
use schemas::observation::TimerFired;
use schemas::{CallId, Chain, Draft, Lane, NodeName, Observation, Record, Subject, Timestamp};
use trunkline_call as call;

mod support;
use support::script::Line;
use support::{house, print, script};

fn scenario(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    if !text.starts_with("# ") {
        return Err("the first line has to cite what the scenario proves: # RFC …".into());
    }
    let (played, log) = play(&text);
    rehearse(&log)?;
    if played == text {
        return Ok(());
    }
    if update() {
        std::fs::write(path, played)?;
        return Ok(());
    }
    Err(format!("decided otherwise; today:\n{played}").into())
}

/// What was written while a scenario ran: each observation, and the decision that it got.
struct Log {
    observed: Vec<(Record, Option<Record>)>,
}

/// Plays a script and writes it down again with what was decided.
fn play(text: &str) -> (String, Log) {
    let applied = house::applied();
    let subject = Subject::Call(CallId::new(1_790_000_000_000, [7; 10]));
    let mut facts = Chain::new(subject.clone(), Lane::Facts);
    let mut decisions = Chain::new(subject, Lane::Decisions);
    let mut call = Call::new();
    let mut now = Timestamp(script::BEGIN.0 - 10_000);
    let mut played = String::new();
    let mut observed = Vec::new();
    let scripted = |line: &&str| !line.starts_with(' ') && !line.starts_with("= ");
    for line in text.lines().filter(scripted) {
        played.push_str(line);
        played.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (at, line) = script::read(line);
        now = at.unwrap_or(Timestamp(now.0 + 10_000));
        let observation: Observation = match line {
            Line::Observed(observation) => observation,
            Line::Timer => {
                let (at, timer) = call
                    .deadline(applied.configuration())
                    .expect("a call that goes on waits for something");
                assert!(at >= now, "the wait ran out before");
                now = at;
                let seconds = (at.0 - script::BEGIN.0) / 1_000_000;
                writeln!(played, "    {timer:?} after {seconds} s").expect("text");
                TimerFired { timer, late_us: 0 }.into()
            }
        };
        let draft = |event, because| Draft {
            because,
            producer: NodeName::from("test"),
            recorded_at: now,
            event,
        };
        let fact = facts.append(draft(observation.clone().into(), None));
        let decided = take(&mut call, now, &observation, &Answer::Open, &applied);
        let decision = decided.map(|decision| {
            played.push_str(&print::decision(&decision));
            decisions.append(draft(decision.into(), Some(fact.id())))
        });
        observed.push((fact, decision));
    }
    writeln!(
        played,
        "= {}",
        if call.is_over() { "over" } else { "goes on" }
    )
    .expect("text");
    (played, Log { observed })
}

/// Wherever the decisions lie in the log, the same history decides the same.
fn rehearse(log: &Log) -> Result<(), Box<dyn std::error::Error>> {
    let applied = house::applied();
    let configurations = BTreeMap::from([(applied.hash(), applied)]);
    let at_once: Vec<&Record> = log
        .observed
        .iter()
        .flat_map(|(fact, decision)| std::iter::once(fact).chain(decision))
        .collect();
    let late: Vec<&Record> = log
        .observed
        .iter()
        .map(|(fact, _)| fact)
        .chain(
            log.observed
                .iter()
                .filter_map(|(_, decision)| decision.as_ref()),
        )
        .collect();
    let mut ends = Vec::new();
    for order in [at_once, late] {
        let history = History::read(order)?;
        let (rehearsed, end) = history.rehearse(&configurations)?;
        for step in &rehearsed {
            if step.differs() {
                return Err(
                    format!("{:?} is decided otherwise again", step.moment.observation).into(),
                );
            }
        }
        ends.push(end);
    }
    if ends[0] != ends[1] {
        return Err("the order of the log changes the call".into());
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's switch for writing golden files"
)]
fn update() -> bool {
    std::env::var("UPDATE_SCENARIOS").is_ok()
}

datatest_stable::harness! {
    { test = scenario, root = "tests/scenarios", pattern = r"\.call$" },
}
