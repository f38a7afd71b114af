//! What has to hold of every log: no decision lost or doubled, each call ended once.

use std::collections::{BTreeMap, BTreeSet};

use call::{Answer, History};
use journal::{EventLog, Filter, Stream};
use schemas::observation::Timer;
use schemas::{CallId, Conclusion, Entry, Event, Lane, Observation, Position};

/// What a log holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub calls: usize,
    pub decisions: usize,
    pub timers: usize,
    pub configurations: usize,
}

/// Reads a log to its head and judges it.
pub async fn judge(log: &dyn EventLog) -> Verdict {
    let mut verdict = Verdict::default();
    let mut calls: BTreeMap<CallId, Vec<Entry>> = BTreeMap::new();
    for entry in everything(log).await {
        match entry.record.subject().call() {
            Some(call) => calls.entry(call).or_default().push(entry),
            None => verdict.configurations += 1,
        }
    }
    verdict.calls = calls.len();
    for (call, entries) in &calls {
        judge_call(*call, entries, &mut verdict);
    }
    verdict
}

fn judge_call(call: CallId, entries: &[Entry], verdict: &mut Verdict) {
    let mut causes = BTreeSet::new();
    let mut timers: BTreeSet<Timer> = BTreeSet::new();
    let mut ends = 0;
    for entry in entries {
        match entry.record.event().expect("every record can be read") {
            Event::Decision(decision) => {
                let because = entry
                    .record
                    .header()
                    .because
                    .expect("a decision has a cause");
                assert!(
                    causes.insert(because),
                    "{call}: two decisions for one cause"
                );
                assert_eq!(ends, 0, "{call}: decided behind its end: {}", decision.rule);
                let ended = |one: &&Conclusion| one.name() == "CallEnded";
                ends += decision.conclusions.iter().filter(ended).count();
                verdict.decisions += 1;
            }
            Event::Observation(Observation::TimerFired(fired)) => {
                assert!(
                    timers.insert(fired.timer),
                    "{call}: {:?} fired twice",
                    fired.timer
                );
                assert_eq!(entry.record.lane(), Lane::Requests);
                verdict.timers += 1;
            }
            _ => {}
        }
    }
    assert_eq!(ends, 1, "{call} has to end once");
    let history = History::read(entries.iter().map(|entry| &entry.record)).expect("readable");
    let applied = (*super::applied()).clone();
    let configurations = BTreeMap::from([(applied.hash(), applied)]);
    let (rehearsed, _) = history
        .rehearse(&configurations)
        .expect("the configuration is known");
    for step in &rehearsed {
        assert!(!step.differs(), "{call}: {step:?}");
        let lost = step.moment.answer == Answer::Open && step.decided.is_some();
        assert!(!lost, "{call}: a decision is missing: {step:?}");
    }
}

async fn everything(log: &dyn EventLog) -> Vec<Entry> {
    let head = log.head(Stream::Events).await.expect("the log is there");
    let from = Position::beginning(log.id(Stream::Events));
    let follow = log.follow(Stream::Events, from, Filter::ALL);
    let mut follower = follow.await.expect("the log is there");
    let mut entries = Vec::new();
    while follower.position().sequence < head.sequence {
        entries.extend(follower.next().await.expect("the log is whole"));
    }
    entries
}
