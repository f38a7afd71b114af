//! Transcoding between phones that others wrote (baresip): Opus and G.722 on one leg, G.711 on the other, judged by what each
//! hears. `tests/run` runs these; they need `cargo build -p trunkline` and baresip.

use trunkline_tests::baresip::{Baresip, Called};
use trunkline_tests::system::Trunkline;

/// What the caller's phone plays, in hertz.
const CALLER_HZ: u32 = 440;
/// What the agent's phone plays.
const AGENT_HZ: u32 = 700;

#[test]
#[ignore = "needs baresip: tests/run"]
fn a_caller_with_opus_or_g722_and_an_agent_with_g711_hear_each_other() {
    for (codec, told) in [("opus", "opus/48000/2"), ("G722", "g722/8000")] {
        let mut agent = Baresip::start("agent", Called::Answers, AGENT_HZ);
        let mut caller = Baresip::start_speaking("caller", codec, Called::Rings, CALLER_HZ);
        let trunkline = serve(codec, agent.port());
        caller.dial(&trunkline.uri("100"));
        caller.event("CALL_ESTABLISHED");
        caller.talks_with(&mut agent, 2.0);
        // Keys cross from one clock to the other.
        caller.press('5');
        agent.event("CALL_DTMF_START");
        caller.hold();
        caller.resume();
        agent.hears(CALLER_HZ, 4.0);
        caller.hang_up();
        agent.event("CALL_CLOSED");
        let story = trunkline.story().to_lowercase();
        for agreed in [told, "pcmu/8000"] {
            assert!(story.contains(&format!("{agreed} is agreed on")), "{story}");
        }
        let there = format!("in {told} is transcoded to pcmu/8000");
        let back = format!("in pcmu/8000 is transcoded to {told}");
        for told in [there, back] {
            assert_eq!(story.matches(&told).count(), 1, "{told}: {story}");
        }
        trunkline.stop();
    }
}

#[test]
#[ignore = "needs baresip: tests/run"]
fn two_phones_that_know_opus_talk_in_it_and_nothing_is_transcoded() {
    let mut agent = Baresip::start_speaking("agent", "opus", Called::Answers, AGENT_HZ);
    let mut caller = Baresip::start_speaking("caller", "opus", Called::Rings, CALLER_HZ);
    let trunkline = serve("opus", agent.port());
    caller.dial(&trunkline.uri("100"));
    caller.event("CALL_ESTABLISHED");
    caller.talks_with(&mut agent, 1.0);
    caller.hang_up();
    agent.event("CALL_CLOSED");
    let story = trunkline.story().to_lowercase();
    let agreed = story.matches("opus/48000/2 is agreed on").count();
    assert_eq!(agreed, 2, "{story}");
    assert!(!story.contains("transcoded"), "{story}");
    trunkline.stop();
}

fn serve(codec: &str, port: u16) -> Trunkline {
    Trunkline::serve(&format!(
        r#"[trunk.office]
sources = ["127.0.0.1"]
codecs = ["{codec}"]

[number."100"]
agent = "bot"

[agent.bot]
kind = "sip"
uri = "sip:agent@127.0.0.1:{port}"
"#
    ))
}
