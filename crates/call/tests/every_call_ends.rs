//! The state space: whatever is observed, in whatever order, every call ends once and no command goes
//! where it must not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use call::{Answer, Call, History, take};
use proptest::prelude::*;
use schemas::{
    CallId, Chain, Command, Conclusion, Decision, Draft, Event, Lane, LegId, NodeName, Observation,
    Record, Subject, Timestamp,
};
use trunkline_call as call;

mod support;
use support::script::Line;
use support::{house, print, script};

/// What can be observed. Legs 0 to 3 are enough for an agent, a fallback and a target.
static ALPHABET: LazyLock<Vec<Observation>> = LazyLock::new(|| {
    let once = [
        "bye 0",
        "cancel 0",
        "ended 0 peer BYE",
        "ended 0 edge no ACK within 32 s",
        "answered 0",
        "lost echo finished",
        "lost menu connection lost",
        "lost sorry finished",
        "operator grace",
        "record start grace",
        "record pause grace",
        "record resume grace",
        "record stop grace",
        "record failed No space left on device",
        "record ended",
        "cannot StartRecording 0 481 no such leg",
        "cannot PauseRecording 0 481 no such leg",
        "fired call",
        "fired transfer",
        "refer 0 to queue",
        "choice menu to queue",
        "choice menu to sales",
        "progress accepted",
        "progress 180 Ringing",
        "progress 200 OK last",
        "progress 486 Busy Here last",
        "progress refused 405 Method Not Allowed",
        "progress timedout",
        "cannot AnswerLeg 0 488 no common codec",
        "cannot ConnectAgent 0 500 no such file",
        "cannot BridgeLegs 0 500 no such leg",
        "cannot HangUpLeg 0 481 no such leg",
        "cannot RefuseLeg 0 481 no such leg",
        "cannot ReferLeg 0 481 no such leg",
        "digit 0",
        "invite +14155550102 from +14155550123 trunk office",
    ];
    let each_leg = [
        "ringing L",
        "early L",
        "answered L",
        "failed L 486 Busy Here",
        "failed L cancelled",
        "bye L",
        "ended L peer BYE",
        "ended L edge no ACK within 32 s",
        "refer L to queue",
        "refer L to sales",
        "refer L to nowhere",
        "fired ring L",
        "cannot DialLeg L 503 no free RTP port",
        "cannot DialStream L 503 no way to it",
        "silent L 10",
        "cannot HangUpLeg L 481 no such leg",
    ];
    let legs = ["1", "2", "3"];
    once.iter()
        .map(|line| (*line).to_owned())
        .chain(
            each_leg
                .iter()
                .flat_map(|line| legs.map(|leg| line.replace('L', leg))),
        )
        .map(|line| observed(&line))
        .collect()
});

const INVITES: [&str; 7] = [
    "invite +14155550100 from +14155550123 trunk office",
    "invite +14155550101 from +14155550123 trunk carrier",
    "invite +14155550102 from +14155550123 trunk office",
    "invite +14155550103 from +14155550123 trunk office",
    "invite +14155550106 from +14155550123 trunk office",
    "invite 4711 from +14155550123 trunk office",
    "invite +14155550102 from +14155550123 trunk taped",
];

fn observed(line: &str) -> Observation {
    match script::read(line) {
        (_, Line::Observed(observation)) => observation,
        (_, Line::Timer) => panic!("no timer here"),
    }
}

/// An independent account of a call, kept from commands and observations alone.
#[derive(Clone, Default)]
struct Account {
    open: BTreeSet<LegId>,
    ever: BTreeSet<LegId>,
    told_to_end: BTreeSet<LegId>,
    transfer_runs: bool,
    ends: usize,
}

impl Account {
    fn observe(&mut self, observation: &Observation) {
        let over = match observation {
            Observation::InviteReceived(invite) if self.ever.insert(invite.leg) => {
                self.open.insert(invite.leg);
                None
            }
            Observation::LegEnded(ended) => Some(ended.leg),
            Observation::LegFailed(failed) => Some(failed.leg),
            Observation::CommandFailed(failed)
                if ["DialLeg", "DialStream", "HangUpLeg", "RefuseLeg"]
                    .contains(&failed.command.as_str()) =>
            {
                Some(failed.leg)
            }
            _ => None,
        };
        if let Some(leg) = over {
            self.open.remove(&leg);
        }
    }

