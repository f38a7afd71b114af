//! Account: what a trunk tells us about where and as whom to register.

use crate::digest::{Credentials, Sessions};
use crate::endpoint::extra::Extra;
use crate::header::{HeaderError, Name};
use crate::lex;
use crate::name_addr::NameAddr;
use crate::uri::Uri;

use super::wait::Refresh;

/// Where and as whom to register.
#[derive(Clone, Debug)]
pub struct Account {
    /// Request-URI: the registrar's domain, such as `sip:pbx.example.com`. Most platforms want no port in it.
    pub registrar: Box<str>,
    /// From and To without tag, such as `<sip:4930123@pbx.example.com>`.
    pub address: Box<str>,
    /// The proxy to send to, such as `sip:out.example.com:5090;lr`. With `lr` it is named in Route as well, without
    /// it only sent to: some platforms refuse a Route that names themselves.
    pub outbound_proxy: Option<Box<str>>,
    /// User part of our Contact, by which calls that come in are told apart; the endpoint's own if none.
    pub contact_user: Option<Box<str>>,
    /// Parameters of the URI in our Contact, such as `;line=abc`: a registrar gives them back in the Request-URI of its
    /// calls. Empty by default.
    pub uri_params: Box<str>,
    /// Parameters of our Contact, such as `;reg-id=1;+sip.instance="<urn:uuid:…>"`; empty by default.
    pub contact_params: Box<str>,
    /// What to answer challenges with.
    pub credentials: Credentials,
    /// Seconds to ask for, from 1 to [`EXPIRES_MAX_S`], default 300.
    pub expires_s: u32,
    /// When to refresh, by default at 50 to 90 % of what was granted.
    pub refresh: Refresh,
    /// Option tags that a platform wants to see in Supported, such as `path` and `outbound`; none by default.
    pub supported: Vec<Box<str>>,
    /// Extra headers.
    pub headers: Extra,
}

/// One REGISTER, but for the flow that it takes.
#[derive(Clone, Debug)]
pub struct Register {
    /// Call-ID: the same for all of a registration.
    pub call_id: Box<str>,
    /// From tag.
    pub tag: Box<str>,
    /// CSeq.
    pub cseq: u32,
    /// Seconds asked for; 0 removes the binding.
    pub expires_s: u32,
    /// What is known of who asks for credentials.
    pub sessions: Sessions,
    /// Everything else.
    pub account: Account,
}

impl Account {
    /// An account without credentials.
    pub fn new(registrar: impl Into<Box<str>>, address: impl Into<Box<str>>) -> Self {
        Account {
            registrar: registrar.into(),
            address: address.into(),
            outbound_proxy: None,
            contact_user: None,
            uri_params: "".into(),
            contact_params: "".into(),
            credentials: Credentials::none(),
            expires_s: EXPIRES_S,
            refresh: Refresh::default(),
            supported: Vec::new(),
            headers: Extra::none(),
        }
    }

    /// The URI whose host is to be resolved.
    #[must_use]
    pub fn next_hop(&self) -> &str {
        self.outbound_proxy.as_deref().unwrap_or(&self.registrar)
    }

    /// The Route values of a REGISTER.
    #[must_use]
    pub fn routes(&self) -> Vec<Box<str>> {
        let proxy = self.outbound_proxy.as_deref();
        let loose = proxy.filter(|proxy| Uri::parse(proxy).is_ok_and(|uri| uri.params().has("lr")));
        loose
            .map(|proxy| format!("<{proxy}>").into())
            .into_iter()
            .collect()
    }

    /// Whether everything can be written.
    pub(super) fn check(&self) -> Result<(), HeaderError> {
        let uri = |header: &'static str, text: &str| {
            let wrong = |reason| HeaderError { header, reason };
            let uri = Uri::parse(text).map_err(wrong)?;
            match uri.is_sip() {
                true => Ok(()),
                false => Err(wrong("neither sip nor sips")),
            }
        };
        uri("Request-URI", &self.registrar)?;
        if let Some(proxy) = &self.outbound_proxy {
            uri("Route", proxy)?;
        }
        NameAddr::parse(&self.address).map_err(|reason| Name::From.error(reason))?;
        let user = self.contact_user.as_deref().unwrap_or("user");
        let contact = format!(
            "<sip:{user}@192.0.2.1{}>{}",
            self.uri_params, self.contact_params
        );
        let contact_wrong = |reason| Name::Contact.error(reason);
        let read = NameAddr::parse(&contact).map_err(contact_wrong)?;
        let (uri, is_uri) = (read.uri(), |c: char| !matches!(c, '<' | '>' | '?' | ' '));
        if !self.uri_params.chars().all(is_uri)
            || !matches!(self.uri_params.chars().next(), None | Some(';'))
        {
            return Err(contact_wrong("parameters that must be escaped"));
        }
        if uri.user() != Some(user) || contact.chars().any(char::is_control) {
            return Err(contact_wrong("user that must be escaped"));
        }
        if !self.supported.iter().all(|tag| lex::is_token_text(tag)) {
            return Err(Name::Supported.error("not a token"));
        }
        if !(1..=EXPIRES_MAX_S).contains(&self.expires_s) {
            return Err(Name::Expires.error("not from 1 s to a day"));
        }
        Ok(())
    }
}

/// What is asked for if nobody says: what the platforms' own trunks ask for.
const EXPIRES_S: u32 = 300;

/// The longest binding, in seconds: a day, so that a registrar that forgets us is noticed.
pub const EXPIRES_MAX_S: u32 = 86_400;
