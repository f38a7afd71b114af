//! Session-Expires and Min-SE: how long a session lives without refresh (RFC 4028).

use std::fmt;

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;
use crate::params::Params;

/// Session-Expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes, if it is said.
    pub refresher: Option<Refresher>,
}

/// Who refreshes the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the request that carries the header or is answered by it.
    Uac,
    /// Who answers it.
    Uas,
}

impl SessionExpires {
    /// Reads a value.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let error = |reason| Name::SessionExpires.error(reason);
        let (seconds, params) = value.split_once(';').unwrap_or((value, ""));
        let seconds = lex::trim(seconds)
            .parse()
            .map_err(|_| error("not a number"))?;
        let refresher = match Params::parse(params).map_err(error)?.value("refresher") {
            None => None,
            Some(text) if text.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(text) if text.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) => return Err(error("unknown refresher")),
        };
        Ok(Self { seconds, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.refresher {
            None => Ok(()),
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
        }
    }
}

impl Message {
    /// Session-Expires, if present.
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, HeaderError> {
        self.header(Name::SessionExpires)
            .map(SessionExpires::parse)
            .transpose()
    }

    /// Seconds of Min-SE, if present; parameters are left out.
    pub fn min_se_s(&self) -> Result<Option<u32>, HeaderError> {
        let Some(value) = self.header(Name::MinSe) else {
            return Ok(None);
        };
        let seconds = value.split_once(';').map_or(value, |(seconds, _)| seconds);
        lex::trim(seconds)
            .parse()
            .map(Some)
            .map_err(|_| Name::MinSe.error("not a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_refresher() {
        let parsed = SessionExpires::parse("1800 ; refresher=UAS").unwrap();
        assert_eq!(
            parsed,
            SessionExpires {
                seconds: 1800,
                refresher: Some(Refresher::Uas)
            }
        );
        assert_eq!(parsed.to_string(), "1800;refresher=uas");
        assert_eq!(SessionExpires::parse("90").unwrap().refresher, None);
        assert!(SessionExpires::parse("90;refresher=me").is_err());
        assert!(SessionExpires::parse("").is_err());
    }
}
