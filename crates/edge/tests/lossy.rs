//! A network that loses a tenth of all datagrams each way, delays and reorders them: calls come to their end all the
//! same (RFC 3261 section 17: what is repeated is the recovery). `TRUNKLINE_LOSSY_CALLS` says how many, 200 if it says
//! nothing.

mod live;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use live::control::{AGENT, bot_at, connect, echo, ended, facts, start};
use live::peer::Peer;
use live::relay::Relay;
use live::{Live, ip};
use schemas::command::{HangUpLeg, RefuseLeg};
use schemas::observation::EndedBy;
use schemas::{Command, Conclusion, LegId, Observation};
use sip::endpoint::event::Event;
use trunkline_edge::RtpPorts;

/// Callers at once.
const CALLERS: u64 = 50;

/// Longer than any transaction: 64 × T1 is 32 s.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_where_a_tenth_of_all_datagrams_is_lost() {
    let (first, last) = (25_000, 25_399);
    let live = Live::start([127, 92, 0, 1], RtpPorts { first, last }).await;
    let control = start(live.log.clone(), echo);
    let edge = live.address;
    let lost = for_all_callers(move |seed, lost| async move {
        let (mut caller, _way) = peer([127, 92, 0, 2], edge, seed, &lost).await;
        caller.invite(edge, "sip:100@edge").await;
        answered_and_over(&mut caller).await;
    })
    .await;
    control.abort();
    let calls = facts(&live.stop().await).await;
    assert_eq!(
        calls.len(),
        usize::try_from(calls_each() * CALLERS).unwrap()
    );
    for facts in calls.values() {
        went_well(facts, &[(LegId::CALLER, EndedBy::Peer)]);
    }
    assert!(lost > 60, "the network lost nothing: {lost}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bridged_call_fails_where_both_networks_lose_a_tenth() {
    let (first, last) = (25_400, 25_999);
    let live = Live::start([127, 92, 1, 1], RtpPorts { first, last }).await;
    let control = start(live.log.clone(), bridge);
    let edge = live.address;
    let lost = for_all_callers(move |seed, lost| async move {
        let (mut caller, _way) = peer([127, 92, 1, 2], edge, seed, &lost).await;
        let (mut callee, way) = peer([127, 92, 1, 3], edge, seed + 1_000_000, &lost).await;
        callee.appears = Some(way.outside);
        let target = format!("sip:{}@edge", way.outside.port());
        caller.invite(edge, &target).await;
        tokio::join!(answered_and_over(&mut caller), called(&mut callee));
    })
    .await;
    control.abort();
    let calls = facts(&live.stop().await).await;
    assert_eq!(
        calls.len(),
        usize::try_from(calls_each() * CALLERS).unwrap()
    );
    for facts in calls.values() {
        let ends = [(LegId::CALLER, EndedBy::Peer), (AGENT, EndedBy::Control)];
        went_well(facts, &ends);
    }
    assert!(lost > 120, "the networks lost nothing: {lost}");
}

/// Each caller makes its calls one after the other, all callers at once; every call has a seed of its own. How many
/// datagrams were lost.
async fn for_all_callers<F: Future<Output = ()> + Send + 'static>(
    call: impl Fn(u64, Arc<AtomicU64>) -> F + Clone + Send + 'static,
) -> u64 {
    let lost = Arc::new(AtomicU64::new(0));
    let callers = (0..CALLERS).map(|number| {
        let (call, lost) = (call.clone(), lost.clone());
        tokio::spawn(async move {
            for at in 0..calls_each() {
                call(1 + number + at * CALLERS, lost.clone()).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    lost.load(Ordering::Relaxed)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much is tested is said from outside"
)]
fn calls_each() -> u64 {
    let asked = std::env::var("TRUNKLINE_LOSSY_CALLS");
    let calls: u64 = asked.map_or(200, |calls| calls.parse().expect("a number of calls"));
    calls.div_ceil(CALLERS)
}

/// A peer behind a network of its own.
async fn peer(
    at: [u8; 4],
    edge: std::net::SocketAddr,
    seed: u64,
    lost: &Arc<AtomicU64>,
) -> (Peer, Relay) {
    let mut peer = Peer::new(ip(at), seed).await;
    let way = Relay::start((ip(at), peer.address()), edge, seed, lost).await;
    peer.through = Some(way.address);
    (peer, way)
}

/// The caller's side of a call.
async fn answered_and_over(caller: &mut Peer) {
    let final_answer =
        |event: &Event| matches!(event, Event::Answered { .. } | Event::Ended { .. });
    let answer = caller.until_within(PATIENCE, final_answer).await;
    assert!(matches!(answer, Event::Answered { .. }), "{answer:?}");
    caller.bye().await;
    let ended = |event: &Event| matches!(event, Event::Ended { .. });
    caller.until_within(PATIENCE, ended).await;
}

/// The callee's side.
async fn called(callee: &mut Peer) {
    let comes = |event: &Event| matches!(event, Event::IncomingInvite { .. });
    let Event::IncomingInvite { message, .. } = callee.until_within(PATIENCE, comes).await else {
        unreachable!("nothing else was waited for");
    };
    callee.answer(message.body()).await;
    let ended = |event: &Event| matches!(event, Event::Ended { .. });
    callee.until_within(PATIENCE, ended).await;
}

/// Every leg was answered once and ended as it should.
fn went_well(facts: &[Observation], ends: &[(LegId, EndedBy)]) {
    let answered = facts
        .iter()
        .filter(|fact| matches!(fact, Observation::LegAnswered(_)));
    assert_eq!(answered.count(), ends.len(), "{facts:?}");
    let ended = facts.iter().filter_map(|fact| match fact {
        Observation::LegEnded(ended) => Some((ended.leg, ended.by)),
        _ => None,
    });
    assert_eq!(ended.collect::<Vec<_>>(), ends, "{facts:?}");
}

/// Bridges the caller to who listens on the port that was called.
fn bridge(observation: &Observation) -> (Vec<Command>, Vec<Conclusion>) {
    let leg = LegId::CALLER;
    match observation {
        Observation::InviteReceived(invite) => {
            let dial = bot_at(format!("127.92.1.3:{}", invite.called.reveal()), invite);
            (vec![dial.into()], vec![])
        }
        Observation::LegAnswered(answered) if answered.leg == AGENT => connect(),
        Observation::LegFailed(failed) => {
            let refuse = RefuseLeg {
                leg,
                status: 480,
                phrase: format!("{:?}", failed.failure),
                reason: None,
                retry_after_s: None,
            };
            (vec![refuse.into()], ended())
        }
        Observation::LegEnded(over) if over.leg == leg => {
            let (leg, reason) = (AGENT, None);
            (
                vec![
                    HangUpLeg {
                        leg,
                        reason,
                        context: Vec::new(),
                    }
                    .into(),
                ],
                vec![],
            )
        }
        Observation::LegEnded(_) => (vec![], ended()),
        _ => (vec![], vec![]),
    }
}
