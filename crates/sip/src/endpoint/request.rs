//! Received: what a message is, and which transaction, leg or answer it leads to (RFC 3261 §8.2, §18.1.2).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::header::Name;
use crate::malformed::Malformed;
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::transaction::key::{MergeKey, ServerKey};
use crate::transaction::{Action, ServerInput};
use crate::validate::validate;

use super::Endpoint;
use super::compose::{Reply, SDP};
use super::config::Registrar;
use super::flow::Flow;
use super::keys::{LegKey, TransactionKey};
use super::output::{Disposition, Output, Received};
use super::refresh::interval_too_small;
use super::terms::Terms;

/// What was made of a message, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub leg: Option<LegKey>,
    pub disposition: Disposition,
}

impl Verdict {
    pub(super) fn none(disposition: Disposition) -> Self {
        Verdict {
            leg: None,
            disposition,
        }
    }

    pub(super) fn new(leg: LegKey) -> Self {
        Verdict {
            leg: Some(leg),
            disposition: Disposition::New,
        }
    }

    pub(super) fn of(leg: Option<LegKey>, disposition: Disposition) -> Self {
        Verdict { leg, disposition }
    }
}

impl Endpoint {
    pub(super) fn receive(&mut self, bytes: Bytes, flow: Flow, now: Instant) {
        let blank = |octet: &u8| matches!(octet, b'\r' | b'\n' | b' ' | b'\t' | 0);
        if bytes.iter().all(blank) {
            let (leg, message, disposition) = (None, None, Disposition::KeepAlive);
            let received = Received {
                bytes,
                flow,
                leg,
                message,
                disposition,
            };
            self.outputs.push_back(Output::Received(received));
            return;
        }
        match Message::parse(bytes) {
            Ok(message) => self.receive_message(Arc::new(message), flow, now),
            Err(malformed) => self.receive_malformed(&malformed, flow),
        }
    }

    pub(super) fn receive_message(&mut self, message: Arc<Message>, flow: Flow, now: Instant) {
        // Its outputs come after it, but only they tell what it was: so it is put in front of them afterwards.
        let at = self.outputs.len();
        let verdict = if message.is_request() {
            self.request(message.clone(), flow, now)
        } else {
            self.response(&message, now)
        };
        let Verdict { leg, disposition } = verdict;
        let bytes = message.bytes().clone();
        let received = Received {
            bytes,
            flow,
            leg,
            message: Some(message),
            disposition,
        };
        self.outputs.insert(at, Output::Received(received));
    }

    pub(super) fn receive_malformed(&mut self, malformed: &Malformed, flow: Flow) {
        let answer = malformed.answer();
        let disposition = match answer.silence {
            Some(_) => Disposition::Unreadable,
            None => Disposition::Refused,
        };
        let (bytes, leg, message) = (malformed.bytes().clone(), None, None);
        let received = Received {
            bytes,
            flow,
            leg,
            message,
            disposition,
        };
        self.outputs.push_back(Output::Received(received));
        self.answer_fault(malformed.partial(), flow, &answer);
    }

    fn request(&mut self, request: Arc<Message>, flow: Flow, now: Instant) -> Verdict {
        let refused = Verdict::none(Disposition::Refused);
        if let Err(answer) = validate(&request) {
            self.answer_fault(&request, flow, &answer);
            return refused;
        }
        let (Ok(key), Some(method)) = (ServerKey::of(&request), request.method()) else {
            return Verdict::none(Disposition::Unreadable);
        };
        if let Some(transaction) = self.server_keys.get(&key) {
            return self.repeated(*transaction, &request, now);
        }
        let in_dialog = request.to().is_ok_and(|to| to.tag().is_some());
        match method {
            Method::Ack => return self.ack_outside_transaction(&request, now),
            Method::Cancel => return self.cancel_received(&request, key, flow, now),
            _ if in_dialog && !self.may_start_anew(&request) => {
                return self.request_in_dialog(&request, key, flow, now);
            }
            _ => {}
        }
        if let Some(reply) = self.unacceptable(&request) {
            self.refuse_stateless(&request, flow, &reply);
            return refused;
        }
        match method {
            Method::Invite => self.invite_received(&request, key, flow, now),
            Method::Options => self.options_received(&request, key, flow, now),
            Method::Register => self.register_received(&request, key, flow, now),
            // `unacceptable` lets nothing else pass.
            _ => refused,
        }
    }

