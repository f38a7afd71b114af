//! Somebody was not reached or was lost: the next step of the number's ladder.

use schemas::LegId;
use schemas::conclusion::TransferFailure;
use schemas::observation::{AgentLost, Tried};

use crate::call::{Call, Serving};
use crate::configuration::{Configuration, Fallback};
use crate::decide::Draft;
use crate::ending::FINISHED;
use crate::failure::Setback;
use crate::{hang_up, route, transfer};

/// A dialed leg came to nothing.
pub(crate) fn leg_lost(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    leg: LegId,
    setback: &Setback,
) {
    if transfer::dials(call, leg) {
        transfer::failed(draft, call, configuration, setback);
    } else if call.is_serving(leg) && call.transfer().is_none() {
        next(draft, call, configuration, setback);
    }
}

/// A built-in agent went away by itself. One that has done his work ends the call.
pub(crate) fn agent_lost(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    lost: &AgentLost,
) {
    let was_serving = call.blame.is_some() && call.serving == Serving::Nobody;
    if !was_serving || call.transfer().is_some() || !call.caller_is_open() {
        return;
    }
    if lost.cause == FINISHED {
        draft.rule("hang_up.agent_finished");
        hang_up::everyone(draft, call, 480, &lost.cause);
    } else {
        let failure = TransferFailure::DestinationUnavailable;
        next(
            draft,
            call,
            configuration,
            &Setback::local(failure, &*lost.cause),
        );
    }
}

/// Takes the next step of the ladder; behind its end the caller is let go.
pub(crate) fn next(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    setback: &Setback,
) {
    let Some(invite) = call.invite.as_ref().filter(|_| call.caller_is_open()) else {
        return;
    };
    let candidate = failed_candidate(call);
    let why = format!("{candidate}: {}", setback.why);
    draft.tried([Tried {
        candidate,
        failed: setback.why.clone(),
    }]);
    let found = route::find(configuration, &invite.trunk, invite.called.reveal());
    let (number, ladder) = match found {
        Some((number, rule)) => (number, rule.fallback.as_slice()),
        None => ("", &[][..]),
    };
    // The first agent is the rule's own; each one after him was a step.
    let taken = call.routed.saturating_sub(1);
    for (index, step) in ladder.iter().enumerate().skip(taken) {
        match step {
            Fallback::Agent(agent) => {
                let rule = format!("number {number}, fallback {}", index + 1);
                match route::give_to(draft, call, configuration, agent, rule) {
                    Ok(()) => return draft.rule("fall_back.agent"),
                    Err(next) => draft.tried([Tried {
                        candidate: format!("agent {agent}"),
                        failed: next.why,
                    }]),
                }
            }
            Fallback::Transfer(target) => {
                let rule = format!("number {number}, fallback {}", index + 1);
                match route::send_to(draft, call, configuration, target, rule) {
                    Ok(()) => return draft.rule("fall_back.transfer"),
                    Err(next) => draft.tried([Tried {
                        candidate: format!("transfer {target}"),
                        failed: next.why,
                    }]),
                }
            }
            Fallback::Refuse { status } => {
                draft.rule("fall_back.refused");
                return draft.end_caller(call, *status, &why);
            }
        }
    }
    draft.rule("fall_back.nobody_left");
    draft.end_caller_after(call, setback.refusal(), setback.retry_after_s, &why);
}

/// Who was tried last, for the explanation.
fn failed_candidate(call: &Call) -> String {
    if call.transfer().is_some() {
        return "transfer".to_owned();
    }
    match &call.agent {
        Some(agent) => format!("agent {agent}"),
        None => "agent".to_owned(),
    }
}
