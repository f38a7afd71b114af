//! The log of a scenario: it takes batches at once, later, or not, and knows what must hold in every one.

use std::collections::BTreeMap;

use schemas::observation::TransferAnswered;
use schemas::{CallId, Chain, Event, EventId, Lane, LegId, Observation, Record, Subject};
use trunkline_edge::ledger::{Batch, Ticket};
use trunkline_edge::port::Input;

use super::newest;

/// How the log takes batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Prompt,
    Slow,
    Away,
}

/// The log.
#[derive(Default)]
pub struct Log {
    mood: Mood,
    waiting: Vec<Ticket>,
    refused: Vec<Ticket>,
    answers: Vec<Input>,
    facts: Vec<Record>,
    chains: BTreeMap<(Subject, Lane), Chain>,
    calls: BTreeMap<CallId, u32>,
    wire: usize,
}

impl Log {
    /// `away`, `back`, `slow`, `commit`.
    pub fn play(&mut self, what: &str) {
        match what {
            "away" => self.mood = Mood::Away,
            "slow" => self.mood = Mood::Slow,
            "back" | "commit" => {
                if what == "back" {
                    self.mood = Mood::Prompt;
                }
                let tickets = self.refused.drain(..).chain(self.waiting.drain(..));
                self.answers.extend(tickets.map(Input::Committed));
            }
            other => panic!("what is log {other}?"),
        }
    }

    /// Takes a batch; its facts in words.
    pub fn take(&mut self, batch: Batch) -> Vec<String> {
        match self.mood {
            Mood::Prompt => self.answers.push(Input::Committed(batch.ticket)),
            Mood::Slow => self.waiting.push(batch.ticket),
            Mood::Away => {
                self.refused.push(batch.ticket);
                self.answers.push(Input::LogAway);
            }
        }
        for record in batch.facts.iter().chain(&batch.wire) {
            self.follow(record);
        }
        self.wire += batch.wire.len();
        for record in &batch.wire {
            let Ok(Event::Wire(message)) = record.event() else {
                panic!("no SIP message")
            };
            let text = String::from_utf8_lossy(&message.bytes);
            assert!(!text.contains("inline:"), "a key is in the capture: {text}");
        }
        let lines = batch.facts.iter().map(|record| self.line(record)).collect();
        self.facts.extend(batch.facts);
        lines
    }

    /// What the log has to say to the core.
    pub fn answers(&mut self) -> Vec<Input> {
        std::mem::take(&mut self.answers)
    }

    /// The call that began last.
    pub fn call(&self) -> CallId {
        newest(&self.calls)
    }

    /// The last fact of that call.
    pub fn last_fact(&self, call: CallId) -> EventId {
        let of_call = |record: &&Record| record.subject().call() == Some(call);
        self.facts
            .iter()
            .rev()
            .find(of_call)
            .expect("a call has facts")
            .id()
    }

    /// SIP messages that were captured.
    pub fn wire_count(&self) -> usize {
        self.wire
    }

    /// Every leg that began ended once at most, behind its measures, and nothing came behind its end.
    pub fn check(&self) {
        let mut over: BTreeMap<(CallId, LegId), &Record> = BTreeMap::new();
        for record in &self.facts {
            let Some(call) = record.subject().call() else {
                continue;
            };
            let Ok(Event::Observation(observation)) = record.event() else {
                panic!("no fact")
            };
            let (leg, ends) = match &observation {
                Observation::LegEnded(ended) => (ended.leg, true),
                Observation::LegFailed(failed) => (failed.leg, true),
                Observation::MediaMeasured(measured) => (measured.leg, false),
                Observation::MediaStarted(started) => (started.leg, false),
                Observation::LegAnswered(answered) => (answered.leg, false),
                Observation::CodecNegotiated(negotiated) => (negotiated.leg, false),
                _ => continue,
            };
            assert!(
                !over.contains_key(&(call, leg)),
                "{observation:?} behind the end of its leg"
            );
            if ends {
                over.insert((call, leg), record);
            }
        }
    }

