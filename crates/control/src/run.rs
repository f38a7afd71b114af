//! The loop: observations in, decisions out, timers when they are due.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use call::Applied;
use journal::{Continuity, EventLog, Follower, Outcome, Stream};
use schemas::{
    CallId, Chain, Draft, Entry, Event, Lane, LogId, NodeName, Observation, Position, Record,
    Subject, Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::calls::Calls;
use crate::checkpoint::Checkpoint;
use crate::clock::Clock;
use crate::counters::{count, set};
use crate::live::{Desk, Live};
use crate::{Counters, Error, Partitions};

/// How many timers fire in one turn of the loop, so that a burst of them does not hold up the calls.
const TIMERS_MAX: usize = 512;

/// After how many events the checkpoint is kept again. A restart reads at most so many more than it
/// would have to.
const CHECKPOINT_EVENTS: u64 = 10_000;

/// How long to wait before a log is asked again that could not be followed.
const PATIENCE: Duration = Duration::from_millis(200);

/// Call control of one process.
pub struct Control {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) applied: Arc<Applied>,
    pub(crate) calls: Calls,
    pub(crate) counters: Arc<Counters>,
    /// The place of the last event that was given to the calls.
    pub(crate) previous: Position,
    node: NodeName,
    partitions: Partitions,
    checkpoint: Option<Checkpoint>,
    clock: Clock,
    /// Whatever lies up to here was there before the start, perhaps with its decisions.
    head_at_start: u64,
    kept_at: u64,
}

/// What the loop woke up for.
enum Turn {
    Entries(Result<Vec<Entry>, journal::Error>),
    Due,
}

impl Control {
    /// Control that decides by `applied` and writes as `node`.
    pub fn new(applied: Arc<Applied>, log: Arc<dyn EventLog>, node: NodeName) -> Control {
        Control {
            previous: Position::beginning(LogId(0)),
            log,
            applied,
            calls: Calls::default(),
            counters: Arc::default(),
            node,
            partitions: Partitions::ALL,
            checkpoint: None,
            clock: Clock::wall(),
            head_at_start: 0,
            kept_at: 0,
        }
    }

    /// Decides for the calls of these partitions only.
    pub fn with_partitions(mut self, partitions: Partitions) -> Control {
        self.partitions = partitions;
        self
    }

    /// Keeps in this file where to begin after a restart. Without it the log is read from its
    /// beginning.
    pub fn with_checkpoint(mut self, path: &Path) -> Control {
        self.checkpoint = Some(Checkpoint::at(path));
        self
    }

