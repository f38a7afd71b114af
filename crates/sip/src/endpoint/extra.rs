//! Extra headers: the ones that the user lists for a message; everything else the endpoint writes itself.
//!
//! This is where "the far leg is built, never copied" is held: a header crosses only if someone names it, and a
//! value can neither start another line nor replace what transactions and dialogs depend on.

use crate::header::Name;

/// Headers to add to a message, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    list: Vec<(Box<str>, Box<str>)>,
}

/// Why a header cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExtraError {
    /// The name is no token.
    #[error("the header name is not a token")]
    Name,
    /// The endpoint writes this one.
    #[error("the header belongs to the transaction or the dialog")]
    Reserved,
    /// A line end or another control character stands in the value.
    #[error("the header value holds a control character")]
    Value,
    /// More than [`EXTRA_MAX`] headers.
    #[error("too many extra headers")]
    TooMany,
}

/// Extra headers of one message: twice what the widest trunk profile lists.
pub const EXTRA_MAX: usize = 64;

impl Extra {
    /// None.
    pub fn none() -> Self {
        Extra::default()
    }

    /// Adds one.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), ExtraError> {
        if !crate::lex::is_token_text(name) {
            return Err(ExtraError::Name);
        }
        if is_reserved(&Name::of(name)) {
            return Err(ExtraError::Reserved);
        }
        let value = value.trim();
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(ExtraError::Value);
        }
        if self.list.len() >= EXTRA_MAX {
            return Err(ExtraError::TooMany);
        }
        self.list.push((name.into(), value.into()));
        Ok(())
    }

    /// Adds one and gives the list back: for lists written in code.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, ExtraError> {
        self.add(name, value)?;
        Ok(self)
    }

    /// Name and value in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|(name, value)| (&**name, &**value))
    }

    /// True if the list names this header.
    pub fn names(&self, name: Name<'_>) -> bool {
        self.list.iter().any(|(other, _)| Name::of(other) == name)
    }
}

fn is_reserved(name: &Name<'_>) -> bool {
    matches!(
        name,
        Name::Via
            | Name::From
            | Name::To
            | Name::CallId
            | Name::CSeq
            | Name::Contact
            | Name::MaxForwards
            | Name::Route
            | Name::RecordRoute
            | Name::ContentLength
            | Name::ContentType
            | Name::Allow
            | Name::Supported
            | Name::Require
            | Name::RSeq
            | Name::RAck
            | Name::SessionExpires
            | Name::MinSe
            | Name::Authorization
            | Name::ProxyAuthorization
    )
}

/// Whether a list may name this header as one that is read, or sent on, as it is. Who calls, how long a call lives and
/// whom it is for have rules of their own. A name that ends with `*` stands for all that begin so, of `X-` headers only.
#[must_use]
pub fn may_be_listed(name: &str) -> bool {
    if let Some(start) = name.strip_suffix('*') {
        let begins = start
            .get(..2)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("X-"));
        return begins && crate::lex::is_token_text(start) && !start.contains('*');
    }
    let known = Name::of(name);
    let has_rules = matches!(
        known,
        Name::PAssertedIdentity
            | Name::PPreferredIdentity
            | Name::RemotePartyId
            | Name::Privacy
            | Name::Reason
            | Name::Identity
            | Name::SessionId
            | Name::Replaces
            | Name::Join
            | Name::TargetDialog
            | Name::ReferTo
            | Name::ReferSub
            | Name::Expires
            | Name::Event
            | Name::SubscriptionState
            | Name::ContentEncoding
            | Name::ContentDisposition
            | Name::MimeVersion
            | Name::ProxyRequire
            | Name::WwwAuthenticate
            | Name::ProxyAuthenticate
            | Name::Path
            | Name::ServiceRoute
    );
    crate::lex::is_token_text(name) && !name.contains('*') && !is_reserved(&known) && !has_rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_start_another_line_and_a_reserved_name_is_refused() {
        let mut extra = Extra::none();
        assert_eq!(extra.add("X-Queue", " sales "), Ok(()));
        assert_eq!(extra.iter().collect::<Vec<_>>(), [("X-Queue", "sales")]);
        assert_eq!(extra.add("X-A", "a\r\nVia: b"), Err(ExtraError::Value));
        assert_eq!(extra.add("X A", "a"), Err(ExtraError::Name));
        assert_eq!(extra.add("i", "a"), Err(ExtraError::Reserved));
        assert!(extra.names(Name::Other("x-queue")));
    }

    #[test]
    fn what_may_be_listed_is_neither_ours_nor_who_calls() {
        for name in [
            "X-Queue",
            "x-crm-*",
            "X-*",
            "Diversion",
            "User-to-User",
            "Call-Info",
            "P-Early-Media",
        ] {
            assert!(may_be_listed(name), "{name}");
        }
        for name in [
            "*",
            "P-*",
            "X",
            "x*",
            "X-*-a",
            "X-a*b",
            "Via",
            "v",
            "P-Asserted-Identity",
            "Privacy",
            "",
            "X y",
            "Session-ID",
            "Authorization",
        ] {
            assert!(!may_be_listed(name), "{name}");
        }
    }
}
