//! `trunkline check` on a log that let its oldest SIP messages go, as it was told to, and on one that lost some.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use journal::{EventLog, Outcome, Retention, Segments, Settings};
use schemas::{CallId, Chain, Draft, Event, Lane, NodeName, Subject, Timestamp, Unknown};

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), Some(16 << 10)).await;
    let (code, told) = check(folder.path());
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("wire: what was before number "), "{told}");
    assert!(
        told.contains(" has expired; 2 calls are there in part"),
        "{told}"
    );
    assert!(told.contains("every chain is whole"), "{told}");
    // Nothing is decided by SIP messages: that some are gone is no obstacle.
    let (_, told) = run(folder.path(), "replay");
    assert!(!told.contains("begins with"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), None).await;
    assert_eq!(check(folder.path()).0, Some(0));
    let middle = segments(folder.path()).swap_remove(2);
    fs::remove_file(middle).unwrap();
    let (code, told) = check(folder.path());
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("places are damaged") && !told.contains("expired"),
        "{told}"
    );
}

/// Two calls with a hundred SIP messages each, in segments of 4 KiB.
async fn write(folder: &Path, most: Option<u64>) {
    let settings = Settings {
        segment_bytes: 4 << 10,
        wire: Retention {
            max_age: None,
            max_bytes: most,
        },
        ..Settings::default()
    };
    let log = Segments::open(&folder.join("data").join("log"), settings).unwrap();
    let chain = |call: u8| Chain::new(Subject::Call(CallId([call; 16])), Lane::Wire);
    let mut chains = [chain(1), chain(2)];
    for _ in 0..100 {
        for chain in &mut chains {
            let message = chain.append(Draft {
                because: None,
                producer: NodeName::from("edge"),
                recorded_at: Timestamp(0),
                event: Event::Unknown(Unknown {
                    kind: 60_000,
                    version: 1,
                    payload: vec![0; 200],
                }),
            });
            let outcomes = log.append(vec![message]).await;
            assert!(
                matches!(outcomes[..], [Outcome::Appended(_)]),
                "{outcomes:?}"
            );
        }
    }
    let text = format!(
        "[node]\ndata = {:?}\n[trunk.office]\nsources = [\"127.0.0.1\"]\n[number.\"*\"]\nagent = \"echo\"\n",
        folder.join("data")
    );
    fs::write(folder.join("trunkline.toml"), text).unwrap();
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let wire = folder.join("data/log/wire");
    let files = fs::read_dir(wire)
        .unwrap()
        .flatten()
        .map(|file| file.path());
    let mut segments: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "segment"))
        .collect();
    segments.sort();
    segments
}

fn check(folder: &Path) -> (Option<i32>, String) {
    run(folder, "check")
}

fn run(folder: &Path, command: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args([command, "--config"])
        .arg(folder.join("trunkline.toml"))
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}
