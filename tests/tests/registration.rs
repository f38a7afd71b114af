//! Passwords and registrations with programs that others wrote: baresip registers with us, we register with Kamailio, and
//! calls go both ways. `tests/run` runs these; they need `cargo build -p trunkline`, baresip and Kamailio.

use std::time::Duration;

use trunkline_tests::authority::Authority;
use trunkline_tests::baresip::{Account, Baresip, Called, SOON};
use trunkline_tests::kamailio::{self, Kamailio};
use trunkline_tests::names::Names;
use trunkline_tests::sipp::{self, Sipp};
use trunkline_tests::system::Trunkline;
use trunkline_tests::{ports, wait};

/// What the caller's phone plays, in hertz.
const CALLER_HZ: u32 = 440;
/// What the other phone plays.
const OTHER_HZ: u32 = 700;
/// What a third one plays.
const BOT_HZ: u32 = 1_500;

#[test]
#[ignore = "needs baresip: tests/run"]
fn a_phone_registers_here_with_its_password_is_called_and_calls() {
    let trunkline = Trunkline::serve(
        // Before 2.0 baresip gives up at a challenge for a hash that it does not know, whatever else is offered: whoever
        // comes with its domain is offered MD5 alone.
        r#"[edge.digest]
algorithms = ["SHA-512-256", "SHA-256"]

[trunk.branch]
login = { user = "branch-7", password = "hunter2", algorithms = ["MD5"], domain = "127.0.0.1" }
registers = true

[trunk.office]
login = { user = "office-1", password = "correct-horse", algorithms = ["MD5"], domain = "127.0.0.1" }

[number."100"]
agent = "echo"

[number."200"]
agent = "menu"

[agent.menu]
kind = "menu"
choices = { "1" = "branch" }

[transfer.branch]
to = "sip:4930500@branch.test"
trunk = "branch"
"#,
    );
    let registrar = trunkline.sip_port();
    let of = |user, password, registers| Account {
        user,
        password,
        registrar,
        registers,
    };
    let account = of("branch-7", "hunter2", true);
    let mut branch = Baresip::with_account(&account, Called::Answers, OTHER_HZ);
    // The phone may have said so before anybody listened.
    let told = notice(&trunkline, "trunk branch registered from 127.0.0.1");
    assert!(told, "{}", trunkline.get("/api/notices").1);

    // It calls from where it is, and is asked for nothing.
    branch.dial(&trunkline.uri("100"));
    branch.event("CALL_ESTABLISHED");
    branch.hears(OTHER_HZ, 0.5);
    branch.hang_up();
    trunkline.calls_over(1);

    // Somebody who is not registered has to prove his password, and reaches it through the menu.
    let account = of("office-1", "correct-horse", false);
    let mut caller = Baresip::with_account(&account, Called::Rings, CALLER_HZ);
    caller.dial(&trunkline.uri("200"));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    branch.event("CALL_ESTABLISHED");
    caller.talks_with(&mut branch, 1.0);
    caller.hang_up();
    let calls = trunkline.calls_over(2);
    assert_eq!(calls[0]["trunk"], "office", "{calls:#?}");
    assert_eq!(calls[0]["outcome"], "completed", "{calls:#?}");
    assert_eq!(calls[1]["trunk"], "branch", "{calls:#?}");

    // A wrong password gets nobody anywhere.
    let account = of("branch-7", "hunter3", false);
    let mut guesser = Baresip::with_account(&account, Called::Rings, CALLER_HZ);
    guesser.dial(&trunkline.uri("100"));
    let closed = guesser.event("CALL_CLOSED");
    assert!(closed["param"].to_string().contains("403"), "{closed}");
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip and Kamailio: tests/run"]
fn we_register_with_kamailio_and_calls_go_through_it_both_ways() {
    let mut agent = Baresip::start("agent", Called::Answers, OTHER_HZ);
    let proxy = Kamailio::start(agent.port());
    let port = proxy.port();
    let trunkline = Trunkline::serve(&carrier(
        &format!("target = \"127.0.0.1:{port}\"\n"),
        "sip:agent@127.0.0.1",
    ));
    proxy.says("bound 4930123 expires=300");
    assert!(notice(&trunkline, "registered at trunk carrier"));

    // Its call names the Contact that we registered; ours is challenged and proves the password.
    a_call_comes_through(&proxy, &mut agent, &trunkline);
    trunkline.stop();
    proxy.says("bound 4930123 expires=0");
}

#[test]
#[ignore = "needs baresip and Kamailio: tests/run"]
fn an_outbound_proxy_has_two_targets_and_one_is_dead() {
    let mut agent = Baresip::start("agent", Called::Answers, OTHER_HZ);
    let proxy = Kamailio::start(agent.port());
    let dead = ports::free(2);
    let names = Names::serve("_sip._tcp.out.test", &[dead, proxy.port()]);
    let account = "target = \"sip:carrier.test\"\nproxy = \"sip:out.test;transport=tcp;lr\"\n";
    let rest = carrier(account, "sip:agent@carrier.test");
    let trunkline = Trunkline::serve_by_names(names.address, &rest);
    proxy.says("bound 4930123 expires=300");

    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    caller.dial(&format!(
        "sip:{}@127.0.0.1:{}",
        kamailio::USER,
        proxy.port()
    ));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    agent.event("CALL_ESTABLISHED");
    proxy.says("routed agent");
    caller.hears(OTHER_HZ, 1.0);
    agent.hang_up();
    caller.event("CALL_CLOSED");
    let calls = trunkline.calls_over(1);
    assert_eq!(calls[0]["outcome"], "completed", "{calls:#?}");
    trunkline.stop();
    proxy.says("bound 4930123 expires=0");
}

#[test]
#[ignore = "needs baresip and OpenSSL: tests/run"]
fn a_phone_registers_calls_holds_and_is_called_by_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(folder.path(), "authority");
    let (certificate, key) = authority.sign("127.0.0.1", 20);
    let port = ports::free(2);
    let mut bot = Baresip::start("bot", Called::Answers, BOT_HZ);
    let early = Sipp::listen("agent_tone", Duration::from_secs(1));
    let trunkline = Trunkline::serve_also(
        &format!("tls://127.0.0.1:{port}"),
        &format!(
            r#"[edge.tls]
certificate = {certificate:?}
key = {key:?}

[trunk.branch]
login = {{ user = "branch-7", password = "hunter2", algorithms = ["MD5"], domain = "127.0.0.1" }}
registers = true

[trunk.office]
login = {{ user = "office-1", password = "correct-horse", algorithms = ["MD5"], domain = "127.0.0.1" }}

[number."100"]
agent = "echo"

[number."200"]
agent = "menu"

[number."300"]
agent = "bot"

[number."400"]
agent = "early"

[agent.bot]
kind = "sip"
uri = "{}"

[agent.early]
kind = "sip"
uri = "sip:agent@127.0.0.1:{}"

[agent.menu]
kind = "menu"
choices = {{ "1" = "branch" }}

[transfer.branch]
to = "sip:4930500@branch.test"
trunk = "branch"
"#,
            bot.uri(),
            early.port()
        ),
    );
    let account = Account {
        user: "branch-7",
        password: "hunter2",
        registrar: port,
        registers: true,
    };
    let mut branch =
        Baresip::with_account_by_tls(&account, &authority.file, Called::Answers, OTHER_HZ);
    assert!(
        notice(&trunkline, "trunk branch registered from 127.0.0.1"),
        "{}",
        branch.output()
    );

    // It calls by the connection of its registration, and hears who has not answered yet.
    branch.dial(&format!("sip:400@127.0.0.1:{port};transport=tls"));
    branch.event("CALL_PROGRESS");
    branch.hears(sipp::TONE_HZ, 1.0);
    branch.event("CALL_ESTABLISHED");
    branch.hang_up();
    early.succeeds();
    trunkline.calls_over(1);

    // It holds, and takes the call again. baresip 1.0.0 neither plays nor records any more after that, with another baresip
    // too: what is heard then is proven with SIPp.
    branch.dial(&format!("sip:300@127.0.0.1:{port};transport=tls"));
    branch.event("CALL_ESTABLISHED");
    branch.hears(BOT_HZ, 0.5);
    bot.hears(OTHER_HZ, 0.5);
    branch.hold();
    told(&trunkline, "put the call on hold");
    branch.resume();
    told(&trunkline, "took the call from hold");
    branch.hang_up();
    bot.event("CALL_CLOSED");
    let calls = trunkline.calls_over(2);
    for call in &calls {
        assert_eq!(call["trunk"], "branch", "{calls:#?}");
        assert_eq!(call["outcome"], "completed", "{calls:#?}");
    }

    // It is called by the same connection.
    let account = Account {
        user: "office-1",
        password: "correct-horse",
        registrar: trunkline.sip_port(),
        registers: false,
    };
    let mut caller = Baresip::with_account(&account, Called::Rings, CALLER_HZ);
    caller.dial(&trunkline.uri("200"));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    branch.event("CALL_ESTABLISHED");
    caller.talks_with(&mut branch, 1.0);
    caller.hang_up();
    trunkline.calls_over(3);
    trunkline.stop();
}

