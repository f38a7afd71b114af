//! A running edge over real sockets on loopback: calls with audio, an orderly stop, a restart.

mod live;

use std::sync::Arc;

use journal::{EventLog, Memory, Stream};
use live::control::{AGENT, bot_at, connect, facts, start};
use live::peer::Peer;
use live::{Live, PATIENCE, ip};
use schemas::command::{AnswerLeg, BuiltInAgent, ConnectAgent, HangUpLeg};
use schemas::conclusion::{CallEnded, CallEndedBy, CallOutcome};
use schemas::observation::EndedBy;
use schemas::{
    AgentName, Chain, Command, Conclusion, Draft, Event, Lane, LegId, NodeName, Observation,
    Personal, Subject, Timestamp, Transport,
};
use sip::endpoint::event::Event as SipEvent;
use tokio_util::sync::CancellationToken;
use trunkline_edge::{Configuration, Edge, Listen, RtpPorts};

/// Audio that a codec would not make by itself.
fn audio(sequence: u16) -> [u8; 160] {
    let mut payload = [0x55; 160];
    payload[..2].copy_from_slice(&sequence.to_be_bytes());
    payload
}

fn ended() -> Vec<Conclusion> {
    let (by, outcome) = (CallEndedBy::Caller, CallOutcome::Completed);
    vec![
        CallEnded {
            by,
            outcome,
            cause: "test".to_owned(),
        }
        .into(),
    ]
}

