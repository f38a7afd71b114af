//! Early dialogs: what the callees of our INVITE report before one of them accepts, and the PRACK of what wants one
//! (RFC 3261 §13.2.2.1, RFC 3262 §4).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::cseq::CSeq;
use crate::dialog::abilities::{Abilities, Ability, RELIABLE, ability};
use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Cancel, Phase};
use crate::dialog::peer::{Peer, Session};
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::reliable::RAck;
use crate::status::StatusCode;

use super::compose::SDP;
use super::config::FORKS_MAX;
use super::event::{Event, Failure};
use super::extra::Extra;
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::Disposition;
use super::session::InDialog;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

/// What a provisional answer asks of us.
enum Turn {
    /// Nothing: it may be lost.
    Plain,
    /// A PRACK.
    Acknowledge(u32),
    /// A PRACK with the answer to the offer in it.
    Answer,
    /// It was taken before.
    Again,
    /// One before it is missing; the callee will repeat both.
    TooEarly,
}

impl Endpoint {
    /// Answers the offer that came in a reliable provisional answer, in its PRACK.
    pub fn acknowledge_early(
        &mut self,
        leg: LegKey,
        fork: Fork,
        sdp: Bytes,
        now: Instant,
    ) -> Result<(), ActionError> {
        let state = self.leg_mut(leg)?;
        let peer = state.peer_of(fork).ok_or(ActionError::WrongState)?;
        let Exchange::PrackOwed { rseq } = peer.exchange else {
            return Err(ActionError::WrongState);
        };
        self.send_prack(leg, fork, rseq, Some(sdp.clone()), now)?;
        let state = self.leg_mut(leg)?;
        state.describe(Some(&sdp));
        if let Some(peer) = state.peer_of(fork) {
            peer.exchange = Exchange::Idle;
            peer.session = Session::Agreed;
        }
        Ok(())
    }

    pub(super) fn progressed(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        response: &Arc<Message>,
        now: Instant,
    ) -> Disposition {
        let status = response.status().unwrap_or(StatusCode::TRYING);
        let Some(leg) = self.legs.get_mut(&key) else {
            return Disposition::New;
        };
        let Phase::Calling { heard, cancel, .. } = &mut leg.phase else {
            return Disposition::New;
        };
        *heard = true;
        if let Cancel::Wanted { extra, .. } = cancel {
            let extra = extra.clone();
            self.send_cancel(key, invite, &extra, now);
            return Disposition::New;
        }
        if status == StatusCode::TRYING || matches!(cancel, Cancel::Sent { .. }) {
            return Disposition::New;
        }
        let fork = match self.note_early(invite, key, response) {
            Ok(fork) => fork,
            Err(TooManyForks) => return Disposition::Stray,
        };
        let turn = fork.map_or(Turn::Plain, |fork| self.turn(invite, (key, fork), response));
        match turn {
            Turn::Again => return Disposition::Retransmission,
            Turn::TooEarly => return Disposition::Stray,
            Turn::Plain | Turn::Acknowledge(_) | Turn::Answer => {}
        }
        self.event(early_event(key, fork, &turn, response));
        if let (Some(fork), Turn::Acknowledge(rseq)) = (fork, turn)
            && self.send_prack(key, fork, rseq, None, now).is_err()
        {
            self.prack_unanswered(key, Failure::Transport);
        }
        Disposition::New
    }

    pub(super) fn prack_answered(
        &mut self,
        leg: LegKey,
        status: StatusCode,
        response: &Arc<Message>,
    ) {
        if status.get() >= 300 && self.legs.contains_key(&leg) {
            self.event(Event::RequestAnswered {
                leg,
                method: Method::Prack,
                status,
                message: response.clone(),
            });
        }
    }

    pub(super) fn prack_unanswered(&mut self, leg: LegKey, failure: Failure) {
        if self.legs.contains_key(&leg) {
            let method = Method::Prack;
            self.event(Event::RequestFailed {
                leg,
                method,
                failure,
            });
        }
    }

