//! What the file says of the terms of legs.

use edge::SrtpKeying;
use edge::configuration::KEYING;
use schemas::media::SrtpPolicy;
use sip::dialog::timer::{MIN_SE_S, Side};
use sip::endpoint::terms::{Reliable, TimerMode, TimerTerms};

use crate::configuration as file;
use crate::fault::{Fault, Source};

/// Whether the media of a trunk's or an agent's legs is SRTP.
pub(super) fn srtp(written: file::Srtp) -> SrtpPolicy {
    match written {
        file::Srtp::Off => SrtpPolicy::Off,
        file::Srtp::Prefer => SrtpPolicy::Prefer,
        file::Srtp::Require => SrtpPolicy::Require,
    }
}

/// By which ways the keys of SRTP are exchanged.
pub(super) fn keying(
    name: &str,
    written: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<SrtpKeying> {
    let Some(ways) = &written.srtp_keying else {
        return KEYING.to_vec();
    };
    let way = |way: &file::SrtpKeying| match way {
        file::SrtpKeying::Sdes => SrtpKeying::Sdes,
        file::SrtpKeying::Dtls => SrtpKeying::Dtls,
    };
    let ways: Vec<SrtpKeying> = ways.iter().map(way).collect();
    let mut fault = |what: &str| {
        faults.push(source.fault(
            &format!("trunk.{name}.srtp_keying"),
            what.to_owned(),
            "srtp_keying = [\"sdes\"], [\"dtls\"] or both, the best first".to_owned(),
        ));
    };
    match ways[..] {
        [] => fault(
            "SRTP without a way to exchange its keys cannot be had; srtp = \"off\" turns it off",
        ),
        [one, other] if one == other => fault("one way stands there twice"),
        [_, _, _, ..] => fault("one way stands there twice"),
        [_] | [_, _] => {}
    }
    ways
}

/// What legs of a trunk agree to.
pub(super) fn trunk(
    name: &str,
    written: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> (Reliable, TimerTerms) {
    let reliable = match written.reliable {
        file::Reliable::Off => Reliable::Off,
        file::Reliable::Supported => Reliable::Supported,
        file::Reliable::Preferred => Reliable::Preferred,
        file::Reliable::Required => Reliable::Required,
    };
    let timer = &written.session_timer;
    let default = TimerTerms::default();
    let terms = TimerTerms {
        mode: match timer.mode {
            file::TimerMode::Off => TimerMode::Off,
            file::TimerMode::Accept => TimerMode::Accept,
            file::TimerMode::Want => TimerMode::Want,
        },
        expires_s: timer.interval_s.unwrap_or(default.expires_s),
        min_se_s: timer.min_s.unwrap_or(default.min_se_s),
        refresher: timer.refresher.map(|refresher| match refresher {
            file::Refresher::Edge => Side::We,
            file::Refresher::Peer => Side::Peer,
        }),
    };
    if terms.min_se_s < MIN_SE_S {
        faults.push(source.fault(
            &format!("trunk.{name}.session_timer.min_s"),
            format!("{} s is too short for any session", terms.min_se_s),
            format!("min_s = {MIN_SE_S}, or more (RFC 4028)"),
        ));
    } else if terms.expires_s < terms.min_se_s {
        faults.push(source.fault(
            &format!("trunk.{name}.session_timer.interval_s"),
            format!(
                "{} s is shorter than the shortest interval that is taken, {} s",
                terms.expires_s, terms.min_se_s
            ),
            format!("interval_s = {}, or more", terms.min_se_s),
        ));
    }
    (reliable, terms)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::resolve;
    use super::*;

    fn with(trunk: &str) -> Result<edge::Trunk, String> {
        let text = format!(
            "[trunk.one]\nsources = [\"192.0.2.1\"]\n{trunk}\n[number.\"*\"]\nagent = \"echo\"\n"
        );
        match resolve(Path::new("t.toml"), &text) {
            Ok(mut resolved) => Ok(resolved.edge.trunks.remove(0)),
            Err(faults) => Err(faults.to_string()),
        }
    }

    #[test]
    fn terms_are_those_of_the_file() {
        let timer = r#"session_timer = { mode = "want", interval_s = 600, refresher = "peer" }"#;
        let trunk = with(&format!("100rel = \"required\"\n{timer}")).unwrap();
        assert_eq!(trunk.reliable, Reliable::Required);
        let wanted = TimerTerms {
            mode: TimerMode::Want,
            expires_s: 600,
            min_se_s: MIN_SE_S,
            refresher: Some(Side::Peer),
        };
        assert_eq!(trunk.timer, wanted);
        let trunk = with("").unwrap();
        assert_eq!(
            (trunk.reliable, trunk.timer),
            (Reliable::default(), TimerTerms::default())
        );
    }

    #[test]
    fn keys_are_exchanged_by_the_ways_that_are_listed() {
        use SrtpKeying::{Dtls, Sdes};
        for (text, ways) in [
            ("", vec![Sdes]),
            ("srtp_keying = [\"dtls\"]", vec![Dtls]),
            ("srtp_keying = [\"dtls\", \"sdes\"]", vec![Dtls, Sdes]),
        ] {
            assert_eq!(with(text).unwrap().srtp_keying, ways);
        }
        for (text, fault) in [
            ("srtp_keying = []", "without a way"),
            ("srtp_keying = [\"sdes\", \"sdes\"]", "twice"),
            ("srtp_keying = [\"zrtp\"]", "zrtp"),
        ] {
            let told = with(text).unwrap_err();
            assert!(told.contains(fault), "{told}");
        }
    }

    #[test]
    fn srtp_is_off_unless_the_file_says_so_for_trunks_and_agents_alike() {
        for (text, policy) in [
            ("", SrtpPolicy::Off),
            ("srtp = \"prefer\"", SrtpPolicy::Prefer),
            ("srtp = \"require\"", SrtpPolicy::Require),
        ] {
            assert_eq!(with(text).unwrap().srtp, policy);
            let agent = format!("[agent.bot]\nkind = \"sip\"\nuri = \"sip:bot@192.0.2.9\"\n{text}");
            let file = "[trunk.one]\nsources = [\"192.0.2.1\"]\n[number.\"*\"]\nagent = \"bot\"\n";
            let resolved = resolve(Path::new("t.toml"), &format!("{file}{agent}\n")).unwrap();
            let configuration = resolved.call.configuration();
            let call::configuration::Agent::Sip { srtp, .. } = configuration.agents[&"bot".into()]
            else {
                panic!("bot is a SIP agent")
            };
            assert_eq!(srtp, policy);
        }
        let told = with("srtp = \"always\"").unwrap_err();
        assert!(told.contains("`require`"), "{told}");
    }

    #[test]
    fn an_interval_that_nobody_can_keep_is_refused() {
        let told = with("session_timer = { min_s = 30 }").unwrap_err();
        assert!(
            told.contains("t.toml:3:") && told.contains("min_s = 90"),
            "{told}"
        );
        let told = with("session_timer = { min_s = 600, interval_s = 300 }").unwrap_err();
        assert!(told.contains("interval_s = 600"), "{told}");
        let told = with("100rel = \"yes\"").unwrap_err();
        assert!(told.contains("`supported`"), "{told}");
    }
}
