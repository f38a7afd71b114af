//! Call control and the API are ended by SIGKILL in the middle of calls, again and again, while an edge on
//! NATS JetStream takes calls: every call has its one end, and nothing is lost or doubled. `tests/run` runs
//! this; it needs `cargo build -p trunkline`, SIPp and nats-server.

use std::process::Command;
use std::time::Duration;

use trunkline_tests::house::House;
use trunkline_tests::process::Process;
use trunkline_tests::{ports, wait};

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
    let agent_port = ports::free(2);
    let house = House::build(&format!(
        "[trunk.office]\nsources = [\"127.0.0.1\"]\n[number.\"*\"]\nagent = \"bot\"\n\
         [agent.bot]\nkind = \"sip\"\nuri = \"sip:bot@127.0.0.1:{agent_port}\"\n"
    ));
    let mut control = house.role("control", 0);
    let mut api = house.role("api", 0);
    let mut edge = house.role("edge", 0);
    let mut agent = sipp(
        &house,
        "agent",
        &["-sn", "uas", "-p", &agent_port.to_string()],
    );
    let rate = CALLS_PER_SECOND.to_string();
    let total = CALLS.to_string();
    let to = format!("127.0.0.1:{}", house.sip_port());
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

    for call in &house.calls_over(CALLS) {
        assert_eq!(call["outcome"], "completed", "{call:#}");
        assert_eq!(
            call["troubles"].as_array().map(Vec::len),
            Some(0),
            "{call:#}"
        );
    }
    house.history_is_whole();
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
        .current_dir(house.folder());
    Process::start(
        name,
        &mut command,
        &house.folder().join(format!("{name}.log")),
    )
}
