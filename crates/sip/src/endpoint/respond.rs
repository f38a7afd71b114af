//! Respond: answers to requests of the peer, through their transaction or without keeping anything.

use std::time::Instant;

use bytes::Bytes;

use crate::malformed::Answer;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::transaction::key::ServerKey;
use crate::transaction::{Action, ServerInput};

use super::compose::Reply;
use super::extra::Extra;
use super::flow::Flow;
use super::keys::TransactionKey;
use super::output::{Repeat, Send, Urgency};
use super::plumbing::reply_flow;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// Answers a request and keeps nothing, for what the user turns away before any state: strangers, overload.
    ///
    /// A repeated request gets the same answer, an ACK and a response get none.
    pub fn answer_stateless(
        &mut self,
        request: &Message,
        source: Flow,
        status: StatusCode,
        phrase: Option<&str>,
        extra: Extra,
    ) {
        if request
            .method()
            .is_some_and(|method| *method != Method::Ack)
        {
            let reply = Reply::new(status).phrase(phrase).extra(extra);
            self.refuse_stateless(request, source, &reply);
        }
    }

    /// Whether a transaction knows this request already: it is a repetition, and says nothing new.
    #[must_use]
    pub fn is_repetition(&self, request: &Message) -> bool {
        ServerKey::of(request).is_ok_and(|key| self.server_keys.contains_key(&key))
    }

    /// Answers through the transaction and gives back the bytes sent.
    pub(super) fn respond(
        &mut self,
        key: TransactionKey,
        reply: &Reply,
        urgency: Urgency,
        now: Instant,
    ) -> Result<Bytes, ActionError> {
        let transaction = self.servers.get(&key).ok_or(ActionError::NoRequest)?;
        let request = transaction.request.clone().ok_or(ActionError::NoRequest)?;
        let leg = transaction.leg.and_then(|leg| self.legs.get(&leg));
        let tag = match leg {
            Some(leg) => leg.local_tag.clone(),
            None => self.tag_without_leg(&request),
        };
        let named;
        let reply = match leg.and_then(|leg| leg.session_id()) {
            Some(id) => {
                named = reply.clone().session_id(id);
                &named
            }
            None => reply,
        };
        let bytes = reply.to_bytes(&self.config, &request, transaction.source, &tag)?;
        let input = match reply.status.get() {
            100..200 => ServerInput::Provisional,
            200..300 => ServerInput::Success,
            _ => ServerInput::Failure,
        };
        let Some(transaction) = self.servers.get_mut(&key) else {
            return Err(ActionError::NoRequest);
        };
        let actions = transaction.machine.handle(input, now);
        if !actions.contains(&Action::Send) {
            return Err(ActionError::NoRequest);
        }
        transaction.response = Some(bytes.clone());
        if input != ServerInput::Provisional {
            transaction.request = None;
        }
        let send = Send {
            bytes: bytes.clone(),
            flow: transaction.target,
            leg: transaction.leg,
            transaction: Some(key),
            repeat: Repeat::First,
            urgency,
        };
        self.send(send);
        self.settle_server(key);
        Ok(bytes)
    }

    /// Answers when nothing more can be done if it fails: the request is gone, or cannot be quoted.
    pub(super) fn respond_anyway(
        &mut self,
        key: TransactionKey,
        reply: &Reply,
        urgency: Urgency,
        now: Instant,
    ) {
        if self.respond(key, reply, urgency, now).is_err() {
            // The transaction answers nothing further, and its own timer removes it.
            self.settle_server(key);
        }
    }

    /// Sends the kept answer again.
    pub(super) fn repeat_response(&mut self, key: TransactionKey) {
        let Some(transaction) = self.servers.get(&key) else {
            return;
        };
        let Some(bytes) = transaction.response.clone() else {
            return;
        };
        let send = Send {
            bytes,
            flow: transaction.target,
            leg: transaction.leg,
            transaction: Some(key),
            repeat: Repeat::Again,
            urgency: Urgency::Immediate,
        };
        self.send(send);
    }

    /// Answers a request and keeps nothing: the same request gets the same answer again.
    pub(super) fn refuse_stateless(&mut self, request: &Message, source: Flow, reply: &Reply) {
        let tag = self.tag_without_leg(request);
        let Ok(bytes) = reply.to_bytes(&self.config, request, source, &tag) else {
            return;
        };
        self.send_stateless(bytes, reply_flow(request, source));
    }

    /// Answers a message that is not as it should be; silent where the wire layer says so.
    pub(super) fn answer_fault(&mut self, message: &Message, source: Flow, answer: &Answer) {
        if answer.silence.is_some() {
            return;
        }
        let mut reply = Reply::new(answer.status).phrase(Some(&answer.reason));
        if answer.status == StatusCode::NOT_IMPLEMENTED {
            reply = reply.allow();
        }
        self.refuse_stateless(message, source, &reply);
    }

    fn send_stateless(&mut self, bytes: Bytes, flow: Flow) {
        self.send(Send {
            bytes,
            flow,
            leg: None,
            transaction: None,
            repeat: Repeat::First,
            urgency: Urgency::Immediate,
        });
    }

    fn tag_without_leg(&self, request: &Message) -> Box<str> {
        let via = request.top_via();
        self.ids.stateless_tag([
            request.call_id().unwrap_or_default(),
            request
                .from()
                .ok()
                .and_then(|from| from.tag())
                .unwrap_or_default(),
            via.as_ref()
                .ok()
                .and_then(|via| via.branch())
                .unwrap_or_default(),
        ])
    }
}
