//! 10,000 forged packets a second on the ports of 100 calls: strangers with any and with the right numbers, the right
//! source with a foreign SSRC, packets sent again, BYEs of RTCP. Nobody hears any of it, the strangers hear nobody, and every
//! call counts what it refused.

mod live;

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use live::control::{echo, facts, start};
use live::peer::Peer;
use live::{Live, ip};
use schemas::Observation;
use schemas::media::{MeasureOccasion, RefusedBecause};
use schemas::observation::MediaMeasured;
use sip::endpoint::event::Event;
use trunkline_edge::RtpPorts;

/// Calls at once.
const CALLS: usize = 100;
/// Forged packets in a millisecond: 10,000 in a second.
const BURST: usize = 10;
/// Packets of each caller: 20 ms each.
const PACKETS: u16 = 120;
/// What every forged packet says.
const FORGED: u8 = 0x66;

/// What a caller says: who he is and which packet it is.
fn audio(call: usize, sequence: u16) -> [u8; 160] {
    let mut payload = [0x2a; 160];
    payload[0] = u8::try_from(call).unwrap();
    payload[1..3].copy_from_slice(&sequence.to_be_bytes());
    payload
}

fn forged(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[FORGED; 160]);
    packet
}

/// A receiver report and a BYE of whoever has that SSRC.
fn goodbye(ssrc: u32) -> Vec<u8> {
    let [a, b, c, d] = ssrc.to_be_bytes();
    vec![0x80, 201, 0, 1, a, b, c, d, 0x81, 203, 0, 1, a, b, c, d]
}

/// Sends until it shall stop; how many packets, and that nothing came back.
fn attack(ports: &[SocketAddr], over: &AtomicBool) -> usize {
    let socket = UdpSocket::bind("127.98.0.66:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut sent = 0;
    while !over.load(Ordering::Relaxed) {
        for _ in 0..BURST {
            let target = ports[sent / 4 % ports.len()];
            let number = u16::try_from(sent % 60_000).unwrap();
            let (packet, target) = match sent % 4 {
                // Any numbers, then the right ones, then a packet that was there.
                0 => (forged(number, u32::from(number) * 7_919), target),
                1 => (forged(number / 400 % PACKETS, SSRC), target),
                2 => (forged(1, SSRC), target),
                _ if sent % 8 == 3 => (goodbye(SSRC), target),
                _ => (
                    goodbye(SSRC),
                    SocketAddr::new(target.ip(), target.port() + 1),
                ),
            };
            let _ = socket.send_to(&packet, target);
            sent += 1;
        }
        pause();
    }
    let came = socket.recv_from(&mut [0; 2_048]);
    assert!(came.is_err(), "the attacker hears {came:?}");
    sent
}

#[expect(
    clippy::disallowed_methods,
    reason = "a flood has a rate; nothing waits for it"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}

/// What one caller heard: whether it was ever anything but himself, and how often he heard anything twice.
#[derive(Default)]
struct Ear {
    heard: BTreeSet<u16>,
    twice: usize,
    foreign: usize,
}

