//! Streams that begin at the learned source under another SSRC, and are not let in: a media server that restarts.

/// The streams that were seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Foreign {
    /// The SSRC of the last packet, its number, and how many of it came in sequence.
    last: Option<(u32, u16, u8)>,
    /// How many there were.
    pub(super) streams: u32,
}

impl Foreign {
    /// A packet came that was refused for its SSRC alone.
    pub(super) fn take(&mut self, ssrc: u32, sequence: u16) {
        let in_row = match self.last {
            Some((known, before, in_row))
                if known == ssrc && (1..=STEP_MAX).contains(&sequence.wrapping_sub(before)) =>
            {
                in_row.saturating_add(1)
            }
            // It goes on where it was: repeated, behind, or far ahead.
            Some((known, _, in_row)) if known == ssrc => in_row,
            Some(_) | None => 1,
        };
        self.streams += u32::from(in_row == PLAUSIBLE_PACKETS && !self.is_counted(ssrc));
        self.last = Some((ssrc, sequence, in_row));
    }

    fn is_counted(&self, ssrc: u32) -> bool {
        self.last
            .is_some_and(|(known, _, in_row)| known == ssrc && in_row >= PLAUSIBLE_PACKETS)
    }
}

/// Packets in sequence before it is a stream, as for one that is let in.
const PLAUSIBLE_PACKETS: u8 = 3;
/// How far the numbers may step between them.
const STEP_MAX: u16 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_three_packets_in_sequence_and_counts_once() {
        let streams = |packets: &[(u32, u16)]| {
            let mut foreign = Foreign::default();
            packets
                .iter()
                .for_each(|&(ssrc, sequence)| foreign.take(ssrc, sequence));
            foreign.streams
        };
        assert_eq!(streams(&[(1, 1), (1, 2)]), 0);
        assert_eq!(
            streams(&[
                (1, 1),
                (1, 2),
                (1, 3),
                (1, 4),
                (1, 4),
                (1, 9_000),
                (1, 9_001)
            ]),
            1
        );
        assert_eq!(
            streams(&[(1, 1), (2, 1), (1, 2), (2, 2), (1, 3), (2, 3)]),
            0
        );
        let thrice = [
            (1, 1),
            (1, 2),
            (1, 3),
            (2, 7),
            (2, 8),
            (2, 9),
            (3, 65_535),
            (3, 0),
            (3, 1),
        ];
        assert_eq!(streams(&thrice), 3);
    }
}
