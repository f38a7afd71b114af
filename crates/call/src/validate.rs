//! What may be wrong with a configuration: which key, what is wrong, what to write instead.

use std::fmt;

use schemas::TrunkName;
use schemas::command::{BuiltInAgent, RecordingNotice, StreamProtocol};
use schemas::conclusion::TransferMethod;

use crate::configuration::{
    ANY_NUMBER, Agent, Configuration, Destination, Fallback, LADDER_MAX, Limit, Number,
    TransferTarget, WebSocket,
};
use crate::target;
use crate::uri::Uri;

/// Something is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `number."+14155550100".agent`.
    pub key: String,
    /// What is wrong: `there is no agent "bot"`.
    pub wrong: String,
    /// What to write instead.
    pub instead: String,
}

/// All that is wrong with a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; write {}", self.key, self.wrong, self.instead)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Configuration {
    /// Whether every name is known, every address is one and every bound is kept.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut faults = Vec::new();
        self.check_trunks(&mut faults);
        self.check_numbers(&mut faults);
        self.check_agents(&mut faults);
        self.check_targets(&mut faults);
        self.check_waits(&mut faults);
        check_limit(&mut faults, "limit".to_owned(), &self.limit);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Faults(faults))
        }
    }

    fn check_trunks(&self, faults: &mut Vec<Fault>) {
        for (name, trunk) in &self.trunks {
            if let Some(destination) = &trunk.destination {
                check_address(faults, format!("trunk.{name}.target"), destination);
            }
            check_limit(faults, format!("trunk.{name}.limit"), &trunk.limit);
            trunk.outbound.check(faults, &format!("trunk.{name}"));
            if let Some(RecordingNotice::Announcement { file }) = &trunk.recording.notice {
                check_file(faults, format!("trunk.{name}.recording_notice"), file);
            }
        }
    }

    fn check_numbers(&self, faults: &mut Vec<Fault>) {
        for (number, rule) in &self.numbers {
            let key = format!("number.{number:?}");
            if !is_number(number) {
                faults.push(Fault {
                    key: key.clone(),
                    wrong: "this is no number that a caller can dial".into(),
                    instead: "the number in E.164 form, \"+14155550100\", or as the trunk sends it, or \"*\"".into(),
                });
            }
            self.check_number(faults, &key, rule);
        }
    }

    fn check_number(&self, faults: &mut Vec<Fault>, key: &str, rule: &Number) {
        self.check_agent(faults, format!("{key}.agent"), &rule.agent.0);
        check_limit(faults, format!("{key}.limit"), &rule.limit);
        self.check_trunk(faults, format!("{key}.trunk"), rule.trunk.as_ref());
        if rule.fallback.len() > LADDER_MAX {
            faults.push(Fault {
                key: format!("{key}.fallback"),
                wrong: format!("{} steps are too many", rule.fallback.len()),
                instead: format!("at most {LADDER_MAX} steps"),
            });
        }
        for step in &rule.fallback {
            match step {
                Fallback::Agent(agent) => {
                    self.check_agent(faults, format!("{key}.fallback"), &agent.0);
                }
                Fallback::Transfer(target) if !self.transfer.targets.contains_key(target) => {
                    faults.push(Fault {
                        key: format!("{key}.fallback"),
                        wrong: format!("there is no transfer {target:?}"),
                        instead: one_of("transfer", self.transfer.targets.keys()),
                    });
                }
                Fallback::Transfer(_) => {}
                Fallback::Refuse { status } => check_range(
                    faults,
                    format!("{key}.fallback"),
                    "a status",
                    u32::from(*status),
                    400..=699,
                ),
            }
        }
    }

    fn check_agents(&self, faults: &mut Vec<Fault>) {
        for (name, agent) in &self.agents {
            let key = format!("agent.{name}");
            match agent {
                Agent::BuiltIn(does) => self.check_built_in(faults, &key, does),
                Agent::Sip {
                    uri,
                    destination,
                    outbound,
                    ..
                } => {
                    outbound.check(faults, &key);
                    if !matches!(Uri::read(uri), Some(uri) if uri.is_sip()) {
                        faults.push(Fault {
                            key: format!("{key}.uri"),
                            wrong: format!("{uri:?} is no SIP URI"),
                            instead: "a URI like \"sip:bot@192.0.2.10:5060\"".into(),
                        });
                    }
                    check_address(faults, format!("{key}.destination"), destination);
                }
                Agent::WebSocket(agent) => check_web_socket(faults, &key, agent),
            }
        }
    }

    fn check_built_in(&self, faults: &mut Vec<Fault>, key: &str, agent: &BuiltInAgent) {
        match agent {
            BuiltInAgent::Echo | BuiltInAgent::Hold => {}
            BuiltInAgent::Tone { frequency_hz } => check_range(
                faults,
                format!("{key}.frequency_hz"),
                "a telephone's tone",
                u32::from(*frequency_hz),
                100..=3_400,
            ),
            BuiltInAgent::Announcement { file, .. } => {
                check_file(faults, format!("{key}.file"), file);
            }
            BuiltInAgent::Menu { choices, .. } => {
                for choice in choices {
                    if !matches!(choice.digit, '0'..='9' | '*' | '#' | 'A'..='D') {
                        faults.push(Fault {
                            key: format!("{key}.choices"),
                            wrong: format!("{:?} is no key of a telephone", choice.digit),
                            instead: "0 to 9, *, # or A to D".into(),
                        });
                    }
                    if !target::is_known(self, &choice.target) {
                        faults.push(Fault {
                            key: format!("{key}.choices.{}", choice.digit),
                            wrong: format!("there is no transfer {:?}", choice.target),
                            instead: one_of("transfer", self.transfer.targets.keys()),
                        });
                    }
                }
            }
        }
    }

    fn check_targets(&self, faults: &mut Vec<Fault>) {
        for (name, target) in &self.transfer.targets {
            let key = format!("transfer.{name}");
            if Uri::read(&target.uri).is_none() {
                faults.push(Fault {
                    key: format!("{key}.to"),
                    wrong: format!("{:?} is no URI that can be called", target.uri),
                    instead: "a URI like \"sip:+14155550199@pbx.example.com\"".into(),
                });
            }
            self.check_trunk(faults, format!("{key}.trunk"), target.trunk.as_ref());
            self.check_way(faults, key, target);
        }
        for pattern in &self.transfer.allowed {
            if !["sip:", "sips:", "tel:"]
                .iter()
                .any(|scheme| pattern.starts_with(scheme))
            {
                faults.push(Fault {
                    key: "transfer.allowed".into(),
                    wrong: format!("{pattern:?} does not begin with sip:, sips: or tel:"),
                    instead: "patterns like \"sip:*@pbx.example.com\" or \"tel:+1*\"".into(),
                });
            }
        }
    }

    /// A bridged transfer needs a trunk that knows where to send the INVITE.
    fn check_way(&self, faults: &mut Vec<Fault>, key: String, target: &TransferTarget) {
        let Some(name) = &target.trunk else { return };
        let Some(trunk) = self.trunks.get(name) else {
            return;
        };
        if target.method != Some(TransferMethod::Refer) && trunk.destination.is_none() {
            faults.push(Fault {
                key: format!("{key}.trunk"),
                wrong: format!("trunk {name} does not say where calls to it go"),
                instead: format!("target = \"host:port\" in [trunk.{name}]"),
            });
        }
    }

    fn check_waits(&self, faults: &mut Vec<Fault>) {
        let waits = &self.waits;
        for (name, value, most) in [
            ("ring_s", waits.ring_s, 600),
            ("call_s", waits.call_s, 7 * 86_400),
            ("transfer_s", waits.transfer_s, 600),
        ] {
            check_range(faults, format!("wait.{name}"), "seconds", value, 1..=most);
        }
    }

    fn check_agent(&self, faults: &mut Vec<Fault>, key: String, name: &str) {
        if !self.agents.contains_key(&name.into()) {
            faults.push(Fault {
                key,
                wrong: format!("there is no agent {name:?}"),
                instead: one_of("agent", self.agents.keys()),
            });
        }
    }

    fn check_trunk(&self, faults: &mut Vec<Fault>, key: String, name: Option<&TrunkName>) {
        if let Some(name) = name
            && !self.trunks.contains_key(name)
        {
            faults.push(Fault {
                key,
                wrong: format!("there is no trunk {name:?}"),
                instead: one_of("trunk", self.trunks.keys()),
            });
        }
    }
}

