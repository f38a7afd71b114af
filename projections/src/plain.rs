//! Text of a peer made safe to print: nothing in it moves a cursor, turns the line or hides.

use std::borrow::Cow;

/// The most characters of one value that are shown; a header may have 64 KiB.
const SHOWN_MAX_CHARS: usize = 240;

/// Shows a text as it is, but for what a terminal or a reader could be fooled with: control
/// characters, bidirectional overrides, invisible and private characters become `\u{…}`, and a very
/// long text is cut with `…`.
///
/// ```
/// use trunkline_projections::plain;
/// assert_eq!(plain("Alice"), "Alice");
/// assert_eq!(plain("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
/// ```
pub fn plain(text: &str) -> Cow<'_, str> {
    let short = text.len() <= SHOWN_MAX_CHARS;
    if short && !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().min(SHOWN_MAX_CHARS) + 16);
    for (count, character) in text.chars().enumerate() {
        if count == SHOWN_MAX_CHARS {
            shown.push('…');
            break;
        }
        if is_hostile(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// How many columns of a terminal a character takes: 2 for East Asian wide forms and pictures, 0 for
/// marks that combine with the one before.
pub(crate) fn columns(character: char) -> usize {
    match u32::from(character) {
        0x0300..=0x036F | 0x1AB0..=0x1AFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xA960..=0xA97F
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F000..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(
            u32::from(character),
            0x00AD
                | 0x034F
                | 0x061C
                | 0x115F..=0x1160
                | 0x17B4..=0x17B5
                | 0x180B..=0x180F
                | 0x200B..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0x3164
                | 0xE000..=0xF8FF
                | 0xFE00..=0xFE0F
                | 0xFEFF
                | 0xFFA0
                | 0xFFF0..=0xFFFB
                | 0x1BCA0..=0x1BCA3
                | 0x1D173..=0x1D17A
                | 0xE0000..=0x10FFFF
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_reader_is_spelled_out() {
        for hostile in [
            "\u{7}",
            "\u{1b}]0;x\u{7}",
            "\r\n",
            "\u{9b}31m",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{feff}",
            "\u{e0041}",
            "\u{2028}",
            "\u{ad}",
        ] {
            let shown = plain(hostile);
            assert!(!shown.chars().any(is_hostile), "{shown:?}");
            assert!(shown.contains("\\u{"), "{shown:?}");
        }
        assert_eq!(plain("Zoë 東京 <b>&amp;"), "Zoë 東京 <b>&amp;");
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = plain(&"x".repeat(70_000)).into_owned();
        assert_eq!(shown.chars().count(), SHOWN_MAX_CHARS + 1);
        assert!(shown.ends_with('…'));
    }
}
