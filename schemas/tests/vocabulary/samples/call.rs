//! Samples of what happens on a call.

use trunkline_schemas::media::{DigitMethod, MediaDirection, StreamMeasure};
use trunkline_schemas::observation::*;
use trunkline_schemas::version::{LegFailedV1, MediaMeasuredV1};
use trunkline_schemas::{
    AgentName, Direction, EventId, LegId, Personal, Transport, TrunkName, WireMessage,
};

use super::{Listed, event, observation, old};

pub fn samples() -> Vec<Listed> {
    let mut all = dialing();
    all.extend(media());
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
    vec![
        observation(LegDialed {
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
        observation(MediaReported {
            leg,
            reports: 12,
            lost: 3,
            worst_loss_permille: 15,
            jitter_us: 1_250,
            jitter_max_us: 4_000,
            round_trip_us: Some(41_300),
            round_trip_max_us: Some(120_000),
        }),
        observation(MediaReported {
            leg: LegId::CALLER,
            reports: 1,
            lost: 0,
            worst_loss_permille: 0,
            jitter_us: 0,
            jitter_max_us: 0,
            round_trip_us: None,
            round_trip_max_us: None,
        }),
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

fn media() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let negotiated = |direction| {
        observation(CodecNegotiated {
            leg,
            codec: "PCMU/8000".into(),
            payload_type: 0,
            telephone_event: Some(101),
            local: "203.0.113.10:16384".into(),
            remote: "192.0.2.7:16512".into(),
            direction,
            packet_ms: 20,
        })
    };
    let digit = |method, digit| {
        observation(DigitReceived {
            leg,
            method,
            duration_ms: 120,
            digit,
        })
    };
    let received = StreamMeasure {
        packets: 3_012,
        payload_bytes: 481_920,
        lost: 14,
        duplicates: 1,
        reordered: 2,
        jitter_us: 740,
        jitter_max_us: 18_200,
        longest_gap_ms: 61,
        silence_permille: 412,
    };
    let sent = StreamMeasure {
        packets: 3_020,
        payload_bytes: 483_200,
        longest_gap_ms: 20,
        ..StreamMeasure::default()
    };
    let measured = |unauthenticated_packets, replayed_packets| MediaMeasured {
        leg,
        received: received.clone(),
        sent: sent.clone(),
        refused_packets: 3,
        over_ms: 60_410,
        unauthenticated_packets,
        replayed_packets,
    };
    vec![
        negotiated(MediaDirection::SendReceive),
        negotiated(MediaDirection::SendOnly),
        negotiated(MediaDirection::ReceiveOnly),
        negotiated(MediaDirection::Inactive),
        observation(MediaStarted {
            leg,
            after_answer_ms: 38,
            source: "192.0.2.7:16512".into(),
            ssrc: 0x8c1f_20aa,
        }),
        observation(MediaStarted {
            leg,
            after_answer_ms: -1_250,
            source: "[2001:db8::7]:16512".into(),
            ssrc: 1,
        }),
        observation(MediaSilent { leg, for_ms: 5_000 }),
        observation(MediaResumed {
            leg,
            after_ms: 7_340,
        }),
        old(
            1,
            &MediaMeasuredV1 {
                leg,
                received: received.clone(),
                sent: sent.clone(),
                refused_packets: 3,
                over_ms: 60_410,
            },
            measured(0, 0),
        ),
        observation(measured(2, 1)),
        observation(MediaSecured {
            leg,
            keying: "SDES".into(),
            suite: "AES_CM_128_HMAC_SHA1_80".into(),
            profile: "RTP/SAVP".into(),
        }),
        observation(MediaUnsecured {
            leg,
            because: "the answer holds no key for SRTP".into(),
        }),
        observation(OfferRefused {
            leg,
            status: 488,
            because: "plain RTP offered, SRTP is required here".into(),
        }),
        observation(HandshakeCompleted {
            leg,
            begun_here: true,
            fingerprint_hash: "sha-256".into(),
            after_ms: 84,
        }),
        observation(HandshakeFailed {
            leg,
            begun_here: false,
            because: "the peer's certificate is not the one of its description".into(),
            agreed: vec!["sha-256 00:01:02".into()],
            shown: Some("sha-256 03:04:05".into()),
            after_ms: 91,
        }),
        observation(HandshakeFailed {
            leg,
            begun_here: true,
            because: "it was not over within 10 s".into(),
            agreed: vec![],
            shown: None,
            after_ms: 10_000,
        }),
        digit(DigitMethod::TelephoneEvent, None),
        digit(DigitMethod::Info, Some('#')),
        observation(HoldRequested {
            leg,
            direction: MediaDirection::SendOnly,
        }),
        observation(ResumeRequested { leg }),
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
