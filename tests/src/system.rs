//! The trunkline that is tested: the binary itself, with a configuration file, in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::{ports, wait};

/// How long a start or an orderly stop may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `trunkline serve`.
pub struct Trunkline {
    process: Process,
    folder: TempDir,
    disk: Disk,
    sip_port: u16,
    api_port: u16,
}

/// Where the data is.
#[derive(Clone, Copy, Debug)]
enum Disk {
    OfTheMachine,
    Small { mb: u32 },
}

impl Trunkline {
    /// Starts `trunkline serve`. `rest` is the configuration but for its addresses and its folder.
    pub fn serve(rest: &str) -> Trunkline {
        Trunkline::start(("", ""), rest, Disk::OfTheMachine)
    }

    /// The same, with one more address to listen on: `tls://127.0.0.1:5061`.
    pub fn serve_also(listen: &str, rest: &str) -> Trunkline {
        Trunkline::start((&format!(", {listen:?}"), ""), rest, Disk::OfTheMachine)
    }

    /// The same, asking this DNS server.
    pub fn serve_by_names(names: SocketAddr, rest: &str) -> Trunkline {
        let keys = format!("dns = \"{names}\"\n");
        Trunkline::start(("", &keys), rest, Disk::OfTheMachine)
    }

    /// The same with its data on a disk of so many MiB, which only it and its commands see: a mount in a
    /// namespace of its own, gone when it ends. `None` without the right to do that.
    pub fn serve_on_small_disk(mb: u32, rest: &str) -> Option<Trunkline> {
        let allowed = Command::new("unshare").args(["-m", "true"]).output();
        let allowed = allowed.is_ok_and(|output| output.status.success());
        allowed.then(|| Trunkline::start(("", ""), rest, Disk::Small { mb }))
    }

    /// `also` goes on with the addresses, `keys` with the table `[edge]`.
    fn start((also, keys): (&str, &str), rest: &str, disk: Disk) -> Trunkline {
        let folder = tempfile::tempdir().expect("a folder");
        let sip_port = ports::free(2);
        let api_port = ports::free(2);
        let rtp = ports::free(200);
        let config = format!(
            "[node]\nname = \"edge-1\"\ndata = {data:?}\n\n\
             [edge]\nlisten = [\"127.0.0.1:{sip_port}\"{also}]\nrtp_ports = \"{rtp}-{last}\"\ndrain_s = 1\n{keys}\n\
             [api]\nlisten = \"127.0.0.1:{api_port}\"\n\n{rest}",
            data = folder.path().join("data"),
            last = rtp + 199,
        );
        let file = folder.path().join("trunkline.toml");
        fs::write(&file, config).expect("a file can be written");
        let process = launch(folder.path(), disk);
        let mut system = Trunkline {
            process,
            folder,
            disk,
            sip_port,
            api_port,
        };
        system.is_up();
        system
    }

    /// Ends it without asking, as a crash does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on what it has stored.
    pub fn serve_again(&mut self) {
        self.process = launch(self.folder.path(), self.disk);
        self.is_up();
    }

    /// Waits until it serves.
    fn is_up(&mut self) {
        let up = wait::until(PATIENCE, || {
            assert!(
                self.process.runs(),
                "trunkline ended:\n{}",
                self.process.output()
            );
            TcpStream::connect(("127.0.0.1", self.api_port)).ok()
        });
        assert!(
            up.is_some(),
            "trunkline serves no API:\n{}",
            self.process.output()
        );
    }

    /// The port on which it speaks SIP.
    pub fn sip_port(&self) -> u16 {
        self.sip_port
    }

    /// The URI of a number behind it.
    pub fn uri(&self, number: &str) -> String {
        format!("sip:{number}@127.0.0.1:{}", self.sip_port)
    }

    /// The base of its API.
    pub fn api(&self) -> String {
        format!("http://127.0.0.1:{}", self.api_port)
    }

