//! UPDATE, sent by us: a new offer or a new Contact, also while the call still rings (RFC 3311 §5.1, §5.3).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::abilities::Ability;
use crate::dialog::exchange::{Exchange, Intent, Offer};
use crate::dialog::leg::{Cancel, Leg, Phase};
use crate::dialog::peer::Session;
use crate::dialog::timer::Side;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

use super::compose::SDP;
use super::event::Event;
use super::extra::Extra;
use super::keys::{Fork, LegKey, TransactionKey};
use super::refresh::Accepted;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Offers to change the session by UPDATE, or only tells our Contact; the peer must allow UPDATE.
    ///
    /// While the call rings, `fork` says to whom, and the first offer must have its answer in a reliable
    /// provisional answer; `Fork::FIRST` is the caller, and the peer of a call that never forked.
    pub fn update(
        &mut self,
        leg: LegKey,
        fork: Fork,
        sdp: Option<Bytes>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        let state = self.leg_mut(leg)?;
        let retries = state.retry.is_some();
        let needs_agreement = match state.phase {
            Phase::Established => false,
            Phase::Calling {
                cancel: Cancel::No, ..
            } => sdp.is_some(),
            // Before that the caller may not even know the dialog.
            Phase::Incoming { .. } if !state.is_accepted() => true,
            _ => return Err(ActionError::WrongState),
        };
        let peer = state.peer_of(fork).ok_or(ActionError::WrongState)?;
        if needs_agreement && peer.session == Session::Open {
            return Err(ActionError::WrongState);
        }
        if peer.abilities.update == Ability::Unknown {
            return Err(ActionError::NotAllowed);
        }
        if sdp.is_some() && (retries || !matches!(peer.exchange, Exchange::Idle)) {
            return Err(ActionError::Pending);
        }
        let offer = Offer {
            method: Method::Update,
            sdp,
            extra,
            tries: 0,
            intent: Intent::Change,
        };
        self.send_offer(leg, fork, offer, now)?;
        Ok(())
    }

    pub(super) fn update_answered(
        &mut self,
        transaction: TransactionKey,
        key: LegKey,
        response: &Arc<Message>,
        now: Instant,
    ) {
        let status = response.status().unwrap_or(StatusCode::TRYING);
        if self.ask_for_longer(key, transaction, response, now) {
            return;
        }
        let refreshes = self.is_refresh(key, transaction);
        let Some((fork, exchange)) = self.close_sent(transaction, key, response) else {
            // The dialog ended meanwhile.
            return;
        };
        match exchange {
            exchange if status.is_success() => {
                if let (Exchange::OfferSent { offer, .. }, Some(leg)) =
                    (exchange, self.legs.get_mut(&key))
                {
                    leg.describe(offer.sdp.as_ref());
                }
                self.update_accepted(key, fork, response, refreshes, now);
            }
            Exchange::OfferSent { offer, .. } if self.may_retry(&offer, status) => {
                self.wait_after_glare(key, fork, *offer, now);
            }
            _ => {
                let method = Method::Update;
                if refreshes {
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
        self.go_on(key, now);
    }

    fn update_accepted(
        &mut self,
        key: LegKey,
        fork: Fork,
        response: &Arc<Message>,
        refreshes: bool,
        now: Instant,
    ) {
        let method = Method::Update;
        if !refreshes {
            let sdp = response.has_body_of(SDP).then(|| response.body_bytes());
            self.event(Event::OfferAnswered {
                leg: key,
                fork,
                method: method.clone(),
                sdp,
                message: response.clone(),
            });
        }
        let is_up = |leg: &Leg| matches!(leg.phase, Phase::Established);
        if self.leg(key).is_some_and(is_up) {
            let agreed = self.agreed_with(key, response);
            let accepted = Accepted {
                by: Side::We,
                method,
                sdp: None,
                message: response,
            };
            self.restart_timer(key, agreed, accepted, now);
        }
    }

    /// Which callee answered, and what its answer closes: nothing if the UPDATE held no offer.
    fn close_sent(
        &mut self,
        sent: TransactionKey,
        key: LegKey,
        response: &Message,
    ) -> Option<(Fork, Exchange)> {
        let to = response.to().ok()?;
        let leg = self.legs.get_mut(&key)?;
        let peer = leg.peer_tagged(to.tag().unwrap_or_default())?;
        if response.status().is_some_and(StatusCode::is_success) {
            peer.dialog.refresh_target(response);
            peer.abilities.learn(response);
        }
        let exchange = match peer.has_sent(sent) {
            true => std::mem::replace(&mut peer.exchange, Exchange::Idle),
            false => Exchange::Idle,
        };
        let fork = peer.fork;
        self.note_hop(key, fork);
        Some((fork, exchange))
    }
}
