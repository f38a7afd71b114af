//! The edge without sockets: datagrams, decisions, media events and time come in, datagrams, facts and orders to media
//! go out.
//!
//! **After every [`Core::handle`], drain [`Core::poll`] until `None`; take the facts with [`Core::take_batch`] whenever
//! the log can take them; call `handle(Input::Due)` when [`Core::deadline`] has passed.**

mod arrive;
mod ids;
mod leave;
mod limited;
mod paced;
mod probe;
mod registered;
mod voices;
mod wake;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use schemas::observation::{EdgeStarted, EdgeStopped, TrunkMatch};
use schemas::{CallId, Chain, Event, Lane, LegId, Record};
use sip::endpoint::Endpoint;
use sip::endpoint::config::{Advertised, Config, Registrar};
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::Input as SipInput;

use self::ids::Ids;
pub(crate) use self::ids::derive;
use self::leave::Early;
use self::probe::Dice;
use crate::admission::Admission;
use crate::bindings::Bindings;
use crate::call::Call;
use crate::clock::Moment;
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::ledger::{Batch, Ledger};
use crate::listen::Listen;
use crate::login::Logins;
use crate::node::Node;
use crate::occupancy::Counted;
use crate::pacing::Pacing;
use crate::port::{Input, Output};
use crate::probing::{self, Probing};
use crate::recordings::Recordings;
use crate::registrations::Registrations;
use crate::step::Step;
use crate::strangers::Strangers;
use crate::terms;
use crate::trunk::Trunks;

/// Facts that wait for a log that is away; beyond it the edge cannot go on.
pub const FACTS_WAITING_MAX: usize = 200_000;

/// The edge without sockets.
pub struct Core {
    configuration: Configuration,
    trunks: Trunks,
    logins: Logins,
    registrations: Registrations,
    bindings: Bindings,
    /// Whom the message that is handled now has proven to come from.
    proven: Option<TrunkMatch>,
    recordings: Arc<Recordings>,
    counters: Arc<Counters>,
    endpoint: Endpoint,
    ledger: Ledger,
    node: Node,
    admission: Admission,
    counted: Counted,
    strangers: Strangers,
    pacing: Pacing,
    calls: BTreeMap<CallId, Call>,
    /// Which leg of which call a leg of the endpoint is.
    places: BTreeMap<LegKey, (CallId, LegId)>,
    alarms: BTreeSet<(Instant, CallId)>,
    /// Calls with a leg that is not over.
    live_calls: usize,
    /// Calls whose last fact is not written.
    open_calls: usize,
    outputs: VecDeque<Output>,
    /// Messages of a leg whose call begins in this step.
    early: Vec<Early>,
    ids: Ids,
    /// When the calls that are still up are ended.
    stop_at: Option<Instant>,
    probing: Probing<Dice>,
    calls_stopped: u32,
    /// Why something could not be sent, the last time that it could not.
    unsent: String,
}

/// What a core begins with.
pub struct Start {
    /// The configuration, checked.
    pub configuration: Configuration,
    /// The recordings.
    pub recordings: Arc<Recordings>,
    /// The counters.
    pub counters: Arc<Counters>,
    /// Secret randomness; never the same twice.
    pub seed: [u8; 32],
    /// What descriptions say of the certificate of media.
    pub fingerprint: sdp::Fingerprint,
    /// The end of the node's own facts in the log.
    pub chain: Chain,
    /// Where it listens.
    pub listens: Vec<Listen>,
    /// Now.
    pub moment: Moment,
}

