//! What a call says of itself, and what is heard before it is answered, across trunkline with programs that others wrote.
//! `tests/run` runs these; they need `cargo build -p trunkline`.

use std::net::UdpSocket;
use std::time::Duration;

use trunkline_tests::baresip::{Baresip, Called};
use trunkline_tests::sipp::{self, Sipp};
use trunkline_tests::system::Trunkline;
use trunkline_tests::{ports, wait};

const SECOND: Duration = Duration::from_secs(1);

/// An agent on this port gets what the office says of a call, but for one header.
fn house(agent: u16) -> String {
    format!(
        "[trunk.office]\nsources = [\"127.0.0.0/8\"]\n\n[number.\"*\"]\nagent = \"bot\"\n\n\
         [agent.bot]\nkind = \"sip\"\nuri = \"sip:agent@127.0.0.1:{agent}\"\n\
         headers_out = [\"Diversion\", \"X-Queue\"]\n"
    )
}

#[test]
#[ignore = "needs SIPp: tests/run"]
fn what_a_phone_system_says_of_a_call_reaches_the_agent_and_his_early_media_the_caller() {
    let agent = Sipp::listen("agent_early", SECOND);
    let trunkline = Trunkline::serve(&house(agent.port()));
    let caller = Sipp::call("caller_early", "100", trunkline.sip_port(), SECOND);
    caller.succeeds();
    agent.succeeds();
    let calls = trunkline.calls_over(1);
    assert_eq!(calls[0]["outcome"], "completed", "{calls:#?}");
    assert_eq!(
        calls[0]["caller"]["field"], "P-Asserted-Identity",
        "{calls:#?}"
    );
    trunkline.stop();
}

#[test]
#[ignore = "needs SIPp: tests/run"]
fn why_an_agent_is_busy_reaches_the_caller() {
    let agent = Sipp::answer("busy", SECOND);
    let trunkline = Trunkline::serve(&house(agent.port()));
    Sipp::call("caller_busy", "100", trunkline.sip_port(), SECOND).succeeds();
    agent.succeeds();
    let calls = trunkline.calls_over(1);
    assert_eq!(calls[0]["outcome"], "refused", "{calls:#?}");
    trunkline.stop();
}

/// RTCP both ways: the phone's second report knows ours, so that the way there and back can be told.
#[test]
#[ignore = "needs baresip: tests/run"]
fn a_phone_tells_what_reached_it_and_is_told() {
    let trunkline = Trunkline::serve(
        "[trunk.office]\nsources = [\"127.0.0.0/8\"]\n\n[number.\"*\"]\nagent = \"echo\"\n",
    );
    let mut caller = Baresip::start("caller", Called::Rings, 440);
    caller.dial(&format!("sip:100@127.0.0.1:{}", trunkline.sip_port()));
    caller.event("CALL_ESTABLISHED");
    for _ in 0..3 {
        caller.event("CALL_RTCP");
    }
    caller.hang_up();
    caller.event("CALL_CLOSED");
    let calls = trunkline.calls_over(1);
    let reported = &calls[0]["legs"][0]["reported"];
    assert_eq!(reported["lost"], 0, "{calls:#?}");
    let round_trip = reported["round_trip_us"].as_u64();
    assert!(round_trip.is_some_and(|us| us < 500_000), "{calls:#?}");
    trunkline.stop();
}

#[test]
#[ignore = "needs SIPp and baresip: tests/run"]
fn a_phone_hears_the_agent_before_he_answers() {
    let agent = Sipp::listen("agent_tone", SECOND);
    let trunkline = Trunkline::serve(&house(agent.port()));
    let mut caller = Baresip::start("caller", Called::Rings, 440);
    caller.dial(&format!("sip:100@127.0.0.1:{}", trunkline.sip_port()));
    caller.event("CALL_PROGRESS");
    caller.hears(sipp::TONE_HZ, 1.0);
    caller.event("CALL_ESTABLISHED");
    caller.hang_up();
    agent.succeeds();
    trunkline.calls_over(1);
    trunkline.stop();
}

/// A port is bound anew some seconds after its leg, to hear who does not know of the end.
#[test]
#[ignore = "needs SIPp: tests/run"]
fn who_sends_on_long_after_the_end_is_told() {
    let trunkline = Trunkline::serve(
        "[trunk.office]\nsources = [\"127.0.0.0/8\"]\n\n[number.\"*\"]\nagent = \"echo\"\n",
    );
    Sipp::call("caller", "100", trunkline.sip_port(), SECOND).succeeds();
    let told = trunkline.story();
    let port = told.split(r#"["edge receives at","127.0.0.1:"#).nth(1);
    let port = port.and_then(|rest| rest.split('"').next()?.parse().ok());
    let port: u16 = port.unwrap_or_else(|| panic!("the edge receives nowhere: {told}"));
    let within = Duration::from_secs(15);
    let closed = wait::until(within, || (!ports::is_bound(port)).then_some(()));
    assert!(closed.is_some(), "port {port} is not closed with its leg");
    let watched = wait::until(within, || ports::is_bound(port).then_some(()));
    assert!(watched.is_some(), "port {port} is not watched");

    let peer = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut packet = [0xff; 172];
    packet[..12].copy_from_slice(&[0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9]);
    for _ in 0..60 {
        peer.send_to(&packet, ("127.0.0.1", port)).expect("sent");
    }
    let line = "60 packets for leg 0 of call ";
    let noticed = wait::until(within, || {
        let (_, notices) = trunkline.get("/api/notices");
        notices.contains(line).then_some(())
    });
    assert!(noticed.is_some(), "{}", trunkline.get("/api/notices").1);
    trunkline.stop();
}