impl Ear {
    fn listen(&mut self, call: usize, peer: &Peer) {
        let mut buffer = [0; 2_048];
        while let Ok((length, _)) = peer.rtp.try_recv_from(&mut buffer) {
            let Some(payload) = buffer
                .get(12..length)
                .filter(|payload| payload.len() == 160)
            else {
                // A report of the edge.
                continue;
            };
            let sequence = u16::from_be_bytes([payload[1], payload[2]]);
            if payload != audio(call, sequence) {
                self.foreign += 1;
            } else if !self.heard.insert(sequence) {
                self.twice += 1;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_forged_packets_a_second_on_a_hundred_calls_change_nothing() {
    let ports = RtpPorts {
        first: 27_000,
        last: 27_399,
    };
    let live = Live::start([127, 98, 0, 1], ports).await;
    let control = start(live.log.clone(), echo);
    let mut callers = Vec::new();
    for call in 0..CALLS {
        let mut caller = Peer::new(ip([127, 98, 0, 2]), u64::try_from(call).unwrap()).await;
        caller.invite(live.address, "sip:100@edge").await;
        let answered = |event: &Event| matches!(event, Event::Answered { .. });
        caller.until(answered).await;
        // Three packets, and nobody else is heard.
        for sequence in 0..3 {
            caller.send_audio(sequence, &audio(call, sequence)).await;
            caller.hear_audio().await;
        }
        callers.push((caller, Ear::default()));
    }
    let targets: Vec<SocketAddr> = callers
        .iter()
        .map(|(caller, _)| caller.remote_rtp.unwrap())
        .collect();
    let over = Arc::new(AtomicBool::new(false));
    let stop = over.clone();
    let attacker = std::thread::spawn(move || attack(&targets, &stop));

    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for sequence in 3..PACKETS {
        pace.tick().await;
        for (call, (caller, ear)) in callers.iter_mut().enumerate() {
            caller.send_audio(sequence, &audio(call, sequence)).await;
            let target = caller.remote_rtp.unwrap();
            // From the right source: with a foreign SSRC, and what was there before.
            let again = match sequence % 4 {
                0 => forged(sequence, 4_711),
                1 => forged(sequence - 1, SSRC),
                _ => continue,
            };
            caller.rtp.send_to(&again, target).await.unwrap();
            ear.listen(call, caller);
        }
    }
    over.store(true, Ordering::Relaxed);
    let sent = attacker.join().expect("the attacker heard nobody");
    assert!(sent > 5_000, "{sent} is no attack");

    for (call, (caller, ear)) in callers.iter_mut().enumerate() {
        // What it says last comes behind all others.
        while ear.heard.last() != Some(&(PACKETS - 1)) {
            let last = caller.hear_audio().await;
            let sequence = u16::from_be_bytes([last[1], last[2]]);
            assert_eq!(last, audio(call, sequence));
            ear.heard.insert(sequence);
        }
        assert_eq!((ear.foreign, ear.twice), (0, 0), "call {call}");
        caller.bye().await;
        caller
            .until(|event| matches!(event, Event::Ended { .. }))
            .await;
    }
    let log = live.stop().await;
    control.abort();
    let calls = facts(&log).await;
    assert_eq!(calls.len(), CALLS);
    for facts in calls.values() {
        let measured: Vec<&MediaMeasured> = facts.iter().filter_map(measure).collect();
        let last = measured.last().expect("each leg is measured");
        assert_eq!(last.occasion, MeasureOccasion::End);
        // All that the caller said came, and went back to him: not one more, not one less.
        let (received, sent) = (&last.received, &last.sent);
        assert_eq!(
            (received.packets, received.lost),
            (u64::from(PACKETS), 0),
            "{last:?}"
        );
        assert_eq!(sent.packets, u64::from(PACKETS));
        assert!(received.duplicates > 20, "{received:?}");
        let refused = |because| {
            let found = last
                .refused
                .iter()
                .find(|refused| refused.because == because);
            found.map_or(0, |refused| refused.packets)
        };
        assert!(refused(RefusedBecause::ForeignSource) > 20, "{last:?}");
        assert!(refused(RefusedBecause::ForeignSsrc) > 20, "{last:?}");
        let told = facts.iter().any(|fact| {
            matches!(fact, Observation::MediaRefused(refused) if refused.because == RefusedBecause::ForeignSource
                && refused.source.starts_with("127.98.0.66:"))
        });
        assert!(told, "the timeline tells of it");
        let latched = |fact: &Observation| matches!(fact, Observation::MediaLatched(_));
        assert!(!facts.iter().any(latched), "no latch moved");
        let ended = facts
            .iter()
            .filter(|fact| matches!(fact, Observation::LegEnded(_)));
        assert_eq!(ended.count(), 1);
    }
}

fn measure(fact: &Observation) -> Option<&MediaMeasured> {
    match fact {
        Observation::MediaMeasured(measured) => Some(measured),
        _ => None,
    }
}

/// The SSRC of every peer of these tests.
const SSRC: u32 = 77;
