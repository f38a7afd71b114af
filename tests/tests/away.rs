//! What keeps the log goes away while calls are up and new ones come: its server, its disk. `tests/run` runs
//! these; they need `cargo build -p trunkline`, SIPp and nats-server, and root for the disk.

use std::time::Duration;

use trunkline_tests::house::House;
use trunkline_tests::sipp::Sipp;
use trunkline_tests::wait;

const SECOND: Duration = Duration::from_secs(1);
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
