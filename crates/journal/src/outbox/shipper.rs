//! Ships one stream of an outbox: in order, many batches at once, and again after every loss.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use schemas::{Entry, Position};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::marks::Marks;
use super::{OutboxSettings, Progress};
use crate::{BoxFuture, Continuity, Error, EventLog, Filter, JetStream, Outcome, Segments, Stream};

/// How many batches are under way.
const BATCHES_UNDER_WAY: usize = 4;
/// How long to wait before the server is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Ships one stream.
pub(crate) struct Shipper {
    local: Arc<Segments>,
    remote: Arc<JetStream>,
    progress: Arc<[Progress; 2]>,
    index: usize,
    settings: OutboxSettings,
    marks: Marks,
    /// How often the client had connected when the two sides were compared.
    connects: u64,
    /// Everything that is still kept is sent again, because the server lacks something before the
    /// last mark. What does not fit then never will.
    from_the_beginning: bool,
}

/// Events that the server was asked to store.
struct Batch {
    entries: Vec<Entry>,
    answer: BoxFuture<Vec<Outcome>>,
}

/// Why a round ended.
enum Stop {
    /// The server is away, or was: compare again and go on.
    Again,
    /// The server lacks an event that it had confirmed.
    Lost,
    /// The local log is closed.
    Closed,
}

impl Shipper {
    pub(crate) fn new(
        local: Arc<Segments>,
        remote: Arc<JetStream>,
        progress: Arc<[Progress; 2]>,
        index: usize,
        directory: &Path,
        settings: OutboxSettings,
    ) -> Shipper {
        let file = directory.join(format!("shipped-{}", progress[index].stream.name()));
        Shipper {
            local,
            remote,
            progress,
            index,
            settings,
            marks: Marks::open(file),
            connects: 0,
            from_the_beginning: false,
        }
    }

    /// Runs until the local log is closed or the task is aborted.
    pub(crate) async fn run(mut self) {
        loop {
            match self.round().await {
                Stop::Closed => return,
                Stop::Lost => {
                    self.from_the_beginning = true;
                    self.marks.clear();
                    self.rewound();
                }
                Stop::Again => {}
            }
            sleep(PAUSE).await;
        }
    }

    /// Compares, then ships until something is wrong.
    async fn round(&mut self) -> Stop {
        let from = match self.compare().await {
            Ok(from) => from,
            Err(Error::Closed) => return Stop::Closed,
            Err(_) => return Stop::Again,
        };
        let Ok(mut follower) = self.local.follow(self.stream(), from, Filter::ALL).await else {
            self.marks.clear();
            return Stop::Again;
        };
        let mut under_way: VecDeque<Batch> = VecDeque::new();
        let mut tick = interval(self.settings.tick);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                outcomes = answer_of(&mut under_way), if !under_way.is_empty() => {
                    let Some(batch) = under_way.pop_front() else { continue };
                    if let Some(stop) = self.settle(&batch.entries, &outcomes) {
                        return stop;
                    }
                }
                entries = follower.next(), if under_way.len() < BATCHES_UNDER_WAY => match entries {
                    Ok(entries) => {
                        let records = entries.iter().map(|entry| entry.record.clone()).collect();
                        let answer = self.remote.append(records);
                        under_way.push_back(Batch { entries, answer });
                    }
                    // Told by whoever opened the files; what lies behind the damage is shipped.
                    Err(Error::Damaged(_)) => {}
                    Err(Error::Closed) => return Stop::Closed,
                    Err(_) => return Stop::Again,
                },
                _ = tick.tick() => {
                    self.local.release(self.stream(), self.marks.expire(self.settings.horizon));
                    self.marks.save();
                    if self.connects != self.remote.connects() {
                        return Stop::Again;
                    }
                }
            }
        }
    }

    /// Finds the last place that both sides agree on.
    async fn compare(&mut self) -> Result<Position, Error> {
        self.connects = self.remote.connects();
        self.remote.refresh().await?;
        let stream = self.stream();
        while let Some(mark) = self.marks.last() {
            let here = self.local.check(stream, &mark.local).await?;
            let there = self.remote.check(stream, &mark.remote).await?;
            match (here, there) {
                (Continuity::Same, Continuity::Same | Continuity::Expired) => {
                    self.progress().shipped.send_replace(mark.local);
                    return Ok(mark.local);
                }
                _ => {
                    self.marks.drop_last();
                    self.rewound();
                }
            }
        }
        let beginning = Position::beginning(self.local.id(stream));
        self.progress().shipped.send_replace(beginning);
        Ok(beginning)
    }

    /// Takes note of what the server said to a batch.
    fn settle(&mut self, entries: &[Entry], outcomes: &[Outcome]) -> Option<Stop> {
        let mut remote = None;
        for (entry, outcome) in entries.iter().zip(outcomes) {
            match outcome {
                Outcome::Appended(position) | Outcome::AlreadyThere(position) => {
                    remote = remote.max_by_sequence(*position);
                }
                Outcome::Unavailable(_) => return Some(Stop::Again),
                Outcome::Conflict(actual) => {
                    let lacks = actual.next_sequence < entry.record.header().sequence;
                    if lacks && !self.from_the_beginning {
                        return Some(Stop::Lost);
                    }
                    self.progress().refused.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
        let local = entries.last().map(|entry| entry.position)?;
        if let Some(remote) = remote {
            self.marks.add(local, remote);
        }
        self.progress().shipped.send_replace(local);
        self.from_the_beginning &= self.is_behind(local);
        None
    }

    /// Whether there is more to ship. (The files' head is known at once.)
    fn is_behind(&self, shipped: Position) -> bool {
        self.local.last_sequence(self.stream()) > shipped.sequence
    }

    /// The server lost what lies behind the last mark. Nobody may take it for shipped any more, before anybody
    /// is told.
    fn rewound(&self) {
        let beginning = Position::beginning(self.local.id(self.stream()));
        let shipped = self.marks.last().map_or(beginning, |mark| mark.local);
        self.progress().shipped.send_replace(shipped);
        self.progress().rewinds.fetch_add(1, Ordering::AcqRel);
    }

    fn stream(&self) -> Stream {
        self.progress().stream
    }

    fn progress(&self) -> &Progress {
        &self.progress[self.index]
    }
}

/// The answer to the oldest batch that is under way.
async fn answer_of(under_way: &mut VecDeque<Batch>) -> Vec<Outcome> {
    match under_way.front_mut() {
        Some(batch) => batch.answer.as_mut().await,
        None => Vec::new(),
    }
}

/// The later of two places of one log.
trait Later {
    fn max_by_sequence(self, other: Position) -> Option<Position>;
}

impl Later for Option<Position> {
    fn max_by_sequence(self, other: Position) -> Option<Position> {
        self.filter(|position| position.sequence > other.sequence)
            .or(Some(other))
    }
}
