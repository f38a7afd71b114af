//! `trunkline serve` with the trunks of all scenarios, and what it tells of their calls.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take, with some more for a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Service {
    child: Child,
    folder: TempDir,
    /// By datagrams, and by connections.
    sip: (SocketAddr, SocketAddr),
}

impl Service {
    pub fn start(trunks: &str) -> Service {
        let folder = tempfile::tempdir().unwrap();
        for file in ["platform.password", "login.password"] {
            std::fs::write(folder.path().join(file), "hunter2\n").unwrap();
        }
        let text = format!(
            "[node]\nname = \"edge-1\"\ndata = {data:?}\n[edge]\nlisten = [\"127.0.0.1:0\"]\ndrain_s = 1\n\
             [api]\nlisten = \"127.0.0.1:0\"\n{trunks}",
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
        let none = SocketAddr::from(([0; 4], 0));
        let sip = (none, none);
        let mut service = Service { child, folder, sip };
        let sip = wait_for(|| {
            let has_ended = service.child.try_wait().unwrap().is_some();
            assert!(!has_ended, "{}", service.told());
            let told = service.told();
            told.contains("API and pages on").then_some(())?;
            let listens = |by: &str| {
                let (_, rest) = told.split_once(&format!("SIP on {by} "))?;
                rest.lines().next()?.trim().parse().ok()
            };
            Some((listens("udp")?, listens("tcp")?))
        });
        service.sip = sip.unwrap_or_else(|| panic!("it does not start:\n{}", service.told()));
        service
    }

    /// Where its SIP is.
    pub fn sip(&self, by_tcp: bool) -> SocketAddr {
        if by_tcp { self.sip.1 } else { self.sip.0 }
    }

    /// Its calls once there are so many.
    pub fn calls(&self, count: usize) -> Vec<Value> {
        let calls = wait_for(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_trunkline"))
                .args(["calls", "--json", "--limit", "1000", "--config"])
                .arg(self.folder.path().join("trunkline.toml"))
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let calls = text.lines().map(|line| serde_json::from_str(line).unwrap());
            let calls: Vec<Value> = calls.collect();
            let over = calls.iter().all(|call| !call["end"].is_null());
            (calls.len() == count && over).then_some(calls)
        });
        calls.unwrap_or_else(|| panic!("there are no {count} calls that are over"))
    }

    /// The guide to a trunk, which has all that it needs.
    pub fn guide(&self, trunk: &str) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(["trunk", "guide", trunk, "--json", "--config"])
            .arg(self.folder.path().join("trunkline.toml"))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{trunk}: {told}");
        serde_json::from_slice(&output.stdout).unwrap()
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
    let mut left = PATIENCE;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        left = left.checked_sub(PULSE)?;
        pause(PULSE);
    }
}

/// Nobody sends: it is a pause.
pub fn pause(pulse: Duration) {
    let (_never, waits) = std::sync::mpsc::channel::<()>();
    let _ = waits.recv_timeout(pulse);
}
