//! What the numbers of a leg begin with.

/// The seeds of what is sent on a leg (RFC 3550, section 5.1: all three are random).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeds {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    /// What the leg is called in its reports follows from it (RFC 7022).
    pub name: u64,
}

impl Seeds {
    /// The next ones of a call (SplitMix64).
    pub(crate) fn next(seed: &mut u64) -> Seeds {
        let mut next = || {
            *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)).to_le_bytes()
        };
        let [a, b, c, d, e, f, ..] = next();
        let [g, h, i, j, ..] = next();
        let name = u64::from_le_bytes(next());
        Seeds {
            ssrc: u32::from_le_bytes([a, b, c, d]),
            // In the lower half, so that a peer that misses the first ones of an SRTP stream does not miss a rollover
            // (RFC 4568, section 6.4).
            sequence: u16::from_le_bytes([e, f & 0x7f]),
            timestamp: u32::from_le_bytes([g, h, i, j]),
            name,
        }
    }
}
