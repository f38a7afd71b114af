//! A master key of SRTP with its salt, as a description carries it: in base64 (RFC 4568 section 6.1).

use std::fmt;

use crate::crypto::Suite;

/// Octets of the longest key with its salt.
const OCTETS_MAX: usize = 44;

/// A master key and its salt. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    octets: [u8; OCTETS_MAX],
}

impl MasterKey {
    /// The key of a suite, from as many octets as key and salt of it have.
    #[must_use]
    pub fn new(suite: Suite, octets: &[u8]) -> Option<Self> {
        let mut key = Self {
            suite,
            octets: [0; OCTETS_MAX],
        };
        (octets.len() == suite.octets()).then(|| {
            key.octets[..octets.len()].copy_from_slice(octets);
            key
        })
    }

    /// The suite that it is for.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The master key.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.octets[..self.suite.key_octets()]
    }

    /// The master salt.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.octets[self.suite.key_octets()..self.suite.octets()]
    }

    /// Reads base64, with or without the padding at its end.
    pub(crate) fn decode(suite: Suite, text: &str) -> Option<Self> {
        let digits = text.trim_end_matches('=');
        if digits.len() != (suite.octets() * 4).div_ceil(3) || text.len() > digits.len() + 2 {
            return None;
        }
        let mut octets = Vec::with_capacity(suite.octets() + 2);
        for group in digits.as_bytes().chunks(4) {
            let mut bits = 0_u32;
            for place in 0..4 {
                let digit = group.get(place).map_or(Some(0), |&digit| value(digit))?;
                bits = bits << 6 | digit;
            }
            let [_, first, second, third] = bits.to_be_bytes();
            octets.extend([first, second, third]);
        }
        // The rest of the last group is padding, whatever bits it has.
        octets.truncate(suite.octets());
        Self::new(suite, &octets)
    }

    /// Writes base64.
    pub(crate) fn encode(&self, text: &mut String) {
        for group in self.octets[..self.suite.octets()].chunks(3) {
            let octet = |place: usize| group.get(place).copied().unwrap_or_default();
            let bits = u32::from_be_bytes([0, octet(0), octet(1), octet(2)]);
            for place in 0..4 {
                let digit = bits >> (18 - 6 * place) & 0x3f;
                let is_padding = place > u32::try_from(group.len()).unwrap_or(3);
                text.push(if is_padding { '=' } else { digit_of(digit) });
            }
        }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, hidden)", self.suite)
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn value(digit: u8) -> Option<u32> {
    let value = DIGITS.iter().position(|known| *known == digit)?;
    u32::try_from(value).ok()
}

fn digit_of(value: u32) -> char {
    let index = usize::try_from(value).unwrap_or_default();
    char::from(DIGITS[index & 0x3f])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back_for_every_suite() {
        for suite in Suite::all() {
            let octets: Vec<u8> = (0..44).map(|n: u8| n.wrapping_mul(37) ^ 0xa5).collect();
            let key = MasterKey::new(suite, &octets[..suite.octets()]).unwrap();
            let mut text = String::new();
            key.encode(&mut text);
            assert_eq!(text.len() % 4, 0);
            assert_eq!(MasterKey::decode(suite, &text), Some(key.clone()));
            let bare = text.trim_end_matches('=');
            assert_eq!(MasterKey::decode(suite, bare), Some(key));
            assert_eq!(MasterKey::decode(suite, &format!("{bare}===")), None);
        }
        let key = MasterKey::new(Suite::AeadAes128Gcm, &[0xff; 28]).unwrap();
        let mut text = String::new();
        key.encode(&mut text);
        assert_eq!(text, "/////////////////////////////////////w==");
    }

    #[test]
    fn debug_hides_it() {
        let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[77; 30]).unwrap();
        assert_eq!(
            format!("{key:?}"),
            "MasterKey(AES_CM_128_HMAC_SHA1_80, hidden)"
        );
        assert_eq!(MasterKey::new(Suite::AeadAes256Gcm, &[77; 30]), None);
    }
}
