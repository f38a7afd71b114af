//! Call control and the API are ended by SIGKILL in the middle of calls, again and again, while an edge on
//! NATS JetStream takes calls: every call has its one end, and nothing is lost or doubled. `tests/run` runs
//! this; it needs `cargo build -p trunkline`, SIPp and nats-server.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use trunkline_tests::process::Process;
use trunkline_tests::{ports, system, wait};

/// How often a role is killed, control and API in turn.
const KILLS: usize = 20;
/// How long a role lives between two of its kinds' deaths.
const LIVES: Duration = Duration::from_millis(800);
/// New calls in a second; each lasts half a second.
const CALLS_PER_SECOND: usize = 20;
/// Enough calls to outlast the killing.
const CALLS: usize = 400;
/// How long a start, or the end of everything, may take.
const PATIENCE: Duration = Duration::from_secs(40);

#[test]
#[ignore = "needs SIPp and nats-server: tests/run"]
fn control_and_api_are_killed_twenty_times_under_load_and_nothing_is_lost_or_doubled() {
    let house = House::build();
    let mut control = house.role("control", 0);
    let mut api = house.role("api", 0);
    let mut edge = house.role("edge", 0);
    let mut agent = sipp(
        &house,
        "agent",
        &["-sn", "uas", "-p", &house.agent.to_string()],
    );
    let rate = CALLS_PER_SECOND.to_string();
    let total = CALLS.to_string();
    let to = format!("127.0.0.1:{}", house.sip);
    let caller_port = ports::free(2).to_string();
    let mut caller = sipp(
        &house,
        "caller",
        &[
            "-sn",
            "uac",
            "-s",
            "100",
            &to,
            "-p",
            &caller_port,
            "-r",
            &rate,
            "-m",
            &total,
            "-d",
            "500",
        ],
    );
    for kill in 0..KILLS {
        let next = wait::now() + LIVES;
        wait::until(LIVES * 2, || (wait::now() >= next).then_some(()));
        let (role, name) = match kill % 2 {
            0 => (&mut control, "control"),
            _ => (&mut api, "api"),
        };
        role.kill();
        *role = house.role(name, kill + 1);
    }
    let status = caller.end(PATIENCE);
    assert_eq!(
        status.and_then(|status| status.code()),
        Some(0),
        "{}",
        caller.output()
    );

    let over = wait::until(PATIENCE, || {
        let calls = house.calls();
        let over = calls.len() == CALLS && calls.iter().all(|call| !call["end"].is_null());
        over.then_some(calls)
    });
    let calls = over.unwrap_or_else(|| panic!("{} calls, not all over", house.calls().len()));
    for call in &calls {
        assert_eq!(call["outcome"], "completed", "{call:#}");
        assert_eq!(
            call["troubles"].as_array().map(Vec::len),
            Some(0),
            "{call:#}"
        );
    }
    // Chains without a gap, one decision for each cause, and today's rules decide the same.
    for command in ["check", "replay"] {
        let (code, text) = house.run(&[command]);
        assert_eq!(code, Some(0), "trunkline {command}:\n{text}");
    }
    for role in [&mut edge, &mut control, &mut api] {
        role.terminate();
        let status = role.end(PATIENCE);
        assert_eq!(
            status.and_then(|status| status.code()),
            Some(0),
            "{}",
            role.output()
        );
    }
    agent.kill();
}

/// A NATS server and what the roles on it are told.
struct House {
    folder: tempfile::TempDir,
    sip: u16,
    agent: u16,
    _nats: Process,
}

impl House {
    fn build() -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let (nats_port, api) = (ports::free(2), ports::free(2));
        let (sip, agent, rtp) = (ports::free(2), ports::free(2), ports::free(400));
        let mut command = Command::new("nats-server");
        command
            .args([
                "-js",
                "-a",
                "127.0.0.1",
                "-p",
                &nats_port.to_string(),
                "-sd",
            ])
            .arg(folder.path().join("nats"));
        let nats = Process::start("nats-server", &mut command, &folder.path().join("nats.log"));
        let up = wait::until(PATIENCE, || {
            TcpStream::connect(("127.0.0.1", nats_port)).ok()
        });
        assert!(up.is_some(), "{}", nats.output());
        for role in ["edge", "control", "api"] {
            let text = format!(
                "[node]\nname = \"{role}-1\"\ndata = {data:?}\n\
                 [log]\nkind = \"jetstream\"\nurl = \"nats://127.0.0.1:{nats_port}\"\n\
                 [edge]\nlisten = [\"127.0.0.1:{sip}\"]\nrtp_ports = \"{rtp}-{last}\"\ndrain_s = 1\n\
                 [api]\nlisten = \"127.0.0.1:{api}\"\n\
                 [trunk.office]\nsources = [\"127.0.0.1\"]\n\
                 [number.\"*\"]\nagent = \"bot\"\n\
                 [agent.bot]\nkind = \"sip\"\nuri = \"sip:bot@127.0.0.1:{agent}\"\n",
                data = folder.path().join(role),
                last = rtp + 399,
            );
            fs::write(file_of(folder.path(), role), text).expect("a file can be written");
        }
        House {
            folder,
            sip,
            agent,
            _nats: nats,
        }
    }

    fn role(&self, role: &str, life: usize) -> Process {
        let mut command = Command::new(system::binary());
        command
            .args([role, "--config"])
            .arg(file_of(self.folder.path(), role));
        let log = self.folder.path().join(format!("{role}.{life}.log"));
        Process::start(role, &mut command, &log)
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(system::binary())
            .args(arguments)
            .arg("--config")
            .arg(file_of(self.folder.path(), "api"))
            .output()
            .expect("trunkline can be started");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    }

    fn calls(&self) -> Vec<Value> {
        let (_, text) = self.run(&["calls", "--json", "--limit", "100000"]);
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

fn file_of(folder: &Path, role: &str) -> std::path::PathBuf {
    folder.join(format!("{role}.toml"))
}

fn sipp(house: &House, name: &str, arguments: &[&str]) -> Process {
    let mut command = Command::new("sipp");
    command
        .args([
            "-i",
            "127.0.0.1",
            "-nostdin",
            "-timeout",
            "90",
            "-timeout_error",
        ])
        .args(arguments)
        .current_dir(house.folder.path());
    Process::start(
        name,
        &mut command,
        &house.folder.path().join(format!("{name}.log")),
    )
}
