//! The established call: BYE, both ways, and INFO (RFC 3261 §15, RFC 6086).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Cancel, Phase};
use crate::dialog::peer::Peer;
use crate::dialog::refer::ReferIn;
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

use super::compose::{Outgoing, Reply};
use super::event::{EndCause, Event, Failure};
use super::extra::Extra;
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::Urgency;
use super::plumbing::Departure;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

/// A request inside a leg's dialog.
pub(super) struct InDialog<'a> {
    pub method: Method,
    pub purpose: Purpose,
    pub headers: &'a [(Name<'a>, &'a str)],
    pub extra: &'a Extra,
    pub body: Option<(&'a str, Bytes)>,
}

impl Endpoint {
    /// Hangs up an established call. After our own 2xx the BYE waits for the ACK, as it must.
    pub fn bye(&mut self, leg: LegKey, extra: Extra, now: Instant) -> Result<(), ActionError> {
        let state = self.leg_mut(leg)?;
        if state.is_accepted() {
            // Accepted, but the 2xx still waits for a PRACK: it never leaves.
            return self.hang_up(leg, extra, now);
        }
        if !matches!(state.phase, Phase::Established) {
            return Err(ActionError::WrongState);
        }
        let Some(peer) = state.peers.first_mut() else {
            return Err(ActionError::WrongState);
        };
        match &mut peer.exchange {
            Exchange::AckAwaited { bye: Some(_), .. } => return Err(ActionError::Pending),
            Exchange::AckAwaited { bye, .. } => {
                *bye = Some(extra);
                return Ok(());
            }
            Exchange::AckOwed { .. } => self.acknowledge(leg, None)?,
            Exchange::Idle
            | Exchange::PrackOwed { .. }
            | Exchange::OfferSent { .. }
            | Exchange::OfferHeld { .. } => {}
        }
        self.send_bye(leg, &extra, None, now);
        Ok(())
    }

    /// Ends a leg wherever it stands: refuses (480), cancels or hangs up. `extra` may carry a Reason.
    pub fn hang_up(&mut self, leg: LegKey, extra: Extra, now: Instant) -> Result<(), ActionError> {
        match &self.leg_mut(leg)?.phase {
            Phase::Incoming { .. } => {
                let status = StatusCode::new(480).ok_or(ActionError::Status)?;
                self.refuse(leg, status, None, extra, now)
            }
            Phase::Calling {
                cancel: Cancel::No, ..
            } => self.cancel(leg, extra, now),
            Phase::Established => self.bye(leg, extra, now),
            Phase::Calling { .. } | Phase::Closing { .. } => Ok(()),
            Phase::Reporting => {
                self.end_leg(leg, EndCause::PeerHungUp);
                Ok(())
            }
        }
    }

    /// Sends an INFO.
    pub fn info(
        &mut self,
        leg: LegKey,
        content_type: &str,
        body: Bytes,
        extra: &Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        if !matches!(self.leg_mut(leg)?.phase, Phase::Established) {
            return Err(ActionError::WrongState);
        }
        let (method, purpose) = (Method::Info, Purpose::Info(leg));
        let body = Some((content_type, body));
        self.ask(
            leg,
            InDialog {
                method,
                purpose,
                headers: &[],
                extra,
                body,
            },
            now,
        )?;
        Ok(())
    }

    /// Sends a request inside the established dialog, or the first that rings.
    pub(super) fn ask(
        &mut self,
        leg: LegKey,
        request: InDialog<'_>,
        now: Instant,
    ) -> Result<TransactionKey, ActionError> {
        let first = self.leg_mut(leg)?.peers.first();
        let fork = first.ok_or(ActionError::WrongState)?.fork;
        self.ask_fork(leg, fork, request, now)
    }

    /// Sends a request inside the dialog with one callee.
    pub(super) fn ask_fork(
        &mut self,
        leg: LegKey,
        fork: Fork,
        request: InDialog<'_>,
        now: Instant,
    ) -> Result<TransactionKey, ActionError> {
        let InDialog {
            method,
            purpose,
            headers,
            extra,
            body,
        } = request;
        let branch = self.ids.branch();
        let state = self.legs.get_mut(&leg).ok_or(ActionError::NoLeg)?;
        let at = state.peers.iter().position(|peer| peer.fork == fork);
        let at = at.ok_or(ActionError::WrongState)?;
        let cseq = state.peers[at].dialog.next_cseq();
        let dialog = &state.peers[at].dialog;
        let flow = state.flow_to(dialog);
        // Whoever asked before need not ask again.
        let presented = state.sessions.present(&method, dialog.path().0);
        let mut all = headers.to_vec();
        all.extend(presented.iter().map(|one| one.header()));
        let said = state.session_id().map(|id| id.to_string());
        all.extend(said.iter().map(|said| (Name::SessionId, &**said)));
        let refreshes = matches!(
            method,
            Method::Invite | Method::Update | Method::Refer | Method::Notify
        );
        let contact = refreshes.then_some(&*state.contact);
        let outgoing = Outgoing {
            method: method.clone(),
            dialog,
            cseq,
            branch: &branch,
            flow,
            contact,
            headers: &all,
            extra,
            body,
        };
        let bytes = outgoing.into_bytes(&self.config)?;
        let departure = Departure {
            method,
            branch,
            cseq,
            flow,
            bytes,
            purpose,
        };
        let transaction = self.depart(departure, now);
        if let Some(sent) = self.clients.get_mut(&transaction) {
            sent.shown.presented = presented;
        }
        Ok(transaction)
    }

