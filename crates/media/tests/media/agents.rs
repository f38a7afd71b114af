//! The built-in agents: what a caller hears of them, and when.

use std::sync::Arc;
use std::time::Duration;

use trunkline_media::g711::Law;
use trunkline_media::{
    Agent, Codec, Digit, Digits, Direction, Event, Finished, Hears, Input, Menu, Negotiated, g711,
    tone,
};

use crate::driver::{
    CALLER, Peer, Shell, address, assert_continuous, negotiated, second_of, telephone_event,
};

fn alone(codec: Codec, agent: Agent) -> (Shell, Peer) {
    let mut shell = Shell::new();
    let caller = shell.leg(CALLER, codec);
    shell.hears(CALLER, Hears::Agent(agent));
    (shell, caller)
}

/// A caller who tells his keys in the signalling only, so that none waits for its telephone event.
fn alone_without_events(codec: Codec, agent: Agent) -> (Shell, Peer) {
    let (mut shell, caller) = alone(codec, agent);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: Negotiated::new(address(CALLER), codec),
    });
    (shell, caller)
}

fn press(shell: &mut Shell, key: char) {
    let digit = Digit::new(key).unwrap();
    shell.input(Input::DigitSignalled {
        leg: CALLER,
        digit,
        duration: Duration::from_millis(100),
    });
}

/// What the agent said of itself.
fn outcome(shell: &mut Shell) -> Vec<Event> {
    let events = shell.take_events(CALLER).into_iter();
    events
        .filter(|event| {
            matches!(
                event,
                Event::AgentChoice { .. } | Event::AgentFinished { .. }
            )
        })
        .collect()
}

fn menu() -> Agent {
    Agent::Menu(Menu::new(
        ['1', '2']
            .into_iter()
            .filter_map(Digit::new)
            .collect::<Digits>(),
    ))
}

#[test]
fn the_echo_is_what_was_said_at_once_in_a_stream_of_its_own() {
    let (mut shell, mut caller) = alone(Codec::Pcma, Agent::Echo);
    let samples = second_of(800);
    shell.says(&mut caller, &samples);
    let sent = shell.to(CALLER);
    assert_continuous(&sent, &[0]);
    assert_ne!(sent[0].packet.header.ssrc, caller.ssrc);
    for (index, sent) in (0u64..).zip(&sent) {
        assert_eq!(sent.at_ms, index * 20, "at once");
        assert_eq!(sent.destination, caller.address);
    }
    let said = samples.iter().map(|&sample| g711::encode(Law::A, sample));
    let echoed: Vec<u8> = sent
        .iter()
        .flat_map(|sent| sent.packet.payload.to_vec())
        .collect();
    assert_eq!(echoed, said.collect::<Vec<u8>>());
    let key = caller.key(5, false, 160);
    shell.datagram(CALLER, caller.address, key);
    assert_eq!(
        shell.sent.last().unwrap().packet.header.payload_type,
        telephone_event(CALLER)
    );
}

#[test]
fn a_tone_has_its_pitch_its_level_and_no_drift() {
    let (mut shell, _) = alone(
        Codec::Pcmu,
        Agent::Tone {
            frequency_hz: 1004,
            level_db: -20,
        },
    );
    shell.pass(60_000);
    let sent = shell.to(CALLER);
    assert_eq!(sent.len(), 3001);
    assert_continuous(&sent, &[0]);
    assert!(
        sent.iter()
            .zip(0u64..)
            .all(|(sent, index)| sent.at_ms == index * 20)
    );
    let heard = shell.heard(CALLER);
    assert!(tone::share(&heard[..80_000], 1004) > 0.99);
    let level = tone::rms(&heard) * 2f64.sqrt();
    assert!((level / 3276.7 - 1.0).abs() < 0.02, "{level}");
}

#[test]
fn other_packet_times_are_kept() {
    for packet_ms in [10, 30, 60] {
        let mut shell = Shell::new();
        shell.input(Input::Add { leg: CALLER });
        let mut agreed = negotiated(CALLER, Codec::Pcmu);
        agreed.packet_ms = packet_ms;
        shell.input(Input::Update {
            leg: CALLER,
            negotiated: agreed.clone(),
        });
        shell.hears(CALLER, Hears::Agent(Agent::Hold));
        shell.pass(599);
        assert_eq!(shell.to(CALLER).len(), usize::from(600 / packet_ms));
        assert!(
            shell
                .to(CALLER)
                .iter()
                .all(|sent| sent.packet.payload.len() == usize::from(packet_ms * 8))
        );
        agreed.packet_ms = 20;
        shell.input(Input::Update {
            leg: CALLER,
            negotiated: agreed,
        });
        shell.pass(200);
        assert!(
            shell
                .sent
                .iter()
                .rev()
                .take(10)
                .all(|sent| sent.packet.payload.len() == 160)
        );
    }
}

#[test]
fn a_late_shell_catches_up_five_packets_and_keeps_the_clock() {
    let (mut shell, _) = alone(
        Codec::Pcmu,
        Agent::Tone {
            frequency_hz: 1000,
            level_db: -10,
        },
    );
    shell.pass(100);
    let before = shell.sent.len();
    // Half a second without a wake.
    shell.now += Duration::from_millis(500);
    shell.input(Input::Wake);
    assert_eq!(shell.sent.len() - before, 5);
    shell.pass(100);
    let headers: Vec<_> = shell.sent.iter().map(|sent| &sent.packet.header).collect();
    assert!(
        headers
            .windows(2)
            .all(|pair| pair[1].sequence_number == pair[0].sequence_number.wrapping_add(1))
    );
    let elapsed = headers
        .last()
        .unwrap()
        .timestamp
        .wrapping_sub(headers[0].timestamp);
    assert_eq!(elapsed, 700 * 8);
    assert_eq!(shell.sent.last().unwrap().at_ms, 700);
}

