//! OPTIONS outside of any dialog: our probes of a trunk, and the peer's of us (RFC 3261 §11).

use std::sync::Arc;
use std::time::Instant;

use crate::dialog::Dialog;
use crate::digest::{Credentials, Sessions};
use crate::header::{HeaderError, Name};
use crate::message::Message;
use crate::method::Method;
use crate::name_addr::NameAddr;
use crate::status::StatusCode;
use crate::transaction::key::ServerKey;
use crate::uri::Uri;

use super::compose::{Outgoing, Reply, SDP};
use super::event::Event;
use super::extra::Extra;
use super::flow::Flow;
use super::keys::TransactionKey;
use super::output::{Disposition, Urgency};
use super::plumbing::Departure;
use super::request::Verdict;
use super::tables::Purpose;
use super::{ActionError, Endpoint};

/// A question whether a trunk is there.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Request-URI.
    pub target: Box<str>,
    /// Which way.
    pub flow: Flow,
    /// From without tag.
    pub from: Box<str>,
    /// What to answer a challenge with.
    pub credentials: Credentials,
    /// Extra headers.
    pub headers: Extra,
}

impl Probe {
    /// A question without credentials and extra headers.
    pub fn new(target: impl Into<Box<str>>, flow: Flow, from: impl Into<Box<str>>) -> Self {
        Probe {
            target: target.into(),
            flow,
            from: from.into(),
            credentials: Credentials::none(),
            headers: Extra::none(),
        }
    }
}

impl Endpoint {
    /// Sends an OPTIONS; `OptionsAnswered` or `OptionsFailed` names the same transaction.
    pub fn options(&mut self, probe: Probe, now: Instant) -> Result<TransactionKey, ActionError> {
        if self.is_full() {
            return Err(ActionError::Full);
        }
        let wrong = |reason| HeaderError {
            header: "Request-URI",
            reason,
        };
        Uri::parse(&probe.target).map_err(wrong)?;
        NameAddr::parse(&probe.from).map_err(|reason| Name::From.error(reason))?;
        let local_tag = self.ids.tag();
        let dialog = Dialog {
            call_id: self.ids.call_id(),
            local: format!("{};tag={local_tag}", probe.from).into(),
            local_tag,
            remote_tag: "".into(),
            remote: format!("<{}>", probe.target).into(),
            remote_target: probe.target,
            routes: [].into(),
            local_cseq: self.ids.cseq(),
            remote_cseq: None,
            hop: None,
        };
        let (branch, cseq, flow) = (self.ids.branch(), dialog.local_cseq, probe.flow);
        let contact = self.contact(flow);
        let bytes = Outgoing {
            method: Method::Options,
            dialog: &dialog,
            cseq,
            branch: &branch,
            flow,
            contact: Some(&contact),
            headers: &[(Name::Accept, SDP)],
            extra: &probe.headers,
            body: None,
        }
        .into_bytes(&self.config)?;
        let (method, purpose) = (Method::Options, Purpose::Probe);
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
            sent.shown.sessions = Some(Sessions::new(probe.credentials).into());
        }
        Ok(transaction)
    }

    /// Answers the peer's OPTIONS; 200 says what we can do.
    pub fn answer_options(
        &mut self,
        transaction: TransactionKey,
        status: StatusCode,
        phrase: Option<&str>,
        extra: Extra,
        now: Instant,
    ) -> Result<(), ActionError> {
        if status.is_provisional() {
            return Err(ActionError::Status);
        }
        let mut reply = Reply::new(status).phrase(phrase).extra(extra);
        if status.get() < 300 {
            let source = self
                .servers
                .get(&transaction)
                .ok_or(ActionError::NoRequest)?
                .source;
            reply = reply
                .header(Name::Contact, self.contact(source))
                .allow()
                .header(Name::Accept, SDP)
                .header(Name::Supported, self.config.terms.supported_value());
        }
        self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        Ok(())
    }

    pub(super) fn options_received(
        &mut self,
        request: &Arc<Message>,
        key: ServerKey,
        flow: Flow,
        now: Instant,
    ) -> Verdict {
        let transaction = self.arrive(request, key, flow, now);
        self.event(Event::OptionsReceived {
            transaction,
            message: request.clone(),
            flow,
        });
        Verdict::none(Disposition::New)
    }
}
