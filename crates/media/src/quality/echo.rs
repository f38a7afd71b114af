//! Whether what is sent to a peer comes back from it: both directions of a leg get louder and quieter in the same way, one
//! of them a little later (hairpin, loopback, an echo that nobody cancels).
//!
//! What is compared is the loudness of each 20 ms, which the codes of G.711 tell nearly as they stand: without their sign
//! they are a logarithm. So a packet costs a sum of its octets, and five seconds cost 83 correlations of 250 values. Other
//! codecs would have to be decoded for it, and are not looked at.
//!
//! ```text
//! sent      ..#####....####..##......      the best of all delays is 40 ms or more: an echo
//! received  .....#####....####..##...      it is less, or negative: what we send is what we hear
//! ```

use std::time::{Duration, Instant};

use crate::g711::Law;

/// The loudness of both directions of a leg, and what was found in it.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    began: Option<Instant>,
    sent: Loudness,
    received: Loudness,
    /// Up to which slot it was looked through.
    judged: u32,
    /// The delay of the last windows, in slots, and of how many in a row.
    found: Option<(usize, u8)>,
    is_told: bool,
}

/// What we send comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echoed {
    /// How much later.
    pub delay: Duration,
    /// How alike the loudness of both is, in per mille.
    pub correlation_permille: u16,
}

/// One direction, by slots of 20 ms.
#[derive(Clone, Debug)]
struct Loudness {
    slots: [u8; SLOTS],
    /// The number of the last one.
    newest: u32,
}

impl Default for Echo {
    fn default() -> Echo {
        Echo {
            began: None,
            sent: Loudness::SILENT,
            received: Loudness::SILENT,
            judged: 0,
            found: None,
            is_told: false,
        }
    }
}

impl Echo {
    /// Audio went to the peer.
    pub(crate) fn sent(&mut self, law: Law, payload: &[u8], now: Instant) {
        let slot = self.slot(now);
        self.sent.put(slot, loudness(law, payload));
    }

    /// Audio came. What was found with it, once.
    pub(crate) fn received(&mut self, law: Law, payload: &[u8], now: Instant) -> Option<Echoed> {
        if self.is_told {
            return None;
        }
        let slot = self.slot(now);
        self.received.put(slot, loudness(law, payload));
        if (slot - self.judged.min(slot)) < NEEDED {
            return None;
        }
        // The next window begins where this one ends; only its past is looked at again.
        self.judged = slot - (NEEDED - WINDOW_SLOTS);
        let (delay, correlation) = match self.judge(slot) {
            Judged::Nothing => return None,
            Judged::NoEcho => {
                self.found = None;
                return None;
            }
            Judged::Echo { delay, correlation } => (delay, correlation),
        };
        let times = match self.found {
            Some((before, times)) if before.abs_diff(delay) <= 1 => times + 1,
            Some(_) | None => 1,
        };
        self.found = Some((delay, times));
        if times < TIMES {
            return None;
        }
        self.is_told = true;
        Some(Echoed {
            delay: SLOT * u32::try_from(delay).unwrap_or(0),
            correlation_permille: permille(correlation),
        })
    }

    fn slot(&mut self, now: Instant) -> u32 {
        let began = *self.began.get_or_insert(now);
        let since = now.saturating_duration_since(began);
        // Where a packet passes: no division of 128 bits.
        let slots = since.as_secs() * SLOTS_PER_S + u64::from(since.subsec_millis() / SLOT_MS);
        u32::try_from(slots).unwrap_or(u32::MAX)
    }

    /// Looks through the last window, up to this slot.
    fn judge(&self, end: u32) -> Judged {
        let first = end - NEEDED;
        let mut sent = [0; NEEDED_LENGTH];
        let mut received = [0; WINDOW];
        for (slot, value) in (first..).zip(&mut sent) {
            *value = self.sent.at(slot);
        }
        for (slot, value) in (end - WINDOW_SLOTS - AHEAD_SLOTS..).zip(&mut received) {
            *value = self.received.at(slot);
        }
        let heard = Sums::of(&received);
        if heard.spread() < SPREAD_LEAST {
            return Judged::Nothing;
        }
        // By how many slots it comes later than it was sent: from `DELAY_MAX` down to `AHEAD` the other way.
        let mut best = (0.0, 0);
        let mut spoken = Sums::of(&sent[..WINDOW]);
        for (start, window) in sent.windows(WINDOW).enumerate() {
            let correlation = heard.correlation(&received, spoken, window);
            if correlation > best.0 {
                best = (correlation, DELAY_MAX + AHEAD - start);
            }
            if let Some(&next) = sent.get(start + WINDOW) {
                spoken.slide(sent[start], next);
            }
        }
        let (correlation, shifted) = best;
        match shifted.checked_sub(AHEAD) {
            Some(delay) if delay >= DELAY_LEAST && correlation > CORRELATION_LEAST => {
                Judged::Echo { delay, correlation }
            }
            _ if correlation == 0.0 => Judged::Nothing,
            Some(_) | None => Judged::NoEcho,
        }
    }
}