    /// Tells the time by another clock than the machine's.
    pub fn with_clock(mut self, tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Control {
        self.clock = Clock::new(tell);
        self
    }

    /// What it counts, for whoever exports it.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Decides until it is cancelled, or until the log cannot be followed any further. It may be
    /// stopped at any point, and dropped as well: what is not durable is decided again.
    pub async fn run(mut self, cancel: CancellationToken) -> Result<(), Error> {
        let ended = tokio::select! {
            () = cancel.cancelled() => Ok(()),
            ended = self.serve() => ended,
        };
        if self.kept_at > 0 {
            self.keep_checkpoint();
        }
        ended
    }

    async fn serve(&mut self) -> Result<(), Error> {
        self.announce().await?;
        let mut follower = self.follow().await?;
        loop {
            let deadline = self.calls.next_deadline();
            let turn = tokio::select! {
                entries = follower.next() => Turn::Entries(entries),
                () = self.clock.until(deadline) => Turn::Due,
            };
            match turn {
                Turn::Entries(Ok(entries)) => self.entries(&entries).await?,
                Turn::Entries(Err(error)) => self.trouble(error).await?,
                Turn::Due => self.timers().await?,
            }
            set(&self.counters.live_calls, length(self.calls.len()));
            if self.previous.sequence >= self.kept_at + CHECKPOINT_EVENTS {
                self.keep_checkpoint();
            }
        }
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk {
            applied: &self.applied,
            node: &self.node,
            now: self.clock.now(),
        }
    }

    /// Tells the log which configuration is in force, if that is news.
    async fn announce(&mut self) -> Result<(), Error> {
        let subject = Subject::Node(self.node.clone());
        loop {
            let last = match self.log.last(&subject, Lane::Requests).await {
                Ok(last) => last,
                Err(error) => {
                    self.trouble(error).await?;
                    continue;
                }
            };
            let known = last.as_ref().and_then(|last| match last.record.event() {
                Ok(Event::Observation(Observation::ConfigurationApplied(known))) => Some(known),
                _ => None,
            });
            if known.is_some_and(|known| known.hash == self.applied.hash()) {
                return Ok(());
            }
            let mut chain = match &last {
                Some(last) => Chain::after(&last.record),
                None => Chain::new(subject.clone(), Lane::Requests),
            };
            let record = chain.append(Draft {
                because: None,
                producer: self.node.clone(),
                recorded_at: self.clock.now(),
                event: self.applied.event().into(),
            });
            match self.log.append(vec![record]).await.as_slice() {
                [Outcome::Appended(_)] => return Ok(()),
                [Outcome::Unavailable(journal::Reason::Failed(_) | journal::Reason::Closed)] => {
                    return Err(journal::Error::Closed.into());
                }
                // Somebody wrote under our name, or the log is busy: look again.
                _ => tokio::time::sleep(PATIENCE).await,
            }
        }
    }

    /// Follows the log from the checkpoint, or from its beginning.
    async fn follow(&mut self) -> Result<Follower, Error> {
        loop {
            match self.try_follow().await {
                Ok(follower) => return Ok(follower),
                Err(error) => self.trouble(error).await?,
            }
        }
    }

    async fn try_follow(&mut self) -> Result<Follower, journal::Error> {
        let beginning = Position::beginning(self.log.id(Stream::Events));
        let kept = self.checkpoint.as_ref().and_then(Checkpoint::read);
        let from = match kept {
            Some(kept) => match self.log.check(Stream::Events, &kept).await? {
                Continuity::Same => kept,
                Continuity::Expired | Continuity::Truncated { .. } | Continuity::Diverged => {
                    beginning
                }
            },
            None => beginning,
        };
        self.head_at_start = self.log.head(Stream::Events).await?.sequence;
        self.previous = from;
        self.kept_at = from.sequence.max(1);
        let filter = self.partitions.filter();
        self.log.follow(Stream::Events, from, filter).await
    }

    /// Takes a batch of events and makes what is decided durable.
    async fn entries(&mut self, entries: &[Entry]) -> Result<(), Error> {
        let now = self.clock.now();
        let mut decided = Vec::new();
        for entry in entries {
            if let Some(id) = entry.record.subject().call() {
                self.entry(id, entry, now, &mut decided).await?;
            }
            self.previous = entry.position;
        }
        count(&self.counters.observations, length(entries.len()));
        if !decided.is_empty() {
            let calls: Vec<CallId> = decided
                .iter()
                .filter_map(|record: &Record| record.subject().call())
                .collect();
            self.commit(decided).await?;
            self.forget(calls);
            if let Some(first) = entries.first() {
                let waited = self.clock.now().since(first.record.header().recorded_at);
                set(&self.counters.lag_us, u64::try_from(waited).unwrap_or(0));
            }
        }
        set(&self.counters.position, self.previous.sequence);
        Ok(())
    }

    async fn entry(
        &mut self,
        id: CallId,
        entry: &Entry,
        now: Timestamp,
        decided: &mut Vec<Record>,
    ) -> Result<(), Error> {
        if self.calls.get(id).is_none() {
            if self.calls.has_ended(id) {
                return Ok(());
            }
            let header = entry.record.header();
            let begins = header.lane == Lane::Facts
                && header.sequence == 0
                && entry.position.sequence > self.head_at_start;
            if !begins {
                let open = self.read(id).await?;
                decided.extend(open);
                return Ok(());
            }
            self.calls.insert(id, Live::new(id), self.previous);
        }
        let desk = Desk {
            applied: &self.applied,
            node: &self.node,
            now,
        };
        let Some(live) = self.calls.get(id) else {
            return Ok(());
        };
        match live.take(entry, desk) {
            Ok(decision) => decided.extend(decision),
            Err(error) => {
                tracing::error!(call = %id, %error, "an event cannot be read and is passed over");
                count(&self.counters.unreadable, 1);
            }
        }
        self.calls.arm(id, &self.applied);
        Ok(())
    }

    /// Tells the log of the waits that ran out.
    async fn timers(&mut self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut fired = Vec::new();
        for id in self.calls.due(now, TIMERS_MAX) {
            let desk = Desk {
                applied: &self.applied,
                node: &self.node,
                now,
            };
            if let Some(live) = self.calls.get(id) {
                fired.extend(live.fire(desk));
            }
            if fired
                .last()
                .and_then(|record: &Record| record.subject().call())
                != Some(id)
            {
                self.calls.arm(id, &self.applied);
            }
        }
        let calls = fired
            .iter()
            .filter_map(|record| record.subject().call())
            .collect();
        self.commit(fired).await?;
        self.forget(calls);
        Ok(())
    }

    /// Lets go of the calls whose end is durable.
    fn forget(&mut self, calls: Vec<CallId>) {
        for id in calls {
            if self.calls.get(id).is_some_and(|live| live.is_over()) {
                self.calls.end(id);
            }
        }
    }

    /// What can be waited for is waited for.
    async fn trouble(&mut self, error: journal::Error) -> Result<(), Error> {
        match error {
            journal::Error::Damaged(damage) => {
                tracing::error!(%damage, "events of the log cannot be read and are passed over");
                count(&self.counters.unreadable, 1);
                Ok(())
            }
            journal::Error::Unreachable(why) => {
                tracing::warn!(%why, "the log cannot be followed now");
                tokio::time::sleep(PATIENCE).await;
                Ok(())
            }
            error => Err(error.into()),
        }
    }

    fn keep_checkpoint(&mut self) {
        self.kept_at = self.previous.sequence;
        let position = self.calls.oldest().unwrap_or(self.previous);
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.write(position);
        }
    }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
