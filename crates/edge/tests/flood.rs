//! A stranger that floods the edge with INVITEs: every call of a trunk succeeds, nothing is kept of the stranger, and it
//! is one event every ten seconds.

mod live;

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use live::control::{echo, facts, node_facts, start};
use live::peer::Peer;
use live::{Live, ip};
use schemas::Observation;
use sip::endpoint::event::Event;
use trunkline_edge::{Listen, RtpPorts};

/// INVITEs of a stranger in a millisecond: 10,000 in a second.
const BURST: u32 = 10;

/// Calls of the trunk meanwhile.
const CALLS: usize = 250;

/// What every scanner sends.
fn invite(number: u32) -> String {
    format!(
        "INVITE sip:900{number}@127.93.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.93.0.66:5060;branch=z9hG4bK{number};rport\r\n\
         From: <sip:100@127.93.0.1>;tag={number}\r\nTo: <sip:900{number}@127.93.0.1>\r\nCall-ID: {number}@flood\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:100@127.93.0.66>\r\nMax-Forwards: 70\r\nUser-Agent: friendly-scanner\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// The time between two bursts.
#[expect(
    clippy::disallowed_methods,
    reason = "a flood has a rate; nothing waits for it"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_a_stranger_costs_the_trunks_no_call_and_is_one_event_in_ten_seconds() {
    let listens = Listen::parse("udp://127.93.0.1:0").unwrap();
    let live = Live::with(&listens, |configuration| {
        let (first, last) = (26_000, 26_099);
        configuration.rtp_ports = RtpPorts { first, last };
        configuration.trunks[0].sources = vec!["127.93.0.2/32".parse().unwrap()];
    })
    .await;
    let control = start(live.log.clone(), echo);
    let (edge, over) = (live.address, Arc::new(AtomicBool::new(false)));
    let stop = over.clone();
    let flood = std::thread::spawn(move || {
        let socket = UdpSocket::bind("127.93.0.66:0").unwrap();
        let mut sent = 0;
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..BURST {
                // Where the edge does not keep up, the kernel drops: that is what a flood is.
                let _ = socket.send_to(invite(sent).as_bytes(), edge);
                sent += 1;
            }
            pause();
        }
        sent
    });
    for number in 0..CALLS {
        let seed = u8::try_from(number).unwrap() + 1;
        let mut caller = Peer::new(ip([127, 93, 0, 2]), seed.into()).await;
        caller.invite(edge, "sip:100@edge").await;
        let answered = |event: &Event| matches!(event, Event::Answered { .. });
        caller.until(answered).await;
        caller.bye().await;
        let ended = |event: &Event| matches!(event, Event::Ended { .. });
        caller.until(ended).await;
    }
    over.store(true, Ordering::Relaxed);
    let sent = flood.join().unwrap();
    let counters = live.counters.clone();
    let log = live.stop().await;
    control.abort();
    let seen = counters.strangers_refused.get();
    assert!(seen > 0 && seen <= u64::from(sent), "{seen} of {sent}");
    assert_eq!(
        facts(&log).await.len(),
        CALLS,
        "nothing is kept of a stranger"
    );
    let told = node_facts(&log, |fact| match fact {
        Observation::SourceRefused(refused) => Some(refused.clone()),
        _ => None,
    })
    .await;
    let windows: u64 = told.iter().map(|one| u64::from(one.over_ms)).sum();
    let most = usize::try_from(windows / 10_000).unwrap() + 2;
    assert!(told.len() <= most, "{told:?}");
    assert!(
        told.iter().all(|one| one.source == "127.93.0.66"),
        "{told:?}"
    );
    let requests: u64 = told.iter().map(|one| one.requests).sum();
    assert_eq!(requests, seen, "each is counted once");
}
