//! X-EI: what the platform that sent a call here calls it, as `S.value;E.value;O.value;` in any order.

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;

/// The header field's name.
pub const X_EI: &str = "X-EI";

/// What X-EI says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExternalCall<'a> {
    /// The id that the call was announced under (`S`).
    pub announced: Option<&'a str>,
    /// The platform's own id (`E`).
    pub external: Option<&'a str>,
    /// The original caller, or who forwarded the call (`O`).
    pub original: Option<&'a str>,
}

impl<'a> ExternalCall<'a> {
    /// Reads a value: at least one token, each at most once, each closed by its semicolon.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let error = |reason| HeaderError {
            header: X_EI,
            reason,
        };
        let mut read = ExternalCall::default();
        let mut rest = lex::trim(value);
        if rest.is_empty() {
            return Err(error("empty"));
        }
        while !rest.is_empty() {
            let (token, behind) = rest
                .split_once(';')
                .ok_or_else(|| error("token without semicolon"))?;
            let (key, value) = token
                .split_once('.')
                .ok_or_else(|| error("token without key"))?;
            let printable = |octet: u8| (b' '..=b'~').contains(&octet);
            if value.is_empty() || !value.bytes().all(printable) {
                return Err(error("bad value"));
            }
            let place = match key {
                "S" => &mut read.announced,
                "E" => &mut read.external,
                "O" => &mut read.original,
                _ => return Err(error("unknown key")),
            };
            if place.replace(value).is_some() {
                return Err(error("a key twice"));
            }
            rest = behind;
        }
        Ok(read)
    }
}

impl Message {
    /// X-EI, if present.
    pub fn external_call(&self) -> Result<Option<ExternalCall<'_>>, HeaderError> {
        self.header(Name::Other(X_EI))
            .map(ExternalCall::parse)
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_in_any_order() {
        let read = ExternalCall::parse("E.crm-7781;O.+12025550188;").unwrap();
        assert_eq!(read.external, Some("crm-7781"));
        assert_eq!(read.original, Some("+12025550188"));
        assert_eq!(read.announced, None);
        let read = ExternalCall::parse("O.a b.c;S.1;").unwrap();
        assert_eq!((read.original, read.announced), (Some("a b.c"), Some("1")));
    }

    #[test]
    fn what_does_not_match_the_grammar_says_why() {
        for (value, reason) in [
            ("", "empty"),
            ("E.crm-7781", "token without semicolon"),
            ("E;", "token without key"),
            ("E.;", "bad value"),
            ("E.\u{e9};", "bad value"),
            ("X.1;", "unknown key"),
            ("e.1;", "unknown key"),
            ("E.1;E.2;", "a key twice"),
            ("E.1; O.2;", "unknown key"),
        ] {
            assert_eq!(
                ExternalCall::parse(value).unwrap_err().reason,
                reason,
                "{value}"
            );
        }
    }
}
