//! The API over real HTTP on a free loopback port, with a log in memory.

#[path = "../../../projections/tests/script/mod.rs"]
mod script;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::{EventLog, Filter, Memory, Stream};
use schemas::conclusion::{TransferFailed, TransferFailure};
use schemas::observation::{ProbeFailure, ProbeLatency, TrunkDown, TrunkProbed, TrunkUp};
use schemas::{
    CallId, Chain, Decision, Draft, Event, Hash, Lane, LegId, NodeName, Observation, Position,
    Record, Subject, Timestamp, Transport, TrunkName,
};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_api::{Api, Error, Settings, rebuild};

const BRIDGED: &str = include_str!("../../../projections/tests/calls/bridged-transfer.call");
const REFUSED: &str = include_str!("../../../projections/tests/calls/no-route.call");
const HELD: &str = include_str!("../../../projections/tests/calls/held.call");
const RECORDED: &str = include_str!("../../../projections/tests/calls/recorded.call");
const ASKED: &str = include_str!("../../../projections/tests/calls/stream-agent-asks.call");
const HOSTILE: &str = include_str!("../../../projections/tests/calls/hostile.call");

/// A caller who talks with an agent behind a WebSocket.
const ASSISTED: &str = r#"
0.000 edge invite office +14155550123 +14155550100
0.001 control route.number stream 1 greeter wss://bot.example/ws ; routed greeter "number +14155550100"
0.002 edge stream dialed 1 greeter wss://bot.example/ws
0.054 edge stream opened 1
0.054 edge answered 1 after=52
0.055 control bridge.agent answer 0 ; bridge 0 1
0.056 edge answered 0 after=56
"#;

