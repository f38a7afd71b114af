//! Many connections that do nothing, and many that say a message octet by octet: calls go on beside them.

mod live;

use std::net::SocketAddr;
use std::time::Duration;

use live::control::{echo, facts, start};
use live::line::Line;
use live::peer::Peer;
use live::{Live, PATIENCE, ip};
use sip::endpoint::event::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use trunkline_edge::{Listen, RtpPorts};

/// Connections that say nothing.
const IDLE: usize = 3_000;

/// Connections that never come to the end of a message.
const SLOW: usize = 1_000;

/// Calls beside them, half by UDP and half by TCP.
const CALLS: u8 = 20;

/// Descriptors for everything else.
const SPARE: usize = 400;

/// How many may be opened, where both ends are this process: fewer if the system allows fewer.
fn crowd() -> (usize, usize) {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let most = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    let room = most.unwrap_or(1_024usize).saturating_sub(SPARE) / 2;
    (IDLE.min(room * 3 / 4), SLOW.min(room / 4))
}

async fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_beside_thousands_of_connections_that_are_idle_or_slow() {
    let mut listens = Listen::parse("tcp://127.94.0.1:0").unwrap();
    listens.extend(Listen::parse("udp://127.94.0.1:0").unwrap());
    let live = Live::with(&listens, |configuration| {
        let (first, last) = (27_000, 27_199);
        configuration.rtp_ports = RtpPorts { first, last };
        configuration.connections.message = Duration::from_secs(2);
    })
    .await;
    let control = start(live.log.clone(), echo);
    let (tcp, udp) = (live.listens[0].address, live.listens[1].address);
    let (idle_count, slow_count) = crowd();
    let mut idle = Vec::new();
    for number in 0..idle_count {
        // As many phones behind two addresses as one address may have connections.
        let from = [127, 94, 1, if number % 2 == 0 { 1 } else { 2 }];
        idle.push(connect(from, tcp).await);
    }
    let mut slow = Vec::new();
    for _ in 0..slow_count {
        let mut stream = connect([127, 94, 2, 1], tcp).await;
        stream
            .write_all(b"INVITE sip:100@edge SIP/2.0\r\nVi")
            .await
            .unwrap();
        slow.push(stream);
    }
    for number in 0..CALLS / 2 {
        let mut caller = Peer::new(ip([127, 94, 3, 1]), u64::from(number) + 1).await;
        caller.invite(udp, "sip:100@edge").await;
        caller
            .until(|event| matches!(event, Event::Answered { .. }))
            .await;
        caller.bye().await;
        caller
            .until(|event| matches!(event, Event::Ended { .. }))
            .await;
        let mut caller = Line::connect(tcp).await;
        let invite = caller.invite();
        caller.say(invite.as_bytes()).await;
        let to = caller.answered().await;
        caller.hang_up(&to).await;
        // Still not at the end of the first header field.
        for stream in &mut slow {
            let _ = stream.write_all(b"a").await;
        }
    }
    // Whoever is slow is not waited for; whoever is idle has time.
    for stream in &mut slow {
        let mut said = Vec::new();
        let closed = stream.read_to_end(&mut said);
        let _ = tokio::time::timeout(PATIENCE, closed)
            .await
            .expect("a slow sender is cut off");
    }
    let open = live.counters.connections.get();
    assert!(open >= u64::try_from(idle.len()).unwrap(), "{open}");
    let log = live.stop().await;
    control.abort();
    assert_eq!(facts(&log).await.len(), usize::from(CALLS));
}
