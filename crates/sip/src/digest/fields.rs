//! The grammar that challenges and credentials share: schemes with `name=value` fields (RFC 7235 §2.1).
//!
//! Lenient where a peer's meaning is plain: a comma may be missing or doubled, any value may stand in quotes or not,
//! one header field may hold several schemes. Bounded, and what is said twice is an error: nobody can tell which counts.

use crate::header::{HeaderError, Name};
use crate::lex;

/// Fields of one scheme: all that RFC 7616 knows and as many again.
const FIELDS_MAX: usize = 32;

/// One scheme of a header field with its fields.
#[derive(Debug)]
pub(super) struct Scheme<'a> {
    pub name: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

/// Iterator over the schemes of a header field's value.
#[derive(Debug)]
pub(super) struct Schemes<'a> {
    rest: &'a str,
}

impl<'a> Schemes<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Schemes { rest: text }
    }

    fn next_scheme(&mut self) -> Result<Scheme<'a>, &'static str> {
        let (name, rest) = token(self.rest).ok_or("no scheme")?;
        let mut fields: Vec<(&str, &str)> = Vec::new();
        self.rest = separated(rest);
        // A token without `=` begins the next scheme.
        while let Some((name, value)) = token(self.rest)
            .and_then(|(name, rest)| lex::trim(rest).strip_prefix('=').map(|rest| (name, rest)))
        {
            let (value, rest) = value_of(lex::trim(value))?;
            if fields.len() >= FIELDS_MAX {
                return Err("too many fields");
            }
            fields.push((name, value));
            self.rest = separated(rest);
        }
        Ok(Scheme { name, fields })
    }
}

impl<'a> Iterator for Schemes<'a> {
    type Item = Result<Scheme<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = separated(self.rest);
        if self.rest.is_empty() {
            return None;
        }
        let scheme = self.next_scheme();
        if scheme.is_err() {
            // What follows the next comma may be another scheme.
            let after = self.rest.find(',').map_or(self.rest.len(), |at| at + 1);
            self.rest = &self.rest[after..];
        }
        Some(scheme)
    }
}

impl<'a> Scheme<'a> {
    pub(super) fn is_digest(&self) -> bool {
        self.name.eq_ignore_ascii_case("Digest")
    }

    /// The value of a field as sent, without its quotes; `of` is the header that an error names.
    pub(super) fn get(&self, of: Name<'_>, name: &str) -> Result<Option<&'a str>, HeaderError> {
        let mut values = self
            .fields
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value);
        let first = values.next();
        if values.next().is_some() {
            return Err(of.error("the same field twice"));
        }
        Ok(first)
    }

    /// The value of a field that must be there.
    pub(super) fn require(
        &self,
        of: Name<'_>,
        name: &str,
        missing: &'static str,
    ) -> Result<&'a str, HeaderError> {
        self.get(of, name)?.ok_or_else(|| of.error(missing))
    }
}

/// A token from the front, and the rest.
fn token(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .position(|octet| !lex::is_token(octet))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A value from the front without its quotes, and the rest.
fn value_of(text: &str) -> Result<(&str, &str), &'static str> {
    let (value, rest) = if text.starts_with('"') {
        lex::quoted(text).ok_or("unbalanced quote")?
    } else {
        let end = text
            .bytes()
            .position(|octet| octet == b',' || lex::is_space(octet))
            .unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        if value.contains(['"', '\\']) {
            return Err("quote in a value without quotes");
        }
        (value, rest)
    };
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("control character");
    }
    Ok((value, rest))
}

/// The text behind blanks and commas.
fn separated(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Result<&str, &str>]) {
        let found: Vec<_> = Schemes::of(text)
            .map(|scheme| {
                scheme.map(|scheme| {
                    let fields = scheme.fields.iter().map(|(n, v)| format!("{n}={v}"));
                    format!("{} {}", scheme.name, fields.collect::<Vec<_>>().join("|"))
                })
            })
            .collect();
        let found: Vec<_> = found
            .iter()
            .map(|one| one.as_deref().map_err(|e| *e))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn fields_are_read_however_they_are_separated() {
        check(r#"Digest a="1,2" , b=3"#, &[Ok("Digest a=1,2|b=3")]);
        check(
            r#"Digest a = "x\"y" b=z,,c="","#,
            &[Ok(r#"Digest a=x\"y|b=z|c="#)],
        );
        check("Digest", &[Ok("Digest ")]);
        check(" , ", &[]);
    }

    #[test]
    fn several_schemes_may_share_a_field() {
        check(
            r#"Digest a=1, Digest a=2, NTLM, Basic realm="x""#,
            &[
                Ok("Digest a=1"),
                Ok("Digest a=2"),
                Ok("NTLM "),
                Ok("Basic realm=x"),
            ],
        );
        check(
            "Negotiate YI/=, Digest a=1",
            &[
                Ok("Negotiate "),
                Ok("YI "),
                Err("no scheme"),
                Ok("Digest a=1"),
            ],
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_ends() {
        check("=", &[Err("no scheme")]);
        check("Digest a=\"b", &[Err("unbalanced quote")]);
        check(
            "Digest a=b\"c, Digest a=2",
            &[Err("quote in a value without quotes"), Ok("Digest a=2")],
        );
        check("Digest a=\"b\\\x07\"", &[Err("control character")]);
        let many = format!("Digest {}", "a=1,".repeat(FIELDS_MAX + 1));
        assert!(Schemes::of(&many).any(|scheme| scheme.err() == Some("too many fields")));
    }
}
