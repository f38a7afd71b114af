//! Calls: found, read, and what is answered if they cannot be.

use schemas::Record;
use serde_json::Value;

use crate::desk::{BRIDGED, Desk, REFUSED, id, ids, unhex};

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
