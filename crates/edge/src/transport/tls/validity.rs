//! When a certificate ends (RFC 5280 section 4.1.2.5): the one thing that is read of it here. Gives up at the first octet
//! that does not fit.

use schemas::Timestamp;

/// The end of a certificate in DER; none if it cannot be read.
pub(super) fn end(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = value(certificate, SEQUENCE)?;
    let (mut body, _) = value(certificate, SEQUENCE)?;
    if let Some((_, rest)) = value(body, VERSION) {
        body = rest;
    }
    for kind in [INTEGER, SEQUENCE, SEQUENCE] {
        // The serial number, how it is signed, and by whom.
        (_, body) = value(body, kind)?;
    }
    let (validity, _) = value(body, SEQUENCE)?;
    let (_, rest) = value(validity, *validity.first()?)?;
    let kind = *rest.first()?;
    let (text, _) = value(rest, kind)?;
    time(kind, std::str::from_utf8(text).ok()?)
}

/// What stands in a value of that kind, and what comes behind it.
fn value(octets: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = octets.split_first()?;
    if *first != kind {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = length
                .iter()
                .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// `291231235959Z`, or `20501231235959Z`.
fn time(kind: u8, text: &str) -> Option<Timestamp> {
    let text = match kind {
        UTC_TIME => {
            let century = if text.get(..2)? < "50" { "20" } else { "19" };
            format!("{century}{text}")
        }
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let digits = text.strip_suffix('Z').filter(|digits| digits.len() == 14)?;
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp(seconds * 1_000_000))
}

/// Days since 1970-01-01 in the calendar of today: years begin in March, so that a leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = if month <= 2 { month + 9 } else { month - 3 };
    let of_the_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_the_year
        - 719_468
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn ending(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["edge.test".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, month, day);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_forms() {
        for (date, text) in [
            ((1999, 12, 31), "1999-12-31T00:00:00"),
            ((2024, 2, 29), "2024-02-29T00:00:00"),
            ((2026, 11, 21), "2026-11-21T00:00:00"),
            ((2049, 12, 31), "2049-12-31T00:00:00"),
            ((2100, 3, 1), "2100-03-01T00:00:00"),
        ] {
            let (year, month, day) = date;
            let end = end(&ending(year, month, day)).unwrap();
            assert!(end.to_string().starts_with(text), "{end} is not {text}");
        }
    }

    #[test]
    fn anything_else_has_no_end() {
        let whole = ending(2030, 1, 1);
        for length in 0..whole.len() {
            assert_eq!(end(&whole[..length]), None, "{length}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            // It may still be one: it only must not panic.
            let _ = end(&damaged);
        }
    }
}
