//! Streams: legs whose peers speak in lumps, as agents behind a WebSocket do.

use std::time::Duration;

use trunkline_media::g711::{self, Law};
use trunkline_media::{Codec, Error, Event, Hears, Input, LegId, Opening, Silence, tone};

use crate::driver::{AGENT, CALLER, Peer, Shell, Told, assert_continuous, second_of};

fn opening(codec: Codec) -> Opening {
    Opening {
        codec,
        silence: Some(Duration::from_secs(5)),
    }
}

/// A caller bridged to a stream of PCMU.
fn bridged(codec: Codec) -> (Shell, Peer) {
    let mut shell = Shell::new();
    let caller = shell.leg(CALLER, codec);
    let (leg, opening) = (AGENT, opening(Codec::Pcmu));
    shell.input(Input::AddStream { leg, opening });
    shell.input(Input::Bridge {
        leg: CALLER,
        with: AGENT,
    });
    (shell, caller)
}

fn say(shell: &mut Shell, audio: &[u8]) {
    let (leg, audio) = (AGENT, audio.to_vec());
    shell.input(Input::Say { leg, audio });
}

fn mark(shell: &mut Shell, name: &str) {
    let (leg, name) = (AGENT, name.to_owned());
    shell.input(Input::Mark { leg, name });
}

fn coded(samples: &[i16]) -> Vec<u8> {
    let code = |sample: &i16| g711::encode(Law::Mu, *sample);
    samples.iter().map(code).collect()
}

fn reached(shell: &Shell) -> Vec<(u64, &str)> {
    let marks = shell.told.iter().filter_map(|told| match told {
        Told::Reached { at_ms, mark } => Some((*at_ms, mark.as_str())),
        Told::Frame { .. } | Told::Key { .. } => None,
    });
    marks.collect()
}

#[test]
fn what_comes_in_lumps_is_heard_in_packets_that_follow_time() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let (mut shell, _) = bridged(codec);
        // Lumps of 1,100 octets, as Pipecat sends them, all at once.
        for lump in coded(&second_of(1004)).chunks(1_100) {
            say(&mut shell, lump);
        }
        shell.pass(1_990);
        let sent = shell.to(CALLER);
        assert_eq!(sent.len(), 100, "silence goes on behind the speech");
        assert_continuous(&sent, &[0]);
        assert!(
            sent.iter()
                .zip(0..)
                .all(|(sent, index)| sent.at_ms == index * 20)
        );
        let heard = shell.heard(CALLER);
        // The first packet left before anything was said.
        let (said, silence) = (&heard[160..8_160], &heard[8_160..]);
        assert!(tone::share(said, 1004) > 0.99);
        let level = tone::rms(said) * 2f64.sqrt();
        assert!((level / 10_362.0 - 1.0).abs() < 0.03, "{level}");
        assert!(silence.iter().all(|sample| sample.unsigned_abs() < 64));
    }
}

#[test]
fn the_agent_hears_the_caller_in_frames_of_20_ms() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let (mut shell, mut caller) = bridged(codec);
        shell.says(&mut caller, &second_of(800));
        let mut heard = Vec::new();
        for told in &shell.told {
            let Told::Frame {
                at_ms,
                stream_ms,
                bytes,
            } = told
            else {
                panic!("{told:?}")
            };
            assert_eq!((bytes.len(), *stream_ms), (160, *at_ms), "at once");
            heard.extend(bytes.iter().map(|code| g711::decode(Law::Mu, *code)));
        }
        assert_eq!(heard.len(), 8_000);
        assert!(tone::share(&heard, 800) > 0.99);
    }
}

#[test]
fn a_caller_who_sends_nothing_is_silence_for_the_agent() {
    let (mut shell, mut caller) = bridged(Codec::Pcmu);
    shell.says(&mut caller, &second_of(800)[..1_600]);
    shell.pass(800);
    let silent = |told: &&Told| matches!(told, Told::Frame { bytes, .. } if bytes == &[0xff; 160]);
    let silence = shell.told.iter().filter(silent).count();
    assert!((37..=41).contains(&silence), "{silence}");
    let measured = shell.call.measured(AGENT, shell.now).unwrap();
    let streamed = measured.streamed.unwrap();
    assert_eq!(streamed.filled_frames, u64::try_from(silence).unwrap());
}

#[test]
fn a_clear_is_heard_within_20_ms() {
    let (mut shell, _) = bridged(Codec::Pcmu);
    say(&mut shell, &coded(&tone::sine(440, -10, 10_000)));
    mark(&mut shell, "end of the sentence");
    shell.pass(1_005);
    let at_ms = shell.at_ms();
    shell.input(Input::Clear { leg: AGENT });
    assert_eq!(reached(&shell), [(at_ms, "end of the sentence")], "at once");
    shell.pass(500);
    let sound = |sent: &&crate::driver::Sent| sent.packet.payload.iter().any(|code| *code != 0xff);
    let last = shell
        .to(CALLER)
        .into_iter()
        .filter(sound)
        .map(|sent| sent.at_ms)
        .max();
    assert!(last.unwrap() < at_ms + 20, "{last:?}");
    assert!(
        shell.to(CALLER).last().unwrap().at_ms >= 1_480,
        "the packets go on"
    );
    say(&mut shell, &coded(&second_of(600)));
    shell.pass(100);
    let again = shell.to(CALLER).into_iter().rfind(sound).unwrap().at_ms;
    assert!(again > at_ms + 500, "{again}");
}

