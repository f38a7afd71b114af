//! A running edge over real TCP connections on loopback: calls, framing, bounds, connections that are lost.

mod live;

use std::net::SocketAddr;
use std::time::Duration;

use live::control::{AGENT, bot_at, connect, echo, ended, facts, node_fact, start};
use live::line::{Line, OFFER};
use live::peer::Peer;
use live::{Live, PATIENCE, ip};
use schemas::command::{AnswerLeg, DialLeg, HangUpLeg};
use schemas::observation::LegFailure;
use schemas::{Command, Conclusion, LegId, Observation, Transport};
use sip::Name;
use sip::endpoint::event::Event as SipEvent;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use trunkline_edge::{Listen, RtpPorts};

fn rtp(first: u16) -> RtpPorts {
    let last = first + 99;
    RtpPorts { first, last }
}

fn any(text: &str) -> Vec<Listen> {
    Listen::parse(text).unwrap()
}

/// An edge that listens to TCP there.
async fn tcp(at: &str, first: u16) -> Live {
    Live::with(&any(&format!("tcp://{at}:0")), |configuration| {
        configuration.rtp_ports = rtp(first);
    })
    .await
}

#[tokio::test]
async fn a_call_goes_over_tcp_however_the_network_cuts_it() {
    let live = tcp("127.81.0.1", 22_000).await;
    let control = start(live.log.clone(), echo);
    let mut line = Line::connect(live.address).await;
    // Half a message per write.
    let invite = line.invite();
    let (first, rest) = invite.split_at(invite.len() / 2);
    line.say(first.as_bytes()).await;
    line.say(rest.as_bytes()).await;
    let answer = line.hear_status(200).await;
    let contact = answer.header(Name::Contact).unwrap();
    assert!(
        contact.ends_with(&format!("@{};transport=tcp>", live.address)),
        "{contact}"
    );
    // Two messages in one write.
    let to = answer.header(Name::To).unwrap().to_owned();
    let both = line.request("ACK", &to, 1, "") + &line.request("BYE", &to, 2, "");
    line.say(both.as_bytes()).await;
    line.hear_status(200).await;
    let log = live.stop().await;
    control.abort();
    let facts = facts(&log).await;
    let Observation::InviteReceived(invite) = &facts.values().next().unwrap()[0] else {
        panic!("{facts:?}")
    };
    assert_eq!(invite.transport, Transport::Tcp);
}

#[tokio::test]
async fn a_keep_alive_is_answered_and_a_bad_message_closes_only_what_cannot_go_on() {
    let live = tcp("127.81.1.1", 22_100).await;
    let mut line = Line::connect(live.address).await;
    line.say(b"\r\n\r\n").await;
    assert_eq!(line.hear_octets(2).await, b"\r\n");
    let broken = line
        .request("OPTIONS", "<sip:edge>", 1, "")
        .replace("CSeq: 1", "CSeq: one");
    line.say(broken.as_bytes()).await;
    line.hear_status(400).await;
    line.probe().await;
    let endless = line
        .request("OPTIONS", "<sip:edge>", 1, "")
        .replace("Length: 0", "Length: -1");
    line.say(endless.as_bytes()).await;
    line.hear_status(400).await;
    line.hear_the_end().await;
    live.stop().await;
}

#[tokio::test]
async fn ipv6_is_listened_to_by_both() {
    let live = Live::with(&any("[::1]:0"), |configuration| {
        configuration.rtp_ports = rtp(22_200)
    })
    .await;
    let control = start(live.log.clone(), echo);
    let mut line = Line::connect(live.listens[1].address).await;
    line.call().await;
    let mut peer = Peer::new("::1".parse().unwrap(), 4).await;
    peer.invite(live.address, "sip:100@edge").await;
    peer.until(|event| matches!(event, SipEvent::Answered { .. }))
        .await;
    peer.bye().await;
    peer.until(|event| matches!(event, SipEvent::Ended { .. }))
        .await;
    live.stop().await;
    control.abort();
}

