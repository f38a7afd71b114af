//! What comes in: datagrams of trunks and of strangers, and what the endpoint makes of them.

use std::sync::Arc;

use bytes::Bytes;
use schemas::LegId;
use schemas::observation::{Tried, TrunkMatch};
use sip::endpoint::event::Event as SipEvent;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::Input as SipInput;
use sip::{Malformed, Message, Method, StatusCode};

use super::Core;
use crate::admission::Load;
use crate::call::Call;
use crate::clock::Moment;
use crate::configuration::{Asked, Trunk, UnknownSources};
use crate::login::Judgement;
use crate::node::Stranger;
use crate::observe::Crossing;
use crate::port::Output;
use crate::screen::{self, Screened};
use crate::strangers;
use crate::terms;

/// How a datagram begins that may be a new call.
const INVITE: &[u8] = b"INVITE ";

/// What strangers get.
const FORBIDDEN: u16 = 403;

impl Core {
    pub(super) fn datagram(&mut self, bytes: Bytes, flow: Flow, moment: Moment) {
        self.counters.datagrams_received.one();
        let source = flow.remote.ip();
        let known = self.trunks.of(source);
        if known.is_none()
            && self.strangers.are_too_many(source, moment.now)
            && strangers::may_go_unread(&bytes)
        {
            return self.unread(&bytes, flow, moment);
        }
        if known.is_none_or(|trunk| asks(trunk, || bytes.starts_with(b"REGISTER "))) {
            match screen::screen(&bytes) {
                Screened::Pass => {}
                Screened::Newcomer(message) => return self.newcomer(message, flow, moment),
                Screened::Noise(error) => {
                    self.strangers.count(source, moment.now);
                    let drops = self.configuration.unknown_sources == UnknownSources::Drop;
                    if drops && known.is_none() {
                        self.counters.messages_refused.one();
                        self.node
                            .malformed(&mut self.ledger, source, || error, moment);
                        return;
                    }
                }
            }
        }
        if bytes.starts_with(INVITE)
            && self.admission.is_closed(self.load(), moment.now)
            && let Ok(message) = Message::parse(bytes.clone())
        {
            return self.deliver(Arc::new(message), flow, moment);
        }
        self.endpoint
            .handle(SipInput::Datagram { bytes, flow }, moment.now);
    }

    /// A message by a stream: framed and read already.
    pub(super) fn message(&mut self, message: Arc<Message>, flow: Flow, moment: Moment) {
        self.counters.datagrams_received.one();
        let known = self.trunks.by(flow);
        let registers = || message.method() == Some(&Method::Register);
        if known.is_none_or(|trunk| asks(trunk, registers)) && screen::begins(&message) {
            return self.newcomer(message, flow, moment);
        }
        self.deliver(message, flow, moment);
    }

    /// Hands a message to the endpoint, unless it is a new call for which there is no room: that is refused before any
    /// state is made, with the same To tag when it comes again (RFC 3261 section 8.2.7).
    fn deliver(&mut self, message: Arc<Message>, flow: Flow, moment: Moment) {
        let begins = message.method() == Some(&Method::Invite) && screen::begins(&message);
        if begins
            && self.admission.is_closed(self.load(), moment.now)
            && !self.endpoint.is_repetition(&message)
        {
            let load = self.load();
            if let Some(cause) = self.admission.refusal_beforehand(load, moment.now) {
                self.proven = None;
                let (status, extra) = self.busy(cause, moment);
                return self
                    .endpoint
                    .answer_stateless(&message, flow, status, None, extra);
            }
        }
        self.endpoint
            .handle(SipInput::Message { message, flow }, moment.now);
    }

