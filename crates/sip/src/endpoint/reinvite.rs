//! Changing a session: re-INVITE both ways, and offers of the peer by whatever method (RFC 3261 §14, RFC 3311 §5.2).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::exchange::{Exchange, Offer};
use crate::dialog::leg::{Leg, Phase};
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

use super::compose::{Reply, SDP};
use super::event::{EndCause, Event, Failure};
use super::extra::Extra;
use super::glare::busy;
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::{Disposition, Urgency};
use super::request::unreadable_body;
use super::session::InDialog;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Offers to change the session; without a description the peer is asked for its offer.
    pub fn reinvite(
        &mut self,
        leg: LegKey,
        sdp: Option<Bytes>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let state = self.leg_mut(leg)?;
        if !matches!(state.phase, Phase::Established) {
            return Err(ActionError::WrongState);
        }
        if !matches!(state.exchange(), Exchange::Idle) || state.retry.is_some() {
            return Err(ActionError::Pending);
        }
        let offer = Offer {
            method: Method::Invite,
            sdp,
            extra,
            tries: 0,
        };
        let fork = state.peers.first().ok_or(ActionError::WrongState)?.fork;
        self.send_offer(leg, fork, offer, now)?;
        Ok(())
    }

    /// Accepts the peer's re-INVITE or UPDATE. The description is the answer, or the offer if it had none.
    pub fn answer_offer(
        &mut self,
        leg: LegKey,
        sdp: Option<Bytes>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let (transaction, method) = self.held(leg)?;
        let reply = self.accepting(leg, Reply::new(StatusCode::OK).extra(extra).sdp(sdp))?;
        let bytes = self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        let exchange = if method == Method::Invite {
            self.ack_awaited(transaction, bytes, now)?
        } else {
            Exchange::Idle
        };
        self.close_offer(leg, exchange, now);
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
            unreadable_body(request).or_else(|| busy(leg, peer, method, has_offer))
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
        if *method == Method::Update && !has_offer {
            // It only keeps the session alive or moves the Contact.
            if let Ok(reply) = self.accepting(key, Reply::new(StatusCode::OK)) {
                self.respond_anyway(transaction, &reply, Urgency::AfterCommit, now);
            }
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

    /// Sends our re-INVITE or UPDATE; only an UPDATE without offer leaves nothing open.
    pub(super) fn send_offer(
        &mut self,
        leg: LegKey,
        fork: Fork,
        mut offer: Offer,
        now: Instant,
    ) -> Result<TransactionKey, ActionError> {
        let supported = self.terms_of(leg).supported_value();
        let purpose = match offer.method {
            Method::Update => Purpose::Update(leg),
            _ => Purpose::Reinvite(leg),
        };
        let request = InDialog {
            method: offer.method.clone(),
            purpose,
            headers: &[(Name::Supported, &supported)],
            extra: &offer.extra,
            body: offer.sdp.clone().map(|sdp| (SDP, sdp)),
        };
        let transaction = self.ask_fork(leg, fork, request, now)?;
        offer.tries += 1;
        let opens = offer.method == Method::Invite || offer.sdp.is_some();
        if let Some(peer) = self.leg_mut(leg)?.peer_of(fork).filter(|_| opens) {
            peer.exchange = Exchange::OfferSent {
                transaction,
                offer: Box::new(offer),
            };
        }
        self.settle_leg(leg);
        Ok(transaction)
    }

    pub(super) fn reinvite_answered(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        response: &Arc<Message>,
        now: Instant,
    ) -> Disposition {
        let status = response.status().unwrap_or(StatusCode::TRYING);
        if status.is_provisional() {
            return Disposition::New;
        }
        let tag = response
            .to()
            .ok()
            .and_then(|to| to.tag())
            .unwrap_or_default();
        if status.get() < 300 && self.repeat_ack(invite, tag) {
            return Disposition::Retransmission;
        }
        let Some(leg) = self.legs.get_mut(&key) else {
            return Disposition::Stray;
        };
        let open = matches!(leg.exchange(), Exchange::OfferSent { transaction, .. } if *transaction == invite);
        if status.get() < 300 {
            self.reinvite_accepted(invite, key, response, open);
            return Disposition::New;
        }
        if !open {
            return Disposition::New;
        }
        let (fork, exchange) = (leg.fork(), leg.take_exchange());
        match exchange {
            Exchange::OfferSent { offer, .. } if self.may_retry(&offer, status) => {
                self.wait_after_glare(key, fork, *offer, now);
            }
            _ => {
                self.event(Event::OfferRejected {
                    leg: key,
                    fork,
                    method: Method::Invite,
                    status,
                    message: response.clone(),
                });
                self.end_if_lost(key, status, now);
            }
        }
        Disposition::New
    }

    fn reinvite_accepted(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        response: &Arc<Message>,
        open: bool,
    ) {
        let offered = self.clients.get(&invite).is_some_and(|sent| sent.has_offer);
        let cseq = self
            .clients
            .get(&invite)
            .map(|sent| sent.cseq)
            .unwrap_or_default();
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if matches!(leg.exchange(), Exchange::AckOwed { invite: owed, .. } if *owed == invite) {
            return;
        }
        let fork = leg.fork();
        let Some(dialog) = leg.dialog() else { return };
        dialog.refresh_target(response);
        let dialog = dialog.clone();
        if open {
            leg.set_exchange(if offered {
                Exchange::Idle
            } else {
                Exchange::AckOwed { invite, cseq }
            });
            self.settle_leg(key);
            let sdp = response.has_body_of(SDP).then(|| response.body_bytes());
            self.event(Event::OfferAnswered {
                leg: key,
                fork,
                method: Method::Invite,
                sdp,
                message: response.clone(),
            });
        }
        if offered || !open {
            self.send_ack_anyway(invite, &dialog);
        }
    }

    /// Our re-INVITE or UPDATE will have no answer.
    pub(super) fn offer_unanswered(
        &mut self,
        sent: TransactionKey,
        key: LegKey,
        failure: Failure,
        now: Instant,
    ) {
        let method = self.clients.get(&sent).map(|sent| sent.method.clone());
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if matches!(leg.phase, Phase::Closing { .. } | Phase::Reporting) {
            return;
        }
        if let Some(peer) = leg.peers.iter_mut().find(|peer| peer.has_sent(sent)) {
            peer.exchange = Exchange::Idle;
        }
        self.event(Event::RequestFailed {
            leg: key,
            method: method.unwrap_or(Method::Invite),
            failure,
        });
        // No answer at all means that the peer has lost the dialog (RFC 3261 §12.2.1.2).
        self.end_if_lost(key, StatusCode::REQUEST_TIMEOUT, now);
        self.go_on(key, now);
    }

    /// These two mean that the peer has lost the dialog (RFC 3261 §12.2.1.2).
    pub(super) fn end_if_lost(&mut self, key: LegKey, status: StatusCode, now: Instant) {
        let is_lost = matches!(
            status,
            StatusCode::DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT
        );
        let is_up = |leg: &Leg| matches!(leg.phase, Phase::Established);
        if is_lost && self.legs.get(&key).is_some_and(is_up) {
            self.send_bye(key, &Extra::none(), Some(EndCause::DialogLost), now);
        }
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
