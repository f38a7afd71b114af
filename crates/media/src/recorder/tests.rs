//! Whole recordings: what was heard, when, and what the file says.

use super::*;
use crate::clock;
use crate::g711;
use crate::g711::Law;
use crate::tone::{dominant_hz, sine};

/// A recording that is driven in steps of 20 ms.
struct Tape {
    recorder: Recorder,
    start: Instant,
    now: Instant,
    samples: Vec<[i16; 2]>,
}

/// Somebody who sends packets of 20 ms.
struct Speaker {
    ear: Ear,
    tone: Vec<i16>,
    timestamp: u32,
}

impl Tape {
    fn new(digits: RecordedDigits) -> Tape {
        let start = clock::start();
        Tape {
            recorder: Recorder::new(LegId(0), 8_000, digits, start),
            start,
            now: start,
            samples: Vec::new(),
        }
    }

    /// Time goes on to that many milliseconds.
    fn until(&mut self, ms: u64) {
        self.now = self.start + Duration::from_millis(ms);
        while let Some(at) = self.recorder.deadline().filter(|at| *at <= self.now) {
            let before = self.samples.len();
            self.cut(at);
            let _ = self.recorder.wake(at);
            assert!(self.samples.len() > before || self.recorder.deadline() > Some(at));
        }
    }

    /// They speak from that millisecond to the other, but for the packets that are lost.
    fn speak(&mut self, from_ms: u64, to_ms: u64, speakers: &mut [&mut Speaker], lost: &[u64]) {
        for ms in (from_ms..to_ms).step_by(20) {
            self.until(ms);
            for speaker in &mut *speakers {
                let payload = speaker.packet();
                if !lost.contains(&ms) {
                    let (ear, timestamp) = (speaker.ear, speaker.timestamp);
                    self.recorder
                        .hear(ear, Codec::Pcmu, timestamp, &payload, self.now);
                }
            }
        }
    }

    /// A telephone event comes.
    fn key(&mut self) -> Option<Duration> {
        self.recorder.key(Duration::ZERO, self.now)
    }

    fn cut(&mut self, now: Instant) {
        while self.recorder.cut(now) {
            let frames = self.recorder.chunk().as_chunks::<2>().0;
            self.samples.extend(frames);
        }
    }

    fn stop(mut self, ms: u64) -> Vec<[i16; 2]> {
        self.until(ms);
        self.recorder.stop(self.now);
        self.cut(self.now);
        assert!(self.recorder.is_over());
        assert_eq!(self.samples.len() as u64, ms * 8);
        self.samples
    }
}

impl Speaker {
    fn new(ear: Ear, hz: u16) -> Speaker {
        Speaker {
            ear,
            tone: sine(hz, -10, 1_000),
            timestamp: u32::MAX - 8_000,
        }
    }

    fn packet(&mut self) -> Vec<u8> {
        self.timestamp = self.timestamp.wrapping_add(160);
        self.tone.rotate_left(160);
        let last = &self.tone[840 * 8..1_000 * 8];
        last[..160]
            .iter()
            .map(|sample| g711::encode(Law::Mu, *sample))
            .collect()
    }
}

fn side(samples: &[[i16; 2]], ear: Ear, from_ms: usize, to_ms: usize) -> Vec<i16> {
    let index = usize::from(ear == Ear::Right);
    let span = &samples[from_ms * 8..to_ms * 8];
    span.iter().map(|frame| frame[index]).collect()
}

fn hz(samples: &[[i16; 2]], ear: Ear, from_ms: usize, to_ms: usize) -> Option<u16> {
    dominant_hz(&side(samples, ear, from_ms, to_ms))
}

fn is_silent(samples: &[[i16; 2]], ear: Ear, from_ms: usize, to_ms: usize) -> bool {
    side(samples, ear, from_ms, to_ms)
        .iter()
        .all(|sample| *sample == 0)
}

#[test]
fn each_side_is_where_it_was_in_time() {
    let mut tape = Tape::new(RecordedDigits::Masked);
    let (mut caller, mut agent) = (
        Speaker::new(Ear::Left, 440),
        Speaker::new(Ear::Right, 1_000),
    );
    tape.speak(100, 2_000, &mut [&mut caller], &[]);
    tape.speak(2_000, 4_000, &mut [&mut caller, &mut agent], &[]);
    let samples = tape.stop(5_000);
    assert!(is_silent(&samples, Ear::Left, 0, 100));
    assert_eq!(hz(&samples, Ear::Left, 100, 4_000), Some(440));
    assert!(is_silent(&samples, Ear::Left, 4_020, 5_000));
    assert!(is_silent(&samples, Ear::Right, 0, 2_000));
    assert_eq!(hz(&samples, Ear::Right, 2_000, 4_000), Some(1_000));
    assert!(is_silent(&samples, Ear::Right, 4_020, 5_000));
}

