//! Somebody wants the end, or is gone.

use schemas::LegId;
use schemas::conclusion::{CallEndedBy, CallOutcome, RequestRefused, TransferFailure};
use schemas::observation::{EndedBy, LegEnded};

use crate::call::Call;
use crate::configuration::Configuration;
use crate::decide::Draft;
use crate::ending::Ending;
use crate::failure::Setback;
use crate::leg::Role;
use crate::{fall_back, transfer};

/// A peer said goodbye: BYE or CANCEL.
pub(crate) fn goodbye(draft: &mut Draft, call: &Call, leg: LegId) {
    if leg == LegId::CALLER {
        if anything_goes_on(call) {
            draft.rule("hang_up.caller");
            everyone(draft, call, 487, "the caller hung up");
        }
    } else if call.is_serving(leg) && call.transfer().is_none() && call.caller_is_open() {
        // During a transfer the agent may go: whoever sent a REFER often does, and the caller waits
        // for the target.
        let (rule, why) = match call.leg(leg).map(|leg| leg.role()) {
            Some(Role::Target) => ("hang_up.target", "the target hung up"),
            _ => ("hang_up.agent", "the agent hung up"),
        };
        draft.rule(rule);
        everyone(draft, call, 480, why);
    }
}

/// A leg is over.
pub(crate) fn leg_ended(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    ended: &LegEnded,
) {
    let Some(leg) = call.leg(ended.leg) else {
        return;
    };
    if ended.leg == LegId::CALLER {
        return goodbye(draft, call, ended.leg);
    }
    if !call.caller_is_open() {
        return;
    }
    if ended.by == EndedBy::Peer && leg.was_answered && !leg.rang_out {
        return goodbye(draft, call, ended.leg);
    }
    let why = if leg.rang_out {
        "it rang for too long"
    } else {
        ended.cause.as_str()
    };
    let failure = match leg.role() {
        Role::Target if leg.rang_out => TransferFailure::NoAnswer,
        Role::Caller | Role::Agent | Role::Target => TransferFailure::DestinationUnavailable,
    };
    let setback = Setback::local(failure, why);
    fall_back::leg_lost(draft, call, configuration, ended.leg, &setback);
}

/// An operator wants the call to end.
pub(crate) fn operator(draft: &mut Draft, call: &Call) {
    if anything_goes_on(call) {
        draft.rule("hang_up.operator");
        everyone(draft, call, 480, "an operator hung up");
    }
}

/// The agent on a leg wants the call to end. One that passed the caller on has nothing to say any more.
pub(crate) fn by_agent(draft: &mut Draft, call: &Call, leg: LegId) {
    if call.may_ask(leg) {
        draft.rule("hang_up.agent");
        everyone(draft, call, 480, "the agent hung up");
    } else {
        draft.rule("hang_up.refused");
        draft.conclude(RequestRefused {
            why: transfer::not_serving(call),
        });
    }
}

/// The call lasted as long as a call may. The second time the edge had its time of grace.
pub(crate) fn expired(draft: &mut Draft, call: &Call) {
    if call.expired.is_some_and(|expired| expired.twice) {
        draft.rule("hang_up.given_up");
        let cause = "the edge did not end the call's legs";
        let lost = Ending::new(CallEndedBy::Edge, CallOutcome::Failed, cause);
        draft.give_up(
            call,
            schemas::conclusion::CallEnded {
                by: lost.by,
                outcome: lost.outcome,
                cause: lost.cause,
            },
        );
    } else if anything_goes_on(call) {
        draft.rule("hang_up.maximum_duration");
        everyone(draft, call, 480, "the call lasted as long as a call may");
    }
}

/// Ends every leg that goes on, and a transfer that runs.
pub(crate) fn everyone(draft: &mut Draft, call: &Call, status: u16, why: &str) {
    if call.transfer().is_some() {
        let left = transfer::caller_left(why);
        transfer::report_end(draft, call, 487);
        draft.conclude(left);
    }
    draft.end_caller(call, status, why);
    for leg in call.legs() {
        if leg.role() != Role::Caller && leg.is_open() {
            draft.hang_up(leg.id(), call.reason.clone());
        }
    }
}

fn anything_goes_on(call: &Call) -> bool {
    call.transfer().is_some() || call.legs().iter().any(|leg| leg.is_open())
}
