//! What the file says of the terms of legs.

use edge::SrtpKeying;
use schemas::media::{AudioCodec, SrtpPolicy};
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

/// The codecs of a trunk or an agent, each once.
pub(super) fn codecs(
    table: &str,
    written: &[String],
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<edge::Codec> {
    let mut codecs = Vec::new();
    for codec in written {
        match edge::Codec::named(codec) {
            Some(known) if codecs.contains(&known) => faults.push(source.fault(
                &format!("{table}.codecs"),
                format!("{codec:?} is listed twice"),
                "each codec once, the best first",
            )),
            Some(known) => codecs.push(known),
            None => faults.push(source.fault(
                &format!("{table}.codecs"),
                format!("{codec:?} is no codec that the edge speaks"),
                CODECS,
            )),
        }
    }
    codecs
}

/// The codecs that a SIP agent is offered; none where nothing is written.
pub(super) fn agents_codecs(
    name: &str,
    written: Option<&[String]>,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<AudioCodec> {
    let table = format!("agent.{name}");
    if written.is_some_and(<[String]>::is_empty) {
        faults.push(source.fault(
            &format!("{table}.codecs"),
            "nothing can be offered without a codec",
            CODECS,
        ));
    }
    let codecs = codecs(&table, written.unwrap_or_default(), source, faults);
    let codec = |codec: &edge::Codec| match codec {
        edge::Codec::Pcmu => AudioCodec::Pcmu,
        edge::Codec::Pcma => AudioCodec::Pcma,
        edge::Codec::G722 => AudioCodec::G722,
        edge::Codec::Opus => AudioCodec::Opus,
    };
    codecs.iter().map(codec).collect()
}

/// By which ways the keys of SRTP are exchanged.
pub(super) fn keying(
    table: &str,
    ways: &[file::SrtpKeying],
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<SrtpKeying> {
    let way = |way: &file::SrtpKeying| match way {
        file::SrtpKeying::Sdes => SrtpKeying::Sdes,
        file::SrtpKeying::Dtls => SrtpKeying::Dtls,
    };
    let ways: Vec<SrtpKeying> = ways.iter().map(way).collect();
    let mut fault = |what: &str| {
        faults.push(source.fault(
            &format!("{table}.srtp_keying"),
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

/// What is to be written.
const CODECS: &str =
    r#"codecs = ["opus", "G722", "PCMU", "PCMA"], or some of them, the best first"#;

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
    fn an_agent_has_its_codecs_and_ways_as_a_trunk_has() {
        let written = |agent: &str| {
            let file = "[trunk.one]\nsources = [\"192.0.2.1\"]\n[number.\"*\"]\nagent = \"bot\"\n\
                        [agent.bot]\nkind = \"sip\"\nuri = \"sip:bot@192.0.2.9\"\n";
            resolve(Path::new("t.toml"), &format!("{file}{agent}\n"))
        };
        use AudioCodec::{Opus, Pcma};
        use SrtpKeying::{Dtls, Sdes};
        for (text, ways, offered) in [
            ("", vec![], vec![]),
            (
                "codecs = [\"opus\", \"pcma\"]\nsrtp = \"require\"\nsrtp_keying = [\"dtls\", \"sdes\"]",
                vec![Dtls, Sdes],
                vec![Opus, Pcma],
            ),
        ] {
            let resolved = written(text).unwrap();
            let configuration = resolved.call.configuration();
            let call::configuration::Agent::Sip {
                srtp_keying,
                codecs,
                ..
            } = &configuration.agents[&"bot".into()]
            else {
                panic!("bot is a SIP agent")
            };
            assert_eq!((srtp_keying, codecs), (&ways, &offered));
        }
        for (text, fault) in [
            ("codecs = []", "nothing can be offered"),
            ("codecs = [\"G729\"]", "no codec that the edge speaks"),
            ("codecs = [\"opus\", \"OPUS\"]", "listed twice"),
            ("srtp_keying = []", "without a way"),
        ] {
            let told = written(text).map(|_| ()).unwrap_err().to_string();
            assert!(told.contains(fault) && told.contains("t.toml:8:"), "{told}");
        }
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
