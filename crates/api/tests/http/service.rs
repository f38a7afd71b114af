//! The service itself: who may ask, its numbers, its description, its pages.

use std::sync::Arc;

use journal::{EventLog, Memory};
use trunkline_api::{Api, Error, Settings};

use crate::desk::{BRIDGED, Desk, HELD, HOSTILE, id, settings};

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

fn attributes(page: &str) -> Vec<String> {
    let parts = page
        .split(['"', '\''])
        .filter(|part| part.starts_with("/assets/"));
    parts.map(str::to_owned).collect()
}
