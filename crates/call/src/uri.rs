//! A transfer target's URI, as far as call control has to read it (RFC 3261, section 19.1; RFC 3966).

use schemas::Personal;
use schemas::observation::ContextHeader;

use crate::number::NumberForm;

/// The longest URI that is read, in bytes.
const URI_MAX_BYTES: usize = 2_048;

/// The most header fields that a URI may ask for.
const HEADERS_MAX: usize = 16;

/// A URI that can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    scheme: Scheme,
    /// `user@host:port`, or the number.
    address: &'a str,
    parameters: &'a str,
    headers: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Sip,
    Sips,
    Tel,
}

impl<'a> Uri<'a> {
    /// Reads a URI; `None` if it cannot be called or could do harm in a header field.
    pub(crate) fn read(text: &'a str) -> Option<Uri<'a>> {
        let harmless = |byte: &u8| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(byte);
        if text.len() > URI_MAX_BYTES || !text.as_bytes().iter().all(harmless) {
            return None;
        }
        let (scheme, rest) = text.split_once(':')?;
        let scheme = [
            ("sip", Scheme::Sip),
            ("sips", Scheme::Sips),
            ("tel", Scheme::Tel),
        ]
        .into_iter()
        .find(|(name, _)| scheme.eq_ignore_ascii_case(name))?
        .1;
        // Parameters and headers come behind the host; a user part may hold `;` and `?` of its own.
        // A second `@` is legal nowhere, and readers disagree on which one counts.
        if rest.matches('@').count() > 1 {
            return None;
        }
        let host_at = rest.find('@').map_or(0, |at| at + 1);
        let (before, headers) = split_from(rest, host_at, '?');
        let (address, parameters) = split_from(before, host_at, ';');
        let host = &address[host_at.min(address.len())..];
        (!host.is_empty()).then_some(Uri {
            scheme,
            address,
            parameters,
            headers,
        })
    }

    pub(crate) fn is_sip(&self) -> bool {
        self.scheme != Scheme::Tel
    }

    /// The URI without its parameters and headers, for comparison.
    pub(crate) fn bare(&self) -> String {
        format!("{}:{}", self.scheme.name(), self.address)
    }

    /// The user part, or the number.
    pub(crate) fn user(&self) -> &'a str {
        match self.scheme {
            Scheme::Tel => self.address,
            Scheme::Sip | Scheme::Sips => {
                self.address.rsplit_once('@').map_or("", |(user, _)| user)
            }
        }
    }

    /// The URI without its headers: what a Request-URI and a Refer-To may hold.
    pub(crate) fn without_headers(&self) -> String {
        let bare = self.bare();
        if self.parameters.is_empty() {
            bare
        } else {
            format!("{bare};{}", self.parameters)
        }
    }

    /// The Request-URI of a call to it through `address`: a number becomes a user there (RFC 3261,
    /// section 19.1.6), in the form that is wanted there.
    pub(crate) fn request_uri(&self, address: &str, numbers: &NumberForm) -> String {
        match self.scheme {
            Scheme::Sip | Scheme::Sips => {
                let whole = self.without_headers();
                let (user, number) = (self.user(), numbers.write(self.user()));
                if number == user {
                    return whole;
                }
                whole.replacen(&format!("{user}@"), &format!("{number}@"), 1)
            }
            Scheme::Tel => {
                let visual = |c: char| "-.()".contains(c);
                let number: String = self.address.chars().filter(|c| !visual(*c)).collect();
                let number = numbers.write(&number);
                format!("sip:{number}@{address};user=phone")
            }
        }
    }

    /// The header fields that the URI asks for and that may cross: User-to-User and X-*.
    pub(crate) fn context(&self) -> Vec<ContextHeader> {
        self.headers
            .split('&')
            .take(HEADERS_MAX)
            .filter_map(|header| header.split_once('='))
            .filter(|(name, _)| may_cross(name))
            .filter_map(|(name, value)| {
                Some(ContextHeader {
                    name: name.to_owned(),
                    value: Personal::new(decode(value)?),
                })
            })
            .collect()
    }
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
        }
    }
}

/// Whether `pattern`, with `*` for any text, is the whole of `text`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    false
}

fn split_from(text: &str, from: usize, separator: char) -> (&str, &str) {
    match text[from.min(text.len())..].find(separator) {
        Some(at) => (&text[..from + at], &text[from + at + 1..]),
        None => (text, ""),
    }
}

fn may_cross(name: &str) -> bool {
    let token = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let x = name
        .get(..2)
        .is_some_and(|start| start.eq_ignore_ascii_case("X-"))
        && name.len() > 2;
    token && (x || name.eq_ignore_ascii_case("User-to-User"))
}

/// `%41` to `A`; `None` for what must not stand in a header field.
fn decode(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_becomes_a_user_at_the_trunk() {
        let uri = Uri::read("tel:+1-415-555-0199;ext=7").unwrap();
        assert_eq!(uri.user(), "+1-415-555-0199");
        assert_eq!(
            uri.request_uri("192.0.2.1:5060", &NumberForm::Plus),
            "sip:+14155550199@192.0.2.1:5060;user=phone"
        );
        let digits = NumberForm::Digits;
        assert_eq!(
            uri.request_uri("192.0.2.1:5060", &digits),
            "sip:14155550199@192.0.2.1:5060;user=phone"
        );
        let uri = Uri::read("sip:+14155550199@pbx.example.com;user=phone?X-A=1").unwrap();
        assert_eq!(
            uri.request_uri("192.0.2.1:5060", &digits),
            "sip:14155550199@pbx.example.com;user=phone"
        );
    }

    #[test]
    fn only_context_crosses_from_a_uri_and_nothing_that_breaks_a_line() {
        let uri = Uri::read(
            "sip:queue@pbx.example.com;user=phone?User-to-User=00A1%3Bencoding%3Dhex&Replaces=1&X-Case=7&X-Evil=a%0d%0aVia",
        )
        .unwrap();
        assert_eq!(uri.bare(), "sip:queue@pbx.example.com");
        assert_eq!(
            uri.without_headers(),
            "sip:queue@pbx.example.com;user=phone"
        );
        let context: Vec<_> = uri
            .context()
            .into_iter()
            .map(|header| (header.name, header.value.into_inner()))
            .collect();
        assert_eq!(
            context,
            [
                ("User-to-User".to_owned(), "00A1;encoding=hex".to_owned()),
                ("X-Case".to_owned(), "7".to_owned()),
            ]
        );
    }

    #[test]
    fn what_cannot_be_called_is_no_uri() {
        for text in [
            "",
            "sip:",
            "sip:user@",
            "http://x",
            "queue",
            "sip:a@b>\r\nVia: x",
            "tel:",
            "sip:a b@c",
            "sip:é@c",
            "sip:1@evil.example;x=@pbx.example.com",
        ] {
            assert_eq!(Uri::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        let cases = [
            ("sip:*@pbx", "sip:1@pbx", true),
            ("sip:*@pbx", "sip:1@pbx.evil", false),
            ("tel:+1*", "tel:+1415", true),
            ("tel:+1*", "tel:+44", false),
            ("sip:a@b", "sip:a@b", true),
            ("sip:a@b", "sip:a@bc", false),
            ("sip:*@*.example.com", "sip:x@a.b.example.com", true),
            ("sip:*a*a", "sip:a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
