//! Two legs without a common codec: what one says, the other hears.

use std::time::Duration;

use trunkline_media::{Agent, Codec, Datagram, Digit, Direction, Event, Hears, Input};

use crate::driver::{AGENT, CALLER, QUEUE, Sent, Shell, telephone_event};
use crate::speakers::{Ear, Mouth, Verdict, agreed, judge, leg, payload_type};

const ALL: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus,
    Codec::L16Narrow,
    Codec::L16Wide,
];

/// A caller of one codec and an agent of another, and their packet times.
fn bridged(from: (Codec, u16), to: (Codec, u16)) -> (Shell, Mouth) {
    let mut shell = Shell::new();
    let caller = leg(&mut shell, CALLER, from.0, from.1);
    leg(&mut shell, AGENT, to.0, to.1);
    shell.input(Input::Bridge {
        leg: CALLER,
        with: AGENT,
    });
    (shell, Mouth::new(caller, from.1.into()))
}

/// What the agent hears, from half a second on.
fn verdict(shell: &Shell, to: Codec, frequency_hz: u32) -> Verdict {
    let mut ear = Ear::new(to);
    let heard = ear.hears(&shell.to(AGENT));
    let half = usize::try_from(ear.hz / 2).unwrap();
    assert!(heard.len() > half, "{to:?}");
    judge(&heard[half..], ear.hz, frequency_hz)
}

/// Sequence numbers grow by one, timestamps by the time of a packet; the marker is where talk spurts begin.
fn assert_one_stream(sent: &[&Sent], ticks: u32, spurts: &[usize]) {
    for (index, pair) in sent.windows(2).enumerate() {
        let (before, after) = (&pair[0].packet.header, &pair[1].packet.header);
        let step = after.sequence_number.wrapping_sub(before.sequence_number);
        assert_eq!((step, after.ssrc), (1, before.ssrc), "packet {index}");
        let step = after.timestamp.wrapping_sub(before.timestamp);
        if !spurts.contains(&(index + 1)) {
            assert_eq!(step, ticks, "packet {index}");
        }
    }
    let marked = sent.iter().enumerate();
    let marked = marked.filter(|(_, sent)| sent.packet.header.marker);
    let marked: Vec<usize> = marked.map(|(index, _)| index).collect();
    assert_eq!(marked, spurts);
}

/// The least ratio of a sine to all else that came of a pair. Into narrowband Opus at 20 kbit/s it is that of a codec for
/// speech, which does not keep waves.
fn least_snr_db(from: Codec, to: Codec) -> f64 {
    match (from, to) {
        (Codec::Opus, _) => 30.0,
        (_, Codec::Opus) => 15.0,
        _ => 32.0,
    }
}

#[test]
fn a_sine_keeps_its_frequency_and_level_through_every_pair() {
    for from in ALL {
        for to in ALL.into_iter().filter(|&to| to != from) {
            for frequency_hz in [300, 1000, 3000] {
                let (mut shell, mut caller) = bridged((from, 20), (to, 20));
                caller.says(&mut shell, frequency_hz, 1000);
                let sent = shell.to(AGENT);
                assert_eq!(sent.len(), 50);
                let ticks = to.clock().ticks(Duration::from_millis(20));
                assert_one_stream(&sent, ticks, &[0]);
                let heard = verdict(&shell, to, frequency_hz);
                let context = format!("{from:?} to {to:?}, {frequency_hz} Hz: {heard:?}");
                let tolerated = if frequency_hz > 2_000 { 1.5 } else { 1.0 };
                assert!(heard.level_db.abs() < tolerated, "{context}");
                assert!(heard.snr_db > least_snr_db(from, to), "{context}");
            }
        }
    }
}

#[test]
fn a_packet_leaves_when_it_came() {
    let (mut shell, mut caller) = bridged((Codec::Pcmu, 20), (Codec::Opus, 20));
    caller.says(&mut shell, 1000, 400);
    let left: Vec<u64> = shell.to(AGENT).iter().map(|sent| sent.at_ms).collect();
    let came: Vec<u64> = (0..20).map(|packet| packet * 20).collect();
    assert_eq!(left, came);
}