/// What a window told.
enum Judged {
    /// Nobody spoke in it.
    Nothing,
    NoEcho,
    Echo {
        /// In slots.
        delay: usize,
        correlation: f32,
    },
}

/// Sums over a window.
#[derive(Clone, Copy, Debug)]
struct Sums {
    values: u32,
    squares: u32,
}

impl Sums {
    fn of(window: &[u8]) -> Sums {
        let values = window.iter().map(|&value| u32::from(value)).sum();
        let squares = window.iter().map(|&value| u32::from(value).pow(2)).sum();
        Sums { values, squares }
    }

    /// The variance, times the square of the length.
    fn spread(self) -> f32 {
        let squares = u64::from(self.squares) * WINDOW_LENGTH;
        float(squares.saturating_sub(u64::from(self.values).pow(2)))
    }

    /// The window moves on: one value goes, another comes.
    fn slide(&mut self, gone: u8, come: u8) {
        self.values = self.values - u32::from(gone) + u32::from(come);
        self.squares = self.squares - u32::from(gone).pow(2) + u32::from(come).pow(2);
    }

    /// Pearson's; 0 if the other does not vary.
    fn correlation(self, own: &[u8], that: Sums, other: &[u8]) -> f32 {
        let spread = that.spread();
        if spread < SPREAD_LEAST {
            return 0.0;
        }
        let pairs = own.iter().zip(other);
        let products: u32 = pairs
            .map(|(&one, &two)| u32::from(one) * u32::from(two))
            .sum();
        let together = u64::from(products) * WINDOW_LENGTH;
        let apart = u64::from(self.values) * u64::from(that.values);
        float(together.saturating_sub(apart)) / (self.spread() * spread).sqrt()
    }
}

impl Loudness {
    const SILENT: Loudness = Loudness {
        slots: [0; SLOTS],
        newest: 0,
    };

    /// A packet of that time. One that fills more than a slot, or is late, stands for those without any.
    fn put(&mut self, slot: u32, value: u8) {
        if slot < self.newest {
            return;
        }
        let held = self.slots[index(self.newest)];
        let missing = slot - self.newest;
        for late in 1..missing.min(SLOTS_LENGTH) {
            let value = if late <= HELD_SLOTS { held } else { 0 };
            self.slots[index(self.newest.wrapping_add(late))] = value;
        }
        let loudest = if missing == 0 { held.max(value) } else { value };
        self.slots[index(slot)] = loudest;
        self.newest = slot;
    }

    /// What was there; silence where nothing came yet.
    fn at(&self, slot: u32) -> u8 {
        match slot <= self.newest {
            true => self.slots[index(slot)],
            false => 0,
        }
    }
}

/// The mean of the codes without their sign, 0 to 127.
fn loudness(law: Law, payload: &[u8]) -> u8 {
    let flip = match law {
        Law::Mu => 0xff,
        Law::A => 0x55,
    };
    let length = payload.len().min(LOOKED_AT);
    let codes = payload[..length].iter();
    let sum: u32 = codes.map(|code| u32::from((code ^ flip) & 0x7f)).sum();
    let mean = sum / u32::try_from(length.max(1)).unwrap_or(1);
    u8::try_from(mean).unwrap_or(u8::MAX)
}

fn index(slot: u32) -> usize {
    usize::try_from(slot % SLOTS_LENGTH).unwrap_or(0)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "sums of a window as floats"
)]
fn float(sum: u64) -> f32 {
    sum as f32
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float of 0 to 1, and the cast saturates"
)]
fn permille(share: f32) -> u16 {
    (share * 1_000.0).round().min(1_000.0) as u16
}

