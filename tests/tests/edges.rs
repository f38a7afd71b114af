//! Two edges on one log are one switch: what a trunk may bring, it may bring by both together. `tests/run` runs this;
//! it needs `cargo build -p trunkline`, SIPp and nats-server.

use std::time::Duration;

use trunkline_tests::house::House;
use trunkline_tests::sipp::Sipp;
use trunkline_tests::wait;

const SECOND: Duration = Duration::from_secs(1);
/// How long it may take until one edge has heard of the other's calls: a statement a second, and the log between.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs SIPp and nats-server: tests/run"]
fn a_limit_holds_across_edges() {
    let house = House::build(
        "[trunk.office]\nsources = [\"127.0.0.1\"]\nlimit = { calls = 1, retry_after_s = 5 }\n\
         [number.100]\nagent = \"echo\"\n",
    );
    let mut roles = house.roles();
    let (mut other, other_port) = house.another_edge();
    let goes_on = Sipp::call("caller", "100", house.sip_port(), 8 * SECOND);
    // Until the other edge has heard of that call, it takes one as well, which is over at once.
    let by_limit = |call: &serde_json::Value| {
        let cause = call["end"]["cause"].as_str().unwrap_or_default();
        cause.starts_with("limit of trunk office")
    };
    let refused = wait::until(PATIENCE, || {
        Sipp::call("caller_either", "100", other_port, SECOND / 10).succeeds();
        house.calls().iter().any(by_limit).then_some(())
    });
    assert!(refused.is_some(), "{:#?}", house.calls());
    goes_on.succeeds();
    let answered = || {
        let calls = house.calls();
        calls
            .iter()
            .filter(|call| !call["answered"].is_null())
            .count()
    };
    let before = answered();
    let taken = wait::until(PATIENCE, || {
        Sipp::call("caller_either", "100", other_port, SECOND / 10).succeeds();
        (answered() > before).then_some(())
    });
    assert!(taken.is_some(), "{:#?}", house.calls());
    house.history_is_whole();
    for role in roles.iter_mut().chain([&mut other]) {
        role.terminate();
        let status = role.end(PATIENCE);
        let code = status.and_then(|status| status.code());
        assert_eq!(code, Some(0), "{}", role.output());
    }
}