#[test]
fn what_is_lost_is_silence_of_its_length() {
    let mut tape = Tape::new(RecordedDigits::Masked);
    let mut caller = Speaker::new(Ear::Left, 440);
    let lost = [500, 520, 540, 560, 580];
    tape.speak(0, 1_000, &mut [&mut caller], &lost);
    let samples = tape.stop(1_000);
    assert_eq!(hz(&samples, Ear::Left, 0, 500), Some(440));
    assert!(is_silent(&samples, Ear::Left, 500, 600));
    assert_eq!(hz(&samples, Ear::Left, 600, 1_000), Some(440));
}

#[test]
fn packets_out_of_order_are_put_right() {
    let mut tape = Tape::new(RecordedDigits::Masked);
    let mut caller = Speaker::new(Ear::Left, 500);
    tape.speak(0, 400, &mut [&mut caller], &[]);
    let first = (caller.packet(), caller.timestamp);
    let second = (caller.packet(), caller.timestamp);
    for (ms, (payload, timestamp)) in [(420, second), (440, first)] {
        tape.until(ms);
        let now = tape.now;
        tape.recorder
            .hear(Ear::Left, Codec::Pcmu, timestamp, &payload, now);
    }
    tape.speak(440, 800, &mut [&mut caller], &[]);
    let samples = tape.stop(800);
    let all = side(&samples, Ear::Left, 0, 800);
    assert!(crate::tone::share(&all, 500) > 0.99);
}

#[test]
fn a_pause_is_silence_of_its_length_on_both_sides() {
    let mut tape = Tape::new(RecordedDigits::Masked);
    let (mut caller, mut agent) = (
        Speaker::new(Ear::Left, 440),
        Speaker::new(Ear::Right, 1_000),
    );
    tape.speak(0, 1_000, &mut [&mut caller, &mut agent], &[]);
    tape.until(1_000);
    let now = tape.now;
    assert_eq!(tape.recorder.pause(now), Some(Duration::from_millis(1_000)));
    assert_eq!(tape.recorder.pause(now), None, "it is paused already");
    tape.speak(1_000, 2_500, &mut [&mut caller, &mut agent], &[]);
    tape.until(2_500);
    let now = tape.now;
    assert_eq!(
        tape.recorder.resume(now),
        Some(Duration::from_millis(2_500))
    );
    assert_eq!(tape.recorder.resume(now), None, "it is not paused");
    tape.speak(2_500, 3_000, &mut [&mut caller, &mut agent], &[]);
    tape.until(3_500);
    assert_eq!(tape.recorder.silenced(), Duration::from_millis(1_500));
    let samples = tape.stop(3_500);
    for (ear, tone) in [(Ear::Left, 440), (Ear::Right, 1_000)] {
        assert_eq!(hz(&samples, ear, 0, 1_000), Some(tone));
        assert!(is_silent(&samples, ear, 1_000, 2_500));
        assert_eq!(hz(&samples, ear, 2_500, 3_000), Some(tone));
    }
}

#[test]
fn a_key_is_silence_from_before_it_was_known() {
    let mut tape = Tape::new(RecordedDigits::Masked);
    let mut caller = Speaker::new(Ear::Left, 700);
    tape.speak(0, 1_000, &mut [&mut caller], &[]);
    for ms in [1_000, 1_040, 1_080] {
        tape.until(ms);
        assert_eq!(tape.key(), None, "nothing is paused");
        tape.speak(ms, ms + 40, &mut [&mut caller], &[]);
    }
    tape.speak(1_120, 2_000, &mut [&mut caller], &[]);
    let samples = tape.stop(2_000);
    assert_eq!(hz(&samples, Ear::Left, 0, 850), Some(700));
    assert!(is_silent(&samples, Ear::Left, 850, 1_280));
    assert_eq!(hz(&samples, Ear::Left, 1_280, 2_000), Some(700));
}

#[test]
fn keys_pause_a_recording_until_no_more_come() {
    let mut tape = Tape::new(RecordedDigits::Paused);
    let mut caller = Speaker::new(Ear::Left, 700);
    tape.speak(0, 1_000, &mut [&mut caller], &[]);
    tape.until(1_000);
    assert_eq!(tape.key(), Some(Duration::from_millis(1_000)));
    tape.speak(1_000, 3_000, &mut [&mut caller], &[]);
    tape.until(3_000);
    assert_eq!(tape.key(), None, "it is paused already");
    tape.speak(3_000, 7_000, &mut [&mut caller], &[]);
    let samples = tape.stop(7_000);
    assert_eq!(hz(&samples, Ear::Left, 0, 850), Some(700));
    assert!(is_silent(&samples, Ear::Left, 850, 6_000));
    assert_eq!(hz(&samples, Ear::Left, 6_000, 7_000), Some(700));
}