fn check_web_socket(faults: &mut Vec<Fault>, key: &str, agent: &WebSocket) {
    agent.outbound.check(faults, key);
    if let Err(wrong) = agent.check() {
        faults.push(Fault {
            key: format!("{key}.url"),
            wrong: format!("{:?} is no URL of an agent: {wrong}", agent.url),
            instead: "a URL like \"wss://bot.example/ws\", and secrets in headers".into(),
        });
    }
    if let StreamProtocol::L16 { rate_hz } = agent.protocol
        && ![8_000, 16_000].contains(&rate_hz)
    {
        faults.push(Fault {
            key: format!("{key}.rate"),
            wrong: format!("{rate_hz} samples in a second are not spoken here"),
            instead: "8000 or 16000".into(),
        });
    }
    if let Some(seconds) = agent.silent_s {
        check_range(
            faults,
            format!("{key}.silent_s"),
            "seconds",
            seconds,
            1..=3_600,
        );
    }
    let long = |(name, value): (&String, &String)| name.len() + value.len() > PARAMETER_BYTES_MAX;
    if agent.parameters.len() > PARAMETERS_MAX || agent.parameters.iter().any(long) {
        faults.push(Fault {
            key: format!("{key}.parameters"),
            wrong: "they are too many or too long".into(),
            instead: format!(
                "at most {PARAMETERS_MAX}, each of {PARAMETER_BYTES_MAX} octets with its name"
            ),
        });
    }
}

