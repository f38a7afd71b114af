//! Changing an established session: re-INVITE both ways, UPDATE from the peer, glare (RFC 3261 §14, RFC 3311).

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::dialog::exchange::{Exchange, Offer, Retry};
use crate::dialog::leg::{Leg, Phase, Role};
use crate::dialog::peer::{Peer, Session};
use crate::dialog::progress::Describes;
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

use super::compose::{Reply, SDP};
use super::config::GLARE_TRIES_MAX;
use super::event::{EndCause, Event, Failure};
use super::extra::Extra;
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
        self.send_reinvite(
            leg,
            Offer {
                method: Method::Invite,
                sdp,
                extra,
                tries: 0,
            },
            now,
        )
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

    pub(super) fn send_reinvite(
        &mut self,
        leg: LegKey,
        mut offer: Offer,
        now: Instant,
    ) -> Result<(), ActionError> {
        let supported = self.terms_of(leg).supported_value();
        let request = InDialog {
            method: Method::Invite,
            purpose: Purpose::Reinvite(leg),
            headers: &[(Name::Supported, &supported)],
            extra: &offer.extra,
            body: offer.sdp.clone().map(|sdp| (SDP, sdp)),
        };
        let invite = self.ask(leg, request, now)?;
        offer.tries += 1;
        self.leg_mut(leg)?.set_exchange(Exchange::OfferSent {
            transaction: invite,
            offer: Box::new(offer),
        });
        self.settle_leg(leg);
        Ok(())
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
        let exchange = leg.take_exchange();
        match exchange {
            Exchange::OfferSent { offer, .. }
                if status == StatusCode::REQUEST_PENDING && offer.tries < GLARE_TRIES_MAX =>
            {
                self.wait_after_glare(key, *offer, now);
            }
            _ => {
                let message = response.clone();
                self.event(Event::OfferRejected {
                    leg: key,
                    method: Method::Invite,
                    status,
                    message,
                });
                // These two mean that the peer has lost the dialog (RFC 3261 §12.2.1.2).
                if matches!(
                    status,
                    StatusCode::DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT
                ) {
                    self.send_bye(key, &Extra::none(), Some(EndCause::DialogLost), now);
                }
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
                method: Method::Invite,
                sdp,
                message: response.clone(),
            });
        }
        if offered || !open {
            self.send_ack_anyway(invite, &dialog);
        }
    }

    pub(super) fn reinvite_unanswered(&mut self, key: LegKey, failure: Failure, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if !matches!(leg.exchange(), Exchange::OfferSent { .. }) {
            return;
        }
        leg.set_exchange(Exchange::Idle);
        self.event(Event::RequestFailed {
            leg: key,
            method: Method::Invite,
            failure,
        });
        // No answer at all means that the peer has lost the dialog (RFC 3261 §12.2.1.2).
        self.send_bye(key, &Extra::none(), Some(EndCause::DialogLost), now);
    }

    /// Who made the Call-ID waits longer, so that the two do not meet again (RFC 3261 §14.1).
    fn wait_after_glare(&mut self, key: LegKey, offer: Offer, now: Instant) {
        let steps = |from: u64, count: u64, ids: &mut super::ids::Ids| from + ids.below(count);
        let Some(role) = self.legs.get(&key).map(|leg| leg.role) else {
            return;
        };
        let tens_of_ms = match role {
            Role::Caller => steps(210, 191, &mut self.ids),
            Role::Callee => steps(0, 201, &mut self.ids),
        };
        let wait = Duration::from_millis(10 * tens_of_ms);
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.retry = Some(Box::new(Retry {
                fork: Fork::FIRST,
                at: now + wait,
                offer,
            }));
        }
        self.settle_leg(key);
        let method = Method::Invite;
        self.event(Event::OfferDelayed {
            leg: key,
            method,
            wait,
        });
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

/// Why the peer's offer must wait, if it must (RFC 3261 §14.2, RFC 3311 §5.2, RFC 6337 §3).
fn busy(leg: &Leg, peer: &Peer, method: &Method, has_offer: bool) -> Option<Reply> {
    if *method == Method::Update && !has_offer {
        return None;
    }
    let is_update = *method == Method::Update;
    let agreed = peer.session == Session::Agreed;
    let ours_waits = leg.progress.as_ref().is_some_and(|progress| {
        let waiting = progress.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.describes == Describes::Offer)
    });
    let pending = || Some(Reply::new(StatusCode::REQUEST_PENDING));
    let later = || {
        let reply = Reply::new(StatusCode::SERVER_INTERNAL_ERROR);
        Some(
            reply
                .phrase(Some("Earlier Offer Pending"))
                .header(Name::RetryAfter, RETRY_AFTER_S),
        )
    };
    match (&leg.phase, &peer.exchange) {
        // The user has one offer at a time before it, whichever callee made it.
        _ if leg.peers.iter().any(|peer| peer.held().is_some()) => later(),
        (Phase::Established, Exchange::Idle) => None,
        (Phase::Incoming { .. } | Phase::Calling { .. }, Exchange::Idle) if is_update && agreed => {
            None
        }
        (Phase::Incoming { .. }, _) if ours_waits => pending(),
        (Phase::Incoming { .. }, _) => later(),
        (Phase::Calling { .. }, Exchange::PrackOwed { .. }) => later(),
        (Phase::Established, _) => pending(),
        (Phase::Calling { .. } | Phase::Closing { .. } | Phase::Reporting, _) => pending(),
    }
}

/// Seconds, from 0 to 10: time enough to answer the offer before.
const RETRY_AFTER_S: &str = "2";