    /// Every command of these decisions ended in exactly one observation: what came of it, or `CommandFailed`.
    pub fn check_commands(&self, decisions: &[Record]) {
        for decided in decisions {
            let Ok(Event::Decision(decision)) = decided.event() else {
                panic!("no decision")
            };
            let answers = |record: &&Record| record.header().because == Some(decided.id());
            let facts: Vec<_> = self.facts.iter().filter(answers).collect();
            let mut outcomes: Vec<_> = facts.iter().filter_map(|fact| outcome(fact)).collect();
            let mut commands: Vec<_> = decision
                .commands
                .iter()
                .map(|command| (command.name().to_owned(), command.leg()))
                .collect();
            outcomes.sort();
            commands.sort();
            assert_eq!(outcomes, commands, "what came of {decision:?}");
        }
    }

    fn follow(&mut self, record: &Record) {
        let key = (record.subject().clone(), record.lane());
        let chain = self
            .chains
            .entry(key.clone())
            .or_insert_with(|| Chain::new(key.0, key.1));
        assert!(
            chain.fits(record),
            "{record:?} does not fit behind {chain:?}"
        );
        chain.follow(record);
        let order = u32::try_from(self.calls.len()).unwrap();
        if let Some(call) = record.subject().call() {
            self.calls.entry(call).or_insert(order);
        }
    }

    fn line(&self, record: &Record) -> String {
        let Ok(Event::Observation(observation)) = record.event() else {
            panic!("no fact")
        };
        let json = serde_json::to_value(&observation).unwrap();
        let number = record.subject().call().map(|call| self.calls[&call]);
        let whose = number.map_or("node".to_owned(), |number| format!("call {number}"));
        format!("{whose}: {} {}", observation.name(), json["data"])
    }
}

/// The command that a fact is the end of.
fn outcome(fact: &Record) -> Option<(String, LegId)> {
    let Ok(Event::Observation(observation)) = fact.event() else {
        panic!("no fact")
    };
    let (command, leg) = match observation {
        Observation::CommandFailed(failed) => return Some((failed.command, failed.leg)),
        Observation::LegRinging(ringing) => ("RingLeg", ringing.leg),
        Observation::EarlyMediaPassed(passed) => ("PassEarlyMedia", passed.leg),
        Observation::LegAnswered(answered) => ("AnswerLeg", answered.leg),
        Observation::LegDialed(dialed) => ("DialLeg", dialed.leg),
        Observation::StreamDialed(dialed) => ("DialStream", dialed.leg),
        Observation::LegEnded(ended) if ended.cause.starts_with("refused") => {
            ("RefuseLeg", ended.leg)
        }
        Observation::LegEnded(ended) => ("HangUpLeg", ended.leg),
        Observation::LegFailed(failed) => ("HangUpLeg", failed.leg),
        Observation::LegsBridged(bridged) => ("BridgeLegs", bridged.leg),
        Observation::AgentConnected(connected) => ("ConnectAgent", connected.leg),
        Observation::TransferAnswered(TransferAnswered { leg, status: 202 }) => {
            ("AcceptTransfer", leg)
        }
        Observation::TransferAnswered(answered) => ("RefuseTransfer", answered.leg),
        Observation::TransferReported(reported) => ("ReportTransfer", reported.leg),
        Observation::RecordingStarted(started) => ("StartRecording", started.leg),
        Observation::RecordingFailed(failed) if failed.length_ms == 0 => {
            ("StartRecording", failed.leg)
        }
        Observation::RecordingFailed(failed) => ("StopRecording", failed.leg),
        Observation::RecordingPaused(paused) => ("PauseRecording", paused.leg),
        Observation::RecordingResumed(resumed) => ("ResumeRecording", resumed.leg),
        Observation::RecordingEnded(ended) => ("StopRecording", ended.leg),
        Observation::TransferProgressed(progressed) => ("ReferLeg", progressed.leg),
        _ => return None,
    };
    Some((command.to_owned(), leg))
}
