//! What one step of the edge writes down, and what may not leave before it is durable: nothing that creates an
//! obligation leaves a socket before its event is in the log. The peer's retransmission is the recovery.
//!
//! Facts gather in a batch until the shell takes it with [`Ledger::take_batch`]; messages that wait for them stand in
//! one queue behind the batch's ticket, in the order in which they were produced.

use std::collections::VecDeque;
use std::time::Instant;

use schemas::{CallId, Chain, Draft, Event, EventId, LegId, NodeName, Record, Timestamp};
use sip::endpoint::output::{Repeat, Send};

/// The number of a batch. Batches are durable in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Facts and messages for the log.
#[derive(Debug)]
pub struct Batch {
    /// What to tell the core when the facts are durable.
    pub ticket: Ticket,
    /// What it has to wait for.
    pub facts: Vec<Record>,
    /// What it need not wait for.
    pub wire: Vec<Record>,
}

impl Batch {
    /// Facts that end what an earlier run left behind: before the first batch of this one.
    pub fn of_the_past(facts: Vec<Record>) -> Batch {
        Batch {
            ticket: Ticket(0),
            facts,
            wire: Vec::new(),
        }
    }
}

/// What waits for facts to be durable.
#[derive(Debug)]
pub enum Held {
    /// A message.
    Message(Send),
    /// The connection to an agent, for a leg of a call.
    Connect(CallId, LegId),
}

/// The open batch and the messages that wait.
#[derive(Debug)]
pub struct Ledger {
    producer: NodeName,
    facts: Vec<Record>,
    wire: Vec<Record>,
    /// The ticket of the open batch.
    open: Ticket,
    /// Every batch up to this one is durable.
    durable: Ticket,
    held: VecDeque<(Ticket, Held)>,
    /// Since when the log takes nothing.
    away_since: Option<Instant>,
    /// The log was away for so long that messages of calls in progress no longer wait for it.
    waits: bool,
}

impl Ledger {
    /// An empty ledger of that writer.
    pub fn new(producer: NodeName) -> Ledger {
        Ledger {
            producer,
            facts: Vec::new(),
            wire: Vec::new(),
            open: Ticket(1),
            durable: Ticket(0),
            held: VecDeque::new(),
            away_since: None,
            waits: true,
        }
    }

    /// Writes a fact down.
    pub fn fact(
        &mut self,
        chain: &mut Chain,
        because: Option<EventId>,
        event: impl Into<Event>,
        wall: Timestamp,
    ) {
        let record = chain.append(self.draft(because, event.into(), wall));
        self.facts.push(record);
    }

    /// Writes a SIP message down.
    pub fn wire(&mut self, chain: &mut Chain, message: schemas::WireMessage, wall: Timestamp) {
        let record = chain.append(self.draft(None, message.into(), wall));
        self.wire.push(record);
    }

    /// What has to wait for every fact before it. It is given back if there is none to wait for.
    pub fn hold(&mut self, held: Held) -> Option<Held> {
        let behind = if self.facts.is_empty() {
            Ticket(self.open.0 - 1)
        } else {
            self.open
        };
        if !self.waits || (behind <= self.durable && self.held.is_empty()) {
            return Some(held);
        }
        self.held.push_back((behind, held));
        None
    }

    /// Whether a repetition must be dropped because the message itself did not leave yet. The bytes tell: a 2xx to an
    /// INVITE is repeated by its dialog, not by its transaction.
    pub fn holds_first_of(&self, send: &Send) -> bool {
        let is_first = |held: &Held| match held {
            Held::Message(held) => held.bytes == send.bytes && held.flow == send.flow,
            Held::Connect(..) => false,
        };
        send.repeat == Repeat::Again && self.held.iter().any(|(_, held)| is_first(held))
    }

    /// The open batch, if there is anything in it.
    pub fn take_batch(&mut self) -> Option<Batch> {
        if self.facts.is_empty() && self.wire.is_empty() {
            return None;
        }
        let ticket = self.open;
        self.open = Ticket(ticket.0 + 1);
        Some(Batch {
            ticket,
            facts: std::mem::take(&mut self.facts),
            wire: std::mem::take(&mut self.wire),
        })
    }

