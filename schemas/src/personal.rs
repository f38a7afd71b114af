//! Personal data: numbers, names and addresses of people, which no log line may show.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value that tells who somebody is. `Debug` shows only that it is there; reading it is explicit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub fn new(value: T) -> Personal<T> {
        Personal(value)
    }

    /// The value, for one who has reason to see it.
    pub fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl From<&str> for Personal<String> {
    fn from(text: &str) -> Personal<String> {
        Personal(text.to_owned())
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_does_not_show_in_debug_output() {
        let number = Personal::from("+14155550100");
        assert_eq!(format!("{number:?}"), "[personal]");
        assert_eq!(number.reveal(), "+14155550100");
    }
}
