//! Observations of a call in any order, and such that no edge would write: one end at most, nothing decided behind it,
//! and whoever reads the history again comes to the same decisions.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use schemas::{
    CallId, Chain, Command, Conclusion, Decision, Draft, Event, Lane, LegId, NodeName, Observation,
    Record, Subject, Timestamp,
};
use trunkline_call::{Answer, Applied, Call, History, take};
use trunkline_fuzz::alphabet::{ALPHABET, INVITES};
use trunkline_fuzz::{Octets, house};

/// More observations in one program show nothing new.
const STEPS_MAX: usize = 200;

static APPLIED: LazyLock<Applied> = LazyLock::new(house::applied);

fuzz_target!(|octets: &[u8]| {
    let mut octets = Octets::new(octets);
    let mut life = Life::new();
    if let Some(invite) = octets.pick(&INVITES) {
        life.take(invite);
    }
    for _ in 0..STEPS_MAX {
        if octets.is_empty() {
            break;
        }
        match octets.octet() {
            248..=255 => life.wait(&mut octets),
            number @ 240..=247 => {
                let number = usize::from(number - 240);
                life.take(&INVITES[number % INVITES.len()]);
            }
            // A fact as its bytes say, whatever they say.
            239 => {
                let kind = u16::from(octets.octet());
                if let Ok(Some(observation)) = Observation::decode(kind, 1, octets.text()) {
                    life.take(&observation);
                }
            }
            number => life.take(&ALPHABET[usize::from(number) % ALPHABET.len()]),
        }
    }
    life.is_told_again();
});

struct Life {
    call: Call,
    now: Timestamp,
    facts: Chain,
    decisions: Chain,
    log: Vec<Record>,
    dialed: BTreeSet<LegId>,
    transfers: usize,
    ends: usize,
}

impl Life {
    fn new() -> Life {
        let subject = Subject::Call(CallId::new(1_790_000_000_000, [7; 10]));
        Life {
            call: Call::new(),
            now: Timestamp(1_790_000_000_000_000),
            facts: Chain::new(subject.clone(), Lane::Facts),
            decisions: Chain::new(subject, Lane::Decisions),
            log: Vec::new(),
            dialed: BTreeSet::new(),
            transfers: 0,
            ends: 0,
        }
    }

    /// Time passes; maybe to the moment for which the call waits.
    fn wait(&mut self, octets: &mut Octets<'_>) {
        let milliseconds = i64::from(octets.pair());
        let due = self
            .call
            .deadline(APPLIED.configuration())
            .map(|(at, _)| at);
        self.now.0 = match due {
            Some(due) if milliseconds & 1 == 1 => self.now.0.max(due.0),
            _ => self.now.0.saturating_add(milliseconds * 1_000),
        };
    }

    fn draft(&self, event: Event) -> Draft {
        Draft {
            because: None,
            producer: NodeName::from("fuzz"),
            recorded_at: self.now,
            event,
        }
    }

    fn take(&mut self, observation: &Observation) {
        self.now.0 += 10_000;
        let fact = self.facts.append(self.draft(observation.clone().into()));
        let because = fact.id();
        self.log.push(fact);
        let decided = take(
            &mut self.call,
            self.now,
            observation,
            &Answer::Open,
            &APPLIED,
        );
        if let Some(decision) = decided {
            self.follow(&decision);
            let draft = Draft {
                because: Some(because),
                ..self.draft(decision.into())
            };
            self.log.push(self.decisions.append(draft));
        }
        assert_eq!(self.call.is_over(), self.ends == 1);
        if self.call.is_over() {
            assert_eq!(
                self.call.deadline(APPLIED.configuration()),
                None,
                "nothing is waited for behind the end"
            );
        }
    }

    fn follow(&mut self, decision: &Decision) {
        assert_eq!(self.ends, 0, "decided behind the end: {decision:?}");
        assert!(!decision.rule.is_empty(), "{decision:?}");
        for command in &decision.commands {
            if let Command::DialLeg(dial) = command {
                assert!(self.dialed.insert(dial.leg), "dialed twice: {decision:?}");
            }
        }
        for conclusion in &decision.conclusions {
            match conclusion {
                Conclusion::CallEnded(_) => self.ends += 1,
                Conclusion::TransferStarted(_) => self.transfers += 1,
                Conclusion::TransferCompleted(_) => {
                    self.transfers = self.transfers.checked_sub(1).expect("it had begun");
                }
                // One that was refused has failed without having begun.
                Conclusion::TransferFailed(_) => self.transfers = 0,
                Conclusion::CallRouted(_)
                | Conclusion::CallRefused(_)
                | Conclusion::RequestRefused(_) => {}
            }
        }
        assert!(self.ends <= 1, "two ends: {decision:?}");
        assert!(self.transfers <= 1, "two transfers at once: {decision:?}");
        assert!(
            self.ends == 0 || self.transfers == 0,
            "a transfer without its end: {decision:?}"
        );
    }

    /// What was written is read, folded and decided again, with the same end.
    fn is_told_again(&self) {
        let history = History::read(&self.log).expect("what we wrote is read");
        let configurations = BTreeMap::from([(APPLIED.hash(), APPLIED.clone())]);
        let (rehearsed, again) = history
            .rehearse(&configurations)
            .expect("there is one configuration");
        for step in &rehearsed {
            assert!(!step.differs(), "{step:?}");
        }
        assert!(again == self.call, "the same history makes the same call");
    }
}