#[test]
fn an_announcement_is_played_to_its_end_or_again() {
    let samples: Arc<[i16]> = tone::sine(600, -10, 990).into();
    let (mut shell, _) = alone(
        Codec::Pcmu,
        Agent::Announcement {
            samples: Arc::clone(&samples),
            repeat: false,
        },
    );
    shell.pass(5000);
    assert_eq!(shell.to(CALLER).len(), 50);
    assert_eq!(
        outcome(&mut shell),
        [Event::AgentFinished {
            finished: Finished::Played
        }]
    );
    let heard = shell.heard(CALLER);
    assert_eq!(tone::dominant_hz(&heard), Some(600));
    assert!(heard[990 * 8..].iter().all(|&sample| sample == 0));
    let (mut shell, _) = alone(
        Codec::Pcmu,
        Agent::Announcement {
            samples,
            repeat: true,
        },
    );
    shell.pass(5000);
    assert_eq!(shell.to(CALLER).len(), 251);
    assert!(outcome(&mut shell).is_empty());
}

#[test]
fn a_hold_of_the_peer_stops_the_agent_where_it_is() {
    let samples: Arc<[i16]> = tone::sine(600, -10, 1000).into();
    let (mut shell, _) = alone(
        Codec::Pcmu,
        Agent::Announcement {
            samples,
            repeat: false,
        },
    );
    shell.pass(399);
    let mut held = negotiated(CALLER, Codec::Pcmu);
    held.direction = Direction::Inactive;
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: held,
    });
    assert_eq!(shell.call.deadline(), None);
    shell.pass(10_000);
    assert_eq!(shell.to(CALLER).len(), 20);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: negotiated(CALLER, Codec::Pcmu),
    });
    shell.pass(5000);
    assert_eq!(shell.to(CALLER).len(), 50);
    assert!(
        tone::share(&shell.heard(CALLER), 600) > 0.99,
        "nothing of it is missing"
    );
    assert!(shell.to(CALLER)[20].packet.header.marker);
}

#[test]
fn an_agent_that_is_connected_before_the_agreement_begins_with_it() {
    let mut shell = Shell::new();
    shell.input(Input::Add { leg: CALLER });
    shell.hears(CALLER, Hears::Agent(Agent::Hold));
    shell.pass(1000);
    assert!(shell.sent.is_empty());
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: negotiated(CALLER, Codec::Pcmu),
    });
    assert_eq!(shell.to(CALLER).len(), 1, "at once");
}

#[test]
fn a_choice_may_be_made_during_the_prompt_and_only_once() {
    let (mut shell, mut caller) = alone(Codec::Pcmu, menu());
    shell.pass(300);
    for packet in [
        caller.key(2, false, 160),
        caller.key(2, true, 320),
        caller.key(2, true, 320),
    ] {
        shell.datagram(CALLER, caller.address, packet);
        shell.pass(20);
    }
    assert_eq!(
        outcome(&mut shell),
        [Event::AgentChoice {
            digit: Digit::new('2').unwrap()
        }]
    );
    press(&mut shell, '1');
    shell.sent.clear();
    shell.pass(30_000);
    assert!(outcome(&mut shell).is_empty());
    assert!(
        shell.heard(CALLER).iter().all(|&sample| sample == 0),
        "it waits for control in silence"
    );
    assert_eq!(shell.to(CALLER).len(), 1500);
}

#[test]
fn a_key_that_is_no_choice_plays_the_prompt_again() {
    let (mut shell, _) = alone_without_events(Codec::Pcmu, menu());
    shell.pass(3000);
    press(&mut shell, '7');
    shell.sent.clear();
    shell.pass(780);
    assert_eq!(tone::dominant_hz(&shell.heard(CALLER)[..1440]), Some(520));
    press(&mut shell, '1');
    assert_eq!(
        outcome(&mut shell),
        [Event::AgentChoice {
            digit: Digit::new('1').unwrap()
        }]
    );
}

#[test]
fn nobody_choosing_ends_the_menu_after_its_attempts() {
    let (mut shell, _) = alone(Codec::Pcmu, menu());
    // Prompts of 780 ms, five seconds to choose after each.
    shell.pass(3 * (780 + 5000) - 100);
    assert!(outcome(&mut shell).is_empty());
    shell.pass(100);
    assert_eq!(
        outcome(&mut shell),
        [Event::AgentFinished {
            finished: Finished::NoChoice
        }]
    );
    shell.sent.clear();
    shell.pass(1000);
    assert!(shell.sent.is_empty());
    let (mut shell, _) = alone_without_events(Codec::Pcmu, menu());
    for _ in 0..3 {
        press(&mut shell, '9');
    }
    assert_eq!(
        outcome(&mut shell),
        [Event::AgentFinished {
            finished: Finished::NoChoice
        }]
    );
}

#[test]
fn a_menu_may_have_a_recorded_prompt() {
    let menu = Menu {
        prompt: Some(tone::sine(350, -10, 500).into()),
        ..Menu::new(Digits::default())
    };
    let (mut shell, _) = alone(Codec::Pcma, Agent::Menu(menu));
    shell.pass(1000);
    assert_eq!(tone::dominant_hz(&shell.heard(CALLER)[..4000]), Some(350));
    assert!(
        shell.heard(CALLER)[4000..]
            .iter()
            .all(|&sample| sample.abs() == 8)
    );
}
