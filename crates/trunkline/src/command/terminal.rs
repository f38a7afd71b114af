//! Tables and colours for people. Text from a peer is hostile here too: all of it goes through [`plain`].

use std::fmt;
use std::io::{IsTerminal, Write};

use projections::Mark;
pub use projections::plain;

/// Whether standard output may be coloured: it is a terminal, and NO_COLOR is not set.
pub fn coloured() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR is how a person says so"
    )]
    let refused = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    !refused && std::io::stdout().is_terminal()
}

/// Prints a line of an answer; see `say!`.
pub fn print(line: fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Whether a command failed only because nobody reads its answer any more.
pub fn reader_left(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// A text in the colour of a mark.
pub fn painted(mark: Mark, text: &str) -> String {
    if !coloured() {
        return text.to_owned();
    }
    let code = match mark {
        Mark::Ok => "32",
        Mark::Warn => "33",
        Mark::Bad => "31;1",
        Mark::Info => "0",
        Mark::Mute => "2",
        Mark::Transfer => "35",
        Mark::Media => "36",
        Mark::Decision => "34",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A heading.
pub fn heading(text: &str) -> String {
    if coloured() {
        format!("\u{1b}[1m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// Rows under a heading, each column as wide as its widest cell.
pub fn table(heading_row: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heading_row.iter().map(|cell| width_of(cell)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(width_of(cell));
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            let padding = width.saturating_sub(width_of(cell)) + 2;
            text.extend(std::iter::repeat_n(' ', padding));
        }
        text.trim_end().to_owned()
    };
    let mut text = heading(&line(&mut heading_row.iter().copied()));
    for row in rows {
        text.push('\n');
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// How many columns a text takes: its characters without the codes that colour them.
fn width_of(text: &str) -> usize {
    let mut coded = false;
    text.chars()
        .filter(|&character| {
            let shown = !coded && character != '\u{1b}';
            coded = character == '\u{1b}' || (coded && character != 'm');
            shown
        })
        .count()
}

/// Milliseconds as `1.2 s`, `3 min 20 s`.
pub fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => {
            format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
        }
        _ => format!(
            "{} min {} s",
            milliseconds / 60_000,
            milliseconds / 1_000 % 60
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![vec!["1".into(), "long cell".into(), "x".into()]];
        assert_eq!(
            table(&["id", "what", ""], &rows),
            "id  what\n1   long cell  x"
        );
        assert_eq!(width_of("\u{1b}[31;1mFAIL\u{1b}[0m"), 4);
    }
}
