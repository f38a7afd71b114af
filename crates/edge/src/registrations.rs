//! Our registrations at trunks (RFC 3261 section 10): each finds its registrar, keeps its binding, says what became of it,
//! and knows a call that comes by it.

mod told;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use schemas::observation::TrunkMatch;
use schemas::{Hash, TrunkName};
use sip::digest::{Sessions, Unanswered};
use sip::endpoint::Endpoint;
use sip::endpoint::event::Failure;
use sip::endpoint::flow::{Flow, Transport};
use sip::endpoint::keys::TransactionKey;
use sip::registration::{Account, Input, Output as Said, Register, Registration};
use sip::{Message, StatusCode};

use crate::clock::Moment;
use crate::configuration::Configuration;
use crate::core::derive;
use crate::counters::Counters;
use crate::ledger::Ledger;
use crate::node::Node;
use crate::port::Output;

/// The first REGISTERs of many trunks leave this far apart: a start must not be a storm.
const START_GAP: Duration = Duration::from_millis(20);

/// The parameter of our Contact that a registrar gives back in the Request-URI of its calls.
const LINE: &str = "line";

/// All registrations.
#[derive(Debug)]
pub struct Registrations {
    rows: Vec<Row>,
    /// The REGISTERs that are on their way.
    sent: BTreeMap<TransactionKey, usize>,
}

/// The registration at one trunk.
#[derive(Debug)]
struct Row {
    trunk: TrunkName,
    registrar: Box<str>,
    /// The user of our Contact.
    user: Option<Box<str>>,
    line: String,
    registration: Registration,
    /// When its first REGISTER leaves.
    start_at: Option<Instant>,
    /// The REGISTER that waits for a way, or is on it.
    register: Option<Box<Register>>,
    /// The ways that it did not try yet.
    others: VecDeque<Flow>,
    /// The way that the last one went.
    flow: Option<Flow>,
    /// The way and the seconds of the binding that was told of last, as long as it stands.
    told: Option<(Flow, u32)>,
    /// The proxies that our calls shall take (RFC 3608).
    routes: Vec<Box<str>>,
    /// What kept the last REGISTER from being answered or taken, as far as the transport or a challenge says.
    trouble: Option<String>,
}

/// What a registration works with.
pub struct Around<'a> {
    /// The SIP side.
    pub endpoint: &'a mut Endpoint,
    /// The log side.
    pub ledger: &'a mut Ledger,
    /// The facts of the edge itself.
    pub node: &'a mut Node,
    /// What the shell has to do.
    pub outputs: &'a mut VecDeque<Output>,
    /// The counters.
    pub counters: &'a Counters,
    /// Now.
    pub moment: Moment,
}

impl Registrations {
    /// The registrations of a configuration that was checked. `seed` is secret randomness.
    pub fn new(configuration: &Configuration, seed: &[u8; 32], now: Instant) -> Registrations {
        let trunks = configuration.trunks.iter();
        let wanted = trunks.filter_map(|trunk| Some((&trunk.name, trunk.registration.as_ref()?)));
        let rows = wanted.zip(0_u32..).map(|((trunk, account), index)| {
            let seed = derive(seed, trunk.as_str().as_bytes());
            let line = format!("{}", Hash(derive(&seed, LINE.as_bytes())));
            let line: String = line.chars().take(LINE_DIGITS).collect();
            let account = Account {
                uri_params: format!("{};{LINE}={line}", account.uri_params).into(),
                ..account.clone()
            };
            Row {
                trunk: trunk.clone(),
                registrar: account.registrar.clone(),
                user: account.contact_user.clone(),
                line,
                registration: Registration::new(account, seed)
                    .expect("a configuration that was checked has accounts that can be written"),
                start_at: Some(now + START_GAP * index),
                register: None,
                others: VecDeque::new(),
                flow: None,
                told: None,
                routes: Vec::new(),
                trouble: None,
            }
        });
        Registrations {
            rows: rows.collect(),
            sent: BTreeMap::new(),
        }
    }

