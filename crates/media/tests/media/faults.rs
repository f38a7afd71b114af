//! What tells one fault of audio from another, and that a good call tells none of it.

use std::time::Duration;

use trunkline_media::{
    Agent, Codec, Doubled, Event, Hears, Input, Method, Reason, Refused, Sample, Settings, Stream,
    tone,
};

use crate::driver::{AGENT, CALLER, Peer, Shell, negotiated, read, second_of};

/// A sentence of some words, in which nobody else would pause: loud and quiet by turns.
fn sentence(seconds: u32) -> Vec<i16> {
    let mut state = 1u32;
    let mut samples = Vec::new();
    while samples.len() < usize::try_from(seconds * 8_000).unwrap() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word_ms = 80 + (state >> 20) % 300;
        let pause_ms = 40 + (state >> 24) % 400;
        samples.extend(tone::sine(
            500,
            -12 - i8::try_from((state >> 28) % 10).unwrap(),
            word_ms,
        ));
        samples.resize(samples.len() + usize::try_from(pause_ms * 8).unwrap(), 0);
    }
    samples.truncate(usize::try_from(seconds * 8_000).unwrap());
    samples
}

/// The caller hears a sentence for so long, and sends in each packet what `says` makes of what was sent to it so far.
fn hears_a_sentence(
    shell: &mut Shell,
    caller: &mut Peer,
    seconds: u32,
    mut says: impl FnMut(&[Vec<u8>], &mut Peer) -> Vec<u8>,
) {
    shell.hears(
        CALLER,
        Hears::Agent(Agent::Announcement {
            samples: sentence(seconds).into(),
            repeat: false,
        }),
    );
    for _ in 0..seconds * 50 {
        shell.pass(20);
        let sent: Vec<_> = shell
            .to(CALLER)
            .iter()
            .map(|sent| sent.bytes.clone())
            .collect();
        let bytes = says(&sent, caller);
        shell.datagram(CALLER, caller.address, bytes);
    }
}

fn echoes(shell: &mut Shell) -> Vec<Duration> {
    let events = shell.take_events(CALLER).into_iter();
    let echoes = events.filter_map(|event| match event {
        Event::Echo(echoed) => Some(echoed.delay),
        _ => None,
    });
    echoes.collect()
}

/// What it was sent so many packets ago, as a packet of its own.
fn again(sent: &[Vec<u8>], caller: &mut Peer, packets_ago: usize) -> Vec<u8> {
    let payload = sent.len().checked_sub(packets_ago + 1);
    let payload = payload.map_or(vec![0xff; 160], |at| read(&sent[at]).payload.to_vec());
    let bytes = caller.packet(0, false, payload);
    caller.timestamp = caller.timestamp.wrapping_add(160);
    bytes
}

/// The peer sends back what it hears, under an SSRC of its own.
#[test]
fn an_echo_is_told_once_with_its_delay() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    hears_a_sentence(&mut shell, &mut caller, 30, |sent, caller| {
        again(sent, caller, 10)
    });
    let told = echoes(&mut shell);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].as_millis().abs_diff(200) <= 20, "{told:?}");
    assert_eq!(shell.received(CALLER).looped, 0, "its SSRC is its own");
}

/// Nobody is told to be an echo who answers, hears himself, or says nothing.
#[test]
fn a_good_call_has_no_echo() {
    let own = sentence(31);
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    let mut packet = 0;
    hears_a_sentence(&mut shell, &mut caller, 30, |_, caller| {
        // It speaks too, and starts in the middle of its sentence.
        packet += 1;
        caller.audio(&own[(packet * 160 + 57_000) % 240_000..][..160])
    });
    assert_eq!(echoes(&mut shell), []);
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.hears(CALLER, Hears::Agent(Agent::Echo));
    shell.says(&mut caller, &own);
    assert_eq!(echoes(&mut shell), [], "it hears itself of us");
}

/// Packets of ours that come back count, also beside those of the peer.
#[test]
fn packets_of_ours_count_also_where_they_are_not_let_in() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.says(&mut caller, &second_of(400));
    hears_a_sentence(&mut shell, &mut caller, 2, |sent, caller| {
        match sent.last() {
            Some(last) => last.clone(),
            None => caller.audio(&[0; 160]),
        }
    });
    let received = shell.received(CALLER);
    assert!(received.looped >= 99, "{received:?}");
    // From an address of anybody else they are nobody's sign.
    let forged = shell.to(CALLER).last().unwrap().bytes.clone();
    shell.datagram(CALLER, "203.0.113.9:4000".parse().unwrap(), forged);
    assert_eq!(shell.received(CALLER).looped, received.looped);
}

