//! The way out: one SSRC, whose numbers the leg gives.

use super::MasterKey;
use super::cipher::{Cipher, Place, Use};
use super::report::ReportSender;
use super::rollover::Rollover;
use crate::packet::HEADER_BYTES;

/// What a leg sends with.
pub(super) struct Sender {
    current: Keyed,
    /// The numbers that keys before it have used up: a key that comes back must not use one again.
    before: Vec<(MasterKey, Used)>,
}

/// One key.
struct Keyed {
    key: MasterKey,
    used: Used,
    cipher: Cipher,
    /// From the first report on.
    reports: Option<Box<ReportSender>>,
}

/// The numbers that a key has used up.
#[derive(Clone, Copy, Default)]
struct Used {
    packets: Option<Rollover>,
    /// The index of the last report; 0 before the first.
    reports: u32,
}

/// Keys that are remembered when they are no longer sent with. A leg has one for each of four suites, and no other key
/// ever comes back.
const BEFORE_MAX: usize = 16;

impl Sender {
    pub(super) fn new(key: &MasterKey) -> Sender {
        Sender {
            current: Keyed::new(key, Used::default()),
            before: Vec::new(),
        }
    }

    pub(super) fn rekey(&mut self, key: &MasterKey) {
        if self.current.key == *key {
            return;
        }
        let back = self.before.iter().position(|(before, _)| before == key);
        let used = back.map(|at| self.before.remove(at).1).unwrap_or_default();
        let gone = std::mem::replace(&mut self.current, Keyed::new(key, used));
        if self.before.len() == BEFORE_MAX {
            self.before.remove(0);
        }
        self.before.push((gone.key, gone.used));
    }

    /// Protects a packet that has the bare header. One number is never used twice: that would give both packets away
    /// (RFC 3711, section 9.1), and under GCM the key with them.
    pub(super) fn protect(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let Keyed { used, cipher, .. } = &mut self.current;
        let tag_bytes = cipher.tag_bytes();
        let whole = buffer.get_mut(..length + tag_bytes)?;
        let &[_, _, high, low, _, _, _, _, a, b, c, d] = whole[..length].first_chunk()?;
        let sequence = u16::from_be_bytes([high, low]);
        let index = match &used.packets {
            Some(rollover) => rollover.index_of(sequence),
            None => sequence.into(),
        };
        match &mut used.packets {
            Some(rollover) if rollover.is_fresh(index) => rollover.accept(index),
            Some(_) => return None,
            None => used.packets = Some(Rollover::new(index)),
        }
        let ssrc = u32::from_be_bytes([a, b, c, d]);
        let (packet, tag) = whole.split_at_mut(length);
        let made = cipher.seal(Place { ssrc, index }, packet, HEADER_BYTES);
        tag.copy_from_slice(&made[..tag_bytes]);
        Some(length + tag_bytes)
    }

    /// Protects a report.
    pub(super) fn protect_report(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let Keyed {
            key, used, reports, ..
        } = &mut self.current;
        reports
            .get_or_insert_with(|| Box::new(ReportSender::new(key)))
            .protect(&mut used.reports, buffer, length)
    }
}

impl Keyed {
    fn new(key: &MasterKey, used: Used) -> Keyed {
        Keyed {
            key: key.clone(),
            used,
            cipher: Cipher::new(key, Use::Packets),
            reports: None,
        }
    }
}
