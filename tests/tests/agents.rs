//! A bot that was written for Twilio or Vonage (Pipecat's own serializers) answers a phone that others wrote (baresip),
//! unchanged: a dialogue both ways, keys, marks, a clear, each end of it, its REST calls, TLS, and the ladder when it fails.
//! `tests/run` runs these; they need `cargo build -p trunkline`, baresip, and pipecat-ai from PyPI.

use serde_json::Value;
use trunkline_tests::authority::Authority;
use trunkline_tests::baresip::{Baresip, Called};
use trunkline_tests::bot::Bot;
use trunkline_tests::readme;
use trunkline_tests::system::Trunkline;

/// What the caller's phone plays, in hertz.
const CALLER_HZ: u32 = 440;
/// What the bot says.
const BOT_HZ: u32 = 700;
/// What it says behind a clear.
const CLEARED_HZ: u32 = 1000;
/// What whom it passes the caller on to says.
const HUMAN_HZ: u32 = 600;
/// What the announcement of the ladder is.
const LADDER_HZ: u32 = 1500;

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_written_for_twilio_talks_with_a_caller() {
    let bot = Bot::start(&[]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(&format!("ws://127.0.0.1:{}/ws", bot.port()), "");
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    // Longer than it says at once: its mark came back in between.
    caller.hears(BOT_HZ, 3.0);
    bot.hears(CALLER_HZ, 2.0);
    let start = bot.told("start", 1);
    assert_eq!(start["start"]["mediaFormat"]["encoding"], "audio/x-mulaw");
    let parameters = &start["start"]["customParameters"];
    assert_eq!(parameters["to_number"], "100");
    assert_eq!(parameters["trunk"], "office");
    assert_eq!(parameters["tenant"], "acme");
    assert_eq!(bot.asked()[0]["authorization"], "Bearer hush");

    let before = bot.told("mark", 1);
    assert_eq!(before["mark"]["name"], "again");
    caller.press('1');
    assert_eq!(bot.told("dtmf", 1)["dtmf"]["digit"], "1");
    caller.hears(CLEARED_HZ, 0.8);
    caller.hang_up();
    bot.told("stop", 1);
    let numbers: Vec<u64> = bot.all_told().iter().filter_map(number).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert_eq!(numbers.first(), Some(&1));

    let told = trunkline.story();
    assert!(
        told.contains("The edge connects to agent assistant at ws://"),
        "{told}"
    );
    assert!(
        told.contains("Agent assistant was first heard after"),
        "{told}"
    );
    assert!(!told.contains("hush"), "{told}");
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_written_for_vonage_talks_with_a_caller() {
    let bot = Bot::start(&["--vonage"]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let binary = format!("ws://127.0.0.1:{}\"\nprotocol = \"l16", bot.port());
    let trunkline = serve(&binary, "");
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    // Longer than it says at once: what it wanted to be notified of came back in between.
    caller.hears(BOT_HZ, 2.5);
    bot.hears(CALLER_HZ, 1.0);
    let connected = bot.told("websocket:connected", 1);
    assert_eq!(connected["content-type"], "audio/l16;rate=16000");
    assert_eq!(connected["to_number"], "100");
    assert_eq!(connected["tenant"], "acme");
    caller.press('1');
    assert_eq!(bot.told("websocket:dtmf", 1)["digit"], "1");
    bot.told("websocket:cleared", 1);
    caller.hears(CLEARED_HZ, 0.5);
    caller.hang_up();
    let told = trunkline.story();
    assert!(told.contains("L16/16000"), "{told}");
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_that_closes_in_order_hangs_up() {
    let bot = Bot::start(&[]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(
        &format!("ws://127.0.0.1:{}", bot.port()),
        "fallback = [\"sorry\"]",
    );
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(BOT_HZ, 0.5);
    caller.press('2');
    caller.event("CALL_CLOSED");
    let told = trunkline.story();
    assert!(
        told.contains("Agent assistant closed its connection."),
        "{told}"
    );
    assert!(!told.contains("fall_back"), "{told}");
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_hangs_up_by_rest_as_pipecat_does() {
    let bot = Bot::start(&[]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(&format!("ws://127.0.0.1:{}", bot.port()), "");
    bot.asks(&trunkline.api());
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(BOT_HZ, 0.3);
    caller.press('5');
    caller.event("CALL_CLOSED");
    bot.told("stop", 1);
    let told = trunkline.story();
    assert!(
        told.contains("Agent assistant asked for the call to be hung up."),
        "{told}"
    );
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_passes_the_caller_on_by_rest() {
    let bot = Bot::start(&[]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let human = Baresip::start("human", Called::Answers, HUMAN_HZ);
    let port = human.port();
    let queue = format!(
        "[trunk.humans]\nsources = [\"192.0.2.1\"]\ntarget = \"127.0.0.1:{port}\"\n\n\
         [transfer.queue]\nto = \"sip:human@127.0.0.1:{port}\"\ntrunk = \"humans\"\n"
    );
    let trunkline = serve(&format!("ws://127.0.0.1:{}", bot.port()), &queue);
    bot.asks(&trunkline.api());
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(BOT_HZ, 0.3);
    caller.press('6');
    caller.hears(HUMAN_HZ, 0.5);
    bot.told("stop", 1);
    let answers = bot.answers();
    assert_eq!(
        (&answers[0]["http"], &answers[0]["code"]),
        (&Value::from(400), &Value::from(13_224)),
        "{answers:?}"
    );
    assert_eq!(answers[1]["status"], "in-progress", "{answers:?}");
    caller.hang_up();
    let told = trunkline.story();
    assert!(told.contains("agent assistant, REST request"), "{told}");
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_that_is_lost_is_called_again_and_one_that_fails_is_replaced() {
    let bot = Bot::start(&[]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let ladder = "fallback = [\"assistant\", \"sorry\"]";
    let trunkline = serve(&format!("ws://127.0.0.1:{}", bot.port()), ladder);
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(BOT_HZ, 0.5);
    caller.press('3');
    bot.told("start", 2);
    caller.hears(BOT_HZ, 1.5);
    caller.press('4');
    caller.hears(LADDER_HZ, 0.5);
    caller.hang_up();
    caller.event("CALL_CLOSED");
    let told = trunkline.story();
    assert!(
        told.contains("The connection to agent assistant was lost"),
        "{told}"
    );
    assert!(
        told.contains("with code 1011, as one does that fails"),
        "{told}"
    );
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_that_refuses_is_replaced_before_the_caller_is_answered() {
    let bot = Bot::start(&["--refuse", "403"]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let url = format!("ws://127.0.0.1:{}", bot.port());
    let trunkline = serve(&url, "fallback = [\"sorry\"]");
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(LADDER_HZ, 0.5);
    caller.hang_up();
    caller.event("CALL_CLOSED");
    let told = trunkline.story();
    assert!(
        told.contains("Agent assistant was not reached: 403 Forbidden"),
        "{told}"
    );
    trunkline.stop();

    // Nobody else is there: the caller's own system shall know before it is answered.
    let trunkline = serve(&url, "");
    caller.dial(&trunkline.uri("100"));
    let closed = caller.event("CALL_CLOSED");
    assert!(closed["param"].to_string().contains("503"), "{closed}");
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_mute_bot_is_given_up_after_its_bound() {
    let bot = Bot::start(&["--mute"]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let url = format!(
        "ws://127.0.0.1:{}\"\nsilent_s = 1\nprotocol = \"twilio",
        bot.port()
    );
    let trunkline = serve(&url, "fallback = [\"sorry\"]");
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(LADDER_HZ, 0.5);
    bot.told("stop", 1);
    caller.hang_up();
    caller.event("CALL_CLOSED");
    let told = trunkline.story();
    assert!(
        told.contains("Agent assistant has said nothing for 1"),
        "{told}"
    );
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and pipecat-ai: tests/run"]
fn a_bot_behind_tls_is_believed_by_its_authority_only() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "bots");
    let (certificate, key) = authority.sign("localhost", 2);
    let bot = Bot::start(&["--certificate", &certificate, "--key", &key]);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let url = format!("wss://localhost:{}/ws", bot.port());
    let trusting = format!("{url}\"\nca = \"{}", authority.file);
    let trunkline = serve(&trusting, "");
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(BOT_HZ, 1.0);
    bot.hears(CALLER_HZ, 1.0);
    caller.hang_up();
    caller.event("CALL_CLOSED");
    let told = trunkline.story();
    assert!(told.contains("TLS 1.3"), "{told}");
    trunkline.stop();

    let trunkline = serve(&url, "");
    caller.dial(&trunkline.uri("100"));
    let closed = caller.event("CALL_CLOSED");
    assert!(closed["param"].to_string().contains("503"), "{closed}");
    assert!(trunkline.story().contains("TLS failed"));
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and websockets: tests/run"]
fn the_bot_of_the_readme_does_what_the_readme_says() {
    const HEADING: &str = "A bot in a minute";
    let bot = Bot::echo();
    let config = readme::block(HEADING, "toml");
    assert!(config.contains(":8765"), "{config}");
    let trunkline = Trunkline::serve(&config.replace("8765", &bot.port().to_string()));
    let mut caller = Baresip::start("me", Called::Rings, CALLER_HZ);
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(CALLER_HZ, 1.0);
    caller.press('#');
    caller.event("CALL_CLOSED");
    let calls = trunkline.calls_over(1);
    let id = calls[0]["call"].as_str().expect("a call has an id");
    let (_, told) = trunkline.run(&["call", id]);
    let lines: Vec<String> = told.lines().map(readme::words).collect();
    for shown in readme::block(HEADING, "").lines() {
        let words = readme::words(shown);
        assert!(lines.contains(&words), "{shown}\n{told}");
    }
    assert_eq!(bot.printed(), "call of me\nkey #\n");
    trunkline.stop();
}

/// `url` and whatever else stands behind it in the agent's table; `ladder` stands in the number's.
fn serve(url: &str, ladder: &str) -> Trunkline {
    Trunkline::serve(&format!(
        r#"[trunk.office]
sources = ["127.0.0.1"]

[number."100"]
agent = "assistant"
{ladder}

[agent.sorry]
kind = "tone"
frequency_hz = {LADDER_HZ}

[agent.assistant]
kind = "websocket"
url = "{url}"
headers = {{ Authorization = "Bearer hush" }}
parameters = {{ tenant = "acme" }}
"#
    ))
}

fn number(told: &Value) -> Option<u64> {
    told["sequenceNumber"].as_str()?.parse().ok()
}
