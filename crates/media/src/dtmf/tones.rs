//! Keys as pairs of tones in the audio (ITU-T Q.23), found again as Q.24 asks of a receiver.
//!
//! Blocks of 102 samples, 12.75 ms, go through eight filters (Goertzel). A block is a hit if one low and one high tone
//! are loud enough, stand out of their group, are as loud as each other within the twist that Q.24 allows, and are
//! nearly all that can be heard: speech is more than two tones. Two hits in a row are a key if the phases of both tones
//! went on as those of the key do, which tells a frequency better than filters of 78 Hz; three misses in a row are its end.
//! So a tone of 40 ms is always told and one of 17 ms never; 40 ms of pause part two keys and 10 ms do not.

use std::f32::consts::TAU;
use std::time::Duration;

use super::{Digit, Press};

/// What listens to one direction of one leg, at 8,000 samples a second.
#[derive(Clone, Debug)]
pub struct Tones {
    block: Block,
    /// The hit of the block before.
    before: Option<Hit>,
    down: Option<Down>,
}

/// A key that can be heard.
#[derive(Clone, Copy, Debug)]
struct Down {
    digit: Digit,
    /// Blocks since its first hit, and how many of the last of them were no hit.
    blocks: u32,
    misses: u32,
    volume: u8,
}

/// The filters at work.
#[derive(Clone, Copy, Debug)]
struct Block {
    last: [f32; 8],
    before: [f32; 8],
    energy: f32,
    samples: u8,
}

/// What a block was.
#[derive(Clone, Copy, Debug)]
struct Hit {
    digit: Digit,
    /// Its power below 0 dBm0.
    volume: u8,
    low: Tone,
    high: Tone,
    /// The power of a single sine that would be all that was heard.
    whole: f32,
}

/// One of its tones.
#[derive(Clone, Copy, Debug)]
struct Tone {
    /// Which of the eight.
    filter: usize,
    /// Its phase at the end of the block.
    phase: f32,
    power: f32,
}

impl Default for Tones {
    fn default() -> Tones {
        Tones {
            block: Block::EMPTY,
            before: None,
            down: None,
        }
    }
}

impl Tones {
    /// Listens on; the keys that were let go within these samples. At most one in 50 ms.
    pub fn listen(
        &mut self,
        samples: impl IntoIterator<Item = i16>,
        mut pressed: impl FnMut(Press),
    ) {
        for sample in samples {
            self.block.take(f32::from(sample));
            if self.block.samples == BLOCK_SAMPLES {
                let hit = self.block.hit();
                self.block = Block::EMPTY;
                if let Some(press) = self.judge(hit) {
                    pressed(press);
                }
            }
        }
    }

    /// The key that can be heard now.
    pub fn down(&self) -> Option<Digit> {
        self.down.map(|down| down.digit)
    }

    /// The audio breaks off: what was heard was all of it.
    pub fn stop(&mut self) -> Option<Press> {
        let press = self.down.map(Down::press);
        *self = Tones::default();
        press
    }

    fn judge(&mut self, hit: Option<Hit>) -> Option<Press> {
        let digit = hit.map(|hit| hit.digit);
        let before = std::mem::replace(&mut self.before, hit);
        let again = hit.filter(|hit| before.is_some_and(|before| hit.continues(&before)));
        let mut ended = None;
        if let Some(down) = &mut self.down {
            down.blocks += 1;
            down.misses = if digit == Some(down.digit) {
                0
            } else {
                down.misses + 1
            };
            let replaced = again.is_some_and(|hit| hit.digit != down.digit);
            if down.misses < ENDS_AFTER && !replaced {
                return None;
            }
            ended = self.down.take().map(Down::press);
        }
        if let Some(hit) = again {
            self.down = Some(Down {
                digit: hit.digit,
                blocks: BEGINS_AFTER,
                misses: 0,
                volume: hit.volume,
            });
        }
        ended
    }
}

impl Hit {
    /// Whether both tones are those of the key, went on without a break, and were alone in both blocks.
    fn continues(&self, before: &Hit) -> bool {
        let lost = self.low.lost(before.low).zip(self.high.lost(before.high));
        let Some((low, high)) = lost.filter(|_| self.digit == before.digit) else {
            return false;
        };
        let is_alone = |hit: &Hit| hit.low.power / low + hit.high.power / high >= ALONE * hit.whole;
        is_alone(self) && is_alone(before)
    }
}

impl Tone {
    /// The share of its power that a filter shows of a tone that is off by as much as its phase tells; none if that is
    /// too much.
    fn lost(self, before: Tone) -> Option<f32> {
        let turn = COSINES[self.filter].acos() * f32::from(BLOCK_SAMPLES);
        let off = self.phase - before.phase - turn;
        let off = (off - TAU * (off / TAU).round()).abs();
        if off > turn * OFF_MAX {
            return None;
        }
        let half = (off / 2.0).max(1e-3);
        Some((half.sin() / half).powi(2))
    }
}

