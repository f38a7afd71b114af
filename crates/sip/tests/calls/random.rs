//! Random interleavings: whatever both users do and the network loses, nothing panics and nothing is left at the end.

use std::time::Duration;

use proptest::prelude::*;
use trunkline_sip::StatusCode;
use trunkline_sip::dialog::timer::Side;
use trunkline_sip::endpoint::ReferRequest;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::flow::Transport;
use trunkline_sip::endpoint::keys::{Fork, LegKey};
use trunkline_sip::endpoint::terms::{Reliable, Terms, TimerMode, TimerTerms};

use crate::gate::credentials;
use crate::link::{End, Link, Network, sdp};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_nothing_is_left(
        seed in any::<u64>(),
        loss in 0u64..40,
        reliable in any::<bool>(),
        is_up in 0u8..4,
        terms in (0usize..36, 0usize..36),
        steps in proptest::collection::vec((any::<bool>(), 0u8..28, 0u64..3000), 1..30),
    ) {
        let transport = if reliable { Transport::Tcp } else { Transport::Udp };
        let loss_percent = if reliable { 0 } else { loss };
        let mut play = Play {
            link: Link::new(seed, Network { loss_percent, delay_ms: (1, 400), transport }),
            legs: [Vec::new(), Vec::new()],
            ended: [Vec::new(), Vec::new()],
        };
        let reliable = [Reliable::Off, Reliable::Supported, Reliable::Preferred, Reliable::Required];
        let modes = [TimerMode::Off, TimerMode::Accept, TimerMode::Want];
        for (end, choice) in [(End::Caller, terms.0), (End::Callee, terms.1)] {
            let refresher = [None, Some(Side::We), Some(Side::Peer)][choice / 4 % 3];
            let mode = modes[choice / 12];
            let expires_s = 90 + 30 * u32::from(choice % 5 == 0);
            let min_se_s = 90 + 10 * u32::from(choice % 7 == 0);
            let timer = TimerTerms { mode, expires_s, min_se_s, refresher };
            play.link.agree_to(end, Terms { reliable: reliable[choice % 4], timer, ..Terms::default() });
        }
        play.link.credentials = credentials("secret");
        // Most of what can go wrong needs a call that is up.
        if is_up > 0 {
            play.act(End::Caller, 0);
            play.link.run_for(Duration::from_secs(2));
            play.look();
            play.act(End::Callee, 3);
            play.link.drain();
            play.link.run_for(Duration::from_secs(2));
            play.look();
        }
        for (is_caller, action, wait_ms) in steps {
            let end = if is_caller { End::Caller } else { End::Callee };
            play.act(end, action);
            play.link.drain();
            // Some waits are long enough for a session to be refreshed, or to expire.
            let wait_ms = wait_ms * if wait_ms % 16 == 0 { 40 } else { 1 };
            play.link.run_for(Duration::from_millis(wait_ms));
            play.look();
        }
        play.finish();
    }
}

struct Play {
    link: Link,
    legs: [Vec<LegKey>; 2],
    ended: [Vec<LegKey>; 2],
}

