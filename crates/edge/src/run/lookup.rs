//! Peers that have to be found before something can be sent to them: legs that are dialed, next hops of dialogs.

use std::net::SocketAddr;
use std::time::Instant;

use journal::BoxFuture;
use schemas::{CallId, LegId, TrunkName};
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::{Fork, LegKey};

use super::Edge;
use crate::clock::moment;
use crate::locate::question::Question;
use crate::locate::search::Target;
use crate::port::{Destination, Input, Opened};
use crate::transport::Peer;

/// A peer that was looked for.
pub(super) struct Lookup {
    whom: Whom,
    host: String,
    trunk: Option<TrunkName>,
    found: Result<Vec<Target>, String>,
}

/// Whom it was looked for.
pub(super) enum Whom {
    /// A leg that is to be dialed.
    Leg(CallId, LegId),
    /// A dialog.
    Dialog(LegKey, Fork),
    /// A trunk that is to be probed.
    Trunk(TrunkName),
    /// A trunk's registrar.
    Registrar(TrunkName),
}

impl Edge {
    /// Looks for the peer of a leg.
    pub(super) fn look_for(&mut self, call: CallId, leg: LegId, to: Destination) {
        let question = question(&to);
        self.look(Whom::Leg(call, leg), question, to.trunk);
    }

    /// Looks for a trunk that is to be probed.
    pub(super) fn look_for_trunk(&mut self, trunk: TrunkName, to: Destination) {
        let question = question(&to);
        self.look(Whom::Trunk(trunk), question, to.trunk);
    }

    /// Looks for the next hop of a dialog.
    pub(super) fn look_for_hop(
        &mut self,
        (leg, fork): (LegKey, Fork),
        uri: &str,
        trunk: Option<TrunkName>,
    ) {
        self.look(Whom::Dialog(leg, fork), Question::of_uri(uri), trunk);
    }

    /// Looks for a trunk's registrar.
    pub(super) fn look_for_registrar(&mut self, trunk: TrunkName, uri: &str) {
        let whom = Whom::Registrar(trunk.clone());
        self.look(whom, Question::of_uri(uri), Some(trunk));
    }

    /// Goes on with what was found.
    pub(super) fn found(&mut self, lookup: Lookup) {
        let Lookup {
            whom,
            host,
            trunk,
            found,
        } = lookup;
        let ways = found.and_then(|targets| self.ways(targets, &host, trunk.as_ref()));
        match whom {
            Whom::Leg(call, leg) => self.open(call, leg, ways.map(first_and_like_it)),
            Whom::Trunk(trunk) => self.input(Input::Ways { trunk, ways }),
            Whom::Dialog(leg, fork) => match ways.map(first_and_like_it) {
                Ok((flow, _)) => self.input(Input::Hop { leg, fork, flow }),
                Err(error) => tracing::debug!(%error, "the next hop of a dialog cannot be found"),
            },
            Whom::Registrar(trunk) => self.input(Input::Registrar { trunk, ways }),
        }
    }

    /// Ports of legs that are over are free again. What came to them behind the end is told.
    pub(super) fn free_ports(&mut self, now: Instant) {
        for continued in self.switchboard.wake(now) {
            self.input(Input::Told(continued.into()));
        }
    }

    /// Opens an RTP socket towards a peer.
    pub(super) fn open(
        &mut self,
        call: CallId,
        leg: LegId,
        ways: Result<(Flow, Vec<Flow>), String>,
    ) {
        let result = ways.and_then(|(flow, others)| {
            let bind = self.transports.rtp_bind(flow.local.ip());
            let port = self.switchboard.open(call, leg, bind)?;
            let seen = self.advertise.unwrap_or(flow.local.ip());
            Ok(Opened {
                flow,
                others,
                rtp: SocketAddr::new(seen, port),
            })
        });
        self.core
            .handle(Input::Opened { call, leg, result }, moment());
    }

    fn look(&mut self, whom: Whom, question: Result<Question, String>, trunk: Option<TrunkName>) {
        let host = question.as_ref().map(Question::host).unwrap_or_default();
        let looking: BoxFuture<_> = match question {
            Ok(question) => self.locator.locate(question),
            Err(error) => Box::pin(async { Err(error) }),
        };
        self.lookups.push(Box::pin(async move {
            let found = looking.await;
            Lookup {
                whom,
                host,
                trunk,
                found,
            }
        }));
    }

    /// The ways to targets, those that failed a moment ago last; at least one.
    fn ways(
        &mut self,
        mut targets: Vec<Target>,
        host: &str,
        trunk: Option<&TrunkName>,
    ) -> Result<Vec<Flow>, String> {
        self.locator.sort(&mut targets, moment().now);
        let mut ways: Vec<Flow> = Vec::new();
        let mut unreachable = None;
        for Target { transport, address } in targets {
            let peer = Peer {
                transport,
                remote: address,
                host: host.to_owned(),
                trunk: trunk.cloned(),
            };
            match self.transports.flow_to(&peer) {
                Ok(flow) => ways.push(flow),
                Err(error) => {
                    unreachable.get_or_insert(error);
                }
            }
        }
        if ways.is_empty() {
            return Err(unreachable.unwrap_or_else(|| format!("{host} has no address")));
        }
        Ok(ways)
    }
}

/// What to ask DNS about a destination.
fn question(to: &Destination) -> Result<Question, String> {
    let text = &to.address;
    let is_uri = ["sip:", "sips:"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if is_uri {
        Question::of_uri(text)
    } else {
        Question::of_address(text, to.transport)
    }
}

/// The first way, and those for which its RTP socket does as well.
fn first_and_like_it(ways: Vec<Flow>) -> (Flow, Vec<Flow>) {
    let mut ways = ways.into_iter();
    let first = ways.next().expect("there is at least one way");
    let fits = |way: &Flow| way.local.is_ipv4() == first.local.is_ipv4();
    (first, ways.filter(fits).collect())
}
