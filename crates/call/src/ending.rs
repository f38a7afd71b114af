//! Why a call ends: who, how, and in which words.

use schemas::conclusion::{CallEnded, CallEndedBy, CallOutcome};
use schemas::observation::{AgentLost, CommandFailed, EndedBy, LegEnded, LegFailure};

use crate::call::Call;
use crate::leg::{Leg, Role};

/// Why a call ends. Known before its legs are over; told when they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Who ended it.
    pub by: CallEndedBy,
    /// How.
    pub outcome: CallOutcome,
    /// In words.
    pub cause: String,
}

/// What an agent says who has done his work (`AgentLost`).
pub(crate) const FINISHED: &str = "finished";

impl Ending {
    pub(crate) fn new(by: CallEndedBy, outcome: CallOutcome, cause: impl Into<String>) -> Ending {
        Ending {
            by,
            outcome,
            cause: cause.into(),
        }
    }

    /// A BYE.
    pub(crate) fn bye(leg: &Leg) -> Ending {
        let cause = match leg.is_stream {
            true => format!("the {} closed its connection", name(leg.role())),
            false => format!("BYE from the {}", name(leg.role())),
        };
        let outcome = if leg.role() == Role::Caller && !leg.answered_or_about_to() {
            CallOutcome::Abandoned
        } else {
            CallOutcome::Completed
        };
        Ending::new(by(leg.role()), outcome, cause)
    }

    /// A CANCEL.
    pub(crate) fn cancel() -> Ending {
        let cause = "CANCEL from the caller";
        Ending::new(CallEndedBy::Caller, CallOutcome::Abandoned, cause)
    }

    /// A leg is over, and nothing before said why.
    pub(crate) fn leg_ended(leg: &Leg, ended: &LegEnded) -> Ending {
        match ended.by {
            _ if leg.rang_out => {
                let cause = format!(
                    "the {} was not reached: it rang for too long",
                    name(leg.role())
                );
                Ending::new(CallEndedBy::Control, CallOutcome::Failed, cause)
            }
            EndedBy::Peer => Ending::bye(leg),
            EndedBy::Control => {
                Ending::new(CallEndedBy::Control, CallOutcome::Completed, &*ended.cause)
            }
            EndedBy::Edge => {
                let cause = format!("the {}'s leg: {}", name(leg.role()), ended.cause);
                Ending::new(CallEndedBy::Edge, CallOutcome::Failed, cause)
            }
        }
    }

    /// A dialed leg was not answered.
    pub(crate) fn leg_failed(leg: &Leg, failure: &LegFailure) -> Ending {
        let why = crate::failure::Setback::of(leg, failure, None).why;
        let cause = format!("the {} was not reached: {why}", name(leg.role()));
        Ending::new(CallEndedBy::Control, CallOutcome::Failed, cause)
    }

    /// An agent went away by itself.
    pub(crate) fn agent_lost(lost: &AgentLost) -> Ending {
        let cause = format!("agent {}: {}", lost.agent, lost.cause);
        let outcome = if lost.cause == FINISHED {
            CallOutcome::Completed
        } else {
            CallOutcome::Failed
        };
        Ending::new(CallEndedBy::Agent, outcome, cause)
    }

    /// The edge could not do what was decided.
    pub(crate) fn command_failed(failed: &CommandFailed) -> Ending {
        let cause = format!("{} failed: {}", failed.command, failed.error);
        Ending::new(CallEndedBy::Edge, CallOutcome::Failed, cause)
    }

    /// The longest time that a call may last is over.
    pub(crate) fn expired(call: &Call) -> Ending {
        let cause = "the call lasted as long as a call may";
        Ending::new(CallEndedBy::Control, ended_outcome(call), cause)
    }

    /// An operator wants it.
    pub(crate) fn operator(call: &Call, name: &str) -> Ending {
        let cause = format!("hung up by {name}");
        Ending::new(CallEndedBy::Operator, ended_outcome(call), cause)
    }

    /// The agent wants it, and says so beside its connection.
    pub(crate) fn agent(call: &Call) -> Ending {
        let cause = "the agent asked for the end";
        Ending::new(CallEndedBy::Agent, ended_outcome(call), cause)
    }

    /// The conclusion of a call whose legs are all over.
    pub(crate) fn conclude(call: &Call) -> CallEnded {
        let fallback = || Ending::new(CallEndedBy::Edge, CallOutcome::Failed, "every leg is over");
        let Ending { by, outcome, cause } = call.ending.clone().unwrap_or_else(fallback);
        let outcome = match outcome {
            CallOutcome::Completed if call.handed_over => CallOutcome::Transferred,
            other => other,
        };
        CallEnded { by, outcome, cause }
    }
}

/// A role in words.
pub(crate) fn name(role: Role) -> &'static str {
    match role {
        Role::Caller => "caller",
        Role::Agent => "agent",
        Role::Target => "target",
    }
}

fn by(role: Role) -> CallEndedBy {
    match role {
        Role::Caller => CallEndedBy::Caller,
        Role::Agent => CallEndedBy::Agent,
        Role::Target => CallEndedBy::Target,
    }
}

/// A call that one ends who may was completed if it was answered, and refused if not.
fn ended_outcome(call: &Call) -> CallOutcome {
    match call.caller() {
        Some(caller) if caller.answered_or_about_to() => CallOutcome::Completed,
        _ => CallOutcome::Refused,
    }
}