/// Parameters of an agent: what a person writes, not a database.
const PARAMETERS_MAX: usize = 64;
/// Octets of one, as Twilio bounds it.
const PARAMETER_BYTES_MAX: usize = 500;

fn check_address(faults: &mut Vec<Fault>, key: String, destination: &Destination) {
    let clean = |host: &str| {
        let bare = !host.contains(':') || (host.starts_with('[') && host.ends_with(']'));
        bare && !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '@')
    };
    let address = destination.host();
    let with_port = address
        .rsplit_once(':')
        .is_some_and(|(host, port)| clean(host) && port.parse::<u16>().is_ok_and(|port| port > 0));
    let well = with_port || (destination.is_uri() && clean(address));
    if !well {
        faults.push(Fault {
            key,
            wrong: format!("{:?} is no address with a port", destination.address),
            instead: "\"host:port\", like \"192.0.2.10:5060\"".into(),
        });
    }
}

fn check_limit(faults: &mut Vec<Fault>, key: String, limit: &Limit) {
    if let Some(status) = limit.status {
        let (key, status) = (format!("{key}.answer"), u32::from(status));
        check_range(faults, key, "a status", status, 400..=699);
    }
    if limit.is_none() && *limit != Limit::default() {
        faults.push(Fault {
            key,
            wrong: "it limits nothing".into(),
            instead: "how many calls there may be, like calls = 30 or calls_per_s = 5".into(),
        });
    }
}

fn check_range(
    faults: &mut Vec<Fault>,
    key: String,
    what: &str,
    value: u32,
    range: std::ops::RangeInclusive<u32>,
) {
    if !range.contains(&value) {
        faults.push(Fault {
            key,
            wrong: format!("{value} is out of range"),
            instead: format!("{what} from {} to {}", range.start(), range.end()),
        });
    }
}

fn check_file(faults: &mut Vec<Fault>, key: String, file: &str) {
    if file.is_empty() {
        faults.push(Fault {
            key,
            wrong: "it is empty".into(),
            instead: "the name of a WAV file of 8 kHz, 16 bit, mono".into(),
        });
    }
}

/// A user part of a Request-URI (RFC 3261, section 25.1) of a sensible length.
fn is_number(number: &str) -> bool {
    const MAX_BYTES: usize = 64;
    let user = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/#%".contains(c);
    number == ANY_NUMBER
        || (!number.is_empty() && number.len() <= MAX_BYTES && number.chars().all(user))
}

