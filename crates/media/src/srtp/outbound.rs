//! The way out: one SSRC, whose numbers the leg gives.

use super::MasterKey;
use super::cipher::{Cipher, Place};
use super::rollover::Rollover;
use crate::packet::HEADER_BYTES;

/// What a leg sends with.
pub(super) struct Sender {
    key: MasterKey,
    cipher: Cipher,
    rollover: Option<Rollover>,
}

impl Sender {
    pub(super) fn new(key: &MasterKey) -> Sender {
        Sender {
            key: key.clone(),
            cipher: Cipher::new(key),
            rollover: None,
        }
    }

    pub(super) fn rekey(&mut self, key: &MasterKey) {
        if self.key != *key {
            *self = Sender::new(key);
        }
    }

    /// Protects a packet that has the bare header. One number is never used twice: that would give both packets away
    /// (RFC 3711, section 9.1), and under GCM the key with them.
    pub(super) fn protect(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let tag_bytes = self.cipher.tag_bytes();
        let whole = buffer.get_mut(..length + tag_bytes)?;
        let &[_, _, high, low, _, _, _, _, a, b, c, d] = whole[..length].first_chunk()?;
        let sequence = u16::from_be_bytes([high, low]);
        let index = match &self.rollover {
            Some(rollover) => rollover.index_of(sequence),
            None => sequence.into(),
        };
        match &mut self.rollover {
            Some(rollover) if rollover.is_fresh(index) => rollover.accept(index),
            Some(_) => return None,
            None => self.rollover = Some(Rollover::new(index)),
        }
        let ssrc = u32::from_be_bytes([a, b, c, d]);
        let (packet, tag) = whole.split_at_mut(length);
        let made = self
            .cipher
            .seal(Place { ssrc, index }, packet, HEADER_BYTES);
        tag.copy_from_slice(&made[..tag_bytes]);
        Some(length + tag_bytes)
    }
}