#[tokio::test]
async fn a_call_can_be_found_and_read_in_every_form() {
    let desk = Desk::open().await;
    desk.write(BRIDGED, 1).await;
    desk.write(REFUSED, 2).await;
    desk.settled().await;
    let list = desk.get_json("/api/calls").await;
    assert_eq!(ids(&list), [id(2), id(1)], "newest first");
    for (query, found) in [
        ("trunk=carrier", vec![id(1)]),
        ("outcome=refused", vec![id(2)]),
        ("q=outcome:completed%20talk%3E30s", vec![id(1)]),
        ("number=0177", vec![id(1)]),
        ("header=X-Ticket%3D42", vec![id(1)]),
        ("q=nobody", vec![]),
        ("talk_max=1s", vec![]),
        ("since=2100-01-01", vec![]),
        ("limit=1", vec![id(2)]),
    ] {
        assert_eq!(
            ids(&desk.get_json(&format!("/api/calls?{query}")).await),
            found,
            "{query}"
        );
    }
    let next = desk.get_json("/api/calls?limit=1").await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let page = desk
        .get_json(&format!("/api/calls?limit=1&cursor={next}"))
        .await;
    assert_eq!(ids(&page), [id(1)]);

    let path = format!("/api/calls/{}", id(1));
    let call = desk.get_json(&path).await;
    assert_eq!(call["row"]["outcome"], "completed");
    assert_eq!(call["row"]["legs"].as_array().unwrap().len(), 3);
    assert_eq!(call["findings"].as_array().unwrap().len(), 9);
    let timeline = desk.get_json(&format!("{path}/timeline")).await;
    assert!(timeline["moments"].as_array().unwrap().len() > 30);
    assert!(
        timeline["moments"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["event"].is_string())
    );
    let events = desk.get_json(&format!("{path}/events?wire=1")).await;
    assert_eq!(events["events"].as_array().unwrap().len(), 36);
    assert!(!events["wire"].as_array().unwrap().is_empty());
    assert!(events["events"].as_array().unwrap().iter().all(|one| {
        let bytes = unhex(one["record"].as_str().unwrap());
        let record = Record::read(bytes.into()).expect("the bytes are a record");
        record.hash().to_string() == one["hash"].as_str().unwrap()
    }));
    let (status, _, ladder) = desk.get(&format!("{path}/ladder")).await;
    assert_eq!(status, 200);
    assert!(
        ladder.contains("INVITE (SDP)") && ladder.lines().all(|line| line.chars().count() <= 100)
    );
    let ladder = desk.get_json(&format!("{path}/ladder?format=json")).await;
    assert_eq!(ladder["parties"].as_array().unwrap().len(), 4);
    desk.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_answered_with_what_to_do() {
    let desk = Desk::open().await;
    desk.write(BRIDGED, 1).await;
    desk.settled().await;
    let unknown = format!("/api/calls/{}", id(9));
    for (path, status, detail) in [
        ("/api/calls?limit=0", 400, "limit takes 1 to 500"),
        (
            "/api/calls?q=trnk:office",
            400,
            "there is no field \"trnk\"",
        ),
        ("/api/calls?outcome=lost", 400, "outcome takes up"),
        ("/api/calls/xyz", 400, "is no call id"),
        (unknown.as_str(), 404, "there is no call"),
        ("/api/trunks/nowhere/verification", 404, "there is no trunk"),
        ("/api/nothing", 404, "/api/openapi.json says what there is"),
    ] {
        let (found, _, body) = desk.get(path).await;
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(found, status, "{path}: {body}");
        assert!(
            problem["detail"].as_str().unwrap().contains(detail),
            "{path}: {body}"
        );
        assert!(problem["error"].is_string());
    }
    desk.close().await;
}

#[tokio::test]
async fn a_foreign_page_can_neither_read_nor_ask() {
    let desk = Desk::open().await;
    desk.write(HELD, 1).await;
    desk.settled().await;
    let (status, _, _) = desk
        .send("GET", "/api/calls", "Host: evil.example\r\n", "")
        .await;
    assert_eq!(status, 421, "a name that DNS points here");
    let path = format!("/api/calls/{}/hangup", id(1));
    let host = format!("Host: {}\r\n", desk.address);
    let form = format!("{host}Content-Type: text/plain\r\n");
    assert_eq!(desk.send("POST", &path, &form, "{}").await.0, 415);
    let foreign =
        format!("{host}Content-Type: application/json\r\nOrigin: http://evil.example\r\n");
    assert_eq!(desk.send("POST", &path, &foreign, "{}").await.0, 403);
    let (_, headers, _) = desk.get("/").await;
    assert!(
        headers.contains("content-security-policy: default-src 'self'"),
        "{headers}"
    );
    assert!(headers.contains("x-content-type-options: nosniff"));
    desk.close().await;
}

#[tokio::test]
async fn an_operator_asks_and_the_log_has_it() {
    let desk = Desk::open().await;
    let call = desk.write(HELD, 1).await;
    desk.write(BRIDGED, 2).await;
    desk.settled().await;
    let ask = |by: &'static str| {
        let host = format!(
            "Host: {}\r\nContent-Type: application/json\r\n",
            desk.address
        );
        let path = format!("/api/calls/{}/hangup", id(1));
        let body = format!("{{\"by\":\"{by}\"}}");
        let desk = &desk;
        async move { desk.send("POST", &path, &host, &body).await }
    };
    for by in ["alice", "bob"] {
        let (status, _, body) = ask(by).await;
        assert_eq!(status, 202, "{body}");
    }
    let entries = desk.log.read(&schemas::Subject::Call(call)).await.unwrap();
    let requests: Vec<_> = entries
        .iter()
        .filter(|entry| entry.record.lane() == schemas::Lane::Requests)
        .collect();
    assert_eq!(
        requests.len(),
        2,
        "the second follows the first in its chain"
    );
    assert_eq!(
        requests[1].record.header().previous,
        requests[0].record.hash()
    );
    let host = format!(
        "Host: {}\r\nContent-Type: application/json\r\n",
        desk.address
    );
    let over = format!("/api/calls/{}/hangup", id(2));
    assert_eq!(desk.send("POST", &over, &host, "{}").await.0, 409);
    let unknown = format!("/api/calls/{}/hangup", id(9));
    assert_eq!(desk.send("POST", &unknown, &host, "{}").await.0, 404);
    let (status, _, body) = desk.send("POST", &over, &host, "{\"who\":1}").await;
    assert_eq!(
        (status, body.contains("the body is no request")),
        (400, true),
        "{body}"
    );
    desk.close().await;
}

