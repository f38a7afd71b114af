//! Telephone numbers as trunks write them, and the one form that is the same everywhere (ITU-T E.164).

use crate::uri::Uri;

/// How a trunk writes numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NumberForm {
    /// E.164 with its plus: `+14155550100`. Digits without it are an extension, an identifier or nothing known.
    #[default]
    Plus,
    /// E.164 without its plus: `14155550100`.
    Digits,
    /// As numbers are dialed in one country: `02071838750`, `0014155550100`.
    National(DialingPlan),
    /// Not at all: what stands there is a platform's identifier, also when it looks like a number.
    Identifier,
}

/// How numbers are dialed in a country (ITU-T E.164 section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialingPlan {
    /// The country code: `44`.
    pub country_code: Box<str>,
    /// What stands before a number of the country: `0`; empty if nothing does. Where it is the country code itself, as in
    /// North America, it may be left out.
    pub trunk_prefix: Box<str>,
    /// What stands before a number of another country: `00`, `011`; empty if only the plus does.
    pub international_prefix: Box<str>,
}

/// The most digits of a number (ITU-T E.164 section 6.1).
pub const E164_DIGITS_MAX: usize = 15;

/// The fewest: a country code of three digits and the four digits of the smallest networks.
pub const E164_DIGITS_MIN: usize = 7;

/// The longest text that is read as a number, in octets: all the digits there may be, each with a separator.
const TEXT_BYTES_MAX: usize = 64;

impl NumberForm {
    /// The number that `text` writes, in E.164 form with its plus; none if it is no such number in this form.
    #[must_use]
    pub fn normalise(&self, text: &str) -> Option<String> {
        let (has_plus, digits) = read(text)?;
        match self {
            NumberForm::Identifier => None,
            _ if has_plus => e164(&digits),
            NumberForm::Plus => None,
            NumberForm::Digits => e164(&digits),
            NumberForm::National(plan) => plan.normalise(&digits),
        }
    }

    /// The number that a URI names. A `tel:` of local form says itself where it holds (RFC 3966 section 5.1.5).
    #[must_use]
    pub fn normalise_uri(&self, uri: &Uri<'_>) -> Option<String> {
        let number = uri.number()?;
        let context = uri.params().value("phone-context");
        match context.filter(|context| context.starts_with('+')) {
            Some(context) if !number.starts_with('+') && *self != NumberForm::Identifier => {
                NumberForm::Plus.normalise(&format!("{context}{number}"))
            }
            Some(_) | None => self.normalise(&number),
        }
    }
}

impl DialingPlan {
    fn normalise(&self, digits: &str) -> Option<String> {
        let country = |national: &str| {
            (national.len() >= E164_DIGITS_MIN)
                .then(|| e164(&format!("{}{national}", self.country_code)))
                .flatten()
        };
        if let Some(rest) = behind(digits, &self.international_prefix) {
            return e164(rest);
        }
        if let Some(rest) = behind(digits, &self.trunk_prefix) {
            return country(rest);
        }
        let may_stand_alone =
            self.trunk_prefix.is_empty() || self.trunk_prefix == self.country_code;
        may_stand_alone.then(|| country(digits)).flatten()
    }
}

/// Whether a plus stands first, and the digits without visual separators (RFC 3966 section 5.1.1).
fn read(text: &str) -> Option<(bool, String)> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (has_plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let is_separator = |c: char| matches!(c, '-' | '.' | '(' | ')' | ' ');
    let digits: String = rest.chars().filter(|c| !is_separator(*c)).collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then_some((has_plus, digits))
}

fn e164(digits: &str) -> Option<String> {
    let fits = (E164_DIGITS_MIN..=E164_DIGITS_MAX).contains(&digits.len());
    // No country code begins with 0.
    (fits && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

fn behind<'a>(digits: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() {
        return None;
    }
    digits.strip_prefix(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(country_code: &str, trunk_prefix: &str, international_prefix: &str) -> NumberForm {
        NumberForm::National(DialingPlan {
            country_code: country_code.into(),
            trunk_prefix: trunk_prefix.into(),
            international_prefix: international_prefix.into(),
        })
    }

    #[test]
    fn each_form_reads_its_own_numbers_and_no_others() {
        let britain = || plan("44", "0", "00");
        let america = || plan("1", "1", "011");
        let spain = || plan("34", "", "00");
        let cases = [
            (NumberForm::Plus, "+14155550100", Some("+14155550100")),
            (NumberForm::Plus, "+1 (415) 555-0100", Some("+14155550100")),
            (NumberForm::Plus, "14155550100", None),
            (NumberForm::Plus, "123456789012", None),
            (NumberForm::Plus, "3500", None),
            (NumberForm::Plus, "+0155501234", None),
            (NumberForm::Plus, "+1234567890123456", None),
            (NumberForm::Plus, "anonymous", None),
            (NumberForm::Plus, "", None),
            (NumberForm::Plus, "+", None),
            (NumberForm::Digits, "14155550100", Some("+14155550100")),
            (NumberForm::Digits, "+14155550100", Some("+14155550100")),
            (NumberForm::Digits, "3500", None),
            (britain(), "02071838750", Some("+442071838750")),
            (britain(), "0014155550100", Some("+14155550100")),
            (britain(), "+14155550100", Some("+14155550100")),
            (britain(), "3500", None),
            (britain(), "2071838750", None),
            (america(), "14155550100", Some("+14155550100")),
            (america(), "4155550100", Some("+14155550100")),
            (america(), "011442071838750", Some("+442071838750")),
            (america(), "911", None),
            (spain(), "912345678", Some("+34912345678")),
            (spain(), "3500", None),
            (NumberForm::Identifier, "123456789012", None),
            (NumberForm::Identifier, "+14155550100", None),
        ];
        for (form, text, number) in cases {
            assert_eq!(form.normalise(text).as_deref(), number, "{form:?} {text}");
        }
    }

    #[test]
    fn a_local_tel_number_brings_its_context() {
        let read = |text| NumberForm::Plus.normalise_uri(&Uri::parse(text).unwrap());
        assert_eq!(
            read("tel:20-7183-8750;phone-context=+44").as_deref(),
            Some("+442071838750")
        );
        assert_eq!(read("tel:7042;phone-context=pbx.example.com"), None);
        assert_eq!(
            read("sip:+14155551212;npdi;rn=+14155550000@gw").as_deref(),
            Some("+14155551212")
        );
    }
}
