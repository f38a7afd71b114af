//! Recordings of calls between phones that others wrote (baresip): each on its side, paused by an operator, whole after a
//! crash, and told when the disk is full; and what an operator asks of a call, in one process and on NATS JetStream.
//! `tests/run` runs these; they need `cargo build -p trunkline`, baresip, SIPp, sox and nats-server.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use trunkline_tests::baresip::{Baresip, Called};
use trunkline_tests::house::House;
use trunkline_tests::sipp::Sipp;
use trunkline_tests::system::Trunkline;
use trunkline_tests::{history, sound, wait};

/// What the caller's phone plays, in hertz.
const CALLER_HZ: u32 = 440;
/// What the agent's phone plays.
const AGENT_HZ: u32 = 700;
/// What the caller hears before.
const NOTICE_HZ: u32 = 1_400;
/// How long anything may take that nobody has to wait for.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs baresip and sox: tests/run"]
fn each_side_is_recorded_and_a_pause_is_silence_of_its_length() {
    let mut agent = Baresip::start("agent", Called::Answers, AGENT_HZ);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = Trunkline::serve(&format!(
        "[trunk.office]\nsources = [\"127.0.0.1\"]\nrecording = \"on\"\nrecording_notice = \"tone\"\n\
         [number.\"100\"]\nagent = \"bot\"\n\
         [agent.bot]\nkind = \"sip\"\nuri = \"sip:agent@127.0.0.1:{}\"\n",
        agent.port()
    ));
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(AGENT_HZ, 1.5);
    let call = call_of(&trunkline);
    assert_eq!(
        trunkline.run(&["record", "pause", &call, "--by", "grace"]),
        done("pause")
    );
    caller.hears(AGENT_HZ, 3.0);
    let (code, told) = trunkline.run(&["record", "start", &call]);
    assert_eq!(code, Some(2), "it is recorded already: {told}");
    assert_eq!(trunkline.run(&["record", "resume", &call]), done("resume"));
    caller.hears(AGENT_HZ, 4.0);
    assert_eq!(
        trunkline.run(&["hang-up", &call, "--by", "grace"]),
        (Some(0), "hang-up: done\n".to_owned())
    );
    caller.event("CALL_CLOSED");
    agent.event("CALL_CLOSED");

    let recording = complete(&trunkline);
    assert_eq!(recording["cause"], "the call ended");
    let file = recording["file"].as_str().expect("it lies somewhere");
    assert_eq!(sha256(file), recording["sha256"], "{recording:#}");
    let [left, right] = [side(file, 1), side(file, 2)];
    let length_ms = recording["length_ms"].as_u64().expect("it has a length");
    assert_eq!(left.len() as u64 / 8, length_ms);
    for (samples, hz, what) in [(&left, CALLER_HZ, "caller"), (&right, AGENT_HZ, "agent")] {
        let heard = sound::seconds_of(samples, hz);
        assert!(heard > 2.0, "{what}: {heard} s of {hz} Hz");
    }
    assert_eq!(sound::seconds_of(&left, AGENT_HZ), 0.0);
    assert_eq!(sound::seconds_of(&right, CALLER_HZ), 0.0);
    assert!(sound::seconds_of(&right, NOTICE_HZ) > 0.3, "the notice");

    let [from, to] =
        ["RecordingPaused", "RecordingResumed"].map(|kind| place(&trunkline, &call, kind));
    assert!((1_000..20_000).contains(&(to - from)), "{from} to {to} ms");
    for samples in [&left, &right] {
        let span = &samples[(from + 1) * 8..to * 8];
        assert!(span.iter().all(|sample| *sample == 0), "{from} to {to} ms");
        assert_ne!(samples[(from - 100) * 8..from * 8], [0; 800]);
        assert_ne!(samples[(to + 1) * 8..(to + 101) * 8], [0; 800]);
    }
    let silenced = recording["silenced_ms"].as_u64().expect("it is known");
    assert!(silenced.abs_diff((to - from) as u64) <= 1, "{silenced} ms");
    history::is_whole(|arguments| trunkline.run(arguments), &trunkline.calls());
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and sox: tests/run"]
fn a_recording_whose_edge_was_killed_is_readable_and_told() {
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let mut trunkline = Trunkline::serve(
        "[trunk.office]\nsources = [\"127.0.0.1\"]\nrecording = \"on\"\n\
         [number.\"100\"]\nagent = \"echo\"\n",
    );
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(CALLER_HZ, 3.0);
    let row = row(&trunkline);
    let file = row["recordings"][0]["file"]
        .as_str()
        .expect("it began")
        .to_owned();
    trunkline.kill();
    let left = sound::seconds_of(&side(&file, 1), CALLER_HZ);
    assert!(left > 1.0, "sox reads {left} s of what a crash left");

    trunkline.serve_again();
    let recording = complete(&trunkline);
    assert_eq!(recording["cause"], "edge restarted");
    assert_eq!(recording["silenced_ms"], Value::Null, "that died with it");
    assert_eq!(sha256(&file), recording["sha256"]);
    let samples = side(&file, 2);
    let length_ms = recording["length_ms"].as_u64().expect("it has a length");
    assert_eq!(
        samples.len() as u64 / 8,
        length_ms,
        "the header is repaired"
    );
    assert!(sound::seconds_of(&samples, CALLER_HZ) > 1.0, "the echo");
    history::is_whole(|arguments| trunkline.run(arguments), &trunkline.calls());
    trunkline.stop();
}

#[test]
#[ignore = "needs SIPp and root: tests/run"]
fn a_full_disk_ends_a_recording_and_not_its_call() {
    let served = Trunkline::serve_on_small_disk(
        32,
        "[log]\nsegment_mb = 1\n[trunk.office]\nsources = [\"127.0.0.1\"]\nrecording = \"on\"\n\
         [number.\"100\"]\nagent = \"tone\"\n",
    );
    let Some(trunkline) = served else {
        eprintln!("SKIPPED, NOT TESTED: mounting a small disk needs root");
        return;
    };
    let caller = Sipp::call(
        "caller",
        "100",
        trunkline.sip_port(),
        Duration::from_secs(6),
    );
    let state = |trunkline: &Trunkline, wanted: &str| {
        let found = wait::until(PATIENCE, || {
            let recording = trunkline.calls().first()?["recordings"].get(0)?.clone();
            (recording["state"] == wanted).then_some(recording)
        });
        found.unwrap_or_else(|| panic!("no recording is {wanted}: {:#?}", trunkline.calls()))
    };
    state(&trunkline, "running");
    let mut ballast = File::create(trunkline.data("ballast")).expect("a file can be begun");
    while ballast.write_all(&[1; 4_096]).is_ok() {}
    let recording = state(&trunkline, "failed");
    let cause = recording["cause"].to_string();
    assert!(cause.contains("No space left on device"), "{cause}");
    caller.succeeds();
    let calls = trunkline.calls_over(1);
    assert_eq!(calls[0]["outcome"], "completed", "{calls:#?}");
    assert_eq!(calls[0]["end"]["by"], "Caller");
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and nats-server: tests/run"]
fn an_operator_asks_one_process_and_another_does_it() {
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let house = House::build(
        "[trunk.office]\nsources = [\"127.0.0.1\"]\nrecording = \"on-request\"\n\
         [number.\"*\"]\nagent = \"echo\"\n",
    );
    let mut roles = house.roles();
    caller.dial(&format!("sip:100@127.0.0.1:{}", house.sip_port()));
    caller.event("CALL_ESTABLISHED");
    let found = wait::until(PATIENCE, || {
        Some(house.calls().first()?["call"].as_str()?.to_owned())
    });
    let call = found.expect("it is in the history");
    assert_eq!(house.run(&["record", "start", &call]), done("start"));
    caller.hears(CALLER_HZ, 1.0);
    assert_eq!(house.run(&["record", "pause", &call]), done("pause"));
    assert_eq!(house.run(&["record", "resume", &call]), done("resume"));
    assert_eq!(house.run(&["record", "stop", &call]), done("stop"));
    assert_eq!(
        house.run(&["hang-up", &call]),
        (Some(0), "hang-up: done\n".to_owned())
    );
    caller.event("CALL_CLOSED");
    let ended = house.calls_over(1);
    assert_eq!(ended[0]["end"]["by"], "Operator", "{ended:#?}");
    let recording = &ended[0]["recordings"][0];
    let file = recording["file"].as_str().expect("it lies somewhere");
    assert_eq!(sha256(file), recording["sha256"]);
    house.history_is_whole();
    for role in &mut roles {
        role.terminate();
        let status = role.end(PATIENCE);
        let code = status.and_then(|status| status.code());
        assert_eq!(code, Some(0), "{}", role.output());
    }
}

fn done(action: &str) -> (Option<i32>, String) {
    (Some(0), format!("{action}-recording: done\n"))
}

/// The only call's row.
fn row(trunkline: &Trunkline) -> Value {
    let found = wait::until(PATIENCE, || {
        let row = trunkline.calls().first()?.clone();
        row["recordings"].get(0)?;
        Some(row)
    });
    found.unwrap_or_else(|| panic!("no call is recorded: {:#?}", trunkline.calls()))
}

fn call_of(trunkline: &Trunkline) -> String {
    row(trunkline)["call"]
        .as_str()
        .expect("a call has an id")
        .to_owned()
}

/// The only call's recording, once it is complete.
fn complete(trunkline: &Trunkline) -> Value {
    let found = wait::until(PATIENCE, || {
        let recording = row(trunkline)["recordings"][0].clone();
        (recording["state"] == "complete").then_some(recording)
    });
    found.unwrap_or_else(|| panic!("no recording is complete: {:#?}", trunkline.calls()))
}

/// Where in the file an event of that kind was.
fn place(trunkline: &Trunkline, call: &str, kind: &str) -> usize {
    let (_, events) = trunkline.get(&format!("/api/calls/{call}/events"));
    let events: Value = serde_json::from_str(&events).expect("events are JSON");
    let events = events["events"].as_array().expect("a list");
    let found = events
        .iter()
        .find(|one| one["event"]["type"] == json!(kind));
    let at = found.and_then(|one| one["event"]["data"]["at_ms"].as_u64());
    usize::try_from(at.unwrap_or_else(|| panic!("no {kind}: {events:#?}"))).expect("it is short")
}

/// One side of a recording, as sox reads it.
fn side(file: &str, channel: u8) -> Vec<i16> {
    let arguments = ["-t", "raw", "-", "remix"];
    let output = Command::new("sox")
        .arg(file)
        .args(arguments)
        .arg(channel.to_string())
        .output()
        .expect("sox can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let samples = output.stdout.chunks_exact(2);
    samples
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

fn sha256(file: &str) -> String {
    assert!(Path::new(file).exists(), "{file} is not there");
    let output = Command::new("sha256sum").arg(file).output();
    let text = String::from_utf8(output.expect("it is installed").stdout).expect("it is text");
    text.split(' ').next().unwrap_or_default().to_owned()
}
