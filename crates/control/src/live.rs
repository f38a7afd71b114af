//! One call that goes on: its state, and the ends of the lanes that control writes.

use call::{Answer, Applied, Call, History, take};
use schemas::observation::{Timer, TimerFired};
use schemas::{
    CallId, Chain, DecodeError, Draft, Entry, Event, Lane, NodeName, Observation, Record, Subject,
    Timestamp,
};

/// Who writes, when, and by which configuration.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) applied: &'a Applied,
    pub(crate) node: &'a NodeName,
    pub(crate) now: Timestamp,
}

/// A call in memory.
#[derive(Debug)]
pub(crate) struct Live {
    call: Call,
    decisions: Chain,
    requests: Chain,
    /// The number of the last event that was taken: what the log tells again is passed over.
    taken: u64,
    /// The number of the timer event that was appended last. Until it was taken, no other one fires.
    fired: u64,
}

impl Live {
    /// A call whose first fact is about to be taken.
    pub(crate) fn new(id: CallId) -> Live {
        Live {
            call: Call::new(),
            decisions: Chain::new(Subject::Call(id), Lane::Decisions),
            requests: Chain::new(Subject::Call(id), Lane::Requests),
            taken: 0,
            fired: 0,
        }
    }

    /// A call as its history tells it, and the decisions that are still to be written.
    pub(crate) fn read(
        id: CallId,
        entries: &[Entry],
        desk: Desk<'_>,
    ) -> Result<(Live, Vec<Record>), DecodeError> {
        let mut live = Live::new(id);
        for entry in entries {
            match entry.record.lane() {
                Lane::Decisions => live.decisions.follow(&entry.record),
                Lane::Requests => live.requests.follow(&entry.record),
                Lane::Facts | Lane::Wire => {}
            }
            live.taken = live.taken.max(entry.position.sequence);
        }
        let history = History::read(entries.iter().map(|entry| &entry.record))?;
        let (call, open) = history.fold();
        live.call = call;
        let mut decided = Vec::new();
        for moment in open {
            let Some(observation) = &moment.observation else {
                continue;
            };
            decided.extend(live.decide(moment.at, moment.id, observation, desk));
        }
        Ok((live, decided))
    }

    /// Takes an event of the call; gives the decision that is to be written.
    pub(crate) fn take(
        &mut self,
        entry: &Entry,
        desk: Desk<'_>,
    ) -> Result<Option<Record>, DecodeError> {
        if entry.position.sequence <= self.taken {
            return Ok(None);
        }
        self.taken = entry.position.sequence;
        let record = &entry.record;
        if record.lane() == Lane::Requests {
            self.requests.follow(record);
        }
        let Event::Observation(observation) = record.event()? else {
            return Ok(None);
        };
        let at = record.header().recorded_at;
        Ok(self.decide(at, record.id(), &observation, desk))
    }

    /// Tells the log that a wait ran out. `None` if none did.
    pub(crate) fn fire(&mut self, desk: Desk<'_>) -> Option<Record> {
        let (due, timer) = self.deadline(desk.applied)?;
        let late_us = u64::try_from(desk.now.since(due)).ok()?;
        Some(self.requests.append(Draft {
            because: None,
            producer: desk.node.clone(),
            recorded_at: desk.now,
            event: TimerFired { timer, late_us }.into(),
        }))
    }

    /// The event of [`Live::fire`] is durable at this place.
    pub(crate) fn has_fired(&mut self, sequence: u64) {
        self.fired = self.fired.max(sequence);
    }

    /// The next wait that runs out. None while one that ran out is under way through the log.
    pub(crate) fn deadline(&self, applied: &Applied) -> Option<(Timestamp, Timer)> {
        if self.fired > self.taken {
            return None;
        }
        self.call.deadline(applied.configuration())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.call.is_over()
    }

    /// Whether the log has an INVITE of it. Whatever else is told of such a call comes to nothing.
    pub(crate) fn has_begun(&self) -> bool {
        self.call.has_begun()
    }

    fn decide(
        &mut self,
        at: Timestamp,
        because: schemas::EventId,
        observation: &Observation,
        desk: Desk<'_>,
    ) -> Option<Record> {
        let decision = take(&mut self.call, at, observation, &Answer::Open, desk.applied)?;
        Some(self.decisions.append(Draft {
            because: Some(because),
            producer: desk.node.clone(),
            recorded_at: desk.now,
            event: decision.into(),
        }))
    }
}
