//! What the file says of callers, numbers and header fields: how the edge reads a trunk's, and what control tells a far
//! side.

use call::outbound::Outbound;
use edge::configuration::Reading;
use schemas::observation::IdentityHeader;
use sip::endpoint::extra::may_be_listed;
use sip::number::{DialingPlan, NumberForm};

use crate::configuration as file;
use crate::configuration::context::{CallerHeader, Dtmf, NumberForm as Written, Numbers, Tones};
use crate::fault::{Fault, Source};

/// How keys are sent to a trunk.
pub(super) fn dtmf(written: Dtmf) -> edge::configuration::Dtmf {
    match written {
        Dtmf::Rfc4733 => edge::configuration::Dtmf::TelephoneEvent,
        Dtmf::Info => edge::configuration::Dtmf::Info,
    }
}

/// Whether keys are listened for in a trunk's audio.
pub(super) fn tones(written: Tones) -> edge::configuration::Tones {
    match written {
        Tones::Off => edge::configuration::Tones::Off,
        Tones::Fallback => edge::configuration::Tones::Fallback,
        Tones::Always => edge::configuration::Tones::Always,
    }
}

/// How the edge reads a trunk's messages.
pub(super) fn reading(
    name: &str,
    trunk: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Reading {
    let usual = Reading::default();
    let numbers = &trunk.numbers;
    if numbers.country_code.is_none()
        && [
            Some(numbers.incoming),
            numbers.called,
            Some(numbers.outgoing),
        ]
        .contains(&Some(Written::National))
    {
        faults.push(source.fault(
            &format!("trunk.{name}.numbers"),
            "numbers as they are dialed in a country need the country",
            r#"country_code = "44", and trunk_prefix = "0" where one is dialed"#,
        ));
    }
    Reading {
        caller_from: match &trunk.caller_from {
            Some(order) => order.iter().map(|header| identity(*header)).collect(),
            None => usual.caller_from,
        },
        numbers: form(numbers.incoming, numbers),
        called: form(numbers.called.unwrap_or(numbers.incoming), numbers),
        headers: match &trunk.headers_in {
            Some(list) => listed(&format!("trunk.{name}.headers_in"), list, source, faults),
            None => usual.headers,
        },
    }
}

/// What a trunk is told.
pub(super) fn trunk(
    name: &str,
    trunk: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Outbound {
    let usual = Outbound::default();
    let numbers = &trunk.numbers;
    let text = |written: &Option<String>| written.clone().unwrap_or_default();
    Outbound {
        numbers: match numbers.outgoing {
            Written::Plus => call::number::NumberForm::Plus,
            Written::Digits => call::number::NumberForm::Digits,
            Written::National => call::number::NumberForm::National {
                country_code: text(&numbers.country_code),
                trunk_prefix: text(&numbers.trunk_prefix),
                international_prefix: text(&numbers.international_prefix),
            },
            Written::Id => {
                faults.push(source.fault(
                    &format!("trunk.{name}.numbers.out"),
                    "a number cannot be written as an identifier",
                    r#"out = "plus", "digits" or "national"; identifiers stay as they are"#,
                ));
                call::number::NumberForm::Plus
            }
        },
        domain: trunk.domain.clone(),
        trusted: trunk.trusted,
        identity: trunk.caller_to.iter().map(|it| identity(*it)).collect(),
        headers: match &trunk.headers_out {
            Some(list) => listed(&format!("trunk.{name}.headers_out"), list, source, faults),
            None => usual.headers,
        },
    }
}

/// What a SIP agent is told.
pub(super) fn agent(
    name: &str,
    (trusted, headers): (bool, Option<&[String]>),
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Outbound {
    let usual = Outbound::default();
    Outbound {
        trusted,
        headers: match headers {
            Some(list) => listed(&format!("agent.{name}.headers_out"), list, source, faults),
            None => usual.headers,
        },
        ..usual
    }
}

fn identity(header: CallerHeader) -> IdentityHeader {
    match header {
        CallerHeader::PAssertedIdentity => IdentityHeader::PAssertedIdentity,
        CallerHeader::RemotePartyId => IdentityHeader::RemotePartyId,
        CallerHeader::From => IdentityHeader::From,
    }
}

fn form(written: Written, numbers: &Numbers) -> NumberForm {
    let text = |written: &Option<String>| written.as_deref().unwrap_or_default().into();
    match written {
        Written::Plus => NumberForm::Plus,
        Written::Digits => NumberForm::Digits,
        Written::Id => NumberForm::Identifier,
        Written::National => NumberForm::National(DialingPlan {
            country_code: text(&numbers.country_code),
            trunk_prefix: text(&numbers.trunk_prefix),
            international_prefix: text(&numbers.international_prefix),
        }),
    }
}

/// The names of a list, each of which may stand in one.
fn listed(key: &str, list: &[String], source: &Source<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
    for name in list.iter().filter(|name| !may_be_listed(name)) {
        faults.push(source.fault(
            key,
            format!("{name:?} is no header field that crosses as it is"),
            r#"names like "Diversion", "User-to-User", "X-Queue", or "X-*" for all that begin so"#,
        ));
    }
    list.to_vec()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::resolve::resolve;

    use super::*;

    const OFFICE: &str = "[trunk.office]\nsources = [\"192.0.2.0/24\"]\ntarget = \"192.0.2.10\"\n";

    fn with(lines: &str) -> Result<crate::resolve::Resolved, crate::fault::Faults> {
        resolve(Path::new("trunkline.toml"), &format!("{OFFICE}{lines}"))
    }

    #[test]
    fn a_trunk_says_how_it_writes_and_wants_callers_and_numbers() {
        let lines = r#"
caller_from = ["from", "p-asserted-identity"]
caller_to = ["remote-party-id"]
trusted = true
domain = "pbx.example.com"
headers_in = ["X-CRM-*", "diversion"]
headers_out = []
dtmf = "info"
dtmf_tones = "fallback"
[trunk.office.numbers]
in = "national"
called = "id"
out = "digits"
country_code = "44"
trunk_prefix = "0"
international_prefix = "00"
[agent.bot]
kind = "sip"
uri = "sip:bot@192.0.2.20"
trusted = true
headers_out = ["X-*"]
"#;
        let resolved = with(lines).unwrap();
        assert_eq!(
            resolved.edge.trunks[0].dtmf,
            edge::configuration::Dtmf::Info
        );
        assert_eq!(
            resolved.edge.trunks[0].tones,
            edge::configuration::Tones::Fallback
        );
        let reading = &resolved.edge.trunks[0].reading;
        assert_eq!(
            reading.caller_from,
            [IdentityHeader::From, IdentityHeader::PAssertedIdentity]
        );
        assert_eq!(
            reading.numbers.normalise("02071838750").as_deref(),
            Some("+442071838750")
        );
        assert_eq!(reading.called, NumberForm::Identifier);
        assert_eq!(reading.headers, ["X-CRM-*", "diversion"]);
        let configuration = resolved.call.configuration();
        let office = &configuration.trunks[&"office".into()].outbound;
        assert_eq!(office.numbers, call::number::NumberForm::Digits);
        assert_eq!(office.identity, [IdentityHeader::RemotePartyId]);
        assert!(office.trusted && office.headers.is_empty());
        let call::configuration::Agent::Sip { outbound, .. } = &configuration.agents[&"bot".into()]
        else {
            panic!("bot is a SIP agent")
        };
        assert!(outbound.trusted);
        assert_eq!(outbound.headers, ["X-*"]);
    }

    #[test]
    fn what_cannot_be_is_told_with_its_line_and_a_remedy() {
        let cases = [
            (
                "headers_out = [\"Via\"]",
                ":4:1",
                "\"Via\" is no header field that crosses as it is",
            ),
            (
                "headers_in = [\"*\"]",
                ":4:1",
                "\"X-*\" for all that begin so",
            ),
            ("caller_from = [\"pai\"]", ":4:", "p-asserted-identity"),
            ("domain = \"a b\"", ":4:1", "is no host"),
            (
                "[trunk.office.numbers]\nin = \"national\"",
                ":4:",
                "country_code = \"44\"",
            ),
            (
                "[trunk.office.numbers]\nout = \"id\"",
                ":5:1",
                "out = \"plus\"",
            ),
            (
                "[trunk.office.numbers]\nout = \"national\"\ncountry_code = \"+44\"",
                ":",
                "1 to 3 digits",
            ),
        ];
        for (lines, place, text) in cases {
            let told = with(lines).unwrap_err().to_string();
            assert!(
                told.contains(place) && told.contains(text),
                "{lines}: {told}"
            );
        }
    }
}
