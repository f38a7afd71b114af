//! Real phones. `tests/run` runs these; by hand: `cargo build -p trunkline && cargo nextest run
//! -p trunkline-tests --test peers --run-ignored only`.
//!
//! The first tests have no trunkline in them: if one of them fails, the phones are to blame.

use std::time::Duration;

use trunkline_tests::baresip::{Baresip, Called};
use trunkline_tests::sipp::{self, Sipp};

const SECOND: Duration = Duration::from_secs(1);

#[test]
#[ignore = "needs baresip: tests/run"]
fn phones_hear_each_other() {
    let mut agent = Baresip::start("agent", Called::Answers, 700);
    let mut caller = Baresip::start("caller", Called::Rings, 440);
    caller.dial(&agent.uri());
    caller.event("CALL_ESTABLISHED");
    caller.hears(700, 1.0);
    agent.hears(440, 1.0);
    caller.press('5');
    assert_eq!(agent.event("CALL_DTMF_START")["param"], "5");
    agent.hang_up();
    caller.event("CALL_CLOSED");
    assert_eq!(caller.heard(440), 0.0, "nobody hears himself");
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_scripted_caller_is_heard_by_a_phone() {
    let mut agent = Baresip::start("agent", Called::Answers, 700);
    let caller = Sipp::call("caller", "agent", agent.port(), 3 * SECOND);
    agent.hears(sipp::TONE_HZ, 2.0);
    caller.succeeds();
    agent.event("CALL_CLOSED");
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_scripted_agent_sends_back_what_a_phone_says_and_hangs_up() {
    let agent = Sipp::answer("agent_leaves", 3 * SECOND);
    let mut caller = Baresip::start("caller", Called::Rings, 440);
    caller.dial(&format!("sip:agent@127.0.0.1:{}", agent.port()));
    caller.hears(440, 2.0);
    agent.succeeds();
    caller.event("CALL_CLOSED");
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_scripted_agent_transfers_a_phone_by_refer() {
    let mut target = Baresip::start("target", Called::Answers, 700);
    let agent = Sipp::answer_and_refer("agent_refers_leaves", &target.uri(), SECOND);
    let mut caller = Baresip::start("caller", Called::Rings, 440);
    caller.dial(&format!("sip:agent@127.0.0.1:{}", agent.port()));
    caller.hears(440, 0.5);
    caller.hears(700, 1.0);
    target.hears(440, 1.0);
    agent.succeeds();
    target.hang_up();
    caller.event("CALL_CLOSED");
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_scripted_caller_is_referred_by_a_phone() {
    let mut agent = Baresip::start("agent", Called::Answers, 700);
    let caller = Sipp::call("caller_referred", "agent", agent.port(), SECOND);
    agent.hears(sipp::TONE_HZ, 0.5);
    agent.transfer("sip:queue@127.0.0.1:9");
    caller.succeeds();
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_phone_that_is_busy_and_one_that_nobody_picks_up() {
    let busy = Sipp::answer("busy", SECOND);
    let mut caller = Baresip::start("caller", Called::Rings, 440);
    caller.dial(&format!("sip:agent@127.0.0.1:{}", busy.port()));
    let closed = caller.event("CALL_CLOSED");
    assert!(closed["param"].to_string().contains("486"), "{closed}");
    busy.succeeds();

    let rings = Sipp::answer("rings", SECOND);
    caller.dial(&format!("sip:agent@127.0.0.1:{}", rings.port()));
    caller.event("CALL_RINGING");
    caller.hang_up();
    caller.event("CALL_CLOSED");
    rings.succeeds();
}
