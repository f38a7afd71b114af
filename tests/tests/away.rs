//! What keeps the log goes away while calls are up and new ones come: its server, its disk. `tests/run` runs
//! these; they need `cargo build -p trunkline`, SIPp and nats-server, and root for the disk.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use trunkline_tests::house::House;
use trunkline_tests::process::Process;
use trunkline_tests::sipp::Sipp;
use trunkline_tests::system::Trunkline;
use trunkline_tests::{history, ports, wait};

const SECOND: Duration = Duration::from_secs(1);
/// What an edge says whose log is full.
const TAKES_NONE: &str = "the log takes no facts";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// One call ends while the server is away, another goes on through it, new ones are told to try elsewhere;
/// when the server is there again, everything that happened is in its history, once.
#[test]
#[ignore = "needs SIPp and nats-server: tests/run"]
fn the_server_of_the_log_dies_and_comes_back() {
    let (short, long) = (Sipp::answer("agent", SECOND), Sipp::answer("agent", SECOND));
    let mut house = House::build(&format!(
        "[trunk.office]\nsources = [\"127.0.0.1\"]\n\
         [number.100]\nagent = \"short\"\n[number.200]\nagent = \"long\"\n\
         [number.300]\nagent = \"echo\"\n\
         [agent.short]\nkind = \"sip\"\nuri = \"sip:bot@127.0.0.1:{}\"\n\
         [agent.long]\nkind = \"sip\"\nuri = \"sip:bot@127.0.0.1:{}\"\n",
        short.port(),
        long.port(),
    ));
    let mut roles = house.roles();
    let ends_meanwhile = Sipp::call("caller", "100", house.sip_port(), 6 * SECOND);
    let goes_on = Sipp::call("caller", "200", house.sip_port(), 25 * SECOND);
    let talk = wait::until(PATIENCE, || {
        let calls = house.calls();
        let answered = calls.iter().filter(|call| !call["answered"].is_null());
        (answered.count() == 2).then_some(())
    });
    assert!(talk.is_some(), "{:#?}", house.calls());

    house.kill_nats();
    // The first is let in and waits for a decision that does not come; those behind it are told at once.
    for _ in 0..2 {
        Sipp::call("caller_unavailable", "100", house.sip_port(), SECOND).succeeds();
    }
    ends_meanwhile.succeeds();
    short.succeeds();
    for role in &mut roles {
        assert!(role.runs(), "{}", role.output());
    }

    house.restart_nats();
    goes_on.succeeds();
    long.succeeds();
    let ended = house.calls_over(3);
    // Control is known to be there by its decisions on the call that went on.
    Sipp::call("caller", "300", house.sip_port(), SECOND).succeeds();
    house.calls_over(4);
    let told = |called: &str| -> Vec<String> {
        let of = ended.iter().filter(|call| call["called"] == called);
        of.map(|call| format!("{} {}", call["outcome"], call["end"]["by"]))
            .collect()
    };
    assert_eq!(told("200"), [r#""completed" "Caller""#]);
    assert_eq!(
        told("100"),
        [r#""failed" "Edge""#, r#""completed" "Caller""#]
    );
    house.history_is_whole();
    for role in &mut roles {
        let told = role.output();
        let warnings: Vec<_> = told
            .lines()
            .filter(|line| line.contains(" WARN "))
            .collect();
        assert!(
            told.contains("the log's server is away") && warnings.len() < 4,
            "{told}"
        );
        role.terminate();
        let status = role.end(PATIENCE);
        assert_eq!(
            status.and_then(|status| status.code()),
            Some(0),
            "{}",
            role.output()
        );
    }
}

/// Calls come until no byte more can be written: calls that are up end as they would, new ones are told to
/// try elsewhere, and when there is space again nothing is missing.
#[test]
#[ignore = "needs SIPp and root: tests/run"]
fn the_disk_of_the_log_is_full_and_has_space_again() {
    let served = Trunkline::serve_on_small_disk(
        32,
        "[log]\nsegment_mb = 1\n[trunk.office]\nsources = [\"127.0.0.1\"]\n\
         [number.\"*\"]\nagent = \"echo\"\n",
    );
    let Some(trunkline) = served else {
        eprintln!("SKIPPED, NOT TESTED: mounting a small disk needs root");
        return;
    };
    let port = trunkline.sip_port();
    let began = wait::now();
    let ends_meanwhile = Sipp::call("caller", "100", port, 20 * SECOND);
    let goes_on = Sipp::call("caller", "100", port, 35 * SECOND);
    let talk = wait::until(PATIENCE, || {
        let calls = trunkline.calls();
        let answered = calls.iter().filter(|call| !call["answered"].is_null());
        (answered.count() == 2).then_some(())
    });
    assert!(talk.is_some(), "{:#?}", trunkline.calls());

    let ballast = trunkline.data("ballast");
    fill(&ballast);
    let folder = tempfile::tempdir().expect("a folder");
    let mut load = load(port, folder.path());
    says(&trunkline, TAKES_NONE);
    assert!(began.elapsed() < 18 * SECOND, "a call was over too soon");
    // Some of its calls were turned away; those that were not hang up by themselves.
    assert!(load.end(PATIENCE).is_some(), "{}", load.output());
    Sipp::call("caller_unavailable", "100", port, SECOND).succeeds();
    ends_meanwhile.succeeds();

    std::fs::remove_file(ballast).expect("the ballast is there");
    // A small batch may have fitted in between and said so already: what counts is what was said last.
    let takes = wait::until(PATIENCE, || {
        let output = trunkline.output();
        let (refuses, takes) = (TAKES_NONE, "the log takes facts again");
        (output.rfind(takes) > output.rfind(refuses)).then_some(())
    });
    assert!(takes.is_some(), "{}", trunkline.output());
    Sipp::call("caller", "100", port, SECOND).succeeds();
    goes_on.succeeds();
    let over = wait::until(PATIENCE, || {
        let calls = trunkline.calls();
        calls
            .iter()
            .all(|call| !call["end"].is_null())
            .then_some(())
    });
    assert!(over.is_some(), "{:#?}", trunkline.calls());
    history::is_whole(|arguments| trunkline.run(arguments), &trunkline.calls());
    let ready = wait::until(PATIENCE, || {
        (trunkline.get("/readyz").0 == 200).then_some(())
    });
    assert!(ready.is_some(), "{:?}", trunkline.get("/readyz"));
    let told = trunkline.output();
    assert!(told.matches(" WARN ").count() < 10, "{told}");
    trunkline.stop();
}

/// Writes until the disk is full.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file can be begun");
    let block = vec![1; 4_096];
    while file.write_all(&block).is_ok() {}
}

/// Forty calls a second, each a tenth of one long.
fn load(port: u16, folder: &Path) -> Process {
    let mut command = std::process::Command::new("sipp");
    command
        .args([
            "-sn",
            "uac",
            "-i",
            "127.0.0.1",
            "-nostdin",
            "-r",
            "40",
            "-m",
            "500",
            "-d",
            "100",
        ])
        .args(["-p", &ports::free(2).to_string(), "-s", "100"])
        .arg(format!("127.0.0.1:{port}"))
        .current_dir(folder);
    Process::start("load", &mut command, &folder.join("load.log"))
}

fn says(trunkline: &Trunkline, words: &str) {
    let said = wait::until(PATIENCE, || {
        trunkline.output().contains(words).then_some(())
    });
    assert!(
        said.is_some(),
        "it never says {words:?}:\n{}",
        trunkline.output()
    );
}
