//! Recordings: the caller on the left, what he hears on the right, whoever that is.

use std::time::Duration;

use trunkline_media::g711::{self, Law};
use trunkline_media::{
    Agent, Codec, Digit, Error, Event, Hears, Input, LegId, Opening, RecordOrder, RecordedDigits,
    tone,
};

use crate::driver::{AGENT, CALLER, Peer, QUEUE, Shell, second_of};
use crate::speakers::{Mouth, judge, leg};

const LEFT: usize = 0;
const RIGHT: usize = 1;

fn order(order: RecordOrder) -> Input {
    Input::Record { leg: CALLER, order }
}

fn start(leg: LegId, digits: RecordedDigits, notice: Option<Vec<i16>>) -> Input {
    let notice = notice.map(Into::into);
    let order = RecordOrder::Start { digits, notice };
    Input::Record { leg, order }
}

fn record(shell: &mut Shell, digits: RecordedDigits) {
    shell.input(start(CALLER, digits, None));
}

/// Both speak for so many milliseconds, the caller 440 Hz.
fn talk(shell: &mut Shell, caller: &mut Peer, other: &mut Peer, other_hz: u16, ms: usize) {
    let (says, hears) = (second_of(440), second_of(other_hz));
    for at in (0..ms).step_by(20).map(|ms| ms % 1_000 * 8) {
        let packets = [
            (
                caller.leg,
                caller.address,
                caller.audio(&says[at..at + 160]),
            ),
            (other.leg, other.address, other.audio(&hears[at..at + 160])),
        ];
        for (leg, address, bytes) in packets {
            shell.datagram(leg, address, bytes);
        }
        shell.pass(20);
    }
}

fn side(shell: &Shell, side: usize, from_ms: usize, to_ms: usize) -> Vec<i16> {
    let span = &shell.recorded[from_ms * 8..to_ms * 8];
    span.iter().map(|frame| frame[side]).collect()
}

fn hz(shell: &Shell, side: usize, from_ms: usize, to_ms: usize) -> Option<u16> {
    tone::dominant_hz(&self::side(shell, side, from_ms, to_ms))
}

fn is_silent(shell: &Shell, side: usize, from_ms: usize, to_ms: usize) -> bool {
    let side = self::side(shell, side, from_ms, to_ms);
    side.iter().all(|sample| *sample == 0)
}

#[test]
fn the_right_side_goes_on_with_whom_the_caller_is_given_to() {
    let (mut shell, mut caller, mut agent) = Shell::bridged(Codec::Pcmu, Codec::Pcma);
    record(&mut shell, RecordedDigits::Masked);
    assert_eq!(shell.call.recorded_hz(), Some(8_000));
    talk(&mut shell, &mut caller, &mut agent, 1_000, 1_000);
    shell.hears(
        CALLER,
        Hears::Agent(Agent::Tone {
            frequency_hz: 600,
            level_db: -10,
        }),
    );
    shell.input(Input::Remove { leg: AGENT });
    let mut queue = shell.leg(QUEUE, Codec::Pcmu);
    shell.pass(1_000);
    shell.input(Input::Bridge {
        leg: CALLER,
        with: QUEUE,
    });
    talk(&mut shell, &mut caller, &mut queue, 2_000, 1_000);
    shell.input(Input::Remove { leg: CALLER });
    assert_eq!(shell.recording_over, Some(Duration::ZERO));
    assert_eq!(shell.recorded.len(), 3_000 * 8);
    assert_eq!(shell.call.recorded_hz(), None);

    assert_eq!(hz(&shell, RIGHT, 0, 1_000), Some(1_000));
    assert_eq!(hz(&shell, RIGHT, 1_000, 2_000), Some(600));
    assert_eq!(hz(&shell, RIGHT, 2_000, 3_000), Some(2_000));
    assert_eq!(hz(&shell, LEFT, 0, 1_000), Some(440));
    assert!(is_silent(&shell, LEFT, 1_000, 2_000), "he said nothing");
    assert_eq!(hz(&shell, LEFT, 2_000, 3_000), Some(440));
}

