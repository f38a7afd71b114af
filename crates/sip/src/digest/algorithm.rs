//! Algorithms: the hashes of digest authentication by their names in the registry (RFC 8760 §2.1).

use std::fmt;

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};

/// A hash that we can compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// What every peer knows, and what a challenge without algorithm means.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512 cut to 256 bits, with initial values of its own.
    Sha512_256,
}

/// A name that we cannot answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAlgorithm {
    /// A `-sess` form of a hash that we know.
    Session,
    /// Not a hash that we know.
    Other,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Algorithm; 3] = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];

    /// Reads a name, in any case.
    pub fn parse(text: &str) -> Result<Self, UnknownAlgorithm> {
        if let Some((_, algorithm)) = NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return Ok(*algorithm);
        }
        let hash = text.len().checked_sub(SESSION.len());
        let is_session =
            hash.and_then(|at| text.split_at_checked(at))
                .is_some_and(|(hash, suffix)| {
                    suffix.eq_ignore_ascii_case(SESSION) && Self::parse(hash).is_ok()
                });
        Err(if is_session {
            UnknownAlgorithm::Session
        } else {
            UnknownAlgorithm::Other
        })
    }

    /// The name in the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512_256 => "SHA-512-256",
        }
    }

    /// Hexadecimal digits of a hash.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Algorithm::Md5 => 32,
            Algorithm::Sha256 | Algorithm::Sha512_256 => 64,
        }
    }

    /// Which one to prefer: nobody has broken either SHA, so between those the order of the message decides.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Algorithm::Md5 => 0,
            Algorithm::Sha256 | Algorithm::Sha512_256 => 1,
        }
    }

    /// The hash of `parts` with colons between them, in lower case hexadecimal digits.
    pub(super) fn hash(self, parts: &[&str]) -> String {
        match self {
            Algorithm::Md5 => joined::<Md5>(parts),
            Algorithm::Sha256 => joined::<Sha256>(parts),
            Algorithm::Sha512_256 => joined::<Sha512_256>(parts),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn joined<H: Digest>(parts: &[&str]) -> String {
    let mut hash = H::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hash.update(":");
        }
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Lower case hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 0xf])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

/// The registry's names, and one that old stacks write.
const NAMES: [(&str, Algorithm); 4] = [
    ("MD5", Algorithm::Md5),
    ("SHA-256", Algorithm::Sha256),
    ("SHA256", Algorithm::Sha256),
    ("SHA-512-256", Algorithm::Sha512_256),
];

/// The end of the names that hash nonce and cnonce into the password's hash once for all requests.
const SESSION: &str = "-sess";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_session_forms_are_known_by_name() {
        for (text, expected) in [
            ("md5", Ok(Algorithm::Md5)),
            ("SHA-256", Ok(Algorithm::Sha256)),
            ("sha256", Ok(Algorithm::Sha256)),
            ("SHA-512-256", Ok(Algorithm::Sha512_256)),
            ("MD5-sess", Err(UnknownAlgorithm::Session)),
            ("SHA-512-256-SESS", Err(UnknownAlgorithm::Session)),
            ("MD4-sess", Err(UnknownAlgorithm::Other)),
            ("-sess", Err(UnknownAlgorithm::Other)),
            ("AKAv1-MD5", Err(UnknownAlgorithm::Other)),
            ("ü-sess", Err(UnknownAlgorithm::Other)),
            ("", Err(UnknownAlgorithm::Other)),
        ] {
            assert_eq!(Algorithm::parse(text), expected, "{text}");
        }
    }

    /// FIPS 180-4 and RFC 1321 say what "abc" gives.
    #[test]
    fn the_hashes_are_the_standards() {
        for (algorithm, expected) in [
            (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (
                Algorithm::Sha256,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                Algorithm::Sha512_256,
                "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
            ),
        ] {
            assert_eq!(algorithm.hash(&["abc"]), expected);
            assert_eq!(algorithm.digits(), expected.len());
        }
    }
}
