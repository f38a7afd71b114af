//! The service of these tests: a menu, an agent and an echo, and what it tells of itself.

use std::net::SocketAddr;

use crate::serve::Serve;

/// Is answered by a menu whose 1 leads to the other phone.
pub const MENU: &str = "+14155550100";
/// Is answered by the other phone, an agent then.
pub const BOT: &str = "+14155550101";
/// Is answered by an echo.
pub const ECHO: &str = "+14155550102";

pub struct Service(Serve);

impl Service {
    pub fn start(otlp: &str, other: SocketAddr) -> Service {
        let configuration = format!(
            r#"
[edge]
listen = ["127.0.0.1:0"]
drain_s = 1
[telemetry]
otlp = "{otlp}"
[trunk.office]
sources = ["127.0.0.1"]
[trunk.centre]
sources = ["127.0.0.2"]
target = "{other}"
[number."{MENU}"]
agent = "reception"
[number."{BOT}"]
agent = "bot"
[number."{ECHO}"]
agent = "echo"
[agent.reception]
kind = "menu"
choices = {{ "1" = "queue" }}
[agent.bot]
kind = "sip"
uri = "sip:bot@{other}"
[transfer.queue]
to = "sip:+14155550199@{other}"
trunk = "centre"
"#
        );
        Service(Serve::start(tempfile::tempdir().unwrap(), &configuration))
    }

    /// Where its SIP is.
    pub fn sip(&self) -> SocketAddr {
        self.0.listens_by("udp")
    }

    /// The id of its only call, as `trunkline calls` tells it.
    pub fn only_call(&self) -> String {
        let output = self.0.asks(&["calls", "--json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let calls: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [call] = &calls[..] else {
            panic!("not one call:\n{text}");
        };
        call["call"].as_str().unwrap().to_owned()
    }

    /// Stops it as an operator does, and gives all that it said.
    pub fn stop(self) -> String {
        self.0.stop()
    }
}
