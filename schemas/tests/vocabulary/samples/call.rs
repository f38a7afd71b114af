//! Samples of what happens on a call.

use trunkline_schemas::media::{MediaDirection, MediaOffer};
use trunkline_schemas::observation::*;
use trunkline_schemas::version::{LegDialedV1, LegFailedV1};
use trunkline_schemas::{
    AgentName, Direction, EventId, LegId, Personal, Transport, TrunkName, WireMessage,
};

use super::{Listed, event, observation, old};

pub fn samples() -> Vec<Listed> {
    let mut all = dialing();
    all.extend(transfers());
    all.extend(endings());
    all.extend(control());
    all.extend(wire());
    all
}

fn dialing() -> Vec<Listed> {
    let leg = LegId(1);
    let failed = |failure| {
        observation(LegFailed {
            leg,
            failure,
            reason: None,
            retry_after_s: None,
            after_ms: 32_000,
        })
    };
    let dialed = LegDialed {
        leg,
        trunk: Some(TrunkName::from("office-cube")),
        destination: "192.0.2.7:5060".into(),
        transport: Transport::Tcp,
        target: Personal::from("sip:3500@192.0.2.7"),
        caller: Personal::new(identity(
            "Ada",
            "+442071838750",
            "sip:+442071838750@203.0.113.10",
        )),
        sip_call_id: "7f3c9b2e51d04a86@203.0.113.10".into(),
        offer: None,
    };
    let dialed_before = LegDialedV1 {
        leg,
        trunk: dialed.trunk.clone(),
        destination: dialed.destination.clone(),
        transport: dialed.transport,
        target: dialed.target.clone(),
        caller: dialed.caller.clone(),
        sip_call_id: dialed.sip_call_id.clone(),
    };
    vec![
        old(1, &dialed_before, dialed.clone()),
        observation(LegDialed {
            offer: Some(MediaOffer {
                codecs: vec!["PCMU/8000".into(), "PCMA/8000".into()],
                address: "203.0.113.10:16386".into(),
                profile: "RTP/AVP".into(),
                direction: MediaDirection::SendReceive,
                telephone_event: true,
            }),
            ..dialed
        }),
        observation(LegRedialed {
            leg: LegId(1),
            failed: "192.0.2.21:5060".into(),
            failure: LegFailure::TimedOut { timer: "B".into() },
            destination: "192.0.2.22:5060".into(),
            transport: Transport::Udp,
        }),
        observation(LegRedialed {
            leg: LegId(2),
            failed: "[2001:db8::21]:5061".into(),
            failure: LegFailure::Refused {
                status: 503,
                phrase: "Service Unavailable".into(),
            },
            destination: "[2001:db8::22]:5061".into(),
            transport: Transport::Tls,
        }),
        observation(LegRinging { leg, status: 180 }),
        observation(EarlyMediaStarted { leg, status: 183 }),
        observation(EarlyMediaPassed {
            leg: LegId::CALLER,
            from: leg,
            status: Some(183),
        }),
        observation(EarlyMediaPassed {
            leg: LegId::CALLER,
            from: LegId(2),
            status: None,
        }),
        observation(LegAnswered {
            leg,
            after_ms: 4_210,
        }),
        old(
            1,
            &LegFailedV1 {
                leg,
                failure: LegFailure::Refused {
                    status: 486,
                    phrase: "Busy Here".into(),
                },
                reason: Some("Q.850;cause=17;text=\"user busy\"".into()),
            },
            LegFailed {
                leg,
                failure: LegFailure::Refused {
                    status: 486,
                    phrase: "Busy Here".into(),
                },
                reason: Some("Q.850;cause=17;text=\"user busy\"".into()),
                retry_after_s: None,
                after_ms: 0,
            },
        ),
        observation(LegFailed {
            leg,
            failure: LegFailure::Refused {
                status: 503,
                phrase: "Service Unavailable".into(),
            },
            reason: Some("Q.850;cause=42".into()),
            retry_after_s: Some(120),
            after_ms: 85,
        }),
        failed(LegFailure::TimedOut { timer: "B".into() }),
        failed(LegFailure::Unreachable {
            error: "connection refused".into(),
        }),
        failed(LegFailure::Cancelled),
        failed(LegFailure::Impossible {
            error: "no common codec".into(),
        }),
    ]
}