impl Play {
    fn act(&mut self, end: End, action: u8) {
        let now = self.link.now;
        let extra = Extra::none;
        if action == 0 || action == 24 {
            let leg = self.link.invite(end, sdp().filter(|_| action == 0));
            self.legs[end as usize].push(leg);
            return;
        }
        let ended = &self.ended[end as usize];
        let alive: Vec<LegKey> = self.legs[end as usize]
            .iter()
            .filter(|leg| !ended.contains(leg))
            .copied()
            .collect();
        let Some(count) = u64::try_from(alive.len()).ok().filter(|count| *count > 0) else {
            return;
        };
        let leg = alive[usize::try_from(self.link.random(count)).unwrap()];
        let ok = StatusCode::OK;
        let (busy, why) = self.refusal();
        let refer = ReferRequest {
            refer_to: "<sip:300@192.0.2.3>".into(),
            referred_by: None,
            headers: extra(),
        };
        let endpoint = self.link.end(end);
        // What does not fit the state is refused and changes nothing.
        let _ = match action {
            1 => endpoint.provisional(leg, StatusCode::RINGING, None, extra(), now),
            2 => endpoint.provisional(leg, StatusCode::SESSION_PROGRESS, sdp(), extra(), now),
            3..=5 => endpoint.answer(leg, sdp(), extra(), now),
            6 => endpoint.refuse(leg, busy, None, why, now),
            7 => endpoint.cancel(leg, extra(), now),
            8 => endpoint.bye(leg, extra(), now),
            9 | 10 => endpoint.reinvite(leg, sdp(), extra(), now),
            11 | 12 => endpoint.answer_offer(leg, sdp(), extra(), now),
            13 => endpoint.refuse_offer(leg, busy, None, why, now),
            14 | 15 => endpoint.refer(leg, &refer, now),
            16 | 17 => endpoint.accept_refer(leg, now),
            18 => endpoint.refuse_refer(leg, busy, None, why, now),
            19 => endpoint.notify_refer(leg, StatusCode::RINGING, None, false, now),
            20 => endpoint.notify_refer(leg, ok, None, true, now),
            21 => endpoint.info(
                leg,
                "application/dtmf-relay",
                "Signal=1".into(),
                &extra(),
                now,
            ),
            22 => endpoint.acknowledge(leg, sdp()),
            25 => {
                let mut forks = Vec::new();
                if let Some(leg) = endpoint.leg(leg) {
                    forks.extend(leg.peers.iter().map(|peer| peer.fork));
                }
                let first = forks.first().copied().unwrap_or(Fork::FIRST);
                endpoint.acknowledge_early(leg, first, sdp().unwrap(), now)
            }
            26 => endpoint.update(leg, Fork::FIRST, sdp(), extra(), now),
            27 => endpoint.update(leg, Fork::FIRST, None, extra(), now),
            _ => endpoint.reinvite(leg, None, extra(), now),
        };
    }

    /// Busy, or a challenge that may be answered.
    fn refusal(&mut self) -> (StatusCode, Extra) {
        let number = self.link.random(12);
        if number > 5 {
            return (StatusCode::BUSY_HERE, Extra::none());
        }
        let (realm, nonce, stale) = (number % 2, number % 3, number.is_multiple_of(2));
        let challenge = format!("Digest realm=r{realm},nonce=n{nonce},qop=auth,stale={stale}");
        let headers = Extra::none().with("WWW-Authenticate", &challenge);
        (StatusCode::UNAUTHORIZED, headers.unwrap())
    }

    fn look(&mut self) {
        for end in [End::Caller, End::Callee] {
            while let Some(event) = self.link.events[end as usize].pop_front() {
                let leg = event.leg();
                if let Some(leg) = leg {
                    assert!(
                        !self.ended[end as usize].contains(&leg),
                        "{event:?} after Ended"
                    );
                }
                match event {
                    Event::IncomingInvite { leg, .. } => {
                        self.legs[end as usize].push(leg);
                        let credentials = self.link.credentials.clone();
                        self.link.end(end).set_credentials(leg, credentials).ok();
                    }
                    Event::Ended { leg, .. } => self.ended[end as usize].push(leg),
                    _ => {}
                }
            }
        }
    }

    /// Everybody hangs up; a network that works again and 64 × T1 later nothing is left.
    fn finish(&mut self) {
        self.link.run_for(Duration::from_secs(1));
        self.look();
        for _ in 0..3 {
            for end in [End::Caller, End::Callee] {
                for leg in self.legs[end as usize].clone() {
                    let now = self.link.now;
                    let _ = self.link.end(end).hang_up(leg, Extra::none(), now);
                    self.link.drain();
                }
            }
            self.link.run_for(Duration::from_secs(70));
            self.look();
        }
        self.link.run_for(Duration::from_secs(70));
        self.look();
        assert!(
            self.link.is_empty(),
            "{:?} {:?}\n{}",
            self.link.ends[0].load(),
            self.link.ends[1].load(),
            self.link.ladder.join("\n")
        );
        for end in [End::Caller, End::Callee] {
            let (legs, ended) = (&self.legs[end as usize], &self.ended[end as usize]);
            assert!(
                legs.iter().all(|leg| ended.contains(leg)),
                "a leg without its end"
            );
        }
    }
}
