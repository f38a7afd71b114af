//! Lost: what a closed connection means for what went by it (RFC 3261 §18.2.2, §18.4).
//!
//! Nothing is repeated on a stream, so a request that nothing was heard of has failed. Everything else finds another
//! way: answers go to the address in the Via, requests in a dialog to the Contact; both by a new connection.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::dialog::exchange::Exchange;
use crate::dialog::leg::Leg;
use crate::message::Message;
use crate::timers::Reliability;

use super::Endpoint;
use super::flow::{Flow, Party};
use super::keys::TransactionKey;

impl Endpoint {
    /// The connection behind `flow` is closed.
    pub(super) fn flow_lost(&mut self, flow: Flow, now: Instant) {
        let mut answers = BTreeMap::new();
        for received in self.servers.values_mut() {
            if received.target == flow
                && let Some(elsewhere) = received.elsewhere
            {
                received.target = elsewhere;
                answers.extend(received.leg.map(|leg| (leg, elsewhere)));
            }
        }
        for (key, leg) in &mut self.legs {
            leave(leg, flow, answers.get(key).copied());
        }
        let unheard: Vec<TransactionKey> = self
            .clients
            .iter()
            .filter(|(_, sent)| sent.flow == flow && sent.machine.is_unheard())
            .map(|(key, _)| *key)
            .collect();
        for key in unheard {
            self.send_failed(key, now);
        }
    }
}

/// Where the answer to a request goes when the connection that it came by is closed: to the port that its sender
/// listens on. A datagram has no connection.
pub(super) fn elsewhere(request: &Message, source: Flow) -> Option<Flow> {
    if source.transport.reliability() == Reliability::Unreliable {
        return None;
    }
    let via = request.top_via().ok()?;
    let port = via.port().unwrap_or(source.transport.default_port());
    let mut remote = source.remote;
    remote.set_port(port);
    // Whoever listens there has yet to prove who it is.
    let party = Party::UNPROVEN;
    Some(Flow {
        remote,
        party,
        ..source
    })
}

/// Lets a leg go another way than the one that is closed, if its peer named one.
fn leave(leg: &mut Leg, closed: Flow, answers: Option<Flow>) {
    if leg.flow == closed
        && let Some(peer) = leg.peers.first()
    {
        leg.flow = leg.flow_beside(&peer.dialog);
    }
    let flow = answers.unwrap_or(leg.flow);
    for peer in &mut leg.peers {
        if let Exchange::AckAwaited { target, .. } = &mut peer.exchange
            && *target == closed
        {
            *target = flow;
        }
    }
    let progress = leg.progress.as_mut();
    if let Some(waiting) = progress.and_then(|progress| progress.waiting.as_mut())
        && waiting.target == closed
    {
        waiting.target = flow;
    }
}