impl Core {
    /// A core without calls; its first fact is that it started.
    pub fn new(start: Start) -> Core {
        let Start {
            configuration,
            recordings,
            counters,
            seed,
            fingerprint,
            chain,
            listens,
            moment,
        } = start;
        let mut ledger = Ledger::new(configuration.node.clone());
        let mut node = Node::new(chain);
        let ports = configuration.rtp_ports;
        let started = EdgeStarted {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            listens: listens.iter().map(Listen::to_string).collect(),
            rtp_ports: (ports.first, ports.last),
        };
        node.started(&mut ledger, started, moment);
        let dice = Dice::new(&seed);
        Core {
            pacing: Pacing::new(&configuration.trunks),
            probing: Probing::new(&configuration.trunks, dice, moment.now),
            endpoint: Endpoint::new(endpoint_config(&configuration, &seed, &listens)),
            trunks: Trunks::new(configuration.trunks.clone()),
            logins: Logins::new(&configuration, derive(&seed, b"digest"), moment.now),
            proven: None,
            registrations: Registrations::new(
                &configuration,
                &derive(&seed, b"register"),
                moment.now,
            ),
            bindings: Bindings::default(),
            configuration,
            recordings,
            counters,
            ledger,
            node,
            admission: Admission::default(),
            counted: Counted::default(),
            strangers: Strangers::default(),
            calls: BTreeMap::new(),
            places: BTreeMap::new(),
            alarms: BTreeSet::new(),
            live_calls: 0,
            open_calls: 0,
            outputs: VecDeque::new(),
            early: Vec::new(),
            ids: Ids::new(&seed, fingerprint),
            stop_at: None,
            calls_stopped: 0,
            unsent: String::new(),
        }
    }

    /// Takes what the shell has.
    pub fn handle(&mut self, input: Input, moment: Moment) {
        match input {
            Input::Datagram { bytes, flow } => self.datagram(bytes, flow, moment),
            Input::Message { message, flow } => self.message(message, flow, moment),
            Input::Malformed { malformed, flow } => self.malformed(malformed, flow, moment),
            Input::SendFailed { transaction, error } => {
                self.counters.datagrams_unsendable.one();
                self.unsent = error;
                self.endpoint
                    .handle(SipInput::SendFailed { transaction }, moment.now);
            }
            Input::FlowLost { flow, error } => {
                self.unsent = error;
                self.endpoint
                    .handle(SipInput::FlowLost { flow }, moment.now);
                self.registration_flow_lost(flow, moment);
            }
            Input::Registrar { trunk, ways } => self.registrar_found(&trunk, ways, moment),
            Input::Certified { party, trunk } => self.trunks.certify(party, &trunk),
            Input::TlsRefused(refusal) => {
                self.counters.tls_refused.one();
                self.node.tls_refused(&mut self.ledger, refusal, moment);
            }
            Input::Told(told) => self.node.told(&mut self.ledger, told, moment),
            Input::ConnectionRefused { source, why } => {
                self.counters.connections_refused.one();
                let trunk = self.trunks.of(source).map(|trunk| trunk.name.clone());
                self.node
                    .connection_refused(&mut self.ledger, (source, trunk), why, moment);
            }
            Input::Committed(ticket) => self.ledger.committed(ticket),
            Input::LogAway => {
                self.counters.appends_refused.one();
                self.ledger.refused(moment.now);
            }
            Input::Decision(record) => self.decision(&record, moment),
            Input::Opened { call, leg, result } => self.opened(call, leg, result, moment),
            Input::Hop { leg, fork, flow } => {
                // The dialog may be over meanwhile.
                let _ = self.endpoint.found_hop(leg, fork, flow);
            }
            Input::Ways { trunk, ways } => {
                self.probing
                    .handle(probing::Input::Found { trunk, ways }, moment);
            }
            Input::Voice(from) => self.voice(from, moment),
            Input::Recorded(from) => self.recorded(from, moment),
            Input::Stop => self.stop(moment),
            Input::Finish { cause } => {
                self.probing.handle(probing::Input::Stop, moment);
                self.probe(moment);
                let calls_ended = self.calls_stopped;
                let stopped = EdgeStopped { cause, calls_ended };
                self.node.stopped(&mut self.ledger, stopped, moment);
            }
            Input::Due => self.due(moment),
        }
        self.drain(moment);
        self.probe(moment);
    }

    /// What the shell has to do next; `None` until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The facts and messages that wait for the log, if there are any.
    pub fn take_batch(&mut self) -> Option<Batch> {
        self.ledger.take_batch()
    }

