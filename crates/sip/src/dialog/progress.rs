//! Progress: our reliable provisional answers to one INVITE, one after another (RFC 3262 §3).
//!
//! ```text
//!           provisional: send, RSeq + 1
//!   +------+ ------------------------------> +---------+---+ not acknowledged: send again, double the gap
//!   | Idle |                                 | Waiting |   |
//!   +------+ <------------------------------ +---------+<--+
//!           PRACK: 200, send what is queued       | 64 x T1: 504, the call is refused
//!                                                 v
//!                                               ended
//! ```
//!
//! A 2xx waits with the queue as long as a description is not acknowledged.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use crate::endpoint::extra::Extra;
use crate::endpoint::flow::Flow;
use crate::status::StatusCode;
use crate::timers::Backoff;

/// Our reliable provisional answers to one INVITE.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// RSeq of the last; none before the first.
    pub rseq: Option<u32>,
    /// The one that waits for its PRACK.
    pub waiting: Option<Waiting>,
    /// What to report next.
    pub queue: VecDeque<Provisional>,
    /// The user has accepted the call; the 2xx waits for the PRACK.
    pub answer: Option<Answer>,
}

/// A provisional answer before it is sent.
#[derive(Debug, Clone)]
pub struct Provisional {
    /// 101 to 199.
    pub status: StatusCode,
    /// The description for early media.
    pub sdp: Option<Bytes>,
    /// Extra headers.
    pub extra: Extra,
}

/// A 2xx before it is sent.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The description.
    pub sdp: Option<Bytes>,
    /// Extra headers.
    pub extra: Extra,
}

/// A provisional answer that is repeated until its PRACK comes.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its RSeq.
    pub rseq: u32,
    /// The answer.
    pub bytes: Bytes,
    /// Which way it goes.
    pub target: Flow,
    /// What its description is.
    pub describes: Describes,
    /// Its next repetition.
    pub repeat: Backoff,
    /// When to refuse the call.
    pub give_up: Instant,
}

/// What the description in a provisional answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Describes {
    /// There is none.
    Nothing,
    /// The answer to the offer in the INVITE.
    Answer,
    /// The offer, because the INVITE had none.
    Offer,
}
