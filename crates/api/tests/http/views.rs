//! Views that go on, are damaged, or are built anew.

use std::path::Path;
use std::sync::Arc;

use journal::{EventLog, Memory};
use serde_json::Value;
use trunkline_api::{Error, rebuild};

use crate::desk::{BRIDGED, Desk, HELD, REFUSED, id, ids};

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

fn generation(data: &Path) -> std::path::PathBuf {
    let name = std::fs::read_to_string(data.join("views/current")).unwrap();
    data.join("views").join(name)
}