    fn follow(&mut self, decision: &Decision) {
        let shown = print::decision(decision);
        assert_eq!(self.ends, 0, "nothing is decided behind the end: {shown}");
        assert!(!decision.rule.is_empty());
        for command in &decision.commands {
            let leg = command.leg();
            if let Command::DialLeg(_) = command {
                assert!(self.ever.insert(leg), "leg {leg} is dialed twice: {shown}");
                self.open.insert(leg);
            }
            assert!(self.open.contains(&leg), "leg {leg} is not there: {shown}");
            assert!(
                !self.told_to_end.contains(&leg),
                "leg {leg} was told to end: {shown}"
            );
            match command {
                Command::BridgeLegs(bridge) => {
                    let there = self.open.contains(&bridge.with);
                    assert!(there && !self.told_to_end.contains(&bridge.with), "{shown}");
                }
                Command::HangUpLeg(_) | Command::RefuseLeg(_) => {
                    self.told_to_end.insert(leg);
                }
                _ => {}
            }
        }
        for conclusion in &decision.conclusions {
            match conclusion {
                Conclusion::TransferStarted(_) => {
                    assert!(!self.transfer_runs, "two transfers at once: {shown}");
                    self.transfer_runs = true;
                }
                Conclusion::TransferCompleted(_) => {
                    assert!(self.transfer_runs, "no transfer runs: {shown}");
                    self.transfer_runs = false;
                }
                // A transfer that was refused has failed without having begun.
                Conclusion::TransferFailed(_) => self.transfer_runs = false,
                Conclusion::CallEnded(_) => self.ends += 1,
                Conclusion::CallRouted(_)
                | Conclusion::CallRefused(_)
                | Conclusion::RequestRefused(_) => {}
            }
        }
    }
}

/// One call in the middle of its life.
#[derive(Clone)]
struct Life {
    call: Call,
    account: Account,
    now: Timestamp,
}

impl Life {
    fn begin() -> Life {
        Life {
            call: Call::new(),
            account: Account::default(),
            now: script::BEGIN,
        }
    }

    fn take(&mut self, observation: &Observation, applied: &call::Applied) -> Option<Decision> {
        self.now.0 += 10_000;
        self.account.observe(observation);
        let decided = take(
            &mut self.call,
            self.now,
            observation,
            &Answer::Open,
            applied,
        );
        if let Some(decision) = &decided {
            self.account.follow(decision);
        }
        let all_over = !self.account.ever.is_empty() && self.account.open.is_empty();
        if all_over {
            assert_eq!(
                self.account.ends, 1,
                "every leg is over after {observation:?}"
            );
        }
        assert_eq!(self.call.is_over(), self.account.ends == 1);
        assert_eq!(
            self.call.transfer().is_some(),
            self.account.transfer_runs && !self.call.is_over()
        );
        decided
    }

    /// An honest edge ends what it was told to end; the caller hangs up in the end.
    fn finish(&mut self, applied: &call::Applied) {
        self.take(&observed("bye 0"), applied);
        while let Some(leg) = self.account.open.first().copied() {
            assert!(
                leg == LegId::CALLER || self.account.told_to_end.contains(&leg) || self.left(leg),
                "leg {leg} was forgotten"
            );
            self.take(&observed(&format!("ended {leg} control BYE")), applied);
            if self.account.ends == 1 {
                break;
            }
        }
        assert_eq!(self.account.ends, 1, "the call has no end");
        assert!(!self.account.transfer_runs, "a transfer has no end");
        assert_eq!(self.call.deadline(applied.configuration()), None);
    }

    /// Whether a leg's peer said goodbye by itself.
    fn left(&self, leg: LegId) -> bool {
        self.call.leg(leg).is_some_and(|leg| !leg.is_open())
    }
}

#[test]
fn every_short_history_ends_once() {
    let applied = house::applied();
    let alphabet = &*ALPHABET;
    let mut lives = 0_u64;
    for (invite, depth) in INVITES.into_iter().zip([2, 3, 3, 2, 2, 2]) {
        let mut life = Life::begin();
        life.take(&observed(invite), &applied);
        walk(&life, alphabet, depth, &applied, &mut lives);
    }
    assert!(lives > 500_000, "{lives} histories");
}

