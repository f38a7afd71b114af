//! Answers to our INVITE: the callee that accepts, those that come too late, the ACK of each (RFC 3261 §13.2.2).

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::Dialog;
use crate::dialog::abilities::Abilities;
use crate::dialog::exchange::Exchange;
use crate::dialog::leg::{Cancel, Phase};
use crate::dialog::peer::{Peer, Session};
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;

use super::Endpoint;
use super::compose::{Outgoing, SDP};
use super::config::ROUTES_MAX;
use super::event::{EndCause, Event};
use super::extra::Extra;
use super::keys::{Fork, LegKey, TransactionKey};
use super::output::Disposition;
use super::plumbing::Departure;
use super::tables::Purpose;

impl Endpoint {
    /// An answer to the INVITE that started a leg.
    pub(super) fn invite_answered(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        response: &Arc<Message>,
        now: Instant,
    ) -> Disposition {
        let status = response.status().unwrap_or(StatusCode::TRYING);
        if status.is_provisional() {
            return self.progressed(invite, key, response, now);
        }
        if status.get() >= 300 {
            if self.ask_for_longer(key, invite, response, now) {
                return Disposition::New;
            }
            self.turned_down(key, status, response);
            return Disposition::New;
        }
        let tag = response
            .to()
            .ok()
            .and_then(|to| to.tag())
            .unwrap_or_default();
        if self.repeat_ack(invite, tag) {
            return Disposition::Retransmission;
        }
        let Some(dialog) = self.dialog_of_sent(invite, response) else {
            return Disposition::Stray;
        };
        match self.legs.get(&key).map(|leg| &leg.phase) {
            Some(Phase::Calling {
                cancel: Cancel::No, ..
            }) => {
                self.picked_up(invite, key, dialog, response, now);
            }
            Some(Phase::Calling { .. }) => self.picked_up_too_late(invite, key, dialog, now),
            Some(_) if self.is_owed(key, tag) => return Disposition::Retransmission,
            Some(_) | None => self.fork_picked_up(invite, key, &dialog, response, now),
        }
        Disposition::New
    }

    fn turned_down(&mut self, key: LegKey, status: StatusCode, response: &Arc<Message>) {
        let Some(leg) = self.legs.get(&key) else {
            return;
        };
        let Phase::Calling { cancel, .. } = &leg.phase else {
            return;
        };
        match cancel {
            Cancel::No => {
                let message = response.clone();
                self.event(Event::Rejected {
                    leg: key,
                    status,
                    message,
                });
                self.end_leg(key, EndCause::Rejected);
            }
            Cancel::Wanted { cause, .. } | Cancel::Sent { cause, .. } => {
                let cause = *cause;
                self.end_leg(key, cause);
            }
        }
    }

    fn picked_up(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        dialog: Dialog,
        response: &Arc<Message>,
        now: Instant,
    ) {
        let offered = self.clients.get(&invite).is_some_and(|sent| sent.has_offer);
        let cseq = dialog.local_cseq;
        let (mut fork, mut owed, mut held) = (Fork::FIRST, false, Vec::new());
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.phase = Phase::Established;
            let mut peer = match leg.early(&dialog.remote_tag) {
                // What either side sent meanwhile, an UPDATE for instance, counts.
                Some(early) => early.confirmed(&dialog),
                None => Peer::new(Fork(leg.forks), dialog.clone(), Abilities::default()),
            };
            peer.abilities.learn(response);
            fork = peer.fork;
            // An offer in a reliable provisional answer has its answer already.
            owed = !offered && peer.session == Session::Open;
            peer.session = Session::Agreed;
            if owed {
                peer.exchange = Exchange::AckOwed { invite, cseq };
            }
            let early = std::mem::replace(&mut leg.peers, vec![peer]);
            let others = early.into_iter().filter(|early| early.fork != fork);
            held.extend(others.filter_map(|other| other.held()));
        }
        self.terminate(held, now);
        self.settle_leg(key);
        let sdp = response.has_body_of(SDP).then(|| response.body_bytes());
        self.event(Event::Answered {
            leg: key,
            fork,
            sdp,
            message: response.clone(),
        });
        // Before the ACK, so that it may be held back until the way is known.
        self.note_hop(key, fork);
        if !owed {
            self.send_ack_anyway(invite, &dialog);
        }
        let agreed = self.agreed_with(key, response);
        self.start_timer(key, agreed, now);
    }

    /// The callee accepted while our CANCEL was on its way: it is acknowledged and hung up (RFC 3261 §9.1).
    fn picked_up_too_late(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        dialog: Dialog,
        now: Instant,
    ) {
        self.send_ack_anyway(invite, &dialog);
        let mut cause = EndCause::AnsweredTooLate;
        if let Some(leg) = self.legs.get_mut(&key) {
            if let Phase::Calling {
                cancel:
                    Cancel::Sent {
                        cause: EndCause::PeerHungUp,
                        ..
                    },
                ..
            } = leg.phase
            {
                cause = EndCause::PeerHungUp;
            }
            leg.peers = vec![Peer::new(Fork::FIRST, dialog, Abilities::default())];
            leg.phase = Phase::Established;
        }
        self.send_bye(key, &Extra::none(), Some(cause), now);
    }

    /// Another callee accepted the same INVITE: one is enough (RFC 3261 §13.2.2.4).
    fn fork_picked_up(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        dialog: &Dialog,
        response: &Arc<Message>,
        now: Instant,
    ) {
        if self.legs.contains_key(&key) {
            self.event(Event::ForkHungUp {
                leg: key,
                message: response.clone(),
            });
        }
        self.send_ack_anyway(invite, dialog);
        let Some(flow) = self.clients.get(&invite).map(|sent| sent.flow) else {
            return;
        };
        let mut dialog = dialog.clone();
        let cseq = dialog.next_cseq();
        let branch = self.ids.branch();
        let extra = Extra::none();
        let outgoing = Outgoing {
            method: Method::Bye,
            dialog: &dialog,
            cseq,
            branch: &branch,
            flow,
            contact: None,
            headers: &[],
            extra: &extra,
            body: None,
        };
        let Ok(bytes) = outgoing.into_bytes(&self.config) else {
            return;
        };
        let purpose = Purpose::ForkBye(key);
        self.depart(
            Departure {
                method: Method::Bye,
                branch,
                cseq,
                flow,
                bytes,
                purpose,
            },
            now,
        );
    }

    /// The dialog that an answer to this INVITE makes.
    pub(super) fn dialog_of_sent(
        &self,
        invite: TransactionKey,
        response: &Message,
    ) -> Option<Dialog> {
        let sent = self.clients.get(&invite)?;
        let template = Dialog::of_sent(response, sent.cseq).ok()?;
        template.of_response(response, ROUTES_MAX).ok()
    }
}
