//! REFER inside a dialog: the implicit subscription on either side (RFC 3515, RFC 4488).

use std::collections::VecDeque;
use std::time::Instant;

use crate::endpoint::keys::TransactionKey;
use crate::status::StatusCode;

/// A transfer that the peer asked us for.
#[derive(Debug, Clone)]
pub enum ReferIn {
    /// The user has not said yes or no.
    Asked {
        /// The REFER.
        transaction: TransactionKey,
    },
    /// Accepted; the peer hears how it goes.
    Reporting(Reporting),
}

/// Our side of the subscription. Reports go one after another, so that the last one arrives last.
#[derive(Debug, Clone)]
pub struct Reporting {
    /// CSeq of the REFER: the `id` of the event (RFC 3515 §2.4.6).
    pub id: u32,
    /// When the subscription runs out.
    pub until: Instant,
    /// The report whose NOTIFY waits for its answer.
    pub in_flight: Option<Report>,
    /// What to report next.
    pub queue: VecDeque<Report>,
    /// The last report is in the queue or on its way.
    pub closing: bool,
}

/// One report: the status that the referred call has reached.
#[derive(Debug, Clone)]
pub struct Report {
    /// Status.
    pub status: StatusCode,
    /// Phrase.
    pub phrase: Box<str>,
    /// True if no more follow.
    pub last: bool,
    /// How often it was sent.
    pub tries: u8,
}

/// A transfer that we asked the peer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferOut {
    /// CSeq of our REFER.
    pub id: u32,
}
