//! Offers of the peer in a dialog: re-INVITE, UPDATE and PRACK, taken, answered or refused (RFC 3261 §14.2, RFC 3311 §5.2).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Leg, Phase};
use crate::dialog::timer::Side;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

use super::compose::{Reply, SDP};
use super::event::Event;
use super::extra::Extra;
use super::glare::busy;
use super::keys::{LegKey, TransactionKey};
use super::output::Urgency;
use super::refresh::{Accepted, interval_too_small};
use super::request::unreadable_body;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Accepts the peer's re-INVITE or UPDATE. The description is the answer, or the offer if it had none.
    pub fn answer_offer(
        &mut self,
        leg: LegKey,
        sdp: Option<Bytes>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let (transaction, method) = self.held(leg)?;
        let reply = Reply::new(StatusCode::OK).extra(extra).sdp(sdp.clone());
        let reply = self.accepting(leg, reply)?;
        let is_up = matches!(self.leg_mut(leg)?.phase, Phase::Established);
        let (reply, agreed) = match is_up {
            true => self.timed(leg, transaction, reply),
            false => (reply, None),
        };
        let request = self.servers.get(&transaction);
        let request = request.and_then(|received| received.request.clone());
        let bytes = self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        self.leg_mut(leg)?.describe(sdp.as_ref());
        let exchange = if method == Method::Invite {
            self.ack_awaited(transaction, bytes, now)?
        } else {
            Exchange::Idle
        };
        self.close_offer(leg, exchange, now);
        if let Some(message) = request.filter(|_| is_up) {
            let (by, sdp, message) = (Side::Peer, None, &message);
            let accepted = Accepted {
                by,
                method,
                sdp,
                message,
            };
            self.restart_timer(leg, agreed, accepted, now);
        }
        Ok(())
    }

    /// Refuses the peer's re-INVITE or UPDATE; the session stays as it was.
    pub fn refuse_offer(
        &mut self,
        leg: LegKey,
        status: StatusCode,
        phrase: Option<&str>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let (transaction, _) = self.held(leg)?;
        if status.get() < 300 {
            return Err(ActionError::Status);
        }
        let reply = Reply::new(status).phrase(phrase).extra(extra);
        self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        self.close_offer(leg, Exchange::Idle, now);
        Ok(())
    }

    /// The peer's offer has its answer; what waited for it goes on.
    fn close_offer(&mut self, leg: LegKey, exchange: Exchange, now: Instant) {
        if let Some(peer) = self.legs.get_mut(&leg).and_then(|leg| leg.offering()) {
            peer.exchange = exchange;
        }
        self.settle_leg(leg);
        self.go_on(leg, now);
    }

    pub(super) fn offer_received(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        method: &Method,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let from = request.from().ok();
        let tag = from.as_ref().and_then(|from| from.tag());
        let has_offer = request.has_body_of(SDP);
        let refusal = self.legs.get(&key).and_then(|leg| {
            let peer = leg.early(tag.unwrap_or_default())?;
            unreadable_body(request)
                .or_else(|| busy(leg, peer, method, has_offer))
                .or_else(|| interval_too_small(&leg.terms.timer, request))
        });
        if let Some(reply) = refusal {
            self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
            return;
        }
        let leg = self.legs.get_mut(&key);
        let Some(peer) = leg.and_then(|leg| leg.peer_tagged(tag.unwrap_or_default())) else {
            return;
        };
        peer.dialog.refresh_target(request);
        let fork = peer.fork;
        self.note_hop(key, fork);
        let leg = self.legs.get_mut(&key);
        let Some(peer) = leg.and_then(|leg| leg.peer_of(fork)) else {
            return;
        };
        if *method == Method::Update && !has_offer {
            self.updated(key, transaction, request, now);
            return;
        }
        peer.exchange = Exchange::OfferHeld {
            transaction,
            method: method.clone(),
        };
        if *method == Method::Invite {
            let trying = Reply::new(StatusCode::TRYING);
            self.respond_anyway(transaction, &trying, Urgency::Immediate, now);
        }
        let sdp = has_offer.then(|| request.body_bytes());
        let (method, message) = (method.clone(), request.clone());
        self.event(Event::OfferReceived {
            leg: key,
            fork,
            method,
            sdp,
            message,
        });
    }

    /// An UPDATE without offer only keeps the session alive or moves the Contact.
    fn updated(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let Ok(reply) = self.accepting(key, Reply::new(StatusCode::OK)) else {
            return;
        };
        let is_up = |leg: &Leg| matches!(leg.phase, Phase::Established);
        if !self.leg(key).is_some_and(is_up) {
            return self.respond_anyway(transaction, &reply, Urgency::AfterCommit, now);
        }
        let (reply, agreed) = self.timed(key, transaction, reply);
        let accepted = Accepted {
            by: Side::Peer,
            method: Method::Update,
            sdp: None,
            message: request,
        };
        self.restart_timer(key, agreed, accepted, now);
        self.respond_anyway(transaction, &reply, Urgency::AfterCommit, now);
    }

    fn held(&mut self, leg: LegKey) -> Result<(TransactionKey, Method), ActionError> {
        match self.leg_mut(leg)?.offering().map(|peer| &peer.exchange) {
            Some(Exchange::OfferHeld {
                transaction,
                method,
            }) => Ok((*transaction, method.clone())),
            Some(_) | None => Err(ActionError::WrongState),
        }
    }
}