#[tokio::test]
async fn a_request_is_written_once_fits_the_state_and_has_one_outcome() {
    let desk = Desk::open().await;
    desk.write(HELD, 1).await;
    desk.write(RECORDED, 2).await;
    desk.settled().await;
    let path = format!("/api/calls/{}/requests", id(1));
    for (body, status, detail) in [
        ("{\"request\":\"pause-recording\"}", 409, "is not recorded"),
        ("{\"request\":\"stop-recording\"}", 409, "is not recorded"),
        ("{\"request\":\"redial\"}", 400, "the body is no request"),
        ("{}", 400, "the body is no request"),
        (
            "{\"request\":\"hang-up\",\"by\":\"\"}",
            400,
            "by takes 1 to 100",
        ),
        (
            "{\"request\":\"hang-up\",\"key\":\"\"}",
            400,
            "key takes 1 to 100",
        ),
    ] {
        let (found, answer) = desk.post(&path, body).await;
        assert_eq!((found, answer.contains(detail)), (status, true), "{answer}");
    }
    let start = "{\"request\":\"start-recording\",\"by\":\"grace\",\"key\":\"7\"}";
    let (first, second) = (desk.post(&path, start).await, desk.post(&path, start).await);
    assert_eq!(first.0, 202, "{}", first.1);
    assert_eq!(first, second, "it was written once");
    let other = "{\"request\":\"hang-up\",\"key\":\"7\"}";
    let (status, answer) = desk.post(&path, other).await;
    assert_eq!(
        (status, answer.contains("another request, start-recording")),
        (409, true),
        "{answer}"
    );
    // What is under way may change what fits: control decides.
    let pause = "{\"request\":\"pause-recording\"}";
    assert_eq!(desk.post(&path, pause).await.0, 202);
    let told = desk.get_json(&path).await;
    let requests = told["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["request"], "start-recording");
    assert_eq!(requests[0]["state"], "asked");
    assert_eq!(requests[1]["by"], "api");

    let path = format!("/api/calls/{}/requests", id(2));
    let (status, answer) = desk.post(&path, pause).await;
    assert_eq!(
        (status, answer.contains("is over")),
        (409, true),
        "{answer}"
    );
    let told = desk.get_json(&path).await;
    let outcomes = told["requests"].as_array().unwrap().iter();
    let outcomes: Vec<_> = outcomes
        .map(|one| {
            (
                one["request"].as_str().unwrap(),
                one["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            ("pause-recording", "done"),
            ("resume-recording", "done"),
            ("stop-recording", "done"),
            ("start-recording", "failed"),
            ("pause-recording", "refused"),
        ]
    );
    let why = |index: usize| told["requests"][index]["why"].as_str().unwrap().to_owned();
    assert_eq!(why(3), "the call was over before: BYE from the caller");
    assert_eq!(why(4), "the call is not recorded");
    let call = desk.get_json(&format!("/api/calls/{}", id(2))).await;
    let recordings = call["row"]["recordings"].as_array().unwrap();
    assert_eq!(recordings[0]["file"], "/srv/calls/0199-1.wav");
    assert_eq!(recordings[0]["state"], "complete");
    assert_eq!(recordings[1]["cause"], "No space left on device");
    desk.close().await;
}

#[tokio::test]
async fn a_bot_ends_its_call_and_passes_it_on_as_at_twilio() {
    let desk = Desk::open().await;
    let call = desk.write(ASSISTED, 1).await;
    let control = tokio::spawn(control(Arc::clone(&desk.log), call));
    let resource = calls_of(1);
    let (status, _, body) = desk.send("GET", &resource, &desk.bot(), "").await;
    assert_eq!(status, 200, "{body}");
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(told["sid"].as_str().unwrap().len(), 34);
    assert!(resource.ends_with(&format!("{}.json", told["sid"].as_str().unwrap())));
    assert_eq!(told["account_sid"], "AC7");
    assert_eq!(told["status"], "in-progress");
    assert_eq!(told["from"], "+14155550123");
    assert_eq!(told["to"], "+14155550100");
    assert_eq!(told["uri"], resource);

    let dial = "Twiml=%3CResponse%3E%3CDial%3E%2B1+415+555+0177%3C%2FDial%3E%3C%2FResponse%3E";
    let (status, answer) = desk.asks(1, dial).await;
    assert_eq!(
        (status, &answer["code"]),
        (400, &Value::from(13_224)),
        "{answer}"
    );
    let message = answer["message"].as_str().unwrap();
    assert!(
        message.contains("no transfer of that name") && message.contains("[transfer.NAME]"),
        "{message}"
    );
    assert_eq!(answer["status"], 400);
    let (status, answer) = desk.asks(1, "Status=completed").await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &Value::from("in-progress")),
        "{answer}"
    );
    control.abort();

    let told = desk
        .get_json(&format!("/api/calls/{}/requests", id(1)))
        .await;
    let requests = told["requests"].as_array().unwrap();
    let asked = |index: usize, name: &str| requests[index][name].as_str().unwrap().to_owned();
    assert_eq!(
        ["request", "by", "state"].map(|name| asked(0, name)),
        ["transfer", "greeter", "refused"]
    );
    assert_eq!(
        ["request", "by", "state"].map(|name| asked(1, name)),
        ["hang-up", "greeter", "decided"]
    );
    desk.write(ASKED, 2).await;
    let told = desk
        .get_json(&format!("/api/calls/{}/requests", id(2)))
        .await;
    let requests = told["requests"].as_array().unwrap().iter();
    let outcomes = requests.map(|one| [&one["request"], &one["state"]].map(Value::to_string));
    let outcomes: Vec<String> = outcomes
        .map(|words| words.join(" ").replace('"', ""))
        .collect();
    let expected = [
        "transfer refused",
        "transfer done",
        "transfer refused",
        "hang-up refused",
    ];
    assert_eq!(outcomes, expected);
    let entries = desk.log.read(&Subject::Call(call)).await.unwrap();
    let written = entries
        .iter()
        .filter(|entry| entry.record.lane() == Lane::Requests);
    let written: Vec<Event> = written.map(|entry| entry.record.event().unwrap()).collect();
    let [
        Event::Observation(Observation::TransferRequested(transfer)),
        Event::Observation(Observation::HangUpRequested(end)),
    ] = &written[..]
    else {
        panic!("{written:?}")
    };
    assert_eq!(
        (transfer.leg, transfer.target.reveal().as_str()),
        (LegId(1), "tel:+14155550177")
    );
    assert_eq!((end.leg, end.by.as_str()), (Some(LegId(1)), "greeter"));
    desk.close().await;
}

#[tokio::test]
async fn what_a_bot_may_not_do_is_told_as_twilio_tells_it() {
    let desk = Desk::open().await;
    desk.write(ASSISTED, 1).await;
    desk.write(HELD, 2).await;
    desk.write(BRIDGED, 3).await;
    let say = "Twiml=%3CResponse%3E%3CSay%3EBye%3C%2FSay%3E%3C%2FResponse%3E";
    for (number, form, status, code, why) in [
        (1, say, 400, 12_100, "<Say> is not done here"),
        (
            1,
            "Url=https%3A%2F%2Fbot.example%2F",
            400,
            20_001,
            "nothing is fetched",
        ),
        (1, "Status=busy", 400, 20_001, "send Status=completed"),
        (1, "", 400, 20_001, "send Status=completed"),
        (1, "Status=%ff", 400, 20_001, "send Status=completed"),
        (
            2,
            "Status=completed",
            400,
            21_220,
            "no agent behind a WebSocket",
        ),
        (3, "Status=completed", 404, 20_404, "is over"),
        (9, "Status=completed", 404, 20_404, "there is no call"),
    ] {
        let (found, answer) = desk.asks(number, form).await;
        assert_eq!(
            (found, &answer["code"]),
            (status, &Value::from(code)),
            "{form}: {answer}"
        );
        assert_eq!(answer["status"], status, "{form}");
        assert!(
            answer["message"].as_str().unwrap().contains(why),
            "{form}: {answer}"
        );
        let more = answer["more_info"].as_str().unwrap();
        assert!(more.ends_with(&format!("/errors/{code}")), "{more}");
    }
    let (status, _, body) = desk
        .send(
            "GET",
            "/2010-04-01/Accounts/AC7/Calls/CAxyz.json",
            &desk.bot(),
            "",
        )
        .await;
    assert_eq!(
        (status, body.contains("stands in the start message")),
        (404, true),
        "{body}"
    );
    // Neither a page of somebody else nor a form of one gets so far.
    let nobody = desk.bot().replace("Authorization", "X-Authorization");
    let (status, headers, body) = desk
        .send("POST", &calls_of(1), &nobody, "Status=completed")
        .await;
    assert_eq!((status, body.contains("20003")), (401, true), "{body}");
    assert!(headers.contains("www-authenticate: basic"), "{headers}");
    let foreign = desk.bot() + "Origin: http://evil.example\r\n";
    assert_eq!(
        desk.send("POST", &calls_of(1), &foreign, "Status=completed")
            .await
            .0,
        403
    );
    let told = desk
        .get_json(&format!("/api/calls/{}/requests", id(1)))
        .await;
    assert_eq!(
        told["requests"],
        Value::Array(Vec::new()),
        "nothing was written"
    );
    let transfer = "{\"request\":\"transfer\"}";
    let (status, answer) = desk
        .post(&format!("/api/calls/{}/requests", id(1)), transfer)
        .await;
    assert_eq!(
        (status, answer.contains("only the agent")),
        (400, true),
        "{answer}"
    );
    desk.close().await;
}

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

#[tokio::test]
async fn the_feed_tells_what_changes_and_goes_on_where_a_watcher_left() {
    let desk = Desk::open().await;
    desk.write(BRIDGED, 1).await;
    desk.settled().await;
    let mut feed = desk.watch(None).await;
    let (name, at, data) = feed.event().await;
    assert_eq!(
        (name.as_str(), data["count"].as_u64()),
        ("snapshot", Some(0))
    );
    desk.write(HELD, 2).await;
    let (name, later, data) = feed.event().await;
    assert_eq!(name, "change");
    assert!(later > at);
    assert_eq!(data["calls"][0]["call"].as_str(), Some(id(2).as_str()));
    desk.write(REFUSED, 3).await;
    let (_, newest, _) = feed.event().await;
    let mut again = desk.watch(Some(later)).await;
    let (name, at, data) = again.event().await;
    assert_eq!((name.as_str(), at), ("change", newest), "what was missed");
    assert_eq!(data["calls"][0]["call"].as_str(), Some(id(3).as_str()));
    let mut lost = desk.watch(Some(newest + 1_000)).await;
    assert_eq!(lost.event().await.0, "snapshot", "an id that nobody knows");
    desk.close().await;
}

#[tokio::test]
async fn metrics_and_readiness_are_told() {
    let desk = Desk::open().await;
    desk.write(BRIDGED, 1).await;
    desk.write(HOSTILE, 2).await;
    desk.settled().await;
    let (status, _, metrics) = desk.get("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "trunkline_calls_ended_total{trunk=\"office\",outcome=\"completed\"} 1",
        "trunkline_calls_began_total 2",
        "trunkline_projection_lag_events 0",
        "trunkline_projection_ready 1",
        "from_another_role 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert_eq!(desk.get("/healthz").await.0, 200);
    let ready = desk.get_json("/readyz").await;
    assert_eq!(ready["ready"], true);
    desk.close().await;
}

#[tokio::test]
async fn the_description_has_every_route_and_no_loose_end() {
    let desk = Desk::open().await;
    let description = desk.get_json("/api/openapi.json").await;
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    for (path, item) in paths {
        let concrete = path.replace("{id}", &id(9)).replace("{name}", "office");
        for method in item.as_object().unwrap().keys() {
            if path == "/api/live/events" {
                continue;
            }
            let host = format!(
                "Host: {}\r\nContent-Type: application/json\r\n",
                desk.address
            );
            let (status, _, body) = desk
                .send(&method.to_uppercase(), &concrete, &host, "")
                .await;
            assert_ne!(status, 405, "{method} {path}");
            assert!(!body.contains("there is nothing at"), "{method} {path}");
        }
    }
    let text = description.to_string();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            schemas.contains_key(name),
            "{name} is referred to and not described"
        );
    }
    desk.close().await;
}

#[tokio::test]
async fn pages_and_their_parts_are_served_and_hold_no_inline_script() {
    let desk = Desk::open().await;
    let (_, headers, page) = desk.get("/").await;
    assert!(headers.contains("text/html"));
    let mut parts: Vec<String> = attributes(&page);
    assert!(!page.contains("<style") && !page.contains(" onclick") && !page.contains(" style="));
    let mut seen = Vec::new();
    while let Some(path) = parts.pop() {
        let (status, headers, body) = desk.get(&path).await;
        assert_eq!(status, 200, "{path}");
        if headers.contains("javascript") {
            for forbidden in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!body.contains(forbidden), "{forbidden} in {path}");
            }
            for import in body.split(" from \"./").skip(1) {
                let path = format!("/assets/{}", import.split('"').next().unwrap());
                if !seen.contains(&path) {
                    parts.push(path);
                }
            }
        }
        seen.push(path);
    }
    assert!(seen.len() >= 8, "{seen:?}");
    for path in [
        format!("/calls/{}", id(1)),
        "/trunks".to_owned(),
        "/trunks/office".to_owned(),
    ] {
        assert_eq!(desk.get(&path).await.2, page, "one document for all pages");
    }
    desk.close().await;
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let log: Arc<dyn EventLog> = Arc::new(Memory::new());
    let settings = Settings {
        listen: ([0, 0, 0, 0], 0).into(),
        ..settings()
    };
    let Err(error) = Api::new(log, data.path(), settings).bind().await else {
        panic!("it listens")
    };
    assert!(matches!(error, Error::NotLoopback(_)));
    assert!(
        error.to_string().contains("no authentication yet"),
        "{error}"
    );
}