#[tokio::test]
async fn a_slow_sender_is_cut_and_an_idle_connection_is_kept_for_its_call() {
    let live = Live::with(&any("tcp://127.81.3.1:0"), |configuration| {
        configuration.rtp_ports = rtp(22_300);
        configuration.connections.message = Duration::from_millis(200);
        configuration.connections.idle = Duration::from_millis(300);
    })
    .await;
    let control = start(live.log.clone(), echo);
    let mut talking = Line::connect(live.address).await;
    let invite = talking.invite();
    talking.say(invite.as_bytes()).await;
    let to = talking.answered().await;
    let mut slow = Line::connect(live.address).await;
    slow.say(b"OPTIONS sip:edge SIP/2.0\r\nVia: SIP/2.0/TCP a")
        .await;
    slow.hear_the_end().await;
    let mut idle = Line::connect(live.address).await;
    idle.hear_the_end().await;
    // The call was silent for longer than the other by now.
    talking.hang_up(&to).await;
    live.stop().await;
    control.abort();
}

#[tokio::test]
async fn a_peer_that_takes_nothing_loses_its_connection() {
    let live = Live::with(&any("tcp://127.81.4.1:0"), |configuration| {
        configuration.connections.stall = Duration::from_millis(200);
    })
    .await;
    let mut deaf = Line::connect(live.address).await;
    let mut heard = Line::connect(live.address).await;
    let flood: String = (0..50)
        .map(|_| deaf.request("OPTIONS", "<sip:edge>", 1, ""))
        .collect();
    // It asks, asks and never listens, until the edge has enough.
    let talk = async { while deaf.try_say(flood.as_bytes()).await {} };
    let others = async {
        loop {
            heard.probe().await;
        }
    };
    tokio::select! {
        told = tokio::time::timeout(PATIENCE, talk) => told.expect("it is cut"),
        () = others => {}
    }
    heard.probe().await;
    live.stop().await;
}

#[tokio::test]
async fn five_hundred_idle_connections_do_not_disturb_a_call_by_udp() {
    let live = Live::with(&any("127.81.5.1:0"), |configuration| {
        configuration.rtp_ports = rtp(22_500)
    })
    .await;
    let control = start(live.log.clone(), echo);
    let tcp = live.listens[1].address;
    let mut idle = Vec::new();
    for _ in 0..500 {
        idle.push(TcpStream::connect(tcp).await.unwrap());
    }
    let mut peer = Peer::new(ip([127, 81, 5, 2]), 5).await;
    for _ in 0..5 {
        peer.invite(live.address, "sip:100@edge").await;
        peer.until(|event| matches!(event, SipEvent::Answered { .. }))
            .await;
        peer.bye().await;
        peer.until(|event| matches!(event, SipEvent::Ended { .. }))
            .await;
    }
    assert_eq!(live.counters.retransmissions_received.get(), 0);
    assert_eq!(live.counters.connections.get(), 500);
    live.stop().await;
    control.abort();
}

#[tokio::test]
async fn too_many_connections_are_closed_and_told_once() {
    let live = Live::with(&any("tcp://127.81.6.1:0"), |configuration| {
        configuration.connections.per_source_max = 2;
    })
    .await;
    let mut first = Line::connect(live.address).await;
    let mut second = Line::connect(live.address).await;
    first.probe().await;
    second.probe().await;
    for _ in 0..3 {
        Line::connect(live.address).await.hear_the_end().await;
    }
    first.probe().await;
    drop(second);
    let told = node_fact(&live.log, |fact| match fact {
        Observation::ConnectionsRefused(refused) => Some(refused.clone()),
        _ => None,
    });
    let told = told.await;
    assert_eq!(told.cause, "too many connections from one address");
    assert_eq!((told.connections, told.trunk.unwrap().as_str()), (1, "pbx"));
    assert_eq!(live.counters.connections_refused.get(), 3);
    live.stop().await;
}

#[tokio::test]
async fn an_answer_finds_a_caller_whose_connection_is_lost() {
    let live = tcp("127.81.7.1", 22_700).await;
    let control = start(live.log.clone(), |observation| match observation {
        Observation::LegEnded(_) => (vec![], ended()),
        Observation::InviteReceived(_) => {
            let leg = LegId::CALLER;
            (vec![AnswerLeg { leg }.into()], vec![])
        }
        _ => (vec![], vec![]),
    });
    let listener = TcpListener::bind("127.81.7.2:0").await.unwrap();
    let here = listener.local_addr().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.81.7.2:0".parse().unwrap()).unwrap();
    let stream = socket.connect(live.address).await.unwrap();
    let mut line = Line::over(stream, "TCP", here);
    let invite = line.invite();
    line.say(invite.as_bytes()).await;
    // The answer goes into the connection before or after it is lost: then its repetition finds the new way.
    drop(line);
    let (stream, _) = tokio::time::timeout(PATIENCE, listener.accept())
        .await
        .expect("the edge connects to the port of the Via")
        .unwrap();
    let mut line = Line::over(stream, "TCP", here);
    line.hear_status(200).await;
    live.stop().await;
    control.abort();
}

