//! SRTP that is keyed by a DTLS handshake (RFC 5763, RFC 5764): the fingerprint of a certificate (RFC 8122), who begins
//! (RFC 4145, RFC 8842), and which association it is.
//!
//! ```text
//! a=setup:actpass
//! a=fingerprint:sha-256 4A:AD:B9:B1:…
//! a=tls-id:89a3…
//! ```

use std::fmt;
use std::fmt::Write as _;

/// Fingerprints that are read of one description or one media section. Real ones have one, at most one for each hash.
pub const FINGERPRINTS_MAX: usize = 8;

/// Characters of an identity of an association (RFC 8842 section 4).
const TLS_ID_CHARS: std::ops::RangeInclusive<usize> = 20..=255;

/// A hash function of fingerprints. Those that are broken are none (RFC 8122 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashFunction {
    /// SHA-256: what everybody sends.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The fingerprint of a certificate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The hash function.
    pub hash: HashFunction,
    /// Its value: as many octets as the function has.
    octets: Vec<u8>,
}

/// `a=setup`: who begins the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The describer does.
    Active,
    /// The other side does.
    Passive,
    /// The other side may say.
    ActPass,
    /// Nobody, for now.
    HoldConn,
}

/// What we are in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We begin: `active`.
    Client,
    /// The peer begins: `passive`.
    Server,
}

/// What a description says of a handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// The fingerprints that can be read, at most [`FINGERPRINTS_MAX`].
    pub fingerprints: Vec<Fingerprint>,
    /// The hash functions of those that cannot be used.
    pub unusable: Vec<String>,
    /// Who begins.
    pub setup: Option<Setup>,
    /// Which association it is.
    pub tls_id: Option<String>,
}

/// Our side of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDtls {
    /// Of our certificate.
    pub fingerprint: Fingerprint,
    /// Names our side of the association, the same as long as the leg lives.
    pub tls_id: String,
    /// What we are already, if there is an association: it stays so (RFC 8842 section 5.3).
    pub role: Option<Role>,
}

impl HashFunction {
    const ALL: [HashFunction; 3] = [
        HashFunction::Sha256,
        HashFunction::Sha384,
        HashFunction::Sha512,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HashFunction::Sha256 => "sha-256",
            HashFunction::Sha384 => "sha-384",
            HashFunction::Sha512 => "sha-512",
        }
    }

    /// Octets of its value.
    #[must_use]
    pub fn octets(self) -> usize {
        match self {
            HashFunction::Sha256 => 32,
            HashFunction::Sha384 => 48,
            HashFunction::Sha512 => 64,
        }
    }
}

impl Fingerprint {
    /// A fingerprint of that value; `None` if it has another length than the function's.
    #[must_use]
    pub fn new(hash: HashFunction, octets: &[u8]) -> Option<Fingerprint> {
        let octets = octets.to_vec();
        (octets.len() == hash.octets()).then_some(Fingerprint { hash, octets })
    }

    /// Reads `sha-256 4A:AD:…`; the error is the name of the hash function, cut.
    fn parse(value: &str) -> Result<Fingerprint, String> {
        let mut words = value.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let unusable = || name.chars().take(16).collect::<String>();
        let hash = HashFunction::ALL
            .into_iter()
            .find(|hash| hash.name().eq_ignore_ascii_case(name))
            .ok_or_else(unusable)?;
        let digits = words.next().unwrap_or_default();
        if digits.len() + 1 != 3 * hash.octets() {
            return Err(unusable());
        }
        let octet = |pair: &str| match pair.len() {
            2 => u8::from_str_radix(pair, 16).ok(),
            _ => None,
        };
        let octets: Option<Vec<u8>> = digits.split(':').map(octet).collect();
        let fingerprint = octets.and_then(|octets| Fingerprint::new(hash, &octets));
        fingerprint.ok_or_else(unusable)
    }
}

/// `sha-256 4A:AD:…`
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.name())?;
        for (index, octet) in self.octets.iter().enumerate() {
            write!(f, "{}{octet:02X}", if index == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Setup {
    fn parse(value: &str) -> Option<Setup> {
        match value.to_ascii_lowercase().as_str() {
            "active" => Some(Setup::Active),
            "passive" => Some(Setup::Passive),
            "actpass" => Some(Setup::ActPass),
            "holdconn" => Some(Setup::HoldConn),
            _ => None,
        }
    }
}

impl Role {
    /// As it is written: `active`, `passive`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Client => "active",
            Role::Server => "passive",
        }
    }
}

