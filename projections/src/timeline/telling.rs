//! A sentence that was filled in, before it gets its place and time.

use schemas::LegId;

use crate::sentences::Sentence;

/// A sentence about an event.
pub(super) struct Telling {
    pub(super) sentence: &'static Sentence,
    pub(super) text: String,
    pub(super) leg: Option<LegId>,
    pub(super) side: String,
    pub(super) kind: String,
    pub(super) details: Vec<(String, String)>,
}

/// Fills a sentence of the catalogue in.
pub(super) fn told(id: &str, fields: &[(&str, String)]) -> Telling {
    let sentence = Sentence::find(id).expect("every id that is told stands in the catalogue");
    Telling {
        sentence,
        text: sentence.fill(fields),
        leg: None,
        side: String::new(),
        kind: String::new(),
        details: Vec::new(),
    }
}

impl Telling {
    pub(super) fn on(mut self, leg: LegId) -> Telling {
        self.leg = Some(leg);
        self
    }

    pub(super) fn of_kind(mut self, kind: &str) -> Telling {
        kind.clone_into(&mut self.kind);
        self
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Telling {
        let value = value.into();
        if !value.is_empty() {
            self.details.push((name.to_owned(), value));
        }
        self
    }
}
