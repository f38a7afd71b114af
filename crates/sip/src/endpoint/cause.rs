//! Causes: why a request of ours has no answer, why a leg ended, what a transfer promises.

use crate::status::StatusCode;
use crate::timers::Timer;

/// Whether the peer will report how a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferReports {
    /// NOTIFY requests follow.
    Expected,
    /// None will come (Refer-Sub: false).
    Declined,
}

/// Why a request of ours has no answer. Never dressed up as a status: no message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// This timer ended the wait.
    TimedOut(Timer),
    /// The transport could not deliver it.
    Transport,
}

/// Why a leg ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// The caller withdrew its INVITE.
    CancelledByPeer,
    /// We refused the INVITE.
    Refused,
    /// The callee refused our INVITE.
    Rejected,
    /// We withdrew our INVITE, and the callee confirmed.
    Cancelled,
    /// We withdrew our INVITE, the callee accepted at the same moment, and was hung up.
    AnsweredTooLate,
    /// Our INVITE was not answered, or our reliable provisional answer not acknowledged, in time.
    TimedOut(Timer),
    /// Our INVITE could not be sent.
    TransportFailed,
    /// The peer hung up.
    PeerHungUp,
    /// We hung up, and the peer confirmed with this status.
    HungUp(StatusCode),
    /// We hung up, and the peer never confirmed.
    HungUpUnconfirmed(Failure),
    /// Nobody refreshed the session in time, and it was hung up (RFC 4028 §10).
    SessionExpired,
    /// The peer does not know the dialog any more (481 or 408 to a request of ours, RFC 3261 §12.2.1.2).
    DialogLost,
}
