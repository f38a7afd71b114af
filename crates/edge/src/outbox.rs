//! Batches on their way into the log: a few at the same time, in order, and again when the log does not take them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use journal::{BoxFuture, EventLog, Outcome, Reason};
use schemas::{Lane, Position, Record};

use crate::counters::Counters;
use crate::ledger::{Batch, Ticket};

/// Batches that the log is given before the first of them is answered: enough to keep its disk busy, few enough that
/// under load many facts share one sync.
const IN_FLIGHT_MAX: usize = 4;

/// How long to wait before a refused batch is offered again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Records per batch; a longer one is given in parts, so that no log's queue is overrun.
const RECORDS_MAX: usize = 4_096;

/// The way into the log.
pub struct Outbox {
    log: Arc<dyn EventLog>,
    counters: Arc<Counters>,
    in_flight: FuturesOrdered<BoxFuture<Answered>>,
    /// Parts that the log did not take, the oldest first.
    refused: VecDeque<Part>,
    retry_at: Option<Instant>,
    parts: u64,
}

/// A part of a batch.
struct Part {
    /// Its place among all parts.
    number: u64,
    /// Told when it is durable: the batch's ticket, on its last part.
    ticket: Option<Ticket>,
    records: Vec<Record>,
}

struct Answered {
    part: Part,
    outcomes: Vec<Outcome>,
}

/// What became of a part.
#[derive(Debug)]
pub enum Progress {
    /// It is durable.
    Durable {
        /// The ticket, if a batch is complete with it.
        ticket: Option<Ticket>,
        /// The first facts of calls, and where they lie.
        begun: Vec<(schemas::CallId, Position)>,
        /// The place of its last fact.
        last: Option<Position>,
    },
    /// The log did not take it: it is offered again later.
    Refused {
        /// Why.
        reason: Reason,
    },
}

impl Outbox {
    /// The way into that log.
    pub fn new(log: Arc<dyn EventLog>, counters: Arc<Counters>) -> Outbox {
        let in_flight = FuturesOrdered::new();
        Outbox {
            log,
            counters,
            in_flight,
            refused: VecDeque::new(),
            retry_at: None,
            parts: 0,
        }
    }

    /// Whether another batch can be given now.
    pub fn has_room(&self) -> bool {
        self.refused.is_empty() && self.in_flight.len() < IN_FLIGHT_MAX
    }

    /// Whether everything that was given is durable.
    pub fn is_empty(&self) -> bool {
        self.refused.is_empty() && self.in_flight.is_empty()
    }

    /// Gives a batch to the log.
    pub fn submit(&mut self, batch: Batch) {
        let Batch {
            ticket,
            mut facts,
            wire,
        } = batch;
        facts.extend(wire);
        let mut records = facts.into_iter().peekable();
        while records.peek().is_some() {
            let part: Vec<_> = records.by_ref().take(RECORDS_MAX).collect();
            let ticket = records.peek().is_none().then_some(ticket);
            self.parts += 1;
            self.send(Part {
                number: self.parts,
                ticket,
                records: part,
            });
        }
    }

    /// Waits for the next answer of the log; for ever if nothing is on its way.
    pub async fn progress(&mut self) -> Progress {
        match self.in_flight.next().await {
            Some(answered) => self.judge(answered),
            None => std::future::pending().await,
        }
    }

    /// When [`Outbox::retry`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Offers again what was refused, the oldest alone: the others follow when it is taken.
    pub fn retry(&mut self, now: Instant) {
        if self.refused.is_empty() || !self.in_flight.is_empty() {
            self.retry_at = None;
        } else if *self.retry_at.get_or_insert(now + RETRY_AFTER) <= now {
            self.retry_at = None;
            self.offer_next();
        }
    }

    fn offer_next(&mut self) {
        if let Some(part) = self.refused.pop_front() {
            self.send(part);
        }
    }

    fn send(&mut self, part: Part) {
        let appended = self.log.append(part.records.clone());
        self.in_flight.push_back(Box::pin(async move {
            Answered {
                outcomes: appended.await,
                part,
            }
        }));
    }

    fn judge(&mut self, Answered { part, outcomes }: Answered) -> Progress {
        let earlier = self.refused.front().map(|earlier| earlier.number);
        let is_behind = earlier.is_some_and(|earlier| earlier < part.number);
        let mut results = part.records.iter().zip(&outcomes);
        let away = results.find_map(|(record, outcome)| match outcome {
            Outcome::Unavailable(Reason::TooLarge { .. }) => None,
            Outcome::Unavailable(reason) => Some(reason.clone()),
            // The log took nothing for a moment, and this was under way by then.
            Outcome::Conflict(actual)
                if is_behind && actual.next_sequence < record.header().sequence =>
            {
                Some(Reason::Behind)
            }
            Outcome::Appended(_) | Outcome::AlreadyThere(_) | Outcome::Conflict(_) => None,
        });
        if let Some(reason) = away {
            let place = self
                .refused
                .partition_point(|other| other.number < part.number);
            self.refused.insert(place, part);
            return Progress::Refused { reason };
        }
        let mut begun = Vec::new();
        let mut last = None;
        for (record, outcome) in part.records.iter().zip(&outcomes) {
            match outcome.position() {
                Some(position) if record.lane() == Lane::Facts => {
                    last = Some(position);
                    if record.header().sequence == 0 {
                        begun.extend(record.subject().call().map(|call| (call, position)));
                    }
                }
                Some(_) => {}
                None => self.lost(record, outcome),
            }
        }
        self.offer_next();
        Progress::Durable {
            ticket: part.ticket,
            begun,
            last,
        }
    }

    /// A record that will never be taken: another writer was there, or it is too large. Both are bugs of ours.
    fn lost(&self, record: &Record, outcome: &Outcome) {
        if record.lane() == Lane::Wire {
            self.counters.wire_lost.one();
        }
        tracing::error!(subject = %record.subject(), ?outcome, "the log will never take a record");
    }
}