    /// A request that its transaction knows already, or the ACK that ends it.
    fn repeated(&mut self, key: TransactionKey, request: &Arc<Message>, now: Instant) -> Verdict {
        let Some(transaction) = self.servers.get_mut(&key) else {
            return Verdict::none(Disposition::Stray);
        };
        let leg = transaction.leg;
        let is_ack = request.method() == Some(&Method::Ack);
        let input = if is_ack {
            ServerInput::Ack
        } else {
            ServerInput::Request
        };
        let actions = transaction.machine.handle(input, now);
        self.settle_server(key);
        let mut disposition = Disposition::Retransmission;
        for action in actions {
            match action {
                Action::RepeatForPeer => self.repeat_response(key),
                Action::Deliver => {
                    disposition = Disposition::New;
                    if let Some(leg) = leg {
                        self.acknowledged(leg, request, now);
                    }
                }
                // The machine says nothing else to a request that it knows.
                _ => {}
            }
        }
        Verdict::of(leg, disposition)
    }

    /// Why a request outside of any dialog is refused, if it is (RFC 3261 §8.2.1 to §8.2.3).
    fn unacceptable(&self, request: &Message) -> Option<Reply> {
        match request.method()? {
            Method::Invite | Method::Options => {}
            Method::Register if self.config.registrar == Registrar::User => {}
            Method::Bye | Method::Info | Method::Update | Method::Prack => {
                return Some(Reply::new(StatusCode::DOES_NOT_EXIST));
            }
            Method::Other(_) => return Some(Reply::new(StatusCode::NOT_IMPLEMENTED).allow()),
            Method::Register
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Notify
            | Method::Refer
            | Method::Ack
            | Method::Cancel => return Some(Reply::new(StatusCode::METHOD_NOT_ALLOWED).allow()),
        }
        if !request.uri().is_ok_and(|uri| uri.is_sip()) {
            return Some(Reply::new(StatusCode::UNSUPPORTED_URI_SCHEME));
        }
        if MergeKey::of(request).is_ok_and(|merge| self.merges.contains_key(&merge)) {
            return Some(Reply::new(StatusCode::LOOP_DETECTED).phrase(Some("Merged Request")));
        }
        // A call goes on as another call, so one that may go no further ends here; a probe has arrived.
        if request.method() == Some(&Method::Invite) && request.max_forwards() == Ok(Some(0)) {
            return Some(Reply::new(StatusCode::TOO_MANY_HOPS));
        }
        if let Some(reply) = unsupported(request, &self.config.terms) {
            return Some(reply);
        }
        if self.is_full() || self.legs.len() >= self.config.bounds.legs {
            let seconds = self.config.bounds.retry_after_s.to_string();
            let reply = Reply::new(StatusCode::SERVICE_UNAVAILABLE);
            return Some(reply.header(Name::RetryAfter, seconds));
        }
        if request.method() == Some(&Method::Invite) {
            let timer = &self.config.terms.timer;
            return unreadable_body(request)
                .or_else(|| unanswerable(request))
                .or_else(|| interval_too_small(timer, request));
        }
        None
    }

    /// Whether an INVITE with a To tag is no lost dialog of ours: we never gave such a tag (RFC 3261 §12.2.2).
    fn may_start_anew(&self, request: &Message) -> bool {
        let Ok(to) = request.to() else { return false };
        let tag = to.tag().unwrap_or_default();
        request.method() == Some(&Method::Invite)
            && !self.tags.contains_key(tag)
            && !super::ids::could_be_ours(tag)
    }
}

/// 420 with what we do not know of the extensions that the request requires.
pub(super) fn unsupported(request: &Message, terms: &Terms) -> Option<Reply> {
    let supported: Vec<&str> = terms.supported().collect();
    let unknown = crate::validate::unsupported(request, &supported);
    if unknown.is_empty() {
        return None;
    }
    Some(Reply::new(StatusCode::BAD_EXTENSION).header(Name::Unsupported, unknown.join(", ")))
}

/// 415 if an INVITE or UPDATE has a body that is no session description.
pub(super) fn unreadable_body(request: &Message) -> Option<Reply> {
    let optional = request
        .header(Name::ContentDisposition)
        .is_some_and(|disposition| {
            disposition
                .to_ascii_lowercase()
                .contains("handling=optional")
        });
    let coded = request
        .headers(Name::ContentEncoding)
        .any(|coding| !coding.eq_ignore_ascii_case("identity"));
    if coded {
        let reply = Reply::new(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        return Some(reply.header(Name::AcceptEncoding, "identity"));
    }
    if request.body().is_empty() || request.has_body_of(SDP) || optional {
        return None;
    }
    Some(Reply::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).header(Name::Accept, SDP))
}

/// 406 if an INVITE does not accept what every answer to it must hold.
fn unanswerable(request: &Message) -> Option<Reply> {
    let mut accepted = request.headers(Name::Accept).peekable();
    accepted.peek()?;
    let fits = accepted.any(|range| {
        let media = range.split(';').next().unwrap_or_default().trim();
        [SDP, "application/*", "*/*"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(media))
    });
    if fits {
        return None;
    }
    let status = StatusCode::new(406)?;
    Some(Reply::new(status).header(
        Name::Warning,
        "399 trunkline \"no session description accepted\"",
    ))
}