#[test]
fn packets_have_the_length_that_each_side_agreed_on() {
    for from in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        for to in [Codec::Pcma, Codec::G722, Codec::Opus] {
            if from == to || (from.law().is_some() && to.law().is_some()) {
                continue;
            }
            for (came_ms, left_ms) in [(10, 60), (60, 10), (20, 30), (40, 50), (60, 60)] {
                let (mut shell, mut caller) = bridged((from, came_ms), (to, left_ms));
                caller.says(&mut shell, 1000, 1800);
                let opus_ms = if left_ms == 30 { 20 } else { 40 };
                let left_ms = match (to, left_ms) {
                    (Codec::Opus, 30 | 50) => opus_ms,
                    _ => left_ms,
                };
                let sent = shell.to(AGENT);
                let expected = 1800 / usize::from(left_ms);
                assert!(
                    sent.len() == expected,
                    "{from:?} {came_ms} {to:?} {left_ms}"
                );
                let ticks = to.clock().ticks(Duration::from_millis(left_ms.into()));
                assert_one_stream(&sent, ticks, &[0]);
                assert!(verdict(&shell, to, 1000).level_db.abs() < 1.0);
            }
        }
    }
}

/// Every twentieth packet is lost, every seventh comes behind the next one, every ninth comes twice.
fn roughly(from: Codec, to: Codec) -> Shell {
    let (mut shell, mut caller) = bridged((from, 20), (to, 20));
    let mut late = None;
    for number in 0..250 {
        let samples = caller.sine(1000);
        let packet = caller.packet(&samples);
        let (leg, address) = (caller.peer.leg, caller.peer.address);
        match number {
            number if number % 20 == 13 => {}
            number if number % 7 == 3 => late = Some(packet),
            number => {
                if number % 9 == 0 {
                    shell.datagram(leg, address, packet.clone());
                }
                shell.datagram(leg, address, packet);
                if let Some(late) = late.take() {
                    shell.datagram(leg, address, late);
                }
            }
        }
        shell.pass(20);
    }
    shell
}

#[test]
fn losses_are_made_up_and_nothing_comes_twice_or_in_the_wrong_order() {
    for from in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
        for to in [Codec::Pcmu, Codec::G722, Codec::Opus] {
            if from == to || (from.law().is_some() && to.law().is_some()) {
                continue;
            }
            let shell = roughly(from, to);
            let sent = shell.to(AGENT);
            assert_eq!(sent.len(), 250, "{from:?} {to:?}");
            let ticks = to.clock().ticks(Duration::from_millis(20));
            assert_one_stream(&sent, ticks, &[0]);
            let heard = verdict(&shell, to, 1000);
            let context = format!("{from:?} to {to:?}: {heard:?}");
            assert!(heard.level_db.abs() < 1.0, "{context}");
            // Opus goes on with a voice where a tone was.
            let least = if from == Codec::Opus { 8.0 } else { 13.0 };
            assert!(heard.snr_db > least, "{context}");
            let late = sent.windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms);
            assert!(late.max().unwrap() <= 100, "{context}");
        }
    }
}

#[test]
fn a_gap_is_given_up_after_30_ms() {
    let (mut shell, mut caller) = bridged((Codec::Pcmu, 20), (Codec::G722, 20));
    caller.says(&mut shell, 1000, 100);
    let samples = caller.sine(1000);
    let _lost = caller.packet(&samples);
    let next = caller.packet(&samples);
    shell.sent.clear();
    let now = shell.at_ms();
    shell.datagram(CALLER, caller.peer.address, next);
    shell.pass(100);
    let left: Vec<u64> = shell
        .to(AGENT)
        .iter()
        .map(|sent| sent.at_ms - now)
        .collect();
    assert_eq!(left, [30, 30]);
}

#[test]
fn a_pause_is_a_talk_spurt_and_not_a_loss() {
    for (from, to) in [(Codec::Pcmu, Codec::Opus), (Codec::G722, Codec::Pcma)] {
        let (mut shell, mut caller) = bridged((from, 20), (to, 20));
        caller.says(&mut shell, 1000, 200);
        caller.skip(100);
        shell.pass(2000);
        caller.says(&mut shell, 1000, 200);
        let sent = shell.to(AGENT);
        assert_eq!(sent.len(), 20);
        assert_one_stream(&sent, to.clock().ticks(Duration::from_millis(20)), &[0, 10]);
        let step = sent[10].packet.header.timestamp - sent[9].packet.header.timestamp;
        assert_eq!(step, to.clock().ticks(Duration::from_millis(2020)));
    }
}

