//! The contract: what every log promises, whatever keeps it.

use std::pin::Pin;

use schemas::{CallId, Entry, Hash, Lane, LogId, Position, Record, Subject};

use crate::{Error, Filter, Follower};

/// A future that owns what it needs, so that it can be kept, joined and awaited later.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// The two streams of a log. Each has its own id, its own numbers and its own retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Facts, decisions and requests: what the state of a call is folded from.
    Events,
    /// SIP messages as they crossed a socket: evidence, kept for a shorter time.
    Wire,
}

impl Stream {
    /// The stream that holds a lane.
    pub fn of(lane: Lane) -> Stream {
        match lane {
            Lane::Facts | Lane::Decisions | Lane::Requests => Stream::Events,
            Lane::Wire => Stream::Wire,
        }
    }

    /// The stream's name: in directories, NATS streams and messages.
    pub fn name(self) -> &'static str {
        match self {
            Stream::Events => "events",
            Stream::Wire => "wire",
        }
    }
}

/// The log. Every implementation passes the same suite (`tests/contract.rs`).
///
/// A subject's lane is dense from 0 and hash-chained. [`append`](EventLog::append) takes only the
/// next record of its lane; a record that is there already is answered with its place.
pub trait EventLog: Send + Sync {
    /// The id of a stream: a new one whenever the stream is created.
    fn id(&self, stream: Stream) -> LogId;

    /// Appends records of either stream; resolves when they are durable (wire records: when they
    /// are written), with one outcome per record, in order.
    ///
    /// The records are submitted when this is *called*, in the order of the calls, not when the
    /// future is first polled: a caller may submit many batches and await them later. Dropping the
    /// future does not take a batch back. Records of one lane depend on each other: behind one that
    /// was not taken the later ones are not taken either.
    ///
    /// The queue is bounded. A caller that awaits each answer before the next batch never meets the
    /// bound; one that does not is told [`Reason::Busy`] and nothing of that batch was taken.
    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>>;

    /// The facts, decisions and requests of one subject, in log order. A damaged place that hides
    /// some of them is an error, never a shorter answer.
    fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>>;

    /// The last record of a lane: what its writer continues after a restart.
    fn last(&self, subject: &Subject, lane: Lane) -> BoxFuture<Result<Option<Entry>, Error>>;

    /// The SIP messages of one call that are still kept, in log order.
    fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>>;

    /// Everything behind a place that passes the filter, history first, then live, without a gap.
    /// [`Position::beginning`] means the oldest event that is still kept. A place that this log does
    /// not have is refused with what [`check`](EventLog::check) would say.
    fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>>;

    /// The place of the last durable event.
    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>>;

    /// Whether a place remembered from earlier is still a place of this log.
    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>>;
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was appended and is durable.
    Appended(Position),
    /// It was there before, under the same number and id, and is durable. The stored one counts.
    AlreadyThere(Position),
    /// It is not the next of its lane: nothing was written. Read the subject again and decide anew.
    Conflict(Actual),
    /// The log cannot take it now. It may be offered again, byte for byte, at any time: if it was
    /// written after all, the answer will be [`Outcome::AlreadyThere`].
    Unavailable(Reason),
}

impl Outcome {
    /// The place of the record, if it is in the log.
    pub fn position(&self) -> Option<Position> {
        match self {
            Outcome::Appended(position) | Outcome::AlreadyThere(position) => Some(*position),
            Outcome::Conflict(_) | Outcome::Unavailable(_) => None,
        }
    }
}

/// What a lane looks like in the log, when a record did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actual {
    /// The number that the lane's next record must have.
    pub next_sequence: u32,
    /// The hash that the lane's next record must name as the previous one.
    pub last_hash: Hash,
}

impl Actual {
    /// A lane without a record.
    pub const EMPTY: Actual = Actual {
        next_sequence: 0,
        last_hash: Hash::ZERO,
    };
}

/// Why the log cannot take a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// There is no space. It heals when there is.
    #[error("no space is left for the log: {0}")]
    Full(String),
    /// A write or a sync failed: what is on the disk is not known, so this writer is finished.
    #[error("the log's disk failed and the writer has stopped: {0}")]
    Failed(String),
    /// More is waiting than the queue may hold; nothing of this batch was taken.
    #[error("too many records are waiting for the log")]
    Busy,
    /// The record has more bytes than a record may have. It will never be taken.
    #[error("the record has {bytes} bytes, at most {most} are possible")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// The server cannot be reached or does not answer in time.
    #[error("the log's server does not answer: {0}")]
    Unreachable(String),
    /// A record before it in the same lane was not taken.
    #[error("an earlier record of the same lane was not taken")]
    Behind,
    /// The log was opened for reading, or is closed.
    #[error("the log is not open for writing")]
    Closed,
}

/// Whether a remembered place is still a place of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// The same event lies there.
    Same,
    /// The place is older than what is kept. Nothing says that it was another log.
    Expired,
    /// The log ends before that place: it lost its tail. Numbers behind `head` will be used again.
    Truncated {
        /// Where the log ends now.
        head: Position,
    },
    /// Another event lies there, or it is another log.
    Diverged,
}

/// The most bytes that a payload may have.
pub(crate) use schemas::PAYLOAD_MAX_BYTES;
