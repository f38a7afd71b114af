//! Exchange: what is open about the session in one dialog (RFC 3264, RFC 6337).

use std::time::Instant;

use bytes::Bytes;

use crate::endpoint::extra::Extra;
use crate::endpoint::flow::Flow;
use crate::endpoint::keys::{Fork, TransactionKey};
use crate::method::Method;
use crate::timers::Backoff;

/// What is open about the session: at most one thing at a time, which is what makes glare visible.
#[derive(Debug, Clone)]
pub enum Exchange {
    /// Nothing.
    Idle,
    /// The peer offered in a reliable provisional answer; the user owes the answer in the PRACK.
    PrackOwed {
        /// RSeq of that answer.
        rseq: u32,
    },
    /// We accepted an INVITE; the 2xx is repeated until the ACK comes.
    AckAwaited {
        /// The 2xx.
        answer: Bytes,
        /// Which way it goes.
        target: Flow,
        /// The CSeq of the INVITE.
        cseq: u32,
        /// Its next repetition.
        repeat: Backoff,
        /// When to hang up.
        give_up: Instant,
        /// The user hung up meanwhile; the BYE must wait for the ACK (RFC 3261 §15).
        bye: Option<Extra>,
    },
    /// The peer accepted our INVITE that had no offer; the user owes the answer in the ACK.
    AckOwed {
        /// The INVITE.
        invite: TransactionKey,
        /// Its CSeq.
        cseq: u32,
    },
    /// Our re-INVITE, or our UPDATE with an offer, has no final answer.
    OfferSent {
        /// The request.
        transaction: TransactionKey,
        /// What it offered, to try again after glare.
        offer: Box<Offer>,
    },
    /// The peer's offer waits for the user's answer.
    OfferHeld {
        /// The request.
        transaction: TransactionKey,
        /// INVITE, UPDATE or PRACK.
        method: Method,
    },
}

/// A re-INVITE or UPDATE of ours.
#[derive(Debug, Clone)]
pub struct Offer {
    /// INVITE or UPDATE.
    pub method: Method,
    /// The offer; none asks for the peer's.
    pub sdp: Option<Bytes>,
    /// Extra headers.
    pub extra: Extra,
    /// How many times it was sent.
    pub tries: u8,
    /// Why it is sent.
    pub intent: Intent,
}

/// Why we offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// The user wants the session changed.
    Change,
    /// The session is about to expire; nothing changes.
    Refresh,
}

/// An offer of ours that met the peer's and will be sent again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// To whom.
    pub fork: Fork,
    /// When.
    pub at: Instant,
    /// What.
    pub offer: Offer,
}
