//! Keys as tones in the audio: one press each, whatever other ways it comes, and none where nobody listens.

use std::time::Duration;

use trunkline_media::dtmf::Tones;
use trunkline_media::{Codec, Digit, DigitLoss, Event, Input, Method, Negotiated, tone};

use crate::driver::{AGENT, CALLER, Peer, Shell, address, negotiated, second_of};

/// A caller and an agent who hear each other; the caller's audio is listened to.
fn listening(with_events: bool) -> (Shell, Peer, Peer) {
    let (mut shell, caller, agent) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    let agreed = negotiated(CALLER, Codec::Pcmu);
    let telephone_event = agreed.telephone_event.filter(|_| with_events);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: Negotiated {
            tones: true,
            telephone_event,
            telephone_event_accepted: telephone_event,
            ..agreed
        },
    });
    (shell, caller, agent)
}

/// The tones of the key 5.
fn five(ms: u32) -> Vec<i16> {
    let (low, high) = (tone::sine(770, -12, ms), tone::sine(1336, -10, ms));
    low.iter().zip(high).map(|(low, high)| low + high).collect()
}

fn keys(shell: &mut Shell) -> Vec<(char, Method)> {
    let events = shell.take_events(CALLER).into_iter();
    let keys = events.filter_map(|event| match event {
        Event::Digit { press, method, .. } => Some((press.digit.key(), method)),
        _ => None,
    });
    keys.collect()
}

fn info(shell: &mut Shell) {
    shell.input(Input::DigitSignalled {
        leg: CALLER,
        digit: Digit::new('5').unwrap(),
        duration: Duration::from_millis(100),
    });
}

/// The same key as a telephone event, beside its tones.
fn event_and_tones(shell: &mut Shell, caller: &mut Peer) {
    let began = caller.timestamp;
    for (number, frame) in five(100).chunks(160).enumerate() {
        let audio = caller.audio(frame);
        let duration = u16::try_from(160 * (number + 1)).unwrap();
        let mut event = caller.clone();
        event.timestamp = began;
        let bytes = event.key(5, number == 4, duration);
        caller.sequence = event.sequence;
        shell.datagram(CALLER, caller.address, audio);
        shell.datagram(CALLER, caller.address, bytes);
        shell.pass(20);
    }
}

#[test]
fn tones_are_one_key_and_reach_the_other_leg_as_an_event() {
    let (mut shell, mut caller, _) = listening(false);
    shell.says(&mut caller, &[0; 1600]);
    shell.says(&mut caller, &five(100));
    shell.says(&mut caller, &[0; 8000]);
    shell.pass(500);
    assert_eq!(keys(&mut shell), [('5', Method::InBand)]);
    let events = shell.to(AGENT);
    let keys = events
        .iter()
        .filter(|sent| sent.packet.header.payload_type == 102);
    assert!(keys.count() > 3, "the agent gets an event");
    // What leaked of the tones is less than a receiver takes for a key.
    let mut leaked = trunkline_media::dtmf::Tones::default();
    let mut again = 0;
    leaked.listen(shell.heard(AGENT), |_| again += 1);
    assert_eq!(again, 0);
}

#[test]
fn a_leg_that_nobody_listens_to_presses_none() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    shell.says(&mut caller, &five(100));
    shell.says(&mut caller, &[0; 8000]);
    assert_eq!(keys(&mut shell), []);
}

#[test]
fn a_key_that_comes_three_ways_counts_once_and_two_keys_count_twice() {
    for order in 0..3 {
        let (mut shell, mut caller, _) = listening(true);
        shell.says(&mut caller, &[0; 1600]);
        for _ in 0..2 {
            if order == 0 {
                info(&mut shell);
            }
            event_and_tones(&mut shell, &mut caller);
            if order == 1 {
                info(&mut shell);
            }
            shell.says(&mut caller, &[0; 1600]);
            if order == 2 {
                info(&mut shell);
            }
            shell.says(&mut caller, &[0; 3200]);
        }
        shell.pass(1000);
        let told = keys(&mut shell);
        assert_eq!(told, [('5', Method::TelephoneEvent); 2], "{order}");
        let measured = shell.call.measured(CALLER, shell.now).unwrap();
        assert_eq!(measured.keys_doubled, 4, "{order}");
    }
}

#[test]
fn without_events_tones_and_an_info_are_one_key() {
    for info_first in [true, false] {
        let (mut shell, mut caller, _) = listening(false);
        for _ in 0..2 {
            if info_first {
                info(&mut shell);
            }
            shell.says(&mut caller, &five(80));
            shell.says(&mut caller, &[0; 800]);
            if !info_first {
                info(&mut shell);
            }
            shell.says(&mut caller, &[0; 1600]);
        }
        shell.pass(1000);
        assert_eq!(keys(&mut shell).len(), 2, "{info_first}");
    }
}

#[test]
fn where_events_are_agreed_on_tones_alone_are_told_after_a_moment() {
    let (mut shell, mut caller, _) = listening(true);
    shell.says(&mut caller, &five(80));
    shell.says(&mut caller, &[0; 800]);
    assert_eq!(keys(&mut shell), []);
    shell.says(&mut caller, &[0; 3200]);
    assert_eq!(keys(&mut shell), [('5', Method::InBand)]);
}