    /// Asks its API; the status and the body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut connection = TcpStream::connect(("127.0.0.1", self.api_port)).expect("it serves");
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        connection.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("it answers");
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (status.expect("an answer has a status"), body.to_owned())
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it said.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// A file on its disk.
    pub fn data(&self, name: &str) -> PathBuf {
        let data = self.folder.path().join("data").join(name);
        match self.disk {
            Disk::OfTheMachine => data,
            Disk::Small { .. } => {
                let root = PathBuf::from(format!("/proc/{}/root", self.id()));
                root.join(data.strip_prefix("/").expect("a folder begins at the root"))
            }
        }
    }

    /// Runs a subcommand on the same configuration; its exit code and what it printed.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = match self.disk {
            Disk::OfTheMachine => Command::new(binary()),
            Disk::Small { .. } => {
                let mut command = Command::new("nsenter");
                command
                    .args(["-m", "-t", &self.id().to_string()])
                    .arg(binary());
                command
            }
        };
        let output = command
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("trunkline.toml"))
            .current_dir(self.folder.path())
            .output()
            .expect("trunkline can be started");
        // What it has to complain about is shown when a test fails.
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    }

    /// The calls of its history, newest first.
    pub fn calls(&self) -> Vec<Value> {
        let (code, text) = self.run(&["calls", "--json"]);
        assert_eq!(code, Some(0), "trunkline calls:\n{text}");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line is a call"))
            .collect()
    }

    /// Its history once it has so many calls and all are over.
    pub fn calls_over(&self, count: usize) -> Vec<Value> {
        let over = wait::until(PATIENCE, || {
            let calls = self.calls();
            let over = calls.len() == count && calls.iter().all(|call| !call["end"].is_null());
            over.then_some(calls)
        });
        over.unwrap_or_else(|| panic!("no {count} calls that are over: {:#?}", self.calls()))
    }

    /// What `trunkline call` tells of the only call, with everything that is known.
    pub fn story(&self) -> String {
        let calls = self.calls_over(1);
        let id = calls[0]["call"].as_str().expect("a call has an id");
        let (status, told) = self.get(&format!("/api/calls/{id}/timeline"));
        assert_eq!(status, 200, "{told}");
        told
    }

    /// What is proven of a trunk: check → verdict.
    pub fn verify(&self, trunk: &str) -> BTreeMap<String, String> {
        let (_, text) = self.run(&["verify", trunk, "--json"]);
        let report: Value = serde_json::from_str(&text).expect("a report is JSON");
        let rows = report["rows"].as_array().expect("a report has rows");
        let word = |value: &Value| value.as_str().expect("it is a word").to_owned();
        rows.iter()
            .map(|row| (word(&row["check"]), word(&row["verdict"])))
            .collect()
    }

    /// Stops it as an operator does; it has to end in order.
    pub fn stop(mut self) {
        self.process.terminate();
        let status = self.process.end(PATIENCE);
        assert_eq!(
            status.and_then(|status| status.code()),
            Some(0),
            "trunkline did not stop in order:\n{}",
            self.process.output(),
        );
    }
}

/// Starts `trunkline serve` in a folder.
fn launch(folder: &Path, disk: Disk) -> Process {
    let mut command = match disk {
        Disk::OfTheMachine => Command::new(binary()),
        Disk::Small { mb } => on_small_disk(mb, &folder.join("data")),
    };
    command
        .arg("serve")
        .arg("--config")
        .arg(folder.join("trunkline.toml"))
        .current_dir(folder);
    Process::start("trunkline", &mut command, &folder.join("serve.log"))
}

/// Mounts a disk in memory at `data` for one process and those that enter its namespace, then becomes it.
fn on_small_disk(mb: u32, data: &Path) -> Command {
    let script =
        "mkdir -p \"$1\" && mount -t tmpfs -o size=\"$0\"m tmpfs \"$1\" && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["-m", "--", "sh", "-c", script, &mb.to_string()])
        .arg(data)
        .arg(binary());
    command
}

/// The binary that `cargo build -p trunkline` makes beside the tests, or the one that is named.
pub fn binary() -> PathBuf {
    if let Some(named) = option_env!("TRUNKLINE_BIN") {
        return PathBuf::from(named);
    }
    let test = std::env::current_exe().expect("a test is a file");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("target/debug/deps has parents");
    let binary = folder.join("trunkline");
    assert!(
        binary.exists(),
        "{} is missing: cargo build -p trunkline",
        binary.display()
    );
    binary
}
