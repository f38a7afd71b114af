//! What a transfer shows: that it is accepted, that it lands, that the caller's number comes along.

use schemas::conclusion::{TransferFailure, TransferMethod};
use schemas::{LegId, TrunkName};

use super::findings::Judge;
use super::{Check, Verdict};
use crate::history::{Acceptance, Leg, Transfer, TransferState};

/// The trunk that carries a transfer: the target's for a new call, the caller's for a REFER.
fn trunk_of(judge: &Judge<'_>, transfer: &Transfer) -> Option<TrunkName> {
    let leg = transfer.leg.and_then(|leg| judge.row.leg(leg));
    leg.and_then(|leg| leg.trunk.clone())
        .or_else(|| judge.row.trunk.clone())
}

pub(super) fn judge(judge: &mut Judge<'_>, transfer: &Transfer) {
    let (Some(trunk), Some(method)) = (trunk_of(judge, transfer), transfer.method) else {
        return;
    };
    let row = judge.row;
    let target = match method {
        TransferMethod::Bridged => transfer.leg.and_then(|leg| row.leg(leg)),
        TransferMethod::Refer => None,
    };
    let asked = [
        transfer.requested_event,
        transfer.acceptance_event,
        transfer.ended_event,
    ];
    judge.find(
        &trunk,
        Check::TransferAccepted,
        accepted(transfer, method),
        &asked,
    );
    if transfer.is_over() {
        let ended = [
            transfer.ended_event,
            target.and_then(|leg| leg.evidence.measured),
        ];
        judge.find(
            &trunk,
            Check::TransferLands,
            lands(transfer, method, target),
            &ended,
        );
    }
    match (target, row.caller.as_ref()) {
        (Some(target), Some(caller)) => {
            let caller_began = row.leg(LegId::CALLER).and_then(|leg| leg.evidence.began);
            let judged = number_intact(target, caller.number.reveal());
            let events = [target.evidence.began, caller_began];
            // An INVITE that was never sent shows nothing.
            if target.evidence.began.is_some() {
                judge.find(&trunk, Check::CallerIdOnTransfer, judged, &events);
            }
        }
        _ if method == TransferMethod::Refer && transfer.state == TransferState::Completed => {
            let why = "the far side placed the new call: what the target was shown cannot be seen from here";
            let judged = (Verdict::Inconclusive, why.to_owned());
            judge.find(
                &trunk,
                Check::CallerIdOnTransfer,
                judged,
                &[transfer.ended_event],
            );
        }
        _ => {}
    }
}

fn accepted(transfer: &Transfer, method: TransferMethod) -> (Verdict, String) {
    match (&transfer.acceptance, method) {
        (Acceptance::Accepted, TransferMethod::Refer) => {
            (Verdict::Pass, "the far side accepted the REFER".to_owned())
        }
        (Acceptance::Accepted, TransferMethod::Bridged) => (
            Verdict::Pass,
            "the call to the target went through".to_owned(),
        ),
        (Acceptance::Refused { status, phrase }, TransferMethod::Bridged)
            if matches!(status, 480 | 486 | 600 | 603) =>
        {
            let why = format!("the target did not take the call ({status} {phrase}): try again");
            (Verdict::Inconclusive, why)
        }
        (Acceptance::Refused { status, phrase }, _) => {
            (Verdict::Fail, format!("refused with {status} {phrase}"))
        }
        (Acceptance::TimedOut, _) => (
            Verdict::Fail,
            format!("the far side did not answer: {}", transfer.why),
        ),
        (Acceptance::Unknown, _) => match transfer.failure {
            Some(TransferFailure::CallerLeft) | None => (
                Verdict::Inconclusive,
                "the call ended before the far side said anything".to_owned(),
            ),
            Some(_) => (Verdict::Fail, transfer.why.clone()),
        },
    }
}

fn lands(transfer: &Transfer, method: TransferMethod, target: Option<&Leg>) -> (Verdict, String) {
    if transfer.state == TransferState::Failed {
        return match transfer.failure {
            Some(TransferFailure::CallerLeft) => {
                (Verdict::Inconclusive, "the caller hung up first".to_owned())
            }
            Some(_) | None => (Verdict::Fail, transfer.why.clone()),
        };
    }
    if method == TransferMethod::Refer {
        let why = "the far side says that the target answered (NOTIFY); which phone rang only the far side knows";
        return (Verdict::Pass, why.to_owned());
    }
    match target.and_then(|leg| leg.measure.as_ref()) {
        Some(measure) if measure.received.packets > 0 => {
            let packets = measure.received.packets;
            (
                Verdict::Pass,
                format!("the target answered and was heard ({packets} packets)"),
            )
        }
        Some(_) => (
            Verdict::Inconclusive,
            "the target answered, and nothing was heard of it".to_owned(),
        ),
        None => (
            Verdict::Inconclusive,
            "the target answered; its audio was not measured".to_owned(),
        ),
    }
}

fn number_intact(target: &Leg, caller: &str) -> (Verdict, String) {
    let shown = target.shown_caller.reveal();
    if caller.is_empty() {
        (
            Verdict::Inconclusive,
            "the caller withheld the number".to_owned(),
        )
    } else if shown == caller {
        let why = format!("the target was called with {shown}, as the caller came");
        (Verdict::Pass, why)
    } else {
        let shown = if shown.is_empty() { "no number" } else { shown };
        (
            Verdict::Fail,
            format!("the target was called with {shown}, the caller came with {caller}"),
        )
    }
}