fn one_of<T: fmt::Display>(what: &str, names: impl Iterator<Item = T>) -> String {
    const SHOWN_MAX: usize = 8;
    let names: Vec<String> = names.take(SHOWN_MAX).map(|name| name.to_string()).collect();
    if names.is_empty() {
        format!("a [{what}.NAME] table first")
    } else {
        format!(
            "one of {}, or a [{what}.NAME] table of that name",
            names.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::Transport;
    use schemas::command::MenuChoice;

    use crate::configuration::{Recording, Trunk};
    use crate::number::NumberForm;
    use crate::outbound::Outbound;

    #[test]
    fn each_fault_names_its_key_and_a_remedy() {
        let mut configuration = Configuration::default();
        configuration.trunks.insert(
            "office".into(),
            Trunk {
                destination: None,
                transfer: TransferMethod::Bridged,
                limit: Limit::default(),
                outbound: Outbound {
                    domain: Some("pbx example".into()),
                    numbers: NumberForm::National {
                        country_code: "+44".into(),
                        trunk_prefix: String::new(),
                        international_prefix: "00".into(),
                    },
                    ..Outbound::default()
                },
                recording: Recording::default(),
            },
        );
        configuration.trunks.insert(
            "carrier".into(),
            Trunk {
                outbound: Outbound::default(),
                destination: Some(Destination {
                    address: "carrier.example.com".into(),
                    transport: Transport::Udp,
                }),
                transfer: TransferMethod::Refer,
                limit: Limit::default(),
                recording: Recording {
                    notice: Some(RecordingNotice::Announcement { file: "".into() }),
                    ..Recording::default()
                },
            },
        );
        configuration.numbers.insert(
            "+1 415".into(),
            Number {
                agent: "bot".into(),
                trunk: Some("home".into()),
                fallback: vec![Fallback::Refuse { status: 200 }],
                limit: Limit::default(),
                recording: None,
            },
        );
        configuration.agents.insert(
            "menu".into(),
            Agent::BuiltIn(BuiltInAgent::Menu {
                prompt: None,
                choices: vec![MenuChoice {
                    digit: 'x',
                    target: "queu".into(),
                }],
            }),
        );
        configuration.agents.insert(
            "tone".into(),
            Agent::BuiltIn(BuiltInAgent::Tone { frequency_hz: 50 }),
        );
        configuration.transfer.targets.insert(
            "queue".into(),
            TransferTarget {
                uri: "sip:+14155550199@pbx.example.com".into(),
                trunk: Some("office".into()),
                method: None,
            },
        );
        configuration.transfer.allowed.push("http:*".into());
        configuration.waits.ring_s = 0;
        let faults = configuration.validate().unwrap_err().to_string();
        assert_eq!(
            faults,
            r#"trunk.carrier.target: "carrier.example.com" is no address with a port; write "host:port", like "192.0.2.10:5060"
trunk.carrier.recording_notice: it is empty; write the name of a WAV file of 8 kHz, 16 bit, mono
trunk.office.domain: "pbx example" is no host; write a name or an address, like "pbx.example.com"
trunk.office.country_code: "+44" is none; write 1 to 3 digits
number."+1 415": this is no number that a caller can dial; write the number in E.164 form, "+14155550100", or as the trunk sends it, or "*"
number."+1 415".agent: there is no agent "bot"; write one of menu, tone, or a [agent.NAME] table of that name
number."+1 415".trunk: there is no trunk "home"; write one of carrier, office, or a [trunk.NAME] table of that name
number."+1 415".fallback: 200 is out of range; write a status from 400 to 699
agent.menu.choices: 'x' is no key of a telephone; write 0 to 9, *, # or A to D
agent.menu.choices.x: there is no transfer "queu"; write one of queue, or a [transfer.NAME] table of that name
agent.tone.frequency_hz: 50 is out of range; write a telephone's tone from 100 to 3400
transfer.queue.trunk: trunk office does not say where calls to it go; write target = "host:port" in [trunk.office]
transfer.allowed: "http:*" does not begin with sip:, sips: or tel:; write patterns like "sip:*@pbx.example.com" or "tel:+1*"
wait.ring_s: 0 is out of range; write seconds from 1 to 600"#
        );
    }
}
