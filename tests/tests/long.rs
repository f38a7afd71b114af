//! Calls of more than three minutes in real time, with session timers (RFC 4028). Nothing runs these but `tests/long`: what
//! they prove is proven in virtual time as well, by `session_timers.call` of the edge, 40 minutes in no time.

use std::time::Duration;

use serde_json::Value;
use trunkline_tests::baresip::{Account, Baresip, Called};
use trunkline_tests::sipp::Sipp;
use trunkline_tests::system::Trunkline;
use trunkline_tests::{history, wait};

/// How long the phone talks.
const TALK: Duration = Duration::from_secs(190);

/// What the caller's phone plays, in hertz.
const CALLER_HZ: u32 = 440;

/// The shortest session that RFC 4028 knows is 90 s: refreshes come after 45 s.
const REST: &str = r#"
[edge.digest]
algorithms = ["MD5"]

[trunk.phone]
login = { user = "phone", password = "hunter2" }
session_timer = { mode = "want", interval_s = 90, min_s = 90, refresher = "edge" }

[trunk.scripted]
sources = ["127.0.0.1"]
session_timer = { mode = "accept", min_s = 90 }

[number."*"]
agent = "echo"
"#;

#[test]
#[ignore = "takes more than three minutes, and needs SIPp and baresip: tests/long"]
fn sessions_are_refreshed_by_us_and_by_the_peer_for_three_minutes() {
    // One edge for each: both peers are at one address.
    let ours =
        Trunkline::serve(&REST.replace("sources = [\"127.0.0.1\"]", "sources = [\"192.0.2.1\"]"));
    let theirs = Trunkline::serve(REST);
    let script = Sipp::call(
        "caller_refreshes",
        "100",
        theirs.sip_port(),
        Duration::from_secs(40),
    );
    let account = Account {
        user: "phone",
        password: "hunter2",
        registrar: ours.sip_port(),
        registers: false,
    };
    let mut phone = Baresip::with_account(&account, Called::Rings, CALLER_HZ);
    phone.dial(&ours.uri("100"));
    phone.event("CALL_ESTABLISHED");
    let nothing: Option<()> = wait::until(TALK, || None);
    assert_eq!(nothing, None);
    assert!(phone.heard(CALLER_HZ) > 180.0, "{}", phone.heard(CALLER_HZ));
    phone.hang_up();
    script.succeeds();
    for (trunkline, side) in [(&ours, "we"), (&theirs, "the peer")] {
        let calls = trunkline.calls_over(1);
        assert_eq!(calls[0]["outcome"], "completed", "{calls:#?}");
        history::is_whole(|arguments| trunkline.run(arguments), &calls);
        let events = events(trunkline, &calls[0]);
        let refreshed = events.matches("\"SessionRefreshed\"").count();
        println!("{side}: {refreshed} refreshes");
        assert!(refreshed >= 4, "{side}: {refreshed} refreshes\n{events}");
        assert!(!events.contains("\"SessionExpired\""), "{events}");
    }
    ours.stop();
    theirs.stop();
}

/// The events of a call as JSON.
fn events(trunkline: &Trunkline, call: &Value) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.json");
    let (file, call) = (
        file.to_str().expect("a path is text"),
        call["call"].as_str(),
    );
    let call = call.expect("a call has an id");
    let (code, text) = trunkline.run(&["export", call, "--output", file]);
    assert_eq!(code, Some(0), "{text}");
    std::fs::read_to_string(file).expect("it was written")
}
