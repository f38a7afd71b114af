//! The keys that legs send SRTP with, from the one seed that the core is given.

use std::fmt;

use schemas::Hash;
use schemas::media::SrtpPolicy;
use sdp::security::KEY_OCTETS;
use sdp::{Fingerprint, Keying, LocalDtls, LocalKeys, Security, Way};

use crate::configuration::SrtpKeying;
use crate::core::derive;

/// Keys, each for one leg. What was given out cannot be computed from what is kept; `Debug` shows nothing of it.
pub struct Keyring {
    state: [u8; 32],
    /// Of our certificate.
    fingerprint: Fingerprint,
}

impl Keyring {
    /// Keys that follow from this seed.
    pub fn new(seed: &[u8; 32], fingerprint: Fingerprint) -> Keyring {
        Keyring {
            state: derive(seed, b"media"),
            fingerprint,
        }
    }

    /// What a leg of this policy does, by these ways.
    pub fn security(&mut self, policy: SrtpPolicy, ways: &[SrtpKeying]) -> Security {
        match policy {
            SrtpPolicy::Off => Security::Off,
            SrtpPolicy::Prefer => Security::Preferred(self.keying(ways)),
            SrtpPolicy::Require => Security::Required(self.keying(ways)),
        }
    }

    /// The same by keys of its own: what one target was offered is not offered to the next.
    pub fn renewed(&mut self, security: &Security) -> Security {
        let ways = |keying: &Keying| -> Vec<SrtpKeying> {
            let way = |way: &Way| match way {
                Way::Sdes(_) => SrtpKeying::Sdes,
                Way::Dtls(_) => SrtpKeying::Dtls,
            };
            keying.0.iter().map(way).collect()
        };
        match security {
            Security::Off => Security::Off,
            Security::Preferred(keying) => self.security(SrtpPolicy::Prefer, &ways(keying)),
            Security::Required(keying) => self.security(SrtpPolicy::Require, &ways(keying)),
        }
    }

    fn keying(&mut self, ways: &[SrtpKeying]) -> Keying {
        let way = |way: &SrtpKeying| match way {
            SrtpKeying::Sdes => Way::Sdes(self.next()),
            SrtpKeying::Dtls => Way::Dtls(LocalDtls {
                fingerprint: self.fingerprint.clone(),
                tls_id: self.identity(),
                role: None,
            }),
        };
        Keying(ways.iter().map(way).collect())
    }

    /// Names one association of ours (RFC 8842, section 4): 128 bits.
    fn identity(&mut self) -> String {
        let block = self.block(1);
        self.state = self.block(0);
        block[..16]
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect()
    }

    fn next(&mut self) -> LocalKeys {
        let mut octets = Box::new([0; KEY_OCTETS]);
        for (number, part) in (1..).zip(octets.chunks_mut(size_of::<Hash>())) {
            part.copy_from_slice(&self.block(number)[..part.len()]);
        }
        self.state = self.block(0);
        LocalKeys::new(octets)
    }

    /// Inputs of one length only, so that no output is the beginning of another's input.
    fn block(&self, number: u8) -> [u8; 32] {
        let mut text = [0; 33];
        text[0] = number;
        text[1..].copy_from_slice(&self.state);
        let Hash(block) = Hash::of(&text);
        block
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keyring(fill: u8) -> Keyring {
        let fingerprint = Fingerprint::new(sdp::HashFunction::Sha256, &[9; 32]).unwrap();
        Keyring::new(&[fill; 32], fingerprint)
    }

    #[test]
    fn no_two_legs_and_no_two_suites_share_a_key() {
        let mut ring = keyring(7);
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            let keys = ring.next();
            for suite in sdp::Suite::all() {
                assert!(seen.insert(keys.of(suite).key()[..16].to_vec()));
            }
        }
        assert_eq!(
            ring.security(SrtpPolicy::Off, &[SrtpKeying::Sdes]),
            Security::Off
        );
        assert_eq!(format!("{ring:?}"), "Keyring(hidden)");
        let ways = [SrtpKeying::Dtls, SrtpKeying::Sdes];
        let mut identity = || {
            let security = ring.security(SrtpPolicy::Require, &ways);
            let keying = security.keying().unwrap();
            assert!(keying.has_sdes());
            keying.dtls().unwrap().tls_id.clone()
        };
        assert_ne!(identity(), identity());
        assert_ne!(keyring(8).next(), keyring(7).next());
    }
}
