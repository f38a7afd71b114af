//! Our re-INVITE: how it leaves, what its answers mean (RFC 3261 §14.1).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::exchange::{Exchange, Intent, Offer};
use crate::dialog::leg::{Leg, Phase};
use crate::dialog::timer::Side;
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

use super::compose::SDP;
use super::event::{EndCause, Event, Failure};
use super::extra::Extra;
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::Disposition;
use super::refresh::Accepted;
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
            intent: Intent::Change,
        };
        let fork = state.peers.first().ok_or(ActionError::WrongState)?.fork;
        self.send_offer(leg, fork, offer, now)?;
        Ok(())
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
        let timer = self.timer_lines(leg);
        let mut headers = vec![(Name::Supported, &*supported)];
        headers.extend(timer.iter().map(|(name, value)| (*name, &**value)));
        let request = InDialog {
            method: offer.method.clone(),
            purpose,
            headers: &headers,
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
            self.reinvite_accepted(invite, key, response, now);
            return Disposition::New;
        }
        if !open {
            return Disposition::New;
        }
        if self.ask_for_longer(key, invite, response, now) {
            return Disposition::New;
        }
        let Some(leg) = self.legs.get_mut(&key) else {
            return Disposition::Stray;
        };
        let (fork, exchange) = (leg.fork(), leg.take_exchange());
        match exchange {
            Exchange::OfferSent { offer, .. } if self.may_retry(&offer, status) => {
                self.wait_after_glare(key, fork, *offer, now);
            }
            exchange => {
                let method = Method::Invite;
                if is_refreshing(&exchange) {
                    self.refresh_refused(key, &method, status, now);
                }
                self.event(Event::OfferRejected {
                    leg: key,
                    fork,
                    method,
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
        now: Instant,
    ) {
        let sent = self.clients.get(&invite);
        let (offered, cseq) = sent.map_or((false, 0), |sent| (sent.has_offer, sent.cseq));
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if matches!(leg.exchange(), Exchange::AckOwed { invite: owed, .. } if *owed == invite) {
            return;
        }
        let fork = leg.fork();
        let Some(peer) = leg.peers.first_mut() else {
            return;
        };
        peer.dialog.refresh_target(response);
        let dialog = peer.dialog.clone();
        if !peer.has_sent(invite) {
            // The dialog is being ended: its BYE follows.
            return self.send_ack_anyway(invite, &dialog);
        }
        peer.abilities.learn(response);
        self.note_hop(key, fork);
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let exchange = leg.take_exchange();
        let refreshes = is_refreshing(&exchange);
        if let Exchange::OfferSent { offer, .. } = exchange {
            leg.describe(offer.sdp.as_ref());
        }
        if !offered {
            leg.set_exchange(Exchange::AckOwed { invite, cseq });
        }
        self.settle_leg(key);
        let sdp = response.has_body_of(SDP).then(|| response.body_bytes());
        let method = Method::Invite;
        if !refreshes {
            self.event(Event::OfferAnswered {
                leg: key,
                fork,
                method: method.clone(),
                sdp: sdp.clone(),
                message: response.clone(),
            });
        }
        let agreed = self.agreed_with(key, response);
        let accepted = Accepted {
            by: Side::We,
            method,
            sdp: sdp.filter(|_| refreshes),
            message: response,
        };
        self.restart_timer(key, agreed, accepted, now);
        if offered {
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
        if is_lost && self.leg(key).is_some_and(is_up) {
            self.send_bye(key, &Extra::none(), Some(EndCause::DialogLost), now);
        }
    }
}

/// Whether this offer of ours only keeps the session alive.
fn is_refreshing(exchange: &Exchange) -> bool {
    matches!(exchange, Exchange::OfferSent { offer, .. } if offer.intent == Intent::Refresh)
}