#[test]
fn who_is_quiet_on_purpose_is_a_quiet_line() {
    // One octet: Opus' discontinuous transmission.
    let (mut shell, mut caller) = bridged((Codec::Opus, 20), (Codec::Pcmu, 20));
    caller.says(&mut shell, 1000, 400);
    let silence = caller
        .peer
        .packet(payload_type(Codec::Opus), false, vec![0x08]);
    shell.datagram(CALLER, caller.peer.address, silence);
    shell.sent.clear();
    shell.pass(400);
    caller.skip(20);
    let quiet = shell.to(AGENT);
    assert!((16..=18).contains(&quiet.len()), "{}", quiet.len());
    assert!(quiet.iter().all(|sent| !sent.packet.header.marker));
    shell.sent.clear();
    caller.says(&mut shell, 1000, 400);
    let sent = shell.to(AGENT);
    assert_eq!(sent.len(), 20);
    assert_one_stream(&sent, 160, &[0]);

    // A packet of comfort noise, 40 dB below overload.
    let (mut shell, mut caller) = bridged((Codec::Pcmu, 20), (Codec::G722, 20));
    caller.says(&mut shell, 1000, 200);
    let noise = caller.peer.packet(13, false, vec![40]);
    shell.datagram(CALLER, caller.peer.address, noise);
    shell.sent.clear();
    shell.pass(10_000);
    // Until it must be gone: five seconds.
    let quiet = shell.to(AGENT);
    assert!((245..=250).contains(&quiet.len()), "{}", quiet.len());
    let heard = Ear::new(Codec::G722).hears(&quiet);
    let level = 20.0 * (trunkline_media::tone::rms(&heard[8000..]) / 32_768.0).log10();
    assert!((level + 40.0).abs() < 1.5, "{level}");
    assert_eq!(shell.call.deadline(), None);
}

#[test]
fn keys_go_their_own_way_at_the_clock_of_each_side() {
    for (from, to) in [(Codec::Pcmu, Codec::Opus), (Codec::Opus, Codec::Pcmu)] {
        let (mut shell, mut caller) = bridged((from, 20), (to, 20));
        caller.says(&mut shell, 1000, 200);
        let tick = u16::try_from(from.clock().0 / 50).unwrap();
        for update in 1..=5u16 {
            let bytes = caller.peer.key(5, update == 5, update * tick);
            shell.datagram(CALLER, caller.peer.address, bytes);
            shell.pass(20);
        }
        caller.skip(5);
        caller.says(&mut shell, 1000, 600);
        assert_eq!(shell.take_keys(CALLER), [('5', 100)], "{from:?}");
        let sent = shell.to(AGENT);
        let is_key = |sent: &&&Sent| sent.packet.header.payload_type == telephone_event(AGENT);
        let keys: Vec<&&Sent> = sent.iter().filter(is_key).collect();
        let last = &keys.last().unwrap().packet.payload;
        let duration = u16::from_be_bytes([last[2], last[3]]);
        let ticks = to.clock().ticks(Duration::from_millis(100));
        assert_eq!((last[0], u32::from(duration)), (5, ticks), "{from:?}");
        // Of one event, in numbers without a gap: nothing was lost to who listens.
        let first = keys[0].packet.header.timestamp;
        assert!(keys.iter().all(|key| key.packet.header.timestamp == first));
        for pair in sent.windows(2) {
            let (before, after) = (&pair[0].packet.header, &pair[1].packet.header);
            assert_eq!(
                after.sequence_number,
                before.sequence_number.wrapping_add(1)
            );
        }
        assert!(sent.len() > 30, "{}", sent.len());
    }
}

