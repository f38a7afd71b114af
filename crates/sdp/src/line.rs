//! The lines of a description: a letter, an equals sign, a value (RFC 8866 section 5).

use std::borrow::Cow;
use std::ops::Range;

use crate::description::Error;

/// Lines of one description. A real one has 10 to 60.
pub(crate) const LINES_MAX: usize = 1_024;

/// One line: where its value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) letter: u8,
    pub(crate) value: Range<usize>,
    /// Counted from 1, blank lines included.
    pub(crate) number: usize,
}

/// Finds the lines, ended by CRLF, LF or the end; blank ones are skipped.
pub(crate) fn lines_of(octets: &[u8]) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::with_capacity(32);
    let mut start = 0;
    for (at, line) in octets.split(|octet| *octet == b'\n').enumerate() {
        let number = at + 1;
        let next = start + line.len() + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let error = |reason| Error {
            line: number,
            reason,
        };
        match line {
            [] => {}
            [letter, b'=', value @ ..] if letter.is_ascii_alphabetic() => {
                if lines.len() == LINES_MAX {
                    return Err(error("too many lines"));
                }
                let from = start + 2;
                lines.push(Line {
                    letter: *letter,
                    value: from..from + value.len(),
                    number,
                });
            }
            _ if line.iter().all(u8::is_ascii_whitespace) => {}
            _ => return Err(error("not of the form letter=value")),
        }
        start = next;
    }
    Ok(lines)
}

/// Octets as text: UTF-8 if they are, else each octet as Latin-1.
pub(crate) fn text_of(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(octets.iter().copied().map(char::from).collect()),
    }
}