impl Down {
    fn press(self) -> Press {
        let blocks = u64::from(self.blocks - self.misses);
        Press {
            digit: self.digit,
            duration: Duration::from_micros(blocks * BLOCK_US),
            volume: self.volume,
        }
    }
}

impl Block {
    const EMPTY: Block = Block {
        last: [0.0; 8],
        before: [0.0; 8],
        energy: 0.0,
        samples: 0,
    };

    /// Eight filters side by side, so that they take one vector instruction each step.
    fn take(&mut self, sample: f32) {
        self.energy += sample * sample;
        self.samples += 1;
        for ((last, before), cosine) in self.last.iter_mut().zip(&mut self.before).zip(COSINES) {
            (*last, *before) = (sample + 2.0 * cosine * *last - *before, *last);
        }
    }

    fn hit(&self) -> Option<Hit> {
        // The usual block is quiet, and costs nothing more.
        if self.energy < ENERGY_LEAST {
            return None;
        }
        let mut power = [0.0; 8];
        for (filter, power) in power.iter_mut().enumerate() {
            let (last, before) = (self.last[filter], self.before[filter]);
            *power = last * last + before * before - 2.0 * COSINES[filter] * last * before;
        }
        let (low, high) = power.split_at(4);
        let (row, low) = standing_out(low)?;
        let (column, high) = standing_out(high)?;
        let loud = low >= POWER_LEAST && high >= POWER_LEAST;
        let balanced = low <= high * LOW_LOUDER && high <= low * HIGH_LOUDER;
        // For a sine of amplitude A: power (A · N / 2)², energy A² · N / 2.
        let whole = self.energy * HALF_BLOCK;
        if !(loud && balanced && low + high >= MOST * whole) {
            return None;
        }
        let level = 10.0 * ((low + high) / FULL_SCALE_POWER).log10() + FULL_SCALE_DBM0;
        Some(Hit {
            digit: Digit::new(KEYPAD[row][column])?,
            volume: below_zero(level),
            low: self.tone(row, low),
            high: self.tone(4 + column, high),
            whole,
        })
    }

    fn tone(&self, filter: usize, power: f32) -> Tone {
        let (last, before, cosine) = (self.last[filter], self.before[filter], COSINES[filter]);
        let sine = (1.0 - cosine * cosine).sqrt();
        Tone {
            filter,
            phase: (before * sine).atan2(last - before * cosine),
            power,
        }
    }
}

/// The loudest of a group, if it stands out of it.
fn standing_out(group: &[f32]) -> Option<(usize, f32)> {
    let (index, &loudest) = group
        .iter()
        .enumerate()
        .max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let others = group
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != index);
    others
        .map(|(_, power)| power * STANDS_OUT)
        .all(|least| loudest >= least)
        .then_some((index, loudest))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float of 0 to 63, and the cast saturates"
)]
fn below_zero(dbm0: f32) -> u8 {
    (-dbm0).round().clamp(0.0, 63.0) as u8
}

/// Q.23: rows of low tones, columns of high ones.
const KEYPAD: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];
/// The tones of the rows, in Hz.
#[cfg(test)]
const LOW_HZ: [u16; 4] = [697, 770, 852, 941];
/// The tones of the columns, in Hz.
#[cfg(test)]
const HIGH_HZ: [u16; 4] = [1209, 1336, 1477, 1633];
/// cos(2π · f / 8000) of the rows and columns; a test computes them.
const COSINES: [f32; 8] = [
    0.853_868_9,
    0.822_640_5,
    0.784_343_5,
    0.739_102_3,
    0.582_052,
    0.498_185_1,
    0.399_309_2,
    0.284_266_35,
];
const BLOCK_SAMPLES: u8 = 102;
const HALF_BLOCK: f32 = 51.0;
/// Microseconds of a block.
const BLOCK_US: u64 = 12_750;
/// Hits in a row that are a key.
const BEGINS_AFTER: u32 = 2;
/// Misses in a row that are its end.
const ENDS_AFTER: u32 = 3;
/// The faintest tone: −30 dBm0, an amplitude of 720, below what Q.24 asks of a receiver (−25 dBm at most).
const POWER_LEAST: f32 = 720.0 * HALF_BLOCK * 720.0 * HALF_BLOCK;
/// Energy of a block with two such tones.
const ENERGY_LEAST: f32 = 2.0 * 720.0 * 720.0 * HALF_BLOCK;
/// Power of a sine at full scale.
const FULL_SCALE_POWER: f32 = 32_768.0 * HALF_BLOCK * 32_768.0 * HALF_BLOCK;
/// What that is (G.711, µ-law).
const FULL_SCALE_DBM0: f32 = 3.17;
/// Twist (Q.24): the low tone may be 8 dB louder than the high one, and 1 dB for what it adds to the high one's filter,
const LOW_LOUDER: f32 = 7.94;
/// and the high one 4 dB louder than the low one, and a little.
const HIGH_LOUDER: f32 = 2.82;
/// A tone is 8 dB louder than the others of its group.
const STANDS_OUT: f32 = 6.31;
/// Both are that share of all that is heard in a block. Tones that are off by 1.5 % lose a fifth in filters of 78 Hz,
const MOST: f32 = 0.65;
/// which is made up for when two blocks tell how far they are off: then they are nearly all, with noise 15 dB below.
const ALONE: f32 = 0.90;
/// How far a tone may be off (Q.24): taken at 1.5 %, not taken at 3.5 %.
const OFF_MAX: f32 = 0.02;

