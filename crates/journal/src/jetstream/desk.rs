//! Where appended records wait for the server: one event per call at a time, many calls at once.
//!
//! Two events of one call under way at once could be stored in the wrong order when a server dies
//! between them; events of different calls cannot hurt each other.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use schemas::Record;
use tokio::sync::{mpsc, oneshot};

use super::names;
use super::patience::Patience;
use super::server::{Server, position};
use crate::key::{Key, LaneKey};
use crate::log::PAYLOAD_MAX_BYTES;
use crate::tail::{Tail, Verdict, is_same};
use crate::{Error, Outcome, Reason, Stream};

/// How many calls have an event under way.
pub(crate) const WINDOW: usize = 1024;
/// How many bytes may wait.
pub(crate) const QUEUE_MAX_BYTES: usize = 64 << 20;
/// What a message has besides its payload, at most: subject and headers.
const MESSAGE_OVERHEAD_BYTES: usize = 512;

/// Records on their way to the server.
pub(crate) struct Submission {
    pub(crate) records: Vec<Record>,
    pub(crate) answer: oneshot::Sender<Vec<Outcome>>,
    pub(crate) bytes: usize,
}

/// A record and where its outcome goes.
struct Job {
    record: Record,
    index: usize,
    answer: Arc<Answer>,
}

/// The outcomes of a submission; sent when the last job drops it.
struct Answer {
    outcomes: Mutex<Vec<Outcome>>,
    sender: Mutex<Option<oneshot::Sender<Vec<Outcome>>>>,
    bytes: usize,
    waiting_bytes: Arc<AtomicUsize>,
}

/// What is kept in order: a call, a trunk or a node in one of the streams.
type Run = (Stream, Key);

/// Runs until the log is dropped and everything is answered.
pub(crate) async fn run(
    server: Arc<Server>,
    mut submissions: mpsc::UnboundedReceiver<Submission>,
    waiting_bytes: Arc<AtomicUsize>,
) {
    let mut waiting: HashMap<Run, VecDeque<Job>> = HashMap::new();
    let mut ready: VecDeque<Run> = VecDeque::new();
    let mut running = FuturesUnordered::new();
    let mut open = true;
    while open || !running.is_empty() {
        tokio::select! {
            submission = submissions.recv(), if open => match submission {
                Some(submission) => {
                    distribute(submission, &waiting_bytes, &mut waiting, &mut ready);
                }
                None => open = false,
            },
            Some(run) = running.next(), if !running.is_empty() => {
                if waiting.get(&run).is_some_and(VecDeque::is_empty) {
                    waiting.remove(&run);
                } else {
                    ready.push_back(run);
                }
            }
        }
        while running.len() < WINDOW {
            let Some(run) = ready.pop_front() else { break };
            let jobs = waiting
                .get_mut(&run)
                .map(std::mem::take)
                .unwrap_or_default();
            running.push(append_in_order(Arc::clone(&server), run, jobs));
        }
    }
}

fn distribute(
    submission: Submission,
    waiting_bytes: &Arc<AtomicUsize>,
    waiting: &mut HashMap<Run, VecDeque<Job>>,
    ready: &mut VecDeque<Run>,
) {
    let answer = Arc::new(Answer {
        outcomes: Mutex::new(vec![
            Outcome::Unavailable(Reason::Closed);
            submission.records.len()
        ]),
        sender: Mutex::new(Some(submission.answer)),
        bytes: submission.bytes,
        waiting_bytes: Arc::clone(waiting_bytes),
    });
    for (index, record) in submission.records.into_iter().enumerate() {
        let run = (Stream::of(record.lane()), Key::of(record.subject()));
        let jobs = waiting.entry(run).or_insert_with(|| {
            ready.push_back(run);
            VecDeque::new()
        });
        jobs.push_back(Job {
            record,
            index,
            answer: Arc::clone(&answer),
        });
    }
}

/// Appends the waiting records of one call, one after the other.
async fn append_in_order(server: Arc<Server>, run: Run, jobs: VecDeque<Job>) -> Run {
    let mut behind = None;
    for job in jobs {
        let outcome = match &behind {
            None => server.place(&job.record).await,
            Some(reason) => Outcome::Unavailable(Reason::clone(reason)),
        };
        // What cannot be reached for one record is not asked again for those behind it.
        if let Outcome::Unavailable(reason @ (Reason::Unreachable(_) | Reason::Full(_))) = &outcome
        {
            behind = Some(reason.clone());
        }
        job.answer.set(job.index, outcome);
    }
    run
}

