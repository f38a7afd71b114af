//! `a=crypto`: keys of SRTP in a description (RFC 4568; suites of RFC 4568 section 6.2 and RFC 7714 section 14.2).
//!
//! ```text
//! a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<base64 of key and salt>|2^20|1:4 WSH=128
//!          tag suite                        key parameters: lifetime, MKI     session parameters
//! ```
//!
//! No key is ever shown: not by `Debug`, not by an error.

use std::fmt;

use crate::key::MasterKey;

/// `a=crypto` lines that are read of one media section. Real offers have up to eight.
pub const CRYPTOS_MAX: usize = 32;

/// Characters of a suite's name that are kept for explanations; the longest that is registered has 34.
const NAME_CHARS_MAX: usize = 48;

/// Octets of the longest MKI that is taken; RFC 4568 would have up to 128, which nobody sends.
const MKI_OCTETS_MAX: u8 = 8;

/// The longest lifetime of an SRTP key, in packets, as a power of two (RFC 3711 section 9.2).
const LIFETIME_LOG2_MAX: u32 = 48;

/// A suite that media can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// AES in counter mode, 128 bits, tags of 80 bits: what every peer has.
    AesCm128HmacSha1_80,
    /// AES-GCM, 128 bits.
    AeadAes128Gcm,
    /// AES-GCM, 256 bits.
    AeadAes256Gcm,
    /// AES in counter mode, 128 bits, tags of 32 bits.
    AesCm128HmacSha1_32,
}

/// What a description says about a suite.
struct Row {
    suite: Suite,
    name: &'static str,
    key_octets: usize,
    salt_octets: usize,
}

/// In the order of our offers: first what most peers have, last the weakest tag.
const SUITES: [Row; 4] = [
    Row {
        suite: Suite::AesCm128HmacSha1_80,
        name: "AES_CM_128_HMAC_SHA1_80",
        key_octets: 16,
        salt_octets: 14,
    },
    Row {
        suite: Suite::AeadAes128Gcm,
        name: "AEAD_AES_128_GCM",
        key_octets: 16,
        salt_octets: 12,
    },
    Row {
        suite: Suite::AeadAes256Gcm,
        name: "AEAD_AES_256_GCM",
        key_octets: 32,
        salt_octets: 12,
    },
    Row {
        suite: Suite::AesCm128HmacSha1_32,
        name: "AES_CM_128_HMAC_SHA1_32",
        key_octets: 16,
        salt_octets: 14,
    },
];

