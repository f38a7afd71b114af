//! Binding: where an account is, and what a REGISTER asks about it (RFC 3261 §10.3, steps 6 and 7).

use std::time::{Duration, Instant};

use crate::endpoint::flow::Flow;
use crate::header::Name;
use crate::message::Message;
use crate::name_addr::NameAddr;
use crate::status::StatusCode;
use crate::uri::Uri;

use super::{Answer, Rules};

/// One place where an account can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The URI of its Contact: the Request-URI of calls to it, wherever it may point.
    pub contact: Box<str>,
    /// The URI of To: the address of record that it spoke of.
    pub address: Box<str>,
    /// The way that the REGISTER came: calls go back by it.
    pub flow: Flow,
    /// When it ends.
    pub until: Instant,
    /// The Call-ID of the REGISTER that made it.
    pub call_id: Box<str>,
    /// The number of that REGISTER.
    pub cseq: u32,
}

/// A REGISTER, read.
#[derive(Debug)]
pub(super) struct Request {
    address: Box<str>,
    call_id: Box<str>,
    cseq: u32,
    pub wish: Wish,
}

/// What it wants.
#[derive(Debug)]
pub(super) enum Wish {
    /// To know what stands.
    Ask,
    /// `Contact: *` with `Expires: 0`.
    RemoveAll,
    /// Changes, in order.
    Change(Vec<Wanted>),
}

/// One Contact of it.
#[derive(Debug)]
pub(super) struct Wanted {
    pub contact: Box<str>,
    /// Nothing removes it.
    pub expires: Duration,
}

impl Binding {
    /// Whether this is where that URI points.
    pub(super) fn is_at(&self, contact: &str) -> bool {
        match (Uri::parse(&self.contact), Uri::parse(contact)) {
            (Ok(own), Ok(other)) => own.is_equivalent(&other),
            _ => *self.contact == *contact,
        }
    }

    /// Whether it was made by a later REGISTER of the same client.
    pub(super) fn is_after(&self, request: &Request) -> bool {
        self.call_id == request.call_id && self.cseq >= request.cseq
    }
}

impl Request {
    pub(super) fn read(request: &Message, rules: &Rules) -> Result<Self, Answer> {
        let bad = |phrase| Answer::because(StatusCode::BAD_REQUEST, phrase);
        let (Ok(to), Ok(call_id), Ok(cseq)) = (request.to(), request.call_id(), request.cseq())
        else {
            return Err(bad("Bad To, Call-ID or CSeq"));
        };
        // A time that cannot be read counts as none (RFC 3261 §10.3, step 7).
        let all = request.number(Name::Expires).ok().flatten();
        let contacts: Vec<&str> = request.headers(Name::Contact).collect();
        let wish = match contacts[..] {
            [] => Wish::Ask,
            ["*"] if all == Some(0) => Wish::RemoveAll,
            _ if contacts.contains(&"*") => return Err(bad("Bad Contact Wildcard")),
            _ if contacts.len() > CONTACTS_MAX => return Err(bad("Too Many Contacts")),
            _ => Wish::Change(
                contacts
                    .iter()
                    .map(|contact| Wanted::read(contact, all, rules))
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(Request {
            address: to.uri().as_str().into(),
            call_id: call_id.into(),
            cseq: cseq.number,
            wish,
        })
    }

    pub(super) fn binding(&self, wanted: &Wanted, flow: Flow, now: Instant) -> Binding {
        Binding {
            contact: wanted.contact.clone(),
            address: self.address.clone(),
            flow,
            until: now + wanted.expires,
            call_id: self.call_id.clone(),
            cseq: self.cseq,
        }
    }
}

impl Wanted {
    fn read(contact: &str, all: Option<u32>, rules: &Rules) -> Result<Self, Answer> {
        let bad = Answer::because(StatusCode::BAD_REQUEST, "Bad Contact");
        let Ok(address) = NameAddr::parse(contact) else {
            return Err(bad);
        };
        let uri = address.uri();
        if !uri.is_sip() || uri.as_str().len() > CONTACT_BYTES_MAX {
            return Err(bad);
        }
        let own = address.params().value("expires");
        let seconds = own.and_then(|own| own.parse().ok()).or(all);
        let asked = seconds.map_or(rules.usual, |seconds: u32| {
            Duration::from_secs(u64::from(seconds))
        });
        if !asked.is_zero() && asked < rules.shortest {
            return Err(rules.too_brief());
        }
        Ok(Wanted {
            contact: uri.as_str().into(),
            expires: asked.min(rules.longest),
        })
    }
}

/// Contacts of one REGISTER: a trunk has as many devices at most.
const CONTACTS_MAX: usize = 8;

/// Octets of a Contact's URI that is kept: four times what the longest platform writes.
const CONTACT_BYTES_MAX: usize = 1024;
