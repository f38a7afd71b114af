//! The audio of a leg whose peer speaks in lumps and not in packets: an agent behind a WebSocket.
//!
//! The leg is a leg like any other, with a codec like any other; only its packets are made and taken here. What the
//! peer says waits in a queue, which a clock of 20 ms turns into packets; what it shall hear is cut into frames of
//! 20 ms, as many as time has passed: what is lost or not sent on the way is silence for it, never a hole.
//!
//! The clock begins when somebody hears the peer for the first time: what it says before that is not lost. From then
//! on time passes, whoever listens.

mod octets;
mod quiet;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::agent::Pace;
use crate::codec::Codec;
use crate::dtmf::Press;
use crate::measure::{Stream, Streamed, milliseconds};
pub(crate) use octets::can_stream;
use octets::{frame_octets, is_audible, octets, silence};
use quiet::Quiet;

/// Both directions of a stream leg.
#[derive(Debug)]
pub(crate) struct Streaming {
    codec: Codec,
    began: Instant,
    /// The ticks and the first of them, from the moment on at which somebody hears the peer.
    clock: Option<(Pace, Instant)>,
    speech: Speech,
    frames: Frames,
    quiet: Option<Quiet>,
    /// The stamp of the next packet of its speech.
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
}

/// What the peer said and nobody heard yet.
#[derive(Debug, Default)]
struct Speech {
    octets: VecDeque<u8>,
    /// Octets that were said, and those of them that were played or cleared.
    said: u64,
    played: u64,
    /// Where marks stand, by what was said before them.
    marks: VecDeque<(u64, String)>,
    /// Marks that were reached and not told yet.
    reached: VecDeque<String>,
    /// Keys for the peer.
    keys: VecDeque<Press>,
    flow: Flow,
    packets: u64,
    overflowed: bool,
    measured: Streamed,
}

/// Whether speech goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Flow {
    /// Nothing was there at the last tick.
    #[default]
    Dry,
    /// Something was, less than [`CUSHION`]; the next tick plays it.
    Wetted,
    /// It is played.
    Flows,
}

/// What the peer shall hear.
#[derive(Debug, Default)]
struct Frames {
    /// Less than a frame.
    rest: Vec<u8>,
    /// Whole frames that nobody took yet, and how many octets of them are taken.
    ready: Vec<u8>,
    taken: usize,
    /// Frames that time has brought, and those that were made.
    due: u64,
    made: u64,
}

/// What a tick brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Octets of the frame that the peer says.
    pub length: usize,
    /// For how long it has said nothing, once, when that is too long.
    pub quiet: Option<Duration>,
    /// After how long it can be heard again, if that it was not was told.
    pub resumed: Option<Duration>,
}

impl Streaming {
    pub(crate) fn new(codec: Codec, quiet: Option<Duration>, now: Instant) -> Streaming {
        let quiet = quiet.map(Quiet::new);
        Streaming {
            codec,
            began: now,
            clock: None,
            speech: Speech::default(),
            frames: Frames::default(),
            quiet,
            sequence: 0,
            timestamp: 0,
        }
    }

