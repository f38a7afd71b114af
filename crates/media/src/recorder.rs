//! The recorder of a leg: what it says on the left, what it hears on the right, side by side in time.
//!
//! Packets are laid into a ring at the place of their time (`side`); what does not come stays silence. A moment later,
//! when late packets and keys had their time, the ring is given out in chunks, with silence where it is paused or a key
//! was down (`quiet`). Nothing is allocated for a packet.

mod quiet;
mod side;

use std::time::{Duration, Instant};

use crate::codec::{Clock, Codec};
use crate::dtmf::{Press, Tones};
use crate::event::LegId;
use quiet::Quiet;
use side::Side;

/// What becomes of the sound around a pressed key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordedDigits {
    /// Silence as long as it is down, and a little before and behind.
    #[default]
    Masked,
    /// Silence until no key was pressed for [`DIGITS_PAUSE`].
    Paused,
    /// It is recorded.
    Kept,
}

/// Which side of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    /// What the leg says.
    Left,
    /// What it hears.
    Right,
}

/// A recording at work.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) leg: LegId,
    sample_hz: u32,
    since: Instant,
    /// Left and right by the number of their frame, modulo its length.
    ring: Box<[[i16; 2]]>,
    /// Frames that were given out.
    given: i64,
    /// At which frame it is over.
    end: Option<i64>,
    left: Side,
    right: Side,
    digits: RecordedDigits,
    quiet: Quiet,
    /// What finds keys in either side, unless they are kept: a phone that sends no events sends tones.
    tones: Option<Box<[Tones; 2]>>,
    /// Where a pause began with tones, until that is told.
    keys_began: Option<Duration>,
    /// Left and right in turn.
    chunk: Vec<i16>,
    /// A packet as it is decoded, and at the rate of the recording.
    samples: Vec<i16>,
    fitting: Vec<i16>,
}

impl Recorder {
    pub(crate) fn new(
        leg: LegId,
        sample_hz: u32,
        digits: RecordedDigits,
        now: Instant,
    ) -> Recorder {
        let ring = vec![[0; 2]; length(frames(RING, sample_hz))].into_boxed_slice();
        Recorder {
            leg,
            sample_hz,
            since: now,
            ring,
            given: 0,
            end: None,
            left: Side::new(sample_hz),
            right: Side::new(sample_hz),
            digits,
            quiet: Quiet::default(),
            tones: (digits != RecordedDigits::Kept).then(Box::default),
            keys_began: None,
            chunk: Vec::with_capacity(2 * length(frames(CHUNK, sample_hz))),
            samples: vec![0; PACKET_SAMPLES],
            fitting: Vec::with_capacity(2 * PACKET_SAMPLES),
        }
    }

    /// Audio of a packet.
    pub(crate) fn hear(
        &mut self,
        ear: Ear,
        codec: Codec,
        timestamp: u32,
        payload: &[u8],
        now: Instant,
    ) {
        let mut samples = std::mem::take(&mut self.samples);
        let (count, sample_hz) = self.side(ear).decode(codec, payload, &mut samples);
        let rate = (codec.clock(), sample_hz);
        self.hear_samples(ear, rate, timestamp, &samples[..count], now);
        self.samples = samples;
    }

    /// Samples that stand for the time `at`.
    pub(crate) fn hear_samples(
        &mut self,
        ear: Ear,
        (clock, sample_hz): (Clock, u32),
        timestamp: u32,
        samples: &[i16],
        at: Instant,
    ) {
        if self.end.is_some() {
            return;
        }
        self.mask_tones(ear, sample_hz, samples, at);
        let (came, own_hz) = (self.frame(at), self.sample_hz);
        let mut fitting = std::mem::take(&mut self.fitting);
        fitting.clear();
        let side = self.side(ear);
        side.fit(samples, sample_hz, own_hz, &mut fitting);
        let first = side.place((clock, timestamp), came, own_hz);
        self.write(ear, first, &fitting);
        self.fitting = fitting;
    }