fn names(facts: &[Observation]) -> Vec<&'static str> {
    facts.iter().map(Observation::name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_hears_its_own_voice_from_the_echo_agent() {
    let live = Live::start(
        [127, 71, 0, 1],
        RtpPorts {
            first: 21_000,
            last: 21_099,
        },
    )
    .await;
    let control = start(live.log.clone(), |observation| match observation {
        Observation::InviteReceived(_) => {
            let leg = LegId::CALLER;
            let (agent, does) = (AgentName::from("echo"), BuiltInAgent::Echo);
            let connect = ConnectAgent { leg, agent, does };
            (vec![AnswerLeg { leg }.into(), connect.into()], vec![])
        }
        Observation::LegEnded(_) => (vec![], ended()),
        _ => (vec![], vec![]),
    });
    let mut caller = Peer::new(ip([127, 71, 0, 2]), 1).await;
    caller.invite(live.address, "sip:100@edge").await;
    caller
        .until(|event| matches!(event, SipEvent::Answered { .. }))
        .await;
    for sequence in 0..20 {
        caller.send_audio(sequence, &audio(sequence)).await;
    }
    for sequence in 0..15 {
        let heard = caller.hear_audio().await;
        assert!(
            (sequence..20).any(|sequence| heard == audio(sequence)),
            "{heard:?}"
        );
    }
    caller.bye().await;
    caller
        .until(|event| matches!(event, SipEvent::Ended { .. }))
        .await;
    let log = live.stop().await;
    control.abort();
    let facts = facts(&log).await;
    let facts = facts.values().next().unwrap();
    // The first packet and the BYE come by different sockets: either may be seen first.
    let mut seen = names(facts);
    assert_eq!(seen[6..], ["MediaMeasured", "LegEnded"]);
    seen[4..6].sort_unstable();
    let expected = [
        "InviteReceived",
        "LegAnswered",
        "CodecNegotiated",
        "AgentConnected",
        "ByeReceived",
        "MediaStarted",
    ];
    assert_eq!(seen[..6], expected);
    let Observation::MediaMeasured(measured) = &facts[6] else {
        panic!()
    };
    assert!(
        measured.received.packets > 10 && measured.sent.packets > 10,
        "{measured:?}"
    );
}

/// The scripted control is a plain function: the agent's address is in the number called.
fn bridge(observation: &Observation) -> (Vec<Command>, Vec<Conclusion>) {
    match observation {
        Observation::InviteReceived(invite) => {
            let dial = bot_at(invite.called.reveal().replace('-', ":"), invite);
            (vec![dial.into()], vec![])
        }
        Observation::LegAnswered(answered) if answered.leg == AGENT => connect(),
        Observation::LegEnded(over) if over.leg == LegId::CALLER => (
            vec![
                HangUpLeg {
                    leg: AGENT,
                    reason: None,
                    context: Vec::new(),
                }
                .into(),
            ],
            vec![],
        ),
        Observation::LegEnded(_) => (vec![], ended()),
        _ => (vec![], vec![]),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_peers_hear_each_other_through_the_edge() {
    let live = Live::start(
        [127, 72, 0, 1],
        RtpPorts {
            first: 21_100,
            last: 21_199,
        },
    )
    .await;
    let control = start(live.log.clone(), bridge);
    let mut caller = Peer::new(ip([127, 72, 0, 2]), 2).await;
    let mut agent = Peer::new(ip([127, 72, 0, 3]), 3).await;
    let number = agent.address().to_string().replace(':', "-");
    caller
        .invite(live.address, &format!("sip:{number}@edge"))
        .await;
    let invite = agent
        .until(|event| matches!(event, SipEvent::IncomingInvite { .. }))
        .await;
    let SipEvent::IncomingInvite { message, .. } = invite else {
        panic!()
    };
    agent.answer(message.body()).await;
    let (answered, acked) = tokio::join!(
        caller.until(|event| matches!(event, SipEvent::Answered { .. })),
        agent.until(|event| matches!(event, SipEvent::Acked { .. })),
    );
    drop((answered, acked));
    for sequence in 0..20 {
        caller.send_audio(sequence, &audio(sequence)).await;
        agent.send_audio(sequence, &audio(1_000 + sequence)).await;
    }
    let (to_agent, to_caller) = tokio::join!(agent.hear_audio(), caller.hear_audio());
    assert!((0..20).any(|sequence| to_agent == audio(sequence)));
    assert!((0..20).any(|sequence| to_caller == audio(1_000 + sequence)));
    caller.bye().await;
    agent
        .until(|event| matches!(event, SipEvent::ByeReceived { .. }))
        .await;
    caller
        .until(|event| matches!(event, SipEvent::Ended { .. }))
        .await;
    let log = live.stop().await;
    control.abort();
    let facts = facts(&log).await;
    let names = names(facts.values().next().unwrap());
    let count = |name| names.iter().filter(|other| **other == name).count();
    assert_eq!(count("LegEnded"), 2, "{names:?}");
    assert_eq!(count("MediaMeasured"), 2, "{names:?}");
    assert_eq!(count("CommandFailed"), 0, "{names:?}");
    assert_eq!(*names.last().unwrap(), "LegEnded");
    let wire = log.head(Stream::Wire).await.unwrap();
    assert!(wire.sequence >= 12, "{wire:?}");
}

#[tokio::test]
async fn what_an_earlier_run_left_behind_is_ended_at_the_start() {
    let log: Arc<dyn EventLog> = Arc::new(Memory::new());
    let call = schemas::CallId::new(1, [3; 10]);
    let mut chain = Chain::new(Subject::Call(call), Lane::Facts);
    let mut record = |event: Event| {
        let producer = NodeName::from("edge-1");
        chain.append(Draft {
            because: None,
            producer,
            recorded_at: Timestamp(1),
            event,
        })
    };
    let (leg, after_ms) = (LegId::CALLER, 5);
    let dialed = schemas::observation::LegDialed {
        leg,
        trunk: None,
        destination: String::new(),
        transport: Transport::Udp,
        target: Personal::from(""),
        caller: Personal::default(),
        sip_call_id: String::new(),
        offer: None,
    };
    let answered = schemas::observation::LegAnswered { leg, after_ms };
    log.append(vec![record(dialed.into()), record(answered.into())])
        .await;
    let mut configuration = Configuration::new(NodeName::from("edge-1"));
    configuration.listen = vec![Listen::udp("127.73.0.1:0".parse().unwrap())];
    for _ in 0..2 {
        let edge = Edge::bind(configuration.clone(), log.clone(), [1; 32])
            .await
            .unwrap();
        let stop = CancellationToken::new();
        stop.cancel();
        tokio::time::timeout(PATIENCE, edge.run(stop, "test"))
            .await
            .unwrap()
            .unwrap();
    }
    let facts = facts(&log).await;
    let Some(Observation::LegEnded(ended)) = facts[&call].last() else {
        panic!("{facts:?}")
    };
    assert_eq!(
        (ended.by, ended.cause.as_str()),
        (EndedBy::Edge, "edge restarted")
    );
    assert_eq!(facts[&call].len(), 3, "it is ended once");
    let node = log
        .read(&Subject::Node(NodeName::from("edge-1")))
        .await
        .unwrap();
    assert_eq!(node.len(), 4, "two starts and two stops, in one chain");
}
