//! A network that loses a tenth of all datagrams each way, delays and reorders them: calls come to their end all the
//! same (RFC 3261 section 17: what is repeated is the recovery).

mod live;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use live::control::{echo, facts, start};
use live::peer::Peer;
use live::relay::Relay;
use live::{Live, ip};
use schemas::Observation;
use schemas::observation::EndedBy;
use sip::endpoint::event::Event;
use trunkline_edge::RtpPorts;

/// Callers at once.
const CALLERS: u8 = 50;

/// Calls of each.
const CALLS: u8 = 4;

/// Longer than any transaction: 64 × T1 is 32 s.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_where_a_tenth_of_all_datagrams_is_lost() {
    let (first, last) = (25_000, 25_399);
    let live = Live::start([127, 92, 0, 1], RtpPorts { first, last }).await;
    let control = start(live.log.clone(), echo);
    let edge = live.address;
    let lost = Arc::new(AtomicU64::new(0));
    let callers = (1..=CALLERS).map(|number| {
        let lost = lost.clone();
        tokio::spawn(async move {
            for call in 0..CALLS {
                let at = ip([127, 92, 0, 2]);
                // What a caller makes up follows from his seed: no two are the same.
                let seed = number + call * CALLERS;
                let relay = Relay::start(at, edge, seed.into(), &lost).await;
                let mut caller = Peer::new(at, seed).await;
                caller.through = Some(relay.address);
                caller.invite(edge, "sip:100@edge").await;
                let answer = caller
                    .until_within(PATIENCE, |event| {
                        matches!(event, Event::Answered { .. } | Event::Ended { .. })
                    })
                    .await;
                assert!(matches!(answer, Event::Answered { .. }), "{answer:?}");
                caller.bye().await;
                let ended = |event: &Event| matches!(event, Event::Ended { .. });
                caller.until_within(PATIENCE, ended).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let log = live.stop().await;
    control.abort();
    let calls = facts(&log).await;
    assert_eq!(calls.len(), usize::from(CALLERS * CALLS));
    for facts in calls.values() {
        let answered = facts
            .iter()
            .filter(|fact| matches!(fact, Observation::LegAnswered(_)));
        assert_eq!(answered.count(), 1, "{facts:?}");
        let Some(Observation::LegEnded(ended)) = facts.last() else {
            panic!("{facts:?}");
        };
        assert_eq!((ended.by, ended.cause.as_str()), (EndedBy::Peer, "BYE"));
    }
    let lost = lost.load(Ordering::Relaxed);
    assert!(lost > 60, "the network lost nothing: {lost}");
}
