//! From the file that a person wrote to what each role is told.

mod agents;
mod context;
mod group;
mod identity;
mod limit;
mod probe;
mod recording;
mod terms;
mod transport;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use call::configuration::{Agent, Fallback, Number, TransferTarget, Transfers, Waits};
use schemas::command::{BuiltInAgent, MenuChoice};
use schemas::conclusion::TransferMethod;
use schemas::{NodeName, TrunkName};

use crate::configuration as file;
use crate::fault::{Fault, Faults, Source};
use crate::platform;

/// The file and everything that follows from it.
#[derive(Debug)]
pub struct Resolved {
    /// Where it is written.
    pub path: PathBuf,
    /// The file, for what no role is told by its own configuration.
    pub file: file::File,
    /// What the edge is told.
    pub edge: edge::Configuration,
    /// What control decides by.
    pub call: Arc<call::Applied>,
}

/// Reads a configuration file and checks everything in it that can be checked without a socket.
pub fn read(path: &Path) -> anyhow::Result<Resolved> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!(
            "cannot read {}; write it, or name another with --config",
            path.display()
        )
    })?;
    Ok(resolve(path, &text)?)
}

/// Resolves the text of a configuration file.
pub fn resolve(path: &Path, text: &str) -> Result<Resolved, Faults> {
    let mut source = Source::new(path, text);
    let mut file: file::File = source.parse()?;
    platform::apply(&mut file, &mut source)?;
    let mut faults = Vec::new();
    let edge = edge_configuration(&file, path, &source, &mut faults);
    let call = match call::Applied::new(call_configuration(&file, &source, &mut faults)) {
        Ok(applied) => Some(applied),
        Err(call::Faults(found)) => {
            let told = found
                .iter()
                .map(|one| source.fault(&one.key, &one.wrong, &one.instead));
            faults.extend(told);
            None
        }
    };
    if file.log.kind == file::LogKind::Jetstream && file.log.url.is_none() {
        let instead = r#"url = "nats://127.0.0.1:4222""#;
        faults.push(source.fault("log.url", "kind = \"jetstream\" needs the servers", instead));
    }
    if let Some(mb) = file.log.segment_mb
        && !(1..=1024).contains(&mb)
    {
        let wrong = format!("{mb} MiB is no length of a segment file");
        faults.push(source.fault("log.segment_mb", wrong, "segment_mb = 64, or 1 to 1024"));
    }
    if let Some(otlp) = &file.telemetry.otlp
        && !otlp.starts_with("http://")
    {
        let wrong = format!("{otlp:?} is no OTLP receiver; OTLP is spoken over plain HTTP");
        let instead = r#"otlp = "http://127.0.0.1:4318""#;
        faults.push(source.fault("telemetry.otlp", wrong, instead));
    }
    if let Err(fault) = edge.check()
        && faults.is_empty()
    {
        faults.push(source.fault(&key_of(&fault), fault.to_string(), ""));
    }
    match call {
        Some(call) if faults.is_empty() => Ok(Resolved {
            path: path.to_owned(),
            file,
            edge,
            call: Arc::new(call),
        }),
        _ => Err(Faults(faults)),
    }
}