    /// A callee that rings can already send requests: it needs a dialog to be found by. Without a tag it has none.
    fn note_early(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        response: &Message,
    ) -> Result<Option<Fork>, TooManyForks> {
        let to = response.to().ok();
        let tag = to.as_ref().and_then(|to| to.tag()).unwrap_or_default();
        let dialog = self.dialog_of_sent(invite, response);
        let Some(leg) = self.legs.get_mut(&key) else {
            return Ok(None);
        };
        if let Some(known) = leg.peer_tagged(tag) {
            known.abilities.learn(response);
            return Ok(Some(known.fork));
        }
        let Some(dialog) = dialog.filter(|_| !tag.is_empty()) else {
            return Ok(None);
        };
        if leg.peers.len() >= FORKS_MAX {
            return Err(TooManyForks);
        }
        let fork = Fork(leg.forks);
        leg.forks = leg.forks.saturating_add(1);
        let abilities = Abilities::of(response);
        leg.peers.push(Peer::new(fork, dialog, abilities));
        self.note_hop(key, fork);
        Ok(Some(fork))
    }

    /// Whether a provisional answer comes in its turn, and what it asks of us (RFC 3262 §4).
    fn turn(
        &mut self,
        invite: TransactionKey,
        (key, fork): (LegKey, Fork),
        response: &Message,
    ) -> Turn {
        let offered = self.clients.get(&invite).is_some_and(|sent| sent.has_offer);
        let rseq = match response.rseq() {
            Ok(Some(rseq)) if ability(response, RELIABLE) == Ability::Required => rseq,
            _ => return Turn::Plain,
        };
        let leg = self.legs.get_mut(&key);
        let Some(peer) = leg.and_then(|leg| leg.peer_of(fork)) else {
            return Turn::Plain;
        };
        match peer.rseq {
            Some(last) if rseq <= last => return Turn::Again,
            Some(last) if rseq != last.saturating_add(1) => return Turn::TooEarly,
            Some(_) if matches!(peer.exchange, Exchange::PrackOwed { .. }) => {
                return Turn::TooEarly;
            }
            Some(_) | None => {}
        }
        peer.rseq = Some(rseq);
        if response.has_body_of(SDP) && peer.session == Session::Open {
            if !offered {
                peer.exchange = Exchange::PrackOwed { rseq };
                return Turn::Answer;
            }
            peer.session = Session::Agreed;
        }
        Turn::Acknowledge(rseq)
    }

    fn send_prack(
        &mut self,
        leg: LegKey,
        fork: Fork,
        rseq: u32,
        sdp: Option<Bytes>,
        now: Instant,
    ) -> Result<(), ActionError> {
        let Phase::Calling { invite, .. } = self.leg_mut(leg)?.phase else {
            return Err(ActionError::WrongState);
        };
        let sent = self.clients.get(&invite).ok_or(ActionError::NoRequest)?;
        let cseq = CSeq {
            number: sent.cseq,
            method: Method::Invite,
        };
        let rack = RAck { rseq, cseq }.to_string();
        let prack = InDialog {
            method: Method::Prack,
            purpose: Purpose::Prack(leg),
            headers: &[(Name::RAck, &rack)],
            extra: &Extra::none(),
            body: sdp.map(|sdp| (SDP, sdp)),
        };
        self.ask_fork(leg, fork, prack, now)?;
        Ok(())
    }
}

fn early_event(leg: LegKey, fork: Option<Fork>, turn: &Turn, response: &Arc<Message>) -> Event {
    let status = response.status().unwrap_or(StatusCode::TRYING);
    let message = response.clone();
    if !response.has_body_of(SDP) {
        return Event::Ringing {
            leg,
            fork,
            status,
            message,
        };
    }
    let sdp = response.body_bytes();
    match (turn, fork) {
        (Turn::Answer, Some(fork)) => Event::EarlyOffer {
            leg,
            fork,
            status,
            sdp,
            message,
        },
        _ => Event::EarlyMedia {
            leg,
            fork,
            status,
            sdp,
            message,
        },
    }
}

/// More callees ring than are kept apart: what the others report is not told, but one of them may still accept.
struct TooManyForks;