#[test]
fn a_key_for_a_leg_without_events_is_lost_and_told_unless_it_heard_the_tones() {
    let lost = |shell: &mut Shell| {
        let events = shell.take_events(AGENT);
        let lost = |event: &&Event| matches!(event, Event::DigitLost(DigitLoss::NoWay));
        events.iter().filter(lost).count()
    };
    let (mut shell, mut caller, _) = listening(true);
    shell.input(Input::Update {
        leg: AGENT,
        negotiated: Negotiated {
            telephone_event: None,
            ..negotiated(AGENT, Codec::Pcmu)
        },
    });
    info(&mut shell);
    shell.pass(1000);
    assert_eq!(lost(&mut shell), 1);
    shell.says(&mut caller, &five(80));
    shell.says(&mut caller, &[0; 4000]);
    assert_eq!(lost(&mut shell), 0);
}

/// Issue 4, item 5: keys for a leg that takes no events go out as tones, in its codec, and it goes on with what it hears.
#[test]
fn keys_go_out_as_tones_where_no_events_are_agreed_on() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut shell = Shell::new();
        let mut caller = shell.leg(CALLER, Codec::Pcmu);
        shell.input(Input::Add { leg: AGENT });
        let sounding = Negotiated {
            tones_sent: true,
            ..Negotiated::new(address(AGENT), codec)
        };
        shell.input(Input::Update {
            leg: AGENT,
            negotiated: sounding.clone(),
        });
        shell.input(Input::Bridge {
            leg: CALLER,
            with: AGENT,
        });
        shell.says(&mut caller, &second_of(500));
        // Two keys: an event of the caller, and one that somebody asks for.
        for (end, duration) in [(false, 160), (false, 320), (true, 480)] {
            let bytes = caller.key(5, end, duration);
            shell.datagram(CALLER, caller.address, bytes);
            shell.pass(20);
        }
        caller.timestamp = caller.timestamp.wrapping_add(480);
        shell.input(Input::SendDigit {
            leg: AGENT,
            digit: Digit::new('#').unwrap(),
            duration: Duration::from_millis(100),
        });
        shell.says(&mut caller, &second_of(500));
        let mut found = Vec::new();
        let mut tones = Tones::default();
        tones.listen(shell.heard(AGENT), |press| found.push(press.digit.key()));
        assert_eq!(found, ['5', '#'], "{codec:?}");
        let sent = shell.to(AGENT);
        for pair in sent.windows(2) {
            let (before, after) = (&pair[0].packet.header, &pair[1].packet.header);
            assert_eq!(
                after.sequence_number,
                before.sequence_number.wrapping_add(1)
            );
        }
        let last: Vec<i16> = shell.heard(AGENT);
        assert_eq!(tone::dominant_hz(&last[last.len() - 1_600..]), Some(500));
        let lost = |event: &Event| matches!(event, Event::DigitLost(_));
        assert!(!shell.take_events(AGENT).iter().any(lost));
        // Agreed on again with events: tones are over.
        shell.input(Input::Update {
            leg: AGENT,
            negotiated: Negotiated {
                telephone_event: Some(101),
                ..sounding
            },
        });
        shell.input(Input::SendDigit {
            leg: AGENT,
            digit: Digit::new('7').unwrap(),
            duration: Duration::from_millis(100),
        });
        shell.pass(200);
        let to = shell.to(AGENT);
        assert!(to.iter().any(|sent| sent.packet.header.payload_type == 101));
    }
}

/// The same in codecs that have to be encoded: what the far side decodes are the tones.
#[test]
fn keys_go_out_as_tones_in_every_codec() {
    for codec in [Codec::G722, Codec::Opus, Codec::L16Narrow, Codec::L16Wide] {
        let mut shell = Shell::new();
        shell.input(Input::Add { leg: AGENT });
        shell.input(Input::Update {
            leg: AGENT,
            negotiated: Negotiated {
                tones_sent: true,
                ..Negotiated::new(address(AGENT), codec)
            },
        });
        // A listener behind a second call decodes it to G.711.
        let mut far = Shell::new();
        far.input(Input::Add { leg: AGENT });
        far.input(Input::Update {
            leg: AGENT,
            negotiated: Negotiated::new(address(AGENT), codec),
        });
        far.leg(CALLER, Codec::Pcmu);
        far.input(Input::Bridge {
            leg: CALLER,
            with: AGENT,
        });
        shell.input(Input::SendDigit {
            leg: AGENT,
            digit: Digit::new('8').unwrap(),
            duration: Duration::from_millis(100),
        });
        shell.pass(400);
        assert_eq!(shell.to(AGENT).len(), 9, "{codec:?}: 170 ms");
        for sent in shell.to(AGENT) {
            far.datagram(AGENT, address(AGENT), sent.bytes.clone());
            far.pass(20);
        }
        far.pass(100);
        let (mut tones, mut found) = (Tones::default(), Vec::new());
        tones.listen(far.heard(CALLER), |press| found.push(press.digit.key()));
        tones
            .stop()
            .into_iter()
            .for_each(|press| found.push(press.digit.key()));
        assert_eq!(found, ['8'], "{codec:?}");
    }
}