fn edge_configuration(
    file: &file::File,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> edge::Configuration {
    let written = &file.edge;
    let mut edge = edge::Configuration::new(NodeName::from(file.node.name.as_str()));
    transport::edge(&mut edge, written, path, source, faults);
    edge.digest = identity::digest(&written.digest, source, faults);
    edge.advertise = written.advertise;
    edge.unknown_sources = match written.unknown_sources {
        file::UnknownSources::Refuse => edge::UnknownSources::Refuse,
        file::UnknownSources::Drop => edge::UnknownSources::Drop,
    };
    edge.calls_max = written.max_calls;
    edge.media_silence = Duration::from_millis(written.silence_ms);
    let some = |duration: Duration| (!duration.is_zero()).then_some(duration);
    edge.no_sound = some(Duration::from_millis(written.no_sound_ms));
    edge.measure_every = some(Duration::from_secs(written.measure_every_s));
    edge.states_load = file.log.kind == file::LogKind::Jetstream && limit::any(file);
    edge.drain = Duration::from_secs(written.drain_s);
    let beside = path.parent().unwrap_or(Path::new(".")).join("recordings");
    edge.recordings = written
        .recordings
        .clone()
        .or_else(|| beside.is_dir().then_some(beside));
    edge.recorder = recording::edge(file, source, faults);
    edge.checkpoint = Some(file.node.data.join("edge.checkpoint"));
    match rtp_ports(&written.rtp_ports) {
        Some(ports) => edge.rtp_ports = ports,
        None => faults.push(source.fault(
            "edge.rtp_ports",
            format!("{:?} is no range of ports", written.rtp_ports),
            r#"rtp_ports = "16384-32767""#,
        )),
    }
    edge.agents = agents::of_edge(file, path, source, faults);
    for (name, trunk) in &file.trunk {
        edge.trunks
            .push(edge_trunk(name, trunk, path, source, faults));
    }
    edge
}

fn edge_trunk(
    name: &str,
    trunk: &file::Trunk,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> edge::Trunk {
    let mut sources = Vec::new();
    for network in &trunk.sources {
        let host = || {
            network
                .parse()
                .ok()
                .map(|address: std::net::IpAddr| address.into())
        };
        match network.parse().ok().or_else(host) {
            Some(network) => sources.push(network),
            None => faults.push(source.fault(
                &format!("trunk.{name}.sources"),
                format!("{network:?} is no network"),
                r#"an address or a network: "192.0.2.10", "192.0.2.0/24", "2001:db8::/32""#,
            )),
        }
    }
    let mut resolved = edge::Trunk::new(name, sources);
    if let Some(codecs) = &trunk.codecs {
        resolved.codecs = terms::codecs(&format!("trunk.{name}"), codecs, source, faults);
    }
    resolved.digits = match trunk.digits {
        file::Digits::Count => edge::Digits::Counted,
        file::Digits::Store => edge::Digits::Stored,
    };
    resolved.login = identity::login(name, trunk, path, source, faults);
    resolved.credentials = identity::account(name, trunk, path, source, faults);
    resolved.registration =
        identity::registration(name, trunk, &resolved.credentials, source, faults);
    resolved.proxy = trunk
        .proxy
        .as_deref()
        .map(|text| identity::uri(text).into());
    resolved.group = group::of(name, trunk, source, faults);
    resolved.registers = trunk.registers;
    resolved.request_uri = identity::request_uri(name, trunk, source, faults);
    (resolved.reliable, resolved.timer) = terms::trunk(name, trunk, source, faults);
    resolved.srtp = terms::srtp(trunk.srtp);
    if let Some(ways) = &trunk.srtp_keying {
        resolved.srtp_keying = terms::keying(&format!("trunk.{name}"), ways, source, faults);
    }
    resolved.security = transport::trunk(name, trunk, path, source, faults);
    resolved.dtmf = context::dtmf(trunk.dtmf);
    resolved.tones = context::tones(trunk.dtmf_tones);
    resolved.reading = context::reading(name, trunk, source, faults);
    resolved.large_by_tcp = trunk.large_requests == file::LargeRequests::Tcp;
    resolved.keep_alive = trunk.keep_alive_s.map(Duration::from_secs);
    resolved.probe = probe::of(name, trunk, source, faults);
    resolved.pace = trunk
        .outbound
        .as_ref()
        .map(|outbound| limit::pace(&format!("trunk.{name}.outbound"), outbound, source, faults));
    resolved
}

fn rtp_ports(text: &str) -> Option<edge::RtpPorts> {
    let (first, last) = text.split_once('-')?;
    Some(edge::RtpPorts {
        first: first.trim().parse().ok()?,
        last: last.trim().parse().ok()?,
    })
}

/// The key in the file that an edge's fault is about.
fn key_of(fault: &edge::configuration::Fault) -> String {
    match fault {
        edge::configuration::Fault::NoListen => "edge.listen".into(),
        edge::configuration::Fault::NoCertificate(_) => "edge.tls".into(),
        edge::configuration::Fault::NothingProves(name) => {
            format!("trunk.{name}.certificate_required")
        }
        edge::configuration::Fault::RtpPorts { .. } => "edge.rtp_ports".into(),
        edge::configuration::Fault::TrunkTwice(name) => format!("trunk.{name}"),
        edge::configuration::Fault::NoSources(name) => format!("trunk.{name}.sources"),
        edge::configuration::Fault::SourceTwice { other, .. } => format!("trunk.{other}.sources"),
        edge::configuration::Fault::LoginTwice { other, .. } => format!("trunk.{other}.login"),
        edge::configuration::Fault::OfferToNobody(name) => format!("trunk.{name}.login"),
        edge::configuration::Fault::OfferTwice { other, .. } => format!("trunk.{other}.login"),
        edge::configuration::Fault::Login(_) => "edge.digest".into(),
        edge::configuration::Fault::Registration { trunk, .. } => {
            format!("trunk.{trunk}.register")
        }
        edge::configuration::Fault::Proxy { trunk, .. } => format!("trunk.{trunk}.proxy"),
        edge::configuration::Fault::NoCodecs(name) => format!("trunk.{name}.codecs"),
        edge::configuration::Fault::NoCalls => "edge.max_calls".into(),
    }
}

fn call_configuration(
    file: &file::File,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> call::Configuration {
    let mut configuration = call::Configuration::default();
    for (name, trunk) in &file.trunk {
        let resolved = call::configuration::Trunk {
            destination: transport::of_trunk(name, trunk, source, faults),
            transfer: method(trunk.transfer),
            limit: limit::of(&trunk.limit),
            outbound: context::trunk(name, trunk, source, faults),
            recording: recording::trunk(name, trunk, source, faults),
        };
        configuration
            .trunks
            .insert(TrunkName::from(name.as_str()), resolved);
    }
    for (number, rule) in &file.number {
        let resolved = Number {
            agent: rule.agent.as_str().into(),
            trunk: rule.trunk.as_deref().map(TrunkName::from),
            fallback: rule
                .fallback
                .iter()
                .map(|step| fallback(step, file))
                .collect(),
            limit: limit::of(&rule.limit),
            recording: rule.recording.map(recording::when),
        };
        configuration.numbers.insert(number.clone(), resolved);
    }
    for (name, agent) in built_in() {
        configuration
            .agents
            .insert(name.into(), Agent::BuiltIn(agent));
    }
    for (name, agent) in &file.agent {
        configuration.agents.insert(
            name.as_str().into(),
            resolve_agent(name, agent, source, faults),
        );
    }
    configuration.transfer = Transfers {
        targets: file
            .transfer
            .iter()
            .map(|(name, to)| (name.clone(), target(to)))
            .collect(),
        allowed: file.transfer_allowed.clone(),
    };
    let otherwise = Waits::default();
    configuration.limit = limit::of(&file.limit);
    configuration.waits = Waits {
        ring_s: file.wait.ring_s.unwrap_or(otherwise.ring_s),
        call_s: file.wait.call_s.unwrap_or(otherwise.call_s),
        transfer_s: file.wait.transfer_s.unwrap_or(otherwise.transfer_s),
    };
    configuration
}

/// The agents that are there without being written.
fn built_in() -> [(&'static str, BuiltInAgent); 3] {
    [
        ("echo", BuiltInAgent::Echo),
        ("tone", BuiltInAgent::Tone { frequency_hz: 440 }),
        ("hold", BuiltInAgent::Hold),
    ]
}

fn resolve_agent(
    name: &str,
    agent: &file::Agent,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Agent {
    match agent {
        file::Agent::Echo {} => Agent::BuiltIn(BuiltInAgent::Echo),
        file::Agent::Tone { frequency_hz } => Agent::BuiltIn(BuiltInAgent::Tone {
            frequency_hz: *frequency_hz,
        }),
        file::Agent::Announcement { file, repeat } => Agent::BuiltIn(BuiltInAgent::Announcement {
            file: file.clone(),
            repeat: *repeat,
        }),
        file::Agent::Menu { prompt, choices } => Agent::BuiltIn(BuiltInAgent::Menu {
            prompt: prompt.clone(),
            choices: choices
                .iter()
                .flat_map(|(digits, target)| {
                    digits.chars().map(|digit| MenuChoice {
                        digit,
                        target: target.clone(),
                    })
                })
                .collect(),
        }),
        file::Agent::Sip {
            uri,
            destination,
            trusted,
            headers_out,
            srtp,
            srtp_keying,
            codecs,
        } => Agent::Sip {
            srtp: terms::srtp(*srtp),
            srtp_keying: srtp_keying.as_ref().map_or_else(Vec::new, |ways| {
                terms::keying(&format!("agent.{name}"), ways, source, faults)
            }),
            codecs: terms::agents_codecs(name, codecs.as_deref(), source, faults),
            uri: uri.clone(),
            outbound: context::agent(name, (*trusted, headers_out.as_deref()), source, faults),
            destination: {
                let key = format!("agent.{name}.destination");
                let text = destination.as_deref().unwrap_or(uri);
                transport::destination(&key, text, source, faults)
            },
        },
        file::Agent::WebSocket(agent) => Agent::WebSocket(agents::of(name, agent, source, faults)),
    }
}

/// A step of a ladder: a status refuses, a transfer's name that is no agent's leads there, anything else is an agent.
fn fallback(step: &str, file: &file::File) -> Fallback {
    let built_in = built_in().iter().any(|(name, _)| *name == step);
    let is_agent = built_in || file.agent.contains_key(step);
    match step.parse() {
        Ok(status) => Fallback::Refuse { status },
        Err(_) if !is_agent && file.transfer.contains_key(step) => {
            Fallback::Transfer(step.to_owned())
        }
        Err(_) => Fallback::Agent(step.into()),
    }
}

fn target(to: &file::Transfer) -> TransferTarget {
    TransferTarget {
        uri: to.to.clone(),
        trunk: to.trunk.as_deref().map(TrunkName::from),
        method: to.method.map(method),
    }
}

fn method(written: file::TransferMethod) -> TransferMethod {
    match written {
        file::TransferMethod::Bridged => TransferMethod::Bridged,
        file::TransferMethod::Refer => TransferMethod::Refer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_LINES: &str = r#"
[trunk.office]
sources = ["192.0.2.0/24", "198.51.100.7"]
target = "192.0.2.10"

[number."+14155550100"]
agent = "menu"

[agent.menu]
kind = "menu"
choices = { "1" = "queue" }

[transfer.queue]
to = "sip:+14155550199@192.0.2.10"
"#;

    fn faults(change: (&str, &str)) -> String {
        let text = TEN_LINES.replace(change.0, change.1);
        assert_ne!(text, TEN_LINES, "{change:?} changes nothing");
        resolve(Path::new("trunkline.toml"), &text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_readme_s_file_resolves() {
        let resolved = resolve(Path::new("trunkline.toml"), TEN_LINES).unwrap();
        let configuration = resolved.call.configuration();
        let office = &configuration.trunks[&TrunkName::from("office")];
        assert_eq!(
            office.destination.as_ref().unwrap().address,
            "192.0.2.10:5060"
        );
        assert!(configuration.agents.contains_key(&"echo".into()));
        assert_eq!(resolved.edge.trunks[0].sources.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_shown_with_its_line_and_a_remedy() {
        let cases = [
            (
                ("192.0.2.0/24", "192.0.2.0/33"),
                "trunkline.toml:3:1",
                "\"192.0.2.0/24\"",
            ),
            (
                ("[number.", "codecs = [\"opus\", \"G729\"]\n[number."),
                "\"G729\" is no codec that the edge speaks",
                "write codecs = [\"opus\", \"G722\", \"PCMU\", \"PCMA\"]",
            ),
            (
                ("[number.", "codecs = [\"pcmu\", \"PCMU\"]\n[number."),
                "trunkline.toml:6:1",
                "listed twice",
            ),
            (
                ("agent = \"menu\"", "agent = \"bot\""),
                "trunkline.toml:7:1",
                "write",
            ),
            (
                ("\"1\" = \"queue\"", "\"1\" = \"sales\""),
                "trunkline.toml:",
                "write",
            ),
            (
                ("kind = \"menu\"", "knd = \"menu\""),
                "trunkline.toml:9:1",
                "kind = \"echo\"",
            ),
            (("sources", "source"), "trunkline.toml:3:1", ""),
            (
                ("\n[trunk.office]", "[log]\nsegment_mb = 0\n[trunk.office]"),
                "trunkline.toml:2:1",
                "1 to 1024",
            ),
            (
                (
                    "target = \"192.0.2.10\"",
                    "target = \"192.0.2.10\"\ntls_min = \"1.1\"",
                ),
                "trunkline.toml:5:1",
                "tls_min = \"1.2\"",
            ),
            (
                ("target = \"192.0.2.10\"", "certificate_required = true"),
                "trunkline.toml:4:1",
                "say whose by `ca`",
            ),
            (
                (
                    "target = \"192.0.2.10\"",
                    "target = \"192.0.2.10\"\nprobe_s = 1",
                ),
                "trunkline.toml:5:1",
                "probe_s = 30",
            ),
            (
                (
                    "target = \"192.0.2.10\"",
                    "limit = { calls = 5, answer = 302 }",
                ),
                "trunkline.toml:4:",
                "a status from 400 to 699",
            ),
            (
                ("target = \"192.0.2.10\"", "probe_s = 30"),
                "trunkline.toml:4:1",
                "target = ",
            ),
            (
                (
                    "[trunk.office]",
                    "[edge]\nlisten = [\"ws://0.0.0.0:80\"]\n[trunk.office]",
                ),
                "trunkline.toml:3:1",
                "\"tls://0.0.0.0:32682\"",
            ),
            (
                (
                    "[trunk.office]",
                    "[edge]\nlisten = [\"tls://0.0.0.0:5061\"]\n[trunk.office]",
                ),
                "trunkline.toml:2:2",
                "name certificate and key",
            ),
        ];
        for (change, place, instead) in cases {
            let told = faults(change);
            assert!(
                told.contains(place) && told.contains(instead),
                "{change:?}: {told}"
            );
        }
    }

    #[test]
    fn a_receiver_that_cannot_be_spoken_to_is_told_before_the_start() {
        let otlp = (
            "[trunk.office]",
            "[telemetry]\notlp = \"localhost:4317\"\n[trunk.office]",
        );
        let told = faults(otlp);
        assert!(
            told.contains("trunkline.toml:3:1: telemetry.otlp: "),
            "{told}"
        );
        assert!(told.contains("write otlp = \"http://"), "{told}");
    }
}