fn walk(
    life: &Life,
    alphabet: &[Observation],
    depth: u32,
    applied: &call::Applied,
    lives: &mut u64,
) {
    *lives += 1;
    life.clone().finish(applied);
    if depth == 0 || life.call.is_over() {
        return;
    }
    for observation in alphabet {
        let mut next = life.clone();
        next.take(observation, applied);
        walk(&next, alphabet, depth - 1, applied, lives);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_long_history_ends_once(
        invite in 0..INVITES.len(),
        steps in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let applied = house::applied();
        let alphabet = &*ALPHABET;
        let mut life = Life::begin();
        life.take(&observed(INVITES[invite]), &applied);
        for step in steps {
            life.take(step.get(alphabet), &applied);
        }
        life.finish(&applied);
    }

    /// Decisions may lie anywhere behind what they answer; a control may come back at any time.
    #[test]
    fn the_place_of_a_decision_in_the_log_does_not_matter(
        invite in 0..INVITES.len(),
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6), 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let applied = house::applied();
        let alphabet = &*ALPHABET;
        let (log, end) = record(INVITES[invite], &steps, alphabet, &applied);
        let configurations = BTreeMap::from([(applied.hash(), applied.clone())]);

        let history = History::read(&log).unwrap();
        let (rehearsed, again) = history.rehearse(&configurations).unwrap();
        prop_assert!(rehearsed.iter().all(|step| !step.differs()));
        prop_assert_eq!(&again, &end);

        // A control that comes back reads what is there, decides what is open, and goes on.
        let at = cut.index(log.len() + 1);
        let before = History::read(&log[..at]).unwrap();
        let (mut call, open) = before.fold();
        let mut decided = BTreeMap::new();
        for moment in open {
            let observation = moment.observation.as_ref().unwrap();
            if let Some(decision) = take(&mut call, moment.at, observation, &Answer::Open, &applied) {
                decided.insert(moment.id, decision);
            }
        }
        for record in &log[at..] {
            let Event::Observation(observation) = record.event().unwrap() else { continue };
            let now = record.header().recorded_at;
            if let Some(decision) = take(&mut call, now, &observation, &Answer::Open, &applied) {
                decided.insert(record.id(), decision);
            }
        }
        prop_assert_eq!(&call, &end);
        for record in &log {
            let (Event::Decision(recorded), Some(because)) =
                (record.event().unwrap(), record.header().because)
            else {
                continue;
            };
            if let Some(again) = decided.get(&because) {
                let same = Event::from(again.clone()).encode() == Event::from(recorded).encode();
                prop_assert!(same, "the same bytes again");
            }
        }
    }
}

/// An observation that another release had no answer to is settled once a later one was decided: it
/// is neither decided in its stead nor forgotten in a rehearsal.
#[test]
fn what_was_passed_over_is_not_decided_later() {
    let applied = house::applied();
    let configurations = BTreeMap::from([(applied.hash(), applied.clone())]);
    let subject = Subject::Call(CallId::new(1_790_000_000_000, [7; 10]));
    let mut facts = Chain::new(subject.clone(), Lane::Facts);
    let mut decisions = Chain::new(subject, Lane::Decisions);
    let draft = |event, because| Draft {
        because,
        producer: NodeName::from("test"),
        recorded_at: script::BEGIN,
        event,
    };
    let lines = [INVITES[1], "ringing 1", "answered 1", "bye 0"];
    let told: Vec<Record> = lines
        .iter()
        .map(|line| facts.append(draft(observed(line).into(), None)))
        .collect();
    let mut call = Call::new();
    let mut log = told.clone();
    for (record, line) in told.iter().zip(lines).take(3) {
        // The other release does not tell the caller that it rings.
        let answer = if line == "ringing 1" {
            Answer::Nothing
        } else {
            Answer::Open
        };
        let decided = take(&mut call, script::BEGIN, &observed(line), &answer, &applied);
        if answer == Answer::Open {
            let decision = decided.expect("it answers this line").into();
            log.push(decisions.append(draft(decision, Some(record.id()))));
        }
    }
    let history = History::read(&log).unwrap();
    let (_, open) = history.fold();
    assert_eq!(open.len(), 1, "only the BYE is still to be decided");
    assert_eq!(open[0].id, told[3].id());
    let (rehearsed, _) = history.rehearse(&configurations).unwrap();
    let differs: Vec<bool> = rehearsed.iter().map(|step| step.differs()).collect();
    assert_eq!(differs, [false, true, false, false]);
}

/// A log in which each decision lies up to a few records behind the observation that it answers.
fn record(
    invite: &str,
    steps: &[(prop::sample::Index, usize)],
    alphabet: &[Observation],
    applied: &call::Applied,
) -> (Vec<Record>, Call) {
    let subject = Subject::Call(CallId::new(1_790_000_000_000, [7; 10]));
    let mut facts = Chain::new(subject.clone(), Lane::Facts);
    let mut decisions = Chain::new(subject, Lane::Decisions);
    let mut call = Call::new();
    let mut now = script::BEGIN;
    let mut log = Vec::new();
    let mut late: Vec<Record> = Vec::new();
    let first = observed(invite);
    let scripted = std::iter::once((&first, 0))
        .chain(steps.iter().map(|(step, lag)| (step.get(alphabet), *lag)));
    for (observation, lag) in scripted {
        now.0 += 10_000;
        let draft = |event, because| Draft {
            because,
            producer: NodeName::from("test"),
            recorded_at: now,
            event,
        };
        let fact = facts.append(draft(observation.clone().into(), None));
        let because = fact.id();
        log.push(fact);
        if let Some(decision) = take(&mut call, now, observation, &Answer::Open, applied) {
            late.push(decisions.append(draft(decision.into(), Some(because))));
        }
        while late.len() > lag {
            log.push(late.remove(0));
        }
    }
    log.append(&mut late);
    (log, call)
}
