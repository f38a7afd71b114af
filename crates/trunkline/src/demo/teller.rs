//! How the demo speaks: one short line for each thing that happens.

use std::time::Instant;

use projections::Mark;

use crate::command::terminal::{heading, painted, plain};
use crate::demo::now;

/// The widest line.
pub const WIDTH: usize = 100;

/// Tells what happens, with the time since the story began.
#[derive(Debug)]
pub struct Teller {
    began: Instant,
}

impl Teller {
    /// A story that begins now.
    pub fn new(began: Instant) -> Teller {
        Teller { began }
    }

    /// One line: when, who, what.
    pub fn tell(&self, who: &str, mark: Mark, what: &str) -> anyhow::Result<()> {
        let millis = now().saturating_duration_since(self.began).as_millis();
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let line = cut(&format!("{} {}", mark.glyph(), plain(what)), WIDTH - 29);
        say!(
            "{seconds:>5}.{millis:03} s   {who:<15} {}",
            painted(mark, &line)
        );
        Ok(())
    }
}

/// A headline with a rule under it.
pub fn headline(text: &str) -> String {
    format!("{}\n{}", heading(text), "─".repeat(text.chars().count()))
}

/// A line that says that something did not happen.
pub fn missing(what: &str) {
    eprintln!(
        "trunkline: the story is not as it should be: {}",
        plain(what)
    );
}

/// A line of at most so many characters.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// Lines of at most [`WIDTH`] columns; what goes on in a second line is moved in. Colours have no width.
pub fn wrapped(text: &str, indent: usize) -> String {
    let mut all = String::with_capacity(text.len());
    for line in text.lines() {
        let mut column = 0;
        for (place, word) in line.split(' ').enumerate() {
            let width = visible(word);
            if place > 0 && column + 1 + width > WIDTH && column > indent {
                all.push('\n');
                all.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else if place > 0 {
                all.push(' ');
                column += 1;
            }
            all.push_str(word);
            column += width;
        }
        all.push('\n');
    }
    all.pop();
    all
}

/// How many columns a text takes: an escape sequence that ends in `m` takes none.
fn visible(text: &str) -> usize {
    let mut escaped = false;
    let mut columns = 0;
    for character in text.chars() {
        match (escaped, character) {
            (false, '\u{1b}') => escaped = true,
            (true, 'm') => escaped = false,
            (false, _) => columns += 1,
            (true, _) => {}
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_it_may_be_and_no_word_is_lost() {
        let words = ["one", "\u{1b}[31;1mtwo\u{1b}[0m", "three"]
            .repeat(40)
            .join(" ");
        let text = format!("+0.000 s  caller   {words}\nshort");
        let wrapped = wrapped(&text, 19);
        assert!(
            wrapped.lines().all(|line| visible(line) <= WIDTH),
            "{wrapped}"
        );
        assert!(
            wrapped
                .lines()
                .nth(1)
                .is_some_and(|line| line.starts_with(&" ".repeat(19)))
        );
        let words_of = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words_of(&wrapped), words_of(&text));
        assert_eq!(wrapped.lines().last(), Some("short"));
    }

    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}
