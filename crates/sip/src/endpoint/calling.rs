//! Outgoing INVITE: provisional answers, forks, the answer and its ACK (RFC 3261 §13.2).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::dialog::leg::{Cancel, Exchange, Leg, Phase, Reach, Role};
use crate::header::{HeaderError, Name};
use crate::message::Message;
use crate::method::Method;
use crate::name_addr::NameAddr;
use crate::status::StatusCode;
use crate::uri::Uri;

use super::compose::{Outgoing, SDP};
use super::config::{FORKS_MAX, ROUTES_MAX, SUPPORTED};
use super::event::{EndCause, Event};
use super::extra::Extra;
use super::flow::Flow;
use super::keys::{LegKey, TransactionKey};
use super::output::Disposition;
use super::plumbing::Departure;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

/// A call to place.
#[derive(Debug, Clone)]
pub struct InviteRequest {
    /// Request-URI, `sip:` or `sips:`.
    pub target: Box<str>,
    /// Which way: the destination is resolved already.
    pub flow: Flow,
    /// From without tag, such as `"Support" <sip:+4930123456@example.com>`.
    pub from: Box<str>,
    /// To without tag; the target if none.
    pub to: Option<Box<str>>,
    /// Contact; our own if none.
    pub contact: Option<Box<str>>,
    /// Call-ID; a new one if none.
    pub call_id: Option<Box<str>>,
    /// Everything else that shall cross.
    pub headers: Extra,
    /// The offer; without one the callee offers, and `acknowledge` answers.
    pub sdp: Option<Bytes>,
}

impl Endpoint {
    /// Sends an INVITE.
    pub fn invite(&mut self, request: InviteRequest, now: Instant) -> Result<LegKey, ActionError> {
        if self.is_full() || self.legs.len() >= self.config.bounds.legs {
            return Err(ActionError::Full);
        }
        let dialog = self.dialog_to(&request)?;
        let InviteRequest {
            flow,
            contact,
            headers,
            sdp,
            ..
        } = request;
        let contact = contact.unwrap_or_else(|| self.contact(flow));
        let branch = self.ids.branch();
        let bytes = Outgoing {
            method: Method::Invite,
            dialog: &dialog,
            cseq: dialog.local_cseq,
            branch: &branch,
            flow,
            contact: Some(&contact),
            headers: &[(Name::Supported, &SUPPORTED.join(", "))],
            extra: &headers,
            body: sdp.map(|sdp| (SDP, sdp)),
        }
        .into_bytes(&self.config)?;
        let leg = LegKey(self.next_key());
        let departure = Departure {
            method: Method::Invite,
            branch,
            cseq: dialog.local_cseq,
            flow,
            bytes,
            purpose: Purpose::Invite(leg),
        };
        let invite = self.depart(departure, now);
        self.keep_leg(Leg {
            key: leg,
            call_id: dialog.call_id,
            local_tag: dialog.local_tag,
            role: Role::Caller,
            flow,
            reach: Reach::Direct,
            contact,
            dialogs: Vec::new(),
            phase: Phase::Calling {
                invite,
                heard: false,
                cancel: Cancel::No,
            },
            exchange: Exchange::Idle,
            retry: None,
            refer_in: None,
            refer_out: None,
            due: None,
        });
        Ok(leg)
    }

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
            self.progressed(invite, key, status, response, now);
            return Disposition::New;
        }
        if status.get() >= 300 {
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
                self.picked_up(invite, key, dialog, response);
            }
            Some(Phase::Calling { .. }) => self.picked_up_too_late(invite, key, dialog, now),
            Some(_) if self.is_owed(key, tag) => return Disposition::Retransmission,
            Some(_) | None => self.fork_picked_up(invite, key, &dialog, response, now),
        }
        Disposition::New
    }

    fn progressed(
        &mut self,
        invite: TransactionKey,
        key: LegKey,
        status: StatusCode,
        response: &Arc<Message>,
        now: Instant,
    ) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Phase::Calling { heard, cancel, .. } = &mut leg.phase else {
            return;
        };
        *heard = true;
        if let Cancel::Wanted { extra, .. } = cancel {
            let extra = extra.clone();
            self.send_cancel(key, invite, &extra, now);
            return;
        }
        if status == StatusCode::TRYING {
            return;
        }
        self.note_early(invite, key, response);
        let message = response.clone();
        self.event(if response.has_body_of(SDP) {
            let sdp = response.body_bytes();
            Event::EarlyMedia {
                leg: key,
                status,
                sdp,
                message,
            }
        } else {
            Event::Ringing {
                leg: key,
                status,
                message,
            }
        });
    }

    /// A callee that rings can already send requests: it needs a dialog to be found by.
    fn note_early(&mut self, invite: TransactionKey, key: LegKey, response: &Message) {
        let tag = response
            .to()
            .ok()
            .and_then(|to| to.tag())
            .unwrap_or_default();
        let known = self.legs.get(&key).is_none_or(|leg| {
            leg.dialogs.len() >= FORKS_MAX
                || leg.dialogs.iter().any(|dialog| *dialog.remote_tag == *tag)
        });
        if tag.is_empty() || known {
            return;
        }
        if let Some(dialog) = self.dialog_of_sent(invite, response)
            && let Some(leg) = self.legs.get_mut(&key)
        {
            leg.dialogs.push(dialog);
        }
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
    ) {
        let offered = self.clients.get(&invite).is_some_and(|sent| sent.has_offer);
        let cseq = dialog.local_cseq;
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.phase = Phase::Established;
            // What the callee sent meanwhile, an UPDATE for instance, counts.
            let early = leg
                .dialogs
                .iter()
                .find(|early| early.remote_tag == dialog.remote_tag);
            let remote_cseq = early.and_then(|early| early.remote_cseq);
            leg.dialogs = vec![Dialog {
                remote_cseq,
                ..dialog.clone()
            }];
            if !offered {
                leg.exchange = Exchange::AckOwed { invite, cseq };
            }
        }
        self.settle_leg(key);
        let sdp = response.has_body_of(SDP).then(|| response.body_bytes());
        self.event(Event::Answered {
            leg: key,
            sdp,
            message: response.clone(),
        });
        if offered {
            self.send_ack_anyway(invite, &dialog);
        }
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
            leg.dialogs = vec![dialog];
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
    fn dialog_of_sent(&self, invite: TransactionKey, response: &Message) -> Option<Dialog> {
        let sent = self.clients.get(&invite)?;
        let template = Dialog::of_sent(response, sent.cseq).ok()?;
        template.of_response(response, ROUTES_MAX).ok()
    }

    fn dialog_to(&mut self, request: &InviteRequest) -> Result<Dialog, HeaderError> {
        let wrong = |reason| HeaderError {
            header: "Request-URI",
            reason,
        };
        if !Uri::parse(&request.target).map_err(wrong)?.is_sip() {
            return Err(wrong("neither sip nor sips"));
        }
        NameAddr::parse(&request.from).map_err(|reason| Name::From.error(reason))?;
        let to = match &request.to {
            Some(to) => to.clone(),
            None => format!("<{}>", request.target).into(),
        };
        NameAddr::parse(&to).map_err(|reason| Name::To.error(reason))?;
        let local_tag = self.ids.tag();
        Ok(Dialog {
            call_id: request
                .call_id
                .clone()
                .unwrap_or_else(|| self.ids.call_id()),
            local: format!("{};tag={local_tag}", request.from).into(),
            local_tag,
            remote_tag: "".into(),
            remote: to,
            remote_target: request.target.clone(),
            routes: [].into(),
            local_cseq: self.ids.cseq(),
            remote_cseq: None,
        })
    }
}
