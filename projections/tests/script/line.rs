//! A line of a script: its words, and its pairs `name=value`.

use schemas::LegId;

pub struct Line<'a> {
    /// All of it, for who complains.
    pub text: &'a str,
    /// What stands behind its author.
    pub words: Vec<String>,
}

impl Line<'_> {
    pub fn word(&self, index: usize) -> &str {
        let plain = self.words.iter().filter(|word| !is_pair(word));
        plain
            .skip(index)
            .map(String::as_str)
            .next()
            .unwrap_or_else(|| panic!("too short: {}", self.text))
    }

    pub fn find(&self, name: &str) -> Option<&str> {
        self.words
            .iter()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        match self.find(name) {
            Some(text) => text
                .parse()
                .unwrap_or_else(|_| panic!("no number {name}: {}", self.text)),
            None => default,
        }
    }

    pub fn leg(&self, index: usize) -> LegId {
        let word = self.word(index);
        LegId(
            word.parse()
                .unwrap_or_else(|_| panic!("no leg {word:?}: {}", self.text)),
        )
    }
}

pub fn is_pair(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
    })
}

/// Words of a line; quotes hold them together, `\xNN` and `\u{…}` stand for what a text file cannot hold.
pub fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut began = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => (quoted, began) = (!quoted, true),
            ' ' if !quoted => {
                if began {
                    words.push(std::mem::take(&mut word));
                    began = false;
                }
            }
            '\\' if characters.next_if_eq(&'u').is_some() => {
                let digits: String = characters
                    .by_ref()
                    .skip(1)
                    .take_while(|c| *c != '}')
                    .collect();
                let code = u32::from_str_radix(&digits, 16).expect("a code point");
                word.push(char::from_u32(code).expect("a code point"));
                began = true;
            }
            _ => {
                word.push(character);
                began = true;
            }
        }
    }
    if began {
        words.push(word);
    }
    words
}