impl Server {
    /// Appends one record; sends it again until the server's answer is known or the patience ends.
    async fn place(&self, record: &Record) -> Outcome {
        let bytes = record.bytes().len();
        let most = self
            .client
            .server_info()
            .max_payload
            .saturating_sub(MESSAGE_OVERHEAD_BYTES);
        if record.payload().len() > PAYLOAD_MAX_BYTES || bytes > most {
            let most = most.min(PAYLOAD_MAX_BYTES);
            return Outcome::Unavailable(Reason::TooLarge { bytes, most });
        }
        let lane = (Key::of(record.subject()), record.lane());
        let mut patience = Patience::new(&self.settings);
        let mut tail = self.known(lane);
        // A lane that begins is taken for empty: the server knows better if it is not.
        let mut asked = tail.is_none() && record.header().sequence != 0;
        if asked {
            tail = match self.ask(lane, record).await {
                Ok(tail) => tail,
                Err(outcome) => return outcome,
            };
        }
        let mut sent_before = false;
        loop {
            match Tail::judge(tail.as_ref(), record) {
                Verdict::Next => {}
                Verdict::Last(position) if sent_before => return Outcome::Appended(position),
                Verdict::Last(position) => return Outcome::AlreadyThere(position),
                Verdict::Earlier => return self.earlier(record, tail.as_ref()).await,
                Verdict::Conflict(actual) if asked => return Outcome::Conflict(actual),
                Verdict::Conflict(_) => {}
            }
            if let Verdict::Next = Tail::judge(tail.as_ref(), record) {
                match self.publish(record, tail.as_ref()).await {
                    Ok(Sent::Stored(sequence)) => {
                        let log = self.id(Stream::of(record.lane()));
                        let position = position(log, sequence, record);
                        self.learn(lane, Tail::of(record, position));
                        return Outcome::Appended(position);
                    }
                    Ok(Sent::Elsewhere) => {}
                    Ok(Sent::Full(reason)) => return Outcome::Unavailable(Reason::Full(reason)),
                    Err(error) => {
                        sent_before = true;
                        if !patience.again().await {
                            return Outcome::Unavailable(Reason::Unreachable(error.to_string()));
                        }
                    }
                }
                if asked && !sent_before && !patience.again().await {
                    let reason = "another writer's event is on its way".to_owned();
                    return Outcome::Unavailable(Reason::Unreachable(reason));
                }
            }
            asked = true;
            tail = match self.ask(lane, record).await {
                Ok(tail) => tail,
                Err(outcome) => return outcome,
            };
        }
    }

    /// The end of a lane, from the server.
    async fn ask(&self, lane: LaneKey, record: &Record) -> Result<Option<Tail>, Outcome> {
        let last = self.last(record.subject(), record.lane()).await;
        let last = last.map_err(|error| Outcome::Unavailable(reason(&error)))?;
        let tail = last.map(|entry| Tail::of(&entry.record, entry.position));
        if let Some(tail) = tail {
            self.learn(lane, tail);
        }
        Ok(tail)
    }

    /// A record whose lane went past its number.
    async fn earlier(&self, record: &Record, tail: Option<&Tail>) -> Outcome {
        let entries = match self.read(record.subject(), &[record.lane()]).await {
            Ok(entries) => entries,
            Err(error) => return Outcome::Unavailable(reason(&error)),
        };
        match entries.iter().find(|entry| is_same(&entry.record, record)) {
            Some(entry) => Outcome::AlreadyThere(entry.position),
            None => Outcome::Conflict(Tail::actual(tail)),
        }
    }

    async fn publish(&self, record: &Record, tail: Option<&Tail>) -> Result<Sent, PublishError> {
        let expected = tail.map_or(0, |tail| tail.position.sequence);
        let mut headers = HeaderMap::new();
        let id = names::message_id(record.id(), record.header().sequence);
        headers.insert(NATS_MESSAGE_ID, id.as_str());
        headers.insert(
            NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
            expected.to_string().as_str(),
        );
        let name = self.names.lane(record.subject(), record.lane());
        let sent = self
            .context
            .publish_with_headers(name, headers, record.bytes().clone());
        let error = match sent.await?.await {
            // Stored before, perhaps by somebody else: the lane tells.
            Ok(ack) if ack.duplicate => return Ok(Sent::Elsewhere),
            Ok(ack) => return Ok(Sent::Stored(ack.sequence)),
            Err(error) => error,
        };
        let text = format!("{error:?}");
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Ok(Sent::Elsewhere),
            _ if FULL.iter().any(|full| text.contains(full)) => Ok(Sent::Full(error.to_string())),
            _ => Err(error),
        }
    }
}

/// What the server says when a limit of the stream or of its storage is reached.
const FULL: [&str; 4] = [
    "maximum bytes exceeded",
    "maximum messages exceeded",
    "no space left on device",
    "insufficient resources",
];

/// The server's answer to a message.
enum Sent {
    /// It has this number.
    Stored(u64),
    /// It, or another one, was there already.
    Elsewhere,
    /// The stream takes no more.
    Full(String),
}

impl Answer {
    fn set(&self, index: usize, outcome: Outcome) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes[index] = outcome;
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.waiting_bytes.fetch_sub(self.bytes, Ordering::AcqRel);
        let outcomes = self
            .outcomes
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let sender = self
            .sender
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.take() {
            // Who does not wait for the answer any more does not need it.
            let _ = sender.send(std::mem::take(outcomes));
        }
    }
}

fn reason(error: &Error) -> Reason {
    Reason::Unreachable(error.to_string())
}
