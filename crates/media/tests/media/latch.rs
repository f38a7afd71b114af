//! reliability: RTP bleed and injection (CVE-2017-14099, CVE-2025-53399). Nobody gets into a call, or
//! gets its audio, by sending packets.

use trunkline_media::{Codec, Event, Input, LatchRule, Reason, SourceRule, SsrcRule};

use crate::driver::{AGENT, CALLER, Peer, Shell, address, negotiated, second_of};

fn with_source(rule: SourceRule) -> (Shell, Peer, Peer) {
    let (mut shell, caller, agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let mut agreed = negotiated(CALLER, Codec::Pcmu);
    agreed.latch.source = rule;
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: agreed,
    });
    (shell, caller, agent)
}

fn refused(shell: &Shell, reason: Reason) -> u32 {
    shell
        .call
        .measured(CALLER, shell.now)
        .unwrap()
        .refused_by_reason[reason.index()]
}

fn latches(shell: &mut Shell) -> usize {
    let events = shell.take_events(CALLER);
    events
        .iter()
        .filter(|event| matches!(event, Event::Latched { .. }))
        .count()
}

#[test]
fn the_signalled_address_is_heard_at_once_and_latched_by_its_third_packet() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &[0; 320]);
    assert_eq!((shell.to(AGENT).len(), latches(&mut shell)), (2, 0));
    shell.says(&mut caller, &[0; 160]);
    assert_eq!((shell.to(AGENT).len(), latches(&mut shell)), (3, 1));
}

#[test]
fn a_spray_before_and_after_the_latch_injects_nothing_and_gets_nothing() {
    for before in [true, false] {
        let (mut shell, mut caller, mut agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
        if !before {
            shell.says(&mut caller, &[0; 800]);
        }
        let already = shell.sent.len();
        // With the right SSRC, sequence and payload type, from another host and from another port.
        for number in 0..10_000u32 {
            let source = if number % 2 == 0 {
                "198.51.100.66:4001"
            } else {
                "192.0.2.10:4999"
            };
            let mut attacker = caller.at(source);
            attacker.sequence = attacker
                .sequence
                .wrapping_add(u16::try_from(number / 2).unwrap());
            let bytes = attacker.audio(&[20_000; 160]);
            shell.datagram(CALLER, attacker.address, bytes);
        }
        assert_eq!(shell.sent.len(), already);
        assert_eq!(refused(&shell, Reason::ForeignSource), 10_000);
        shell.says(&mut agent, &second_of(500));
        assert!(
            shell
                .to(CALLER)
                .iter()
                .all(|sent| sent.destination == address(CALLER))
        );
        shell.says(&mut caller, &second_of(500));
        assert_eq!(shell.to(AGENT).len(), already + 50);
        let told: Vec<Event> = shell.take_events(CALLER);
        let told = told
            .iter()
            .filter(|event| matches!(event, Event::Refused(told) if told.packets == 10_000));
        assert_eq!(told.count(), 1, "a flood of packets is one event");
    }
}

#[test]
fn a_new_ssrc_after_the_latch_is_refused_until_a_new_description() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &[0; 800]);
    let mut other = Peer {
        ssrc: 99,
        sequence: 5,
        ..caller.clone()
    };
    shell.says(&mut other, &second_of(500));
    assert_eq!(shell.to(AGENT).len(), 5);
    assert_eq!(refused(&shell, Reason::ForeignSsrc), 50);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: negotiated(CALLER, Codec::Pcmu),
    });
    shell.says(&mut other, &[0; 800]);
    assert_eq!(shell.to(AGENT).len(), 10);
    assert_eq!(latches(&mut shell), 2);
    // And back: the old one is the stranger now.
    shell.says(&mut caller, &[0; 800]);
    assert_eq!(shell.to(AGENT).len(), 10);
}

#[test]
fn by_rule_a_new_ssrc_may_follow_one_that_is_quiet() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let mut agreed = negotiated(CALLER, Codec::Pcmu);
    agreed.latch = LatchRule {
        ssrc: SsrcRule::RelearnWhenQuiet,
        ..LatchRule::default()
    };
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: agreed,
    });
    shell.says(&mut caller, &[0; 800]);
    let mut other = Peer {
        ssrc: 99,
        sequence: 5,
        ..caller.clone()
    };
    shell.says(&mut other, &[0; 1600]);
    assert_eq!(
        shell.to(AGENT).len(),
        5,
        "the old one was heard a moment ago"
    );
    shell.pass(400);
    shell.says(&mut other, &[0; 1600]);
    assert!(shell.to(AGENT).len() > 5 + 7);
    assert_eq!(shell.received(CALLER).lost, 0);
}