/// How finely time is looked at: a packet of usual length.
const SLOT: Duration = Duration::from_millis(20);
const SLOT_MS: u32 = 20;
const SLOTS_PER_S: u64 = 50;
/// Slots that are compared: five seconds hold some words.
const WINDOW: usize = 250;
const WINDOW_SLOTS: u32 = 250;
const WINDOW_LENGTH: u64 = 250;
/// The longest delay that is looked for: a second and a half, twice over a satellite.
const DELAY_MAX: usize = 75;
/// How far the other way is looked, so that who echoes us is not taken for our echo: 160 ms.
const AHEAD: usize = 8;
const AHEAD_SLOTS: u32 = 8;
/// The shortest delay of an echo: what comes back sooner has not left the machine.
const DELAY_LEAST: usize = 2;
/// What has to be there before a window can be judged.
const NEEDED: u32 = 333;
const NEEDED_LENGTH: usize = WINDOW + DELAY_MAX + AHEAD;
const _: () = assert!(NEEDED_LENGTH == 333, "both are the same number");
/// Slots that are kept: those that are needed, and some to spare.
const SLOTS: usize = 340;
const SLOTS_LENGTH: u32 = 340;
/// For how many slots the last packet stands: packets are 60 ms long at most, and some are late.
const HELD_SLOTS: u32 = 4;
/// Octets of a packet that are looked at: 40 ms.
const LOOKED_AT: usize = 320;
/// How alike both directions are when one is the other.
const CORRELATION_LEAST: f32 = 0.8;
/// Windows in a row with one delay before it is told.
const TIMES: u8 = 3;
/// The variance of 12 steps of 127, times the square of the length: speech has 30 and more, a tone or a noisy line less.
const SPREAD_LEAST: f32 = 144.0 * 62_500.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::g711;

    /// Talkers take turns, each for himself, and what comes back of the one is the other. Loudness by slot.
    fn talker(seed: u32, slots: usize) -> Vec<u8> {
        let mut state = seed;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        let (mut speaks, mut left, mut loud) = (false, 0, 0);
        let each = |_| {
            if left == 0 {
                speaks = !speaks;
                left = if speaks {
                    4 + random() % 12
                } else {
                    3 + random() % 30
                };
                loud = 40 + random() % 60;
            }
            left -= 1;
            let wobble = random() % 15;
            u8::try_from(if speaks { loud + wobble } else { wobble / 4 }).unwrap()
        };
        (0..slots).map(each).collect()
    }

    /// Plays both directions; what was found, and after how long.
    fn plays(
        law: Law,
        sent: impl Fn(usize) -> u8,
        received: impl Fn(usize) -> u8,
    ) -> Option<(Echoed, Duration)> {
        let start = clock::start();
        let mut echo = Echo::default();
        let code = |level: u8| match law {
            Law::Mu => 0xff ^ level,
            Law::A => 0x55 ^ level,
        };
        (0..3_000).find_map(|slot: usize| {
            // Jitter of a few milliseconds.
            let jitter = Duration::from_millis(u64::try_from(slot * 7 % 9).unwrap());
            let now = start + SLOT * u32::try_from(slot).unwrap();
            echo.sent(law, &[code(sent(slot)); 160], now);
            let at = now + jitter;
            let found = echo.received(law, &[code(received(slot)); 160], at)?;
            Some((found, at - start))
        })
    }

    #[test]
    fn what_comes_back_is_told_with_its_delay_after_three_windows() {
        for (law, delay) in [(Law::Mu, 2), (Law::A, 12), (Law::Mu, 75)] {
            let ours = talker(7, 3_000);
            let theirs = |slot: usize| slot.checked_sub(delay).map_or(0, |slot| ours[slot]);
            let (echoed, after) = plays(law, |slot| ours[slot], theirs).unwrap();
            let told = echoed.delay.as_millis() / 20;
            assert!(
                told.abs_diff(u128::try_from(delay).unwrap()) <= 1,
                "{told} for {delay}"
            );
            assert!(echoed.correlation_permille > 900, "{echoed:?}");
            assert!(after < Duration::from_secs(18), "{after:?}");
        }
    }

    #[test]
    fn a_fainter_echo_is_one_too() {
        let ours = talker(3, 3_000);
        let theirs = |slot: usize| slot.checked_sub(20).map_or(0, |slot| ours[slot] * 2 / 3);
        assert!(plays(Law::Mu, |slot| ours[slot], theirs).is_some());
    }

    #[test]
    fn people_who_talk_to_each_other_are_no_echo() {
        for seed in 0..20 {
            let (ours, theirs) = (talker(seed, 3_000), talker(seed + 1_000, 3_000));
            assert_eq!(plays(Law::Mu, |slot| ours[slot], |slot| theirs[slot]), None);
            // Each waits for the other's end.
            let polite = |slot: usize| if ours[slot] > 20 { 2 } else { theirs[slot] };
            assert_eq!(plays(Law::Mu, |slot| ours[slot], polite), None);
        }
    }

    #[test]
    fn who_hears_himself_of_us_sends_no_echo() {
        let theirs = talker(5, 3_000);
        for delay in [0, 1, 3, 8] {
            let ours = |slot: usize| slot.checked_sub(delay).map_or(0, |slot| theirs[slot]);
            assert_eq!(plays(Law::Mu, ours, |slot| theirs[slot]), None, "{delay}");
        }
    }

    #[test]
    fn silence_noise_and_tones_are_none() {
        let ours = talker(9, 3_000);
        for level in [0, 3, 90] {
            assert_eq!(plays(Law::Mu, |slot| ours[slot], |_| level), None);
            assert_eq!(plays(Law::Mu, |_| level, |slot| ours[slot]), None);
            assert_eq!(plays(Law::Mu, |_| level, |_| level), None);
        }
    }

    #[test]
    fn loudness_is_that_of_the_code_in_either_law() {
        for law in [Law::Mu, Law::A] {
            assert_eq!(loudness(law, &[g711::silence(law); 160]), 0);
            assert_eq!(loudness(law, &[]), 0);
            let loud = g711::encode(law, 30_000);
            let faint = g711::encode(law, 300);
            assert!(loudness(law, &[loud; 20]) > loudness(law, &[faint; 20]) + 30);
        }
    }
}
