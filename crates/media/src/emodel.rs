//! How a connection is rated by what it does to speech: the E-model (ITU-T G.107), and the mean opinion that it stands for.
//!
//! ```text
//! R = Ro − Is − Id − Ie,eff                        Ie,eff = Ie + (95 − Ie) · Ppl / (Ppl / BurstR + Bpl)
//!     94.8  1.4  delay  codec and loss              G.107, clause 7.5; Ie and Bpl: G.113, Appendix I
//! ```
//!
//! Everything but delay, codec and loss has the default value of G.107, table 2. A rating tells what this leg can be at
//! best: what the far side does to the sound is not in it. Where the delay is not known its term is left out, and the rating
//! says so.

use std::time::Duration;

use crate::codec::Codec;

/// The values that a rating rests on, by the name of where they are from. A rating without them cannot be compared:
/// one per cent of loss is worth 4.3 or 3.8. Those of G.711 are planning values of ITU-T G.113 (11/2007), Appendix I, table
/// I.4, for random loss of packets of 10 ms; longer ones are rated by them too, there are no others. Those of G.722 and Opus
/// are ours: table I.4 has neither codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pin {
    /// G.711 with the concealment of its Appendix I: Ie 0, Bpl 25.1 (G.113, table I.4). Every phone conceals.
    G711Concealed,
    /// G.711 where silence is played for what is lost: Ie 0, Bpl 4.3 (G.113, table I.4).
    G711Plain,
    /// G.722 on the scale of narrowband: Ie 0, because it is no worse than G.711 there, and Bpl 13, half way between G.711
    /// with concealment and without, because what it predicts is wrong for a while behind a loss. An estimate: G.113 rates it
    /// on the scale of wideband only (Appendix IV).
    G722Estimated,
    /// Opus on the scale of narrowband: Ie 0 and Bpl 25, as G.711 whose losses are concealed. An estimate: no edition of
    /// G.113 rates it.
    OpusEstimated,
}

/// What happened to the packets of one direction, and how long they took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Path {
    /// Packets that the listener did not hear: lost, or too late for his buffer.
    pub missing: u64,
    /// Packets that were sent to him.
    pub expected: u64,
    /// Runs of lost packets; as many as `missing` if each was lost alone.
    pub runs: u64,
    /// From mouth to ear as far as this leg is concerned; none if it cannot be told.
    pub delay: Option<Duration>,
}

/// A rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// R in tenths, 0 to 1000; 932 is the best that narrowband can be.
    pub r_tenths: u16,
    /// The mean opinion score that R stands for (G.107, annex B) in hundredths, 100 to 450.
    pub mos_hundredths: u16,
    /// The delay that is in it; if absent it is rated without, and is what it can be at best.
    pub delay_ms: Option<u32>,
    /// The values that it rests on.
    pub pin: Pin,
}

impl Pin {
    /// What is known of a codec. Linear samples lose what G.711 does.
    pub fn of(codec: Codec) -> Pin {
        match codec {
            Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::L16Wide => Pin::G711Concealed,
            Codec::G722 => Pin::G722Estimated,
            Codec::Opus => Pin::OpusEstimated,
        }
    }

    /// The equipment impairment factor of the codec without loss.
    pub fn ie(self) -> f64 {
        match self {
            Pin::G711Concealed | Pin::G711Plain | Pin::G722Estimated | Pin::OpusEstimated => 0.0,
        }
    }

    /// The packet-loss robustness factor.
    pub fn bpl(self) -> f64 {
        match self {
            Pin::G711Concealed => 25.1,
            Pin::G711Plain => 4.3,
            Pin::G722Estimated => 13.0,
            Pin::OpusEstimated => 25.0,
        }
    }

    /// Ie in tenths.
    pub fn ie_tenths(self) -> u16 {
        rounded(self.ie() * 10.0)
    }

    /// Bpl in tenths.
    pub fn bpl_tenths(self) -> u16 {
        rounded(self.bpl() * 10.0)
    }

    /// What it is called where people read it.
    pub fn name(self) -> &'static str {
        match self {
            Pin::G711Concealed => "G.711 with concealment",
            Pin::G711Plain => "G.711 without concealment",
            Pin::G722Estimated => "G.722, estimated",
            Pin::OpusEstimated => "Opus, estimated",
        }
    }
}

impl Path {
    /// Its rating; none if nothing was sent on it.
    pub fn rate(&self, pin: Pin) -> Option<Rating> {
        if self.expected == 0 {
            return None;
        }
        let delay = self.delay.unwrap_or(Duration::ZERO);
        let r = RO - IS - delay_impairment(delay) - self.loss_impairment(pin);
        Some(Rating {
            r_tenths: rounded(r.clamp(0.0, 100.0) * 10.0),
            mos_hundredths: rounded(mos(r) * 100.0),
            delay_ms: self
                .delay
                .map(|delay| u32::try_from(delay.as_millis()).unwrap_or(u32::MAX)),
            pin,
        })
    }

    /// Ie,eff (G.107, clause 7.5).
    fn loss_impairment(&self, pin: Pin) -> f64 {
        let lost = share(self.missing, self.expected);
        let percent = lost * 100.0;
        if percent <= 0.0 {
            return pin.ie();
        }
        pin.ie() + (95.0 - pin.ie()) * percent / (percent / self.burst_ratio(lost) + pin.bpl())
    }

