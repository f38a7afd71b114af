//! RFC 3550, section 5.1: what a leg hears is one stream, whoever speaks in it.

use rtc_rtp::header::Header;
use trunkline_media::{Agent, Codec, Datagram, Direction, Error, Hears, Input, LegId, tone};

use crate::driver::{
    AGENT, CALLER, QUEUE, Shell, address, assert_continuous, fixed, negotiated, second_of,
};

#[test]
fn a_tone_comes_out_as_it_went_in_and_numbers_wrap() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let samples = second_of(1000);
    shell.says(&mut caller, &samples);
    let sent = shell.to(AGENT);
    assert_eq!(sent.len(), 50);
    assert_continuous(&sent, &[0]);
    assert_eq!(sent[0].destination, address(AGENT));
    assert_ne!(sent[0].packet.header.ssrc, caller.ssrc);
    assert_eq!(tone::dominant_hz(&shell.heard(AGENT)), Some(1000));
    assert!(shell.to(CALLER).is_empty());
}

#[test]
fn a_law_becomes_mu_law_and_back_without_a_change_of_pitch_or_level() {
    for (from, to) in [(Codec::Pcma, Codec::Pcmu), (Codec::Pcmu, Codec::Pcma)] {
        let (mut shell, mut caller, _) = Shell::bridged(from, to);
        for frequency_hz in [300, 1000, 3400] {
            shell.sent.clear();
            let samples = second_of(frequency_hz);
            shell.says(&mut caller, &samples);
            let heard = shell.heard(AGENT);
            assert_eq!(shell.sent[0].packet.header.payload_type, fixed(to));
            assert_eq!(tone::dominant_hz(&heard), Some(frequency_hz));
            assert!(
                tone::share(&heard, frequency_hz) > 0.995,
                "noise: {}",
                tone::share(&heard, frequency_hz)
            );
            let change_db = 20.0 * (tone::rms(&heard) / tone::rms(&samples)).log10();
            assert!(
                change_db.abs() < 0.2,
                "{from:?} {frequency_hz} Hz: {change_db} dB"
            );
        }
    }
}

#[test]
fn losses_and_reordering_stay_as_they_are_and_repeated_packets_do_not_pass() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let packets: Vec<Vec<u8>> = (0..8).map(|_| caller.audio(&[0; 160])).collect();
    for index in [0, 1, 2, 4, 3, 3, 7] {
        shell.datagram(CALLER, caller.address, packets[index].clone());
        shell.pass(20);
    }
    let sent = shell.to(AGENT);
    let first = sent[0].packet.header.clone();
    let steps: Vec<(u16, u32)> = sent
        .iter()
        .map(|sent| &sent.packet.header)
        .map(|header| {
            (
                header.sequence_number.wrapping_sub(first.sequence_number),
                header.timestamp.wrapping_sub(first.timestamp) / 160,
            )
        })
        .collect();
    assert_eq!(steps, [(0, 0), (1, 1), (2, 2), (4, 4), (3, 3), (7, 7)]);
}

#[test]
fn a_change_from_hold_to_agent_to_queue_is_one_stream_for_the_caller() {
    let mut shell = Shell::new();
    shell.leg(CALLER, Codec::Pcmu);
    let mut agent = shell.leg(AGENT, Codec::Pcma);
    let mut queue = shell.leg(QUEUE, Codec::Pcmu);
    shell.hears(
        CALLER,
        Hears::Agent(Agent::Tone {
            frequency_hz: 500,
            level_db: -10,
        }),
    );
    shell.pass(1000);
    shell.input(Input::Bridge {
        leg: CALLER,
        with: AGENT,
    });
    shell.says(&mut agent, &second_of(700));
    shell.hears(CALLER, Hears::Agent(Agent::Hold));
    shell.pass(2999);
    shell.input(Input::Bridge {
        leg: CALLER,
        with: QUEUE,
    });
    shell.says(&mut queue, &second_of(900));
    let sent = shell.to(CALLER);
    assert_eq!(sent.len(), 51 + 50 + 150 + 50);
    for (index, pair) in sent.windows(2).enumerate() {
        let (before, after) = (&pair[0].packet.header, &pair[1].packet.header);
        assert_eq!(
            after.sequence_number,
            before.sequence_number.wrapping_add(1)
        );
        assert_eq!(after.ssrc, before.ssrc);
        let step = after.timestamp.wrapping_sub(before.timestamp);
        assert!((160..=320).contains(&step), "packet {}: {step}", index + 1);
        assert_eq!(
            after.marker,
            [50, 100, 250].contains(&index),
            "packet {}",
            index + 1
        );
    }
    let heard = shell.heard(CALLER);
    assert_eq!(tone::dominant_hz(&heard[..51 * 160]), Some(500));
    assert_eq!(tone::dominant_hz(&heard[51 * 160..101 * 160]), Some(700));
    assert_eq!(tone::dominant_hz(&heard[251 * 160..]), Some(900));
}

#[test]
fn a_pause_moves_the_timestamp_by_the_time_that_passed() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &[0; 1600]);
    let mut held = negotiated(AGENT, Codec::Pcmu);
    held.direction = Direction::ReceiveOnly;
    shell.input(Input::Update {
        leg: AGENT,
        negotiated: held,
    });
    shell.says(&mut caller, &second_of(400));
    assert_eq!(shell.to(AGENT).len(), 10);
    shell.input(Input::Update {
        leg: AGENT,
        negotiated: negotiated(AGENT, Codec::Pcmu),
    });
    // The caller's own clock stood still for a while: not the agent's business.
    caller.timestamp = caller.timestamp.wrapping_sub(4000);
    shell.says(&mut caller, &[0; 1600]);
    assert_continuous(&shell.to(AGENT), &[0, 10]);
}