impl Suite {
    /// All of them, in the order of our offers.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        SUITES.iter().map(|row| row.suite)
    }

    /// The suite of that name, in any case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        SUITES
            .iter()
            .find(|row| row.name.eq_ignore_ascii_case(name))
            .map(|row| row.suite)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Octets of its master key.
    #[must_use]
    pub fn key_octets(self) -> usize {
        self.row().key_octets
    }

    /// Octets of its master salt.
    #[must_use]
    pub fn salt_octets(self) -> usize {
        self.row().salt_octets
    }

    /// Octets of both.
    #[must_use]
    pub fn octets(self) -> usize {
        self.key_octets() + self.salt_octets()
    }

    fn row(self) -> &'static Row {
        SUITES
            .iter()
            .find(|row| row.suite == self)
            .expect("every suite has a row, as a test shows")
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One `a=crypto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crypto {
    /// Names it within its media section.
    pub tag: u32,
    /// The suite as sent, cut after 48 characters.
    pub suite: String,
    /// The key, or why it is of no use here.
    pub key: Result<SentKey, Unusable>,
}

/// A key that a peer sends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentKey {
    /// Key and salt, and the suite that they are for.
    pub master: MasterKey,
    /// How many packets it is good for, if the peer says so.
    pub lifetime: Option<u64>,
    /// What each packet names the key by, if it does.
    pub mki: Option<Mki>,
}

/// A master key identifier: octets in every packet (RFC 3711 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mki {
    /// Its value, which fits the octets.
    pub value: u64,
    /// How many octets it takes, 1 to 8.
    pub octets: u8,
}

/// Why an `a=crypto` cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The suite is none of ours.
    #[error("not known here")]
    Suite,
    /// The key is not `inline:`.
    #[error("its key is not inline")]
    Method,
    /// There are several keys.
    #[error("several keys")]
    SeveralKeys,
    /// The key is no base64, or its length is not the suite's.
    #[error("its key is not base64 of {0} octets")]
    Key(usize),
    /// The lifetime is none.
    #[error("its lifetime cannot be read")]
    Lifetime,
    /// The MKI cannot be read or is longer than 8 octets.
    #[error("its MKI cannot be used")]
    Mki,
    /// A session parameter asks for what is not done here: no encryption, no authentication, derived keys.
    #[error("a session parameter that is not done here")]
    Parameter,
}

impl Crypto {
    /// Reads the value of an `a=crypto`; without a tag and a suite there is none.
    pub(crate) fn parse(value: &str) -> Option<Crypto> {
        let mut words = value.split_ascii_whitespace();
        let tag = words
            .next()
            .filter(|digits| digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit()))?;
        let tag = tag.parse().ok()?;
        let name = words.next()?;
        let keys = words.next().unwrap_or_default();
        let key = Suite::of(name)
            .ok_or(Unusable::Suite)
            .and_then(|suite| SentKey::parse(suite, keys))
            .and_then(|key| match words.all(is_harmless) {
                true => Ok(key),
                false => Err(Unusable::Parameter),
            });
        let suite = name.chars().take(NAME_CHARS_MAX).collect();
        Some(Crypto { tag, suite, key })
    }
}

/// The name, and why it cannot be used if it cannot; never the key.
impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Ok(_) => f.write_str(&self.suite),
            Err(why) => write!(f, "{} ({why})", self.suite),
        }
    }
}

impl SentKey {
    /// Reads `inline:key[|lifetime][|MKI:length]`.
    fn parse(suite: Suite, text: &str) -> Result<SentKey, Unusable> {
        let (method, info) = text.split_once(':').ok_or(Unusable::Method)?;
        if !method.eq_ignore_ascii_case("inline") {
            return Err(Unusable::Method);
        }
        if info.contains(';') {
            return Err(Unusable::SeveralKeys);
        }
        let mut parts = info.split('|');
        let key = parts.next().unwrap_or_default();
        let master = MasterKey::decode(suite, key).ok_or(Unusable::Key(suite.octets()))?;
        let mut sent = SentKey {
            master,
            lifetime: None,
            mki: None,
        };
        for part in parts {
            match part.split_once(':') {
                None if sent.lifetime.is_none() && sent.mki.is_none() => {
                    sent.lifetime = Some(lifetime(part).ok_or(Unusable::Lifetime)?);
                }
                Some((value, octets)) if sent.mki.is_none() => {
                    sent.mki = Some(Mki::parse(value, octets).ok_or(Unusable::Mki)?);
                }
                None => return Err(Unusable::Lifetime),
                Some(_) => return Err(Unusable::Mki),
            }
        }
        Ok(sent)
    }
}

impl Mki {
    fn parse(value: &str, octets: &str) -> Option<Mki> {
        let (value, octets) = (value.parse().ok()?, octets.parse().ok()?);
        let fits = (1..=MKI_OCTETS_MAX).contains(&octets)
            && (octets == MKI_OCTETS_MAX || value >> (8 * u32::from(octets)) == 0);
        fits.then_some(Mki { value, octets })
    }
}

/// `2^20`, or the number itself; at least one packet, at most 2^48.
fn lifetime(text: &str) -> Option<u64> {
    let packets = match text.strip_prefix("2^") {
        Some(power) => {
            let power = power.parse::<u32>().ok();
            1 << power.filter(|power| *power <= LIFETIME_LOG2_MAX)?
        }
        None => text.parse().ok()?,
    };
    (1..=1 << LIFETIME_LOG2_MAX)
        .contains(&packets)
        .then_some(packets)
}

/// Whether a session parameter changes nothing: a hint about windows, no key derivation beyond the first, an extension
/// that may be ignored (RFC 4568 sections 6.3 and 9.2).
fn is_harmless(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    parameter.starts_with('-')
        || name.eq_ignore_ascii_case("WSH")
        || (name.eq_ignore_ascii_case("KDR") && value == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";

    fn key(text: &str) -> Result<SentKey, Unusable> {
        Crypto::parse(text).unwrap().key
    }

    #[test]
    fn every_suite_has_one_row() {
        for suite in [
            Suite::AesCm128HmacSha1_80,
            Suite::AesCm128HmacSha1_32,
            Suite::AeadAes128Gcm,
            Suite::AeadAes256Gcm,
        ] {
            assert_eq!(Suite::all().filter(|row| *row == suite).count(), 1);
            assert_eq!(Suite::of(&suite.name().to_lowercase()), Some(suite));
        }
        assert_eq!(Suite::of("F8_128_HMAC_SHA1_80"), None);
    }

    #[test]
    fn everything_of_a_line_is_read() {
        let line = format!("7 aes_cm_128_hmac_sha1_80 inline:{KEY}|2^20|66051:4 KDR=0 wsh=128 -X");
        let crypto = Crypto::parse(&line).unwrap();
        assert_eq!((crypto.tag, &*crypto.suite), (7, "aes_cm_128_hmac_sha1_80"));
        let sent = crypto.key.unwrap();
        assert_eq!(sent.master.suite(), Suite::AesCm128HmacSha1_80);
        assert_eq!(sent.master.key(), b"0123456789abcdef");
        assert_eq!(sent.master.salt(), b"0123456789abcd");
        assert_eq!(sent.lifetime, Some(1 << 20));
        let mki = Mki {
            value: 66_051,
            octets: 4,
        };
        assert_eq!(sent.mki, Some(mki));
        let without = key(&format!("1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|1:1")).unwrap();
        assert_eq!((without.lifetime, without.mki.unwrap().octets), (None, 1));
        let decimal = key(&format!("1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|1048576")).unwrap();
        assert_eq!(decimal.lifetime, Some(1 << 20));
    }

    #[test]
    fn what_cannot_be_used_says_why_and_never_the_key() {
        let suite = "AES_CM_128_HMAC_SHA1_80";
        let cases = [
            (format!("F8_128_HMAC_SHA1_80 inline:{KEY}"), Unusable::Suite),
            (suite.to_owned(), Unusable::Method),
            (
                format!("{suite} uri:https://example.com/key"),
                Unusable::Method,
            ),
            (
                format!("{suite} inline:{KEY};inline:{KEY}"),
                Unusable::SeveralKeys,
            ),
            (format!("{suite} inline:{}", &KEY[4..]), Unusable::Key(30)),
            (format!("{suite} inline:{KEY}AAAA"), Unusable::Key(30)),
            (
                format!("{suite} inline:{}", KEY.replace('M', "!")),
                Unusable::Key(30),
            ),
            (format!("AEAD_AES_256_GCM inline:{KEY}"), Unusable::Key(44)),
            (format!("{suite} inline:{KEY}|2^49"), Unusable::Lifetime),
            (format!("{suite} inline:{KEY}|0"), Unusable::Lifetime),
            (
                format!("{suite} inline:{KEY}|2^20|2^20"),
                Unusable::Lifetime,
            ),
            (format!("{suite} inline:{KEY}|256:1"), Unusable::Mki),
            (format!("{suite} inline:{KEY}|1:9"), Unusable::Mki),
            (format!("{suite} inline:{KEY}|1:1|1:1"), Unusable::Mki),
            (
                format!("{suite} inline:{KEY} UNENCRYPTED_SRTP"),
                Unusable::Parameter,
            ),
            (format!("{suite} inline:{KEY} KDR=1"), Unusable::Parameter),
        ];
        for (text, why) in cases {
            let crypto = Crypto::parse(&format!("1 {text}")).unwrap();
            assert_eq!(crypto.key, Err(why), "{text}");
            for told in [format!("{crypto:?}"), crypto.to_string()] {
                assert!(!told.contains(&KEY[8..20]), "{told}");
            }
        }
        for none in ["", "x AES_CM_128_HMAC_SHA1_80", "1234567890 A", "1", "-1 A"] {
            assert_eq!(Crypto::parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn no_debug_shows_a_key() {
        let crypto = Crypto::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")).unwrap();
        let told = format!("{crypto:?} {crypto}");
        assert!(!told.contains("48, 49") && !told.contains(KEY), "{told}");
    }
}