#[test]
fn a_notice_is_heard_in_place_of_the_agent_and_recorded() {
    let (mut shell, mut caller, mut agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.input(start(
        CALLER,
        RecordedDigits::Masked,
        Some(tone::sine(1_400, -20, 500)),
    ));
    talk(&mut shell, &mut caller, &mut agent, 1_000, 2_000);
    let heard = shell.heard(CALLER);
    assert_eq!(tone::dominant_hz(&heard[..480 * 8]), Some(1_400));
    assert_eq!(tone::dominant_hz(&heard[520 * 8..]), Some(1_000));
    assert_eq!(tone::dominant_hz(&shell.heard(AGENT)), Some(440));
    shell.input(order(RecordOrder::Stop));
    assert_eq!(hz(&shell, RIGHT, 0, 480), Some(1_400));
    assert_eq!(hz(&shell, RIGHT, 520, 2_000), Some(1_000));
}

#[test]
fn an_agent_of_ours_waits_for_the_end_of_the_notice() {
    let mut shell = Shell::new();
    shell.leg(CALLER, Codec::Pcmu);
    shell.hears(
        CALLER,
        Hears::Agent(Agent::Tone {
            frequency_hz: 600,
            level_db: -10,
        }),
    );
    shell.input(start(
        CALLER,
        RecordedDigits::Masked,
        Some(tone::sine(1_400, -20, 500)),
    ));
    shell.pass(1_500);
    let heard = shell.heard(CALLER);
    assert_eq!(tone::dominant_hz(&heard[..500 * 8]), Some(1_400));
    assert_eq!(tone::dominant_hz(&heard[500 * 8..]), Some(600));
    crate::driver::assert_continuous(&shell.to(CALLER), &[0]);
}

#[test]
fn telephone_events_and_keys_of_the_signalling_are_masked() {
    let (mut shell, mut caller, mut agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    record(&mut shell, RecordedDigits::Masked);
    talk(&mut shell, &mut caller, &mut agent, 1_000, 1_000);
    for update in 1..=5_u16 {
        let bytes = caller.key(5, update == 5, update * 160);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
    caller.timestamp = caller.timestamp.wrapping_add(800);
    talk(&mut shell, &mut caller, &mut agent, 1_000, 900);
    shell.input(Input::DigitSignalled {
        leg: CALLER,
        digit: Digit::new('7').unwrap(),
        duration: Duration::from_millis(100),
    });
    talk(&mut shell, &mut caller, &mut agent, 1_000, 1_000);
    shell.input(order(RecordOrder::Stop));
    for ear in [LEFT, RIGHT] {
        assert!(!is_silent(&shell, ear, 800, 840));
        assert!(is_silent(&shell, ear, 850, 1_280), "the event");
        assert!(!is_silent(&shell, ear, 1_300, 1_840));
        assert!(is_silent(&shell, ear, 1_850, 2_200), "the INFO");
        assert!(!is_silent(&shell, ear, 2_500, 3_000));
    }
    assert!(shell.recording_over > Some(Duration::from_millis(700)));
}

#[test]
fn what_a_stream_says_is_on_the_right() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcma);
    let opening = Opening {
        codec: Codec::Pcmu,
        silence: None,
    };
    shell.input(Input::AddStream {
        leg: AGENT,
        opening,
    });
    shell.input(Input::Bridge {
        leg: CALLER,
        with: AGENT,
    });
    record(&mut shell, RecordedDigits::Masked);
    let code = |sample: &i16| g711::encode(Law::Mu, *sample);
    shell.input(Input::Say {
        leg: AGENT,
        audio: second_of(1_000).iter().map(code).collect(),
    });
    shell.says(&mut caller, &second_of(440));
    shell.pass(200);
    shell.input(order(RecordOrder::Stop));
    assert_eq!(hz(&shell, LEFT, 0, 1_000), Some(440));
    assert_eq!(hz(&shell, RIGHT, 0, 1_000), Some(1_000));
}

#[test]
fn a_wideband_leg_is_recorded_as_wide_whoever_it_hears() {
    let pairs = [
        (Codec::G722, Codec::Pcmu),
        (Codec::G722, Codec::G722),
        (Codec::Opus, Codec::Pcmu),
        (Codec::L16Wide, Codec::Opus),
    ];
    for (one, other) in pairs {
        let mut shell = Shell::new();
        let caller = leg(&mut shell, CALLER, one, 20);
        let agent = leg(&mut shell, AGENT, other, 20);
        let mut mouths = [
            (Mouth::new(caller, 20), 440),
            (Mouth::new(agent, 20), 1_000),
        ];
        shell.input(Input::Bridge {
            leg: CALLER,
            with: AGENT,
        });
        record(&mut shell, RecordedDigits::Masked);
        assert_eq!(shell.call.recorded_hz(), Some(16_000), "{one:?}");
        for _ in 0..100 {
            for (mouth, hz) in &mut mouths {
                let samples = mouth.sine(*hz);
                let bytes = mouth.packet(&samples);
                shell.datagram(mouth.peer.leg, mouth.peer.address, bytes);
            }
            shell.pass(20);
        }
        shell.input(order(RecordOrder::Stop));
        assert_eq!(shell.recorded.len(), 32_000);
        for (side, hz) in [(LEFT, 440), (RIGHT, 1_000)] {
            let samples = shell.recorded[16_000..].iter().map(|frame| frame[side]);
            let verdict = judge(&samples.collect::<Vec<_>>(), 16_000, hz);
            let is_clear = verdict.snr_db > 10.0 && verdict.level_db.abs() < 3.0;
            assert!(is_clear, "{one:?} and {other:?}, {hz} Hz: {verdict:?}");
        }
    }
}

#[test]
fn pauses_are_told_with_their_place_and_their_reason() {
    let (mut shell, ..) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    record(&mut shell, RecordedDigits::Paused);
    shell.pass(1_000);
    shell.input(order(RecordOrder::Pause));
    shell.input(Input::DigitSignalled {
        leg: CALLER,
        digit: Digit::new('7').unwrap(),
        duration: Duration::from_millis(100),
    });
    shell.pass(1_000);
    shell.input(order(RecordOrder::Resume));
    shell.pass(3_000);
    let told = shell
        .take_events(CALLER)
        .into_iter()
        .filter_map(|event| match event {
            Event::RecordingPaused { at, digits } => Some(("paused", at.as_millis(), digits)),
            Event::RecordingResumed { at, digits } => Some(("resumed", at.as_millis(), digits)),
            _ => None,
        });
    let told: Vec<_> = told.collect();
    let [paused, keys, resumed, over] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(paused, ("paused", 1_000, false));
    assert_eq!((keys.0, keys.2), ("paused", true));
    assert_eq!(resumed, ("resumed", 2_000, false));
    assert_eq!(over, ("resumed", keys.1 + 3_000, true));
}

#[test]
fn a_call_has_one_recording_at_a_time() {
    let (mut shell, ..) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let now = shell.now;
    let refused = shell.call.handle(order(RecordOrder::Pause), now);
    assert_eq!(refused, Err(Error::NotRecorded(CALLER)));
    record(&mut shell, RecordedDigits::Masked);
    let again = start(AGENT, RecordedDigits::Masked, None);
    assert_eq!(shell.call.handle(again, now), Err(Error::RecordedAlready));
    shell.input(order(RecordOrder::Stop));
    assert_eq!(shell.recording_over, Some(Duration::ZERO));
    shell.recording_over = None;
    record(&mut shell, RecordedDigits::Masked);
}
