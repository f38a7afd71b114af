//! Which agent answers a number.

use schemas::command::{AnswerLeg, BuiltInAgent, ConnectAgent};
use schemas::conclusion::{CallRouted, TransferFailure, TransferMethod};
use schemas::media::MediaTerms;
use schemas::observation::{InviteReceived, Tried};
use schemas::{AgentName, LegId, TrunkName};

use crate::call::{Call, Invite};
use crate::configuration::{ANY_NUMBER, Agent, Configuration, Number};
use crate::decide::Draft;
use crate::failure::Setback;
use crate::target::{self, Way};
use crate::told::{self, Dialing};
use crate::{limit, stream};

/// The most numbers that a refusal lists one by one; it counts the others.
const TRIED_MAX: usize = 32;

/// The agent name of what a caller hears who waits.
const HOLD: &str = "hold";

/// A call comes in.
pub(crate) fn invite(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    invite: &InviteReceived,
) {
    let caller_is_new = call.routed == 0 && call.caller_is_open();
    if invite.leg != LegId::CALLER || !caller_is_new || call.legs().len() > 1 {
        return;
    }
    let trunk = &invite.trunk.trunk;
    let called = invite.called_number().reveal();
    let Some((number, rule)) = find(configuration, trunk, called) else {
        draft.rule("route.refused");
        draft.tried(invite.trunk.tried.iter().cloned());
        draft.tried(explain(configuration, trunk, called));
        draft.end_caller(
            call,
            404,
            &format!("no rule takes this number from trunk {trunk}"),
        );
        return;
    };
    if limit::refuse(draft, call, configuration, invite, (number, rule)) {
        return;
    }
    draft.rule(if number == ANY_NUMBER {
        "route.default"
    } else {
        "route.number"
    });
    draft.tried(passed_over(configuration, trunk, called, number));
    let rule_name = format!("number {number}");
    if let Err(setback) = give_to(draft, call, configuration, &rule.agent, rule_name) {
        draft.end_caller(call, setback.refusal(), &setback.why);
    }
}

/// The rule for a number: its own one first, then the one for all numbers.
pub(crate) fn find<'a>(
    configuration: &'a Configuration,
    trunk: &TrunkName,
    called: &str,
) -> Option<(&'a str, &'a Number)> {
    [called, ANY_NUMBER].into_iter().find_map(|number| {
        let (number, rule) = configuration.numbers.get_key_value(number)?;
        takes(rule, trunk).then_some((number.as_str(), rule))
    })
}

/// Gives the caller to an agent: answers with a built-in one, dials a SIP one, connects to one behind a WebSocket.
pub(crate) fn give_to(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    name: &AgentName,
    rule: String,
) -> Result<(), Setback> {
    let agent = configuration
        .agents
        .get(name)
        .ok_or_else(|| unavailable(format!("there is no agent {name}")))?;
    match agent {
        Agent::BuiltIn(does) => {
            if !call.caller_is_answered() {
                draft.command(AnswerLeg { leg: LegId::CALLER });
            }
            draft.command(ConnectAgent {
                leg: LegId::CALLER,
                agent: name.clone(),
                does: does.clone(),
            });
        }
        Agent::Sip {
            uri,
            destination,
            outbound,
            srtp,
            srtp_keying,
            codecs,
        } => {
            let (invite, leg) = new_leg(call)?;
            let dialing = Dialing {
                leg,
                trunk: None,
                destination: destination.clone(),
                target: uri.clone(),
                context: Vec::new(),
                media: MediaTerms {
                    srtp: *srtp,
                    keying: srtp_keying.clone(),
                    codecs: codecs.clone(),
                },
            };
            let dial = told::dial(invite, outbound, dialing)?;
            wait(draft, call);
            draft.command(dial);
        }
        Agent::WebSocket(agent) => {
            let (invite, leg) = new_leg(call)?;
            wait(draft, call);
            draft.command(stream::dial(invite, (name, agent), leg));
        }
    }
    let tried = draft.take_tried();
    draft.conclude(CallRouted {
        agent: name.clone(),
        rule,
        tried,
    });
    Ok(())
}

