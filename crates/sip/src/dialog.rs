//! Dialog: what two ends have agreed on to find each other again (RFC 3261 §12).

pub mod abilities;
pub mod exchange;
pub mod leg;
pub mod peer;
pub mod progress;
pub mod refer;
pub mod timer;

use crate::endpoint::flow::{Flow, Transport};
use crate::header::{HeaderError, Name};
use crate::message::Message;
use crate::name_addr::NameAddr;
use crate::uri::{Scheme, Uri};

/// The state of RFC 3261 §12: plain text and numbers, so that it can be exported and restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: Box<str>,
    /// Our tag.
    pub local_tag: Box<str>,
    /// The peer's tag; empty until it answers, and for peers of RFC 2543.
    pub remote_tag: Box<str>,
    /// Our address with its tag, as From of our requests has it.
    pub local: Box<str>,
    /// The peer's address with its tag, as To of our requests has it.
    pub remote: Box<str>,
    /// Where the peer wants requests: the URI of its last Contact.
    pub remote_target: Box<str>,
    /// The proxies on the way, nearest first, as addresses with angle brackets.
    pub routes: Box<[Box<str>]>,
    /// The number of our last request.
    pub local_cseq: u32,
    /// The number of the peer's last request; none before its first.
    pub remote_cseq: Option<u32>,
    /// The next hop, if only its name is written, and where the owner of the sockets found it.
    pub hop: Option<Hop>,
}

/// A next hop that an address in a URI does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The URI: of the nearest proxy, or of the peer.
    pub uri: Box<str>,
    /// Which way it is; none until it is found.
    pub flow: Option<Flow>,
}

/// Whether a request of the peer comes in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Its number is higher than the last one.
    InTurn,
    /// Its number was used already: 500 (RFC 3261 §12.2.2).
    TooLow,
}

impl Dialog {
    /// The dialog that an answer with `local_tag` to this INVITE starts (RFC 3261 §12.1.1).
    pub fn of_request(
        request: &Message,
        local_tag: &str,
        routes_max: usize,
    ) -> Result<Self, HeaderError> {
        let (from, to) = (request.from()?, request.to()?);
        // Contact is mandatory, but a peer that forgot it can still be called back where it says it is.
        let target = request
            .contact()
            .map_or(from.uri(), |contact| contact.uri());
        Ok(Dialog {
            call_id: request.call_id()?.into(),
            local_tag: local_tag.into(),
            remote_tag: from.tag().unwrap_or_default().into(),
            local: with_tag(&to, local_tag),
            remote: without_controls(from.as_str()),
            remote_target: target.as_str().into(),
            routes: record_routes(request).take(routes_max).collect(),
            local_cseq: 0,
            remote_cseq: Some(request.cseq()?.number),
            hop: None,
        })
    }

    /// What an INVITE of ours said about the dialog, as its answer quotes it.
    pub fn of_sent(response: &Message, cseq: u32) -> Result<Self, HeaderError> {
        let (from, to) = (response.from()?, response.to()?);
        Ok(Dialog {
            call_id: response.call_id()?.into(),
            local_tag: from.tag().unwrap_or_default().into(),
            remote_tag: "".into(),
            local: without_controls(from.as_str()),
            remote: without_controls(to.as_str()),
            remote_target: to.uri().as_str().into(),
            routes: [].into(),
            local_cseq: cseq,
            remote_cseq: None,
            hop: None,
        })
    }

    /// The dialog that this answer to our INVITE starts; `self` is from `of_sent` (RFC 3261 §12.1.2).
    pub fn of_response(&self, response: &Message, routes_max: usize) -> Result<Self, HeaderError> {
        let to = response.to()?;
        let mut routes: Vec<Box<str>> = record_routes(response).collect();
        routes.reverse();
        routes.truncate(routes_max);
        let target = match response.contact() {
            Ok(contact) => contact.uri().as_str().into(),
            Err(_) => self.remote_target.clone(),
        };
        Ok(Dialog {
            remote_tag: to.tag().unwrap_or_default().into(),
            remote: without_controls(to.as_str()),
            remote_target: target,
            routes: routes.into(),
            ..self.clone()
        })
    }

    /// The number of our next request.
    pub fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.local_cseq
    }

    /// Takes note of the number of a request of the peer, unless it is too low.
    pub fn take_turn(&mut self, number: u32) -> Order {
        match self.remote_cseq {
            Some(last) if number <= last => Order::TooLow,
            Some(_) | None => {
                self.remote_cseq = Some(number);
                Order::InTurn
            }
        }
    }

    /// Follows the peer to the Contact of a re-INVITE, an UPDATE or a 2xx to one (RFC 3261 §12.2).
    pub fn refresh_target(&mut self, message: &Message) {
        if let Ok(contact) = message.contact()
            && contact.uri().as_str() != &*self.remote_target
        {
            self.remote_target = contact.uri().as_str().into();
        }
    }

    /// Request-URI and Route values of our next request (RFC 3261 §12.2.1.1).
    pub fn path(&self) -> (&str, Vec<&str>) {
        let routes: Vec<&str> = self.routes.iter().map(|route| &**route).collect();
        let Some(first) = routes.first().and_then(|first| NameAddr::parse(first).ok()) else {
            return (&self.remote_target, routes);
        };
        if first.uri().params().has("lr") {
            return (&self.remote_target, routes);
        }
        // A strict router wants its own URI in the request line and the target at the end of the route.
        let mut strict = routes[1..].to_vec();
        strict.push(&self.remote_target);
        (first.uri().as_str(), strict)
    }

    /// The next hop, if its URI tells no address, or another transport than this: then somebody has to look it up.
    pub fn unresolved(&self, transport: Transport) -> Option<&str> {
        let uri = self.next_hop()?;
        let wanted = match (uri.scheme(), uri.params().value("transport")) {
            (Scheme::Sips, _) => Some("tls"),
            (_, wanted) => wanted,
        };
        let same = wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(transport.as_str()));
        (uri.host().ip().is_none() || !same).then_some(uri.as_str())
    }

    /// The URI that our next request is sent to first.
    pub fn next_hop(&self) -> Option<Uri<'_>> {
        match self.routes.first() {
            Some(first) => NameAddr::parse(first).ok().map(|route| route.uri()),
            None => Uri::parse(&self.remote_target).ok(),
        }
    }

    /// Whether a request of the peer with this Call-ID and From tag belongs here; our tag was matched before.
    pub fn is_with(&self, call_id: &str, remote_tag: &str) -> bool {
        *self.call_id == *call_id && *self.remote_tag == *remote_tag
    }
}

fn record_routes(message: &Message) -> impl Iterator<Item = Box<str>> {
    message.headers(Name::RecordRoute).map(without_controls)
}

fn with_tag(address: &NameAddr<'_>, tag: &str) -> Box<str> {
    let address_text = without_controls(address.as_str());
    if address.tag().is_some() {
        return address_text;
    }
    format!("{address_text};tag={tag}").into()
}

/// A quoted-pair may hold a control character; what we send may not, and no peer compares display names.
fn without_controls(text: &str) -> Box<str> {
    if text.chars().any(char::is_control) {
        return text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
    }
    text.into()
}
