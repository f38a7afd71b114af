//! Replaces: which dialog a new one takes over (RFC 3891).

use crate::escape;
use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;
use crate::params::Params;

/// A dialog, seen from who gets the INVITE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// The dialog's Call-ID.
    pub call_id: String,
    /// The tag of who receives the INVITE.
    pub to_tag: String,
    /// The tag of the other side.
    pub from_tag: String,
    /// Only an early dialog may be replaced.
    pub early_only: bool,
}

impl Replaces {
    /// Reads a header value (not escaped).
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let error = |reason| Name::Replaces.error(reason);
        let (call_id, params) = value.split_once(';').ok_or_else(|| error("no tags"))?;
        let call_id = lex::trim(call_id);
        if call_id.is_empty() || call_id.contains([' ', '\t']) {
            return Err(error("bad Call-ID"));
        }
        let params = Params::parse(params).map_err(error)?;
        let tag = |name, reason| {
            params
                .value(name)
                .map(str::to_owned)
                .ok_or_else(|| error(reason))
        };
        Ok(Self {
            call_id: call_id.to_owned(),
            to_tag: tag("to-tag", "no to-tag")?,
            from_tag: tag("from-tag", "no from-tag")?,
            early_only: params.has("early-only"),
        })
    }

    /// The header value.
    #[must_use]
    pub fn to_value(&self) -> String {
        let early = if self.early_only { ";early-only" } else { "" };
        format!(
            "{};to-tag={};from-tag={}{early}",
            self.call_id, self.to_tag, self.from_tag
        )
    }

    /// The value escaped for the headers of a URI: `?Replaces={…}` of a Refer-To.
    #[must_use]
    pub fn to_uri_header(&self) -> String {
        format!("Replaces={}", escape::escape(&self.to_value()))
    }
}

impl Message {
    /// Replaces, if present; more than one is an error.
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        let mut values = self.headers(Name::Replaces);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Name::Replaces.error("more than once"));
        }
        Replaces::parse(value).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_named_by_call_id_and_both_tags() {
        let replaces =
            Replaces::parse("98732@sip.example.com ; from-tag=r33th4x0r;to-tag=ff87ff").unwrap();
        assert_eq!(replaces.call_id, "98732@sip.example.com");
        assert_eq!(
            (&*replaces.to_tag, &*replaces.from_tag),
            ("ff87ff", "r33th4x0r")
        );
        assert_eq!(Replaces::parse(&replaces.to_value()), Ok(replaces.clone()));
        let early = Replaces {
            early_only: true,
            ..replaces
        };
        assert_eq!(Replaces::parse(&early.to_value()), Ok(early));
    }

    #[test]
    fn both_tags_are_needed() {
        assert_eq!(Replaces::parse("a").unwrap_err().reason, "no tags");
        assert_eq!(
            Replaces::parse("a;to-tag=1").unwrap_err().reason,
            "no from-tag"
        );
        assert_eq!(
            Replaces::parse("a;from-tag=1").unwrap_err().reason,
            "no to-tag"
        );
        assert_eq!(
            Replaces::parse(";from-tag=1;to-tag=2").unwrap_err().reason,
            "bad Call-ID"
        );
    }
}
