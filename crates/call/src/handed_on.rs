//! What somebody who hangs up hands on: the header fields of his BYE, to each of those who are hung up because of it, as
//! far as its own rules list them. So an agent gives a caller back with what he found out.

use std::collections::BTreeMap;

use schemas::observation::{ByeReceived, ContextHeader, is_listed};
use schemas::{LegId, Observation};

use crate::call::Call;
use crate::configuration::{Agent, Configuration};
use crate::leg::{Far, Role};
use crate::told::{DIVERSION, HISTORY_INFO};

/// What goes along with the BYE to each leg.
#[derive(Debug, Default)]
pub(crate) struct HandedOn(BTreeMap<LegId, Vec<ContextHeader>>);

impl HandedOn {
    /// What the others get because of an observation: nothing, unless it is a BYE.
    pub(crate) fn because_of(
        observation: &Observation,
        call: &Call,
        configuration: &Configuration,
    ) -> HandedOn {
        let Observation::ByeReceived(bye) = observation else {
            return HandedOn::default();
        };
        let others = call.legs().iter().filter(|leg| leg.id() != bye.leg);
        HandedOn(
            others
                .filter_map(|leg| {
                    let listed = listed(call, configuration, leg.id())?;
                    Some((leg.id(), crossing(bye, listed)))
                })
                .collect(),
        )
    }

    /// What goes along with the BYE to a leg.
    pub(crate) fn take(&mut self, leg: LegId) -> Vec<ContextHeader> {
        self.0.remove(&leg).unwrap_or_default()
    }
}

/// The past of a call is told at its beginning; at its end there is only what was found out.
fn crossing(bye: &ByeReceived, listed: &[String]) -> Vec<ContextHeader> {
    let is_past = |name: &str| {
        [DIVERSION, HISTORY_INFO]
            .iter()
            .any(|past| past.eq_ignore_ascii_case(name))
    };
    let crosses =
        |header: &&ContextHeader| is_listed(&header.name, listed) && !is_past(&header.name);
    bye.context.iter().filter(crosses).cloned().collect()
}

/// The header fields that the far side of a leg gets.
fn listed<'a>(call: &Call, configuration: &'a Configuration, leg: LegId) -> Option<&'a [String]> {
    let leg = call.leg(leg)?;
    let trunk = match (leg.role(), leg.far.as_ref()) {
        (Role::Caller, _) => &call.invite.as_ref()?.trunk,
        (Role::Agent | Role::Target, Some(Far::Trunk(trunk))) => trunk,
        (Role::Agent | Role::Target, Some(Far::Agent(agent))) => {
            return match configuration.agents.get(agent)? {
                Agent::Sip { outbound, .. } => Some(&outbound.headers),
                Agent::BuiltIn(_) | Agent::WebSocket(_) => None,
            };
        }
        (Role::Agent | Role::Target, None) => return None,
    };
    let trunk = configuration.trunks.get(trunk)?;
    Some(&trunk.outbound.headers)
}
