//! The keys that legs send SRTP with, from the one seed that the core is given.

use std::fmt;

use schemas::Hash;
use schemas::media::SrtpPolicy;
use sdp::security::KEY_OCTETS;
use sdp::{LocalKeys, Security};

use crate::core::derive;

/// Keys, each for one leg. What was given out cannot be computed from what is kept; `Debug` shows nothing of it.
pub struct Keyring {
    state: [u8; 32],
}

impl Keyring {
    /// Keys that follow from this seed.
    pub fn new(seed: &[u8; 32]) -> Keyring {
        Keyring {
            state: derive(seed, b"media"),
        }
    }

    /// What a leg of this policy does.
    pub fn security(&mut self, policy: SrtpPolicy) -> Security {
        match policy {
            SrtpPolicy::Off => Security::Off,
            SrtpPolicy::Prefer => Security::Preferred(self.next().into()),
            SrtpPolicy::Require => Security::Required(self.next().into()),
        }
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

    #[test]
    fn no_two_legs_and_no_two_suites_share_a_key() {
        let mut keyring = Keyring::new(&[7; 32]);
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            let keys = keyring.next();
            for suite in sdp::Suite::all() {
                assert!(seen.insert(keys.of(suite).key()[..16].to_vec()));
            }
        }
        assert_eq!(keyring.security(SrtpPolicy::Off), Security::Off);
        assert_eq!(format!("{keyring:?}"), "Keyring(hidden)");
        assert_ne!(Keyring::new(&[8; 32]).next(), Keyring::new(&[7; 32]).next());
    }
}
