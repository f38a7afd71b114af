//! RFC 4733: one press is one digit, on the way in and on the way out, whatever is lost.

use std::time::Duration;

use trunkline_media::{Codec, Digit, Error, Event, Hears, Input, Method, Negotiated};

use crate::driver::{AGENT, CALLER, Peer, Sent, Shell, address, telephone_event};

/// Keys with their durations in ms.
type Keys = Vec<(char, u128)>;

/// A press of 100 ms: updates every 20 ms, then the end three times.
fn press(peer: &mut Peer, event: u8) -> Vec<Vec<u8>> {
    let mut packets: Vec<Vec<u8>> = (1..5u16)
        .map(|update| peer.key(event, false, update * 160))
        .collect();
    packets.extend((0..3).map(|_| peer.key(event, true, 800)));
    peer.timestamp = peer.timestamp.wrapping_add(1600);
    packets
}

/// Sends the packets of presses of 5 and 9 that `passes` lets through, and gives what was heard.
fn keys_heard(mut passes: impl FnMut(usize) -> bool) -> (Keys, Keys) {
    let (mut shell, mut caller, agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let packets: Vec<Vec<u8>> = [5, 9]
        .into_iter()
        .flat_map(|event| press(&mut caller, event))
        .collect();
    for (index, packet) in packets.into_iter().enumerate() {
        if passes(index) {
            shell.datagram(CALLER, caller.address, packet);
        }
        shell.pass(20);
    }
    shell.pass(500);
    let keys = shell.take_keys(CALLER);
    let relayed = shell.to(AGENT).into_iter().cloned().collect();
    (keys, keys_of(relayed, telephone_event(agent.leg)))
}

/// What the far side would hear: the packets go into a call of their own.
fn keys_of(sent: Vec<Sent>, payload_type: u8) -> Vec<(char, u128)> {
    keys_of_codec(Codec::Pcmu, sent, payload_type)
}

fn keys_of_codec(codec: Codec, sent: Vec<Sent>, payload_type: u8) -> Vec<(char, u128)> {
    let mut shell = Shell::new();
    shell.leg(AGENT, codec);
    for sent in sent {
        assert_eq!(sent.packet.header.payload_type, payload_type);
        let until = shell.start + Duration::from_millis(sent.at_ms);
        let wait = until.saturating_duration_since(shell.now);
        shell.pass(u64::try_from(wait.as_millis()).unwrap());
        let bytes = rtc_shared::marshal::Marshal::marshal(&sent.packet)
            .unwrap()
            .to_vec();
        shell.datagram(AGENT, address(AGENT), bytes);
    }
    shell.pass(500);
    shell.take_keys(AGENT)
}

#[test]
fn a_press_is_one_digit_here_and_at_the_far_side() {
    let (keys, relayed) = keys_heard(|_| true);
    assert_eq!(keys, [('5', 100), ('9', 100)]);
    assert_eq!(relayed, keys);
}

#[test]
fn every_pattern_of_loss_leaves_one_digit_for_each_press_of_which_one_packet_came() {
    for pattern in 0..1u32 << 14 {
        // Every seventh pattern: they are 16,384.
        if pattern % 7 != 0 {
            continue;
        }
        let (keys, relayed) = keys_heard(|index| pattern >> index & 1 != 0);
        let expected: Vec<char> = [('5', pattern & 0x7f), ('9', pattern >> 7)]
            .into_iter()
            .filter(|&(_, came)| came != 0)
            .map(|(key, _)| key)
            .collect();
        let digits = |keys: &[(char, u128)]| keys.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        assert_eq!(digits(&keys), expected, "{pattern:014b}");
        assert_eq!(digits(&relayed), expected, "relayed {pattern:014b}");
        assert!(
            keys.iter()
                .all(|(_, duration)| (20..=100).contains(duration))
        );
    }
}

#[test]
fn the_same_key_twice_is_two_digits() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    for _ in 0..2 {
        for packet in press(&mut caller, 11) {
            shell.datagram(CALLER, caller.address, packet);
            shell.pass(20);
        }
    }
    assert_eq!(shell.take_keys(CALLER), [('#', 100), ('#', 100)]);
}

