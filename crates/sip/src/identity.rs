//! Who calls, by whom it was forwarded, and what rides along: P-Asserted-Identity (RFC 3325), Remote-Party-ID,
//! Diversion (RFC 5806), Privacy (RFC 3323), User-to-User (RFC 7433).

use std::borrow::Cow;

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;
use crate::name_addr::NameAddr;
use crate::params::Params;

/// One Remote-Party-ID: the vendors' older way to say who calls.
#[derive(Clone, Copy, Debug)]
pub struct RemotePartyId<'a> {
    /// The address.
    pub address: NameAddr<'a>,
}

impl<'a> RemotePartyId<'a> {
    /// `calling`, `called`, or another.
    #[must_use]
    pub fn party(&self) -> Option<&'a str> {
        self.address.params().value("party")
    }

    /// True if a trusted element checked the number.
    #[must_use]
    pub fn is_screened(&self) -> bool {
        self.address
            .params()
            .value("screen")
            .is_some_and(|screen| screen.eq_ignore_ascii_case("yes"))
    }

    /// `off`, `full`, `name`, `uri`, as sent.
    #[must_use]
    pub fn privacy(&self) -> Option<Cow<'a, str>> {
        self.address
            .params()
            .get("privacy")
            .map(|param| param.unquoted())
    }
}

/// One Diversion: who forwarded the call, and why.
#[derive(Clone, Copy, Debug)]
pub struct Diversion<'a> {
    /// Who forwarded.
    pub address: NameAddr<'a>,
}

impl<'a> Diversion<'a> {
    /// `unconditional`, `no-answer`, `user-busy` …
    #[must_use]
    pub fn reason(&self) -> Option<Cow<'a, str>> {
        self.address
            .params()
            .get("reason")
            .map(|param| param.unquoted())
    }

    /// How often it was forwarded.
    #[must_use]
    pub fn counter(&self) -> Option<u32> {
        self.address.params().value("counter")?.parse().ok()
    }

    /// `off`, `full`, `name`, `uri`, as sent.
    #[must_use]
    pub fn privacy(&self) -> Option<Cow<'a, str>> {
        self.address
            .params()
            .get("privacy")
            .map(|param| param.unquoted())
    }
}

/// One User-to-User: opaque data of the peer's application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserToUser<'a> {
    /// The data, still in its encoding.
    pub content: Cow<'a, str>,
    /// The encoding; `hex` if none is written.
    pub encoding: Option<&'a str>,
    /// The purpose (package), if written.
    pub purpose: Option<&'a str>,
    /// What the data is (the parameter `content`), if written.
    pub holds: Option<&'a str>,
}

impl<'a> UserToUser<'a> {
    /// Reads one value.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let error = |reason| Name::UserToUser.error(reason);
        let end = lex::find_top(value, b';').unwrap_or(value.len());
        let (content, params) = value.split_at(end);
        let content = lex::trim(content);
        let content = match lex::quoted(content) {
            Some((inner, "")) => lex::unescape_quoted(inner),
            Some(_) => return Err(error("text after quotes")),
            None if content.is_empty() => return Err(error("empty")),
            None => Cow::Borrowed(content),
        };
        let params = Params::parse(params.strip_prefix(';').unwrap_or_default()).map_err(error)?;
        let purpose = params.value("purpose").or_else(|| params.value("app"));
        Ok(Self {
            content,
            encoding: params.value("encoding"),
            purpose,
            holds: params.value("content"),
        })
    }
}

impl Message {
    /// All P-Asserted-Identity (up to a SIP and a TEL URI).
    pub fn asserted_identities(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(Name::PAssertedIdentity)
    }

    /// All Remote-Party-ID.
    pub fn remote_party_ids(&self) -> impl Iterator<Item = Result<RemotePartyId<'_>, HeaderError>> {
        self.addresses(Name::RemotePartyId)
            .map(|read| Ok(RemotePartyId { address: read? }))
    }

    /// All Diversion, the latest first.
    pub fn diversions(&self) -> impl Iterator<Item = Result<Diversion<'_>, HeaderError>> {
        self.addresses(Name::Diversion)
            .map(|read| Ok(Diversion { address: read? }))
    }

    /// All User-to-User.
    pub fn user_to_user(&self) -> impl Iterator<Item = Result<UserToUser<'_>, HeaderError>> {
        self.headers(Name::UserToUser).map(UserToUser::parse)
    }

    /// True if Privacy asks for this (`id`, `header`, `user` …).
    #[must_use]
    pub fn asks_privacy(&self, kind: &str) -> bool {
        self.privacy().any(|value| value.eq_ignore_ascii_case(kind))
    }

    /// Everything that Privacy asks for.
    pub fn privacy(&self) -> impl Iterator<Item = &str> {
        self.fields_of(Name::Privacy)
            .flat_map(|field| field.value.split([';', ',']))
            .map(lex::trim)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn identities_of_a_forwarded_call() {
        let text = "INVITE sip:a SIP/2.0\r\n\
            P-Asserted-Identity: \"Cullen, J\" <sip:+1415@gw>, <tel:+1415>\r\n\
            Remote-Party-ID: \"X\" <sip:1@h>;party=calling;screen=YES;privacy=off\r\n\
            Diversion: <sip:2@h>;reason=no-answer;counter=2, <sip:3@h>;reason=\"user-busy\"\r\n\
            Privacy: id;critical\r\n\
            User-to-User: 56a390f3d2b7310023a2;encoding=hex;purpose=isdn-uui;content=isdn-uui\r\n\
            User-to-User: \"a;b\"\r\n\r\n";
        let message = Message::parse(Bytes::from(text)).unwrap();
        let identities: Vec<_> = message.asserted_identities().map(Result::unwrap).collect();
        assert_eq!(identities[0].display_name().unwrap(), "Cullen, J");
        assert_eq!(identities[1].uri().user(), Some("+1415"));
        let party = message.remote_party_ids().next().unwrap().unwrap();
        assert_eq!(
            (party.party(), party.is_screened()),
            (Some("calling"), true)
        );
        assert_eq!(party.privacy().unwrap(), "off");
        let reasons: Vec<_> = message
            .diversions()
            .map(|d| d.unwrap().reason().unwrap().into_owned())
            .collect();
        assert_eq!(reasons, ["no-answer", "user-busy"]);
        assert_eq!(
            message.diversions().next().unwrap().unwrap().counter(),
            Some(2)
        );
        assert!(message.asks_privacy("id") && !message.asks_privacy("header"));
        let data: Vec<_> = message.user_to_user().map(Result::unwrap).collect();
        assert_eq!(
            (&*data[0].content, data[0].encoding),
            ("56a390f3d2b7310023a2", Some("hex"))
        );
        assert_eq!(
            (data[0].purpose, &*data[1].content),
            (Some("isdn-uui"), "a;b")
        );
    }
}
