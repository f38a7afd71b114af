//! Requests inside a dialog: in their turn, understood, and by method (RFC 3261 §12.2.2).

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::Order;
use crate::dialog::leg::Phase;
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::transaction::key::ServerKey;

use super::Endpoint;
use super::compose::Reply;
use super::event::Event;
use super::flow::Flow;
use super::keys::{LegKey, TransactionKey};
use super::output::{Disposition, Urgency};
use super::request::{Verdict, unsupported};
use super::terms::Terms;

impl Endpoint {
    pub(super) fn request_in_dialog(
        &mut self,
        request: &Arc<Message>,
        key: ServerKey,
        flow: Flow,
        now: Instant,
    ) -> Verdict {
        let refused = Verdict::none(Disposition::Refused);
        let (Some(leg), Ok(cseq), Some(method)) =
            (self.leg_of(request), request.cseq(), request.method())
        else {
            let reply = unknown_dialog(request, &self.config.terms);
            self.refuse_stateless(request, flow, &reply);
            return refused;
        };
        let closing = self
            .legs
            .get(&leg)
            .is_none_or(|leg| matches!(leg.phase, Phase::Closing { .. } | Phase::Reporting));
        // A BYE is always taken: it makes room.
        if *method != Method::Bye && (closing || self.is_full()) {
            let status = if closing {
                StatusCode::DOES_NOT_EXIST
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            self.refuse_stateless(request, flow, &Reply::new(status));
            return Verdict::of(Some(leg), Disposition::Refused);
        }
        let transaction = self.arrive(request, key, flow, now);
        self.claim(transaction, leg);
        self.learn_id(leg, request);
        if self.take_turn(leg, request, cseq.number) == Order::TooLow {
            let reply = Reply::new(StatusCode::SERVER_INTERNAL_ERROR).phrase(Some("CSeq Too Low"));
            self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
        } else if let Some(reply) = unsupported(request, &self.terms_of(leg)) {
            self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
        } else {
            self.by_method(leg, transaction, method, request, now);
        }
        Verdict::new(leg)
    }

    fn by_method(
        &mut self,
        leg: LegKey,
        transaction: TransactionKey,
        method: &Method,
        request: &Arc<Message>,
        now: Instant,
    ) {
        match method {
            Method::Bye => self.bye_received(leg, transaction, request, now),
            Method::Invite | Method::Update => {
                self.offer_received(leg, transaction, method, request, now);
            }
            Method::Info => self.info_received(leg, transaction, request, now),
            Method::Notify => self.notify_received(leg, transaction, request, now),
            Method::Refer => self.refer_received(leg, transaction, request, now),
            Method::Options => self.options_in_dialog(leg, transaction, now),
            Method::Prack => self.prack_received(leg, transaction, request, now),
            Method::Register | Method::Subscribe | Method::Message | Method::Publish => {
                let reply = Reply::new(StatusCode::METHOD_NOT_ALLOWED).allow();
                self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
            }
            Method::Ack | Method::Cancel | Method::Other(_) => {
                let reply = Reply::new(StatusCode::NOT_IMPLEMENTED).allow();
                self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
            }
        }
    }

    pub(super) fn terms_of(&self, leg: LegKey) -> Terms {
        self.legs
            .get(&leg)
            .map_or(self.config.terms, |leg| leg.terms)
    }

    fn take_turn(&mut self, leg: LegKey, request: &Message, number: u32) -> Order {
        let (Ok(call_id), Ok(from)) = (request.call_id(), request.from()) else {
            return Order::TooLow;
        };
        let remote_tag = from.tag().unwrap_or_default();
        self.legs
            .get_mut(&leg)
            .and_then(|leg| leg.peer_with(call_id, remote_tag))
            .map_or(Order::TooLow, |peer| {
                peer.abilities.learn(request);
                peer.dialog.take_turn(number)
            })
    }

    fn info_received(
        &mut self,
        leg: LegKey,
        transaction: TransactionKey,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let known = request.body().is_empty()
            || request.content_type().is_some_and(|found| {
                self.config
                    .info_types
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(found))
            });
        let reply = if request.header(Name::InfoPackage).is_some() {
            let bad_package = StatusCode::new(469).unwrap_or(StatusCode::BAD_REQUEST);
            Reply::new(bad_package).header(Name::RecvInfo, "")
        } else if known {
            Reply::new(StatusCode::OK)
        } else {
            let accepted = self.config.info_types.join(", ");
            Reply::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).header(Name::Accept, accepted)
        };
        let (answered, message) = (reply.status, request.clone());
        self.event(Event::InfoReceived {
            leg,
            answered,
            message,
        });
        self.respond_anyway(transaction, &reply, Urgency::AfterCommit, now);
    }

    fn options_in_dialog(&mut self, leg: LegKey, transaction: TransactionKey, now: Instant) {
        if let Ok(reply) = self.accepting(leg, Reply::new(StatusCode::OK)) {
            let reply = reply.header(Name::Accept, super::compose::SDP);
            self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
        }
    }
}

fn unknown_dialog(request: &Message, terms: &Terms) -> Reply {
    match request.method() {
        Some(Method::Other(_)) => Reply::new(StatusCode::NOT_IMPLEMENTED).allow(),
        _ => match unsupported(request, terms) {
            Some(reply) => reply.header(Name::Supported, terms.supported_value()),
            None => Reply::new(StatusCode::DOES_NOT_EXIST),
        },
    }
}
