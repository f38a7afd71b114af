//! A search in one line: `trunk:office outcome:failed talk>10s ring<2s 0100`.

use schemas::Timestamp;

use super::{Outcome, Search};

/// A search that cannot be understood. It never becomes an empty list in silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is no such field.
    #[error("there is no field {0:?}: {FIELDS}")]
    Field(String),
    /// The field takes something else.
    #[error("{field} takes {takes}, not {found:?}")]
    Value {
        /// The field.
        field: String,
        /// What it takes.
        takes: &'static str,
        /// What was there.
        found: String,
    },
    /// The line is too long.
    #[error("a search has at most {QUERY_MAX_BYTES} bytes")]
    TooLong,
}

/// The fields, for whoever named one that does not exist.
const FIELDS: &str = "use number, trunk, agent, outcome, since, until, header (header:X-Ticket=42), id, diverted, \
                      talk and ring (talk>10s, ring<500ms), or a word without a colon";

/// The longest line.
const QUERY_MAX_BYTES: usize = 1_024;

impl Search {
    /// Reads a line. Quotes hold words together.
    ///
    /// ```
    /// use trunkline_projections::Search;
    /// let search = Search::parse("trunk:office talk>1.5s \"two words\"").unwrap();
    /// assert_eq!(search.trunk.as_deref(), Some("office"));
    /// assert_eq!(search.talk_min_ms, Some(1_500));
    /// assert_eq!(search.words, ["two words"]);
    /// assert!(Search::parse("trnk:office").is_err());
    /// ```
    pub fn parse(line: &str) -> Result<Search, QueryError> {
        if line.len() > QUERY_MAX_BYTES {
            return Err(QueryError::TooLong);
        }
        let mut search = Search::default();
        for token in tokens(line) {
            match token.find([':', '>', '<']) {
                // A URI, an address or a time is a word: `sip:…`, `10.0.0.9:5060`.
                Some(at)
                    if is_name(&token[..at]) && &token[..at] != "sip" && &token[..at] != "tel" =>
                {
                    let (field, rest) = token.split_at(at);
                    let (relation, value) = rest.split_at(1);
                    search.set(field, relation, value)?;
                }
                Some(_) | None => search.words.push(token),
            }
        }
        Ok(search)
    }

    /// Sets one field: the way a query string does it as well.
    pub fn set(&mut self, field: &str, relation: &str, value: &str) -> Result<(), QueryError> {
        let text = || Some(value.to_owned());
        match (field.to_ascii_lowercase().as_str(), relation) {
            ("number", ":") => self.number = text(),
            ("trunk", ":") => self.trunk = text(),
            ("agent", ":") => self.agent = text(),
            ("outcome", ":") => {
                let found = Outcome::ALL.into_iter().find(|one| one.word() == value);
                let takes = "up, completed, transferred, abandoned, refused or failed";
                self.outcome = Some(found.ok_or_else(|| refuse(field, takes, value))?);
            }
            ("since", ":") => self.since = Some(moment(field, value)?),
            ("until", ":") => self.until = Some(moment(field, value)?),
            ("header", ":") => {
                let (name, part) = value.split_once('=').unwrap_or((value, ""));
                self.header = Some((name.to_owned(), part.to_owned()));
            }
            ("diverted", ":") => self.diverted = text(),
            ("id", ":") => self.id = text(),
            ("talk", ">") => self.talk_min_ms = Some(milliseconds(field, value)?),
            ("talk", "<") => self.talk_max_ms = Some(milliseconds(field, value)?),
            ("ring", ">") => self.ring_min_ms = Some(milliseconds(field, value)?),
            ("ring", "<") => self.ring_max_ms = Some(milliseconds(field, value)?),
            ("talk" | "ring", _) => {
                return Err(refuse(field, "> or < and a duration: talk>10s", value));
            }
            _ => return Err(QueryError::Field(field.to_owned())),
        }
        Ok(())
    }
}

fn refuse(field: &str, takes: &'static str, found: &str) -> QueryError {
    QueryError::Value {
        field: field.to_owned(),
        takes,
        found: found.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic())
}

fn tokens(line: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' | '\t' | '\n' | '\r' if !quoted => {
                if !token.is_empty() {
                    tokens.push(std::mem::take(&mut token));
                }
            }
            _ => token.push(character),
        }
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

/// `10s`, `1.5s`, `500ms`, `2m`, `1h`; seconds without a unit.
fn milliseconds(field: &str, text: &str) -> Result<u64, QueryError> {
    let refused = || refuse(field, "a duration: 10s, 1.5s, 500ms, 2m or 1h", text);
    let units = [("ms", 1_u64), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let (number, unit_ms) = units
        .into_iter()
        .find_map(|(unit, unit_ms)| text.strip_suffix(unit).map(|number| (number, unit_ms)))
        .unwrap_or((text, 1_000));
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).map_err(|_| refused())?);
    let whole: u64 = whole.parse().map_err(|_| refused())?;
    let part: u64 = part.parse().map_err(|_| refused())?;
    let part_ms = part
        .checked_mul(unit_ms)
        .zip(scale)
        .map(|(part, scale)| part / scale);
    whole
        .checked_mul(unit_ms)
        .zip(part_ms)
        .and_then(|(whole, part)| whole.checked_add(part))
        .ok_or_else(refused)
}

/// `2026-11-21`, `2026-11-21T07:00` or `2026-11-21T07:00:00Z`, in UTC.
fn moment(field: &str, text: &str) -> Result<Timestamp, QueryError> {
    parse_moment(text).ok_or_else(|| {
        refuse(
            field,
            "a time in UTC: 2026-11-21 or 2026-11-21T07:00:00Z",
            text,
        )
    })
}

fn parse_moment(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = time.splitn(3, ':');
    let hour: i64 = clock.next()?.parse().ok()?;
    let minute: i64 = clock.next().unwrap_or("0").parse().ok()?;
    let (second, part) = match clock.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "")),
        None => ("0", ""),
    };
    let second: i64 = second.parse().ok()?;
    let micros: i64 = match part {
        "" => 0,
        _ if part.len() > 6 || !part.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        _ => format!("{part:0<6}").parse().ok()?,
    };
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !fits {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp(seconds * 1_000_000 + micros))
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar; years begin in March here,
/// so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_back_as_they_are_written() {
        for text in [
            "1970-01-01T00:00:00.000000Z",
            "2000-02-29T12:34:56.000789Z",
            "2026-11-21T07:00:00.123456Z",
        ] {
            assert_eq!(parse_moment(text).unwrap().to_string(), text);
        }
        assert_eq!(
            parse_moment("2026-11-21"),
            parse_moment("2026-11-21T00:00:00Z")
        );
        for wrong in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-21T25:00",
            "2026-11-21T07:00:00.1234567",
        ] {
            assert_eq!(parse_moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, expected) in [
            ("10s", 10_000),
            ("1.5s", 1_500),
            ("500ms", 500),
            ("2m", 120_000),
            ("7", 7_000),
        ] {
            assert_eq!(milliseconds("talk", text), Ok(expected), "{text}");
        }
        for wrong in [
            "",
            "s",
            "-1s",
            "99999999999999999999h",
            "1.99999999999999999999999s",
        ] {
            assert!(milliseconds("talk", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let error = Search::parse("trnk:office").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("there is no field \"trnk\": use number"),
            "{error}"
        );
        assert!(Search::parse("outcome:lost").is_err());
        assert!(Search::parse("talk:10s").is_err());
        assert_eq!(
            Search::parse("sip:alice@example.org 10.0.0.9:5060")
                .unwrap()
                .words
                .len(),
            2
        );
    }
}