    /// Somebody can hear the peer: time begins, unless it has.
    pub(crate) fn start(&mut self, now: Instant) {
        if self.clock.is_none() {
            self.clock = Some((Pace::new(FRAME_MS, now), now));
            if let Some(quiet) = &mut self.quiet {
                quiet.start(now);
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.clock.as_ref().map(|(pace, _)| pace.deadline())
    }

    /// The peer speaks. Whether more waits now than is kept, for the first time since the queue was half empty: what
    /// was said first is played first, and what is too much is dropped.
    pub(crate) fn say(&mut self, audio: &[u8]) -> bool {
        let room = self.most().saturating_sub(self.speech.octets.len());
        let kept = &audio[..audio.len().min(room)];
        self.speech.octets.extend(kept);
        self.speech.said += octets(kept.len());
        let waiting = self.lasts(octets(self.speech.octets.len()));
        let dropped = self.lasts(octets(audio.len() - kept.len()));
        let measured = &mut self.speech.measured;
        measured.queued_max = measured.queued_max.max(waiting);
        measured.overflowed += dropped;
        !dropped.is_zero() && !std::mem::replace(&mut self.speech.overflowed, true)
    }

    /// The peer wants to know when all that it said is over.
    pub(crate) fn mark(&mut self, name: String) {
        let speech = &mut self.speech;
        if speech.octets.is_empty() && speech.marks.is_empty() {
            speech.reach(name);
            return;
        }
        if speech.marks.len() >= MARKS_MAX
            && let Some((_, oldest)) = speech.marks.pop_front()
        {
            speech.reach(oldest);
        }
        speech.marks.push_back((speech.said, name));
    }

    /// What waits shall not be heard: every mark in it is over.
    pub(crate) fn clear(&mut self) {
        let speech = &mut self.speech;
        speech.octets.clear();
        speech.played = speech.said;
        speech.flow = Flow::Dry;
        speech.overflowed = false;
        speech.measured.clears += 1;
        while let Some((_, name)) = speech.marks.pop_front() {
            speech.reach(name);
        }
    }

    /// A key for the peer.
    pub(crate) fn press(&mut self, press: Press) {
        if self.speech.keys.len() < KEYS_MAX {
            self.speech.keys.push_back(press);
        }
    }

    /// The next key for the peer.
    pub(crate) fn key(&mut self) -> Option<Press> {
        self.speech.keys.pop_front()
    }

    /// A mark that is over.
    pub(crate) fn reached(&mut self) -> Option<String> {
        self.speech.reached.pop_front()
    }

    /// What the tick brings that is due, with the next 20 ms of the peer's speech in `frame`.
    pub(crate) fn tick(&mut self, frame: &mut [u8], now: Instant) -> Option<Tick> {
        let (pace, started) = self.clock.as_mut()?;
        let passed = pace.next(now)?.saturating_duration_since(*started);
        let ticks = passed.as_millis() / u128::from(FRAME_MS) + 1;
        self.frames.due = u64::try_from(ticks).unwrap_or(u64::MAX);
        self.fill_up();
        let length = self.frame_octets();
        let frame = frame.get_mut(..length)?;
        let is_speech = self.speak(frame);
        let mut tick = Tick {
            length,
            ..Tick::default()
        };
        if is_speech && is_audible(self.codec, frame) {
            let after = now.saturating_duration_since(self.began);
            self.speech.measured.first_sound_after.get_or_insert(after);
            tick.resumed = self.quiet.as_mut().and_then(|quiet| quiet.ends(now));
        } else {
            tick.quiet = self.quiet.as_mut().and_then(|quiet| quiet.exceeds(now));
        }
        Some(tick)
    }

    /// The peer shall hear this. Beyond [`AHEAD_MAX`] of time it is dropped: it would come later and later.
    pub(crate) fn hear(&mut self, audio: &[u8]) {
        self.frames.rest.extend_from_slice(audio);
        let length = self.frame_octets();
        let frames = &mut self.frames;
        let whole = frames.rest.len() / length * length;
        for frame in frames.rest[..whole].chunks_exact(length) {
            if frames.made < frames.due + AHEAD_MAX {
                frames.made += 1;
                frames.ready.extend_from_slice(frame);
            } else {
                self.speech.measured.skipped_frames += 1;
            }
        }
        frames.rest.drain(..whole);
    }

    /// Whether a key, a mark or a frame waits to be told.
    pub(crate) fn has_output(&self) -> bool {
        let has_frame = self.frames.taken < self.frames.ready.len();
        has_frame || !self.speech.reached.is_empty() || !self.speech.keys.is_empty()
    }

    /// The next frame for the peer, and how many milliseconds of its stream were before it.
    pub(crate) fn frame(&mut self) -> Option<(&[u8], u64)> {
        let length = self.frame_octets();
        let frames = &mut self.frames;
        if frames.taken >= frames.ready.len() {
            return None;
        }
        let start = frames.taken;
        frames.taken += length;
        let waiting = octets((frames.ready.len() - start) / length);
        let at_ms = (frames.made - waiting) * u64::from(FRAME_MS);
        Some((&self.frames.ready[start..start + length], at_ms))
    }

    /// Lets go of the frames that were taken.
    pub(crate) fn forget_frames(&mut self) {
        let frames = &mut self.frames;
        if frames.taken > 0 && frames.taken >= frames.ready.len() {
            frames.ready.clear();
            frames.taken = 0;
        }
    }

    /// What the peer said, counted as packets of 20 ms; what was silence for want of speech is not counted.
    pub(crate) fn received(&self) -> Stream {
        let played = self
            .speech
            .packets
            .saturating_mul(octets(self.frame_octets()));
        Stream {
            packets: self.speech.packets,
            payload_bytes: played,
            ..Stream::default()
        }
    }

    pub(crate) fn measured(&self) -> Streamed {
        self.speech.measured
    }

    /// Octets of 20 ms.
    fn frame_octets(&self) -> usize {
        frame_octets(self.codec)
    }

    /// Octets that are kept at most.
    fn most(&self) -> usize {
        self.frame_octets() * SPEECH_FRAMES_MAX
    }

    fn lasts(&self, octets: u64) -> Duration {
        let frame = u64::try_from(self.frame_octets()).unwrap_or(u64::MAX);
        Duration::from_micros(octets * u64::from(FRAME_MS) * 1_000 / frame)
    }

    /// What was not sent is silence, when time has passed for it.
    fn fill_up(&mut self) {
        let length = self.frame_octets();
        let silence = silence(self.codec);
        let frames = &mut self.frames;
        while frames.due > frames.made + BEHIND_MAX {
            frames.rest.resize(length, silence);
            let rest = std::mem::take(&mut frames.rest);
            frames.ready.extend_from_slice(&rest);
            frames.rest = rest;
            frames.rest.clear();
            frames.made += 1;
            self.speech.measured.filled_frames += 1;
        }
    }

    /// The next frame of what was said, or silence. Whether it is the peer's.
    fn speak(&mut self, frame: &mut [u8]) -> bool {
        let silence = silence(self.codec);
        let speech = &mut self.speech;
        speech.tell_marks();
        let waiting = speech.octets.len();
        if waiting < SPEECH_FRAMES_MAX / 2 * frame.len() {
            speech.overflowed = false;
        }
        speech.flow = match (speech.flow, waiting) {
            (_, 0) => Flow::Dry,
            (Flow::Dry, _) if waiting < CUSHION * frame.len() => Flow::Wetted,
            (Flow::Dry | Flow::Wetted | Flow::Flows, _) => Flow::Flows,
        };
        if speech.flow != Flow::Flows {
            frame.fill(silence);
            return false;
        }
        let length = waiting.min(frame.len());
        for (octet, said) in frame.iter_mut().zip(speech.octets.drain(..length)) {
            *octet = said;
        }
        frame[length..].fill(silence);
        speech.played += octets(length);
        speech.packets += 1;
        if speech.octets.is_empty() && speech.octets.capacity() > KEPT_OCTETS {
            speech.octets = VecDeque::new();
        }
        true
    }
}

impl Speech {
    /// Marks whose audio was handed over at an earlier tick are over now.
    fn tell_marks(&mut self) {
        while let Some((at, _)) = self.marks.front()
            && *at <= self.played
            && let Some((_, name)) = self.marks.pop_front()
        {
            self.reach(name);
        }
    }

    fn reach(&mut self, name: String) {
        self.measured.marks += 1;
        self.reached.push_back(name);
    }
}

impl Streamed {
    /// Milliseconds that had to be dropped because the peer said too much at once.
    pub fn overflowed_ms(&self) -> u32 {
        milliseconds(self.overflowed)
    }
}

/// Milliseconds of a frame, both ways: what Twilio and Vonage send.
pub(crate) const FRAME_MS: u16 = 20;
/// Frames of speech that are kept: two minutes. Agents send whole answers at once, and few are longer.
pub const SPEECH_FRAMES_MAX: usize = 6_000;
/// Frames that are there before speech begins, unless 20 ms have passed: who speaks in real time gets as much time to
/// be late.
const CUSHION: usize = 2;
/// Frames that the peer waits for before they are silence: 60 ms is more than the jitter of a good line.
const BEHIND_MAX: u64 = 3;
/// Frames that may come early: a jitter of 200 ms is caught up with, a clock that goes wrong is not.
const AHEAD_MAX: u64 = 10;
/// Marks that wait: a bot that marks each word of two minutes has fewer.
pub const MARKS_MAX: usize = 1_024;
/// Keys that wait for a shell that does not drain.
const KEYS_MAX: usize = 64;
/// Octets of memory that an empty queue keeps: a second of the widest codec.
const KEPT_OCTETS: usize = 32_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const TICK: Duration = Duration::from_millis(20);

    fn streaming() -> (Streaming, Instant) {
        let start = clock::start();
        let mut streaming = Streaming::new(Codec::Pcmu, Some(Duration::from_secs(5)), start);
        streaming.start(start);
        (streaming, start)
    }

    fn frame_at(streaming: &mut Streaming, at: Instant) -> Vec<u8> {
        let mut frame = [0; 640];
        let tick = streaming.tick(&mut frame, at).expect("a tick is due");
        frame[..tick.length].to_vec()
    }

    #[test]
    fn lumps_become_frames_and_the_last_one_ends_in_silence() {
        let (mut streaming, start) = streaming();
        streaming.say(&[1; 1_100]);
        let frames: Vec<Vec<u8>> = (0..8)
            .map(|tick| frame_at(&mut streaming, start + TICK * tick))
            .collect();
        for frame in &frames[..6] {
            assert_eq!(frame, &[1; 160]);
        }
        assert_eq!(frames[6][..140], [1; 140]);
        assert_eq!(frames[6][140..], [0xff; 20]);
        assert_eq!(frames[7], [0xff; 160]);
        assert_eq!(streaming.received().packets, 7);
    }

    #[test]
    fn who_speaks_in_real_time_gets_a_cushion() {
        let (mut streaming, start) = streaming();
        streaming.say(&[1; 160]);
        assert_eq!(frame_at(&mut streaming, start), [0xff; 160]);
        // The second comes late for its tick, and is in time all the same.
        assert_eq!(frame_at(&mut streaming, start + TICK), [1; 160]);
        streaming.say(&[2; 160]);
        streaming.say(&[3; 160]);
        assert_eq!(frame_at(&mut streaming, start + TICK * 2), [2; 160]);
        assert_eq!(frame_at(&mut streaming, start + TICK * 3), [3; 160]);
    }

    #[test]
    fn a_mark_is_over_when_what_was_before_it_was_played() {
        let (mut streaming, start) = streaming();
        streaming.mark("nothing".to_owned());
        assert_eq!(streaming.reached().as_deref(), Some("nothing"));
        streaming.say(&[1; 320]);
        streaming.mark("one".to_owned());
        streaming.say(&[1; 160]);
        streaming.mark("two".to_owned());
        for (tick, expected) in [None, None, Some("one"), Some("two")].iter().enumerate() {
            let tick = u32::try_from(tick).unwrap();
            frame_at(&mut streaming, start + TICK * tick);
            assert_eq!(streaming.reached().as_deref(), *expected, "tick {tick}");
        }
    }

    #[test]
    fn nothing_is_heard_behind_a_clear_and_its_marks_are_over() {
        let (mut streaming, start) = streaming();
        streaming.say(&[1; 16_000]);
        streaming.mark("end".to_owned());
        assert_eq!(frame_at(&mut streaming, start), [1; 160]);
        streaming.clear();
        assert_eq!(streaming.reached().as_deref(), Some("end"));
        assert_eq!(frame_at(&mut streaming, start + TICK), [0xff; 160]);
        streaming.say(&[2; 320]);
        assert_eq!(frame_at(&mut streaming, start + TICK * 2), [2; 160]);
        assert_eq!(streaming.measured().clears, 1);
    }

    #[test]
    fn too_much_speech_is_told_once_and_what_was_said_first_is_kept() {
        let (mut streaming, _) = streaming();
        let most = SPEECH_FRAMES_MAX * 160;
        assert!(!streaming.say(&vec![1; most]));
        assert!(streaming.say(&[2; 1_600]));
        assert!(!streaming.say(&[2; 1_600]));
        assert_eq!(streaming.measured().overflowed_ms(), 400);
        assert_eq!(streaming.speech.octets.len(), most);
        assert_eq!(streaming.measured().queued_max, Duration::from_secs(120));
        assert!(streaming.speech.octets.iter().all(|&octet| octet == 1));
    }

    #[test]
    fn marks_that_nobody_can_keep_are_over_early() {
        let (mut streaming, _) = streaming();
        streaming.say(&[1; 320]);
        for number in 0..=MARKS_MAX {
            streaming.mark(number.to_string());
        }
        assert_eq!(streaming.reached().as_deref(), Some("0"));
        assert_eq!(streaming.reached(), None);
    }

    #[test]
    fn the_peer_hears_as_much_as_time_has_passed() {
        let (mut streaming, start) = streaming();
        let mut heard = Vec::new();
        for tick in 0..100u32 {
            frame_at(&mut streaming, start + TICK * tick);
            // Packets of 30 ms, of which some are lost, and a break.
            if tick % 3 != 0 && tick != 31 && !(50..70).contains(&tick) {
                streaming.hear(&[1; 240]);
            }
            while let Some((frame, at_ms)) = streaming.frame() {
                heard.push((frame[0], at_ms));
            }
            streaming.forget_frames();
        }
        let times: Vec<u64> = heard.iter().map(|(_, at_ms)| *at_ms).collect();
        let expected: Vec<u64> = (0..).map(|frame| frame * 20).take(times.len()).collect();
        assert_eq!(times, expected);
        assert!((97..=101).contains(&heard.len()), "{}", heard.len());
        let silent = heard.iter().filter(|(octet, _)| *octet == 0xff).count();
        assert!((15..=24).contains(&silent), "{silent}");
    }

    #[test]
    fn who_sends_too_fast_is_not_heard_later_and_later() {
        let (mut streaming, start) = streaming();
        for tick in 0..100u32 {
            frame_at(&mut streaming, start + TICK * tick);
            streaming.hear(&[1; 320]);
        }
        assert_eq!(streaming.frames.made, 110);
    }

    #[test]
    fn a_peer_that_says_nothing_is_told_once_and_again_when_it_speaks() {
        let (mut streaming, start) = streaming();
        let mut told = Vec::new();
        for tick in 0..500u32 {
            let at = start + TICK * tick;
            if tick == 400 {
                streaming.say(&[0; 320]);
            }
            let mut frame = [0; 640];
            let brought = streaming.tick(&mut frame, at).unwrap();
            if let Some(lasted) = brought.quiet.or(brought.resumed) {
                told.push((tick, lasted.as_millis()));
            }
        }
        assert_eq!(told, [(250, 5_000), (400, 8_000)]);
    }
}
