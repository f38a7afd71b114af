//! Where a packet stands among the others, by its number (RFC 3550, appendix A.1 and A.3).

use super::Reception;
use crate::packet::Packet;

/// Sequence numbers, extended by their cycles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    pub(super) ssrc: u32,
    base: u64,
    highest: u64,
    received: u64,
    /// The newest 64: bit n is highest − n.
    seen: u64,
    expected_after_jump: Option<u16>,
    /// Runs of numbers that were missing when a later one came.
    pub(super) gaps: u64,
}

/// Where a number stands among the others.
pub(super) enum Place {
    Newest,
    Behind(u16),
    Again,
    Jumped,
    Restart,
}

impl Sequence {
    pub(super) fn new(packet: &Packet) -> Sequence {
        let first = FIRST_CYCLE + u64::from(packet.sequence);
        Sequence {
            ssrc: packet.ssrc,
            base: first,
            highest: first,
            received: 1,
            seen: 1,
            expected_after_jump: None,
            gaps: 0,
        }
    }

    pub(super) fn place(&mut self, sequence: u16) -> Place {
        let ahead = sequence.wrapping_sub(self.low());
        let behind = self.low().wrapping_sub(sequence);
        if (1..MAX_DROPOUT).contains(&ahead) {
            self.highest += u64::from(ahead);
            self.gaps += u64::from(ahead > 1);
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.received += 1;
            self.expected_after_jump = None;
            Place::Newest
        } else if u32::from(behind) < u64::BITS {
            let bit = 1 << behind;
            if self.seen & bit != 0 {
                return Place::Again;
            }
            self.seen |= bit;
            self.received += 1;
            // The very first packets may come in the wrong order, too.
            self.base = self.base.min(self.highest - u64::from(behind));
            Place::Behind(behind)
        } else if behind <= MAX_MISORDER {
            Place::Again
        } else if self.expected_after_jump == Some(sequence) {
            Place::Restart
        } else {
            self.expected_after_jump = Some(sequence.wrapping_add(1));
            Place::Jumped
        }
    }

    pub(super) fn lost(self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Packets that the numbers tell of.
    pub(super) fn expected(self) -> u64 {
        self.highest - self.base + 1
    }

    pub(super) fn reception(self, jitter_us: u32) -> Reception {
        let highest = (self.highest - FIRST_CYCLE) & 0xffff_ffff;
        Reception {
            ssrc: self.ssrc,
            highest: u32::try_from(highest).unwrap_or(0),
            expected: self.expected(),
            received: self.received,
            jitter_us,
        }
    }

    fn low(&self) -> u16 {
        u16::try_from(self.highest & 0xffff).unwrap_or(0)
    }
}

/// Sequence numbers ahead by this or more are not believed at once (RFC 3550, appendix A.1).
const MAX_DROPOUT: u16 = 3000;
/// Sequence numbers behind by up to this are old packets, not a new numbering (RFC 3550, appendix A.1).
const MAX_MISORDER: u16 = 100;
/// The extended numbers begin in the second cycle, so that the first may be followed by earlier ones.
const FIRST_CYCLE: u64 = 1 << 16;