fn samples(shell: &mut Shell) -> Vec<Sample> {
    let events = shell.take_events(CALLER).into_iter();
    let measured = events.filter_map(|event| match event {
        Event::Measured(measured) => Some(measured),
        _ => None,
    });
    measured.flat_map(|measured| measured.samples).collect()
}

/// Five seconds by five seconds, what number, how loud, how much of it nothing, and what began anew.
#[test]
fn samples_tell_the_codec_the_level_the_mute_and_the_restarts_of_their_time() {
    let mut shell = Shell::with(Settings {
        measure_every: Some(Duration::from_secs(30)),
        ..Settings::default()
    });
    shell.input(Input::Add { leg: CALLER });
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: negotiated(CALLER, Codec::Pcmu).accepting(8, Codec::Pcma),
    });
    let mut caller = Peer::new(CALLER, Codec::Pcmu);
    let loud = tone::sine(500, -10, 5_000);
    shell.says(&mut caller, &loud);
    // Muted: nothing but the code for silence.
    shell.says(&mut caller, &vec![0; 80_000]);
    // The other codec, far less loud.
    caller.codec = Codec::Pcma;
    let quiet = tone::sine(500, -40, 11_000);
    shell.says(&mut caller, &quiet[..40_000]);
    // Another stream, twice, that nobody agreed on.
    let mut other = Peer {
        ssrc: 0xabcd,
        ..caller.clone()
    };
    for _ in 0..2 {
        other.ssrc += 1;
        for _ in 0..10 {
            let bytes = other.audio(&loud[..160]);
            shell.datagram(CALLER, caller.address, bytes);
            let bytes = caller.audio(&quiet[..160]);
            shell.datagram(CALLER, caller.address, bytes);
            shell.pass(20);
        }
    }
    shell.says(&mut caller, &quiet);
    let samples = samples(&mut shell);
    let told: Vec<_> = samples
        .iter()
        .map(|sample| {
            let idle = sample.idle_permille.unwrap();
            (
                sample.payload_type,
                sample.level_dbov,
                idle >= 980,
                sample.restarts,
            )
        })
        .collect();
    assert_eq!(told[0], (Some(0), Some(-13), false, 0));
    assert_eq!(told[1], (Some(0), None, true, 0));
    assert!(told[2].2, "two samples are ten seconds: {told:?}");
    assert_eq!(told[3], (Some(8), Some(-43), false, 0));
    assert_eq!((told[4].0, told[4].3), (Some(8), 2), "{told:?}");
    let received = shell.received(CALLER);
    assert_eq!((received.foreign_streams, received.restarts), (2, 0));
    assert_eq!(received.codec_changes, 1);
}

/// What its decoder makes nothing of is counted where it came from.
#[test]
fn what_cannot_be_decoded_is_counted() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Opus, Codec::Pcmu);
    let undecodable = |shell: &Shell| shell.received(CALLER).undecodable;
    // A frame of 20 ms of silence, as an encoder makes it when nobody speaks; then one whose count of frames is none.
    for payload in [vec![0x78, 0, 0], vec![0x7b, 0, 1, 2]] {
        let before = undecodable(&shell);
        for _ in 0..10 {
            let bytes = caller.packet(96, false, payload.clone());
            caller.timestamp = caller.timestamp.wrapping_add(960);
            shell.datagram(CALLER, caller.address, bytes);
            shell.pass(20);
        }
        let bad = u64::from(payload[0] == 0x7b) * 10;
        assert_eq!(undecodable(&shell) - before, bad, "{payload:02x?}");
    }
}

/// A peer whose clock is wrong is told after a minute, and a good one is not.
#[test]
fn the_clock_of_a_peer_is_told_after_a_minute() {
    for (every_us, ppm) in [(20_006, 300), (20_000, 0)] {
        let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
        let audio = [0; 160];
        for second in [59, 71] {
            while shell.at_ms() < second * 1_000 {
                let bytes = caller.audio(&audio);
                shell.datagram(CALLER, caller.address, bytes);
                shell.now += Duration::from_micros(every_us);
            }
            let skew = shell.received(CALLER).clock_skew;
            match second {
                59 => assert_eq!(skew, None),
                _ => assert!((skew.unwrap().ppm - ppm).abs() < 20, "{skew:?}"),
            }
        }
    }
}