    /// When to call `handle(Input::Due)`.
    pub fn deadline(&self) -> Option<Instant> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        [
            self.endpoint.deadline(),
            alarm,
            self.node.deadline(),
            self.probing.deadline(),
            self.pacing.deadline(),
            self.state_at(),
            self.stop_at,
            self.log_patience(),
            self.registrations.deadline(),
            self.bindings.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether no call is up and the last fact of each is written.
    pub fn is_idle(&self) -> bool {
        self.open_calls == 0
    }

    /// Whether no peer has anything to answer any more.
    pub fn is_quiet(&self) -> bool {
        self.is_idle() && self.endpoint.load().legs == 0 && self.registrations.are_quiet()
    }

    /// Whether a call or a registration goes by this way.
    pub fn is_used(&self, flow: Flow) -> bool {
        self.endpoint.is_used(flow)
            || self.registrations.use_flow(flow)
            || self.bindings.use_flow(flow)
    }

    /// Whether more facts wait for the log than the edge can hold.
    pub fn is_overfull(&self) -> bool {
        self.ledger.facts_waiting() > FACTS_WAITING_MAX
    }

    fn decision(&mut self, record: &Record, moment: Moment) {
        let header = record.header();
        let Some(id) = header
            .subject
            .call()
            .filter(|_| header.lane == Lane::Decisions)
        else {
            return self.heard(record, moment);
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        self.admission.control_is_there();
        self.admission.settled(id);
        match header.sequence.cmp(&call.next_decision) {
            std::cmp::Ordering::Less => return self.counters.decisions_repeated.one(),
            std::cmp::Ordering::Greater => {
                return self.counters.decisions_without_predecessor.one();
            }
            std::cmp::Ordering::Equal => {}
        }
        let because = record.id();
        match record.event() {
            Ok(Event::Decision(decision)) => {
                self.limited(id, &decision, moment);
                self.with_call(id, moment, |call, step| {
                    call.carry_out(step, because, decision)
                });
            }
            // A later release wrote it. Half a decision is not a decision: the call waits until its patience ends.
            Ok(Event::Unknown(_) | Event::Observation(_) | Event::Wire(_)) | Err(_) => {
                call.next_decision += 1;
            }
        }
    }

    /// Does something to a call, and sets its timers by what came of it.
    fn with_call(
        &mut self,
        id: CallId,
        moment: Moment,
        change: impl FnOnce(&mut Call, &mut Step<'_>),
    ) {
        let (calls, mut step) = self.split(moment);
        let Some(call) = calls.get_mut(&id) else {
            return;
        };
        let before = (usize::from(call.is_live()), usize::from(!call.is_over()));
        change(call, &mut step);
        call.settle(&step);
        let after = (usize::from(call.is_live()), usize::from(!call.is_over()));
        let (armed, deadline) = (call.armed, call.deadline());
        call.armed = deadline;
        if armed != deadline {
            if let Some(at) = armed {
                self.alarms.remove(&(at, id));
            }
            if let Some(at) = deadline {
                self.alarms.insert((at, id));
            }
        }
        if after.0 < before.0 {
            self.counted.over(id);
        }
        self.live_calls = self.live_calls + after.0 - before.0;
        self.open_calls = self.open_calls + after.1 - before.1;
        self.counters.calls_up.set(self.live_calls);
    }

    fn split(&mut self, moment: Moment) -> (&mut BTreeMap<CallId, Call>, Step<'_>) {
        let step = Step {
            endpoint: &mut self.endpoint,
            ledger: &mut self.ledger,
            outputs: &mut self.outputs,
            places: &mut self.places,
            configuration: &self.configuration,
            trunks: &self.trunks,
            registrations: &self.registrations,
            bindings: &self.bindings,
            recordings: &self.recordings,
            counters: &self.counters,
            counted: &mut self.counted,
            keyring: &mut self.ids.keyring,
            unsent: &self.unsent,
            moment,
        };
        (&mut self.calls, step)
    }
}

fn endpoint_config(configuration: &Configuration, seed: &[u8; 32], listens: &[Listen]) -> Config {
    let mut config = Config::new(derive(seed, b"sip"));
    if let Some(advertise) = configuration.advertise {
        let row = |listen: &Listen| Advertised {
            local: listen.address,
            sent_by: SocketAddr::new(advertise, listen.address.port())
                .to_string()
                .into(),
        };
        config.advertised = listens.iter().map(row).collect();
    }
    // A call has a few legs; the edge itself keeps new ones out long before.
    config.bounds.legs = config
        .bounds
        .legs
        .max(configuration.calls_max.saturating_mul(4));
    config.bounds.retry_after_s = configuration.retry_after_s;
    config.terms = terms::by_default(listens);
    if configuration.trunks.iter().any(|trunk| trunk.registers) {
        config.registrar = Registrar::User;
    }
    config
}
