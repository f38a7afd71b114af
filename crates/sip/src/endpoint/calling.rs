//! Outgoing INVITE: what it says and how it leaves (RFC 3261 §13.2.1).

use std::fmt;
use std::time::Instant;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::dialog::abilities::RELIABLE;
use crate::dialog::leg::{Cancel, Leg, Phase, Reach, Role};
use crate::digest::{Credentials, Sessions};
use crate::header::{HeaderError, Name};
use crate::method::Method;
use crate::name_addr::NameAddr;
use crate::session_id::{SessionId, Uuid};
use crate::uri::Uri;

use super::compose::{Outgoing, SDP};
use super::extra::Extra;
use super::flow::Flow;
use super::keys::LegKey;
use super::plumbing::Departure;
use super::refresh::first_lines;
use super::tables::Purpose;
use super::terms::{Reliable, Terms};
use super::{ActionError, Endpoint};

/// A call to place.
#[derive(Clone)]
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
    /// Hops that the INVITE may take: one less than the call that it continues had left, so that no loop through us is
    /// endless; 70 if none.
    pub max_forwards: Option<u8>,
    /// What our end calls the session, and what it is called behind us if that is known (RFC 7989).
    pub session_id: Option<SessionId>,
    /// What the leg agrees to; what the endpoint's configuration says if none.
    pub terms: Option<Terms>,
    /// The proxies to go by, nearest first: an outbound proxy, or the Service-Route of a registration.
    pub routes: Vec<Box<str>>,
    /// Whether the addresses that the callee writes can be reached; where they cannot, everything goes this way.
    pub reach: Reach,
    /// What to answer challenges with.
    pub credentials: Credentials,
    /// Everything else that shall cross.
    pub headers: Extra,
    /// The offer; without one the callee offers, and `acknowledge` answers.
    pub sdp: Option<Bytes>,
}

/// Without its offer: there may be keys in it.
impl fmt::Debug for InviteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InviteRequest")
            .field("target", &self.target)
            .field("flow", &self.flow)
            .field("call_id", &self.call_id)
            .finish_non_exhaustive()
    }
}

impl InviteRequest {
    /// A call without offer and with nothing else to say; take it as the base of the fields that matter.
    pub fn new(target: impl Into<Box<str>>, flow: Flow, from: impl Into<Box<str>>) -> Self {
        InviteRequest {
            target: target.into(),
            flow,
            from: from.into(),
            to: None,
            contact: None,
            call_id: None,
            max_forwards: None,
            session_id: None,
            terms: None,
            routes: Vec::new(),
            reach: Reach::Direct,
            credentials: Credentials::none(),
            headers: Extra::none(),
            sdp: None,
        }
    }
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
            credentials,
            headers,
            sdp,
            ..
        } = request;
        let terms = request.terms.unwrap_or(self.config.terms);
        let supported = terms.supported_value();
        let timer = first_lines(&terms.timer);
        let hops = request.max_forwards.map(|hops| hops.to_string());
        let mut own = vec![(Name::Supported, &*supported)];
        own.extend(hops.iter().map(|hops| (Name::MaxForwards, &**hops)));
        let remote_id = request.session_id.and_then(|id| id.remote);
        let local_id = request.session_id.map(|id| id.local);
        let said = request.session_id.map(|id| id.with_remote().to_string());
        own.extend(said.iter().map(|said| (Name::SessionId, &**said)));
        own.extend(timer.iter().map(|(name, value)| (*name, &**value)));
        if terms.reliable == Reliable::Required {
            own.push((Name::Require, RELIABLE));
        }
        let contact = contact.unwrap_or_else(|| self.contact(flow));
        let branch = self.ids.branch();
        let bytes = Outgoing {
            method: Method::Invite,
            dialog: &dialog,
            cseq: dialog.local_cseq,
            branch: &branch,
            flow,
            contact: Some(&contact),
            headers: &own,
            extra: &headers,
            body: sdp.clone().map(|sdp| (SDP, sdp)),
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
        let invite = self.depart_as(departure, terms.large, now);
        self.keep_leg(Leg {
            key: leg,
            call_id: dialog.call_id,
            local_tag: dialog.local_tag,
            role: Role::Caller,
            flow,
            reach: request.reach,
            contact,
            peers: Vec::new(),
            forks: 0,
            phase: Phase::Calling {
                invite,
                heard: false,
                cancel: Cancel::No,
            },
            terms,
            progress: None,
            local_id,
            remote_id: remote_id.filter(|id| *id != Uuid::NIL),
            timer: None,
            min_se_s: 0,
            min_se_tries: 0,
            described: sdp,
            retry: None,
            refer_in: None,
            refer_out: None,
            sessions: Sessions::new(credentials),
            due: None,
        });
        Ok(leg)
    }

    fn dialog_to(&mut self, request: &InviteRequest) -> Result<Dialog, HeaderError> {
        let wrong = |reason| HeaderError {
            header: "Request-URI",
            reason,
        };
        if !Uri::parse(&request.target).map_err(wrong)?.is_sip() {
            return Err(wrong("neither sip nor sips"));
        }
        for route in &request.routes {
            NameAddr::parse(route).map_err(|reason| Name::Route.error(reason))?;
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
            routes: request.routes.clone().into(),
            local_cseq: self.ids.cseq(),
            remote_cseq: None,
            hop: None,
        })
    }
}
