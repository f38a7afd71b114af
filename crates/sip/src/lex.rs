//! The few lexical rules that all headers share: tokens, quoted strings, lists, parameters (RFC 3261 section 25.1).

use std::borrow::Cow;

/// A token octet.
pub(crate) const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        )
}

/// True if `text` is a token of at least one octet.
pub(crate) fn is_token_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token)
}

/// Linear white space.
pub(crate) const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// `text` without linear white space at its ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Where `separator` stands first outside quotes and angle brackets.
pub(crate) fn find_top(text: &str, separator: u8) -> Option<usize> {
    let octets = text.as_bytes();
    // Mostly there is none, or nothing before it that could hide it.
    let first = memchr::memchr(separator, octets)?;
    if memchr::memchr2(b'"', b'<', &octets[..first]).is_none() {
        return Some(first);
    }
    let mut quoted = false;
    let mut bracket = false;
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        match octet {
            b'\\' if quoted => at += 1,
            b'"' if !bracket => quoted = !quoted,
            b'<' if !quoted => bracket = true,
            b'>' if !quoted => bracket = false,
            _ if octet == separator && !quoted && !bracket => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The parts of `text` between `separator`s outside quotes and angle brackets, trimmed, empty ones included.
pub(crate) fn split_top(text: &str, separator: u8) -> Split<'_> {
    Split {
        rest: Some(text),
        separator,
    }
}

/// Iterator of [`split_top`].
#[derive(Clone, Debug)]
pub(crate) struct Split<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest?;
        if let Some(at) = find_top(text, self.separator) {
            self.rest = Some(&text[at + 1..]);
            Some(trim(&text[..at]))
        } else {
            self.rest = None;
            Some(trim(text))
        }
    }
}

/// Splits a quoted string from the front: what stands between the quotes (still escaped), and the rest.
pub(crate) fn quoted(text: &str) -> Option<(&str, &str)> {
    let octets = text.as_bytes();
    if octets.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match octets.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some((&text[1..at], &text[at + 1..])),
            _ => at += 1,
        }
    }
}

/// Takes the quoted-pairs out of what stood between quotes.
pub(crate) fn unescape_quoted(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if escaped || c != '\\' {
            plain.push(c);
            escaped = false;
        } else {
            escaped = true;
        }
    }
    Cow::Owned(plain)
}

/// Octets as text: UTF-8 if they are, else each octet as Latin-1.
#[must_use]
pub fn text_of(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(octets.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_split() {
        let parts: Vec<_> = split_top(r#" "a,\",b" <sip:x,y> , c,"#, b',').collect();
        assert_eq!(parts, [r#""a,\",b" <sip:x,y>"#, "c", ""]);
    }

    #[test]
    fn a_quoted_string_needs_its_end() {
        assert_eq!(quoted(r#""a\"b" c"#), Some((r#"a\"b"#, " c")));
        assert_eq!(quoted(r#""a"#), None);
        assert_eq!(quoted(r#""a\"#), None);
        assert_eq!(unescape_quoted(r#"a\"\\b"#), r#"a"\b"#);
    }

    #[test]
    fn text_is_utf8_or_latin_1() {
        assert_eq!(text_of("ü".as_bytes()), "ü");
        assert_eq!(text_of(b"\xfc"), "ü");
    }
}