    /// A request that begins something and has to prove whose it is.
    fn newcomer(&mut self, message: Arc<Message>, flow: Flow, moment: Moment) {
        let source = flow.remote.ip();
        if let Some(found) = self.by_registration(&message, flow) {
            self.strangers.trust(source, moment.now);
            self.proven = Some(found);
        } else if !self.endpoint.is_repetition(&message) {
            // Credentials of a repetition were judged when it came for the first time.
            let trunk = self.trunks.by(flow).map(|trunk| &trunk.name);
            match self.logins.judge(&message, (flow, trunk), moment.now) {
                Judgement::Proven { trunk, because } => {
                    self.node.answered_challenge(source);
                    self.strangers.trust(source, moment.now);
                    let tried = self.trunks.explain(source).err().unwrap_or_default();
                    self.proven = Some(TrunkMatch {
                        trunk,
                        because,
                        tried,
                    });
                }
                Judgement::Ask(challenge) => return self.ask(&message, flow, challenge, moment),
                Judgement::Refused(why) => {
                    self.node.answered_challenge(source);
                    let why = self.logins.explain(&why.to_string());
                    return self.stranger(&message, flow, Some(why), moment);
                }
                Judgement::Nobody => return self.stranger(&message, flow, None, moment),
            }
        }
        self.deliver(message, flow, moment);
    }

    /// The same, read in vain.
    pub(super) fn malformed(&mut self, malformed: Malformed, flow: Flow, moment: Moment) {
        self.counters.datagrams_received.one();
        let source = flow.remote.ip();
        let drops = self.configuration.unknown_sources == UnknownSources::Drop;
        if drops && self.trunks.by(flow).is_none() {
            self.counters.messages_refused.one();
            let error = || malformed.fault().to_string();
            return self.node.malformed(&mut self.ledger, source, error, moment);
        }
        self.endpoint
            .handle(SipInput::Malformed { malformed, flow }, moment.now);
    }

    fn ask(&mut self, message: &Message, flow: Flow, challenge: Extra, moment: Moment) {
        self.counters.challenges_sent.one();
        let status = StatusCode::UNAUTHORIZED;
        self.endpoint
            .answer_stateless(message, flow, status, None, challenge);
        let (trunks, logins) = (&self.trunks, &self.logins);
        let source = flow.remote.ip();
        self.strangers.count(source, moment.now);
        let first = || {
            let mut tried = trunks.explain(source).err().unwrap_or_default();
            let trunk = trunks.by(flow).map(|trunk| &trunk.name);
            tried.push(logins.explain_silence(message, trunk));
            stranger(message, Some(status), tried)
        };
        self.node.challenged(source, first, moment.now);
    }

    fn stranger(&mut self, message: &Message, flow: Flow, why: Option<Tried>, moment: Moment) {
        self.counters.strangers_refused.one();
        let status = match self.configuration.unknown_sources {
            UnknownSources::Refuse => StatusCode::new(FORBIDDEN),
            UnknownSources::Drop => None,
        };
        if let Some(status) = status {
            self.endpoint
                .answer_stateless(message, flow, status, None, Extra::none());
        }
        let trunks = &self.trunks;
        let source = flow.remote.ip();
        self.strangers.count(source, moment.now);
        let first = || {
            let mut tried = trunks.explain(source).err().unwrap_or_default();
            tried.extend(why);
            stranger(message, status, tried)
        };
        self.node.stranger(&mut self.ledger, source, first, moment);
    }

    /// One of too many: counted and left alone.
    fn unread(&mut self, bytes: &[u8], flow: Flow, moment: Moment) {
        self.counters.strangers_refused.one();
        let trunks = &self.trunks;
        let source = flow.remote.ip();
        let first = || Stranger {
            method: strangers::method_of(bytes),
            status: None,
            tried: trunks.explain(source).err().unwrap_or_default(),
        };
        self.node.stranger(&mut self.ledger, source, first, moment);
    }

    pub(super) fn event(&mut self, event: SipEvent, moment: Moment) {
        match event {
            SipEvent::IncomingInvite { leg, message, flow } => {
                self.invite(leg, &message, flow, moment);
            }
            SipEvent::OptionsReceived { transaction, .. } => {
                let (status, extra) = (StatusCode::OK, Extra::none());
                // It was asked a moment ago, so the question is still open.
                let _ = self
                    .endpoint
                    .answer_options(transaction, status, None, extra, moment.now);
            }
            SipEvent::HopNamed { leg, fork, uri } => {
                let flow = self.endpoint.leg(leg).map(|leg| leg.flow);
                let trunk = flow.and_then(|flow| self.trunks.by(flow));
                let trunk = trunk.map(|trunk| trunk.name.clone());
                self.outputs.push_back(Output::Hop {
                    leg,
                    fork,
                    uri,
                    trunk,
                });
            }
            event @ (SipEvent::RegisterReceived { .. }
            | SipEvent::RegisterAnswered { .. }
            | SipEvent::RegisterFailed { .. }
            | SipEvent::ChallengeUnanswered { leg: None, .. }) => {
                self.register_event(event, moment);
            }
            event => {
                let Some(event) = self.probe_ended(event, moment) else {
                    return;
                };
                let place = event.leg().and_then(|leg| self.places.get(&leg)).copied();
                if let Some((call, leg)) = place {
                    self.with_call(call, moment, |call, step| call.observe(step, leg, event));
                }
            }
        }
    }

