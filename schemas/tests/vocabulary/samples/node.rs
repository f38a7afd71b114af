//! Samples of what happens to an edge, beside the calls.

use trunkline_schemas::observation::*;
use trunkline_schemas::{Hash, Timestamp, Transport};

use super::{Listed, observation};

pub fn samples() -> Vec<Listed> {
    let snapshot = r#"{"trunks":[{"name":"office-cube","from":["192.0.2.0/24"]}]}"#;
    vec![
        observation(SourceRefused {
            source: "203.0.113.66".into(),
            requests: 1_204,
            method: "INVITE".into(),
            status: Some(403),
            over_ms: 10_000,
            tried: vec![Tried {
                candidate: "trunk office-cube".into(),
                failed: "source 203.0.113.66 is in none of 192.0.2.0/24".into(),
            }],
        }),
        observation(SourceRefused {
            source: "203.0.113.66".into(),
            requests: 1,
            method: "REGISTER".into(),
            status: None,
            over_ms: 0,
            tried: Vec::new(),
        }),
        observation(MessagesMalformed {
            source: "203.0.113.66".into(),
            messages: 37,
            error: "the start line is no request and no status".into(),
            over_ms: 9_870,
        }),
        observation(CallsTurnedAway {
            calls: 12,
            cause: "control is away".into(),
            status: 503,
            over_ms: 4_000,
        }),
        observation(ConnectionsRefused {
            source: "203.0.113.66".into(),
            trunk: None,
            connections: 412,
            cause: "too many connections from one address of no trunk".into(),
            over_ms: 10_000,
        }),
        observation(ConnectionsRefused {
            source: "192.0.2.10".into(),
            trunk: Some("office-cube".into()),
            connections: 1,
            cause: "too many connections in total".into(),
            over_ms: 0,
        }),
        observation(TrunkProbed {
            trunk: "genesys".into(),
            target: "198.51.100.20:5061".into(),
            transport: Transport::Tls,
            probes: 4,
            answers: 3,
            status: Some(404),
            latency: Some(ProbeLatency {
                min_us: 21_400,
                median_us: 22_007,
                max_us: 187_332,
            }),
            over_ms: 60_000,
        }),
        observation(TrunkUp {
            trunk: "genesys".into(),
            target: "198.51.100.20:5061".into(),
            transport: Transport::Tls,
            status: 200,
            latency_us: 21_400,
            down_ms: Some(312_006),
        }),
        observation(LoadStated {
            trunks: vec![TrunkLoad {
                trunk: "genesys".into(),
                load: Occupancy {
                    calls: 12,
                    new_calls: 1,
                },
            }],
            numbers: vec![NumberLoad {
                number: "+14155550100".into(),
                load: Occupancy {
                    calls: 3,
                    new_calls: 0,
                },
            }],
            total: Occupancy {
                calls: 12,
                new_calls: 1,
            },
        }),
        limit(LimitOf::Trunk, Some("genesys"), None, Some(503)),
        limit(
            LimitOf::Number,
            Some("genesys"),
            Some("+14155550100"),
            Some(486),
        ),
        limit(LimitOf::Total, None, None, Some(503)),
        limit(LimitOf::Outbound, Some("genesys"), None, None),
        down(
            ProbeFailure::TimedOut { after_ms: 3_000 },
            Some(Transport::Udp),
        ),
        down(
            ProbeFailure::Refused {
                status: 503,
                phrase: "Service Unavailable".into(),
            },
            Some(Transport::Udp),
        ),
        down(
            ProbeFailure::Unreachable {
                error: "connection refused".into(),
            },
            Some(Transport::Tcp),
        ),
        down(
            ProbeFailure::NotFound {
                error: "pbx.example.com has no address".into(),
            },
            None,
        ),
        observation(EdgeStarted {
            release: "0.1.0".into(),
            listens: vec!["udp 0.0.0.0:32681".into(), "tcp 0.0.0.0:32681".into()],
            rtp_ports: (16_384, 32_767),
        }),
        observation(EdgeStopped {
            cause: "SIGTERM".into(),
            calls_ended: 2,
        }),
        observation(ConfigurationApplied {
            hash: Hash::of(snapshot.as_bytes()),
            snapshot: snapshot.into(),
        }),
        observation(JournalGapFound {
            missing: "events 17 to 19 of the lane facts of call 01a0".into(),
        }),
    ]
}

fn down(failure: ProbeFailure, transport: Option<Transport>) -> Listed {
    let target = match transport {
        Some(_) => "198.51.100.20:5060",
        None => "sip:pbx.example.com",
    };
    observation(TrunkDown {
        trunk: "genesys".into(),
        target: target.into(),
        transport,
        failure,
        probes: 3,
        since: Timestamp(1_795_244_400_000_000),
        others_up: 1,
    })
}

fn limit(limit: LimitOf, trunk: Option<&str>, number: Option<&str>, status: Option<u16>) -> Listed {
    observation(LimitReached {
        limit,
        trunk: trunk.map(Into::into),
        number: number.map(Into::into),
        calls: 12,
        status,
        why: "30 calls are in progress, 30 may be".into(),
        over_ms: 10_000,
    })
}
