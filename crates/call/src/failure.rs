//! Why a leg came to nothing, in the three languages that need it: the log's, the caller's, a referrer's.

use schemas::conclusion::TransferFailure;
use schemas::observation::{CommandFailed, LegFailure};

use crate::leg::Leg;

/// Why somebody was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setback {
    /// The status that was received, if one was.
    pub(crate) status: Option<u16>,
    /// What a transfer would fail with.
    pub(crate) failure: TransferFailure,
    /// In words.
    pub(crate) why: String,
    /// After how many seconds it may be tried again.
    pub(crate) retry_after_s: Option<u32>,
}

impl Setback {
    /// A dialed leg was not answered.
    pub(crate) fn of(leg: &Leg, failure: &LegFailure, retry_after_s: Option<u32>) -> Setback {
        let unavailable = TransferFailure::DestinationUnavailable;
        let (status, failure, why) = match failure {
            // What a bot's server says is no word to a phone system.
            LegFailure::Refused { status, phrase } if leg.is_stream => {
                (None, unavailable, format!("HTTP {status} {phrase}"))
            }
            LegFailure::Unreachable { error } if leg.is_stream => (
                None,
                unavailable,
                format!("it could not be connected to: {error}"),
            ),
            // 487 is how the far side confirms our own CANCEL (RFC 3261, section 9.2).
            LegFailure::Cancelled | LegFailure::Refused { status: 487, .. } if leg.rang_out => (
                None,
                TransferFailure::NoAnswer,
                "it rang for too long".into(),
            ),
            LegFailure::Refused { status, phrase } => (
                Some(*status),
                failure_of(*status),
                format!("{status} {phrase}"),
            ),
            LegFailure::TimedOut { timer } if timer == "ring" => (
                None,
                TransferFailure::NoAnswer,
                "it rang for too long".into(),
            ),
            LegFailure::TimedOut { timer } => (
                None,
                TransferFailure::DestinationUnavailable,
                format!("no answer of any kind (timer {timer})"),
            ),
            LegFailure::Unreachable { error } => (
                None,
                TransferFailure::DestinationUnavailable,
                format!("the INVITE could not be sent: {error}"),
            ),
            LegFailure::Cancelled => (
                None,
                TransferFailure::DestinationUnavailable,
                "it was given up".into(),
            ),
            LegFailure::Impossible { error } => {
                (None, TransferFailure::MediaNegotiationFailed, error.clone())
            }
        };
        Setback {
            status,
            failure,
            why,
            retry_after_s,
        }
    }

    /// The edge could not do what was decided.
    pub(crate) fn of_command(failed: &CommandFailed) -> Setback {
        let failure = match failed.status {
            415 | 488 | 606 => TransferFailure::MediaNegotiationFailed,
            _ => TransferFailure::DestinationUnavailable,
        };
        Setback::local(
            failure,
            format!("{} failed: {}", failed.command, failed.error),
        )
    }

    /// Something that no far side said.
    pub(crate) fn local(failure: TransferFailure, why: impl Into<String>) -> Setback {
        Setback {
            status: None,
            failure,
            why: why.into(),
            retry_after_s: None,
        }
    }

    /// What the one is told who asked for the transfer.
    pub(crate) fn report(&self) -> u16 {
        self.status.unwrap_or(match self.failure {
            TransferFailure::NoAnswer => 408,
            TransferFailure::DestinationUnavailable => 503,
            TransferFailure::MediaNegotiationFailed => 488,
            TransferFailure::CallerLeft => 487,
            TransferFailure::TargetUnknown | TransferFailure::NumberNotFound => 404,
            TransferFailure::NumberIncomplete => 484,
            TransferFailure::Busy => 486,
            TransferFailure::Rejected => 603,
            TransferFailure::BlockedByCarrier => 403,
            TransferFailure::CarrierUnavailable => 503,
            TransferFailure::RoutingLoop => 482,
            TransferFailure::MethodUnsupported => 501,
        })
    }

    /// What the caller gets when there is nobody else to try. 503 sends a trunk to its next route,
    /// 480 a phone system to its own fallback.
    pub(crate) fn refusal(&self) -> u16 {
        match self.failure {
            TransferFailure::Busy => 486,
            TransferFailure::MediaNegotiationFailed => 488,
            TransferFailure::DestinationUnavailable | TransferFailure::CarrierUnavailable => {
                if self.status == Some(480) { 480 } else { 503 }
            }
            // 482 and 483 tell whoever looks for the loop.
            TransferFailure::RoutingLoop => self.status.unwrap_or(480),
            TransferFailure::NumberNotFound
            | TransferFailure::NumberIncomplete
            | TransferFailure::NoAnswer
            | TransferFailure::Rejected
            | TransferFailure::BlockedByCarrier
            | TransferFailure::MethodUnsupported
            | TransferFailure::CallerLeft
            | TransferFailure::TargetUnknown => 480,
        }
    }
}

/// What a final status to an INVITE or a REFER means for a transfer.
pub(crate) fn failure_of(status: u16) -> TransferFailure {
    FAILURES
        .iter()
        .find(|(statuses, _)| statuses.contains(&status))
        .map_or(TransferFailure::Rejected, |(_, failure)| *failure)
}

const FAILURES: &[(&[u16], TransferFailure)] = &[
    (&[404, 604], TransferFailure::NumberNotFound),
    (&[484], TransferFailure::NumberIncomplete),
    (
        &[480, 410, 408, 430, 477],
        TransferFailure::DestinationUnavailable,
    ),
    (&[486, 600], TransferFailure::Busy),
    (&[402, 403, 607, 608], TransferFailure::BlockedByCarrier),
    (&[500, 502, 503, 504], TransferFailure::CarrierUnavailable),
    (&[482, 483], TransferFailure::RoutingLoop),
    (&[415, 488, 606], TransferFailure::MediaNegotiationFailed),
    (&[405, 420, 489, 501], TransferFailure::MethodUnsupported),
];

/// The reason phrase of a status (RFC 3261, section 21) that control sends.
pub(crate) fn phrase(status: u16) -> &'static str {
    PHRASES
        .iter()
        .find(|(known, _)| *known == status)
        .map_or("Failed", |(_, phrase)| phrase)
}

const PHRASES: &[(u16, &str)] = &[
    (100, "Trying"),
    (180, "Ringing"),
    (181, "Call Is Being Forwarded"),
    (182, "Queued"),
    (183, "Session Progress"),
    (200, "OK"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (410, "Gone"),
    (413, "Request Entity Too Large"),
    (415, "Unsupported Media Type"),
    (420, "Bad Extension"),
    (480, "Temporarily Unavailable"),
    (481, "Call/Transaction Does Not Exist"),
    (482, "Loop Detected"),
    (483, "Too Many Hops"),
    (484, "Address Incomplete"),
    (486, "Busy Here"),
    (487, "Request Terminated"),
    (488, "Not Acceptable Here"),
    (489, "Bad Event"),
    (491, "Request Pending"),
    (500, "Server Internal Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Server Time-out"),
    (600, "Busy Everywhere"),
    (603, "Decline"),
    (604, "Does Not Exist Anywhere"),
    (606, "Not Acceptable"),
    (607, "Unwanted"),
    (608, "Rejected"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_status_means_two_things() {
        let mut all: Vec<u16> = FAILURES
            .iter()
            .flat_map(|(known, _)| *known)
            .copied()
            .collect();
        let listed = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), listed);
    }
}