#[test]
fn a_media_server_in_the_network_is_learned_once_by_rule() {
    let (mut shell, caller, mut agent) = with_source(SourceRule::SameNetwork);
    let mut server = caller.at("192.0.2.77:9000");
    let mut stranger = caller.at("198.51.100.1:9000");
    shell.says(&mut stranger, &[0; 1600]);
    shell.says(&mut server, &[0; 320]);
    assert!(shell.to(AGENT).is_empty());
    shell.says(&mut server, &[0; 320]);
    assert_eq!(shell.to(AGENT).len(), 2);
    assert_eq!(
        (
            refused(&shell, Reason::ForeignSource),
            refused(&shell, Reason::Probation)
        ),
        (10, 2)
    );
    shell.says(&mut agent, &[0; 160]);
    assert_eq!(shell.to(CALLER)[0].destination, server.address);
    // Learned once: not even the signalled address gets in now, nor another of the network.
    let (mut signalled, mut third) = (caller.clone(), caller.at("192.0.2.78:9000"));
    shell.says(&mut signalled, &[0; 1600]);
    shell.says(&mut third, &[0; 1600]);
    assert_eq!(shell.to(AGENT).len(), 2);
    // A refresh without a change keeps what was learned.
    let mut same = negotiated(CALLER, Codec::Pcmu);
    same.latch.source = SourceRule::SameNetwork;
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: same,
    });
    shell.says(&mut agent, &[0; 160]);
    assert_eq!(shell.to(CALLER)[1].destination, server.address);
    shell.says(&mut third, &[0; 320]);
    assert_eq!(shell.to(AGENT).len(), 2);
}

#[test]
fn where_the_signalled_address_speaks_nobody_else_is_learned() {
    let (mut shell, mut caller, _) = with_source(SourceRule::Any);
    shell.says(&mut caller, &[0; 160]);
    let mut stranger = caller.at("198.51.100.1:9000");
    shell.says(&mut stranger, &[0; 1600]);
    assert_eq!(shell.to(AGENT).len(), 1);
    assert_eq!(refused(&shell, Reason::ForeignSource), 10);
}

#[test]
fn packets_out_of_sequence_are_not_plausible() {
    let (mut shell, caller, _) = with_source(SourceRule::Any);
    let mut prober = caller.at("198.51.100.1:9000");
    for number in 0..1000u16 {
        prober.sequence = number.wrapping_mul(7919);
        let bytes = prober.audio(&[0; 160]);
        shell.datagram(CALLER, prober.address, bytes);
    }
    assert!(shell.sent.is_empty());
    assert_eq!(latches(&mut shell), 0);
}

#[test]
fn a_new_address_in_a_new_description_takes_the_place_of_the_old_one() {
    let (mut shell, mut caller, mut agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &[0; 800]);
    let mut moved = negotiated(CALLER, Codec::Pcmu);
    moved.remote = "192.0.2.99:5000".parse().unwrap();
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: moved.clone(),
    });
    shell.says(&mut agent, &[0; 160]);
    assert_eq!(shell.to(CALLER)[0].destination, moved.remote);
    shell.says(&mut caller, &[0; 160]);
    assert_eq!(shell.to(AGENT).len(), 5);
    let mut caller = Peer {
        ssrc: 5,
        ..caller.at("192.0.2.99:5000")
    };
    shell.says(&mut caller, &[0; 160]);
    assert_eq!(shell.to(AGENT).len(), 6);
}

#[test]
fn a_dual_stack_socket_shows_the_same_peer() {
    let (mut shell, caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let mut mapped = caller.at("[::ffff:192.0.2.10]:4001");
    shell.says(&mut mapped, &[0; 800]);
    assert_eq!(shell.to(AGENT).len(), 5);
}

#[test]
fn nothing_is_let_in_before_there_is_an_agreement() {
    let mut shell = Shell::new();
    shell.input(Input::Add { leg: CALLER });
    let mut caller = Peer::new(CALLER, Codec::Pcmu);
    shell.says(&mut caller, &[0; 1600]);
    assert_eq!(refused(&shell, Reason::NotNegotiated), 10);
    let mut foreign_type = Peer {
        codec: Codec::Pcma,
        ..caller.clone()
    };
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: negotiated(CALLER, Codec::Pcmu),
    });
    shell.says(&mut foreign_type, &[0; 1600]);
    assert_eq!(refused(&shell, Reason::PayloadType), 10);
    shell.datagram(CALLER, caller.address, vec![0x80, 201, 0, 1, 0, 0, 0, 9]);
    assert_eq!(refused(&shell, Reason::Rtcp), 1);
    assert_eq!(shell.call.measured(CALLER, shell.now).unwrap().refused, 20);
}

#[test]
fn refusals_are_told_in_sums_a_second_after_the_first_and_ever_more_seldom_from_then_on() {
    let (mut shell, caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let mut stranger = caller.at("198.51.100.1:9000");
    // 50 packets a second for 25 seconds.
    shell.says(&mut stranger, &[0; 25 * 8000]);
    shell.pass(60_000);
    let events = shell.take_events(CALLER).into_iter();
    let told: Vec<u32> = events
        .filter_map(|event| match event {
            Event::Refused(told) if told.reason == Reason::ForeignSource => Some(told.packets),
            _ => None,
        })
        .collect();
    assert_eq!(told, [50, 500, 700]);
}