#[test]
fn another_speaker_and_a_hold_begin_talk_spurts_of_the_same_stream() {
    let (mut shell, mut caller) = bridged((Codec::Pcmu, 20), (Codec::Opus, 20));
    let queue = leg(&mut shell, QUEUE, Codec::G722, 20);
    let mut queue = Mouth::new(queue, 20);
    caller.says(&mut shell, 1000, 200);
    shell.hears(AGENT, Hears::Leg(QUEUE));
    queue.says(&mut shell, 2000, 200);
    shell.hears(AGENT, Hears::Agent(Agent::Hold));
    shell.pass(199);
    shell.hears(AGENT, Hears::Leg(CALLER));
    let mut held = agreed(AGENT, Codec::Opus, 20);
    held.direction = Direction::Inactive;
    for negotiated in [held, agreed(AGENT, Codec::Opus, 20)] {
        caller.says(&mut shell, 1000, 200);
        shell.input(Input::Update {
            leg: AGENT,
            negotiated,
        });
    }
    caller.says(&mut shell, 1000, 200);
    assert_one_stream(&shell.to(AGENT), 960, &[0, 10, 20, 30, 40]);
    let told = shell.take_events(AGENT).into_iter();
    let told = told.filter_map(|event| match event {
        Event::Transcoded { speaker, from, to } => Some((speaker, from, to)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let by = |speaker, from| (speaker, from, Codec::Opus);
    let caller = by(CALLER, Codec::Pcmu);
    assert_eq!(told, [caller, by(QUEUE, Codec::G722), caller]);
}

#[test]
fn agents_are_heard_in_every_codec() {
    for codec in ALL {
        for packet_ms in [10, 20, 30, 60] {
            let mut shell = Shell::new();
            leg(&mut shell, AGENT, codec, packet_ms);
            let tone = Agent::Tone {
                frequency_hz: 1000,
                level_db: -10,
            };
            shell.hears(AGENT, Hears::Agent(tone));
            shell.pass(1999);
            let heard = verdict(&shell, codec, 1000);
            // A peak of 10,362 instead of the judge's 10,000.
            assert!((heard.level_db - 0.31).abs() < 1.0, "{codec:?} {heard:?}");
            assert!(heard.snr_db > 15.0, "{codec:?} {heard:?}");
            let made_ms = agreed(AGENT, codec, packet_ms).made_ms();
            let ticks = codec.clock().ticks(Duration::from_millis(made_ms.into()));
            assert_one_stream(&shell.to(AGENT), ticks, &[0]);
        }
        let mut shell = Shell::new();
        let agent = leg(&mut shell, AGENT, codec, 20);
        shell.hears(AGENT, Hears::Agent(Agent::Echo));
        Mouth::new(agent, 20).says(&mut shell, 440, 1000);
        assert!(
            verdict(&shell, codec, 440).level_db.abs() < 1.0,
            "{codec:?}"
        );
    }
}

#[test]
fn a_peer_that_changes_its_codec_is_heard() {
    let (mut shell, mut caller) = bridged((Codec::Pcmu, 20), (Codec::G722, 20));
    let negotiated = agreed(CALLER, Codec::Pcmu, 20).accepting(96, Codec::Opus);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated,
    });
    caller.says(&mut shell, 1000, 1000);
    let mut peer = caller.peer.clone();
    peer.codec = Codec::Opus;
    let mut opus = Mouth::new(peer, 20);
    opus.says(&mut shell, 1000, 1000);
    let heard = verdict(&shell, Codec::G722, 1000);
    assert!(heard.level_db.abs() < 1.0, "{heard:?}");
    assert_eq!(shell.to(AGENT).len(), 100);
}

#[test]
fn no_payload_does_harm_and_none_makes_more_than_it_is_long() {
    let mut seed = 1u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 8
    };
    for from in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        for to in [Codec::Pcma, Codec::G722, Codec::Opus] {
            if from == to {
                continue;
            }
            let (mut shell, mut caller) = bridged((from, 20), (to, 20));
            for _ in 0..400 {
                let length = usize::try_from(noise() % 1400).unwrap();
                let length = if noise().is_multiple_of(3) {
                    length % 4
                } else {
                    length
                };
                let payload = (0..length).map(|_| (noise() & 0xff) as u8).collect();
                caller.peer.sequence = caller.peer.sequence.wrapping_add(match noise() % 8 {
                    0 => 5,
                    1 => 65_535,
                    _ => 0,
                });
                caller.peer.timestamp = caller.peer.timestamp.wrapping_add(noise() % 4000);
                let payload_type = [payload_type(from), 13][usize::from(noise() % 16 == 0)];
                let bytes = caller.peer.packet(payload_type, false, payload);
                shell.sent.clear();
                shell.datagram(CALLER, caller.peer.address, bytes);
                assert!(shell.to(AGENT).len() <= 8 * 12, "{from:?} {to:?}");
                shell.pass(u64::from(noise() % 40));
            }
        }
    }
}