#[tokio::test]
async fn views_go_on_after_a_stop_and_a_rebuild_gives_the_same() {
    let mut desk = Desk::open().await;
    desk.write(BRIDGED, 1).await;
    desk.settled().await;
    desk = desk.reopen().await;
    desk.write(REFUSED, 2).await;
    desk.write(HELD, 3).await;
    desk.settled().await;
    let before = everything(&desk).await;
    let (log, data) = desk.close().await;
    let mut heads = Vec::new();
    let progress = rebuild(Arc::clone(&log), data.path(), |progress| {
        heads.push(progress)
    })
    .await
    .unwrap();
    assert_eq!(progress.done, progress.head);
    assert_eq!(heads.last(), Some(&progress));
    let desk = Desk::over(log, data).await;
    desk.settled().await;
    assert_eq!(everything(&desk).await, before);
    desk.close().await;
}

#[tokio::test]
async fn damaged_views_are_moved_aside_and_built_anew() {
    let desk = Desk::open().await;
    for call in 1..40 {
        desk.write(BRIDGED, call).await;
    }
    desk.settled().await;
    let before = everything(&desk).await;
    let (log, data) = desk.close().await;
    let generation = generation(data.path());
    std::fs::write(generation.join("snap.0000000000000099.generating"), b"torn").unwrap();
    let desk = Desk::over(log, data).await;
    desk.settled().await;
    assert!(
        !desk
            .get("/metrics")
            .await
            .2
            .contains("trunkline_store_quarantine_total 1"),
        "a torn snapshot only"
    );
    let (log, data) = desk.close().await;

    let generation = self::generation(data.path());
    std::fs::write(generation.join("conf"), b"\xff\xff\xff\xffnot sled at all").unwrap();
    let desk = Desk::over(log, data).await;
    desk.settled().await;
    assert!(
        desk.get("/metrics")
            .await
            .2
            .contains("trunkline_store_quarantine_total 1")
    );
    assert_eq!(everything(&desk).await, before);
    let (_, data) = desk.close().await;
    let moved = std::fs::read_dir(data.path().join("views"))
        .unwrap()
        .flatten();
    assert!(moved.into_iter().any(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("quarantine-")
    }));
}

