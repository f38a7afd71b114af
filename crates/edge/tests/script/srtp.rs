//! What descriptions of a scenario say of SRTP, without the keys.

use sdp::security::KEY_OCTETS;
use sdp::{LocalKeys, Security};
use trunkline_edge::configuration::SrtpPolicy;

/// `off`, `prefer`, `require`.
pub fn policy(word: &str) -> SrtpPolicy {
    match word {
        "off" => SrtpPolicy::Off,
        "prefer" => SrtpPolicy::Prefer,
        "require" => SrtpPolicy::Require,
        other => panic!("what is srtp {other}?"),
    }
}

/// The same of a phone, whose keys are of this octet.
pub fn security(word: &str, fill: u8) -> Security {
    let keys = LocalKeys::new(Box::new([fill; KEY_OCTETS]));
    match policy(word) {
        SrtpPolicy::Off => Security::Off,
        SrtpPolicy::Prefer => Security::Preferred(keys.into()),
        SrtpPolicy::Require => Security::Required(keys.into()),
    }
}

/// The lines of a message that are about SRTP, and its warning; the first three digits of a key tell whose it is.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let is_secure = text.contains("a=crypto") || text.contains("RTP/SAVP");
    let told = text.lines().filter(|line| {
        let of_srtp = is_secure && (line.starts_with("m=") || line.starts_with("a=crypto"));
        of_srtp || line.starts_with("Warning:")
    });
    told.map(|line| match line.split_once(" inline:") {
        Some((before, key)) => format!("{before} {}…", &key[..3]),
        None => line.to_owned(),
    })
    .collect()
}
