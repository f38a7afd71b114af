//! Trunks that register to us: where each of them is, and whose a request from there is (RFC 3261 section 10.3).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use schemas::TrunkName;
use schemas::observation::{TrunkBound, TrunkMatch, TrunkUnbound};
use sip::Message;
use sip::endpoint::flow::{Flow, Transport};
use sip::registrar::{Answer, Binding, Event, Input, Registrar, Rules, Unbinding};

use crate::observe::transport;
use crate::registrations::Around;

/// The longest binding that is granted: 5 min. An edge that is started anew knows none, and hears of all within this.
const LONGEST: Duration = Duration::from_secs(300);

/// Where the trunks are that register to us.
#[derive(Debug)]
pub struct Bindings {
    registrar: Registrar,
    /// Who is where; several where a phone system has several trunks.
    places: BTreeMap<Flow, Vec<TrunkName>>,
}

impl Default for Bindings {
    fn default() -> Bindings {
        let rules = Rules {
            longest: LONGEST,
            usual: LONGEST,
            ..Rules::default()
        };
        Bindings {
            registrar: Registrar::new(rules),
            places: BTreeMap::new(),
        }
    }
}

impl Bindings {
    /// Does what a trunk's REGISTER asks for; what to answer.
    pub fn register(
        &mut self,
        trunk: &TrunkName,
        (message, flow): (&Message, Flow),
        around: &mut Around<'_>,
    ) -> Answer {
        let now = around.moment.now;
        let answer = self.registrar.register(trunk.as_str(), message, flow, now);
        self.settle(around);
        answer
    }

    /// Lets time pass.
    pub fn due(&mut self, around: &mut Around<'_>) {
        self.registrar.handle(Input::Due, around.moment.now);
        self.settle(around);
    }

    /// A connection is closed.
    pub fn flow_lost(&mut self, flow: Flow, around: &mut Around<'_>) {
        let lost = Input::FlowLost { flow };
        self.registrar.handle(lost, around.moment.now);
        self.settle(around);
    }

    /// When [`Bindings::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.registrar.deadline()
    }

    /// Where a trunk is.
    pub fn of(&self, trunk: &TrunkName) -> Option<&Binding> {
        self.registrar.bindings(trunk.as_str()).next()
    }

    /// Whether a binding goes by this way.
    pub fn use_flow(&self, flow: Flow) -> bool {
        self.places.contains_key(&place(flow))
    }

    /// Whose a request is that comes from where exactly one trunk is.
    pub fn by_way(&self, flow: Flow) -> Option<TrunkMatch> {
        let [trunk] = self.places.get(&place(flow))?.as_slice() else {
            return None;
        };
        Some(TrunkMatch {
            trunk: trunk.clone(),
            because: format!("it registered from {}", flow.remote),
            tried: Vec::new(),
        })
    }

    fn settle(&mut self, around: &mut Around<'_>) {
        while let Some(event) = self.registrar.poll() {
            match event {
                Event::Bound { account, binding } => self.bound(&account, &binding, around),
                Event::Refreshed { .. } => {}
                Event::Unbound {
                    account,
                    binding,
                    why,
                } => self.unbound(&account, &binding, why, around),
            }
        }
        around.counters.trunks_registered.set(self.registrar.len());
    }

    fn bound(&mut self, account: &str, binding: &Binding, around: &mut Around<'_>) {
        let trunk = TrunkName::from(account);
        // One that comes anew by another way with the same Contact leaves no other trace of the old one.
        self.leave(&trunk, None);
        let flow = binding.flow;
        let there = self.places.entry(place(flow)).or_default();
        there.push(trunk.clone());
        let left = binding.until.saturating_duration_since(around.moment.now);
        let bound = TrunkBound {
            trunk,
            source: flow.remote.to_string(),
            transport: transport(flow),
            expires_s: u32::try_from(left.as_secs()).unwrap_or(u32::MAX),
        };
        around.node.fact(around.ledger, bound, around.moment);
    }

    fn unbound(
        &mut self,
        account: &str,
        binding: &Binding,
        why: Unbinding,
        around: &mut Around<'_>,
    ) {
        let trunk = TrunkName::from(account);
        let flow = binding.flow;
        self.leave(&trunk, Some(place(flow)));
        let cause = match why {
            Unbinding::Removed => "removed",
            Unbinding::Expired => "expired",
            Unbinding::Replaced => "replaced",
            Unbinding::FlowLost => "the connection was closed",
        };
        let unbound = TrunkUnbound {
            trunk,
            source: flow.remote.to_string(),
            transport: transport(flow),
            cause: cause.to_owned(),
        };
        around.node.fact(around.ledger, unbound, around.moment);
    }

    /// A trunk is not there any more, or nowhere.
    fn leave(&mut self, trunk: &TrunkName, only: Option<Flow>) {
        self.places.retain(|place, there| {
            if only.is_none_or(|only| only == *place) {
                there.retain(|one| one != trunk);
            }
            !there.is_empty()
        });
    }
}

/// What tells two ways apart: of datagrams the peer's address alone, whichever of ours it found.
fn place(flow: Flow) -> Flow {
    match flow.transport {
        Transport::Udp => Flow {
            local: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            ..flow
        },
        Transport::Tcp | Transport::Tls => flow,
    }
}
