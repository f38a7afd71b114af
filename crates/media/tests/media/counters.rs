//! The numbers of a leg, against what was done to its packets.

use std::time::Duration;

use trunkline_media::{Agent, Codec, Event, Hears, Input, Reason, Settings, tone};

use crate::driver::{AGENT, CALLER, Shell, second_of};

#[test]
fn loss_duplicates_and_reordering_are_counted_through_wraps() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let (mut lost, mut doubled, mut swapped) = (0, 0, 0);
    let mut held: Option<Vec<u8>> = None;
    // 70,000 packets: the sequence wraps twice, the timestamp once.
    for number in 0..70_000u32 {
        let bytes = caller.audio(&[1000; 160]);
        match number % 100 {
            10 | 11 | 50 => lost += 1,
            20 => held = Some(bytes),
            30 => {
                doubled += 1;
                shell.datagram(CALLER, caller.address, bytes.clone());
                shell.datagram(CALLER, caller.address, bytes);
            }
            _ => {
                shell.datagram(CALLER, caller.address, bytes);
                if let Some(bytes) = held.take() {
                    swapped += 1;
                    shell.datagram(CALLER, caller.address, bytes);
                }
            }
        }
        shell.now += Duration::from_millis(20);
    }
    let received = shell.received(CALLER);
    assert_eq!(
        (received.lost, received.duplicates, received.reordered),
        (lost, doubled, swapped)
    );
    assert_eq!(received.packets, 70_000 - lost);
    assert_eq!(received.payload_bytes, received.packets * 160);
    assert_eq!((received.late, received.silence_permille), (0, 0));
    assert_eq!(received.longest_gap_ms, 60);
    let sent = shell.call.measured(AGENT, shell.now).unwrap().sent;
    assert_eq!(
        (sent.packets, sent.payload_bytes),
        (received.packets, received.payload_bytes)
    );
    assert_eq!((sent.lost, sent.longest_gap_ms), (0, 60));
}

#[test]
fn a_steady_stream_has_no_jitter_and_a_shaken_one_has_it() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    assert_eq!(shell.received(CALLER).jitter_max_us, 0);
    for number in 0..500u64 {
        let bytes = caller.audio(&[0; 160]);
        shell.pass(if number % 2 == 0 { 10 } else { 30 });
        shell.datagram(CALLER, caller.address, bytes);
    }
    // Every transit time differs by 10 ms from the one before.
    let jitter_us = shell.received(CALLER).jitter_us;
    assert!((9900..=10_000).contains(&jitter_us), "{jitter_us}");
}

#[test]
fn a_key_shakes_nothing() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &[0; 1600]);
    for update in 1..50 {
        let bytes = caller.key(1, false, update * 160);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
    caller.timestamp = caller.timestamp.wrapping_add(49 * 160);
    shell.says(&mut caller, &[0; 1600]);
    let received = shell.received(CALLER);
    assert_eq!(
        (received.jitter_max_us, received.lost, received.packets),
        (0, 0, 69)
    );
}

#[test]
fn silence_is_told_from_sound() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcma, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    shell.says(&mut caller, &[10; 24_000]);
    let received = shell.received(CALLER).silence_permille;
    assert!((700..=800).contains(&received), "{received}");
    let sent = shell
        .call
        .measured(AGENT, shell.now)
        .unwrap()
        .sent
        .silence_permille;
    assert!((700..=800).contains(&sent), "{sent}");
}

#[test]
fn a_leg_is_measured_at_its_end_and_at_intervals_if_asked() {
    let settings = Settings {
        measure_every: Some(Duration::from_secs(10)),
        ..Settings::default()
    };
    let mut shell = Shell::with(settings);
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.hears(CALLER, Hears::Agent(Agent::Echo));
    shell.pass(120);
    for _ in 0..25 {
        shell.says(&mut caller, &tone::sine(500, -10, 1000));
    }
    shell.input(Input::Measure { leg: CALLER });
    shell.input(Input::Remove { leg: CALLER });
    let events = shell.take_events(CALLER);
    let measured: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Measured(measured) => {
                Some((measured.over.as_millis(), measured.received.packets))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        measured,
        [(10_000, 494), (20_000, 994), (25_120, 1250), (25_120, 1250)]
    );
    assert!(matches!(events.last(), Some(Event::Measured(last))
        if last.sent.packets == 1250 && last.first_packet_after == Some(Duration::from_millis(120))));
}

#[test]
fn a_numbering_that_begins_again_is_followed_and_is_no_loss() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    caller.sequence = caller.sequence.wrapping_add(30_000);
    caller.timestamp = caller.timestamp.wrapping_add(4_000);
    shell.says(&mut caller, &second_of(500));
    let received = shell.received(CALLER);
    assert_eq!(received.jitter_max_us, 0, "another clock is no jitter");
    assert_eq!(
        (received.packets, received.lost),
        (99, 0),
        "the first of them was not believed yet"
    );
    let refused = shell
        .call
        .measured(CALLER, shell.now)
        .unwrap()
        .refused_by_reason;
    assert_eq!(refused[Reason::SequenceJump.index()], 1);
    // The far side hears one stream all the same.
    let sent = shell.to(AGENT);
    for (index, pair) in sent.windows(2).enumerate() {
        let (before, after) = (&pair[0].packet.header, &pair[1].packet.header);
        assert_eq!(
            after.sequence_number,
            before.sequence_number.wrapping_add(1)
        );
        assert_eq!(
            after.timestamp.wrapping_sub(before.timestamp),
            if index == 49 { 320 } else { 160 }
        );
        assert_eq!(after.marker, index == 49);
    }
}

#[test]
fn what_was_lost_before_a_new_numbering_stays_lost() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    caller.sequence = caller.sequence.wrapping_add(3);
    shell.says(&mut caller, &second_of(500));
    caller.sequence = caller.sequence.wrapping_add(30_000);
    shell.says(&mut caller, &second_of(500));
    assert_eq!(shell.received(CALLER).lost, 3);
}