#[test]
#[ignore = "needs baresip, Kamailio and OpenSSL: tests/run"]
fn we_register_and_call_by_tls_and_each_side_proves_who_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(folder.path(), "authority");
    let (certificate, key) = authority.sign("edge.test", 20);
    let proxys = authority.sign("proxy.test", 20);
    let mut agent = Baresip::start("agent", Called::Answers, OTHER_HZ);
    let proxy = Kamailio::start_by_tls(agent.port(), &proxys, &authority.file);
    let tls = ports::free(2);
    let trunk = format!(
        "target = \"sip:127.0.0.1:{};transport=tls\"\nca = {:?}\ntls_name = \"proxy.test\"\ncertificate_required = true\n",
        proxy.tls_port(),
        authority.file
    );
    let rest = carrier(&trunk, "sip:agent@127.0.0.1");
    let rest = format!("[edge.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n\n{rest}");
    let trunkline = Trunkline::serve_also(&format!("tls://127.0.0.1:{tls}"), &rest);
    proxy.says("bound 4930123 expires=300 by tls");
    a_call_comes_through(&proxy, &mut agent, &trunkline);
    trunkline.stop();
    proxy.says("bound 4930123 expires=0 by tls");
}

/// Somebody calls the number that we registered, and whom he chooses answers; both hear each other.
fn a_call_comes_through(proxy: &Kamailio, agent: &mut Baresip, trunkline: &Trunkline) {
    let mut caller = Baresip::start("caller", Called::Rings, CALLER_HZ);
    let port = proxy.port();
    caller.dial(&format!("sip:{}@127.0.0.1:{port}", kamailio::USER));
    caller.event("CALL_ESTABLISHED");
    caller.press('1');
    agent.event("CALL_ESTABLISHED");
    caller.talks_with(agent, 1.0);
    caller.hang_up();
    agent.event("CALL_CLOSED");
    let calls = trunkline.calls_over(1);
    assert_eq!(calls[0]["trunk"], "carrier", "{calls:#?}");
    assert_eq!(calls[0]["outcome"], "completed", "{calls:#?}");
}

