//! A transfer by REFER (RFC 3515): the caller's side calls the target itself.
//!
//! ```text
//!   agent            trunkline             caller's side
//!     │ REFER ──────────►│                        │
//!     │◄──── 202, NOTIFY 100                      │
//!     │                  │ REFER ────────────────►│ ──INVITE──► target
//!     │                  │◄─────── 202, NOTIFY 180│
//!     │◄──── NOTIFY 180 ─│                        │
//!     │                  │◄───────── NOTIFY 200 ──│
//!     │◄──── NOTIFY 200 ─│                        │
//!     │◄──── BYE         │ BYE ──────────────────►│
//! ```
//!
//! The BYE follows the last NOTIFY at once: some carriers keep the caller in silence until it comes.

use schemas::LegId;
use schemas::Personal;
use schemas::command::ReferLeg;
use schemas::conclusion::{TransferCompleted, TransferFailure, TransferMethod, TransferStarted};
use schemas::observation::{TransferProgress, TransferProgressed, TransferRequested};

use super::Subscription;
use crate::call::Call;
use crate::configuration::Configuration;
use crate::decide::Draft;
use crate::failure::{Setback, failure_of};
use crate::leg::Role;
use crate::route;
use crate::target::Target;

/// Asks the caller's side to call the target.
pub(crate) fn begin(draft: &mut Draft, request: &TransferRequested, target: Target) {
    let to = Personal::new(target.uri);
    draft.rule("transfer.refer.started");
    draft.command(route::hold());
    draft.command(ReferLeg {
        leg: LegId::CALLER,
        target: to.clone(),
        referred_by: request.referred_by.clone(),
    });
    draft.conclude(TransferStarted {
        target: to,
        method: TransferMethod::Refer,
        leg: LegId::CALLER,
    });
}

/// The caller's side tells how it goes.
pub(crate) fn progressed(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    progressed: &TransferProgressed,
) {
    if !runs(call) || progressed.leg != LegId::CALLER {
        return;
    }
    match &progressed.progress {
        TransferProgress::Sent | TransferProgress::Accepted => {}
        TransferProgress::Refused { status, phrase } => {
            let why = format!("the caller's side refused the REFER: {status} {phrase}");
            super::failed(draft, call, configuration, &told(*status, why));
        }
        TransferProgress::Notified {
            status,
            phrase,
            last,
        } => match status {
            200..300 => completed(draft, call),
            300.. => {
                let why = format!("the target: {status} {phrase}");
                super::failed(draft, call, configuration, &told(*status, why));
            }
            _ if *last => {
                let why = "the caller's side stopped telling before the end";
                let failure = TransferFailure::DestinationUnavailable;
                super::failed(draft, call, configuration, &Setback::local(failure, why));
            }
            101.. => super::report(
                draft,
                call,
                *status,
                Subscription::GoesOn,
                "transfer.refer.progressed",
            ),
            _ => {}
        },
        TransferProgress::TimedOut => no_end(draft, call, configuration),
    }
}

/// The transfer took too long.
pub(crate) fn timed_out(draft: &mut Draft, call: &Call, configuration: &Configuration) {
    if runs(call) {
        no_end(draft, call, configuration);
    }
}

/// The edge could not send the REFER.
pub(crate) fn not_sent(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    setback: &Setback,
) {
    if runs(call) {
        super::failed(draft, call, configuration, setback);
    }
}

fn runs(call: &Call) -> bool {
    call.transfer()
        .is_some_and(|transfer| transfer.method == TransferMethod::Refer)
}

/// The caller talks to the target. Every leg here is done.
fn completed(draft: &mut Draft, call: &Call) {
    draft.rule("transfer.refer.completed");
    super::report_end(draft, call, 200);
    draft.end_caller(call, 480, "the caller's side carried the transfer out");
    for leg in call.legs() {
        if leg.role() != Role::Caller && leg.is_open() {
            draft.hang_up(leg.id(), None);
        }
    }
    draft.conclude(TransferCompleted {
        method: TransferMethod::Refer,
        leg: LegId::CALLER,
    });
}

fn no_end(draft: &mut Draft, call: &Call, configuration: &Configuration) {
    let rang = call
        .transfer()
        .and_then(|transfer| transfer.notified)
        .is_some_and(|status| status > 100);
    let setback = if rang {
        Setback::local(TransferFailure::NoAnswer, "the target rang for too long")
    } else {
        let why = "the caller's side did not say what came of the REFER";
        Setback::local(TransferFailure::DestinationUnavailable, why)
    };
    super::failed(draft, call, configuration, &setback);
}

fn told(status: u16, why: String) -> Setback {
    Setback {
        status: Some(status),
        failure: failure_of(status),
        why,
        retry_after_s: None,
    }
}
