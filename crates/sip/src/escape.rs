//! The `%` escapes of URIs (RFC 3261 section 19.1.2).

use std::borrow::Cow;

use crate::lex;

/// Takes the `%` escapes out, once. What is not an escape stays. Octets that are not UTF-8 are read as Latin-1.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    match unescape_octets(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(octets) => Cow::Owned(lex::text_of(&octets).into_owned()),
    }
}

/// Takes the `%` escapes out, once, and gives the octets.
#[must_use]
pub fn unescape_octets(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let octets = text.as_bytes();
    let mut plain = Vec::with_capacity(octets.len());
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        let digits = octets.get(at + 1..at + 3).filter(|_| octet == b'%');
        if let Some(value) = digits.and_then(hex) {
            plain.push(value);
            at += 3;
        } else {
            plain.push(octet);
            at += 1;
        }
    }
    Cow::Owned(plain)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let mut value = 0;
    for &digit in digits {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        value = value << 4 | nibble;
    }
    Some(value)
}

/// Escapes everything but unreserved characters: fit for a user part, a parameter or a header of a URI.
#[must_use]
pub fn escape(text: &str) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut escaped = String::with_capacity(text.len() + 8);
    for octet in text.bytes() {
        let unreserved = octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' | b'+'
            );
        if unreserved {
            escaped.push(char::from(octet));
        } else {
            escaped.push('%');
            escaped.push(DIGITS[usize::from(octet >> 4)]);
            escaped.push(DIGITS[usize::from(octet & 15)]);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_out_once_and_only_if_they_are_escapes() {
        assert_eq!(unescape("a%2541%zz%4"), "a%41%zz%4");
        assert_eq!(unescape("%00x"), "\0x");
        assert_eq!(unescape("%fc"), "ü");
        assert_eq!(unescape(&escape("sip:a@b;c=d ü")), "sip:a@b;c=d ü");
    }
}
