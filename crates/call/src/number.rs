//! How a far side wants numbers to be written.

use serde::{Deserialize, Serialize};

/// How a far side wants numbers to be written. Here they are E.164 with its plus; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberForm {
    /// `+14155550100`.
    #[default]
    Plus,
    /// `14155550100`.
    Digits,
    /// As they are dialed in one country: `02071838750`, `0014155550100`.
    National {
        /// The country code: `44`.
        country_code: String,
        /// What stands before a number of the country: `0`; may be empty.
        trunk_prefix: String,
        /// What stands before a number of another country: `00`; the plus if it is empty.
        international_prefix: String,
    },
}

impl NumberForm {
    /// The number in this form.
    pub(crate) fn write(&self, number: &str) -> String {
        let digits = number.strip_prefix('+').filter(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let Some(digits) = digits else {
            return number.to_owned();
        };
        match self {
            NumberForm::Plus => number.to_owned(),
            NumberForm::Digits => digits.to_owned(),
            NumberForm::National {
                country_code,
                trunk_prefix,
                international_prefix,
            } => match digits.strip_prefix(country_code.as_str()) {
                Some(national) => format!("{trunk_prefix}{national}"),
                None if international_prefix.is_empty() => number.to_owned(),
                None => format!("{international_prefix}{digits}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_far_side_dials_them() {
        let national = |country_code: &str, trunk_prefix: &str, international_prefix: &str| {
            NumberForm::National {
                country_code: country_code.to_owned(),
                trunk_prefix: trunk_prefix.to_owned(),
                international_prefix: international_prefix.to_owned(),
            }
        };
        let cases = [
            (NumberForm::Plus, "+14155550100", "+14155550100"),
            (NumberForm::Digits, "+14155550100", "14155550100"),
            (NumberForm::Digits, "3500", "3500"),
            (NumberForm::Digits, "+", "+"),
            (NumberForm::Digits, "+1 415", "+1 415"),
            (national("44", "0", "00"), "+442071838750", "02071838750"),
            (national("44", "0", "00"), "+14155550100", "0014155550100"),
            (national("1", "1", "011"), "+14155550100", "14155550100"),
            (national("34", "", ""), "+34912345678", "912345678"),
            (national("34", "", ""), "+14155550100", "+14155550100"),
            (national("44", "0", "00"), "123456789012", "123456789012"),
        ];
        for (form, number, written) in cases {
            assert_eq!(form.write(number), written, "{form:?}");
        }
    }
}
