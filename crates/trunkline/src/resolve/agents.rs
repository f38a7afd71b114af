//! What the file says of agents behind a WebSocket: what control decides by, and what only the edge may know.

use std::path::Path;

use call::configuration::WebSocket;
use schemas::command::StreamProtocol;

use super::transport::beside;
use super::{context, identity};
use crate::configuration::{self as file, Header, Protocol};
use crate::fault::{Fault, Source};

/// Samples in a second of L16 where nothing else is said.
const RATE_HZ: u32 = 16_000;

/// What control decides by.
pub(super) fn of(
    name: &str,
    agent: &file::WebSocket,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> WebSocket {
    if agent.protocol == Protocol::Twilio && agent.rate.is_some() {
        faults.push(source.fault(
            &format!("agent.{name}.rate"),
            "Twilio's protocol has 8,000 samples in a second always",
            r#"protocol = "l16" as well, or no rate"#,
        ));
    }
    let headers = agent.headers_out.as_deref();
    WebSocket {
        url: agent.url.clone(),
        protocol: match agent.protocol {
            Protocol::Twilio => StreamProtocol::Twilio,
            Protocol::L16 => StreamProtocol::L16 {
                rate_hz: agent.rate.unwrap_or(RATE_HZ),
            },
        },
        parameters: agent.parameters.clone(),
        outbound: context::agent(name, (agent.trusted, headers), source, faults),
        silent_s: agent.silent_s,
    }
}

/// What only the edge may know.
pub(super) fn of_edge(
    file: &file::File,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<edge::Agent> {
    let mut agents = Vec::new();
    for (name, agent) in &file.agent {
        let file::Agent::WebSocket(agent) = agent else {
            continue;
        };
        let mut headers = Vec::new();
        for (field, value) in &agent.headers {
            let key = format!("agent.{name}.headers.{field}");
            match header(field, value, path) {
                Ok(value) => headers.push((field.clone(), value)),
                Err(wrong) => faults.push(source.fault(
                    &key,
                    wrong,
                    r#"headers = { Authorization = { file = "bot.token" } }, or { env = "BOT_TOKEN" }"#,
                )),
            }
        }
        agents.push(edge::Agent {
            name: name.as_str().into(),
            headers,
            authorities: agent.ca.as_ref().map(|file| beside(path, file)),
        });
    }
    agents
}

fn header(field: &str, value: &Header, path: &Path) -> Result<String, String> {
    let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
    if field.is_empty() || !field.bytes().all(is_token) {
        return Err(format!("{field:?} is no name of a header field"));
    }
    let ours = ["host", "upgrade", "connection"];
    let is_ours = ours.iter().any(|name| field.eq_ignore_ascii_case(name));
    if is_ours || field.to_ascii_lowercase().starts_with("sec-websocket-") {
        return Err(format!("{field} is the handshake's own"));
    }
    let value = match value {
        Header::Text(text) => text.clone(),
        Header::File { file } => {
            let file = beside(path, file);
            let read = std::fs::read_to_string(&file);
            let text =
                read.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        Header::Variable { env } => identity::variable_of(env)?,
    };
    // What is wrong is told, never the value.
    if value.is_empty() || !value.bytes().all(|octet| (b' '..=b'~').contains(&octet)) {
        return Err("its value is empty, or holds what no header field can".to_owned());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::super::resolve;
    use super::*;

    fn written(agent: &str) -> String {
        format!(
            "[trunk.one]\nsources = [\"192.0.2.1\"]\n[number.\"*\"]\nagent = \"bot\"\n\
             fallback = [\"bot\", \"queue\", \"echo\", \"486\"]\n\
             [transfer.queue]\nto = \"sip:9@192.0.2.9\"\n[agent.bot]\nkind = \"websocket\"\n{agent}\n"
        )
    }

    #[test]
    fn an_agent_behind_a_websocket_takes_three_lines() {
        let text = written("url = \"wss://bot.example/ws\"");
        let resolved = resolve(Path::new("t.toml"), &text).unwrap();
        let configuration = resolved.call.configuration();
        let call::configuration::Agent::WebSocket(agent) = &configuration.agents[&"bot".into()]
        else {
            panic!("bot is behind a WebSocket")
        };
        assert_eq!(agent.protocol, StreamProtocol::Twilio);
        assert_eq!(agent.silent_s, None);
        let ladder = &configuration.numbers["*"].fallback;
        use call::configuration::Fallback;
        assert_eq!(
            ladder[..],
            [
                Fallback::Agent("bot".into()),
                Fallback::Transfer("queue".to_owned()),
                Fallback::Agent("echo".into()),
                Fallback::Refuse { status: 486 },
            ]
        );
        assert_eq!(resolved.edge.agents.len(), 1);
    }

    #[test]
    fn what_is_secret_stays_at_the_edge() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bot.token"), "Bearer hush\n").unwrap();
        let text = written(
            "url = \"wss://bot.example/ws\"\nprotocol = \"l16\"\nsilent_s = 20\n\
             parameters = { tenant = \"acme\" }\n\
             headers = { Authorization = { file = \"bot.token\" }, X-Tenant = \"acme\" }",
        );
        let resolved = resolve(&folder.path().join("t.toml"), &text).unwrap();
        let expected = [
            ("Authorization".to_owned(), "Bearer hush".to_owned()),
            ("X-Tenant".to_owned(), "acme".to_owned()),
        ];
        assert_eq!(resolved.edge.agents[0].headers, expected);
        let snapshot = resolved.call.event().snapshot;
        assert!(
            snapshot.contains("tenant") && !snapshot.contains("hush"),
            "{snapshot}"
        );
        let wide = StreamProtocol::L16 { rate_hz: 16_000 };
        let configuration = resolved.call.configuration();
        let call::configuration::Agent::WebSocket(agent) = &configuration.agents[&"bot".into()]
        else {
            panic!("bot is behind a WebSocket")
        };
        assert_eq!((agent.protocol, agent.silent_s), (wide, Some(20)));
    }

    #[test]
    fn what_is_wrong_names_the_remedy_and_no_secret() {
        let url = "url = \"wss://bot.example/ws\"\n";
        let cases = [
            (
                "url = \"https://bot.example/ws\"".to_owned(),
                "ws:// or wss://",
            ),
            (
                "url = \"wss://user:hush@bot.example/ws\"".to_owned(),
                "secrets in headers",
            ),
            ("url = \"wss:///ws\"".to_owned(), "it has no host"),
            (format!("{url}rate = 16000"), "protocol = \"l16\" as well"),
            (
                format!("{url}protocol = \"l16\"\nrate = 24000"),
                "8000 or 16000",
            ),
            (format!("{url}protocol = \"opus\""), "`twilio` or `l16`"),
            (format!("{url}silent_s = 0"), "1 to 3600"),
            (
                format!("{url}headers = {{ Authorization = {{ env = \"NO_SUCH_TOKEN\" }} }}"),
                "NO_SUCH_TOKEN",
            ),
            (
                format!("{url}headers = {{ Authorization = {{ file = \"none.token\" }} }}"),
                "none.token",
            ),
            (
                format!("{url}headers = {{ Host = \"x\" }}"),
                "the handshake's own",
            ),
            (
                format!("{url}headers = {{ X-Key = \"hush\\nX-Other: 1\" }}"),
                "what no header field can",
            ),
            (format!("{url}colour = 1"), "colour"),
        ];
        for (agent, told) in cases {
            let text = written(&agent);
            let error = resolve(Path::new("t.toml"), &text).map(|_| ()).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(told), "{error}");
            assert!(error.starts_with("t.toml:"), "{error}");
        }
    }
}
