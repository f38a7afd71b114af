//! The story with real phones: inbound → agent → digit → transfer → BYE, heard on both sides, and told by
//! the history. `tests/run` runs these; they need `cargo build -p trunkline`, SIPp and baresip.

use std::time::Duration;

use serde_json::Value;
use trunkline_tests::baresip::{Baresip, Called};
use trunkline_tests::sipp::{self, Sipp};
use trunkline_tests::system::Trunkline;

const SECOND: Duration = Duration::from_secs(1);
/// What the caller's phone plays, in hertz.
const CALLER_HZ: u32 = 440;
/// What the phone of the queue plays.
const QUEUE_HZ: u32 = 700;

#[test]
#[ignore = "needs baresip: tests/run"]
fn a_caller_presses_a_digit_and_talks_to_the_queue() {
    let mut queue = Baresip::start("queue", Called::Answers, QUEUE_HZ);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(Transfer::Bridged, queue.port(), 9);
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    let arrived = queue.event("CALL_ESTABLISHED");
    assert!(
        arrived["peeruri"].to_string().contains("sip:caller@"),
        "{arrived}"
    );
    caller.talks_with(&mut queue, 1.0);
    queue.hang_up();
    caller.event("CALL_CLOSED");

    let call = only_call(&trunkline, "completed");
    assert_eq!(call["end"]["by"], "Target");
    assert_eq!(call["digits"], 1);
    assert_eq!(call["transfers"].as_array().map(Vec::len), Some(1));
    let proven = trunkline.verify("office");
    let passed = [
        "inbound_reaches_agent",
        "two_way_audio",
        "codec",
        "digits",
        "transfer_accepted",
        "transfer_lands",
        "caller_id_on_transfer",
        "outbound",
    ];
    for check in passed {
        assert_eq!(proven[check], "PASS", "{check}: {proven:?}");
    }
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_scripted_agent_passes_a_phone_on_by_refer() {
    let mut queue = Baresip::start("queue", Called::Answers, QUEUE_HZ);
    let agent = Sipp::answer_and_refer("agent_refers", "queue@office.invalid", 2 * SECOND);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(Transfer::Bridged, queue.port(), agent.port());
    caller.dial(&trunkline.uri("200"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(CALLER_HZ, 0.5);
    queue.event("CALL_ESTABLISHED");
    agent.succeeds();
    caller.talks_with(&mut queue, 1.0);
    caller.hang_up();
    queue.event("CALL_CLOSED");

    let call = only_call(&trunkline, "completed");
    assert_eq!(call["end"]["by"], "Caller");
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_phone_agent_passes_a_scripted_caller_on() {
    let mut agent = Baresip::start("bot", Called::Answers, 600);
    let queue = Sipp::answer("agent", SECOND);
    let trunkline = serve(Transfer::Bridged, queue.port(), agent.port());
    let caller = Sipp::call("caller", "200", trunkline.sip_port(), 5 * SECOND);
    agent.event("CALL_ESTABLISHED");
    agent.hears(sipp::TONE_HZ, 1.0);
    agent.transfer("sip:queue@office.invalid");
    agent.event("CALL_CLOSED");
    caller.succeeds();
    queue.succeeds();

    let call = only_call(&trunkline, "completed");
    assert_eq!(call["end"]["by"], "Caller");
    let echoed = packets(&call, "sent", 0);
    assert!(echoed > 50, "the caller was sent {echoed} packets");
    let target = packets(&call, "received", 2);
    assert!(target > 30, "the queue sent back {target} packets");
    ends_well(trunkline);
}

#[test]
#[ignore = "needs baresip: tests/run"]
fn a_phone_system_takes_its_caller_back_by_refer() {
    let mut queue = Baresip::start("queue", Called::Answers, QUEUE_HZ);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(Transfer::Refer, queue.port(), 9);
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    queue.event("CALL_ESTABLISHED");
    caller.talks_with(&mut queue, 1.0);

    let call = only_call(&trunkline, "transferred");
    assert_eq!(call["transfers"].as_array().map(Vec::len), Some(1));
    ends_well(trunkline);
    // They talk on without us.
    queue.hears(CALLER_HZ, 1.5);
    queue.hang_up();
}

#[test]
#[ignore = "needs SIPp: tests/run"]
fn scripts_on_both_sides_of_a_transfer_by_refer() {
    let agent = Sipp::answer_and_refer("agent_refers", "queue@office.invalid", SECOND);
    let trunkline = serve(Transfer::Refer, 9, agent.port());
    let caller = Sipp::call("caller_referred", "200", trunkline.sip_port(), SECOND);
    caller.succeeds();
    agent.succeeds();
    only_call(&trunkline, "transferred");
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp: tests/run"]
fn a_phone_system_that_declines_a_refer_keeps_its_call() {
    let agent = Sipp::answer_and_refer("agent_refers", "queue@office.invalid", SECOND);
    let trunkline = serve(Transfer::Refer, 9, agent.port());
    let caller = Sipp::call("caller_refer_declined", "200", trunkline.sip_port(), SECOND);
    caller.succeeds();
    agent.succeeds();
    let call = only_call(&trunkline, "completed");
    let transfers = &call["transfers"];
    assert!(transfers.to_string().contains("603"), "{transfers}");
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_busy_queue_gives_the_caller_back() {
    let queue = Sipp::answer("busy", SECOND);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(Transfer::Bridged, queue.port(), 9);
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    queue.succeeds();
    caller.hang_up();
    caller.event("CALL_CLOSED");
    let call = only_call(&trunkline, "completed");
    assert!(
        call["transfers"].to_string().contains("486"),
        "{}",
        call["transfers"]
    );
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_caller_gives_up_while_the_agent_rings() {
    let agent = Sipp::answer("rings", SECOND);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(Transfer::Bridged, 9, agent.port());
    caller.dial(&trunkline.uri("200"));
    caller.event("CALL_RINGING");
    caller.hang_up();
    caller.event("CALL_CLOSED");
    agent.succeeds();
    only_call(&trunkline, "abandoned");
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn an_agent_that_hangs_up_ends_the_call() {
    let agent = Sipp::answer("agent_leaves", 2 * SECOND);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve(Transfer::Bridged, 9, agent.port());
    caller.dial(&trunkline.uri("200"));
    caller.hears(CALLER_HZ, 1.0);
    agent.succeeds();
    caller.event("CALL_CLOSED");
    let call = only_call(&trunkline, "completed");
    assert_eq!(call["end"]["by"], "Agent");
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp: tests/run"]
fn a_call_is_held_and_taken_back() {
    // baresip 1.0.0 falls silent after a hold, with another baresip too: SIPp holds and counts.
    let trunkline = serve(Transfer::Bridged, 9, 9);
    Sipp::call("caller_holds", "300", trunkline.sip_port(), SECOND).succeeds();
    let call = only_call(&trunkline, "completed");
    assert_eq!(call["legs"][0]["holds"], 1);
    let echoed = packets(&call, "sent", 0);
    assert!(
        echoed > 60,
        "before and after the hold {echoed} packets came back"
    );
    ends_well(trunkline);
}

#[test]
#[ignore = "needs SIPp: tests/run"]
fn a_number_without_a_rule_is_refused_with_an_explanation() {
    let trunkline = serve(Transfer::Bridged, 9, 9);
    Sipp::call("caller_refused", "999", trunkline.sip_port(), SECOND).succeeds();
    let call = only_call(&trunkline, "refused");
    assert_eq!(call["refused"]["status"], 404);
    let tried = call["refused"]["tried"].as_array().map_or(0, Vec::len);
    assert!(
        tried >= 3,
        "it tells the numbers that were tried: {}",
        call["refused"]
    );
    ends_well(trunkline);
}

// The script language of the cases above.

#[derive(Clone, Copy)]
enum Transfer {
    Bridged,
    Refer,
}

/// 100 is a menu whose 1 is the queue, 200 a SIP agent, 300 an echo.
fn serve(transfer: Transfer, queue_port: u16, agent_port: u16) -> Trunkline {
    let transfer = match transfer {
        Transfer::Bridged => "bridged",
        Transfer::Refer => "refer",
    };
    Trunkline::serve(&format!(
        r#"
[trunk.office]
sources = ["127.0.0.1"]
target = "127.0.0.1:{queue_port}"
transfer = "{transfer}"

[number.100]
agent = "reception"

[number.200]
agent = "bot"

[number.300]
agent = "echo"

[agent.reception]
kind = "menu"
choices = {{ "1" = "queue" }}

[agent.bot]
kind = "sip"
uri = "sip:bot@127.0.0.1:{agent_port}"

[transfer.queue]
to = "sip:queue@127.0.0.1:{queue_port}"
"#
    ))
}

/// The one call of the history: over, with this outcome, and with nothing missing.
fn only_call(trunkline: &Trunkline, outcome: &str) -> Value {
    let call = trunkline.calls_over(1).swap_remove(0);
    assert_eq!(call["outcome"], outcome, "{call:#}");
    for lane in ["facts", "decisions", "requests"] {
        assert_eq!(
            call["lanes"][lane]["missing"],
            serde_json::json!([]),
            "{lane}"
        );
        assert!(call["lanes"][lane]["chain_broken_at"].is_null(), "{lane}");
    }
    assert_eq!(
        (&call["unknown"], &call["unreadable"]),
        (&0.into(), &0.into())
    );
    call
}

/// How many packets were received from or sent to a leg.
fn packets(call: &Value, direction: &str, leg: usize) -> u64 {
    call["legs"][leg]["measure"][direction]["packets"]
        .as_u64()
        .unwrap_or_default()
}

/// The story is told, replays without divergence, and the service stops in order.
fn ends_well(trunkline: Trunkline) {
    let id = trunkline.calls()[0]["call"]
        .as_str()
        .expect("a call has an id")
        .to_owned();
    let (code, told) = trunkline.run(&["call", &id, "--ascii"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("INVITE") && told.contains("Timeline"),
        "{told}"
    );
    let (code, told) = trunkline.run(&["replay"]);
    assert_eq!(code, Some(0), "it does not replay as it was:\n{told}");
    trunkline.stop();
}