#[test]
fn packets_from_before_a_switch_do_not_come_behind_it() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let early = caller.audio(&[0; 160]);
    shell.says(&mut caller, &[0; 480]);
    shell.datagram(CALLER, caller.address, early);
    assert_eq!(shell.to(AGENT).len(), 3);
    assert_continuous(&shell.to(AGENT), &[0]);
}

#[test]
fn extension_csrc_and_padding_stay_behind() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcma);
    let plain = caller.audio(&[4000; 160]);
    let mut odd = plain[..12].to_vec();
    odd[0] |= 0x20 | 0x10 | 2;
    odd.extend([1; 8]);
    odd.extend([0xbe, 0xde, 0, 1, 0x10, 7, 0, 0]);
    odd.extend(&plain[12..]);
    odd.extend([0, 0, 0, 4]);
    shell.datagram(CALLER, caller.address, odd);
    let header = &shell.sent[0].packet.header;
    assert_eq!(
        (header.padding, header.extension, header.csrc.len()),
        (false, false, 0)
    );
    assert_eq!(shell.sent[0].packet.payload.len(), 160);
    assert_eq!(tone::rms(&shell.heard(AGENT)).round(), 4032.0);
}

#[test]
fn only_the_last_one_that_was_connected_hears_a_leg() {
    let (mut shell, mut caller, mut agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let mut queue = shell.leg(QUEUE, Codec::Pcmu);
    shell.input(Input::Bridge {
        leg: CALLER,
        with: QUEUE,
    });
    shell.says(&mut caller, &[0; 160]);
    shell.says(&mut agent, &[0; 160]);
    shell.says(&mut queue, &[0; 160]);
    let legs: Vec<LegId> = shell.sent.iter().map(|sent| sent.leg).collect();
    assert_eq!(legs, [QUEUE, CALLER]);
    shell.input(Input::Remove { leg: QUEUE });
    shell.says(&mut caller, &[0; 160]);
    assert_eq!(shell.sent.len(), 2);
}

#[test]
fn comfort_noise_leaves_no_hole() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let mut agreed = negotiated(CALLER, Codec::Pcmu);
    agreed.comfort_noise_accepted = Some(13);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: agreed,
    });
    shell.says(&mut caller, &[0; 320]);
    let noise = caller.packet(13, false, vec![60]);
    caller.timestamp = caller.timestamp.wrapping_add(160);
    shell.datagram(CALLER, caller.address, noise);
    shell.pass(20);
    shell.says(&mut caller, &[0; 320]);
    assert_continuous(&shell.to(AGENT), &[0]);
    assert_eq!(shell.received(CALLER).packets, 5);
}

#[test]
fn nothing_is_sent_to_nowhere() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let mut nowhere = negotiated(AGENT, Codec::Pcmu);
    nowhere.remote = "0.0.0.0:4002".parse().unwrap();
    shell.input(Input::Update {
        leg: AGENT,
        negotiated: nowhere,
    });
    shell.says(&mut caller, &[0; 160]);
    assert!(shell.sent.is_empty());
}

#[test]
fn wrong_inputs_are_refused_and_change_nothing() {
    let (mut shell, _, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let now = shell.now;
    let mut wrong = negotiated(CALLER, Codec::Pcmu);
    wrong.packet_ms = 100;
    let cases = [
        (Input::Add { leg: CALLER }, Error::LegExists(CALLER)),
        (Input::Remove { leg: QUEUE }, Error::UnknownLeg(QUEUE)),
        (
            Input::Bridge {
                leg: CALLER,
                with: QUEUE,
            },
            Error::UnknownLeg(QUEUE),
        ),
        (
            Input::Connect {
                leg: CALLER,
                hears: Hears::Leg(CALLER),
            },
            Error::HearsItself(CALLER),
        ),
        (
            Input::Update {
                leg: CALLER,
                negotiated: wrong.clone(),
            },
            Error::PacketTime(100),
        ),
    ];
    for (input, error) in cases {
        assert_eq!(shell.call.handle(input, now), Err(error));
    }
    wrong.packet_ms = 20;
    wrong.telephone_event_accepted = Some(0);
    let update = Input::Update {
        leg: CALLER,
        negotiated: wrong,
    };
    assert_eq!(shell.call.handle(update, now), Err(Error::PayloadType(0)));
    for leg in 3..=16 {
        shell.input(Input::Add { leg: LegId(leg) });
    }
    assert_eq!(
        shell.call.handle(Input::Add { leg: LegId(17) }, now),
        Err(Error::TooManyLegs)
    );
    shell.input(Input::Stop);
    assert_eq!(shell.call.deadline(), None);
}

#[test]
fn a_leg_holds_less_than_two_kilobytes() {
    const { assert!(trunkline_media::Call::BYTES_PER_LEG <= 1920) };
    assert!(size_of::<trunkline_media::Call>() <= 2304);
    assert!(
        size_of::<Header>() > 12,
        "which is why the relay does not build one"
    );
}

#[test]
fn a_relayed_packet_allocates_nothing() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcma, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    let mut datagrams: Vec<Vec<u8>> = (0..1000).map(|_| caller.audio(&[9; 160])).collect();
    datagrams.extend((1..9).map(|update| caller.key(1, false, update * 160)));
    let mut relayed = 0;
    let counted = allocation_counter::measure(|| {
        for bytes in &mut datagrams {
            relayed += usize::from(
                shell
                    .call
                    .handle_packet(
                        CALLER,
                        Datagram::without_room(caller.address, bytes),
                        shell.now,
                    )
                    .is_some(),
            );
            assert!(shell.call.poll().is_none());
            std::hint::black_box(shell.call.deadline());
        }
    });
    assert_eq!((relayed, counted.count_total), (1008, 0));
}
