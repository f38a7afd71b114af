//! REGISTER: ours to a registrar, and a trunk's to us (RFC 3261 §10). Who keeps bindings is the user's to say: see
//! [`Registration`](crate::registration::Registration) and [`Registrar`](crate::registrar::Registrar).

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::Dialog;
use crate::header::{HeaderError, Name};
use crate::message::Message;
use crate::method::Method;
use crate::name_addr::NameAddr;
use crate::registrar::Answer;
use crate::registration::Register;
use crate::status::StatusCode;
use crate::transaction::key::ServerKey;
use crate::uri::Uri;

use super::compose::{Outgoing, Reply};
use super::event::{Event, Failure};
use super::flow::Flow;
use super::keys::TransactionKey;
use super::output::{Disposition, Urgency};
use super::plumbing::Departure;
use super::request::Verdict;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Sends a REGISTER by this flow; `RegisterAnswered` or `RegisterFailed` names the same transaction.
    pub fn register(
        &mut self,
        register: Register,
        flow: Flow,
        now: Instant,
    ) -> Result<TransactionKey, ActionError> {
        if self.is_full() {
            return Err(ActionError::Full);
        }
        let Register {
            call_id,
            tag,
            cseq,
            expires_s,
            mut sessions,
            account,
        } = register;
        let wrong = |reason| HeaderError {
            header: "Request-URI",
            reason,
        };
        Uri::parse(&account.registrar).map_err(wrong)?;
        NameAddr::parse(&account.address).map_err(|reason| Name::From.error(reason))?;
        let user = account.contact_user.as_deref();
        let user = user.unwrap_or(&self.config.contact_user);
        let contact = self.contact_of(user, flow);
        let (contact, _) = contact.split_at(contact.len() - ">".len());
        let contact = format!("{contact}{}>{}", account.uri_params, account.contact_params);
        let dialog = Dialog {
            call_id,
            local: format!("{};tag={tag}", account.address).into(),
            local_tag: tag,
            remote_tag: "".into(),
            remote: account.address.clone(),
            remote_target: account.registrar.clone(),
            routes: account.routes().into(),
            local_cseq: cseq,
            remote_cseq: None,
            hop: None,
        };
        let expires = expires_s.to_string();
        let presented = sessions.present(&Method::Register, dialog.path().0);
        let supported = account.supported.join(", ");
        let mut headers = vec![(Name::Expires, &*expires)];
        if !supported.is_empty() {
            headers.push((Name::Supported, &supported));
        }
        headers.extend(presented.iter().map(|one| one.header()));
        let branch = self.ids.branch();
        let bytes = Outgoing {
            method: Method::Register,
            dialog: &dialog,
            cseq,
            branch: &branch,
            flow,
            contact: Some(&contact),
            headers: &headers,
            extra: &account.headers,
            body: None,
        }
        .into_bytes(&self.config)?;
        let departure = Departure {
            method: Method::Register,
            branch,
            cseq,
            flow,
            bytes,
            purpose: Purpose::Register,
        };
        let transaction = self.depart(departure, now);
        if let Some(sent) = self.clients.get_mut(&transaction) {
            sent.shown.presented = presented;
            sent.shown.sessions = Some(sessions.into());
        }
        Ok(transaction)
    }

    /// Answers a trunk's REGISTER as a registrar says, or with a challenge.
    pub fn answer_register(
        &mut self,
        transaction: TransactionKey,
        answer: &Answer,
        now: Instant,
    ) -> Result<(), ActionError> {
        if answer.status.is_provisional() {
            return Err(ActionError::Status);
        }
        let mut reply = Reply::new(answer.status)
            .phrase(answer.phrase)
            .extra(answer.headers.clone());
        for contact in &answer.contacts {
            reply = reply.header(Name::Contact, contact.clone());
        }
        self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        Ok(())
    }

    pub(super) fn register_received(
        &mut self,
        request: &Arc<Message>,
        key: ServerKey,
        flow: Flow,
        now: Instant,
    ) -> Verdict {
        let transaction = self.arrive(request, key, flow, now);
        self.event(Event::RegisterReceived {
            transaction,
            message: request.clone(),
            flow,
        });
        Verdict::none(Disposition::New)
    }

    pub(super) fn register_answered(
        &mut self,
        key: TransactionKey,
        status: StatusCode,
        response: &Arc<Message>,
    ) {
        let Some(sent) = self.clients.get_mut(&key) else {
            return;
        };
        let request = Message::parse(sent.request.clone()).ok();
        let contact = request.as_ref().and_then(|sent| sent.header(Name::Contact));
        let event = Event::RegisterAnswered {
            transaction: sent.asked,
            status,
            contact: contact.unwrap_or_default().into(),
            sessions: sent.shown.sessions.take().unwrap_or_default(),
            message: response.clone(),
        };
        self.event(event);
    }

    pub(super) fn register_unanswered(&mut self, key: TransactionKey, failure: Failure) {
        if let Some(sent) = self.clients.get(&key) {
            let (transaction, cseq) = (sent.asked, sent.cseq);
            self.event(Event::RegisterFailed {
                transaction,
                cseq,
                failure,
            });
        }
    }
}
