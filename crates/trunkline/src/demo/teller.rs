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
    pub fn tell(&self, who: &str, mark: Mark, what: &str) {
        let millis = now().saturating_duration_since(self.began).as_millis();
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let line = cut(&format!("{} {}", mark.glyph(), plain(what)), WIDTH - 29);
        println!(
            "{seconds:>5}.{millis:03} s   {who:<15} {}",
            painted(mark, &line)
        );
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
