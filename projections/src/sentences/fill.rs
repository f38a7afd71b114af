//! A sentence with what happened in it.

use super::Sentence;
use crate::plain;

impl Sentence {
    /// The words with the fields filled in. A field that begins with a capital in the text gets its
    /// value with a capital. Values are made safe to print.
    pub fn fill(&self, fields: &[(&str, String)]) -> String {
        let mut told = String::with_capacity(self.text.len() + 48);
        let mut rest = self.text;
        while let Some(open) = rest.find('{') {
            let (before, field) = rest.split_at(open);
            told.push_str(before);
            let close = field.find('}').expect("a field of the catalogue is closed");
            let name = &field[1..close];
            let value = fields
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            match value {
                Some((_, value)) if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                    push_capital(&mut told, &plain(value));
                }
                Some((_, value)) => told.push_str(&plain(value)),
                None => told.push('?'),
            }
            rest = &field[close + 1..];
        }
        told.push_str(rest);
        told
    }
}

fn push_capital(out: &mut String, text: &str) {
    let mut characters = text.chars();
    if let Some(first) = characters.next() {
        out.extend(first.to_uppercase());
        out.push_str(characters.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_break_out_of_its_sentence() {
        let sentence = Sentence::find("bye.reason").unwrap();
        let fields = [
            ("party", "the caller".to_owned()),
            ("reason", "x\u{1b}[2J{party}".to_owned()),
        ];
        assert_eq!(
            sentence.fill(&fields),
            "The caller hung up: x\\u{1b}[2J{party}."
        );
    }
}
