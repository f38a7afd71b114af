//! Addresses: `"Display" <uri>;param` and the bare `uri;param` (RFC 3261 section 20.10).

use std::borrow::Cow;
use std::fmt;

use crate::lex;
use crate::params::Params;
use crate::uri::Uri;

/// The value of From, To, Contact, Route, P-Asserted-Identity and their like.
#[derive(Clone, Copy, Debug)]
pub struct NameAddr<'a> {
    text: &'a str,
    display: Option<&'a str>,
    uri: Uri<'a>,
    params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one address; the error is a reason phrase.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        let text = lex::trim(text);
        if text.is_empty() {
            return Err("empty address");
        }
        let (display, rest) = if text.starts_with('"') {
            let (_, rest) = lex::quoted(text).ok_or("unbalanced quote")?;
            let display = &text[..text.len() - rest.len()];
            let rest = lex::trim(rest);
            if !rest.starts_with('<') {
                return Err("display name without <URI>");
            }
            (Some(display), rest)
        } else if let Some(at) = text.find('<') {
            let display = lex::trim(&text[..at]);
            if display.contains([',', '"', ';']) {
                return Err("display name that must be quoted");
            }
            (Some(display).filter(|name| !name.is_empty()), &text[at..])
        } else {
            return Self::bare(text);
        };
        let end = rest.find('>').ok_or("missing >")?;
        let uri = Uri::parse(lex::trim(&rest[1..end]))?;
        let params = match lex::trim(&rest[end + 1..]) {
            "" => Params::default(),
            after => Params::parse(after.strip_prefix(';').ok_or("text after >")?)?,
        };
        Ok(Self {
            text,
            display,
            uri,
            params,
        })
    }

    /// Without angle brackets the parameters are the header's, not the URI's.
    fn bare(text: &'a str) -> Result<Self, &'static str> {
        let (uri, params) = text.split_once(';').unwrap_or((text, ""));
        let uri = lex::trim(uri);
        if uri.contains(['?', ',']) {
            return Err("URI that must stand in angle brackets");
        }
        Ok(Self {
            text,
            display: None,
            uri: Uri::parse(uri)?,
            params: Params::parse(params)?,
        })
    }

    /// Takes all of `text` as the URI.
    pub(crate) fn from_uri(text: &'a str) -> Result<Self, &'static str> {
        let text = lex::trim(text);
        let uri = Uri::parse(text)?;
        Ok(Self {
            text,
            display: None,
            uri,
            params: Params::default(),
        })
    }

    /// The whole value as sent.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The display name without quotes and quoted-pairs.
    #[must_use]
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        let display = self.display?;
        Some(match lex::quoted(display) {
            Some((inner, _)) => lex::unescape_quoted(inner),
            None => Cow::Borrowed(display),
        })
    }

    /// The URI.
    #[must_use]
    pub fn uri(&self) -> Uri<'a> {
        self.uri
    }

    /// The header's parameters.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        self.params
    }

    /// The tag, if there is one.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.params.value("tag")
    }
}

impl fmt::Display for NameAddr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Writes an address: the display name quoted where needed, the URI in angle brackets, a tag if there is one.
#[must_use]
pub fn format(display_name: Option<&str>, uri: &str, tag: Option<&str>) -> String {
    let mut text = String::with_capacity(uri.len() + 64);
    if let Some(name) = display_name.filter(|name| !name.is_empty()) {
        text.push('"');
        for c in name.chars() {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            // A line end in a name would end the header.
            text.push(if c.is_control() { ' ' } else { c });
        }
        text.push_str("\" ");
    }
    text.push('<');
    text.push_str(uri);
    text.push('>');
    if let Some(tag) = tag {
        text.push_str(";tag=");
        text.push_str(tag);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri::Scheme;

    #[test]
    fn display_names_of_every_kind() {
        for (text, display, uri) in [
            (r#""A <B>" <sip:a@b>;tag=1"#, Some("A <B>"), "sip:a@b"),
            (
                r#""J \"R\" \\" <sip:a@b>;tag=1"#,
                Some(r#"J "R" \"#),
                "sip:a@b",
            ),
            ("caller<sip:a@b>;tag=1", Some("caller"), "sip:a@b"),
            (
                "John Q. Public <sip:a@b> ; tag = 1",
                Some("John Q. Public"),
                "sip:a@b",
            ),
            ("Jürgen <sip:a@b>;tag=1", Some("Jürgen"), "sip:a@b"),
            ("<sip:a@b;user=phone>;tag=1", None, "sip:a@b;user=phone"),
            ("\"\" <sip:a@b>;tag=1", Some(""), "sip:a@b"),
            ("sip:a@b;tag=1", None, "sip:a@b"),
            ("< sip:a@b >;tag=1", None, "sip:a@b"),
            ("<tel:+123;ext=4>;tag=1", None, "tel:+123;ext=4"),
        ] {
            let read = NameAddr::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(read.display_name().as_deref(), display, "{text}");
            assert_eq!(read.uri().as_str(), uri, "{text}");
            assert_eq!(read.tag(), Some("1"), "{text}");
        }
    }

    #[test]
    fn broken_ones_say_why() {
        for (text, why) in [
            ("", "empty address"),
            ("\"a <sip:a@b>", "unbalanced quote"),
            ("\"a\" sip:a@b", "display name without <URI>"),
            ("Bell, A <sip:a@b>", "display name that must be quoted"),
            ("<sip:a@b", "missing >"),
            ("<sip:a@b> x", "text after >"),
            ("sip:a@b?Route=x", "URI that must stand in angle brackets"),
            ("*", "URI without scheme"),
        ] {
            assert_eq!(NameAddr::parse(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = format(Some("a \"b\" \\ \r\nX: y"), "tel:+1", Some("t"));
        let read = NameAddr::parse(&text).unwrap();
        assert_eq!(read.display_name().unwrap(), "a \"b\" \\   X: y");
        assert_eq!(read.uri().scheme(), Scheme::Tel);
        assert_eq!(read.tag(), Some("t"));
    }
}
