//! CANCEL, both ways (RFC 3261 §9).

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Cancel, Phase};
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::transaction::key::ServerKey;

use super::compose::{self, Reply};
use super::event::{EndCause, Event};
use super::extra::Extra;
use super::flow::Flow;
use super::keys::{LegKey, TransactionKey};
use super::output::{Disposition, Urgency};
use super::plumbing::Departure;
use super::request::Verdict;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Withdraws our INVITE. The CANCEL waits for the first provisional answer, as it must.
    pub fn cancel(&mut self, leg: LegKey, extra: Extra, now: Instant) -> Result<(), ActionError> {
        self.withdraw(leg, extra, EndCause::Cancelled, now)
    }

    /// Takes our INVITE back; the leg ends for `cause` when its final answer is there.
    pub(super) fn withdraw(
        &mut self,
        leg: LegKey,
        extra: Extra,
        cause: EndCause,
        now: Instant,
    ) -> Result<(), ActionError> {
        let Phase::Calling {
            invite,
            heard,
            cancel,
        } = &mut self.leg_mut(leg)?.phase
        else {
            return Err(ActionError::WrongState);
        };
        if !matches!(cancel, Cancel::No) {
            return Err(ActionError::Pending);
        }
        let (invite, heard) = (*invite, *heard);
        *cancel = Cancel::Wanted {
            extra: extra.clone(),
            cause,
        };
        if heard {
            self.send_cancel(leg, invite, &extra, now);
        }
        Ok(())
    }

    pub(super) fn send_cancel(
        &mut self,
        leg: LegKey,
        invite: TransactionKey,
        extra: &Extra,
        now: Instant,
    ) {
        let Some(transaction) = self.clients.get(&invite) else {
            return;
        };
        let bytes = Message::parse(transaction.request.clone())
            .ok()
            .and_then(|request| compose::cancel(&request, extra).ok());
        let Some(bytes) = bytes else { return };
        let departure = Departure {
            method: Method::Cancel,
            branch: transaction.branch.clone(),
            cseq: transaction.cseq,
            flow: transaction.flow,
            bytes,
            purpose: Purpose::Cancel(leg),
        };
        self.depart(departure, now);
        let until = now + self.config.timers.patience();
        if let Some(leg) = self.legs.get_mut(&leg)
            && let Phase::Calling { cancel, .. } = &mut leg.phase
            && let Cancel::Wanted { cause, .. } = cancel
        {
            *cancel = Cancel::Sent {
                cause: *cause,
                until,
            };
        }
        self.settle_leg(leg);
    }

    pub(super) fn cancel_received(
        &mut self,
        request: &Arc<Message>,
        key: ServerKey,
        flow: Flow,
        now: Instant,
    ) -> Verdict {
        let invite = ServerKey::of_cancelled(request)
            .ok()
            .and_then(|invite| self.server_keys.get(&invite).copied());
        let Some(invite) = invite else {
            self.refuse_stateless(request, flow, &Reply::new(StatusCode::DOES_NOT_EXIST));
            return Verdict::none(Disposition::Refused);
        };
        let (leg, pending) = match self.servers.get(&invite) {
            Some(invite) => (invite.leg, invite.machine.is_pending_invite()),
            None => (None, false),
        };
        let transaction = self.arrive(request, key, flow, now);
        if let Some(leg) = leg {
            self.claim(transaction, leg);
        }
        let withdrawn = leg
            .filter(|_| pending)
            .map(|leg| self.withdrawn(leg, request));
        let accepted = Reply::new(StatusCode::OK);
        self.respond_anyway(transaction, &accepted, Urgency::AfterCommit, now);
        if pending {
            self.terminate(vec![invite], now);
        }
        if let (Some(leg), Some(Withdrawn::Call)) = (leg, withdrawn) {
            self.drop_offers(leg, now);
            self.end_leg(leg, EndCause::CancelledByPeer);
        }
        Verdict::of(leg, Disposition::New)
    }

    /// The peer took its INVITE or re-INVITE back.
    fn withdrawn(&mut self, key: LegKey, request: &Arc<Message>) -> Withdrawn {
        let Some(leg) = self.legs.get_mut(&key) else {
            return Withdrawn::Offer;
        };
        if let Phase::Incoming { .. } = leg.phase {
            self.event(Event::Cancelled {
                leg: key,
                message: request.clone(),
            });
            return Withdrawn::Call;
        }
        if let Exchange::OfferHeld { .. } = leg.exchange() {
            leg.set_exchange(Exchange::Idle);
            self.settle_leg(key);
            self.event(Event::OfferCancelled { leg: key });
        }
        Withdrawn::Offer
    }
}

/// What a CANCEL took back.
enum Withdrawn {
    Call,
    Offer,
}