#[test]
fn kept_keys_are_recorded() {
    let mut tape = Tape::new(RecordedDigits::Kept);
    let mut caller = Speaker::new(Ear::Left, 700);
    tape.speak(0, 400, &mut [&mut caller], &[]);
    assert_eq!(tape.key(), None);
    tape.speak(400, 1_000, &mut [&mut caller], &[]);
    let samples = tape.stop(1_000);
    assert!(!is_silent(&samples, Ear::Left, 380, 400));
}

#[test]
fn every_codec_is_recorded_at_the_rate_of_the_leg() {
    let start = clock::start();
    let mut recorder = Recorder::new(LegId(0), 16_000, RecordedDigits::Masked, start);
    let narrow = sine(700, -10, 1_000);
    // 16,000 samples a second make half of the tone of as many at 8,000.
    let wide = sine(350, -10, 2_000);
    for (number, (narrow, wide)) in narrow.chunks(160).zip(wide.chunks(320)).enumerate() {
        let number = u32::try_from(number).unwrap();
        let at = start + Duration::from_millis(20) * number;
        let wide: Vec<u8> = wide
            .iter()
            .flat_map(|sample| sample.to_be_bytes())
            .collect();
        recorder.hear(Ear::Left, Codec::L16Wide, number * 320, &wide, at);
        let law: Vec<u8> = narrow
            .iter()
            .map(|sample| g711::encode(Law::A, *sample))
            .collect();
        recorder.hear(Ear::Right, Codec::Pcma, number * 160, &law, at);
    }
    recorder.stop(start + Duration::from_secs(1));
    let mut samples = Vec::new();
    while recorder.cut(start + Duration::from_secs(1)) {
        samples.extend_from_slice(recorder.chunk().as_chunks::<2>().0);
    }
    for ear in [Ear::Left, Ear::Right] {
        let side = side(&samples, ear, 0, 2_000);
        assert!(crate::tone::share(&side[800..], 350) > 0.99, "{ear:?}");
    }
}

/// Keys that come as tones are masked in either side, and no voice is taken for one.
#[test]
fn tones_of_keys_are_silence_unless_they_are_kept() {
    let tones_at = |digits, ear| {
        let mut tape = Tape::new(digits);
        let mut speaker = Speaker::new(ear, 500);
        tape.speak(0, 1_000, &mut [&mut speaker], &[]);
        // 7, for 100 ms.
        let mut key = sine(852, -13, 100);
        let high = sine(1209, -13, 100);
        key.iter_mut()
            .zip(high)
            .for_each(|(low, high)| *low += high);
        for (number, frame) in key.chunks(160).enumerate() {
            tape.until(1_000 + u64::try_from(number).unwrap() * 20);
            let payload: Vec<u8> = frame
                .iter()
                .map(|&one| g711::encode(Law::Mu, one))
                .collect();
            speaker.timestamp = speaker.timestamp.wrapping_add(160);
            let now = tape.now;
            tape.recorder
                .hear(ear, Codec::Pcmu, speaker.timestamp, &payload, now);
        }
        tape.speak(1_100, 2_500, &mut [&mut speaker], &[]);
        let began = tape.recorder.take_keys_began();
        (tape.stop(2_500), began)
    };
    for ear in [Ear::Left, Ear::Right] {
        let side = |frame: &[i16; 2]| match ear {
            Ear::Left => frame[0],
            Ear::Right => frame[1],
        };
        let loud = |samples: &[[i16; 2]]| samples.iter().any(|frame| side(frame).abs() > 100);
        let (kept, _) = tones_at(RecordedDigits::Kept, ear);
        assert!(loud(&kept[8_000..8_800]), "the key is there");
        let (masked, began) = tones_at(RecordedDigits::Masked, ear);
        assert!(!loud(&masked[8_000..8_800]), "{ear:?}");
        assert!(
            loud(&masked[..6_400]) && loud(&masked[12_000..]),
            "and nothing else"
        );
        assert_eq!(began, None);
        let (paused, began) = tones_at(RecordedDigits::Paused, ear);
        assert!(
            !loud(&paused[8_000..]),
            "nobody speaks while keys may follow"
        );
        assert!(
            began.unwrap().as_millis().abs_diff(1_040) <= 40,
            "{began:?}"
        );
    }
}
