//! What a far side is told of a call: how it wants numbers, whether it is trusted, which header fields it gets.

use schemas::observation::IdentityHeader;
use serde::{Deserialize, Serialize};

use crate::number::NumberForm;
use crate::validate::Fault;

/// What a far side is told of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outbound {
    /// How it wants numbers. Default: E.164 with its plus.
    pub numbers: NumberForm,
    /// The host of the URIs of callers; the edge's own address if absent.
    pub domain: Option<String>,
    /// Whether it is in our trust domain (RFC 3325, section 2.3), so that it is told who a caller is who does not want to
    /// be named, and that he does not. Default: it is not.
    pub trusted: bool,
    /// The header fields beside From that tell who calls. Default: none.
    pub identity: Vec<IdentityHeader>,
    /// The header fields of the call's past and context that cross, `*` at the end of a name for its rest. Default:
    /// [`HEADERS`].
    pub headers: Vec<String>,
}

/// The header fields that cross where nothing else is said.
pub const HEADERS: [&str; 4] = ["Diversion", "History-Info", "User-to-User", "X-*"];

impl Default for Outbound {
    fn default() -> Outbound {
        Outbound {
            numbers: NumberForm::default(),
            domain: None,
            trusted: false,
            identity: Vec::new(),
            headers: HEADERS.map(str::to_owned).into(),
        }
    }
}

impl Outbound {
    /// What is wrong with it, under the key of the trunk or agent.
    pub(crate) fn check(&self, faults: &mut Vec<Fault>, key: &str) {
        if let Some(domain) = &self.domain
            && !is_host(domain)
        {
            faults.push(Fault {
                key: format!("{key}.domain"),
                wrong: format!("{domain:?} is no host"),
                instead: "a name or an address, like \"pbx.example.com\"".into(),
            });
        }
        let NumberForm::National {
            country_code,
            trunk_prefix,
            international_prefix,
        } = &self.numbers
        else {
            return;
        };
        for (name, digits, lengths) in [
            ("country_code", country_code, 1..=3),
            ("trunk_prefix", trunk_prefix, 0..=PREFIX_MAX),
            ("international_prefix", international_prefix, 0..=PREFIX_MAX),
        ] {
            let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
            if !are_digits || !lengths.contains(&digits.len()) {
                faults.push(Fault {
                    key: format!("{key}.{name}"),
                    wrong: format!("{digits:?} is none"),
                    instead: format!("{} to {} digits", lengths.start(), lengths.end()),
                });
            }
        }
    }
}

/// The digits of the longest prefix: some carriers are chosen by a code behind the prefix itself.
const PREFIX_MAX: usize = 6;

/// A name or an address, maybe with a port (RFC 3261, section 25.1: hostport).
fn is_host(text: &str) -> bool {
    const MAX_BYTES: usize = 255;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
    !text.is_empty() && text.len() <= MAX_BYTES && text.chars().all(allowed)
}
