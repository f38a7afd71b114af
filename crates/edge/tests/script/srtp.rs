//! What descriptions of a scenario say of SRTP, without the keys, and what comes of handshakes.

use std::time::Duration;

use schemas::media::{AudioCodec, MediaTerms};
use sdp::security::KEY_OCTETS;
use sdp::{Fingerprint, HashFunction, Keying, LocalDtls, LocalKeys, Security, Way};
use trunkline_edge::configuration::{SrtpKeying, SrtpPolicy};
use trunkline_edge::dtls::Outcome;

/// `off`, `prefer`, `require`.
pub fn policy(word: &str) -> SrtpPolicy {
    match word {
        "off" => SrtpPolicy::Off,
        "prefer" => SrtpPolicy::Prefer,
        "require" => SrtpPolicy::Require,
        other => panic!("what is srtp {other}?"),
    }
}

/// `sdes`, `dtls`, the best first; SDES if there is none.
pub fn ways(words: &[&str]) -> Vec<SrtpKeying> {
    let way = |word: &&str| match *word {
        "sdes" => SrtpKeying::Sdes,
        "dtls" => SrtpKeying::Dtls,
        other => panic!("what keys are by {other}?"),
    };
    match words {
        [] => vec![SrtpKeying::Sdes],
        words => words.iter().map(way).collect(),
    }
}

/// `srtp=POLICY`, `keying=dtls,sdes`, `codecs=opus,PCMU`: what is offered to a leg without a trunk.
pub fn terms(words: &[&str]) -> MediaTerms {
    let find = |name: &str| {
        let mut pairs = words.iter().filter_map(|word| word.split_once('='));
        pairs
            .find(|(found, _)| *found == name)
            .map(|(_, text)| text)
    };
    let codec = |word: &str| match word {
        "PCMU" => AudioCodec::Pcmu,
        "PCMA" => AudioCodec::Pcma,
        "G722" => AudioCodec::G722,
        "opus" => AudioCodec::Opus,
        other => panic!("what codec is {other}?"),
    };
    MediaTerms {
        srtp: find("srtp").map_or(SrtpPolicy::Off, policy),
        keying: find("keying").map_or_else(Vec::new, |by| ways(&by.split(',').collect::<Vec<_>>())),
        codecs: find("codecs").map_or_else(Vec::new, |text| text.split(',').map(codec).collect()),
    }
}

/// The same of a phone, whose keys and certificate are of this octet.
pub fn security(word: &str, by: &[&str], fill: u8) -> Security {
    let way = |way: SrtpKeying| match way {
        SrtpKeying::Sdes => Way::Sdes(LocalKeys::new(Box::new([fill; KEY_OCTETS]))),
        SrtpKeying::Dtls => Way::Dtls(LocalDtls {
            fingerprint: fingerprint(fill),
            tls_id: format!("association-of-phone-{fill}"),
            role: None,
        }),
    };
    let keying = Keying(ways(by).into_iter().map(way).collect());
    match policy(word) {
        SrtpPolicy::Off => Security::Off,
        SrtpPolicy::Prefer => Security::Preferred(keying),
        SrtpPolicy::Require => Security::Required(keying),
    }
}

/// A fingerprint of that octet.
pub fn fingerprint(fill: u8) -> Fingerprint {
    Fingerprint::new(HashFunction::Sha256, &[fill; 32]).unwrap()
}

/// The hash function, and the first octet.
pub fn short(fingerprint: &Fingerprint) -> String {
    let text = fingerprint.to_string();
    format!("{}…", &text[..fingerprint.hash.name().len() + 3])
}

/// `completed`, `wrong`, `late`.
pub fn outcome(words: &[&str]) -> Outcome {
    let after = Duration::from_millis(80);
    match words {
        ["completed"] => Outcome::Completed {
            suite: media::Suite::AeadAes128Gcm,
            hash: HashFunction::Sha256,
            after,
        },
        ["wrong"] => Outcome::Failed {
            because: "the peer's certificate is not the one of its description".to_owned(),
            shown: Some(fingerprint(0x66)),
            after,
        },
        ["late"] => Outcome::Failed {
            because: "it was not over within 10 s".to_owned(),
            shown: None,
            after: Duration::from_secs(10),
        },
        other => panic!("what becomes of a handshake that {other:?}?"),
    }
}

/// The lines of a message that are about SRTP, and its warning; the first three digits of a key tell whose it is.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    const STARTS: [&str; 6] = [
        "m=",
        "a=crypto",
        "a=setup",
        "a=fingerprint",
        "a=tls-id",
        "a=rtcp-mux",
    ];
    let text = String::from_utf8_lossy(bytes);
    let marks = ["a=crypto", "a=fingerprint", "RTP/SAVP"];
    let is_secure = marks.iter().any(|mark| text.contains(mark));
    let told = text.lines().filter(|line| {
        let of_srtp = is_secure && STARTS.iter().any(|start| line.starts_with(start));
        of_srtp || line.starts_with("Warning:")
    });
    told.map(|line| {
        if let Some((before, key)) = line.split_once(" inline:") {
            return format!("{before} {}…", &key[..3]);
        }
        let starts = ["a=fingerprint:sha-256 ", "a=tls-id:"];
        let start = starts.into_iter().find(|start| line.starts_with(start));
        match start {
            Some(start) => format!("{}…", &line[..start.len() + 2]),
            None => line.to_owned(),
        }
    })
    .collect()
}
