//! Samples of what happens to an edge, beside the calls.

use trunkline_schemas::Hash;
use trunkline_schemas::observation::*;

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
