//! `trunkline serve` with the trunks of all scenarios, and what it tells of their calls.

use std::net::SocketAddr;
use std::process::Output;

use serde_json::Value;

use crate::authority::Authority;
use crate::scenario::Transport;
use crate::serve::{Serve, wait_for};

pub struct Service(Serve);

impl Service {
    /// With these trunks, and a DNS server that knows them.
    pub fn start(trunks: &str, authority: &Authority, dns: SocketAddr) -> Service {
        let folder = tempfile::tempdir().unwrap();
        for file in ["platform.password", "login.password"] {
            std::fs::write(folder.path().join(file), "hunter2\n").unwrap();
        }
        authority.write(folder.path());
        let configuration = format!(
            "[edge]\nlisten = [\"127.0.0.1:0\", \"tls://127.0.0.1:0\"]\ndns = \"{dns}\"\ndrain_s = 1\n\
             [edge.tls]\ncertificate = \"edge.pem\"\nkey = \"edge.key\"\n{trunks}"
        );
        Service(Serve::start(folder, &configuration))
    }

    /// Where its SIP is.
    pub fn sip(&self, by: Transport) -> SocketAddr {
        self.0.listens_by(match by {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        })
    }

    /// Its calls once there are so many.
    pub fn calls(&self, count: usize) -> Vec<Value> {
        let calls = wait_for(|| {
            let output = self.0.asks(&["calls", "--json", "--limit", "1000"]);
            let text = String::from_utf8(output.stdout).unwrap();
            let calls = text.lines().map(|line| serde_json::from_str(line).unwrap());
            let calls: Vec<Value> = calls.collect();
            let over = calls.iter().all(|call| !call["end"].is_null());
            (calls.len() == count && over).then_some(calls)
        });
        calls.unwrap_or_else(|| panic!("there are no {count} calls that are over"))
    }

    /// The calls that a search finds.
    pub fn found_by(&self, search: &str) -> Vec<Value> {
        let output = self.0.asks(&["calls", "--json", search]);
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What is told of a call, in words.
    pub fn told_of(&self, call: &str) -> String {
        String::from_utf8(self.0.asks(&["call", call]).stdout).unwrap()
    }

    /// The guide to a trunk, which has all that it needs.
    pub fn guide(&self, trunk: &str) -> Value {
        let Output {
            status,
            stdout,
            stderr,
        } = self.0.asks(&["trunk", "guide", trunk, "--json"]);
        let told = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{trunk}: {told}");
        serde_json::from_slice(&stdout).unwrap()
    }

    /// Stops it, and gives all that it said.
    pub fn stop(self) -> String {
        self.0.stop()
    }
}
