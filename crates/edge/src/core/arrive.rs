//! What comes in: datagrams of trunks and of strangers, and what the endpoint makes of them.

use std::sync::Arc;

use bytes::Bytes;
use schemas::LegId;
use sip::endpoint::event::Event as SipEvent;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::LegKey;
use sip::endpoint::output::Input as SipInput;
use sip::{Malformed, Message, StatusCode};

use super::Core;
use crate::admission::Load;
use crate::call::Call;
use crate::clock::Moment;
use crate::configuration::UnknownSources;
use crate::node::Stranger;
use crate::observe::Crossing;
use crate::port::Output;
use crate::screen::{self, Screened};

/// What strangers get.
const FORBIDDEN: u16 = 403;

impl Core {
    pub(super) fn datagram(&mut self, bytes: Bytes, flow: Flow, moment: Moment) {
        self.counters.datagrams_received.one();
        let source = flow.remote.ip();
        if self.trunks.of(source).is_none() {
            match screen::screen(&bytes) {
                Screened::Pass => {}
                Screened::Stranger(message) => return self.stranger(&message, flow, moment),
                Screened::Noise(error) => {
                    if self.configuration.unknown_sources == UnknownSources::Drop {
                        self.counters.messages_refused.one();
                        self.node
                            .malformed(&mut self.ledger, source, || error, moment);
                        return;
                    }
                }
            }
        }
        self.endpoint
            .handle(SipInput::Datagram { bytes, flow }, moment.now);
    }

    /// A message by a stream: framed and read already.
    pub(super) fn message(&mut self, message: Arc<Message>, flow: Flow, moment: Moment) {
        self.counters.datagrams_received.one();
        if self.trunks.of(flow.remote.ip()).is_none() && screen::begins(&message) {
            return self.stranger(&message, flow, moment);
        }
        self.endpoint
            .handle(SipInput::Message { message, flow }, moment.now);
    }

    /// The same, read in vain.
    pub(super) fn malformed(&mut self, malformed: Malformed, flow: Flow, moment: Moment) {
        self.counters.datagrams_received.one();
        let source = flow.remote.ip();
        let drops = self.configuration.unknown_sources == UnknownSources::Drop;
        if drops && self.trunks.of(source).is_none() {
            self.counters.messages_refused.one();
            let error = || malformed.fault().to_string();
            return self.node.malformed(&mut self.ledger, source, error, moment);
        }
        self.endpoint
            .handle(SipInput::Malformed { malformed, flow }, moment.now);
    }

    fn stranger(&mut self, message: &Message, flow: Flow, moment: Moment) {
        self.counters.strangers_refused.one();
        let status = match self.configuration.unknown_sources {
            UnknownSources::Refuse => StatusCode::new(FORBIDDEN),
            UnknownSources::Drop => None,
        };
        if let Some(status) = status {
            self.endpoint
                .answer_stateless(message, flow, status, None, Extra::none());
        }
        let status = status.map(StatusCode::get);
        let trunks = &self.trunks;
        let first = || Stranger {
            method: message
                .method()
                .map(ToString::to_string)
                .unwrap_or_default(),
            status,
            tried: trunks.explain(flow.remote.ip()).err().unwrap_or_default(),
        };
        self.node
            .stranger(&mut self.ledger, flow.remote.ip(), first, moment);
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
                let source = self.endpoint.leg(leg).map(|leg| leg.flow.remote.ip());
                let trunk = source.and_then(|source| self.trunks.of(source));
                let trunk = trunk.map(|trunk| trunk.name.clone());
                self.outputs.push_back(Output::Hop {
                    leg,
                    fork,
                    uri,
                    trunk,
                });
            }
            event => {
                let place = event.leg().and_then(|leg| self.places.get(&leg)).copied();
                if let Some((call, leg)) = place {
                    self.with_call(call, moment, |call, step| call.observe(step, leg, event));
                }
            }
        }
    }

    fn invite(&mut self, key: LegKey, message: &Message, flow: Flow, moment: Moment) {
        let load = Load {
            calls: self.live_calls,
            calls_max: self.configuration.calls_max,
            log_is_away: self.ledger.away_since().is_some(),
        };
        if let Some(cause) = self.admission.refusal(load, moment.now) {
            return self.turn_away(key, cause, moment);
        }
        let Ok(trunk) = self.trunks.explain(flow.remote.ip()) else {
            // Strangers were screened before the endpoint heard of them.
            return self.turn_away(key, "no trunk", moment);
        };
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

    fn turn_away(&mut self, key: LegKey, cause: &'static str, moment: Moment) {
        self.counters.calls_turned_away.one();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut extra = Extra::none();
        let seconds = self.configuration.retry_after_s.to_string();
        extra
            .add("Retry-After", &seconds)
            .expect("a number is a header value");
        // The caller may have withdrawn it already: then there is nobody to refuse.
        let _ = self.endpoint.refuse(key, status, None, extra, moment.now);
        self.node
            .turned_away(&mut self.ledger, cause, status.get(), moment);
    }
}