impl Offered {
    /// Takes an attribute, if it is one of these.
    pub(crate) fn attribute(&mut self, name: &str, value: &str) -> bool {
        match name {
            "fingerprint" => {
                if self.fingerprints.len() + self.unusable.len() < FINGERPRINTS_MAX {
                    match Fingerprint::parse(value) {
                        Ok(fingerprint) => self.fingerprints.push(fingerprint),
                        Err(hash) => self.unusable.push(hash),
                    }
                }
            }
            "setup" => self.setup = Setup::parse(value).or(self.setup),
            "tls-id" => {
                let is_one = TLS_ID_CHARS.contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_graphic());
                self.tls_id = is_one.then(|| value.to_owned());
            }
            _ => return false,
        }
        true
    }

    /// What a media section says, and for the rest what the session does.
    pub(crate) fn over(&self, session: &Offered) -> Offered {
        let has_own = !self.fingerprints.is_empty() || !self.unusable.is_empty();
        let own = if has_own { self } else { session };
        Offered {
            fingerprints: own.fingerprints.clone(),
            unusable: own.unusable.clone(),
            setup: self.setup.or(session.setup),
            tls_id: self.tls_id.clone().or_else(|| session.tls_id.clone()),
        }
    }

    /// Whether there is a handshake in it, usable or not.
    pub(crate) fn is_some(&self) -> bool {
        !self.fingerprints.is_empty() || !self.unusable.is_empty()
    }
}

impl LocalDtls {
    /// What we are if we answer that; `None` where there is no handshake to be had.
    pub(crate) fn answers(&self, offered: &Offered) -> Option<Role> {
        match offered.setup {
            _ if offered.fingerprints.is_empty() => None,
            Some(Setup::HoldConn) => None,
            Some(Setup::ActPass) => Some(self.role.unwrap_or(Role::Client)),
            Some(Setup::Passive) => Some(Role::Client),
            // RFC 4145 section 4: who does not say wants to begin.
            Some(Setup::Active) | None => Some(Role::Server),
        }
    }

    /// What we are after that answer to our `actpass`.
    pub(crate) fn accepts(&self, answered: &Offered) -> Option<Role> {
        match answered.setup {
            _ if answered.fingerprints.is_empty() => None,
            Some(Setup::HoldConn) => None,
            Some(Setup::Active) => Some(Role::Server),
            // RFC 4145 section 4: who does not say waits. `actpass` is no answer, but who gives it waits as well.
            Some(Setup::Passive | Setup::ActPass) | None => Some(Role::Client),
        }
    }

    pub(crate) fn write_offer(&self, media: &mut String) {
        self.write(media, "actpass", true);
    }

    /// The identity is for those who have one themselves.
    pub(crate) fn write_answer(&self, media: &mut String, role: Role, has_identity: bool) {
        self.write(media, role.as_str(), has_identity);
    }

    fn write(&self, media: &mut String, setup: &str, has_identity: bool) {
        // Writing to a String does not fail.
        let _ = write!(
            media,
            "a=setup:{setup}\r\na=fingerprint:{}\r\n",
            self.fingerprint
        );
        if has_identity {
            let _ = write!(media, "a=tls-id:{}\r\n", self.tls_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_and_written() {
        for hash in HashFunction::ALL {
            let octets: Vec<u8> = (0..hash.octets())
                .map(|n| u8::try_from(n).unwrap())
                .collect();
            let fingerprint = Fingerprint::new(hash, &octets).unwrap();
            let text = fingerprint.to_string();
            assert_eq!(Fingerprint::parse(&text), Ok(fingerprint.clone()));
            assert_eq!(Fingerprint::parse(&text.to_lowercase()), Ok(fingerprint));
            for bad in [
                &text[..text.len() - 1],
                &format!("{text}:00"),
                &text.replace(':', "-"),
            ] {
                assert_eq!(
                    Fingerprint::parse(bad),
                    Err(hash.name().to_owned()),
                    "{bad}"
                );
            }
        }
        assert_eq!(Fingerprint::parse("sha-1 00:01"), Err("sha-1".to_owned()));
        assert_eq!(Fingerprint::parse(""), Err(String::new()));
    }

    #[test]
    fn an_identity_has_twenty_characters_at_least() {
        let mut offered = Offered::default();
        assert!(offered.attribute("tls-id", "short"));
        assert_eq!(offered.tls_id, None);
        assert!(offered.attribute("tls-id", "0123456789abcdef0123"));
        assert!(offered.tls_id.is_some());
        assert!(!offered.attribute("ptime", "20"));
    }
}