    /// Sends the BYE; without it, when not even that can be written, the leg ends at once.
    pub(super) fn send_bye(
        &mut self,
        leg: LegKey,
        extra: &Extra,
        cause: Option<EndCause>,
        now: Instant,
    ) {
        self.flush_reports(leg, now);
        self.drop_refer(leg, now);
        self.drop_offers(leg, now);
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        state.phase = Phase::Closing { cause };
        let exchange = state.take_exchange();
        state.retry = None;
        state.refer_in = None;
        self.abandon_reinvite(&exchange, now);
        self.settle_leg(leg);
        let (method, purpose) = (Method::Bye, Purpose::Bye(leg));
        let bye = InDialog {
            method,
            purpose,
            headers: &[],
            extra,
            body: None,
        };
        if self.ask(leg, bye, now).is_err() {
            self.end_leg(leg, EndCause::HungUpUnconfirmed(Failure::Transport));
        }
    }

    pub(super) fn bye_answered(&mut self, leg: LegKey, status: StatusCode, answer: &Arc<Message>) {
        if status.is_success() && self.legs.contains_key(&leg) {
            self.event(Event::RequestAnswered {
                leg,
                method: Method::Bye,
                status,
                message: answer.clone(),
            });
        }
        let cause = match self.legs.get(&leg).map(|leg| &leg.phase) {
            Some(Phase::Closing { cause: Some(cause) }) => *cause,
            _ => EndCause::HungUp(status),
        };
        self.end_leg(leg, cause);
    }

    pub(super) fn bye_received(
        &mut self,
        key: LegKey,
        transaction: TransactionKey,
        request: &Arc<Message>,
        now: Instant,
    ) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let phase = leg.phase.clone();
        leg.retry = None;
        leg.refer_out = None;
        let reports = leg.refer_in.is_some();
        self.event(Event::ByeReceived {
            leg: key,
            message: request.clone(),
        });
        self.respond_anyway(
            transaction,
            &Reply::new(StatusCode::OK),
            Urgency::AfterCommit,
            now,
        );
        self.drop_offers(key, now);
        if let Some(exchange) = self.legs.get_mut(&key).map(|leg| leg.take_exchange()) {
            self.abandon_reinvite(&exchange, now);
        }
        match phase {
            Phase::Incoming { invite, .. } => {
                // The caller gave up in the early dialog; its INVITE still wants an answer (RFC 3261 §15.1.2).
                let terminated = Reply::new(StatusCode::REQUEST_TERMINATED);
                self.respond_anyway(invite, &terminated, Urgency::AfterCommit, now);
                self.end_leg(key, EndCause::PeerHungUp);
            }
            // The callee's 2xx was overtaken by its BYE: whatever comes is acknowledged and hung up (RFC 5407 §3.1.3).
            Phase::Calling {
                cancel: Cancel::No, ..
            } => {
                if self
                    .withdraw(key, Extra::none(), EndCause::PeerHungUp, now)
                    .is_err()
                {
                    self.end_leg(key, EndCause::PeerHungUp);
                }
            }
            Phase::Established if reports => {
                if let Some(leg) = self.legs.get_mut(&key) {
                    leg.phase = Phase::Reporting;
                }
                self.settle_leg(key);
                self.end_if_reported(key);
            }
            Phase::Established => self.end_leg(key, EndCause::PeerHungUp),
            // Both hung up: our own BYE ends the leg.
            Phase::Calling { .. } | Phase::Closing { .. } | Phase::Reporting => {}
        }
    }

    /// The peers' re-INVITE, UPDATE or PRACK that nobody will answer any more.
    pub(super) fn drop_offers(&mut self, leg: LegKey, now: Instant) {
        let Some(leg) = self.legs.get_mut(&leg) else {
            return;
        };
        let held: Vec<TransactionKey> = leg.peers.iter().filter_map(Peer::held).collect();
        for peer in &mut leg.peers {
            if peer.held().is_some() {
                peer.exchange = Exchange::Idle;
            }
        }
        self.terminate(held, now);
    }

    /// Answers 487: the call that these requests were about is over.
    pub(super) fn terminate(&mut self, requests: Vec<TransactionKey>, now: Instant) {
        let terminated = Reply::new(StatusCode::REQUEST_TERMINATED);
        for transaction in requests {
            self.respond_anyway(transaction, &terminated, Urgency::AfterCommit, now);
        }
    }

    /// A peer's REFER that nobody will answer any more.
    fn drop_refer(&mut self, leg: LegKey, now: Instant) {
        let refer_in = self.legs.get(&leg).and_then(|leg| leg.refer_in.as_deref());
        if let Some(ReferIn::Asked { transaction }) = refer_in {
            let (transaction, terminated) =
                (*transaction, Reply::new(StatusCode::REQUEST_TERMINATED));
            self.respond_anyway(transaction, &terminated, Urgency::AfterCommit, now);
        }
    }

    /// After the peer's BYE the leg lives only as long as its transfer is reported.
    pub(super) fn end_if_reported(&mut self, key: LegKey) {
        let Some(leg) = self.legs.get(&key) else {
            return;
        };
        if !matches!(leg.phase, Phase::Reporting) {
            return;
        }
        let over = match leg.refer_in.as_deref() {
            None => true,
            Some(ReferIn::Asked { .. }) => false,
            Some(ReferIn::Reporting(reporting)) => {
                reporting.closing && reporting.in_flight.is_none() && reporting.queue.is_empty()
            }
        };
        if over {
            self.end_leg(key, EndCause::PeerHungUp);
        }
    }
}
