//! Where tags, branches, Call-IDs and random waits come from: a seed given at the start and a counter.
//!
//! The peers see these values, so one must not give away the next: each block is SHA-256 over seed and counter.
//! The same seed gives the same values in the same order, which is what makes a replay possible.

use std::fmt;

use sha2::{Digest, Sha256};

/// The generator. The seed is secret; `Debug` does not show it.
#[derive(Clone)]
pub struct Ids {
    seed: [u8; 32],
    counter: u64,
    /// What is left of the last block.
    words: [u64; 4],
    left: usize,
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ids")
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

impl Ids {
    /// A generator; two endpoints must never share a seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Ids {
            seed,
            counter: 0,
            words: [0; 4],
            left: 0,
        }
    }

    /// The next 64 random bits.
    pub fn word(&mut self) -> u64 {
        if self.left == 0 {
            self.counter += 1;
            let counter = self.counter.to_be_bytes();
            self.words = words(Sha256::new().chain_update(self.seed).chain_update(counter));
            self.left = self.words.len();
        }
        self.left -= 1;
        self.words[self.left]
    }

    /// A tag: 64 bits (RFC 3261 §19.3 asks for 32 at least).
    pub fn tag(&mut self) -> Box<str> {
        format!("{:016x}", self.word()).into()
    }

    /// A branch with the magic cookie (RFC 3261 §8.1.1.7).
    pub fn branch(&mut self) -> Box<str> {
        format!("z9hG4bK{:016x}", self.word()).into()
    }

    /// A Call-ID; it names no host, so that it tells nothing about our network.
    pub fn call_id(&mut self) -> Box<str> {
        format!("{:016x}{:016x}", self.word(), self.word()).into()
    }

    /// The first sequence number of a dialog: low enough that it never wraps (RFC 3261 §8.1.1.5).
    pub fn cseq(&mut self) -> u32 {
        // Sixteen bits always fit.
        u32::try_from(self.word() & 0xffff).unwrap_or(0) + 1
    }

    /// A number from `0` to `below - 1`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.word() % below.max(1)
    }

    /// The tag of an answer that keeps no state: the same request always gets the same (RFC 3261 §8.2.7).
    pub fn stateless_tag(&self, parts: [&str; 3]) -> Box<str> {
        let mut hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(b"stateless");
        for part in parts {
            hash.update(part);
            hash.update([0]);
        }
        let [word, ..] = words(hash);
        format!("{word:016x}").into()
    }
}

/// Whether a tag looks like one that `Ids::tag` gave, in this run or in an earlier one.
pub(super) fn could_be_ours(tag: &str) -> bool {
    tag.len() == 16
        && tag
            .bytes()
            .all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
}

fn words(hash: Sha256) -> [u64; 4] {
    let digest: [u8; 32] = hash.finalize().into();
    let mut words = [0; 4];
    for (word, octets) in words.iter_mut().zip(digest.chunks_exact(8)) {
        *word = octets
            .iter()
            .fold(0, |word, octet| (word << 8) | u64::from(*octet));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_values_and_another_seed_others() {
        let values = |seed| {
            let mut ids = Ids::new([seed; 32]);
            (0..9).map(|_| ids.word()).collect::<Vec<_>>()
        };
        assert_eq!(values(1), values(1));
        assert_ne!(values(1), values(2));
        let mut distinct = values(1);
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 9);
    }

    #[test]
    fn a_stateless_tag_depends_on_every_part() {
        let ids = Ids::new([1; 32]);
        let tag = ids.stateless_tag(["a", "b", "c"]);
        assert_eq!(tag, ids.stateless_tag(["a", "b", "c"]));
        assert_ne!(tag, ids.stateless_tag(["ab", "", "c"]));
        assert_ne!(tag, Ids::new([2; 32]).stateless_tag(["a", "b", "c"]));
    }
}
