//! A thousand calls over a network that loses 10 to 30 % and reorders: every one ends as it should, nothing is left.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_sip::endpoint::event::{EndCause, Event};
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::flow::Transport;
use trunkline_sip::endpoint::keys::LegKey;

use crate::link::{End, Link, Network, sdp};

#[test]
fn a_thousand_calls_complete_under_loss() {
    for (seed, loss_percent) in [(1, 10), (2, 20), (3, 30)] {
        let network = Network {
            loss_percent,
            delay_ms: (5, 120),
            transport: Transport::Udp,
        };
        let mut link = Link::new(seed, network);
        let calls = 340;
        let mut callers: BTreeMap<LegKey, bool> = BTreeMap::new();
        for _ in 0..calls {
            callers.insert(link.invite(End::Caller, sdp()), false);
            play(&mut link, &mut callers, Duration::from_millis(20));
        }
        play(&mut link, &mut callers, Duration::from_secs(400));
        let completed = callers.values().filter(|done| **done).count();
        assert_eq!(completed, calls, "with {loss_percent} % loss");
        assert!(
            link.is_empty(),
            "{:?} {:?}",
            link.ends[0].load(),
            link.ends[1].load()
        );
    }
}

/// The callee answers at once, the caller hangs up when it hears the answer.
fn play(link: &mut Link, callers: &mut BTreeMap<LegKey, bool>, time: Duration) {
    let limit = link.now + time;
    loop {
        while let Some(event) = link.events[1].pop_front() {
            let now = link.now;
            if let Event::IncomingInvite { leg, .. } = event {
                link.end(End::Callee)
                    .answer(leg, sdp(), Extra::none(), now)
                    .unwrap();
            }
        }
        while let Some(event) = link.events[0].pop_front() {
            let now = link.now;
            match event {
                Event::Answered { leg, .. } => {
                    link.end(End::Caller).bye(leg, Extra::none(), now).unwrap();
                }
                // 200, or 481 if the callee gave up waiting for its ACK and hung up first.
                Event::Ended {
                    leg,
                    cause: EndCause::HungUp(_),
                } => {
                    assert_eq!(callers.insert(leg, true), Some(false), "ended twice");
                }
                Event::Ended { cause, .. } => panic!("{cause:?}"),
                _ => {}
            }
        }
        link.drain();
        if !link.step(limit) {
            link.now = limit;
            return;
        }
    }
}
