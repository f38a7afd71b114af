//! Serves the pages over a log in memory with a few realistic calls, and lets new ones come in.
//! `cargo run -p trunkline-api --example page -- [PORT] [still]`.

#![expect(clippy::print_stdout, reason = "an example says where it listens")]

#[path = "../../../projections/tests/script/mod.rs"]
mod script;

use std::sync::Arc;
use std::time::Duration;

use journal::{EventLog, Memory};
use schemas::observation::{
    ConfigurationApplied, EdgeStarted, ProbeFailure, ProbeLatency, SourceRefused, Tried, TrunkDown,
    TrunkProbed, TrunkUp,
};
use schemas::{
    CallId, Chain, Draft, Event, Hash, Lane, NodeName, Subject, Timestamp, Transport, TrunkName,
};
use tokio_util::sync::CancellationToken;
use trunkline_api::{Api, Settings};

const STORIES: &[&str] = &[
    include_str!("../../../projections/tests/calls/one-way-audio.call"),
    include_str!("../../../projections/tests/calls/no-route.call"),
    include_str!("../../../projections/tests/calls/refer-transfer.call"),
    include_str!("../../../projections/tests/calls/hostile.call"),
    include_str!("../../../projections/tests/calls/abandoned.call"),
    include_str!("../../../projections/tests/calls/busy-agent.call"),
    include_str!("../../../projections/tests/calls/transfer-busy.call"),
    include_str!("../../../projections/tests/calls/no-ack.call"),
    include_str!("../../../projections/tests/calls/later-release.call"),
    include_str!("../../../projections/tests/calls/bridged-transfer.call"),
    include_str!("../../../projections/tests/calls/held.call"),
];

/// 2026-11-21T07:00:00Z, in milliseconds.
const BEGAN_MS: u64 = 1_795_244_400_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(8080), |text| text.parse())?;
    let still = arguments.next().is_some();
    let log: Arc<dyn EventLog> = Arc::new(Memory::new());
    nodes(&log).await;
    for (index, story) in (0_u64..).zip(STORIES) {
        call(&log, story, BEGAN_MS + index * 47_000, u8::try_from(index)?).await;
    }
    let data = tempfile::tempdir()?;
    let settings = Settings {
        listen: ([127, 0, 0, 1], port).into(),
        node: NodeName::from("api-1"),
        trunks: Vec::new(),
    };
    let bound = Api::new(Arc::clone(&log), data.path(), settings)
        .bind()
        .await?;
    println!("http://{}/", bound.address());
    let cancel = CancellationToken::new();
    if !still {
        tokio::spawn(async move {
            for index in 20_u8.. {
                tokio::time::sleep(Duration::from_secs(4)).await;
                let story = STORIES[usize::from(index) % STORIES.len()];
                call(&log, story, BEGAN_MS + u64::from(index) * 47_000, index).await;
            }
        });
    }
    bound.run(cancel).await?;
    Ok(())
}

async fn call(log: &Arc<dyn EventLog>, story: &str, began_ms: u64, random: u8) {
    let call = CallId::new(began_ms, [random; 10]);
    let began = Timestamp(i64::try_from(began_ms * 1_000).unwrap_or(i64::MAX));
    let written = script::write(story, call, began);
    log.append(written.records).await;
    log.append(written.wire).await;
}

async fn nodes(log: &Arc<dyn EventLog>) {
    let node = NodeName::from("edge-1");
    let mut chain = Chain::new(Subject::Node(node.clone()), Lane::Facts);
    let mut events: Vec<Event> = vec![
        EdgeStarted {
            release: "0.1.0".to_owned(),
            listens: vec!["udp 0.0.0.0:32681".to_owned()],
            rtp_ports: (20_000, 29_999),
        }
        .into(),
        ConfigurationApplied {
            hash: Hash([9; 32]),
            snapshot: r#"{"trunks":{"office":{},"carrier":{},"overflow":{}}}"#.to_owned(),
        }
        .into(),
        SourceRefused {
            source: "203.0.113.66".to_owned(),
            requests: 412,
            method: "REGISTER".to_owned(),
            status: Some(403),
            over_ms: 60_000,
            tried: vec![Tried {
                candidate: "trunk office".to_owned(),
                failed: "source 203.0.113.66 is in none of 192.0.2.7/32".to_owned(),
            }],
        }
        .into(),
    ];
    events.extend(probes());
    let records = (0..).zip(events).map(|(index, event)| {
        let at = i64::try_from(BEGAN_MS * 1_000).unwrap_or(i64::MAX) + index * 60_000_000;
        chain.append(Draft {
            because: None,
            producer: node.clone(),
            recorded_at: Timestamp(at),
            event,
        })
    });
    log.append(records.collect()).await;
}

/// One target of two answers.
fn probes() -> [Event; 3] {
    let trunk = TrunkName::from("office");
    let at = |last: u8| format!("192.0.2.{last}:5060");
    [
        TrunkUp {
            trunk: trunk.clone(),
            target: at(7),
            transport: Transport::Udp,
            status: 200,
            latency_us: 21_400,
            down_ms: None,
        }
        .into(),
        TrunkDown {
            trunk: trunk.clone(),
            target: at(8),
            transport: Some(Transport::Udp),
            failure: ProbeFailure::TimedOut { after_ms: 3_000 },
            probes: 3,
            since: Timestamp(1_795_244_390_000_000),
            others_up: 1,
        }
        .into(),
        TrunkProbed {
            trunk,
            target: at(7),
            transport: Transport::Udp,
            probes: 4,
            answers: 3,
            status: Some(200),
            latency: Some(ProbeLatency {
                min_us: 21_400,
                median_us: 22_007,
                max_us: 187_332,
            }),
            over_ms: 60_000,
        }
        .into(),
    ]
}