/// Allocations of a second of packets that come to a call which is at work.
fn allocations(from: Codec, to: Codec) -> u64 {
    let (mut shell, mut caller) = bridged((from, 20), (to, 20));
    caller.says(&mut shell, 1000, 1000);
    let mut packets: Vec<Vec<u8>> = Vec::new();
    for number in 0..100 {
        let samples = caller.sine(1000);
        let packet = caller.packet(&samples);
        if number % 10 != 5 {
            packets.push(packet);
        }
    }
    let (call, now) = (&mut shell.call, shell.now);
    let mut take = |packets: &mut [Vec<u8>]| {
        for bytes in packets {
            let datagram = Datagram::without_room(caller.peer.address, bytes);
            assert!(call.handle_packet(CALLER, datagram, now).is_none());
            while call.poll().is_some() {}
        }
    };
    let (first, second) = packets.split_at_mut(45);
    take(first);
    allocation_counter::measure(|| take(second)).count_total
}

#[test]
fn nothing_of_ours_allocates_for_a_packet() {
    assert_eq!(allocations(Codec::Pcmu, Codec::G722), 0);
    assert_eq!(allocations(Codec::G722, Codec::Pcma), 0);
    assert_eq!(allocations(Codec::L16Wide, Codec::Pcma), 0);
    // Opus has scratch space of its own on the heap: some twelve pieces to decode a packet, a hundred to encode it.
    assert!(allocations(Codec::Opus, Codec::Pcmu) < 50 * 20);
    assert!(allocations(Codec::Pcmu, Codec::Opus) < 50 * 200);
}

/// Octets that a bridged call of two codecs holds on the heap, both directions.
fn held(from: Codec, to: Codec) -> i64 {
    let mut kept = None;
    let counted = allocation_counter::measure(|| {
        let (mut shell, mut caller) = bridged((from, 20), (to, 20));
        caller.says(&mut shell, 1000, 200);
        let agent = crate::driver::Peer::new(AGENT, to);
        Mouth::new(agent, 20).says(&mut shell, 1000, 200);
        shell.sent = Vec::new();
        kept = Some(shell.call);
    });
    drop(kept);
    counted.bytes_current
}

#[test]
fn a_transcoded_call_holds_a_known_amount_of_memory() {
    for (from, to, most) in [
        (Codec::Pcmu, Codec::G722, 40_000),
        (Codec::Pcmu, Codec::Opus, 192_000),
        (Codec::G722, Codec::Opus, 192_000),
    ] {
        let held = held(from, to);
        assert!(held <= most, "{from:?} {to:?}: {held}");
    }
}

#[test]
fn what_was_lost_of_opus_is_taken_from_the_next_packet_if_that_carries_it() {
    let lossy = |with_redundancy: bool| {
        let (mut shell, mut caller) = bridged((Codec::Opus, 20), (Codec::L16Wide, 20));
        if with_redundancy {
            caller.add_redundancy();
        }
        for number in 0..250 {
            let samples = caller.chirp();
            let packet = caller.packet(&samples);
            if number % 5 != 4 {
                shell.datagram(CALLER, caller.peer.address, packet);
            }
            shell.pass(20);
        }
        let heard = Ear::new(Codec::L16Wide).hears(&shell.to(AGENT));
        assert_eq!(heard.len(), 249 * 320);
        caller.likeness(&heard)
    };
    let (with, without) = (lossy(true), lossy(false));

    assert!(with > without + 0.1, "{with} {without}");
}

#[test]
fn a_digit_of_the_agent_is_sent_and_what_is_said_meanwhile_is_not() {
    let (mut shell, mut caller) = bridged((Codec::G722, 20), (Codec::Pcmu, 20));
    caller.says(&mut shell, 1000, 200);
    shell.sent.clear();
    shell.input(Input::SendDigit {
        leg: AGENT,
        digit: Digit::new('7').unwrap(),
        duration: Duration::from_millis(100),
    });
    caller.says(&mut shell, 1000, 1000);
    let sent = shell.to(AGENT);
    let is_key = |sent: &&&Sent| sent.packet.header.payload_type == telephone_event(AGENT);
    let keys = sent.iter().filter(is_key).count();
    assert_eq!(keys, 7);
    assert_eq!(
        sent.len(),
        51,
        "a packet is a key or speech, but where the last key ends"
    );
}