#[cfg(test)]
#[expect(clippy::as_conversions, reason = "samples of tests come from floats")]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// The loudest sine of A-law (ITU-T G.711), in dBm0.
    const FULL_DBM0: f64 = 314.0 / 100.0;

    /// Two tones: their frequencies in Hz, their levels in dBm0, and for how many milliseconds.
    fn pair((low, high): (f64, f64), (low_db, high_db): (f64, f64), ms: f64) -> Vec<i16> {
        let amplitude = |db: f64| 32_768.0 * 10f64.powf((db - FULL_DBM0) / 20.0);
        let samples = (ms * 8.0) as usize;
        (0..samples)
            .map(|n| {
                let t = n as f64 / 8000.0;
                let low = amplitude(low_db) * (TAU * low * t).sin();
                (low + amplitude(high_db) * (TAU * high * t).sin()) as i16
            })
            .collect()
    }

    fn key(key: char, ms: f64) -> Vec<i16> {
        let (row, column) = place(key);
        let tones = (f64::from(LOW_HZ[row]), f64::from(HIGH_HZ[column]));
        pair(tones, (-8.0, -6.0), ms)
    }

    fn place(key: char) -> (usize, usize) {
        let found = (0..16).find(|n| KEYPAD[n / 4][n % 4] == key).unwrap();
        (found / 4, found % 4)
    }

    fn silence(ms: f64) -> Vec<i16> {
        vec![0; (ms * 8.0) as usize]
    }

    /// Keys with their durations in ms. Everything goes through G.711, in packets of 20 ms.
    fn heard(samples: &[i16]) -> Vec<(char, u128)> {
        let mut tones = Tones::default();
        let mut keys = Vec::new();
        for packet in samples.chunks(160) {
            let coded = packet
                .iter()
                .map(|&sample| crate::g711::encode(crate::g711::Law::Mu, sample))
                .map(|code| crate::g711::decode(crate::g711::Law::Mu, code));
            tones.listen(coded, |press| {
                keys.push((press.digit.key(), press.duration.as_millis()));
            });
        }
        keys.extend(
            tones
                .stop()
                .map(|press| (press.digit.key(), press.duration.as_millis())),
        );
        keys
    }

    fn keys(samples: &[i16]) -> String {
        heard(samples).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn the_filters_are_those_of_q_23() {
        for (&hz, cosine) in LOW_HZ.iter().chain(&HIGH_HZ).zip(COSINES) {
            let exact = (TAU * f64::from(hz) / 8000.0).cos();
            assert!((exact - f64::from(cosine)).abs() < 1e-5, "{hz}: {exact}");
        }
    }

    #[test]
    fn every_key_of_40_ms_with_40_ms_of_pause_is_told_once_wherever_it_begins() {
        let all = "123A456B789C*0#D";
        for offset in 0..102 {
            let mut samples = vec![0; offset];
            for press in all.chars() {
                samples.extend(key(press, 40.0));
                samples.extend(silence(40.0));
            }
            assert_eq!(keys(&samples), all, "{offset}");
        }
    }

    #[test]
    fn a_short_tone_is_none_and_a_short_break_ends_none() {
        for offset in 0..102 {
            let mut short = vec![0; offset];
            short.extend(key('5', 17.0));
            short.extend(silence(60.0));
            assert_eq!(keys(&short), "", "{offset}");
            let mut broken = vec![0; offset];
            broken.extend(key('5', 60.0));
            broken.extend(silence(10.0));
            broken.extend(key('5', 60.0));
            broken.extend(silence(60.0));
            assert_eq!(keys(&broken), "5", "{offset}");
        }
    }

    #[test]
    fn durations_are_told_within_a_block_or_two() {
        for ms in [40, 60, 100, 250, 1000, 5000] {
            let mut samples = silence(33.0);
            samples.extend(key('9', f64::from(ms)));
            samples.extend(silence(100.0));
            let [('9', told)] = heard(&samples)[..] else {
                panic!("{ms}: {:?}", heard(&samples));
            };
            let off = i64::try_from(told).unwrap() - i64::from(ms);
            assert!((-26..=13).contains(&off), "{ms}: {told}");
        }
    }

    #[test]
    fn frequency_twist_and_level_may_be_off_as_q_24_allows_and_no_more() {
        for key in "123A456B789C*0#D".chars() {
            let (row, column) = place(key);
            let (low, high) = (f64::from(LOW_HZ[row]), f64::from(HIGH_HZ[column]));
            let told = |by: (f64, f64), levels| {
                let mut samples = silence(20.0);
                samples.extend(pair((low * by.0, high * by.1), levels, 50.0));
                samples.extend(silence(50.0));
                keys(&samples)
            };
            for by in [
                (0.985, 0.985),
                (0.985, 1.015),
                (1.015, 0.985),
                (1.015, 1.015),
            ] {
                assert_eq!(told(by, (-8.0, -6.0)), key.to_string(), "{key} {by:?}");
            }
            for levels in [(-3.0, -3.0), (-25.0, -25.0), (-8.0, -15.5), (-10.0, -6.2)] {
                assert_eq!(
                    told((1.0, 1.0), levels),
                    key.to_string(),
                    "{key} {levels:?}"
                );
            }
            for by in [(0.965, 0.965), (1.035, 1.035)] {
                assert_eq!(told(by, (-8.0, -6.0)), "", "{key} {by:?}");
            }
            for levels in [(-35.0, -35.0), (-6.0, -18.0), (-16.0, -6.0)] {
                assert_eq!(told((1.0, 1.0), levels), "", "{key} {levels:?}");
            }
        }
    }

    #[test]
    fn noise_15_db_below_hides_no_key() {
        let mut seed = 1u32;
        let mut noise = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 16) / 32_768.0 - 1.0
        };
        // Uniform noise has a third of the square of its peak as its power; the pair has −3.9 dBm0.
        let peak = 32_768.0 * 10f64.powf((-3.9 - FULL_DBM0 - 3.01 - 15.0) / 20.0) * 3f64.sqrt();
        let mut samples = Vec::new();
        for press in "159D".chars() {
            samples.extend(key(press, 50.0));
            samples.extend(silence(60.0));
        }
        for sample in &mut samples {
            *sample = sample.saturating_add((noise() * peak) as i16);
        }
        assert_eq!(keys(&samples), "159D");
    }

    /// Vowels at every pitch of a voice: a train of pulses through the formants that Peterson and Barney measured.
    #[test]
    fn ten_minutes_of_vowels_are_no_key() {
        const VOWELS: [[f64; 3]; 10] = [
            [270.0, 2290.0, 3010.0],
            [390.0, 1990.0, 2550.0],
            [530.0, 1840.0, 2480.0],
            [660.0, 1720.0, 2410.0],
            [730.0, 1090.0, 2440.0],
            [570.0, 840.0, 2410.0],
            [440.0, 1020.0, 2240.0],
            [300.0, 870.0, 2240.0],
            [640.0, 1190.0, 2390.0],
            [490.0, 1350.0, 1690.0],
        ];
        let mut found = Vec::new();
        for pitch in (80..320).step_by(4) {
            for formants in VOWELS {
                found.extend(heard(&vowel(f64::from(pitch), formants, 1000.0)));
            }
        }
        assert_eq!(found, []);
    }

    fn vowel(pitch: f64, formants: [f64; 3], ms: f64) -> Vec<i16> {
        let (mut phase, mut sound) = (0.0, Vec::new());
        for n in 0..(ms * 8.0) as usize {
            // A voice is never quite steady.
            phase += pitch * (1.0 + 0.03 * (TAU * 3.0 * n as f64 / 8000.0).sin()) / 8000.0;
            sound.push(if phase >= 1.0 { 1.0 } else { 0.0 });
            phase %= 1.0;
        }
        for (hz, width) in formants.into_iter().zip([60.0, 90.0, 150.0]) {
            let radius = (-std::f64::consts::PI * width / 8000.0).exp();
            let (a, b) = (2.0 * radius * (TAU * hz / 8000.0).cos(), -radius * radius);
            let (mut last, mut before) = (0.0, 0.0);
            for sample in &mut sound {
                (last, before) = (*sample + a * last + b * before, last);
                *sample = last;
            }
        }
        let peak = sound
            .iter()
            .fold(1e-9, |peak: f64, sample| peak.max(sample.abs()));
        sound
            .iter()
            .map(|sample| (sample / peak * 12_000.0) as i16)
            .collect()
    }
}
