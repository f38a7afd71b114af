//! Subscription-State, and the status line that a NOTIFY of a transfer carries (RFC 6665, RFC 3515, RFC 3420).

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;
use crate::params::Params;
use crate::status::StatusCode;

/// The media type of a piece of SIP.
pub const SIPFRAG: &str = "message/sipfrag";

/// How a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionState<'a> {
    /// Its state.
    pub state: State<'a>,
    params: Params<'a>,
}

/// The state of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Not yet accepted.
    Pending,
    /// Accepted.
    Active,
    /// Over.
    Terminated,
    /// An extension.
    Other(&'a str),
}

impl<'a> SubscriptionState<'a> {
    /// Reads a header value.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let (state, params) = value.split_once(';').unwrap_or((value, ""));
        let state = lex::trim(state);
        if !lex::is_token_text(state) {
            return Err(Name::SubscriptionState.error("bad state"));
        }
        let known = [
            ("pending", State::Pending),
            ("active", State::Active),
            ("terminated", State::Terminated),
        ];
        let state = known
            .into_iter()
            .find(|(text, _)| state.eq_ignore_ascii_case(text))
            .map_or(State::Other(state), |(_, state)| state);
        let params =
            Params::parse(params).map_err(|reason| Name::SubscriptionState.error(reason))?;
        Ok(Self { state, params })
    }

    /// Why it ended.
    #[must_use]
    pub fn reason(&self) -> Option<&'a str> {
        self.params.value("reason")
    }

    /// Seconds until it ends.
    #[must_use]
    pub fn expires_s(&self) -> Option<u32> {
        self.params.value("expires")?.parse().ok()
    }

    /// Seconds after which one may subscribe again.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u32> {
        self.params.value("retry-after")?.parse().ok()
    }
}

impl Message {
    /// Subscription-State.
    pub fn subscription_state(&self) -> Result<SubscriptionState<'_>, HeaderError> {
        SubscriptionState::parse(self.require(Name::SubscriptionState)?)
    }

    /// The status and reason phrase in the body of a NOTIFY about a transfer.
    #[must_use]
    pub fn sipfrag_status(&self) -> Option<(StatusCode, String)> {
        if !self.has_body_of(SIPFRAG) {
            return None;
        }
        status_line(self.body())
    }
}

/// Reads the status line at the front of a piece of SIP.
#[must_use]
pub fn status_line(body: &[u8]) -> Option<(StatusCode, String)> {
    let line = body
        .split(|octet| matches!(octet, b'\r' | b'\n'))
        .find(|line| !line.is_empty())?;
    let line = lex::text_of(line);
    let (version, rest) = line.split_once(' ')?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    let (code, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = code
        .parse()
        .ok()
        .filter(|_| code.len() == 3)
        .and_then(StatusCode::new)?;
    Some((status, lex::trim(phrase).to_owned()))
}

/// Writes the body of a NOTIFY about a transfer.
#[must_use]
pub fn sipfrag(status: StatusCode, phrase: &str) -> String {
    let phrase: String = phrase.chars().filter(|c| !c.is_control()).collect();
    format!("SIP/2.0 {status} {phrase}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_their_parameters() {
        let state =
            SubscriptionState::parse("Terminated ;reason=noresource;retry-after=3").unwrap();
        assert_eq!(state.state, State::Terminated);
        assert_eq!(
            (state.reason(), state.retry_after_s()),
            (Some("noresource"), Some(3))
        );
        let state = SubscriptionState::parse("active;expires=60").unwrap();
        assert_eq!((state.state, state.expires_s()), (State::Active, Some(60)));
        assert_eq!(
            SubscriptionState::parse("x-y").unwrap().state,
            State::Other("x-y")
        );
        assert!(SubscriptionState::parse(";a").is_err());
    }

    #[test]
    fn a_fragment_is_read_as_it_is_written() {
        let (status, phrase) =
            status_line(sipfrag(StatusCode::BUSY_HERE, "Busy\r\n Here").as_bytes()).unwrap();
        assert_eq!((status, &*phrase), (StatusCode::BUSY_HERE, "Busy Here"));
        assert_eq!(status_line(b"SIP/2.0 100").unwrap().0, StatusCode::TRYING);
        assert_eq!(status_line(b"SIP/2.0 200 OK\r\nTo: x\r\n").unwrap().1, "OK");
        for bad in ["", "HTTP/1.1 200 OK", "SIP/2.0 2000 OK", "SIP/2.0 abc"] {
            assert_eq!(status_line(bad.as_bytes()), None);
        }
    }
}
