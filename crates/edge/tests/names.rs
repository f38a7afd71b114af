//! A running edge that has to find its peers by name: DNS of the tests' own, targets of which one is dead.

mod live;

use live::control::{AGENT, bot_at, connect, ended, facts, start};
use live::line::{Line, OFFER};
use live::zone::Zone;
use live::{Live, PATIENCE};
use schemas::command::{DialLeg, HangUpLeg, RefuseLeg};
use schemas::observation::LegFailure;
use schemas::{Command, Conclusion, LegId, Observation, Personal};
use tokio::net::{TcpListener, UdpSocket};
use trunkline_edge::{Listen, RtpPorts};

/// The number called says which name to dial: 1 `sip:pbx.test`, 2 `nobody.test:5060`.
fn dial(observation: &Observation) -> (Vec<Command>, Vec<Conclusion>) {
    let leg = LegId::CALLER;
    match observation {
        Observation::InviteReceived(invite) => {
            let destination = match invite.called.reveal().as_str() {
                "1" => "sip:pbx.test",
                _ => "nobody.test:5060",
            };
            let dial = DialLeg {
                target: Personal::from("sip:bot@pbx.test"),
                ..bot_at(destination.to_owned(), invite)
            };
            (vec![dial.into()], vec![])
        }
        Observation::LegAnswered(answered) if answered.leg == AGENT => connect(),
        Observation::CommandFailed(failed) if failed.command == "DialLeg" => {
            let (status, phrase, retry_after_s) = (404, failed.error.clone(), None);
            let refuse = RefuseLeg {
                leg,
                status,
                phrase,
                reason: None,
                retry_after_s,
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

#[tokio::test]
async fn a_name_leads_to_the_target_that_works_and_the_dead_one_is_left_alone() {
    let good = TcpListener::bind("127.83.0.2:0").await.unwrap();
    let here = good.local_addr().unwrap();
    // Nobody listens to TCP there, and nobody else will.
    let dead = UdpSocket::bind("127.83.0.3:0").await.unwrap();
    let (good_port, dead_port) = (here.port(), dead.local_addr().unwrap().port());
    let zone = Zone::serve(
        "127.83.0.4",
        format!(
            "pbx.test naptr 50 50 SIP+D2T _sip._tcp.pbx.test\n\
             pbx.test naptr 90 50 SIP+D2U _sip._udp.pbx.test\n\
             _sip._tcp.pbx.test srv 10 0 {dead_port} dead.pbx.test\n\
             _sip._tcp.pbx.test srv 20 0 {good_port} good.pbx.test\n\
             dead.pbx.test a 127.83.0.3\n\
             good.pbx.test a 127.83.0.2"
        ),
    )
    .await;
    let listens = Listen::parse("tcp://127.83.0.1:0").unwrap();
    let live = Live::with(&listens, |configuration| {
        let (first, last) = (24_000, 24_099);
        configuration.rtp_ports = RtpPorts { first, last };
        configuration.dns = Some(zone.address);
    })
    .await;
    let control = start(live.log.clone(), dial);
    let mut agent: Option<Line> = None;
    for _ in 0..2 {
        let mut caller = Line::connect(live.address).await;
        let invite = caller
            .invite()
            .replace("sip:100@edge SIP", "sip:1@edge SIP");
        caller.say(invite.as_bytes()).await;
        if agent.is_none() {
            let accepted = tokio::time::timeout(PATIENCE, good.accept()).await;
            let (stream, _) = accepted.expect("the good one is called").unwrap();
            agent = Some(Line::over(stream, "TCP", here));
        }
        let agent = agent.as_mut().unwrap();
        let invite = agent.hear().await;
        agent.answer(&invite, "200 OK", OFFER).await;
        let to = caller.answered().await;
        agent.hear().await;
        caller.hang_up(&to).await;
        let bye = agent.hear().await;
        agent.answer(&bye, "200 OK", "").await;
    }
    let mut caller = Line::connect(live.address).await;
    let invite = caller
        .invite()
        .replace("sip:100@edge SIP", "sip:2@edge SIP");
    caller.say(invite.as_bytes()).await;
    let refused = caller.hear_status(404).await;
    assert_eq!(refused.reason_phrase(), "nobody.test has no address");
    let log = live.stop().await;
    control.abort();
    let redialed: Vec<_> = facts(&log)
        .await
        .into_values()
        .flatten()
        .filter_map(|fact| match fact {
            Observation::LegRedialed(redialed) => Some(redialed),
            _ => None,
        })
        .collect();
    assert_eq!(
        redialed.len(),
        1,
        "the dead one is not tried again: {redialed:?}"
    );
    assert_eq!(redialed[0].destination, here.to_string());
    assert_eq!(redialed[0].failed, format!("127.83.0.3:{dead_port}"));
    assert!(matches!(
        redialed[0].failure,
        LegFailure::Unreachable { .. }
    ));
}
