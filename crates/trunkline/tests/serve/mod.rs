//! `trunkline serve` as a process of a test: in a folder of its own, on ports of the system's choice.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How long anything may take, with some more for a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long to wait before another look: another process gives no other sign than what it writes.
pub const PULSE: Duration = Duration::from_millis(20);

pub struct Serve {
    child: Child,
    folder: TempDir,
}

impl Serve {
    /// Starts in a folder that holds what the configuration names, and waits until it serves. The configuration needs no
    /// `[node]` and no `[api]`.
    pub fn start(folder: TempDir, configuration: &str) -> Serve {
        let text = format!(
            "[node]\nname = \"test\"\ndata = {data:?}\n[api]\nlisten = \"127.0.0.1:0\"\n{configuration}",
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
        let mut serve = Serve { child, folder };
        let serves = wait_for(|| {
            let has_ended = serve.child.try_wait().unwrap().is_some();
            assert!(!has_ended, "{}", serve.told());
            serve.told().contains("API and pages on").then_some(())
        });
        assert!(serves.is_some(), "it does not start:\n{}", serve.told());
        serve
    }

    /// Where its SIP is by `udp`, `tcp` or `tls`.
    pub fn listens_by(&self, transport: &str) -> SocketAddr {
        let told = self.told();
        let (_, rest) = told.split_once(&format!("SIP on {transport} ")).unwrap();
        rest.lines().next().unwrap().trim().parse().unwrap()
    }

    /// What another verb of the command says to the same configuration.
    pub fn asks(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(arguments)
            .arg("--config")
            .arg(self.configuration())
            .output()
            .unwrap()
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

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("trunkline.toml")
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("serve.log")).unwrap_or_default()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.told());
        }
    }
}

/// Looks until there is what is looked for, and no longer than anybody has patience.
pub fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
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