    /// A key has been down for so long. Where a pause begins with it, if one does.
    pub(crate) fn key(&mut self, down: Duration, now: Instant) -> Option<Duration> {
        let at = self.frame(now);
        let tail = match self.digits {
            RecordedDigits::Kept => return None,
            RecordedDigits::Masked => KEY_TAIL,
            RecordedDigits::Paused => DIGITS_PAUSE,
        };
        let lead = frames(KEY_LEAD + down, self.sample_hz);
        self.quiet
            .hide((at - lead).max(0), at + frames(tail, self.sample_hz));
        let begins = self.digits == RecordedDigits::Paused && self.quiet.keys_until.is_none();
        if self.digits == RecordedDigits::Paused {
            self.quiet.keys_until = Some(now + DIGITS_PAUSE);
        }
        begins.then(|| self.place(at))
    }

    /// Where a pause began with a key that was heard, if that is not told yet.
    pub(crate) fn take_keys_began(&mut self) -> Option<Duration> {
        self.keys_began.take()
    }

    /// Hides the tones of keys. They are found before they are given out: two blocks of them are shorter than what is held.
    fn mask_tones(&mut self, ear: Ear, sample_hz: u32, samples: &[i16], at: Instant) {
        let Some(tones) = self.tones.as_deref_mut() else {
            return;
        };
        let tones = match ear {
            Ear::Left => &mut tones[0],
            Ear::Right => &mut tones[1],
        };
        let mut ended = None;
        let pressed = |press: Press| ended = Some(press.duration);
        match sample_hz {
            NARROW_HZ => tones.listen(samples.iter().copied(), pressed),
            WIDE_HZ => tones.listen(halved(samples), pressed),
            _ => return,
        }
        let down = tones.down().map(|_| Duration::ZERO);
        if let Some(down) = ended.or(down) {
            let began = self.key(down, at);
            self.keys_began = self.keys_began.or(began);
        }
    }

    /// No key was pressed for long enough: where that is.
    pub(crate) fn wake(&mut self, now: Instant) -> Option<Duration> {
        let until = self.quiet.keys_until.filter(|until| *until <= now)?;
        self.quiet.keys_until = None;
        Some(self.place(self.frame(until)))
    }

    /// Silence from now on; where that is. `None` if it is paused already.
    pub(crate) fn pause(&mut self, now: Instant) -> Option<Duration> {
        let at = self.frame(now);
        self.quiet.pause(at).then(|| self.place(at))
    }

    /// Sound again from now on; where that is. `None` if it is not paused.
    pub(crate) fn resume(&mut self, now: Instant) -> Option<Duration> {
        let at = self.frame(now);
        self.quiet.resume(at).then(|| self.place(at))
    }

    /// It ends now: what is left is given out at once.
    pub(crate) fn stop(&mut self, now: Instant) {
        let end = self.frame(now).max(self.given);
        self.end.get_or_insert(end);
    }

