//! Appends decisions and timers until they are durable, or until the log says that somebody else was
//! faster.

use std::collections::BTreeSet;
use std::time::Duration;

use journal::{Outcome, Reason};
use schemas::{CallId, Lane, Record, Subject};

use crate::Error;
use crate::counters::count;
use crate::live::Live;
use crate::run::Control;

/// How long to wait before a log that could not take a record is asked again: doubled each time.
const PATIENCE_MIN: Duration = Duration::from_millis(5);

/// The longest of these waits. Calls go on meanwhile; only new decisions wait.
const PATIENCE_MAX: Duration = Duration::from_secs(1);

impl Control {
    /// Appends records of calls. Returns when each is in the log, or another one stands there that
    /// counts instead.
    pub(crate) async fn commit(&mut self, mut records: Vec<Record>) -> Result<(), Error> {
        let mut patience = PATIENCE_MIN;
        while !records.is_empty() {
            let outcomes = self.log.append(records.clone()).await;
            let Sorted { again, lost, why } = self.sort(records, outcomes)?;
            records = again;
            if let Some(why) = why {
                tracing::warn!(%why, records = records.len(), "the log cannot take a decision now");
                count(&self.counters.unavailable, 1);
                tokio::time::sleep(patience).await;
                patience = (patience * 2).min(PATIENCE_MAX);
            }
            for call in lost {
                count(&self.counters.conflicts, 1);
                records.extend(self.read(call).await?);
            }
        }
        Ok(())
    }

    /// Reads a call's history again. Gives the decisions that are still to be written.
    pub(crate) async fn read(&mut self, id: CallId) -> Result<Vec<Record>, Error> {
        count(&self.counters.histories, 1);
        let mut patience = PATIENCE_MIN;
        let entries = loop {
            match self.log.read(&Subject::Call(id)).await {
                Ok(entries) => break entries,
                Err(journal::Error::Unreachable(why)) => {
                    tracing::warn!(%why, "the log cannot be read now");
                    tokio::time::sleep(patience).await;
                    patience = (patience * 2).min(PATIENCE_MAX);
                }
                Err(error @ journal::Error::Closed) => return Err(error.into()),
                Err(error) => {
                    tracing::error!(call = %id, %error, "a call's history cannot be read");
                    return Ok(self.pass_over(id));
                }
            }
        };
        let read = Live::read(id, &entries, self.desk());
        let Ok((live, decided)) = read else {
            tracing::error!(call = %id, "a call's history is damaged");
            return Ok(self.pass_over(id));
        };
        if decided.is_empty() && (live.is_over() || !live.has_begun()) {
            self.calls.end(id);
        } else {
            self.calls.insert(id, live, self.previous);
            self.calls.arm(id, &self.applied);
        }
        Ok(decided)
    }

    /// A call that cannot be read is not decided for.
    fn pass_over(&mut self, id: CallId) -> Vec<Record> {
        count(&self.counters.unreadable, 1);
        self.calls.end(id);
        Vec::new()
    }

    fn sort(&mut self, records: Vec<Record>, outcomes: Vec<Outcome>) -> Result<Sorted, Error> {
        let mut sorted = Sorted::default();
        for (record, outcome) in records.into_iter().zip(outcomes) {
            let Some(call) = record.subject().call() else {
                continue;
            };
            match outcome {
                Outcome::Appended(position) => self.durable(call, &record, position.sequence),
                // What is stored counts, even if it has the same id: it may say something else, and
                // its hash is another one.
                Outcome::AlreadyThere(_) | Outcome::Conflict(_) => {
                    sorted.lost.insert(call);
                }
                Outcome::Unavailable(Reason::Behind) => sorted.again.push(record),
                Outcome::Unavailable(
                    reason @ (Reason::Failed(_) | Reason::Closed | Reason::TooLarge { .. }),
                ) => return Err(Error::Append(reason)),
                Outcome::Unavailable(
                    reason @ (Reason::Full(_) | Reason::Busy | Reason::Unreachable(_)),
                ) => {
                    sorted.why.get_or_insert(reason);
                    sorted.again.push(record);
                }
            }
        }
        let lost = &sorted.lost;
        let keeps = |record: &Record| {
            record
                .subject()
                .call()
                .is_none_or(|call| !lost.contains(&call))
        };
        sorted.again.retain(keeps);
        Ok(sorted)
    }

    fn durable(&mut self, id: CallId, record: &Record, sequence: u64) {
        if record.lane() == Lane::Requests {
            count(&self.counters.timers, 1);
            if let Some(live) = self.calls.get(id) {
                live.has_fired(sequence);
            }
            self.calls.arm(id, &self.applied);
        } else {
            count(&self.counters.decisions, 1);
        }
    }
}

/// What became of a batch.
#[derive(Default)]
struct Sorted {
    /// To be offered again as they are.
    again: Vec<Record>,
    /// Calls in which somebody else was faster.
    lost: BTreeSet<CallId>,
    /// Why the log could not take some.
    why: Option<Reason>,
}