#[tokio::test]
async fn another_log_behind_the_cursor_is_noticed() {
    let desk = Desk::open().await;
    desk.write(BRIDGED, 1).await;
    desk.settled().await;
    let (_, data) = desk.close().await;
    let other: Arc<dyn EventLog> = Arc::new(Memory::new());
    let desk = Desk::over(other, data).await;
    desk.write(REFUSED, 2).await;
    desk.settled().await;
    assert_eq!(
        ids(&desk.get_json("/api/calls").await),
        [id(2)],
        "the calls of this log only"
    );
    assert!(
        desk.get("/metrics")
            .await
            .2
            .contains("trunkline_projection_rebuilds_total 1")
    );
    desk.close().await;
}

#[tokio::test]
async fn views_in_use_are_not_built_anew_behind_ones_back() {
    let desk = Desk::open().await;
    let refused = rebuild(Arc::clone(&desk.log), desk.data.path(), |_| {}).await;
    assert!(matches!(refused, Err(Error::InUse { .. })), "{refused:?}");
    desk.close().await;
}

/// Control, as far as it refuses every transfer and ends a call.
async fn control(log: Arc<dyn EventLog>, call: CallId) {
    let subject = Subject::Call(call);
    let begin = Position::beginning(log.id(Stream::Events));
    let requests = Filter::ALL.lanes(&[Lane::Requests]);
    let mut follower = log.follow(Stream::Events, begin, requests).await.unwrap();
    loop {
        for request in follower.next().await.unwrap() {
            let conclusions = match request.record.event().unwrap() {
                Event::Observation(Observation::TransferRequested(_)) => vec![
                    TransferFailed {
                        failure: TransferFailure::TargetUnknown,
                        status: None,
                        why: "the configuration has no transfer of that name".to_owned(),
                    }
                    .into(),
                ],
                _ => Vec::new(),
            };
            let last = log.last(&subject, Lane::Decisions).await.unwrap().unwrap();
            let decision = Chain::after(&last.record).append(Draft {
                because: Some(request.record.id()),
                producer: NodeName::from("control-1"),
                recorded_at: request.record.header().recorded_at,
                event: Decision {
                    rule: "test".to_owned(),
                    configuration: Hash::ZERO,
                    commands: Vec::new(),
                    conclusions,
                }
                .into(),
            });
            log.append(vec![decision]).await;
        }
    }
}