fn transfers() -> Vec<Listed> {
    let leg = LegId(1);
    let progressed = |progress| observation(TransferProgressed { leg, progress });
    vec![
        observation(TransferRequested {
            leg,
            target: Personal::from("sip:3500@192.0.2.7"),
            source: TransferSource::Refer,
            referred_by: Some(Personal::from("<sip:agent@203.0.113.20>")),
            replaces: false,
        }),
        observation(TransferRequested {
            leg,
            target: Personal::from("queue"),
            source: TransferSource::Agent {
                agent: AgentName::from("reception"),
                choice: "menu choice".into(),
            },
            referred_by: None,
            replaces: false,
        }),
        progressed(TransferProgress::Sent),
        progressed(TransferProgress::Accepted),
        progressed(TransferProgress::Refused {
            status: 603,
            phrase: "Decline".into(),
        }),
        progressed(TransferProgress::Notified {
            status: 200,
            phrase: "OK".into(),
            last: true,
        }),
        progressed(TransferProgress::TimedOut),
        observation(TransferAnswered { leg, status: 202 }),
        observation(TransferReported {
            leg,
            status: 200,
            last: true,
        }),
        observation(LegsBridged {
            leg: LegId::CALLER,
            with: leg,
        }),
    ]
}

fn endings() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let ended = |by, cause: &str, talk_ms| {
        observation(LegEnded {
            leg,
            by,
            cause: cause.into(),
            talk_ms,
        })
    };
    vec![
        observation(ByeReceived {
            leg,
            reason: Some("Q.850;cause=16;text=\"Terminated\"".into()),
            context: vec![context("X-Transfer-To", "3500")],
        }),
        observation(CancelReceived {
            leg,
            reason: Some("SIP;cause=200;text=\"Call completed elsewhere\"".into()),
        }),
        ended(EndedBy::Peer, "BYE", 60_410),
        ended(EndedBy::Control, "refused with 404", 0),
        ended(EndedBy::Edge, "no ACK within 32 s", 32_000),
        observation(AgentConnected {
            leg,
            agent: AgentName::from("reception"),
            kind: "menu".into(),
        }),
        observation(AgentLost {
            leg,
            agent: AgentName::from("reception"),
            cause: "connection lost".into(),
        }),
    ]
}

fn control() -> Vec<Listed> {
    let fired = |timer| {
        observation(TimerFired {
            timer,
            late_us: 850,
        })
    };
    vec![
        observation(CommandFailed {
            decision: EventId([0xd1; 16]),
            leg: LegId(2),
            command: "DialLeg".into(),
            status: 503,
            error: "no free RTP port between 16384 and 16484".into(),
        }),
        fired(Timer::Ring(LegId(2))),
        fired(Timer::MaximumDuration),
        fired(Timer::Transfer),
    ]
}

fn wire() -> Vec<Listed> {
    let bye = "BYE sip:trunkline@203.0.113.10:32681 SIP/2.0\r\n\
               Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK74bf9\r\n\
               Content-Length: 0\r\n\r\n";
    let message = WireMessage {
        leg: Some(LegId::CALLER),
        direction: Direction::Received,
        local: "203.0.113.10:32681".into(),
        peer: "192.0.2.7:5060".into(),
        transport: Transport::Udp,
        retransmission: false,
        bytes: bye.into(),
    };
    let sent = WireMessage {
        leg: None,
        direction: Direction::Sent,
        peer: "[2001:db8::7]:5061".into(),
        transport: Transport::Tls,
        retransmission: true,
        ..message.clone()
    };
    let stream = WireMessage {
        transport: Transport::Tcp,
        ..message.clone()
    };
    vec![event(message), event(sent), event(stream)]
}

pub fn identity(display_name: &str, number: &str, uri: &str) -> Identity {
    Identity {
        display_name: display_name.into(),
        number: number.into(),
        uri: uri.into(),
    }
}

pub fn context(name: &str, value: &str) -> ContextHeader {
    ContextHeader {
        name: name.into(),
        value: Personal::from(value),
    }
}
