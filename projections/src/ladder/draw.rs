//! A ladder as text.

use super::{Ladder, Rung, RungKind};
use crate::Mark;
use crate::plain::columns;

/// The most columns of a line.
const WIDTH: usize = 100;
/// The columns of the time at the left: `+1234.567`.
const MARGIN: usize = 10;

/// The columns left of the first lifeline and right of the last one, for their names.
const LEFT: usize = 9;
const RIGHT: usize = 11;
/// The most columns between two lifelines.
const SPACING_MAX: usize = 34;

/// What a ladder is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// Lines and arrows.
    Unicode,
    /// For a terminal that knows nothing else. Names and labels lose what is not ASCII.
    Ascii,
}

struct Glyphs {
    lifeline: char,
    line: char,
    media: char,
    right: char,
    left: char,
    pause: char,
}

const UNICODE: Glyphs = Glyphs {
    lifeline: '│',
    line: '─',
    media: '╌',
    right: '▶',
    left: '◀',
    pause: '⋯',
};
const ASCII: Glyphs = Glyphs {
    lifeline: '|',
    line: '-',
    media: '~',
    right: '>',
    left: '<',
    pause: '.',
};

pub(super) fn draw(ladder: &Ladder, characters: Characters) -> String {
    let canvas = Canvas::new(ladder.parties.len().max(1), characters);
    let mut out = String::new();
    canvas.heads(&mut out, ladder);
    for rung in &ladder.rungs {
        canvas.rung(&mut out, rung);
    }
    for words in &ladder.incomplete {
        canvas.footer(&mut out, Mark::Bad, words);
    }
    if ladder.left_out > 0 {
        canvas.footer(
            &mut out,
            Mark::Warn,
            &format!("{} more rungs are not drawn", ladder.left_out),
        );
    }
    if !ladder.from_wire {
        canvas.footer(
            &mut out,
            Mark::Mute,
            "drawn from facts: there is no wire capture of this call",
        );
    }
    out
}

struct Canvas {
    centers: Vec<usize>,
    spacing: usize,
    characters: Characters,
    glyphs: &'static Glyphs,
}

impl Canvas {
    fn new(parties: usize, characters: Characters) -> Canvas {
        let between = parties.saturating_sub(1).max(1);
        let spacing = ((WIDTH - MARGIN - LEFT - RIGHT) / between).min(SPACING_MAX);
        Canvas {
            centers: (0..parties)
                .map(|index| MARGIN + LEFT + spacing * index)
                .collect(),
            spacing,
            characters,
            glyphs: match characters {
                Characters::Unicode => &UNICODE,
                Characters::Ascii => &ASCII,
            },
        }
    }

    fn heads(&self, out: &mut String, ladder: &Ladder) {
        let words: [Vec<&str>; 3] = [
            ladder
                .parties
                .iter()
                .map(|party| party.role.as_str())
                .collect(),
            ladder
                .parties
                .iter()
                .map(|party| party.name.as_str())
                .collect(),
            ladder
                .parties
                .iter()
                .map(|party| party.address.as_str())
                .collect(),
        ];
        for row in words {
            let mut line = Line::blank();
            for (word, center) in row.into_iter().zip(&self.centers) {
                let shown = self.fit(word, self.spacing - 2);
                let width = width_of(&shown);
                line.write(center.saturating_sub(width / 2), &shown);
            }
            line.end(out);
        }
    }

    fn rung(&self, out: &mut String, rung: &Rung) {
        match rung.kind {
            RungKind::Message | RungKind::Told => self.arrow(out, rung, self.glyphs.line),
            RungKind::Media => self.arrow(out, rung, self.glyphs.media),
            RungKind::Note => self.note(out, rung),
            RungKind::Pause | RungKind::Hole => self.across(out, rung),
        }
    }

    fn arrow(&self, out: &mut String, rung: &Rung, stroke: char) {
        let mut line = self.lifelines(rung.offset_us);
        let last = self.centers.len() - 1;
        let (from, to) = (
            self.centers[rung.from.min(last)],
            self.centers[rung.to.min(last)],
        );
        let (low, high) = (from.min(to), from.max(to));
        if low == high {
            return self.note(out, rung);
        }
        for at in low + 1..high {
            line.set(at, stroke);
        }
        if to > from {
            line.set(high - 1, self.glyphs.right);
        } else {
            line.set(low + 1, self.glyphs.left);
        }
        let room = high - low - 1;
        let repeats = match rung.repeats {
            0 => String::new(),
            count => format!(" ×{}", count + 1),
        };
        let label = self.label(&rung.label, &repeats, room.saturating_sub(5));
        let width = width_of(&label) + 2;
        line.write(
            low + 1 + (room - width.min(room)) / 2,
            &format!(" {label} "),
        );
        line.end(out);
    }

