//! The VoIP metrics of an extended report (RFC 3611, section 4.7).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     BT=7      |   reserved    |       block length = 8        |
//! |                        SSRC of source                         |
//! |   loss rate   | discard rate  | burst density |  gap density  |
//! |       burst duration          |         gap duration          |
//! |     round trip delay          |       end system delay        |
//! | signal level  |  noise level  |     RERL      |     Gmin      |
//! |   R factor    | ext. R factor |    MOS-LQ     |    MOS-CQ     |
//! |   RX config   |   reserved    |          JB nominal           |
//! |          JB maximum           |          JB abs max           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use super::compound::word;

/// What a peer heard of our packets, by its own account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Lost on the way, in per mille.
    pub lost_permille: u16,
    /// Thrown away by its jitter buffer, in per mille.
    pub discarded_permille: u16,
    /// The mean length of bursts of both, in milliseconds.
    pub burst_ms: u16,
    /// The mean length of the gaps between them, in milliseconds.
    pub gap_ms: u16,
    /// The last round trip, in milliseconds; 0 if it does not know.
    pub round_trip_ms: u16,
    /// The delay in the peer itself, in milliseconds.
    pub end_system_ms: u16,
    /// The level of the voice, in dBm0.
    pub signal_dbm0: Option<i8>,
    /// The level of the noise, in dBm0.
    pub noise_dbm0: Option<i8>,
    /// Its residual echo return loss, in dB.
    pub echo_return_loss_db: Option<u8>,
    /// R, 0 to 100.
    pub r_factor: Option<u8>,
    /// The opinion of listening, in tenths.
    pub mos_lq_tenths: Option<u8>,
    /// The opinion of conversation, in tenths.
    pub mos_cq_tenths: Option<u8>,
    /// The delay of its jitter buffer now, in milliseconds.
    pub buffer_ms: u16,
    /// The most that it may become, in milliseconds.
    pub buffer_max_ms: u16,
}

impl Metrics {
    /// Reads the block about our packets of an extended report, behind its header.
    pub(super) fn parse(body: &[u8], ours: u32) -> Option<Metrics> {
        let (_, mut rest) = word(body)?;
        while let Some((&[kind, _, high, low], behind)) = rest.split_first_chunk() {
            let words = usize::from(u16::from_be_bytes([high, low]));
            let (block, behind) = behind.split_at_checked(words * 4)?;
            if kind == VOIP_METRICS
                && let Some((about, metrics)) = word(block)
                && about == ours
            {
                return Metrics::of(metrics.first_chunk()?);
            }
            rest = behind;
        }
        None
    }

    fn of(octets: &[u8; METRICS_BYTES]) -> Option<Metrics> {
        let &[
            lost,
            discarded,
            _,
            _,
            burst_high,
            burst_low,
            gap_high,
            gap_low,
            trip_high,
            trip_low,
            end_high,
            end_low,
            signal,
            noise,
            echo,
            _,
            r,
            _,
            lq,
            cq,
            _,
            _,
            buffer_high,
            buffer_low,
            max_high,
            max_low,
            _,
            _,
        ] = octets;
        let share = |of_256: u8| u16::from(of_256) * 1_000 / 256;
        let known = |octet: u8| (octet != UNAVAILABLE).then_some(octet);
        let level = |octet: u8| known(octet).map(u8::cast_signed);
        Some(Metrics {
            lost_permille: share(lost),
            discarded_permille: share(discarded),
            burst_ms: u16::from_be_bytes([burst_high, burst_low]),
            gap_ms: u16::from_be_bytes([gap_high, gap_low]),
            round_trip_ms: u16::from_be_bytes([trip_high, trip_low]),
            end_system_ms: u16::from_be_bytes([end_high, end_low]),
            signal_dbm0: level(signal),
            noise_dbm0: level(noise),
            echo_return_loss_db: known(echo),
            r_factor: known(r).filter(|r| *r <= 100),
            mos_lq_tenths: known(lq).filter(|mos| (10..=50).contains(mos)),
            mos_cq_tenths: known(cq).filter(|mos| (10..=50).contains(mos)),
            buffer_ms: u16::from_be_bytes([buffer_high, buffer_low]),
            buffer_max_ms: u16::from_be_bytes([max_high, max_low]),
        })
    }
}

const VOIP_METRICS: u8 = 7;
/// Octets behind the SSRC.
const METRICS_BYTES: usize = 28;
/// What stands where the peer does not know (section 4.7).
const UNAVAILABLE: u8 = 127;

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: u32 = 0x0102_0304;

    /// The body of an extended report: a block that nobody reads, then the metrics.
    fn body() -> Vec<u8> {
        let mut body = vec![0, 0, 0, 7, 4, 0, 0, 2, 1, 1, 1, 1, 2, 2, 2, 2];
        body.extend([7, 0, 0, 8, 1, 2, 3, 4]);
        body.extend([13, 5, 128, 2, 0, 120, 35, 40, 0, 41, 0, 80]);
        body.extend([
            236, 190, 127, 16, 88, 127, 42, 127, 0, 0, 0, 60, 0, 200, 1, 44,
        ]);
        body
    }

    #[test]
    fn the_block_about_us_is_read() {
        let metrics = Metrics::parse(&body(), OURS).unwrap();
        assert_eq!(
            (metrics.lost_permille, metrics.discarded_permille),
            (50, 19)
        );
        assert_eq!((metrics.burst_ms, metrics.gap_ms), (120, 9_000));
        assert_eq!((metrics.round_trip_ms, metrics.end_system_ms), (41, 80));
        assert_eq!(
            (metrics.signal_dbm0, metrics.noise_dbm0),
            (Some(-20), Some(-66))
        );
        assert_eq!(metrics.echo_return_loss_db, None);
        assert_eq!(
            (
                metrics.r_factor,
                metrics.mos_lq_tenths,
                metrics.mos_cq_tenths
            ),
            (Some(88), Some(42), None)
        );
        assert_eq!((metrics.buffer_ms, metrics.buffer_max_ms), (60, 200));
    }

    #[test]
    fn what_is_cut_or_about_another_is_none() {
        assert_eq!(Metrics::parse(&body(), OURS + 1), None);
        for end in 0..body().len() {
            assert_eq!(Metrics::parse(&body()[..end], OURS), None, "{end}");
        }
        let mut long = body();
        long[7] = 0xff;
        assert_eq!(Metrics::parse(&long, OURS), None);
    }
}
