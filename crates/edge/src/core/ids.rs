//! Ids of calls, and the secrets of everything else, from the one seed that the core is given.

use schemas::{CallId, Hash};
use sdp::Fingerprint;

use crate::clock::Moment;
use crate::keyring::Keyring;

/// Ids of calls, the secret of stateless answers, and the keys of media, from the seed.
pub(super) struct Ids {
    pub(super) seed: [u8; 32],
    count: u64,
    pub(super) keyring: Keyring,
}

impl Ids {
    /// Ids that follow from this seed.
    pub(super) fn new(seed: &[u8; 32], fingerprint: Fingerprint) -> Ids {
        Ids {
            seed: derive(seed, b"calls"),
            count: 0,
            keyring: Keyring::new(seed, fingerprint),
        }
    }

    /// The next call's id.
    pub(super) fn call(&mut self, moment: Moment) -> CallId {
        self.count += 1;
        let mut text = self.seed.to_vec();
        text.extend_from_slice(&self.count.to_be_bytes());
        let Hash(hash) = Hash::of(&text);
        let mut random = [0; 10];
        random.copy_from_slice(&hash[..10]);
        CallId::new(
            u64::try_from(moment.wall.milliseconds()).unwrap_or_default(),
            random,
        )
    }
}

/// A seed of its own for each purpose.
pub(crate) fn derive(seed: &[u8; 32], purpose: &[u8]) -> [u8; 32] {
    let mut text = seed.to_vec();
    text.extend_from_slice(purpose);
    Hash::of(&text).0
}