#[test]
fn late_and_reordered_packets_make_no_new_digit() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let (first, second) = (press(&mut caller, 1), press(&mut caller, 2));
    let order = [
        &first[0], &first[4], &second[0], &first[2], &first[5], &second[6], &second[1], &first[6],
    ];
    for packet in order {
        shell.datagram(CALLER, caller.address, packet.clone());
        shell.pass(20);
    }
    // An update that was held up for longer than the end is waited for.
    shell.pass(1000);
    shell.datagram(CALLER, caller.address, second[2].clone());
    shell.pass(1000);
    assert_eq!(shell.take_keys(CALLER), [('1', 100), ('2', 100)]);
}

#[test]
fn a_press_longer_than_a_segment_is_one_digit() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    // Eight seconds and a bit: 65,535 ticks, then a new segment (RFC 4733, section 2.5.1.3).
    for update in 1..=409u16 {
        let bytes = caller.key(7, false, update * 160);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
    let bytes = caller.key(7, false, 0xffff);
    shell.datagram(CALLER, caller.address, bytes);
    caller.timestamp = caller.timestamp.wrapping_add(0xffff);
    for end in [false, true, true, true] {
        let bytes = caller.key(7, end, 400);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
    shell.pass(1000);
    assert_eq!(shell.take_keys(CALLER), [('7', (65_535 + 400) / 8)]);
    // The far side got the segments themselves, not a second press on top.
    let packets = shell.to(AGENT).len();
    assert_eq!(packets, 409 + 1 + 4);
}

#[test]
fn what_is_no_key_is_no_digit() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    for event in [16, 32, 255] {
        for packet in press(&mut caller, event) {
            shell.datagram(CALLER, caller.address, packet);
        }
    }
    let short = caller.packet(telephone_event(CALLER), true, vec![1, 2, 3]);
    shell.datagram(CALLER, caller.address, short);
    shell.pass(1000);
    assert_eq!(shell.take_keys(CALLER), []);
}

#[test]
fn digits_are_sent_as_the_rfc_says_and_the_audio_makes_way() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &[0; 800]);
    for key in ['1', '*', 'd'] {
        let digit = Digit::new(key).unwrap();
        shell.input(Input::SendDigit {
            leg: AGENT,
            digit,
            duration: Duration::from_millis(90),
        });
    }
    shell.says(&mut caller, &[0; 8000]);
    let sent = shell.to(AGENT);
    for pair in sent.windows(2) {
        let (before, after) = (&pair[0].packet.header, &pair[1].packet.header);
        assert_eq!(
            after.sequence_number,
            before.sequence_number.wrapping_add(1)
        );
    }
    let events: Vec<&&Sent> = sent
        .iter()
        .filter(|sent| sent.packet.header.payload_type == telephone_event(AGENT))
        .collect();
    assert_eq!(events.len(), 3 * 7);
    for (press, event) in events.chunks(7).zip([1, 10, 15]) {
        let payloads: Vec<Vec<u8>> = press
            .iter()
            .map(|sent| sent.packet.payload.to_vec())
            .collect();
        let durations: Vec<u16> = payloads
            .iter()
            .map(|payload| u16::from_be_bytes([payload[2], payload[3]]))
            .collect();
        assert_eq!(durations, [160, 320, 480, 640, 720, 720, 720]);
        assert!(payloads.iter().all(|payload| payload[0] == event));
        let ends: Vec<bool> = payloads
            .iter()
            .map(|payload| payload[1] & 0x80 != 0)
            .collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        let markers: Vec<bool> = press.iter().map(|sent| sent.packet.header.marker).collect();
        assert_eq!(markers, [true, false, false, false, false, false, false]);
        assert!(
            press
                .iter()
                .all(|sent| sent.packet.header.timestamp == press[0].packet.header.timestamp)
        );
        assert!(
            press
                .windows(2)
                .all(|pair| pair[1].at_ms - pair[0].at_ms == 20)
        );
    }
    assert_eq!(events[7].at_ms - events[6].at_ms, 50);
    // The audio is back, as a talk spurt, at the time that it stands for.
    let after = sent
        .iter()
        .rev()
        .take_while(|sent| sent.packet.header.payload_type == 0)
        .last()
        .unwrap();
    assert!(after.packet.header.marker);
    let since = after
        .packet
        .header
        .timestamp
        .wrapping_sub(events[0].packet.header.timestamp);
    assert_eq!(u64::from(since), (after.at_ms - events[0].at_ms) * 8);
    let digits = events.into_iter().map(|sent| (*sent).clone()).collect();
    assert_eq!(
        keys_of(digits, telephone_event(AGENT)),
        [('1', 90), ('*', 90), ('D', 90)]
    );
}

