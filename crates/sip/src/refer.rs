//! Refer-To and Referred-By: whom to call instead, and who says so (RFC 3515, RFC 3892).

use crate::header::{HeaderError, Name};
use crate::message::Message;
use crate::method::Method;
use crate::name_addr::NameAddr;
use crate::replaces::Replaces;
use crate::uri::Uri;

/// A Refer-To.
#[derive(Clone, Debug)]
pub struct ReferTo<'a> {
    /// The address as sent, with the URI's headers.
    pub address: NameAddr<'a>,
    /// The dialog that the new call shall replace: this is an attended transfer.
    pub replaces: Option<Replaces>,
}

impl<'a> ReferTo<'a> {
    /// Reads a header value. A `?` without angle brackets, as some phones send it, is taken as part of the URI.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let error = |reason| Name::ReferTo.error(reason);
        let address = NameAddr::parse(value)
            .or_else(|reason| NameAddr::from_uri(value).map_err(|_| reason))
            .map_err(error)?;
        let replaces = match address.uri().header("Replaces") {
            Some(value) => Some(Replaces::parse(&value)?),
            None => None,
        };
        Ok(Self { address, replaces })
    }

    /// The URI.
    #[must_use]
    pub fn uri(&self) -> Uri<'a> {
        self.address.uri()
    }

    /// The URI without its headers: what to put into a request line.
    #[must_use]
    pub fn target(&self) -> &'a str {
        let text = self.uri().as_str();
        if self.uri().headers_text().is_none() {
            return text;
        }
        // A `?` may also stand in the user part.
        let from = text.find('@').unwrap_or_default();
        text[from..].find('?').map_or(text, |at| &text[..from + at])
    }

    /// The method of the new request; INVITE if none is written.
    pub fn method(&self) -> Result<Method, HeaderError> {
        match self.uri().params().value("method") {
            None => Ok(Method::Invite),
            Some(text) => Method::parse(text).ok_or_else(|| Name::ReferTo.error("bad method")),
        }
    }
}

impl Message {
    /// Refer-To: exactly one.
    pub fn refer_to(&self) -> Result<ReferTo<'_>, HeaderError> {
        let value = self.require(Name::ReferTo)?;
        if self.fields_of(Name::ReferTo).nth(1).is_some() {
            return Err(Name::ReferTo.error("more than once"));
        }
        ReferTo::parse(value)
    }

    /// Referred-By, if present.
    pub fn referred_by(&self) -> Result<Option<NameAddr<'_>>, HeaderError> {
        match self.address(Name::ReferredBy) {
            Ok(address) => Ok(Some(address)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blind_and_attended() {
        let blind = ReferTo::parse("<sip:200@pbx;method=INVITE>").unwrap();
        assert_eq!(blind.target(), "sip:200@pbx;method=INVITE");
        assert_eq!(blind.method(), Ok(Method::Invite));
        assert_eq!(blind.replaces, None);

        let attended =
            ReferTo::parse("\"Q\" <sip:200?x@pbx:5070?Replaces=id%40h%3Bto-tag%3Da%3Bfrom-tag%3Db&Require=replaces>")
                .unwrap();
        assert_eq!(attended.target(), "sip:200?x@pbx:5070");
        assert_eq!(attended.replaces.unwrap().call_id, "id@h");
        let bare = ReferTo::parse("sip:200@pbx?Replaces=id@h%3Bto-tag%3Da%3Bfrom-tag%3Db").unwrap();
        assert_eq!(bare.target(), "sip:200@pbx");
        assert_eq!(bare.replaces.unwrap().call_id, "id@h");
    }

    #[test]
    fn a_bad_replaces_is_an_error_of_its_own() {
        let error = ReferTo::parse("<sip:200@pbx?Replaces=id>").unwrap_err();
        assert_eq!(error.to_string(), "Replaces: no tags");
        assert_eq!(
            ReferTo::parse("200").unwrap_err().to_string(),
            "Refer-To: URI without scheme"
        );
    }
}
