//! What an operator asks of a call.

use crate::desk::{BRIDGED, Desk, HELD, RECORDED, id};

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