#[test]
fn a_digit_of_the_signalling_reaches_the_other_leg() {
    let (mut shell, _, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let digit = Digit::new('4').unwrap();
    shell.input(Input::DigitSignalled {
        leg: CALLER,
        digit,
        duration: Duration::from_millis(160),
    });
    shell.pass(1000);
    let events = shell.take_events(CALLER);
    assert!(matches!(
        events[..],
        [
            Event::Digit {
                method: Method::Signalled,
                ..
            },
            ..
        ]
    ));
    let sent = shell.to(AGENT).into_iter().cloned().collect();
    assert_eq!(keys_of(sent, telephone_event(AGENT)), [('4', 160)]);
}

/// The ways in which the caller told its keys.
fn methods(shell: &mut Shell) -> Vec<(char, Method)> {
    let events = shell.take_events(CALLER).into_iter();
    let told = events.filter_map(|event| match event {
        Event::Digit { press, method, .. } => Some((press.digit.key(), method)),
        _ => None,
    });
    told.collect()
}

fn signal(shell: &mut Shell, key: char) {
    let (digit, duration) = (Digit::new(key).unwrap(), Duration::from_millis(100));
    let leg = CALLER;
    shell.input(Input::DigitSignalled {
        leg,
        digit,
        duration,
    });
}

#[test]
fn a_key_that_comes_as_an_event_and_in_the_signalling_counts_once() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    // The signalling before, within and after the event, then without one.
    for (before, within, after) in [
        (true, false, false),
        (false, true, false),
        (false, false, true),
    ] {
        if before {
            signal(&mut shell, '2');
            shell.pass(20);
        }
        for (at, packet) in press(&mut caller, 2).into_iter().enumerate() {
            shell.datagram(CALLER, caller.address, packet);
            if within && at == 1 {
                signal(&mut shell, '2');
            }
            shell.pass(20);
        }
        if after {
            signal(&mut shell, '2');
        }
        shell.pass(1_000);
        assert_eq!(methods(&mut shell), [('2', Method::TelephoneEvent)]);
    }
    signal(&mut shell, '2');
    signal(&mut shell, '2');
    shell.pass(1_000);
    let signalled = ('2', Method::Signalled);
    assert_eq!(methods(&mut shell), [signalled, signalled]);
    let sent = shell.to(AGENT).into_iter().cloned().collect();
    let heard = keys_of(sent, telephone_event(AGENT));
    assert_eq!(
        heard.into_iter().map(|(key, _)| key).collect::<String>(),
        "22222"
    );
}

#[test]
fn a_long_press_is_not_told_twice() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    signal(&mut shell, '2');
    for duration in (160..16_000).step_by(160) {
        let packet = caller.key(2, false, duration);
        shell.datagram(CALLER, caller.address, packet);
        shell.pass(20);
    }
    let end = caller.key(2, true, 16_000);
    shell.datagram(CALLER, caller.address, end);
    shell.pass(1_000);
    assert_eq!(methods(&mut shell), [('2', Method::TelephoneEvent)]);
}

