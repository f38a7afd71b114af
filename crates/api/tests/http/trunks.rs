//! Trunks: what calls and probes have shown of them.

use schemas::observation::{ProbeFailure, ProbeLatency, TrunkDown, TrunkProbed, TrunkUp};
use schemas::{Event, Timestamp, Transport, TrunkName};

use crate::desk::{BRIDGED, Desk, HELD, REFUSED};

#[tokio::test]
async fn trunks_show_what_calls_have_shown() {
    let desk = Desk::open().await;
    desk.write(BRIDGED, 1).await;
    desk.write(REFUSED, 60).await;
    desk.write(HELD, 3).await;
    desk.settled().await;
    let report = desk.get_json("/api/trunks/office/verification").await;
    let row = |check: &str| {
        let rows = report["rows"].as_array().unwrap();
        rows.iter()
            .find(|row| row["check"] == check)
            .unwrap()
            .clone()
    };
    assert_eq!(row("two_way_audio")["verdict"], "PASS");
    assert_eq!(
        row("inbound_reaches_agent")["verdict"],
        "FAIL",
        "the newest evidence counts"
    );
    assert_eq!(row("inbound_reaches_agent")["passed"], 1);
    assert_eq!(row("outbound")["verdict"], "NOT RUN");
    assert!(row("outbound")["finding"].is_null());
    let spare = desk.get_json("/api/trunks/spare/verification").await;
    assert!(
        spare["rows"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["verdict"] == "NOT RUN")
    );
    desk.write_node(&probes()).await;
    desk.settled().await;
    let trunks = desk.get_json("/api/trunks").await;
    let told: Vec<_> = trunks["trunks"].as_array().unwrap().iter().collect();
    let names: Vec<_> = told.iter().map(|trunk| trunk["name"].as_str()).collect();
    assert_eq!(names, [Some("carrier"), Some("office"), Some("spare")]);
    assert_eq!(told[1]["reachability"], "partly");
    assert_eq!(told[1]["latency_us"], 22_007);
    assert_eq!(told[1]["day"]["began"], 3, "{:?}", told[1]);
    assert_eq!(told[2]["reachability"], "cannot_tell");
    assert!(told[2]["latency_us"].is_null());
    let office = desk.get_json("/api/trunks/office").await;
    assert_eq!(office["reachability"], "partly");
    let reach = office["health"]["reach"].as_array().unwrap();
    assert_eq!(reach.len(), 2);
    assert_eq!(reach[1]["why"], "no answer within 3 s");
    assert_eq!(desk.get("/api/trunks/nowhere").await.0, 404);
    let live = desk.get_json("/api/live").await;
    assert_eq!(live["count"], 1);
    assert_eq!(live["calls"][0]["state"], "held");
    desk.close().await;
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
            since: Timestamp(1_795_244_400_000_000),
            others_up: 1,
        }
        .into(),
        TrunkProbed {
            trunk,
            target: at(7),
            transport: Transport::Udp,
            probes: 2,
            answers: 2,
            status: Some(200),
            latency: Some(ProbeLatency {
                min_us: 21_400,
                median_us: 22_007,
                max_us: 22_009,
            }),
            over_ms: 60_000,
        }
        .into(),
    ]
}