/// A trunk that we register at, whose callers choose somebody behind the same trunk.
fn carrier(trunk: &str, agent: &str) -> String {
    format!(
        r#"[trunk.carrier]
{trunk}account = {{ user = "{user}", auth_user = "{auth_user}", password = "{password}" }}
register = {{}}

[number."{user}"]
agent = "menu"

[agent.menu]
kind = "menu"
choices = {{ "1" = "agent" }}

[transfer.agent]
to = "{agent}"
trunk = "carrier"
"#,
        user = kamailio::USER,
        auth_user = kamailio::AUTH_USER,
        password = kamailio::PASSWORD,
    )
}

/// Waits until the timeline of the newest call tells this.
fn told(trunkline: &Trunkline, text: &str) {
    let look = || {
        let calls = trunkline.calls();
        let call = calls.first()?["call"].as_str()?.to_owned();
        let (_, told) = trunkline.run(&["call", &call]);
        told.contains(text).then_some(())
    };
    assert!(wait::until(SOON, look).is_some(), "nobody {text}");
}

/// Whether a notice says this soon.
fn notice(trunkline: &Trunkline, text: &str) -> bool {
    let told = wait::until(SOON, || {
        let (_, notices) = trunkline.get("/api/notices");
        notices.contains(text).then_some(())
    });
    told.is_some()
}