/// The resource of a call, as a bot names it.
fn calls_of(number: u8) -> String {
    let call: CallId = id(number).parse().unwrap();
    let sid: String = call.0.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("/2010-04-01/Accounts/AC7/Calls/CA{sid}.json")
}

/// A running API with its log and directory.
struct Desk {
    log: Arc<dyn EventLog>,
    data: tempfile::TempDir,
    address: SocketAddr,
    cancel: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

fn settings() -> Settings {
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        node: NodeName::from("api-1"),
        trunks: vec!["spare".into()],
    }
}

impl Desk {
    async fn open() -> Desk {
        Desk::over(Arc::new(Memory::new()), tempfile::tempdir().unwrap()).await
    }

    async fn over(log: Arc<dyn EventLog>, data: tempfile::TempDir) -> Desk {
        let api = Api::new(Arc::clone(&log), data.path(), settings());
        let api = api.with_metrics(Arc::new(|out| out.push_str("from_another_role 1\n")));
        let bound = api.bind().await.expect("it listens");
        let cancel = CancellationToken::new();
        Desk {
            log,
            data,
            address: bound.address(),
            running: tokio::spawn(bound.run(cancel.clone())),
            cancel,
        }
    }

    async fn reopen(self) -> Desk {
        let (log, data) = self.close().await;
        Desk::over(log, data).await
    }