/// The number called is where to dial, the colons as dashes.
fn dial(observation: &Observation) -> (Vec<Command>, Vec<Conclusion>) {
    let leg = LegId::CALLER;
    match observation {
        Observation::InviteReceived(invite) => {
            let dial = DialLeg {
                transport: Transport::Tcp,
                ..bot_at(invite.called.reveal().replace('-', ":"), invite)
            };
            (vec![dial.into()], vec![])
        }
        Observation::LegAnswered(answered) if answered.leg == AGENT => connect(),
        Observation::LegFailed(_) => {
            let refuse = schemas::command::RefuseLeg {
                leg,
                status: 502,
                phrase: String::new(),
                reason: None,
                retry_after_s: None,
            };
            (vec![refuse.into()], vec![])
        }
        Observation::LegEnded(over) if over.leg == LegId::CALLER => {
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
                ended(),
            )
        }
        _ => (vec![], vec![]),
    }
}

async fn call_to(live: &Live, caller: &mut Line, agent: SocketAddr) {
    let number = agent.to_string().replace(':', "-");
    assert_eq!(live.listens[0].address, live.address);
    let invite = caller
        .invite()
        .replace("sip:100@edge SIP", &format!("sip:{number}@edge SIP"));
    caller.say(invite.as_bytes()).await;
}

#[tokio::test]
async fn calls_to_one_peer_share_a_connection_that_is_kept_alive() {
    let live = Live::with(&any("tcp://127.81.8.1:0"), |configuration| {
        configuration.rtp_ports = rtp(22_800);
        configuration.connections.keep_alive = Some(Duration::from_millis(50));
    })
    .await;
    let control = start(live.log.clone(), dial);
    let listener = TcpListener::bind("127.81.8.2:0").await.unwrap();
    let here = listener.local_addr().unwrap();
    let mut agent: Option<Line> = None;
    for _ in 0..2 {
        let mut caller = Line::connect(live.address).await;
        call_to(&live, &mut caller, here).await;
        if agent.is_none() {
            let (stream, from) = listener.accept().await.unwrap();
            assert_eq!(
                from.ip(),
                live.address.ip(),
                "it connects from where it listens"
            );
            agent = Some(Line::over(stream, "TCP", here));
        }
        let agent = agent.as_mut().unwrap();
        let invite = agent.hear().await;
        let via = invite.header(Name::Via).unwrap();
        assert!(
            via.starts_with(&format!("SIP/2.0/TCP {}", live.address)),
            "{via}"
        );
        agent.answer(&invite, "200 OK", OFFER).await;
        let to = caller.answered().await;
        agent.hear().await;
        caller.hang_up(&to).await;
        let bye = agent.hear().await;
        agent.answer(&bye, "200 OK", "").await;
    }
    let mut agent = agent.unwrap();
    agent.hear_ping().await;
    agent.hear_ping().await;
    live.stop().await;
    control.abort();
}

#[tokio::test]
async fn a_call_whose_connection_is_refused_or_lost_fails_at_once_and_says_why() {
    let live = tcp("127.81.9.1", 22_900).await;
    let control = start(live.log.clone(), dial);
    let listener = TcpListener::bind("127.81.9.2:0").await.unwrap();
    let here = listener.local_addr().unwrap();
    let mut caller = Line::connect(live.address).await;
    call_to(&live, &mut caller, here).await;
    let (stream, _) = listener.accept().await.unwrap();
    let mut agent = Line::over(stream, "TCP", here);
    agent.hear().await;
    drop(agent);
    caller.hear_status(502).await;
    drop(listener);
    let mut caller = Line::connect(live.address).await;
    call_to(&live, &mut caller, here).await;
    caller.hear_status(502).await;
    let log = live.stop().await;
    control.abort();
    let errors: Vec<String> = facts(&log)
        .await
        .into_values()
        .flatten()
        .filter_map(|fact| match fact {
            Observation::LegFailed(failed) => match failed.failure {
                LegFailure::Unreachable { error } => Some(error),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(errors.len(), 2);
    assert!(
        errors[0].ends_with("the connection was closed"),
        "{errors:?}"
    );
    assert!(
        errors[1].contains(&format!("{here} takes no connection")),
        "{errors:?}"
    );
}
