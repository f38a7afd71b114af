//! The roles as processes of their own, on a NATS server that may be ended and started again.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::{history, ports, system, wait};

/// How long a server's or a role's start may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A NATS server with a store of its own, and what the roles on it are told.
pub struct House {
    folder: TempDir,
    nats: Process,
    nats_port: u16,
    sip_port: u16,
    api_port: u16,
    rest: String,
}

impl House {
    /// Starts the server. `rest` is the configuration but for addresses, folders and the log.
    pub fn build(rest: &str) -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let (nats_port, api_port) = (ports::free(2), ports::free(2));
        let house = House {
            nats: nats(folder.path(), nats_port),
            folder,
            nats_port,
            sip_port: ports::free(2),
            api_port,
            rest: rest.to_owned(),
        };
        for role in ["edge", "control", "api"] {
            house.write(role, house.sip_port);
        }
        house
    }

    /// Writes what a node is told.
    fn write(&self, node: &str, sip_port: u16) {
        let rtp = ports::free(200);
        let text = format!(
            "[node]\nname = \"{node}-1\"\ndata = {data:?}\n\
             [log]\nkind = \"jetstream\"\nurl = \"nats://127.0.0.1:{nats_port}\"\n\
             [edge]\nlisten = [\"127.0.0.1:{sip_port}\"]\nrtp_ports = \"{rtp}-{last}\"\ndrain_s = 1\n\
             [api]\nlisten = \"127.0.0.1:{api_port}\"\n{rest}",
            data = self.folder.path().join(node),
            nats_port = self.nats_port,
            last = rtp + 199,
            api_port = self.api_port,
            rest = self.rest,
        );
        let path = configuration(self.folder.path(), node);
        fs::write(path, text).expect("a file can be written");
    }

    /// The port on which the edge speaks SIP.
    pub fn sip_port(&self) -> u16 {
        self.sip_port
    }

    /// The folder of all this.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a role; `life` tells its logs apart.
    pub fn role(&self, role: &str, life: usize) -> Process {
        self.start(role, role, life)
    }

    fn start(&self, role: &str, node: &str, life: usize) -> Process {
        let mut command = Command::new(system::binary());
        command
            .args([role, "--config"])
            .arg(configuration(self.folder.path(), node));
        let log = self.folder.path().join(format!("{node}.{life}.log"));
        Process::start(node, &mut command, &log)
    }

    /// Starts another edge on the same log, and waits until it serves. The port on which it speaks SIP.
    pub fn another_edge(&self) -> (Process, u16) {
        let (node, sip_port) = ("other-edge", ports::free(2));
        self.write(node, sip_port);
        let mut edge = self.start("edge", node, 0);
        let up = wait::until(PATIENCE, || {
            assert!(edge.runs(), "{}", edge.output());
            edge.output().contains("SIP on udp").then_some(())
        });
        assert!(up.is_some(), "{}", edge.output());
        (edge, sip_port)
    }

    /// Starts all three, the edge last, and waits until they serve.
    pub fn roles(&self) -> [Process; 3] {
        let mut roles = ["control", "api", "edge"].map(|role| self.role(role, 0));
        let up = wait::until(PATIENCE, || {
            for role in &mut roles {
                assert!(role.runs(), "{}", role.output());
            }
            let edge = roles[2].output().contains("SIP on udp");
            edge.then(|| TcpStream::connect(("127.0.0.1", self.api_port)).ok())?
        });
        assert!(up.is_some(), "the roles do not start");
        roles
    }

    /// Ends the server as a power cut does.
    pub fn kill_nats(&mut self) {
        self.nats.kill();
    }

    /// Starts it again on what it has stored.
    pub fn restart_nats(&mut self) {
        self.nats = nats(self.folder.path(), self.nats_port);
    }

    /// Runs a command on this log; its exit code and what it printed.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(system::binary())
            .args(arguments)
            .arg("--config")
            .arg(configuration(self.folder.path(), "api"))
            .output()
            .expect("trunkline can be started");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    }

    /// The calls of the history, newest first.
    pub fn calls(&self) -> Vec<Value> {
        let (_, text) = self.run(&["calls", "--json", "--limit", "100000"]);
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// The history once it has so many calls and all are over.
    pub fn calls_over(&self, count: usize) -> Vec<Value> {
        let over = wait::until(PATIENCE, || {
            let calls = self.calls();
            let over = calls.len() == count && calls.iter().all(|call| !call["end"].is_null());
            over.then_some(calls)
        });
        over.unwrap_or_else(|| panic!("not {count} calls that are over: {:#?}", self.calls()))
    }

    /// Fails if the history is not whole.
    pub fn history_is_whole(&self) {
        history::is_whole(|arguments| self.run(arguments), &self.calls());
    }
}

fn configuration(folder: &Path, role: &str) -> PathBuf {
    folder.join(format!("{role}.toml"))
}

fn nats(folder: &Path, port: u16) -> Process {
    let mut command = Command::new("nats-server");
    command
        .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(folder.join("nats"));
    let nats = Process::start("nats-server", &mut command, &folder.join("nats.log"));
    let up = wait::until(PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok());
    assert!(up.is_some(), "{}", nats.output());
    nats
}