    /// When [`Registrations::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let of_row = |row: &Row| row.start_at.or(row.registration.deadline());
        self.rows.iter().filter_map(of_row).min()
    }

    /// Lets time pass.
    pub fn due(&mut self, around: &mut Around<'_>) {
        let now = around.moment.now;
        for row in &mut self.rows {
            if row.start_at.is_some_and(|at| at <= now) {
                row.start_at = None;
                row.hear(Input::Start, around);
            } else if row.registration.deadline().is_some_and(|at| at <= now) {
                row.hear(Input::Due, around);
            }
        }
    }

    /// The edge stops: no more calls are wanted.
    pub fn stop(&mut self, around: &mut Around<'_>) {
        for row in &mut self.rows {
            match row.start_at.take() {
                Some(_) => {}
                None => row.hear(Input::Stop, around),
            }
        }
    }

    /// How many bindings of ours stand.
    pub fn standing(&self) -> usize {
        self.rows.iter().filter(|row| row.told.is_some()).count()
    }

    /// Whether no REGISTER is on its way.
    pub fn are_quiet(&self) -> bool {
        self.rows.iter().all(|row| row.register.is_none())
    }

    /// The ways to a trunk's registrar, the first to be tried first.
    pub fn ways(
        &mut self,
        trunk: &TrunkName,
        ways: Result<Vec<Flow>, String>,
        around: &mut Around<'_>,
    ) {
        let Some(index) = self.rows.iter().position(|row| row.trunk == *trunk) else {
            return;
        };
        let row = &mut self.rows[index];
        match ways {
            Ok(ways) => {
                row.others = ways.into();
                // Who has our binding is asked to refresh it.
                if let Some(at) = row.others.iter().position(|way| row.flow == Some(*way)) {
                    row.others.swap(0, at);
                }
            }
            Err(error) => row.trouble = Some(error),
        }
        self.try_next(index, 0, Failure::Transport, around);
    }

    /// A REGISTER has its final answer.
    pub fn answered(
        &mut self,
        transaction: TransactionKey,
        (message, contact): (std::sync::Arc<Message>, Box<str>),
        sessions: Box<Sessions>,
        around: &mut Around<'_>,
    ) {
        let Some(index) = self.sent.remove(&transaction) else {
            return;
        };
        let row = &mut self.rows[index];
        let is_full = message.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
        if is_full && !row.others.is_empty() {
            let cseq = message.cseq().map(|cseq| cseq.number).unwrap_or_default();
            return self.try_next(index, cseq, Failure::Transport, around);
        }
        row.register = None;
        let answered = Input::Answered {
            message,
            contact,
            sessions,
        };
        row.hear(answered, around);
    }

    /// A REGISTER has no answer.
    pub fn failed(
        &mut self,
        transaction: TransactionKey,
        (cseq, failure): (u32, Failure),
        unsent: &str,
        around: &mut Around<'_>,
    ) {
        let Some(index) = self.sent.remove(&transaction) else {
            return;
        };
        let row = &mut self.rows[index];
        row.trouble = match failure {
            Failure::TimedOut(_) => None,
            Failure::Transport => Some(unsent.to_owned()),
        };
        if let Some(flow) = row.flow {
            let asked = None;
            around.outputs.push_back(Output::Avoid { flow, asked });
        }
        self.try_next(index, cseq, failure, around);
    }

    /// A challenge of a REGISTER is not answered; its refusal follows.
    pub fn unanswered(&mut self, transaction: TransactionKey, why: Unanswered) {
        if let Some(index) = self.sent.get(&transaction) {
            self.rows[*index].trouble = Some(why.to_string());
        }
    }

    /// A connection is closed.
    pub fn flow_lost(&mut self, flow: Flow, around: &mut Around<'_>) {
        for row in &mut self.rows {
            if row.flow == Some(flow) {
                row.hear(Input::FlowLost, around);
            }
        }
    }

    /// Whether a binding goes by this way.
    pub fn use_flow(&self, flow: Flow) -> bool {
        self.rows.iter().any(|row| row.flow == Some(flow))
    }

    /// The proxies that calls to a trunk shall take.
    pub fn routes(&self, trunk: &TrunkName) -> &[Box<str>] {
        let row = self.rows.iter().find(|row| row.trunk == *trunk);
        row.map_or(&[], |row| &row.routes)
    }

    /// Whose a call is, if it names a Contact that only that trunk's registrar knows.
    pub fn called(&self, message: &Message) -> Option<TrunkMatch> {
        let uri = message.uri().ok()?;
        let line = uri.params().value(LINE)?;
        let row = self.rows.iter().find(|row| row.line == line)?;
        Some(row.because("it calls the Contact that is registered at"))
    }

    /// Whose a call is, if it comes the way that exactly one trunk's registration took.
    pub fn by_way(&self, message: &Message, flow: Flow) -> Option<TrunkMatch> {
        let own = |row: &&Row| {
            row.told.is_some_and(|(way, _)| match flow.transport {
                // A datagram needs no connection, so the address is all that there is.
                Transport::Udp => (way.transport, way.remote) == (flow.transport, flow.remote),
                Transport::Tcp | Transport::Tls => way == flow,
            })
        };
        let uri = message.uri().ok();
        let user = uri.as_ref().and_then(|uri| uri.user());
        let mut rows = self.rows.iter().filter(own);
        let named = rows
            .clone()
            .find(|row| user.is_some() && row.user.as_deref() == user);
        let only = rows.next().filter(|_| rows.next().is_none());
        let row = named.or(only)?;
        Some(row.because("it came the way of our registration at"))
    }

    /// Sends the REGISTER by the next way; without one, it failed.
    fn try_next(&mut self, index: usize, cseq: u32, failure: Failure, around: &mut Around<'_>) {
        let row = &mut self.rows[index];
        let Some(mut register) = row.register.take() else {
            return;
        };
        if cseq > 0 {
            // What the try before counted of a nonce is not known.
            register.sessions = Sessions::new(register.account.credentials.clone());
            register.cseq = cseq.saturating_add(1);
        }
        while let Some(flow) = row.others.pop_front() {
            let copy = (*register).clone();
            let Ok(key) = around.endpoint.register(copy, flow, around.moment.now) else {
                row.trouble = Some("the edge has no room for a request".to_owned());
                continue;
            };
            row.flow = Some(flow);
            row.register = Some(register);
            self.sent.insert(key, index);
            return;
        }
        row.hear(Input::Failed { failure, cseq }, around);
    }
}

impl Row {
    /// Tells the registration, and does what it says.
    fn hear(&mut self, input: Input, around: &mut Around<'_>) {
        self.registration.handle(input, around.moment.now);
        while let Some(said) = self.registration.poll() {
            match said {
                Said::Send(register) => {
                    self.register = Some(register);
                    self.trouble = None;
                    around.outputs.push_back(Output::Registrar {
                        trunk: self.trunk.clone(),
                        uri: self.registration.next_hop().into(),
                    });
                }
                Said::Event(event) => self.tell(event, around),
            }
        }
    }

    fn because(&self, how: &str) -> TrunkMatch {
        TrunkMatch {
            trunk: self.trunk.clone(),
            because: format!("{how} {}", self.registrar),
            tried: Vec::new(),
        }
    }
}

/// Hexadecimal digits of a line: 64 bits that nobody guesses.
const LINE_DIGITS: usize = 16;
