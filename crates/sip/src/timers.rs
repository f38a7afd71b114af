//! The timers of SIP: their names, their lengths and how they double (RFC 3261 §17 and Table 4, RFC 6026).

use std::fmt;
use std::time::{Duration, Instant};

/// The three base times; every other timer follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Estimate of the round trip, 500 ms by default: the first retransmission comes after it.
    pub t1: Duration,
    /// Longest gap between retransmissions of a non-INVITE request or of a response, 4 s by default.
    pub t2: Duration,
    /// How long a message stays in the network, 5 s by default.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Timers {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

impl Timers {
    /// 64 × T1: timers B, F, H, J, L and M, and the wait for an ACK or for the answer to a CANCEL.
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// Timer D: how long answers to a refused INVITE are absorbed; nothing is repeated on a reliable transport.
    pub fn d(&self, reliability: Reliability) -> Duration {
        reliability.zero_or(self.patience())
    }

    /// Timer I: how long retransmitted ACKs are absorbed.
    pub fn i(&self, reliability: Reliability) -> Duration {
        reliability.zero_or(self.t4)
    }

    /// Timer J: how long a request that is answered is answered again.
    pub fn j(&self, reliability: Reliability) -> Duration {
        reliability.zero_or(self.patience())
    }

    /// Timer K: how long repeated answers to a non-INVITE request are absorbed.
    pub fn k(&self, reliability: Reliability) -> Duration {
        reliability.zero_or(self.t4)
    }
}

/// Whether the transport itself repeats what is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliability {
    /// UDP: the transaction repeats.
    Unreliable,
    /// TCP, TLS: the transport repeats, the transaction does not.
    Reliable,
}

impl Reliability {
    fn zero_or(self, wait: Duration) -> Duration {
        match self {
            Reliability::Unreliable => wait,
            Reliability::Reliable => Duration::ZERO,
        }
    }
}

/// The next retransmission and the gap that led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// When to repeat.
    pub at: Instant,
    /// The gap before `at`.
    pub gap: Duration,
}

impl Backoff {
    /// The first repetition, one `gap` from `now`; a gap of nothing would repeat for ever.
    pub fn start(now: Instant, gap: Duration) -> Self {
        let gap = gap.max(Duration::from_millis(1));
        Backoff { at: now + gap, gap }
    }

    /// The first repetition on an unreliable transport, none on a reliable one.
    pub fn unless_reliable(reliability: Reliability, now: Instant, gap: Duration) -> Option<Self> {
        match reliability {
            Reliability::Unreliable => Some(Backoff::start(now, gap)),
            Reliability::Reliable => None,
        }
    }

    /// The repetition after this one, after twice the gap but never more than `longest`.
    pub fn next(self, now: Instant, longest: Duration) -> Self {
        Backoff::start(now, (self.gap * 2).min(longest))
    }
}

/// Which timer fired: the RFC's letters, then ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// INVITE is repeated.
    A,
    /// INVITE had no answer at all.
    B,
    /// Answers to a refused INVITE are no longer absorbed.
    D,
    /// A non-INVITE request is repeated.
    E,
    /// A non-INVITE request had no final answer.
    F,
    /// A refusal of an INVITE is repeated.
    G,
    /// A refusal of an INVITE was never acknowledged.
    H,
    /// ACKs are no longer absorbed.
    I,
    /// A non-INVITE request is no longer answered again.
    J,
    /// Answers to a non-INVITE request are no longer absorbed.
    K,
    /// An accepted INVITE that we answered is forgotten (RFC 6026).
    L,
    /// An accepted INVITE that we sent is forgotten (RFC 6026).
    M,
    /// A 2xx to an INVITE is repeated until its ACK (RFC 3261 §13.3.1.4).
    AnswerRepeat,
    /// A 2xx to an INVITE was never acknowledged (RFC 3261 §13.3.1.4).
    AckWait,
    /// A cancelled INVITE had no final answer (RFC 3261 §9.1).
    CancelWait,
    /// A reliable provisional answer is repeated until its PRACK (RFC 3262 §3).
    ProgressRepeat,
    /// A reliable provisional answer was never acknowledged (RFC 3262 §3).
    PrackWait,
    /// A re-INVITE is tried again after both sides collided (RFC 3261 §14.1).
    GlareWait,
    /// An established session is refreshed (RFC 4028 §7.4).
    SessionRefresh,
    /// An established session was not refreshed (RFC 4028 §10).
    SessionExpiry,
    /// A provisional answer is repeated, so that no proxy gives up (RFC 3261 §13.3.1.1).
    ProvisionalRepeat,
    /// A request waited too long for our own user to answer it.
    UserWait,
    /// The implicit subscription of a REFER ran out (RFC 3515 §2.4.4).
    SubscriptionEnd,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timer::AnswerRepeat => f.write_str("2xx repeat"),
            Timer::AckWait => f.write_str("ACK wait"),
            Timer::CancelWait => f.write_str("CANCEL wait"),
            Timer::ProgressRepeat => f.write_str("reliable 1xx repeat"),
            Timer::PrackWait => f.write_str("PRACK wait"),
            Timer::GlareWait => f.write_str("glare wait"),
            Timer::SessionRefresh => f.write_str("session refresh"),
            Timer::SessionExpiry => f.write_str("session expiry"),
            Timer::ProvisionalRepeat => f.write_str("1xx repeat"),
            Timer::UserWait => f.write_str("user wait"),
            Timer::SubscriptionEnd => f.write_str("subscription end"),
            letter => fmt::Debug::fmt(letter, f),
        }
    }
}
