//! Reliable provisional answers to an incoming INVITE: sent one after another, each until its PRACK (RFC 3262 §3, §5).

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::abilities::{Ability, RELIABLE};
use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Leg, Phase};
use crate::dialog::peer::Session;
use crate::dialog::progress::{Answer, Describes, Provisional, Waiting};
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::timers::{Backoff, Timer};

use super::compose::{Reply, SDP};
use super::config::PROVISIONALS_MAX;
use super::event::{EndCause, Event};
use super::invite::PROVISIONAL_GAP;
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::{Repeat, Send, Urgency};
use super::request::unreadable_body;
use super::terms::Reliable;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Sends a reliable provisional answer, or lets it wait for the PRACK of the one before.
    pub(super) fn report_reliably(
        &mut self,
        leg: LegKey,
        provisional: Provisional,
        now: Instant,
    ) -> Result<(), ActionError> {
        let progress = self.leg_mut(leg)?.progress.get_or_insert_default();
        if progress.waiting.is_none() {
            return self.send_progress(leg, provisional, now);
        }
        if progress.queue.len() >= PROVISIONALS_MAX {
            return Err(ActionError::Pending);
        }
        progress.queue.push_back(provisional);
        Ok(())
    }

    /// Keeps the 2xx back while a description is not acknowledged or an offer not answered; gives it back if it may leave.
    pub(super) fn hold_answer(&mut self, leg: LegKey, answer: Answer) -> Option<Answer> {
        let state = self.legs.get_mut(&leg)?;
        let busy = !matches!(state.exchange(), Exchange::Idle);
        let progress = state.progress.get_or_insert_default();
        let described = progress.waiting.as_ref();
        if described.is_none_or(|waiting| waiting.describes == Describes::Nothing) && !busy {
            return Some(answer);
        }
        progress.answer = Some(answer);
        None
    }

    pub(super) fn prack_received(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let rack = match request.rack() {
            Ok(rack) => rack,
            Err(error) => {
                let reply = Reply::new(StatusCode::BAD_REQUEST).phrase(Some(&error.to_string()));
                return self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
            }
        };
        let invite = self.legs.get(&key).and_then(|leg| match leg.phase {
            Phase::Incoming { invite, .. } => self.servers.get(&invite),
            _ => None,
        });
        let about_invite = rack.cseq.method == Method::Invite
            && invite.is_none_or(|invite| invite.cseq == rack.cseq.number);
        let progress = self
            .legs
            .get_mut(&key)
            .and_then(|leg| leg.progress.as_mut());
        let waiting = progress.and_then(|progress| {
            let named = |waiting: &mut Waiting| about_invite && waiting.rseq == rack.rseq;
            progress.waiting.take_if(named)
        });
        let Some(waiting) = waiting else {
            // It acknowledges nothing that waits, or what it acknowledges was acknowledged before.
            let reply = Reply::new(StatusCode::DOES_NOT_EXIST);
            return self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
        };
        self.settle_leg(key);
        if let Some(reply) = unreadable_body(request) {
            self.respond_anyway(transaction, &reply, Urgency::Immediate, now);
        } else {
            self.progress_acknowledged(key, transaction, waiting.describes, request, now);
        }
        self.go_on(key, now);
    }

    /// What the caller's description in a PRACK is: the answer to ours, or an offer of its own.
    fn progress_acknowledged(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        describes: Describes,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let sdp = request.has_body_of(SDP).then(|| request.body_bytes());
        let Some(peer) = self
            .legs
            .get_mut(&key)
            .and_then(|leg| leg.peers.first_mut())
        else {
            return;
        };
        if describes == Describes::Answer || (describes == Describes::Offer && sdp.is_some()) {
            peer.session = Session::Agreed;
        }
        let message = request.clone();
        let mut reply = Reply::new(StatusCode::OK);
        if describes == Describes::Offer || sdp.is_none() {
            self.event(Event::ProgressAcknowledged {
                leg: key,
                sdp,
                message,
            });
        } else if peer.session == Session::Agreed && matches!(peer.exchange, Exchange::Idle) {
            let method = Method::Prack;
            peer.exchange = Exchange::OfferHeld {
                transaction,
                method: method.clone(),
            };
            self.event(Event::OfferReceived {
                leg: key,
                fork: Fork::FIRST,
                method,
                sdp,
                message,
            });
            return;
        } else {
            // An offer while the first one has no answer (RFC 6337 §2.2).
            reply = Reply::new(StatusCode::NOT_ACCEPTABLE_HERE);
        }
        self.respond_anyway(transaction, &reply, Urgency::AfterCommit, now);
    }

    /// Sends what a PRACK, or the answer to its offer, was waited for: the 2xx, or the next report.
    pub(super) fn go_on(&mut self, key: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if !matches!(leg.phase, Phase::Incoming { .. }) || !matches!(leg.exchange(), Exchange::Idle)
        {
            return;
        }
        let Some(progress) = &mut leg.progress else {
            return;
        };
        if progress.waiting.is_some() {
            return;
        }
        if let Some(answer) = progress.answer.take() {
            if self.accept(key, answer, now).is_err() {
                // What cannot be written never leaves: the caller gets a refusal instead of silence.
                self.give_up(
                    key,
                    StatusCode::SERVER_INTERNAL_ERROR,
                    EndCause::Refused,
                    now,
                );
            }
            return;
        }
        while let Some(provisional) = self.next_provisional(key) {
            if self.send_progress(key, provisional, now).is_ok() {
                return;
            }
        }
    }

    fn next_provisional(&mut self, key: LegKey) -> Option<Provisional> {
        let progress = self.legs.get_mut(&key)?.progress.as_mut()?;
        progress.queue.pop_front()
    }

    fn send_progress(
        &mut self,
        leg: LegKey,
        provisional: Provisional,
        now: Instant,
    ) -> Result<(), ActionError> {
        let invite = self.incoming(leg)?;
        let Provisional { status, sdp, extra } = provisional;
        let describes = self.describes(leg, invite, sdp.is_some());
        let sdp = sdp.filter(|_| describes != Describes::Nothing);
        let progress = self.leg_mut(leg)?.progress.get_or_insert_default();
        let last = progress.rseq;
        let rseq = last.map_or_else(|| self.ids.cseq(), |last| last.saturating_add(1));
        self.leg_mut(leg)?.describe(sdp.as_ref());
        let reply = self.accepting(leg, Reply::new(status).extra(extra).sdp(sdp))?;
        let reply = reply
            .header(Name::Require, RELIABLE)
            .header(Name::RSeq, rseq.to_string());
        let bytes = self.respond(invite, &reply, Urgency::AfterCommit, now)?;
        let target = self.servers.get(&invite).map(|invite| invite.target);
        let target = target.ok_or(ActionError::NoRequest)?;
        let (t1, patience) = (self.config.timers.t1, self.config.timers.patience());
        let state = self.leg_mut(leg)?;
        let progress = state.progress.get_or_insert_default();
        progress.rseq = Some(rseq);
        progress.waiting = Some(Waiting {
            rseq,
            bytes,
            target,
            describes,
            repeat: Backoff::start(now, t1),
            give_up: now + patience,
        });
        if let Phase::Incoming { repeat_at, .. } = &mut state.phase {
            *repeat_at = Some(now + PROVISIONAL_GAP);
        }
        self.settle_leg(leg);
        Ok(())
    }

    /// What a description in an answer to the INVITE would be; nothing once the first offer has its answer.
    fn describes(&self, leg: LegKey, invite: TransactionKey, has_sdp: bool) -> Describes {
        let offered = self
            .servers
            .get(&invite)
            .and_then(|invite| invite.request.as_ref())
            .is_some_and(|request| request.has_body_of(SDP));
        match self.is_agreed(leg) {
            true => Describes::Nothing,
            false if !has_sdp => Describes::Nothing,
            false if offered => Describes::Answer,
            false => Describes::Offer,
        }
    }

    pub(super) fn is_agreed(&self, leg: LegKey) -> bool {
        let first = self.legs.get(&leg).and_then(|leg| leg.peers.first());
        first.is_some_and(|peer| peer.session == Session::Agreed)
    }

    pub(super) fn repeat_progress(&mut self, key: LegKey, now: Instant) {
        let longest = self.config.timers.patience();
        let progress = self
            .legs
            .get_mut(&key)
            .and_then(|leg| leg.progress.as_mut());
        let Some(waiting) = progress.and_then(|progress| progress.waiting.as_mut()) else {
            return;
        };
        waiting.repeat = waiting.repeat.next(now, longest);
        let send = Send {
            bytes: waiting.bytes.clone(),
            flow: waiting.target,
            leg: Some(key),
            transaction: None,
            repeat: Repeat::Again,
            urgency: Urgency::Immediate,
        };
        self.send(send);
    }

    /// The caller never acknowledged: whatever it believes, it does not hear us (RFC 3262 §3).
    pub(super) fn prack_missing(&mut self, key: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if let Some(progress) = &mut leg.progress {
            progress.waiting = None;
        }
        if !matches!(leg.phase, Phase::Incoming { .. }) {
            // The 2xx went out meanwhile: its ACK tells more.
            self.settle_leg(key);
            return;
        }
        self.event(Event::PrackMissing { leg: key });
        let cause = EndCause::TimedOut(Timer::PrackWait);
        self.give_up(key, StatusCode::SERVER_TIMEOUT, cause, now);
    }

    /// Refuses the INVITE on our own account.
    fn give_up(&mut self, key: LegKey, status: StatusCode, cause: EndCause, now: Instant) {
        self.drop_offers(key, now);
        if let Ok(invite) = self.incoming(key) {
            self.respond_anyway(invite, &Reply::new(status), Urgency::AfterCommit, now);
        }
        self.end_leg(key, cause);
    }
}

/// Whether provisional answers of this leg are to be acknowledged.
pub(super) fn is_reliable(leg: &Leg) -> bool {
    let first = leg.peers.first();
    let peer = first.map_or(Ability::Unknown, |peer| peer.abilities.reliable);
    match leg.terms.reliable {
        Reliable::Off | Reliable::Supported => peer == Ability::Required,
        Reliable::Preferred | Reliable::Required => peer >= Ability::Offered,
    }
}