    async fn close(self) -> (Arc<dyn EventLog>, tempfile::TempDir) {
        self.cancel.cancel();
        self.running
            .await
            .expect("it does not panic")
            .expect("it stops in order");
        (self.log, self.data)
    }

    async fn write(&self, story: &str, number: u8) -> CallId {
        let call: CallId = id(number).parse().unwrap();
        let began = Timestamp(i64::try_from(call.began_ms()).unwrap() * 1_000);
        let written = script::write(story, call, began);
        let outcomes = self.log.append(written.records).await;
        assert!(
            outcomes.iter().all(|outcome| outcome.position().is_some()),
            "{outcomes:?}"
        );
        self.log.append(written.wire).await;
        call
    }

    /// What an edge says of itself and its trunks.
    async fn write_node(&self, events: &[Event]) {
        let producer = NodeName::from("edge-1");
        let mut chain = Chain::new(Subject::Node(producer.clone()), Lane::Facts);
        let records = events.iter().map(|event| {
            chain.append(Draft {
                because: None,
                producer: producer.clone(),
                recorded_at: Timestamp(1_795_244_400_000_000),
                event: event.clone(),
            })
        });
        let outcomes = self.log.append(records.collect()).await;
        assert!(
            outcomes.iter().all(|outcome| outcome.position().is_some()),
            "{outcomes:?}"
        );
    }

