//! An agent that is reached by a WebSocket: what it is told first, and what follows when it says nothing.

use std::collections::BTreeMap;

use schemas::command::{DialStream, StreamParameter, StreamProtocol};
use schemas::conclusion::TransferFailure;
use schemas::observation::{AgentSilent, is_listed};
use schemas::{AgentName, LegId, Personal};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Invite};
use crate::configuration::{Agent, Configuration};
use crate::decide::Draft;
use crate::failure::Setback;
use crate::fall_back;
use crate::outbound::Outbound;
use crate::told::{Teller, is_in_parts};

/// An agent behind a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSocket {
    /// `ws://` or `wss://`, without anything secret.
    pub url: String,
    /// What is spoken there.
    pub protocol: StreamProtocol,
    /// What it is told beside who calls whom; one of ours of the same name is left out.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// What it is told of its calls.
    #[serde(default)]
    pub outbound: Outbound,
    /// How many seconds it may say nothing before the next step of the ladder is taken; for ever if absent.
    #[serde(default)]
    pub silent_s: Option<u32>,
}

/// Milliseconds of an agent's silence that are worth an event where nothing follows from them.
const SILENT_MS: u32 = 30_000;

/// The command to connect to an agent.
pub(crate) fn dial(
    invite: &Invite,
    (name, agent): (&AgentName, &WebSocket),
    leg: LegId,
) -> DialStream {
    DialStream {
        leg,
        agent: name.clone(),
        url: agent.url.clone(),
        protocol: agent.protocol,
        parameters: parameters(invite, agent),
        silent_ms: agent
            .silent_s
            .map_or(SILENT_MS, |seconds| seconds.saturating_mul(1_000)),
    }
}

/// Who calls whom, through which trunk, redirected by whom; the header fields that may cross; what the file says.
fn parameters(invite: &Invite, agent: &WebSocket) -> Vec<StreamParameter> {
    let rules = &agent.outbound;
    let teller = Teller { invite, rules };
    let from = teller.from();
    let from_number = match from.number.as_str() {
        "" => "anonymous",
        number => number,
    };
    let to_number = rules.numbers.write(invite.called.reveal());
    let diversions = teller.diversions();
    let diverted = diversions
        .first()
        .map(|latest| latest.party.reveal().number());
    let ours = [
        ("from_number", Some(from_number)),
        ("from_name", Some(from.display_name.as_str())),
        ("to_number", Some(to_number.as_str())),
        ("trunk", Some(invite.trunk.as_str())),
        ("diverted_from", diverted),
    ];
    let ours = ours.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((name.to_owned(), value.to_owned()))
    });
    let written = agent.parameters.clone().into_iter();
    let context = invite.context.iter();
    let context = context
        .filter(|header| is_listed(&header.name, &rules.headers) && !is_in_parts(&header.name))
        .map(|header| (header.name.clone(), header.value.reveal().clone()));
    let mut parameters: Vec<StreamParameter> = Vec::new();
    for (name, value) in written.chain(ours).chain(context) {
        if !parameters.iter().any(|known| known.name == name) {
            let value = Personal::new(value);
            parameters.push(StreamParameter { name, value });
        }
    }
    parameters
}

/// The agent that the caller was given to says nothing. Where that has a bound, the next one is tried.
pub(crate) fn silent(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    silent: &AgentSilent,
) {
    let serves = call.is_serving(silent.leg) && call.transfer().is_none();
    let talks = call.leg(silent.leg).is_some_and(|leg| leg.is_talking());
    let agent = call.agent.as_ref();
    let has_bound = agent
        .and_then(|name| configuration.agents.get(name))
        .is_some_and(|agent| {
            matches!(
                agent,
                Agent::WebSocket(WebSocket {
                    silent_s: Some(_),
                    ..
                })
            )
        });
    if !serves || !talks || !has_bound || !call.caller_is_open() {
        return;
    }
    draft.hang_up(silent.leg, None);
    let why = format!("it said nothing for {} s", silent.for_ms / 1_000);
    let setback = Setback::local(TransferFailure::DestinationUnavailable, why);
    fall_back::next(draft, call, configuration, &setback);
}

impl WebSocket {
    /// Whether the URL can be connected to: a scheme of WebSockets, a host, and nothing secret.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let rest = ["ws://", "wss://"]
            .iter()
            .find_map(|scheme| self.url.strip_prefix(scheme))
            .ok_or("it does not begin with ws:// or wss://")?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err("a user and a password in it would be told the log");
        }
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        if host.is_empty() || !self.url.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err("it has no host, or octets that no URL has");
        }
        if self.url.contains('#') {
            return Err("a fragment is never sent (RFC 6455, section 3)");
        }
        Ok(())
    }
}
