//! The 48 bits that number the packets of one SSRC, of which a packet shows 16, and which of them were there already
//! (RFC 3711, sections 3.3.1 and 3.3.2).

/// The packets of one SSRC under one key. Only what is authentic gets in here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rollover {
    highest: u64,
    /// The newest [`WINDOW`]: bit n is highest − n.
    seen: u128,
}

/// Packets behind the newest that are told from replays: 2.5 s of audio. What is further behind counts as one.
const WINDOW: u64 = 128;

impl Rollover {
    /// After the first packet.
    pub(super) fn new(index: u64) -> Rollover {
        Rollover {
            highest: index,
            seen: 1,
        }
    }

    /// The index that a sequence number most likely stands for.
    pub(super) fn index_of(&self, sequence: u16) -> u64 {
        let [.., high, low] = self.highest.to_be_bytes();
        let ahead = sequence.wrapping_sub(u16::from_be_bytes([high, low]));
        // Before the very first there is nothing.
        self.highest
            .checked_add_signed(ahead.cast_signed().into())
            .unwrap_or(sequence.into())
    }

    /// Whether no packet of that index was there.
    pub(super) fn is_fresh(&self, index: u64) -> bool {
        let behind = self.highest.saturating_sub(index);
        index > self.highest || (behind < WINDOW && self.seen >> behind & 1 == 0)
    }

    /// A packet of that index was there.
    pub(super) fn accept(&mut self, index: u64) {
        if index > self.highest {
            let ahead = u32::try_from(index - self.highest).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = index;
        } else if self.highest - index < WINDOW {
            self.seen |= 1 << (self.highest - index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollovers_are_counted_both_ways() {
        let mut rollover = Rollover::new(65_530);
        for (sequence, index) in [
            (65_534, 65_534),
            (2, 65_538),
            (65_535, 65_535),
            (32_769, 65_536 + 32_769),
            (65_000, 65_536 + 65_000),
            (100, 131_072 + 100),
        ] {
            assert_eq!(rollover.index_of(sequence), index);
            assert!(rollover.is_fresh(index) || index < 65_536);
            rollover.accept(index);
        }
        assert_eq!(Rollover::new(10).index_of(65_530), 65_530);
    }

    #[test]
    fn nothing_is_fresh_twice_and_what_is_far_behind_is_not_at_all() {
        let mut rollover = Rollover::new(1_000);
        assert!(!rollover.is_fresh(1_000));
        assert!(rollover.is_fresh(999) && rollover.is_fresh(873) && !rollover.is_fresh(872));
        rollover.accept(999);
        assert!(!rollover.is_fresh(999));
        rollover.accept(1_127);
        assert!(!rollover.is_fresh(1_000) && !rollover.is_fresh(999));
        assert!(rollover.is_fresh(1_001) && !rollover.is_fresh(1_127));
        rollover.accept(5_000);
        assert!(rollover.is_fresh(4_999) && !rollover.is_fresh(1_127));
    }
}