    fn invite(&mut self, key: LegKey, message: &Message, flow: Flow, moment: Moment) {
        if let Some(cause) = self.admission.refusal(self.load(), moment.now) {
            return self.turn_away(key, cause, moment);
        }
        let Some(trunk) = self.whose(message, flow) else {
            // Strangers were screened before the endpoint heard of them, but for one who invents a dialog.
            return self.turn_away(key, "no trunk", moment);
        };
        let known = self.trunks.named(trunk.trunk.as_str());
        let agreed = terms::of_trunk(self.endpoint.terms(), known);
        if let Ok(Some(status)) = self.endpoint.hold_to(key, message, agreed, moment.now) {
            self.counters.calls_turned_away.one();
            let cause = "what the INVITE requires does not fit the trunk's terms";
            return self
                .node
                .turned_away(&mut self.ledger, cause, status.get(), moment);
        }
        let call = self.ids.call(moment);
        self.calls.insert(call, Call::new(call));
        self.admission.let_in(call, moment.now);
        self.counters.calls_begun.one();
        let early = std::mem::take(&mut self.early);
        self.with_call(call, moment, |call, step| {
            call.begin(step, key, message, flow, trunk);
            for message in early.iter().filter(|message| message.key == key) {
                let (direction, flow) = (message.direction, message.flow);
                let crossing = Crossing {
                    direction,
                    flow,
                    retransmission: false,
                    bytes: &message.bytes,
                };
                call.capture(step, Some(LegId::CALLER), crossing);
            }
        });
    }

    /// Whose a call is: by its password, by a registration, by its certificate or its source.
    fn whose(&mut self, message: &Message, flow: Flow) -> Option<TrunkMatch> {
        let proven = self.proven.take();
        if let Some(found) = proven.or_else(|| self.by_registration(message, flow)) {
            return Some(found);
        }
        let trunk = self.trunks.by(flow)?;
        let found = (!asks(trunk, || false)).then(|| self.trunks.explain_by(flow));
        found?.ok()
    }

    fn turn_away(&mut self, key: LegKey, cause: &'static str, moment: Moment) {
        let (status, extra) = self.busy(cause, moment);
        // The caller may have withdrawn it already: then there is nobody to refuse.
        let _ = self.endpoint.refuse(key, status, None, extra, moment.now);
    }

    /// Takes note of a call that is turned away; what to answer.
    fn busy(&mut self, cause: &'static str, moment: Moment) -> (StatusCode, Extra) {
        self.counters.calls_turned_away.one();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut extra = Extra::none();
        let seconds = self.configuration.retry_after_s.to_string();
        extra
            .add("Retry-After", &seconds)
            .expect("a number is a header value");
        self.node
            .turned_away(&mut self.ledger, cause, status.get(), moment);
        (status, extra)
    }

    fn load(&self) -> Load {
        Load {
            calls: self.live_calls,
            calls_max: self.configuration.calls_max,
            log_is_away: self.ledger.away_since().is_some(),
        }
    }
}

/// Whether a trunk that is known by its address has to prove more.
pub(super) fn asks(trunk: &Trunk, registers: impl FnOnce() -> bool) -> bool {
    match &trunk.login {
        None => false,
        Some(login) => login.asked == Asked::Always || registers(),
    }
}

fn stranger(message: &Message, status: Option<StatusCode>, tried: Vec<Tried>) -> Stranger {
    let method = message.method();
    Stranger {
        method: method.map(ToString::to_string).unwrap_or_default(),
        status: status.map(StatusCode::get),
        tried,
    }
}