    fn note(&self, out: &mut String, rung: &Rung) {
        let mut line = self.lifelines(rung.offset_us);
        let at = self.centers[rung.from.min(self.centers.len() - 1)];
        let room = WIDTH - at - 3;
        line.set(at, self.glyph(rung.mark));
        line.write(at + 1, &format!(" {} ", self.fit(&rung.label, room)));
        line.end(out);
    }

    fn across(&self, out: &mut String, rung: &Rung) {
        let mut line = self.lifelines(rung.offset_us);
        let dots: String = std::iter::repeat_n(self.glyphs.pause, 3).collect();
        let glyph = match rung.kind {
            RungKind::Hole => format!("{} ", self.glyph(rung.mark)),
            _ => {
                line = Line::blank();
                for center in &self.centers {
                    line.set(
                        *center,
                        if self.characters == Characters::Ascii {
                            ':'
                        } else {
                            '┊'
                        },
                    );
                }
                String::new()
            }
        };
        let label = self.fit(&rung.label, WIDTH - MARGIN - 12);
        line.write(
            MARGIN + 1 + self.spacing / 2,
            &format!(" {dots} {glyph}{label} {dots} "),
        );
        line.end(out);
    }

    fn footer(&self, out: &mut String, mark: Mark, words: &str) {
        let mut line = Line::blank();
        let shown = self.fit(words, WIDTH - MARGIN - 2);
        line.write(MARGIN, &format!("{} {shown}", self.glyph(mark)));
        line.end(out);
    }

    fn lifelines(&self, offset_us: i64) -> Line {
        let mut line = Line::blank();
        let sign = if offset_us < 0 { '-' } else { '+' };
        let ms = offset_us.unsigned_abs() / 1_000;
        let time = format!("{sign}{}.{:03}", ms / 1_000, ms % 1_000);
        line.write(MARGIN.saturating_sub(1 + width_of(&time)), &time);
        for center in &self.centers {
            line.set(*center, self.glyphs.lifeline);
        }
        line
    }

    fn glyph(&self, mark: Mark) -> char {
        match self.characters {
            Characters::Unicode => mark.glyph(),
            Characters::Ascii => mark.ascii(),
        }
    }

    /// A label; without what stands in parentheses if it does not fit with it.
    fn label(&self, label: &str, repeats: &str, room: usize) -> String {
        let whole = format!("{label}{repeats}");
        match label.rsplit_once(" (") {
            Some((short, _)) if width_of(&whole) > room => {
                self.fit(&format!("{short}{repeats}"), room)
            }
            Some(_) | None => self.fit(&whole, room),
        }
    }

    /// As much of a text as fits; `…` stands for the rest.
    fn fit(&self, text: &str, room: usize) -> String {
        let ascii = self.characters == Characters::Ascii;
        let text: String = match ascii {
            true => text.chars().map(to_ascii).collect(),
            false => text.to_owned(),
        };
        if width_of(&text) <= room {
            return text;
        }
        let mut shown = String::new();
        let mut width = 1;
        for character in text.chars() {
            width += columns(character);
            if width > room {
                break;
            }
            shown.push(character);
        }
        shown.push(if ascii { '.' } else { '…' });
        shown
    }
}

fn to_ascii(character: char) -> char {
    match character {
        '–' | '—' | '·' => '-',
        '×' => 'x',
        'µ' => 'u',
        _ if character.is_ascii() => character,
        _ => '?',
    }
}

fn width_of(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// One line: a character, or nothing behind a wide one, for each column.
struct Line(Vec<Option<char>>);

impl Line {
    fn blank() -> Line {
        Line(vec![Some(' '); WIDTH])
    }

    fn set(&mut self, at: usize, character: char) {
        if let Some(cell) = self.0.get_mut(at) {
            *cell = Some(character);
        }
    }

    fn write(&mut self, mut at: usize, text: &str) {
        for character in text.chars() {
            let width = columns(character);
            // A combining mark has no column of its own here: it is left out.
            if width == 0 || at + width > WIDTH {
                continue;
            }
            self.set(at, character);
            if width == 2 {
                self.0[at + 1] = None;
            }
            at += width;
        }
    }

    fn end(self, out: &mut String) {
        let line: String = self.0.into_iter().flatten().collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