#[test]
fn a_mark_comes_back_when_what_was_before_it_was_played() {
    let (mut shell, _) = bridged(Codec::Pcmu);
    mark(&mut shell, "at once");
    say(&mut shell, &[1; 8_000]);
    mark(&mut shell, "a second");
    say(&mut shell, &[1; 4_000]);
    mark(&mut shell, "a second and a half");
    shell.pass(2_000);
    assert_eq!(
        reached(&shell),
        [
            (0, "at once"),
            (1_020, "a second"),
            (1_520, "a second and a half")
        ]
    );
}

#[test]
fn what_is_said_before_somebody_hears_is_not_lost() {
    let mut shell = Shell::new();
    let _ = shell.leg(CALLER, Codec::Pcmu);
    let (leg, opening) = (AGENT, opening(Codec::Pcmu));
    shell.input(Input::AddStream { leg, opening });
    say(&mut shell, &[1; 800]);
    shell.pass(3_000);
    assert!(shell.sent.is_empty() && shell.told.is_empty());
    shell.input(Input::Bridge {
        leg: CALLER,
        with: AGENT,
    });
    shell.pass(200);
    let said = shell
        .to(CALLER)
        .into_iter()
        .filter(|sent| sent.packet.payload[..] == [1; 160]);
    assert_eq!(said.count(), 5);
    // From then on time passes, whoever listens.
    say(&mut shell, &[2; 800]);
    shell.hears(CALLER, Hears::Nothing);
    shell.pass(1_000);
    shell.hears(CALLER, Hears::Leg(AGENT));
    shell.pass(200);
    assert!(
        shell
            .sent
            .iter()
            .all(|sent| sent.packet.payload[..] != [2; 160])
    );
}

#[test]
fn keys_of_the_caller_are_told_and_not_heard() {
    let (mut shell, mut caller) = bridged(Codec::Pcmu);
    for (end, duration) in [
        (false, 160),
        (false, 320),
        (true, 480),
        (true, 480),
        (true, 480),
    ] {
        let key = caller.key(5, end, duration);
        shell.datagram(CALLER, caller.address, key);
        shell.pass(20);
    }
    let keys = shell
        .told
        .iter()
        .filter(|told| matches!(told, Told::Key { key: '5', .. }));
    assert_eq!(keys.count(), 1);
    let sound = |told: &Told| matches!(told, Told::Frame { bytes, .. } if bytes != &[0xff; 160]);
    assert!(!shell.told.iter().any(sound));
}

#[test]
fn an_agent_that_says_nothing_is_told_once() {
    let (mut shell, _) = bridged(Codec::Pcmu);
    // Octets of silence are no sound.
    say(&mut shell, &[0xff; 80_000]);
    shell.pass(9_000);
    say(&mut shell, &[0; 1_600]);
    shell.pass(2_000);
    let silence = Silence::NoSound;
    let events: Vec<Event> = shell.take_events(AGENT);
    let [
        Event::Silent {
            silence: one,
            lasted,
            ..
        },
        Event::Resumed { silence: other, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*one, *other, lasted.as_secs()), (silence, silence, 5));
}

#[test]
fn a_leg_ends_with_the_counts_of_its_stream() {
    let (mut shell, mut caller) = bridged(Codec::Pcmu);
    say(&mut shell, &coded(&second_of(600)));
    mark(&mut shell, "a");
    shell.says(&mut caller, &second_of(800));
    shell.pass(500);
    shell.input(Input::Clear { leg: AGENT });
    shell.input(Input::Remove { leg: AGENT });
    let events = shell.take_events(AGENT);
    let Some(Event::Measured(measured)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!((measured.received.packets, measured.sent.packets), (50, 50));
    let streamed = measured.streamed.unwrap();
    assert_eq!((streamed.marks, streamed.clears), (1, 1));
    assert_eq!(streamed.first_sound_after, Some(Duration::from_millis(20)));
    assert_eq!(streamed.queued_max, Duration::from_secs(1));
}

#[test]
fn only_a_stream_says_and_only_a_plain_codec_streams() {
    let (mut shell, _) = bridged(Codec::Pcmu);
    let audio = Vec::new();
    let said = shell
        .call
        .handle(Input::Say { leg: CALLER, audio }, shell.now);
    assert_eq!(said, Err(Error::NotAStream(CALLER)));
    let (leg, opening) = (LegId(9), opening(Codec::Opus));
    let added = shell
        .call
        .handle(Input::AddStream { leg, opening }, shell.now);
    assert_eq!(added, Err(Error::NoStream(Codec::Opus)));
}
