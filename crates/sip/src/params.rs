//! Parameters: `;name=value`, kept as text and read on demand (RFC 3261 section 25.1, generic-param and uri-parameter).

use std::borrow::Cow;

use crate::lex;

/// The parameters of a Via, an address or a URI, in order, as sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    /// What follows the first semicolon.
    text: &'a str,
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name as sent.
    pub name: &'a str,
    /// Its value as sent (a quoted string with its quotes), if it has one.
    pub value: Option<&'a str>,
}

impl<'a> Params<'a> {
    /// Reads what follows the first semicolon; a single stray semicolon at the end is forgiven.
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let params = Self { text };
        let mut parts = lex::split_top(text, b';').peekable();
        while let Some(part) = parts.next() {
            if part.is_empty() {
                if parts.peek().is_none() {
                    break;
                }
                return Err("empty parameter");
            }
            let Param { name, value } = Param::of(part);
            if name.is_empty() || holds(name, b" \t\"<>,") {
                return Err("bad parameter name");
            }
            match value {
                Some(value) if value.starts_with('"') => match lex::quoted(value) {
                    Some((_, "")) => {}
                    _ => return Err("unbalanced quote"),
                },
                Some(value) if holds(value, b" \t\",") => {
                    return Err("bad parameter value");
                }
                // What is added behind it would become a part of it.
                Some(value) if value.rfind('<') > value.rfind('>') => {
                    return Err("unbalanced bracket");
                }
                Some(_) | None => {}
            }
        }
        Ok(params)
    }

    /// All parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        lex::split_top(self.text, b';')
            .filter(|part| !part.is_empty())
            .map(Param::of)
    }

    /// The first parameter of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Param<'a>> {
        self.iter()
            .find(|param| param.name.eq_ignore_ascii_case(name))
    }

    /// The value of the first parameter of that name, as sent; none if it has no value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.value
    }

    /// True if there is a parameter of that name, with or without value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text after the first semicolon, as sent.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }
}

impl<'a> Param<'a> {
    fn of(part: &'a str) -> Self {
        match part.split_once('=') {
            Some((name, value)) => Self {
                name: lex::trim(name),
                value: Some(lex::trim(value)),
            },
            None => Self {
                name: part,
                value: None,
            },
        }
    }

    /// The value without quotes and quoted-pairs; empty if there is none.
    #[must_use]
    pub fn unquoted(&self) -> Cow<'a, str> {
        let value = self.value.unwrap_or_default();
        lex::quoted(value).map_or(Cow::Borrowed(value), |(inner, _)| {
            lex::unescape_quoted(inner)
        })
    }
}

/// Octet by octet, which is faster than by characters.
fn holds(text: &str, any_of: &[u8]) -> bool {
    text.bytes().any(|octet| any_of.contains(&octet))
}

/// Writes a parameter behind a value: as it is if it is a token, in quotes otherwise. What would end the line is left out.
pub fn write(text: &mut String, name: &str, value: &str) {
    text.push(';');
    text.push_str(name);
    text.push('=');
    if lex::is_token_text(value) {
        text.push_str(value);
        return;
    }
    text.push('"');
    for c in value.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        let text =
            r#"lr ; tag = a ;+sip.instance="<urn:uuid:x;y>";gr=urn:uuid:f8;r=[2001:db8::1];q=0.3;"#;
        let params = Params::parse(text).unwrap();
        assert_eq!(params.iter().count(), 6);
        assert!(params.has("LR"));
        assert_eq!(params.value("tag"), Some("a"));
        assert_eq!(
            params.get("+sip.instance").unwrap().unquoted(),
            "<urn:uuid:x;y>"
        );
        assert_eq!(params.value("gr"), Some("urn:uuid:f8"));
        assert_eq!(params.value("r"), Some("[2001:db8::1]"));
        assert_eq!(params.value("nothing"), None);
    }

    #[test]
    fn stray_separators_and_quotes_are_refused() {
        assert_eq!(Params::parse(";a"), Err("empty parameter"));
        assert_eq!(Params::parse("a;;"), Err("empty parameter"));
        assert_eq!(Params::parse("a=\"b"), Err("unbalanced quote"));
        assert_eq!(Params::parse("a=b c"), Err("bad parameter value"));
        assert_eq!(Params::parse("=b"), Err("bad parameter name"));
    }

    /// A response adds `received` behind the branch of a request, and it must not become a part of it.
    #[test]
    fn a_bracket_that_nothing_closes_is_refused() {
        for open in ["branch=<", "branch=<a>b<", "a=b;branch=z9hG4bK><"] {
            assert_eq!(Params::parse(open), Err("unbalanced bracket"), "{open}");
        }
        assert!(Params::parse("r=<a;b>;c=d").is_ok());
    }

    #[test]
    fn what_is_written_is_read_again_and_ends_no_line() {
        let mut text = "x".to_owned();
        write(&mut text, "reason", "no-answer");
        write(&mut text, "text", "a \"b\" \\;\r\nVia: c");
        assert_eq!(text, r#"x;reason=no-answer;text="a \"b\" \\;Via: c""#);
        let params = Params::parse(&text[2..]).unwrap();
        assert_eq!(params.value("reason"), Some("no-answer"));
        assert_eq!(params.get("text").unwrap().unquoted(), r#"a "b" \;Via: c"#);
    }
}
