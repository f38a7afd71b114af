//! The ACK of a 2xx: built by the dialog, repeated whenever the 2xx comes again (RFC 3261 §13.2.2.4).

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::dialog::exchange::Exchange;
use crate::header::Name;
use crate::method::Method;

use super::compose::{Outgoing, SDP};
use super::config::FORKS_MAX;
use super::extra::Extra;
use super::keys::{LegKey, TransactionKey};
use super::output::{Repeat, Send, Urgency};
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Sends the ACK of a 2xx that carried the offer, with our answer.
    pub fn acknowledge(&mut self, leg: LegKey, sdp: Option<Bytes>) -> Result<(), ActionError> {
        let state = self.leg_mut(leg)?;
        let &Exchange::AckOwed { invite, .. } = state.exchange() else {
            return Err(ActionError::WrongState);
        };
        let dialog = state.dialog().ok_or(ActionError::WrongState)?.clone();
        state.set_exchange(Exchange::Idle);
        state.describe(sdp.as_ref());
        self.send_ack(invite, &dialog, sdp)
    }

    pub(super) fn is_owed(&self, key: LegKey, tag: &str) -> bool {
        self.legs.get(&key).is_some_and(|leg| {
            matches!(leg.exchange(), Exchange::AckOwed { .. }) && leg.early(tag).is_some()
        })
    }

    /// The ACK of a 2xx: not part of the INVITE's transaction, but kept with it as long as the 2xx may come again.
    pub(super) fn send_ack(
        &mut self,
        invite: TransactionKey,
        dialog: &Dialog,
        sdp: Option<Bytes>,
    ) -> Result<(), ActionError> {
        let sent = self.clients.get(&invite).ok_or(ActionError::NoRequest)?;
        let leg = sent.purpose.leg();
        let state = leg.and_then(|leg| self.legs.get(&leg));
        let flow = state.map_or(sent.flow, |leg| leg.flow_to(dialog));
        let said = state
            .and_then(|leg| leg.session_id())
            .map(|id| id.to_string());
        let extra = Extra::none();
        // Nobody can ask an ACK for credentials, so it has those of the INVITE (RFC 3261 §22.1).
        let presented = sent.shown.presented.clone();
        let mut headers: Vec<_> = presented.iter().map(|one| one.header()).collect();
        headers.extend(said.iter().map(|said| (Name::SessionId, &**said)));
        let bytes = Outgoing {
            method: Method::Ack,
            dialog,
            cseq: sent.cseq,
            branch: &self.ids.branch(),
            flow,
            contact: None,
            headers: &headers,
            extra: &extra,
            body: sdp.map(|sdp| (SDP, sdp)),
        }
        .into_bytes(&self.config)?;
        if let Some(sent) = self.clients.get_mut(&invite)
            && sent.acks.len() < FORKS_MAX
        {
            sent.acks
                .push((dialog.remote_tag.clone(), bytes.clone(), flow));
            // Nothing is repeated any more but the ACK.
            sent.request = Bytes::new();
        }
        let (repeat, urgency) = (Repeat::First, Urgency::AfterCommit);
        self.send(Send {
            bytes,
            flow,
            leg,
            transaction: None,
            repeat,
            urgency,
        });
        Ok(())
    }

    pub(super) fn send_ack_anyway(&mut self, invite: TransactionKey, dialog: &Dialog) {
        if self.send_ack(invite, dialog, None).is_err() {
            // The peer repeats its 2xx, gives up and hangs up: the leg ends by its BYE.
            self.settle_client(invite);
        }
    }

    /// Sends the ACK again that the sender of this tag missed.
    pub(super) fn repeat_ack(&mut self, invite: TransactionKey, tag: &str) -> bool {
        let Some(sent) = self.clients.get(&invite) else {
            return false;
        };
        let Some((_, bytes, flow)) = sent.acks.iter().find(|(to, ..)| **to == *tag) else {
            return false;
        };
        let send = Send {
            bytes: bytes.clone(),
            flow: *flow,
            leg: sent.purpose.leg(),
            transaction: None,
            repeat: Repeat::Again,
            urgency: Urgency::Immediate,
        };
        self.send(send);
        true
    }
}
