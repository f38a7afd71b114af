//! SRTP with a phone that others wrote (baresip): required, opportunistic and refused; a secure trunk and a plain agent, and
//! the other way round. `tests/run` runs these; they need `cargo build -p trunkline` and baresip.

use trunkline_tests::baresip::{Baresip, Called};
use trunkline_tests::system::Trunkline;

/// What the caller's phone plays, in hertz.
const CALLER_HZ: u32 = 440;
/// What the agent's phone plays.
const AGENT_HZ: u32 = 700;
/// A phone's RTCP BYE is not encrypted: baresip forgets its keys first. If it comes before the SIP BYE is handled, it counts.
const GOODBYES: u64 = 1;
const CM_80: &str = "AES_CM_128_HMAC_SHA1_80";

#[test]
#[ignore = "needs baresip: tests/run"]
fn a_secure_trunk_and_a_plain_agent_hear_each_other() {
    for (policy, phone) in [("require", "srtp-mand"), ("prefer", "srtp")] {
        let mut agent = Baresip::start("agent", Called::Answers, AGENT_HZ);
        let mut caller = Baresip::start_secure("caller", phone, Called::Rings, CALLER_HZ);
        let trunkline = serve(policy, "off", agent.port());
        let told = held_call(&mut caller, &mut agent, &trunkline);
        let secured = format!("Media with the caller is SRTP ({CM_80}).");
        assert_eq!(told.matches(&secured).count(), 1, "{policy}: {told}");
        assert!(!told.contains("not encrypted"), "{told}");
        let plain = told_not_authentic(&told);
        assert!(plain <= GOODBYES, "{plain}: {told}");
        assert!(!told.contains("inline:"), "{told}");
        trunkline.stop();
    }
}

#[test]
#[ignore = "needs baresip: tests/run"]
fn a_plain_trunk_and_a_secure_agent_hear_each_other() {
    for (policy, phone) in [("require", "srtp-mand"), ("prefer", "srtp")] {
        let mut agent = Baresip::start_secure("agent", phone, Called::Answers, AGENT_HZ);
        let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
        let trunkline = serve("off", policy, agent.port());
        caller.dial(&trunkline.uri("100"));
        caller.event("CALL_ESTABLISHED");
        caller.talks_with(&mut agent, 1.0);
        caller.hang_up();
        agent.event("CALL_CLOSED");
        let told = trunkline.story();
        assert!(told.contains("is SRTP (AE"), "{policy}: {told}");
        trunkline.stop();
    }
}

#[test]
#[ignore = "needs baresip: tests/run"]
fn who_prefers_srtp_talks_in_the_clear_and_who_requires_it_does_not() {
    let mut agent = Baresip::start("agent", Called::Answers, AGENT_HZ);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let trunkline = serve("prefer", "prefer", agent.port());
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.hears(AGENT_HZ, 0.5);
    caller.hang_up();
    caller.event("CALL_CLOSED");
    agent.event("CALL_CLOSED");
    let told = trunkline.story();
    assert!(told.contains("the offer holds no key for SRTP"), "{told}");
    assert!(told.contains("the answer holds no key for SRTP"), "{told}");
    trunkline.stop();

    let trunkline = serve("require", "off", agent.port());
    caller.dial(&trunkline.uri("100"));
    let closed = caller.event("CALL_CLOSED");
    assert!(closed["param"].to_string().contains("488"), "{closed}");
    let told = trunkline.story();
    assert!(
        told.contains("plain RTP offered, SRTP is required here"),
        "{told}"
    );
    trunkline.stop();
}

/// RFC 5763, both ways: the phone offers and we begin; we offer and the phone begins. Beside a plain leg, and one by SDES.
#[test]
#[ignore = "needs baresip: tests/run"]
fn a_phone_that_shakes_hands_hears_and_is_heard() {
    for agent_by in ["off", "require"] {
        let mut agent = match agent_by {
            "off" => Baresip::start("agent", Called::Answers, AGENT_HZ),
            _ => Baresip::start_secure("agent", "srtp-mand", Called::Answers, AGENT_HZ),
        };
        let mut caller = Baresip::start_by_dtls("caller", Called::Rings, CALLER_HZ);
        let dtls = "require\"\nsrtp_keying = [\"dtls\", \"sdes\"]\n#\"";
        let trunkline = serve(dtls, agent_by, agent.port());
        let told = held_call(&mut caller, &mut agent, &trunkline);
        let over = "The DTLS handshake with the caller is over after";
        assert_eq!(told.matches(over).count(), 1, "{told}");
        assert!(told.contains("Media with the caller is SRTP ("), "{told}");
        assert!(told.contains("sha-256"), "{told}");
        let plain = told_not_authentic(&told);
        assert!(plain <= GOODBYES, "{plain}: {told}");
        trunkline.stop();
    }
}

#[test]
#[ignore = "needs baresip: tests/run"]
fn a_trunk_that_is_called_by_dtls_begins_the_handshake() {
    let mut branch = Baresip::start_by_dtls("branch", Called::Answers, AGENT_HZ);
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let port = branch.port();
    let trunkline = Trunkline::serve(&format!(
        r#"[trunk.desk]
sources = ["127.0.0.1/32"]

[trunk.office]
sources = ["192.0.2.0/24"]
target = "127.0.0.1:{port}"
srtp = "require"
srtp_keying = ["dtls"]

[number."100"]
agent = "menu"

[agent.menu]
kind = "menu"
choices = {{ "1" = "branch" }}

[transfer.branch]
to = "sip:branch@127.0.0.1:{port}"
trunk = "office"
"#
    ));
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    branch.event("CALL_ESTABLISHED");
    caller.talks_with(&mut branch, 1.0);
    caller.hang_up();
    branch.event("CALL_CLOSED");
    let told = trunkline.story();
    assert!(told.contains("The DTLS handshake with"), "{told}");
    assert!(told.contains("UDP/TLS/RTP/SAVP"), "{told}");
    trunkline.stop();
}

fn serve(trunk: &str, agent: &str, port: u16) -> Trunkline {
    Trunkline::serve(&format!(
        r#"[trunk.office]
sources = ["127.0.0.1"]
srtp = "{trunk}"

[number."100"]
agent = "bot"

[agent.bot]
kind = "sip"
uri = "sip:agent@127.0.0.1:{port}"
srtp = "{agent}"
"#
    ))
}

/// A call that is held and resumed, and what is told of it: the same keys or the same association, and nothing is forgotten
/// of them. What the caller's phone plays after the hold it does not record any more.
fn held_call(caller: &mut Baresip, agent: &mut Baresip, trunkline: &Trunkline) -> String {
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.talks_with(agent, 1.0);
    caller.hold();
    caller.resume();
    agent.hears(CALLER_HZ, 2.0);
    caller.hang_up();
    agent.event("CALL_CLOSED");
    trunkline.story()
}

/// How many packets a timeline tells that were refused because they were not authentic.
fn told_not_authentic(told: &str) -> u64 {
    let counts = told.split(r#"["not authentic",""#).skip(1);
    let count = |rest: &str| rest.split('"').next()?.parse::<u64>().ok();
    counts.map(|rest| count(rest).expect("a number")).sum()
}
