//! Session-ID: one identifier for each end of a session, the same on every leg (RFC 7989).
//!
//! The older form of RFC 7329 has one identifier for the whole session; it is read as the sender's.

use std::fmt;

use crate::header::{HeaderError, Name};
use crate::lex;
use crate::message::Message;
use crate::params::Params;

/// What one end calls the session: a UUID without hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

/// Session-ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionId {
    /// The identifier of who sends the message.
    pub local: Uuid,
    /// The identifier of who receives it, all zeros while the sender does not know it; none in the form of RFC 7329.
    pub remote: Option<Uuid>,
}

impl Uuid {
    /// Of nobody: the other end is not known yet (RFC 7989 §4.2).
    pub const NIL: Uuid = Uuid([0; 16]);

    /// Reads 32 hexadecimal digits, of either case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .map(|number| Uuid(number.to_be_bytes()))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl SessionId {
    /// Reads a value; other parameters are left out.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let error = |reason| Name::SessionId.error(reason);
        let (local, params) = value.split_once(';').unwrap_or((value, ""));
        let uuid = |text| Uuid::parse(lex::trim(text)).ok_or_else(|| error("not 32 digits"));
        let remote = Params::parse(params)
            .map_err(error)?
            .value("remote")
            .map(uuid);
        Ok(SessionId {
            local: uuid(local)?,
            remote: remote.transpose()?,
        })
    }
}

impl SessionId {
    /// The form of RFC 7989, which always speaks of the other end.
    #[must_use]
    pub fn with_remote(self) -> Self {
        let remote = Some(self.remote.unwrap_or(Uuid::NIL));
        SessionId { remote, ..self }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.local)?;
        match self.remote {
            Some(remote) => write!(f, ";remote={remote}"),
            None => Ok(()),
        }
    }
}

impl Message {
    /// Session-ID, if present.
    pub fn session_id(&self) -> Result<Option<SessionId>, HeaderError> {
        self.header(Name::SessionId)
            .map(SessionId::parse)
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_written() {
        let both = "ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2";
        assert_eq!(SessionId::parse(both).unwrap().to_string(), both);
        let loose =
            "AB30317F1A784DC48FF824D0D3715D86 ;x=1; Remote = 47755a9de7794ba387653f2099600ef2";
        assert_eq!(SessionId::parse(loose).unwrap().to_string(), both);
        let old = SessionId::parse("ab30317f1a784dc48ff824d0d3715d86").unwrap();
        assert_eq!(old.remote, None);
        assert_eq!(old.to_string(), "ab30317f1a784dc48ff824d0d3715d86");
        assert_eq!(Uuid::NIL.to_string(), "0".repeat(32));
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for bad in [
            "",
            "ab30317f-1a78-4dc4-8ff8-24d0d3715d86",
            "+b30317f1a784dc48ff824d0d3715d86",
            "ab30317f1a784dc48ff824d0d3715d8",
            "ab30317f1a784dc48ff824d0d3715d86;remote=",
            "ab30317f1a784dc48ff824d0d3715d86;remote=1",
        ] {
            assert!(SessionId::parse(bad).is_err(), "{bad}");
        }
    }
}