/// Four octets of one timestamp under a number that nobody agreed on are a key; audio under one is not.
#[test]
fn a_key_under_another_number_is_told_from_audio_under_another_number() {
    let refused = |shell: &mut Shell| -> Refused {
        shell.pass(1_100);
        let events = shell.take_events(CALLER).into_iter();
        let mut refused = events.filter_map(|event| match event {
            Event::Refused(refused) => Some(refused),
            _ => None,
        });
        refused.next_back().expect("it is told")
    };
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    for number in 0..8u8 {
        let bytes = caller.packet(120, number == 0, vec![5, 10, number, 0]);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
    let key = refused(&mut shell);
    assert_eq!((key.reason, key.packets), (Reason::PayloadType, 8));
    assert_eq!(key.same_timestamp, 7);
    assert_eq!(key.last.rtp.unwrap().payload_bytes, 4);
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    for _ in 0..8 {
        let bytes = caller.packet(120, false, vec![0; 20]);
        caller.timestamp = caller.timestamp.wrapping_add(160);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
    assert_eq!(refused(&mut shell).same_timestamp, 0);
}

/// A key that comes by INFO and as an event says so, with the time between; two presses do not.
#[test]
fn a_key_that_came_twice_is_told() {
    let doubled = |shell: &mut Shell| -> Vec<Doubled> {
        let events = shell.take_events(CALLER).into_iter();
        let doubled = events.filter_map(|event| match event {
            Event::DigitDoubled(doubled) => Some(doubled),
            _ => None,
        });
        doubled.collect()
    };
    let event = |shell: &mut Shell, caller: &mut Peer| {
        for (end, duration) in [(false, 160), (false, 320), (true, 480)] {
            let bytes = caller.key(5, end, duration);
            shell.datagram(CALLER, caller.address, bytes);
            shell.pass(20);
        }
        caller.timestamp = caller.timestamp.wrapping_add(4_800);
    };
    let info = Input::DigitSignalled {
        leg: CALLER,
        digit: trunkline_media::Digit::new('5').unwrap(),
        duration: Duration::from_millis(100),
    };
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    event(&mut shell, &mut caller);
    event(&mut shell, &mut caller);
    assert_eq!(doubled(&mut shell), [], "two presses");
    shell.pass(5_000);
    event(&mut shell, &mut caller);
    shell.pass(140);
    shell.input(info.clone());
    let Doubled {
        counted_as,
        method,
        apart,
    } = doubled(&mut shell)[0];
    assert_eq!(
        (counted_as, method),
        (Method::TelephoneEvent, Method::Signalled)
    );
    assert_eq!(apart.as_millis(), 160);
    shell.pass(5_000);
    shell.input(info);
    event(&mut shell, &mut caller);
    let before = doubled(&mut shell)[0];
    assert_eq!(
        (before.counted_as, before.method),
        (Method::TelephoneEvent, Method::Signalled)
    );
    assert_eq!(before.apart.as_millis(), 40);
    assert_eq!(
        shell.call.measured(CALLER, shell.now).unwrap().keys_doubled,
        2
    );
}

/// A sender that is quiet and goes on by its timestamp begins nothing anew, with a marker or without.
#[test]
fn a_pause_is_no_restart() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    for _ in 0..3 {
        shell.says(&mut caller, &second_of(400));
        caller.timestamp = caller.timestamp.wrapping_add(24_000);
        shell.pass(3_000);
    }
    let quiet: Stream = shell.received(CALLER);
    assert_eq!(
        (quiet.restarts, quiet.timestamp_jumps, quiet.out_of_buffer),
        (0, 0, 0)
    );
    // A jump that no time passed for is one.
    caller.timestamp = caller.timestamp.wrapping_add(800_000);
    shell.says(&mut caller, &second_of(400));
    assert_eq!(shell.received(CALLER).timestamp_jumps, 1);
    let agent = shell.received(AGENT);
    assert_eq!((agent.looped, agent.undecodable), (0, 0));
}
