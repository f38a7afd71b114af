//! A caller is passed on, by a new INVITE ([`bridged`]) or by a REFER to his side ([`refer`]).

mod bridged;
mod refer;

use schemas::LegId;
use schemas::command::{AcceptTransfer, RefuseTransfer, ReportTransfer};
use schemas::conclusion::{RequestRefused, TransferFailed, TransferFailure, TransferMethod};
use schemas::observation::{TransferRequested, TransferSource};

pub(crate) use bridged::landed;
pub(crate) use refer::{not_sent, progressed, timed_out};

use crate::call::{Call, Serving};
use crate::configuration::Configuration;
use crate::decide::Draft;
use crate::failure::{Setback, phrase};
use crate::fall_back;
use crate::target::{Refusal, Target, Way, resolve};
use crate::told;

/// Whether the one who asked for a transfer is told more (RFC 3515, section 2.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subscription {
    GoesOn,
    Ends,
}

/// Somebody wants the caller to be passed on.
pub(crate) fn requested(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    request: &TransferRequested,
) {
    let leg = call.leg(request.leg);
    if leg.is_some_and(|leg| leg.is_stream) && !call.may_ask(request.leg) {
        // Whoever is behind a WebSocket has no dialog to be answered in: it reads what came of its request.
        draft.rule("transfer.refused.not_serving");
        return draft.conclude(RequestRefused {
            why: not_serving(call),
        });
    }
    if !leg.is_some_and(|leg| leg.is_open()) || !call.caller_is_open() {
        return;
    }
    if call.transfer().is_some() {
        // No conclusion: the transfer that runs has its own.
        draft.rule("transfer.refused.already_running");
        return refuse(draft, request, 491);
    }
    match admit(call, configuration, request) {
        Ok(target) => begin(draft, call, configuration, request, target),
        Err(refusal) => {
            draft.rule(refusal.rule);
            refuse(draft, request, refusal.status);
            draft.conclude(TransferFailed {
                failure: refusal.failure,
                status: None,
                why: refusal.why,
            });
        }
    }
}

/// Tells who asked for the transfer how it goes; the same status once only.
pub(crate) fn report(
    draft: &mut Draft,
    call: &Call,
    status: u16,
    subscription: Subscription,
    rule: &'static str,
) {
    let Some(transfer) = call.transfer() else {
        return;
    };
    let last = subscription == Subscription::Ends;
    let told = transfer.reported == status && !last;
    let Some(leg) = transfer.asked_by.filter(|_| !told) else {
        return;
    };
    if call.leg(leg).is_some_and(|leg| leg.is_open()) {
        draft.rule(rule);
        draft.command(ReportTransfer {
            leg,
            status,
            phrase: phrase(status).to_owned(),
            last,
        });
    }
}

/// The last report of a transfer.
pub(crate) fn report_end(draft: &mut Draft, call: &Call, status: u16) {
    report(draft, call, status, Subscription::Ends, "transfer.reported");
}

/// Whether a transfer runs for which this leg is dialed.
pub(crate) fn dials(call: &Call, leg: LegId) -> bool {
    call.transfer()
        .is_some_and(|transfer| transfer.method == TransferMethod::Bridged && transfer.leg == leg)
}

/// A transfer that runs came to nothing: the caller goes back to whom he was given to, or, if nobody
/// is there any more, to the next of the number's ladder.
pub(crate) fn failed(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    setback: &Setback,
) {
    let Some(transfer) = call.transfer() else {
        return;
    };
    draft.rule(match transfer.method {
        TransferMethod::Bridged => "transfer.bridged.failed",
        TransferMethod::Refer => "transfer.refer.failed",
    });
    report_end(draft, call, setback.report());
    draft.conclude(TransferFailed {
        failure: setback.failure,
        status: setback.status,
        why: setback.why.clone(),
    });
    if call.caller_is_open() && !draft.give_back(call) {
        fall_back::next(draft, call, configuration, setback);
    }
}

/// The conclusion of a transfer whose call ended before it.
pub(crate) fn caller_left(why: &str) -> TransferFailed {
    TransferFailed {
        failure: TransferFailure::CallerLeft,
        status: None,
        why: why.to_owned(),
    }
}

/// Why an agent behind a WebSocket is not heard.
pub(crate) fn not_serving(call: &Call) -> String {
    let why = match call.transfer() {
        Some(_) => "the caller is being transferred",
        None => "the agent does not talk with the caller any more",
    };
    why.to_owned()
}

/// Whether this leg may ask for this transfer, and where it goes.
fn admit(
    call: &Call,
    configuration: &Configuration,
    request: &TransferRequested,
) -> Result<Target, Refusal> {
    if request.replaces {
        let why = "an attended transfer (Replaces) is not supported";
        return Err(unsupported("transfer.refused.attended", why));
    }
    match (&request.source, &call.serving) {
        (TransferSource::Refer, Serving::Leg(leg)) if *leg == request.leg => {}
        (TransferSource::Agent { agent, .. }, Serving::BuiltIn { agent: serving, .. })
            if agent == serving => {}
        (TransferSource::Agent { .. }, Serving::Leg(_)) if call.may_ask(request.leg) => {}
        (TransferSource::Refer, _) if request.leg == LegId::CALLER => {
            let why = "a transfer that the caller asks for is not supported";
            return Err(unsupported("transfer.refused.by_caller", why));
        }
        (TransferSource::Refer | TransferSource::Agent { .. }, _) => {
            return Err(Refusal {
                rule: "transfer.refused.not_serving",
                status: 403,
                failure: TransferFailure::Rejected,
                why: "only who talks with the caller may pass him on".to_owned(),
            });
        }
    }
    let invite = call
        .invite
        .as_ref()
        .expect("a call with an open caller has begun");
    let target = resolve(configuration, &invite.trunk, request.target.reveal())?;
    if matches!(target.way, Way::Bridged(_)) && call.next_leg().is_none() {
        return Err(Refusal {
            rule: "transfer.refused.too_many_legs",
            status: 503,
            failure: TransferFailure::DestinationUnavailable,
            why: "the call has too many legs".to_owned(),
        });
    }
    if matches!(target.way, Way::Bridged(_))
        && let Err(setback) = told::hops(invite)
    {
        return Err(Refusal {
            rule: "transfer.refused.no_hops_left",
            status: setback.report(),
            failure: setback.failure,
            why: setback.why,
        });
    }
    Ok(target)
}

fn unsupported(rule: &'static str, why: &str) -> Refusal {
    Refusal {
        rule,
        status: 501,
        failure: TransferFailure::MethodUnsupported,
        why: why.to_owned(),
    }
}

/// A REFER gets its answer; an agent that asked in another way hears of it by the conclusion.
fn refuse(draft: &mut Draft, request: &TransferRequested, status: u16) {
    if request.source == TransferSource::Refer {
        draft.command(RefuseTransfer {
            leg: request.leg,
            status,
            phrase: phrase(status).to_owned(),
        });
    }
}

fn begin(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    request: &TransferRequested,
    target: Target,
) {
    if request.source == TransferSource::Refer {
        draft.command(AcceptTransfer { leg: request.leg });
        draft.command(ReportTransfer {
            leg: request.leg,
            status: 100,
            phrase: phrase(100).to_owned(),
            last: false,
        });
    }
    match target.way.clone() {
        Way::Bridged(destination) => {
            let trunk = configuration.trunks.get(&target.trunk);
            let rules = trunk.map(|trunk| trunk.outbound.clone());
            bridged::begin(draft, call, &rules.unwrap_or_default(), target, destination);
        }
        Way::Refer => refer::begin(draft, request, target),
    }
}
