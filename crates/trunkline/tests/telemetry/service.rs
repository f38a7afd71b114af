//! `trunkline serve` on ports of the system's choice, and what it says of itself.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::receiver::PATIENCE;

/// Is answered by a menu whose 1 leads to the other phone.
pub const MENU: &str = "+14155550100";
/// Is answered by the other phone, an agent then.
pub const BOT: &str = "+14155550101";
/// Is answered by an echo.
pub const ECHO: &str = "+14155550102";

pub struct Service {
    child: Child,
    folder: TempDir,
    sip: SocketAddr,
}

impl Service {
    pub fn start(otlp: &str, other: SocketAddr) -> Service {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            r#"
[node]
name = "test"
data = {data:?}
[edge]
listen = ["127.0.0.1:0"]
drain_s = 1
[api]
listen = "127.0.0.1:0"
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
"#,
            data = folder.path().join("data"),
        );
        std::fs::write(folder.path().join("trunkline.toml"), text).unwrap();
        let log = File::create(folder.path().join("serve.log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(["serve", "--config"])
            .arg(folder.path().join("trunkline.toml"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut service = Service {
            child,
            folder,
            sip: SocketAddr::from(([0; 4], 0)),
        };
        let sip = wait_for(|| {
            assert!(
                service.child.try_wait().unwrap().is_none(),
                "{}",
                service.told()
            );
            let told = service.told();
            told.contains("API and pages on").then_some(())?;
            let (_, rest) = told.split_once("SIP on udp ")?;
            rest.lines().next()?.trim().parse().ok()
        });
        service.sip = sip.unwrap_or_else(|| panic!("it does not start:\n{}", service.told()));
        service
    }

    /// Where its SIP is.
    pub fn sip(&self) -> SocketAddr {
        self.sip
    }

    /// The id of its only call, as `trunkline calls` tells it.
    pub fn only_call(&self) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(["calls", "--json", "--config"])
            .arg(self.config())
            .output()
            .unwrap();
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
    pub fn stop(mut self) -> String {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let status = wait_for(|| self.child.try_wait().unwrap());
        let told = self.told();
        let status = status.unwrap_or_else(|| panic!("it does not stop:\n{told}"));
        assert!(status.success(), "{told}");
        told
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("trunkline.toml")
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("serve.log")).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.told());
        }
    }
}

/// Looks every 20 ms: another process gives no other sign than what it writes.
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    const PULSE: Duration = Duration::from_millis(20);
    let (_never, pulse) = std::sync::mpsc::channel::<()>();
    let mut left = PATIENCE;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        left = left.checked_sub(PULSE)?;
        // Nobody sends: it is a pause.
        let _ = pulse.recv_timeout(PULSE);
    }
}