/// Gives the caller to a transfer target, by an INVITE through its trunk.
pub(crate) fn send_to(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    name: &str,
    rule: String,
) -> Result<(), Setback> {
    let (invite, leg) = new_leg(call)?;
    let method = Some(TransferMethod::Bridged);
    let target = target::resolve_by(configuration, &invite.trunk, name, method)
        .map_err(|refusal| Setback::local(refusal.failure, refusal.why))?;
    let Way::Bridged(destination) = target.way else {
        return Err(unavailable(format!("{name} cannot be called")));
    };
    let outbound = configuration.trunks.get(&target.trunk);
    let outbound = outbound.map(|trunk| trunk.outbound.clone());
    let dialing = Dialing {
        leg,
        trunk: Some(target.trunk),
        destination,
        target: target.uri,
        context: target.context,
        media: MediaTerms::default(),
    };
    let dial = told::dial(invite, &outbound.unwrap_or_default(), dialing)?;
    wait(draft, call);
    draft.command(dial);
    let tried = draft.take_tried();
    draft.conclude(CallRouted {
        agent: AgentName::from(name),
        rule,
        tried,
    });
    Ok(())
}

/// The call's INVITE and the number of a new leg.
fn new_leg(call: &Call) -> Result<(&Invite, LegId), Setback> {
    let leg = call
        .next_leg()
        .ok_or_else(|| unavailable("the call has too many legs".into()))?;
    let invite = call.invite.as_ref();
    let invite = invite.expect("a call that is given to an agent has begun");
    Ok((invite, leg))
}

/// A caller who was answered hears that he waits.
fn wait(draft: &mut Draft, call: &Call) {
    if call.caller_is_answered() {
        draft.command(hold());
    }
}

fn unavailable(why: String) -> Setback {
    Setback::local(TransferFailure::DestinationUnavailable, why)
}

/// What a caller hears who waits.
pub(crate) fn hold() -> ConnectAgent {
    ConnectAgent {
        leg: LegId::CALLER,
        agent: AgentName::from(HOLD),
        does: BuiltInAgent::Hold,
    }
}

fn takes(rule: &Number, trunk: &TrunkName) -> bool {
    rule.trunk.as_ref().is_none_or(|only| only == trunk)
}

/// The rules that stand before the one that matched, and why they did not.
fn passed_over(
    configuration: &Configuration,
    trunk: &TrunkName,
    called: &str,
    matched: &str,
) -> Vec<Tried> {
    if matched == called {
        return Vec::new();
    }
    match configuration.numbers.get(called) {
        Some(rule) => vec![other_trunk(called, rule, trunk)],
        None => Vec::new(),
    }
}

/// Every rule and the first predicate in it that failed: first those that came nearest.
fn explain(configuration: &Configuration, trunk: &TrunkName, called: &str) -> Vec<Tried> {
    let own = |number: &str| number == called || number == ANY_NUMBER;
    let mut tried: Vec<Tried> = [called, ANY_NUMBER]
        .into_iter()
        .filter_map(|number| {
            Some(other_trunk(
                number,
                configuration.numbers.get(number)?,
                trunk,
            ))
        })
        .collect();
    let mut others: Vec<&String> = configuration
        .numbers
        .keys()
        .filter(|number| !own(number))
        .collect();
    others.sort_by_key(|number| !differs_by_form(number, called));
    for number in others.iter().take(TRIED_MAX) {
        let failed = if differs_by_form(number, called) {
            "the number called is written differently: with, or without, its leading + or zeros"
        } else {
            "it is not the number called"
        };
        tried.push(Tried {
            candidate: format!("number {number}"),
            failed: failed.to_owned(),
        });
    }
    if others.len() > TRIED_MAX {
        tried.push(Tried {
            candidate: format!("{} more numbers", others.len() - TRIED_MAX),
            failed: "none is the number called".to_owned(),
        });
    }
    if tried.is_empty() {
        tried.push(Tried {
            candidate: "numbers".to_owned(),
            failed: "the configuration has none".to_owned(),
        });
    }
    tried
}

fn other_trunk(number: &str, rule: &Number, trunk: &TrunkName) -> Tried {
    let only = rule.trunk.as_ref().map_or("", TrunkName::as_str);
    Tried {
        candidate: format!("number {number}"),
        failed: format!("it takes calls of trunk {only} only, this one is of trunk {trunk}"),
    }
}

/// Whether two numbers differ in nothing but `+`, `00` and the like before them.
fn differs_by_form(number: &str, called: &str) -> bool {
    let bare = |number: &str| number.trim_start_matches(['+', '0']).to_owned();
    number != called && !bare(number).is_empty() && bare(number) == bare(called)
}
