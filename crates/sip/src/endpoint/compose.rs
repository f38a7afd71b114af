//! Compose: the bytes of every message that the endpoint sends, from a dialog, a request or an earlier message.

use bytes::Bytes;

use crate::build::{BuildError, RequestBuilder, ResponseBuilder};
use crate::dialog::Dialog;
use crate::header::Name;
use crate::message::Message;
use crate::method::Method;
use crate::session_id::SessionId;
use crate::status::StatusCode;

use super::config::{ALLOW, Config};
use super::extra::Extra;
use super::flow::Flow;

/// The content type of a session description.
pub(crate) const SDP: &str = "application/sdp";

/// An answer before it has bytes.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: StatusCode,
    phrase: Option<Box<str>>,
    headers: Vec<(Name<'static>, Box<str>)>,
    extra: Extra,
    body: Option<(&'static str, Bytes)>,
}

impl Reply {
    pub(crate) fn new(status: StatusCode) -> Self {
        Reply {
            status,
            phrase: None,
            headers: Vec::new(),
            extra: Extra::none(),
            body: None,
        }
    }

    pub(crate) fn phrase(mut self, phrase: Option<&str>) -> Self {
        self.phrase = phrase.map(Into::into);
        self
    }

    pub(crate) fn header(mut self, name: Name<'static>, value: impl Into<Box<str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With Allow, as 405, 501 and every answer that accepts a dialog have it.
    pub(crate) fn allow(self) -> Self {
        self.header(Name::Allow, ALLOW)
    }

    pub(crate) fn extra(mut self, extra: Extra) -> Self {
        self.extra = extra;
        self
    }

    /// With the name of the session, unless the user passes one on by itself.
    pub(crate) fn session_id(self, id: SessionId) -> Self {
        match self.extra.names(Name::SessionId) {
            true => self,
            false => self.header(Name::SessionId, id.to_string()),
        }
    }

    pub(crate) fn sdp(mut self, sdp: Option<Bytes>) -> Self {
        self.body = sdp.map(|sdp| (SDP, sdp));
        self
    }

    /// The bytes of the answer to `request`.
    pub(crate) fn to_bytes(
        &self,
        config: &Config,
        request: &Message,
        flow: Flow,
        to_tag: &str,
    ) -> Result<Bytes, BuildError> {
        let mut builder = ResponseBuilder::to(request, self.status)
            .source(flow.remote)
            .to_tag(to_tag);
        if let Some(phrase) = &self.phrase {
            builder = builder.reason(phrase);
        }
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        for (name, value) in self.extra.iter() {
            builder = builder.header(Name::of(name), value);
        }
        if self.status != StatusCode::TRYING && !self.extra.names(Name::Server) {
            builder = builder.header(Name::Server, &*config.product);
        }
        if let Some((content_type, body)) = &self.body {
            builder = builder.body(content_type, body.clone());
        }
        builder.to_bytes()
    }
}

/// A request of ours before it has bytes.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub method: Method,
    pub dialog: &'a Dialog,
    pub cseq: u32,
    pub branch: &'a str,
    pub flow: Flow,
    pub contact: Option<&'a str>,
    pub headers: &'a [(Name<'a>, &'a str)],
    pub extra: &'a Extra,
    pub body: Option<(&'a str, Bytes)>,
}

impl Outgoing<'_> {
    pub(crate) fn into_bytes(self, config: &Config) -> Result<Bytes, BuildError> {
        let (uri, routes) = self.dialog.path();
        let tells = [Method::Invite, Method::Update, Method::Options];
        let offers = tells.contains(&self.method);
        let counts = |(name, _): &(Name<'_>, &str)| *name == Name::MaxForwards;
        let hops = match self.headers.iter().any(counts) {
            true => None,
            false => Some(MAX_FORWARDS),
        };
        let mut builder = RequestBuilder::new(self.method, uri)
            .via(
                self.flow.transport.as_str(),
                config.sent_by(self.flow.local),
                self.branch,
            )
            .header(Name::From, &self.dialog.local)
            .header(Name::To, &self.dialog.remote)
            .header(Name::CallId, &self.dialog.call_id)
            .cseq(self.cseq);
        if let Some(hops) = hops {
            builder = builder.max_forwards(hops);
        }
        for route in routes {
            builder = builder.header(Name::Route, bracketed(route));
        }
        if let Some(contact) = self.contact {
            builder = builder.header(Name::Contact, contact);
        }
        if offers {
            builder = builder.header(Name::Allow, ALLOW);
        }
        for (name, value) in self.headers {
            // A session's name that the user passes on by itself stands for ours.
            if *name != Name::SessionId || !self.extra.names(Name::SessionId) {
                builder = builder.header(*name, value);
            }
        }
        for (name, value) in self.extra.iter() {
            builder = builder.header(Name::of(name), value);
        }
        if !self.extra.names(Name::UserAgent) {
            builder = builder.header(Name::UserAgent, &*config.product);
        }
        if let Some((content_type, body)) = self.body {
            builder = builder.body(content_type, body);
        }
        builder.to_bytes()
    }
}

/// A request once more, in a transaction of its own: other values for the names in `change`, none for an empty one.
pub(crate) fn again(
    config: &Config,
    request: &Message,
    flow: Flow,
    branch: &str,
    cseq: u32,
    change: &[(Name<'_>, &str)],
) -> Result<Bytes, BuildError> {
    let method = request.method().cloned().unwrap_or(Method::Options);
    let sent_by = config.sent_by(flow.local);
    let mut builder = RequestBuilder::new(method, request.request_uri())
        .via(flow.transport.as_str(), sent_by, branch)
        .cseq(cseq);
    for field in request.fields() {
        let ours = [
            Name::Via,
            Name::CSeq,
            Name::ContentLength,
            Name::ContentType,
        ];
        let is_changed = change.iter().any(|(name, _)| *name == field.name);
        if !is_changed && !ours.contains(&field.name) {
            builder = builder.header(field.name, field.value);
        }
    }
    for (name, value) in change.iter().filter(|(_, value)| !value.is_empty()) {
        builder = builder.header(*name, value);
    }
    if let Some(content_type) = request.header(Name::ContentType) {
        builder = builder.body(content_type, request.body_bytes());
    }
    builder.to_bytes()
}

/// The ACK of a refusal: like the INVITE, with the To of the answer (RFC 3261 §17.1.1.3), and with its credentials,
/// which nobody can ask an ACK for (RFC 3261 §22.1).
pub(crate) fn ack_of_refusal(invite: &Message, response: &Message) -> Result<Bytes, BuildError> {
    let to = response.header(Name::To).unwrap_or_default();
    let to: String = to
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    hop_by_hop(Method::Ack, invite)
        .header(Name::To, to)
        .copy(invite, Name::Authorization)
        .copy(invite, Name::ProxyAuthorization)
        .to_bytes()
}

/// The CANCEL of an INVITE: like the INVITE (RFC 3261 §9.1).
pub(crate) fn cancel(invite: &Message, extra: &Extra) -> Result<Bytes, BuildError> {
    let mut builder = hop_by_hop(Method::Cancel, invite).copy(invite, Name::To);
    for (name, value) in extra.iter() {
        builder = builder.header(Name::of(name), value);
    }
    builder.to_bytes()
}

fn hop_by_hop(method: Method, invite: &Message) -> RequestBuilder {
    let number = invite.cseq().map_or(1, |cseq| cseq.number);
    RequestBuilder::new(method, invite.request_uri())
        .copy(invite, Name::Via)
        .copy(invite, Name::Route)
        .max_forwards(MAX_FORWARDS)
        .copy(invite, Name::From)
        .copy(invite, Name::CallId)
        .copy(invite, Name::SessionId)
        .cseq(number)
}

/// A strict router's last route is a bare URI, but Route wants brackets.
fn bracketed(route: &str) -> std::borrow::Cow<'_, str> {
    if route.contains('<') {
        route.into()
    } else {
        format!("<{route}>").into()
    }
}

/// Hops that our requests may take (RFC 3261 §8.1.1.6).
const MAX_FORWARDS: u32 = 70;