    /// Whether everything was given out.
    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.given >= end)
    }

    /// When the next chunk is complete, or the pause of keys is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let due = self.given + frames(CHUNK, self.sample_hz) + frames(HOLD, self.sample_hz);
        // To the next whole millisecond, so that it is complete then.
        let due = self.since + self.place(due) + Duration::from_millis(1);
        let chunk = self.end.is_none().then_some(due);
        [chunk, self.quiet.keys_until].into_iter().flatten().min()
    }

    /// Whether there is a chunk to make, or the end to tell.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.end.is_some() || self.complete(now) > 0
    }

    /// Frames of the next chunk, if it is complete.
    fn complete(&self, now: Instant) -> i64 {
        let whole = frames(CHUNK, self.sample_hz);
        match self.end {
            Some(end) => (end - self.given).min(whole),
            None if self.frame(now) >= self.given + whole + frames(HOLD, self.sample_hz) => whole,
            None => 0,
        }
    }

    /// Makes the next chunk, if it is complete.
    pub(crate) fn cut(&mut self, now: Instant) -> bool {
        let count = self.complete(now);
        if count <= 0 {
            return false;
        }
        self.chunk.clear();
        for number in self.given..self.given + count {
            let index = self.index(number);
            let frame = std::mem::take(&mut self.ring[index]);
            let silent = self.quiet.covers(number);
            self.chunk.extend(if silent { [0; 2] } else { frame });
        }
        self.given += count;
        self.quiet.forget_before(self.given);
        true
    }

    /// The chunk that was made last.
    pub(crate) fn chunk(&self) -> &[i16] {
        &self.chunk
    }

    /// Frames in a second.
    pub(crate) fn sample_hz(&self) -> u32 {
        self.sample_hz
    }

    /// How much of what was given out is silent on purpose.
    pub(crate) fn silenced(&self) -> Duration {
        self.place(self.quiet.hidden)
    }

    fn side(&mut self, ear: Ear) -> &mut Side {
        match ear {
            Ear::Left => &mut self.left,
            Ear::Right => &mut self.right,
        }
    }

    fn write(&mut self, ear: Ear, first: i64, samples: &[i16]) {
        let room = self.given + i64::try_from(self.ring.len()).unwrap_or(0);
        for (number, sample) in (first..room).zip(samples) {
            if number >= self.given {
                let index = self.index(number);
                let frame = &mut self.ring[index];
                match ear {
                    Ear::Left => frame[0] = *sample,
                    Ear::Right => frame[1] = *sample,
                }
            }
        }
    }

    fn index(&self, number: i64) -> usize {
        usize::try_from(number).unwrap_or(0) % self.ring.len()
    }

    /// The frame of a time.
    fn frame(&self, at: Instant) -> i64 {
        frames(at.saturating_duration_since(self.since), self.sample_hz)
    }

    /// The time of a frame, since the beginning.
    fn place(&self, frame: i64) -> Duration {
        let frame = u64::try_from(frame).unwrap_or(0);
        Duration::from_micros(frame.saturating_mul(1_000_000) / u64::from(self.sample_hz))
    }
}

/// Every two samples as one: tones of keys are far below what that loses.
fn halved(samples: &[i16]) -> impl Iterator<Item = i16> {
    let (pairs, _) = samples.as_chunks();
    pairs.iter().map(|[one, two]| one.midpoint(*two))
}

/// Frames in a duration.
fn frames(duration: Duration, sample_hz: u32) -> i64 {
    let frames = duration.as_micros() * u128::from(sample_hz) / 1_000_000;
    i64::try_from(frames).unwrap_or(i64::MAX / 4)
}

fn length(frames: i64) -> usize {
    usize::try_from(frames).unwrap_or(0)
}

/// Samples in a second in which keys are found, and twice as many.
const NARROW_HZ: u32 = 8_000;
const WIDE_HZ: u32 = 16_000;
/// Audio in a chunk: three a second keep the shell calm, and a crash loses no more than that and [`HOLD`].
const CHUNK: Duration = Duration::from_millis(320);
/// How long a place stays open behind its time: a packet that is later is lost to the recording, and a key that is known
/// later has been heard.
const HOLD: Duration = Duration::from_millis(400);
/// What the ring holds: a chunk and the time that it is held, and as much again for a shell that is late.
const RING: Duration = Duration::from_millis(1_440);
/// Samples of the longest packet: 120 ms of Opus at 16 kHz, or as many of G.711 as a datagram holds.
const PACKET_SAMPLES: usize = 2_048;
/// How long before the first sign of a key its tones may have begun: phones cut them off when the event begins.
const KEY_LEAD: Duration = Duration::from_millis(150);
/// How long behind the last sign of a key its tones may go on.
const KEY_TAIL: Duration = Duration::from_millis(200);
/// How long keys are waited for where they pause the recording: who types a card number looks at the next digits.
pub const DIGITS_PAUSE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests;