#[test]
fn a_key_that_comes_while_another_is_sent_is_sent_after_it() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let digit = Digit::new('1').unwrap();
    shell.input(Input::SendDigit {
        leg: AGENT,
        digit,
        duration: Duration::from_millis(300),
    });
    for packet in press(&mut caller, 2) {
        shell.datagram(CALLER, caller.address, packet);
        shell.pass(20);
    }
    shell.pass(1000);
    let sent = shell.to(AGENT).into_iter().cloned().collect();
    assert_eq!(
        keys_of(sent, telephone_event(AGENT)),
        [('1', 300), ('2', 100)]
    );
}

#[test]
fn a_leg_without_telephone_events_says_so_and_hears_no_hole() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let plain = Negotiated::new(address(AGENT), Codec::Pcmu);
    shell.input(Input::Update {
        leg: AGENT,
        negotiated: plain,
    });
    let digit = Digit::new('1').unwrap();
    let send = Input::SendDigit {
        leg: AGENT,
        digit,
        duration: Duration::from_millis(100),
    };
    assert_eq!(
        shell.call.handle(send, shell.now),
        Err(Error::NoTelephoneEvent(AGENT))
    );
    shell.says(&mut caller, &[0; 320]);
    for packet in press(&mut caller, 3) {
        shell.datagram(CALLER, caller.address, packet);
        shell.pass(20);
    }
    shell.says(&mut caller, &[0; 320]);
    let numbers: Vec<u16> = shell
        .to(AGENT)
        .iter()
        .map(|sent| sent.packet.header.sequence_number)
        .collect();
    assert!(
        numbers
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1))
            && numbers.len() == 4
    );
    assert_eq!(shell.take_keys(CALLER), [('3', 100)]);
}

#[test]
fn no_more_than_a_bound_of_digits_wait_and_a_hold_forgets_them() {
    let (mut shell, _, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let digit = Digit::new('1').unwrap();
    let send = Input::SendDigit {
        leg: AGENT,
        digit,
        duration: Duration::from_millis(100),
    };
    let accepted = (0..100)
        .take_while(|_| shell.call.handle(send.clone(), shell.now).is_ok())
        .count();
    assert_eq!(accepted, trunkline_media::dtmf::MAX_PENDING + 1);
    assert_eq!(
        shell.call.handle(send, shell.now),
        Err(Error::TooManyDigits(AGENT))
    );
    let plain = Negotiated::new(address(AGENT), Codec::Pcmu);
    shell.input(Input::Update {
        leg: AGENT,
        negotiated: plain,
    });
    shell.hears(AGENT, Hears::Nothing);
    shell.pass(1000);
    assert!(shell.to(AGENT).is_empty());
}

#[test]
fn events_of_a_codec_of_48_khz_have_its_clock_both_ways() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Opus, Codec::Opus);
    for update in 1..=5u16 {
        let bytes = caller.key(5, update == 5, update * 960);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
    assert_eq!(shell.take_keys(CALLER), [('5', 100)]);
    shell.sent.clear();
    // Longer than 16 bits of ticks: three segments.
    shell.input(Input::SendDigit {
        leg: AGENT,
        digit: Digit::new('9').unwrap(),
        duration: Duration::from_secs(3),
    });
    shell.pass(4000);
    let sent: Vec<Sent> = shell.to(AGENT).into_iter().cloned().collect();
    let first = sent[0].packet.header.timestamp;
    let segments = sent.iter().map(|sent| sent.packet.header.timestamp - first);
    let mut segments: Vec<u32> = segments.collect();
    segments.dedup();
    assert_eq!(segments, [0, 0xffff, 2 * 0xffff]);
    let keys = keys_of_codec(Codec::Opus, sent, telephone_event(AGENT));
    assert_eq!(keys, [('9', 3000)]);
}
