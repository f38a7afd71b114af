//! The feed of what changes.

use crate::desk::{BRIDGED, Desk, HELD, REFUSED, id};

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
