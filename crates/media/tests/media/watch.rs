//! Silence: told once, told over, and never told of a leg that need not be heard.

use std::time::Duration;

use trunkline_media::silence::Bounds;
use trunkline_media::{Codec, Direction, Event, Input, Settings, Silence};

use crate::driver::{CALLER, Shell, negotiated, second_of};

/// Silences and ends of them, in milliseconds.
fn told(shell: &mut Shell) -> Vec<(&'static str, Silence, u128)> {
    let events = shell.take_events(CALLER).into_iter();
    let told = events.filter_map(|event| match event {
        Event::Silent {
            silence, lasted, ..
        } => Some(("silent", silence, lasted.as_millis())),
        Event::Resumed { silence, after } => Some(("resumed", silence, after.as_millis())),
        _ => None,
    });
    told.collect()
}

#[test]
fn two_seconds_without_a_packet_are_told_once_and_so_is_their_end() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    shell.pass(1979);
    assert_eq!(told(&mut shell), []);
    shell.pass(10_000);
    assert_eq!(told(&mut shell), [("silent", Silence::NoPackets, 2000)]);
    assert_eq!(
        shell.call.deadline(),
        None,
        "only a packet can change anything"
    );
    shell.says(&mut caller, &[0; 160]);
    assert_eq!(told(&mut shell), [("resumed", Silence::NoPackets, 11_999)]);
    shell.pass(3000);
    assert_eq!(told(&mut shell), [("silent", Silence::NoPackets, 2000)]);
}

#[test]
fn a_leg_that_was_never_heard_is_silent_too() {
    let mut shell = Shell::new();
    shell.leg(CALLER, Codec::Pcmu);
    shell.pass(5000);
    assert_eq!(told(&mut shell), [("silent", Silence::NoPackets, 2000)]);
}

#[test]
fn hold_and_early_dialog_are_no_silence() {
    let mut shell = Shell::new();
    shell.input(Input::Add { leg: CALLER });
    shell.pass(10_000);
    let mut agreed = negotiated(CALLER, Codec::Pcmu);
    agreed.watched = false;
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: agreed.clone(),
    });
    shell.pass(10_000);
    agreed.watched = true;
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: agreed.clone(),
    });
    shell.pass(1000);
    for direction in [Direction::SendOnly, Direction::Inactive] {
        agreed.direction = direction;
        shell.input(Input::Update {
            leg: CALLER,
            negotiated: agreed.clone(),
        });
        shell.pass(60_000);
    }
    assert_eq!(told(&mut shell), []);
    agreed.direction = Direction::SendReceive;
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: agreed.clone(),
    });
    shell.pass(1999);
    assert_eq!(told(&mut shell), []);
    shell.pass(1);
    assert_eq!(told(&mut shell), [("silent", Silence::NoPackets, 2000)]);
}

#[test]
fn packets_without_sound_are_told_if_asked() {
    let bounds = Bounds {
        no_packets: Duration::from_secs(2),
        no_sound: Some(Duration::from_secs(10)),
    };
    let mut shell = Shell::with(Settings {
        silence: bounds,
        ..Settings::default()
    });
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    for _ in 0..11 {
        shell.says(&mut caller, &[0; 8000]);
    }
    let silent = told(&mut shell);
    assert!(
        matches!(silent[..], [("silent", Silence::NoSound, 10_000..10_100)]),
        "{silent:?}"
    );
    shell.says(&mut caller, &second_of(500));
    let resumed = told(&mut shell);
    assert!(
        matches!(resumed[..], [("resumed", Silence::NoSound, 11_000..11_200)]),
        "{resumed:?}"
    );
    // No packets are one silence, not two.
    shell.pass(60_000);
    assert_eq!(told(&mut shell).len(), 1);
    shell.says(&mut caller, &second_of(500));
    assert_eq!(told(&mut shell).len(), 1);
}

#[test]
fn packets_move_no_timer() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    let deadline = shell.call.deadline();
    shell.says(&mut caller, &second_of(500)[..7840]);
    assert_eq!(shell.call.deadline(), deadline);
}
