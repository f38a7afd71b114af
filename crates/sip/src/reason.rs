//! Reason and Retry-After: why something ended, and when to come back (RFC 3326, RFC 3261 section 20.33).

use std::borrow::Cow;
use std::fmt;

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;
use crate::params::Params;

/// One value of Reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850`, or another, as sent.
    pub protocol: &'a str,
    /// The cause in that protocol.
    pub cause: Option<u16>,
    /// The text.
    pub text: Option<Cow<'a, str>>,
}

impl<'a> Reason<'a> {
    /// Reads one value.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let (protocol, params) = value.split_once(';').unwrap_or((value, ""));
        let protocol = lex::trim(protocol);
        if !lex::is_token_text(protocol) {
            return Err(Name::Reason.error("bad protocol"));
        }
        let params = Params::parse(params).map_err(|reason| Name::Reason.error(reason))?;
        Ok(Self {
            protocol,
            cause: params.value("cause").and_then(|cause| cause.parse().ok()),
            text: params.get("text").map(|param| param.unquoted()),
        })
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            write!(
                f,
                ";text=\"{}\"",
                text.replace(char::is_control, " ")
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
            )?;
        }
        Ok(())
    }
}

/// The values of a header field that can be read, written anew: what may be said to another peer. None if there is none.
#[must_use]
pub fn rewrite(values: &str) -> Option<String> {
    let read = lex::split_top(values, b',').filter_map(|value| Reason::parse(value).ok());
    let written: Vec<_> = read
        .take(VALUES_MAX)
        .map(|reason| reason.to_string())
        .collect();
    (!written.is_empty()).then(|| written.join(", "))
}

/// Values that are said to another peer: one of each protocol in use is three.
const VALUES_MAX: usize = 4;

/// Retry-After.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// Seconds to wait.
    pub seconds: u32,
    /// Seconds for which the peer will then be there.
    pub duration_s: Option<u32>,
}

impl RetryAfter {
    /// Reads a value; a comment in parentheses is left out.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let end = value
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(value.len());
        let (digits, rest) = value.split_at(end);
        let seconds = digits
            .parse()
            .map_err(|_| Name::RetryAfter.error("not a number"))?;
        let params = rest.rsplit(')').next().unwrap_or_default();
        let duration_s = params
            .split_once(';')
            .and_then(|(_, params)| Params::parse(params).ok()?.value("duration")?.parse().ok());
        Ok(Self {
            seconds,
            duration_s,
        })
    }
}

impl Message {
    /// All values of Reason that can be read.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'_>> {
        self.headers(Name::Reason)
            .filter_map(|value| Reason::parse(value).ok())
    }

    /// Retry-After, if present.
    pub fn retry_after(&self) -> Result<Option<RetryAfter>, HeaderError> {
        self.header(Name::RetryAfter)
            .map(RetryAfter::parse)
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_as_it_is_written() {
        let reason =
            Reason::parse("Q.850 ;cause=16 ;text=\"Normal \\\"call\\\" clearing\"").unwrap();
        assert_eq!((reason.protocol, reason.cause), ("Q.850", Some(16)));
        assert_eq!(
            rewrite("Q.850 ; cause=17;text=\"a, b\";x=1, bad value, SIP;cause=600").as_deref(),
            Some("Q.850;cause=17;text=\"a, b\", SIP;cause=600")
        );
        assert_eq!(rewrite("\"no reason\""), None);
        assert_eq!(reason.text.as_deref(), Some("Normal \"call\" clearing"));
        assert_eq!(Reason::parse(&reason.to_string()), Ok(reason.clone()));
        assert_eq!(Reason::parse("SIP;cause=x").unwrap().cause, None);
        assert!(Reason::parse(";cause=1").is_err());
    }

    #[test]
    fn retry_after_with_comment_and_duration() {
        let parse = |text| RetryAfter::parse(text).map(|r| (r.seconds, r.duration_s));
        assert_eq!(parse("18000;duration=3600"), Ok((18000, Some(3600))));
        assert_eq!(parse("120 (I'm in a meeting; yes)"), Ok((120, None)));
        assert!(parse("99999999999").is_err());
        assert!(parse("soon").is_err());
    }
}
