//! What a bot of Twilio asks of its call.

use std::sync::Arc;

use journal::{EventLog, Filter, Stream};
use schemas::conclusion::{TransferFailed, TransferFailure};
use schemas::{
    CallId, Chain, Decision, Draft, Event, Hash, Lane, LegId, NodeName, Observation, Position,
    Subject,
};
use serde_json::Value;

use crate::desk::{ASKED, BRIDGED, Desk, HELD, calls_of, id};

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