    /// Waits until the views tell of everything that is in the log.
    async fn settled(&self) {
        let head: Position = self.log.head(Stream::Events).await.unwrap();
        loop {
            let (_, _, body) = self.get("/readyz").await;
            let ready: Value = serde_json::from_str(&body).unwrap();
            if ready["ready"] == true && ready["position"].as_u64() >= Some(head.sequence) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        self.send("GET", path, &format!("Host: {}\r\n", self.address), "")
            .await
    }

    async fn get_json(&self, path: &str) -> Value {
        let (status, _, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Status and body of what is asked as JSON.
    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let headers = format!(
            "Host: {}\r\nContent-Type: application/json\r\n",
            self.address
        );
        let (status, _, answer) = self.send("POST", path, &headers, body).await;
        (status, answer)
    }

    /// The header fields of a bot.
    fn bot(&self) -> String {
        format!(
            "Host: {}\r\nAuthorization: Basic QUM3OnNlY3JldA==\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            self.address
        )
    }

    /// Status and body of what a bot asks with a form.
    async fn asks(&self, number: u8, form: &str) -> (u16, Value) {
        let path = calls_of(number);
        let (status, _, answer) = self.send("POST", &path, &self.bot(), form).await;
        (status, serde_json::from_str(&answer).unwrap())
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    async fn watch(&self, last: Option<u64>) -> Feed {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let last = last.map_or(String::new(), |last| format!("Last-Event-ID: {last}\r\n"));
        let request = format!(
            "GET /api/live/events HTTP/1.1\r\nHost: {}\r\n{last}\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        Feed(BufReader::new(stream))
    }
}

struct Feed(BufReader<TcpStream>);

impl Feed {
    /// The next event: its name, its id, its data.
    async fn event(&mut self) -> (String, u64, Value) {
        let (mut name, mut id, mut data) = (String::new(), 0, Value::Null);
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(Duration::from_secs(30), self.0.read_line(&mut line));
            assert_ne!(
                read.await.expect("an event comes").unwrap(),
                0,
                "the feed ended"
            );
            match line.trim_end().split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("id", value)) => id = value.parse().unwrap(),
                Some(("data", value)) => data = serde_json::from_str(value).unwrap(),
                _ if line.trim().is_empty() && !name.is_empty() => return (name, id, data),
                _ => {}
            }
        }
    }
}

async fn everything(desk: &Desk) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/api/calls",
        "/api/live",
        "/api/trunks",
        "/api/trunks/office/verification",
        "/api/notices",
    ] {
        all.push(desk.get_json(path).await);
    }
    for call in ids(&all[0]) {
        all.push(desk.get_json(&format!("/api/calls/{call}")).await);
    }
    all
}

fn id(number: u8) -> String {
    CallId::new(1_790_000_000_000 + u64::from(number) * 1_000, [number; 10]).to_string()
}

fn ids(list: &Value) -> Vec<String> {
    let calls = list["calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| call["call"].as_str().unwrap().to_owned())
        .collect()
}

fn attributes(page: &str) -> Vec<String> {
    let parts = page
        .split(['"', '\''])
        .filter(|part| part.starts_with("/assets/"));
    parts.map(str::to_owned).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn generation(data: &Path) -> std::path::PathBuf {
    let name = std::fs::read_to_string(data.join("views/current")).unwrap();
    data.join("views").join(name)
}