    /// How much longer runs of losses are than those of a network that loses at random: 1 for such a one.
    fn burst_ratio(&self, lost: f64) -> f64 {
        if self.runs == 0 || lost >= 1.0 {
            return 1.0;
        }
        let length = share(self.missing, 1) / share(self.runs, 1);
        // Fewer losses in a row than at random are no better than at random (G.107: BurstR ≥ 1).
        (length * (1.0 - lost)).max(1.0)
    }
}

/// Id for a mouth-to-ear delay (G.107, clause 7.4), with the default loss of both echo paths.
fn delay_impairment(delay: Duration) -> f64 {
    let t = delay.as_secs_f64() * 1000.0;
    talker_echo(t) + listener_echo(2.0 * t) + long_delay(t)
}

/// Idte: what a talker hears of himself, for TELR 65 dB.
fn talker_echo(t: f64) -> f64 {
    let terv =
        TELR - 40.0 * ((1.0 + t / 10.0) / (1.0 + t / 150.0)).log10() + 6.0 * (-0.3 * t * t).exp();
    let re = 80.0 + 2.5 * (terv - 14.0);
    let half = (ROE - re) / 2.0;
    (half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-t).exp())
}

/// Idle: what a listener hears twice, for WEPL 110 dB.
fn listener_echo(round_trip: f64) -> f64 {
    let rle = 10.5 * (WEPL + 7.0) * (round_trip + 1.0).powf(-0.25);
    let half = (RO - rle) / 2.0;
    half + (half * half + 169.0).sqrt()
}

/// Idd: that one has to wait for the other, echo or not.
fn long_delay(t: f64) -> f64 {
    if t <= 100.0 {
        return 0.0;
    }
    let x = (t / 100.0).log2();
    let sixth = |y: f64| (1.0 + y.powi(6)).powf(1.0 / 6.0);
    25.0 * (sixth(x) - 3.0 * sixth(x / 3.0) + 2.0)
}

/// G.107, annex B.
fn mos(r: f64) -> f64 {
    let r = r.clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

/// One count through the other; counts of a call have fewer than 32 bits.
fn share(part: u64, whole: u64) -> f64 {
    let float = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(part) / float(whole.max(1))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float of 0 to 1000, and the cast saturates"
)]
fn rounded(value: f64) -> u16 {
    value.round() as u16
}

/// The signal-to-noise ratio of the default values (G.107, clause 7.2).
const RO: f64 = 94.77;
/// What comes with the voice: loudness, sidetone, quantising, for the default values (clause 7.3).
const IS: f64 = 1.41;
/// −1.5 · (No − RLR) of the default values (clause 7.4).
const ROE: f64 = 94.77;
/// Talker echo loudness rating, in dB: an echo canceller is at work.
const TELR: f64 = 65.0;
/// Weighted echo path loss, in dB.
const WEPL: f64 = 110.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(missing: u64, runs: u64, delay_ms: Option<u64>, pin: Pin) -> (u16, u16) {
        let path = Path {
            missing,
            expected: 10_000,
            runs,
            delay: delay_ms.map(Duration::from_millis),
        };
        let rating = path.rate(pin).unwrap();
        (rating.r_tenths, rating.mos_hundredths)
    }

    /// The values that everybody knows, and where they are from.
    #[test]
    fn ratings_are_those_of_the_recommendations() {
        // G.107: 93.2 and 4.41 for the default values.
        assert_eq!(rate(0, 0, Some(0), Pin::G711Concealed), (932, 441));
        assert_eq!(rate(0, 0, None, Pin::G711Plain), (932, 441));
        // G.114, figure I.1, as near as a figure can be read: 150 ms about 90, 400 ms about 60.
        let (at_150, _) = rate(0, 0, Some(150), Pin::G711Concealed);
        let (at_400, _) = rate(0, 0, Some(400), Pin::G711Concealed);
        assert!((890..=910).contains(&at_150), "{at_150}");
        assert!((600..=640).contains(&at_400), "{at_400}");
        // G.113: at 1 % of random loss 95 / (1 + 25.1) = 3.6 with concealment, 95 / (1 + 4.3) = 17.9 without.
        assert_eq!(rate(100, 100, None, Pin::G711Concealed).0, 932 - 36);
        assert_eq!(rate(100, 100, None, Pin::G711Plain).0, 932 - 179);
    }

    #[test]
    fn more_loss_more_delay_and_longer_runs_are_never_better() {
        for pin in [Pin::G711Concealed, Pin::G711Plain, Pin::OpusEstimated] {
            let by = |ratings: Vec<(u16, u16)>| {
                assert!(
                    ratings.windows(2).all(|pair| pair[1] <= pair[0]),
                    "{ratings:?}"
                );
            };
            by((0..=100)
                .map(|n| rate(n * 100, n * 100, None, pin))
                .collect());
            by((0..100).map(|n| rate(0, 0, Some(n * 20), pin)).collect());
            by([300, 150, 75, 30]
                .map(|runs| rate(300, runs, None, pin))
                .into());
        }
        assert_eq!(rate(10_000, 1, Some(10_000), Pin::G711Plain), (0, 100));
    }

    #[test]
    fn nothing_sent_is_not_rated() {
        assert_eq!(Path::default().rate(Pin::G711Concealed), None);
    }
}