    /// A batch and all before it are durable: the log is there.
    pub fn committed(&mut self, ticket: Ticket) {
        self.durable = self.durable.max(ticket);
        self.away_since = None;
        self.waits = true;
    }

    /// A batch was not taken.
    pub fn refused(&mut self, now: Instant) {
        self.away_since.get_or_insert(now);
    }

    /// Calls in progress go on without the log from now on; what they do is written when it is back.
    pub fn stop_waiting(&mut self) {
        self.waits = false;
    }

    /// What is next that need not wait any more.
    pub fn release(&mut self) -> Option<Held> {
        let (behind, _) = self.held.front()?;
        if self.waits && *behind > self.durable {
            return None;
        }
        self.held.pop_front().map(|(_, held)| held)
    }

    /// Since when the log takes nothing, if it does not.
    pub fn away_since(&self) -> Option<Instant> {
        self.away_since
    }

    /// Whether messages wait for the log.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// Facts that no batch has taken yet.
    pub fn facts_waiting(&self) -> usize {
        self.facts.len()
    }

    fn draft(&self, because: Option<EventId>, event: Event, recorded_at: Timestamp) -> Draft {
        Draft {
            because,
            producer: self.producer.clone(),
            recorded_at,
            event,
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use schemas::observation::LegRinging;
    use schemas::{Lane, Subject};
    use sip::endpoint::flow::{Flow, Transport};
    use sip::endpoint::output::Urgency;

    fn send(text: &'static str, repeat: Repeat) -> Send {
        let flow = Flow::new(
            Transport::Udp,
            "192.0.2.1:5060".parse().unwrap(),
            "192.0.2.2:5060".parse().unwrap(),
        );
        let bytes = Bytes::from_static(text.as_bytes());
        Send {
            bytes,
            flow,
            leg: None,
            transaction: None,
            repeat,
            urgency: Urgency::AfterCommit,
        }
    }

    fn held(text: &'static str, repeat: Repeat) -> Held {
        Held::Message(send(text, repeat))
    }

    fn bytes(held: Option<Held>) -> Bytes {
        match held {
            Some(Held::Message(send)) => send.bytes,
            Some(Held::Connect(..)) | None => panic!("no message is released"),
        }
    }

    fn ledger_with_a_fact() -> (Ledger, Chain) {
        let mut ledger = Ledger::new(NodeName::from("edge"));
        let mut chain = Chain::new(Subject::Call(CallId([1; 16])), Lane::Facts);
        ledger.fact(
            &mut chain,
            None,
            LegRinging {
                leg: LegId(0),
                status: 180,
            },
            Timestamp(0),
        );
        (ledger, chain)
    }

    #[test]
    fn a_message_leaves_when_the_facts_before_it_are_durable() {
        let (mut ledger, mut chain) = ledger_with_a_fact();
        assert!(ledger.hold(held("one", Repeat::First)).is_none());
        assert!(ledger.holds_first_of(&send("one", Repeat::Again)));
        let first = ledger.take_batch().unwrap();
        ledger.fact(
            &mut chain,
            None,
            LegRinging {
                leg: LegId(1),
                status: 180,
            },
            Timestamp(0),
        );
        assert!(ledger.hold(held("two", Repeat::First)).is_none());
        assert!(ledger.release().is_none());
        ledger.committed(first.ticket);
        assert_eq!(bytes(ledger.release()), "one");
        assert!(ledger.release().is_none());
        let second = ledger.take_batch().unwrap();
        ledger.committed(second.ticket);
        assert_eq!(bytes(ledger.release()), "two");
        assert!(ledger.hold(held("three", Repeat::First)).is_some());
    }

    #[test]
    fn calls_in_progress_go_on_when_the_log_stays_away() {
        let (mut ledger, _) = ledger_with_a_fact();
        assert!(ledger.hold(held("one", Repeat::First)).is_none());
        let batch = ledger.take_batch().unwrap();
        ledger.refused(Instant::now());
        assert!(ledger.release().is_none());
        ledger.stop_waiting();
        assert_eq!(bytes(ledger.release()), "one");
        ledger.committed(batch.ticket);
        assert!(ledger.waits() && ledger.away_since().is_none());
    }
}
