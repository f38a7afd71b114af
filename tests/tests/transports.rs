//! TCP and TLS with programs that others wrote: SIPp calls by TCP, OpenSSL speaks TLS. `tests/run` runs these; they need
//! `cargo build -p trunkline`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use trunkline_tests::authority::Authority;
use trunkline_tests::process::Process;
use trunkline_tests::sipp::Sipp;
use trunkline_tests::system::Trunkline;
use trunkline_tests::{ports, wait};

const SECOND: Duration = Duration::from_secs(1);

const REST: &str =
    "[trunk.office]\nsources = [\"127.0.0.0/8\"]\n\n[number.\"*\"]\nagent = \"echo\"\n";

#[test]
#[ignore = "needs SIPp: tests/run"]
fn a_scripted_caller_calls_by_tcp() {
    let trunkline = Trunkline::serve(REST);
    let caller = Sipp::call_by_tcp("caller", "100", trunkline.sip_port(), SECOND);
    caller.succeeds();
    let calls = trunkline.calls_over(1);
    assert_eq!(calls[0]["outcome"], "completed", "{calls:#?}");
    trunkline.stop();
}

#[test]
#[ignore = "needs OpenSSL: tests/run"]
fn openssl_proves_us_by_tls_1_3_and_is_told_when_it_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    let (certificate, key) = authority.sign("edge.test", 20);
    let port = ports::free(2);
    let tls = format!("\n[edge.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n\n{REST}");
    let trunkline = Trunkline::serve_also(&format!("tls://127.0.0.1:{port}"), &tls);
    let (ok, said) = openssl(port, "-tls1_3", &authority.file);
    assert!(ok && said.contains("SIP/2.0 200 OK"), "{said}");
    assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
    let (ok, said) = openssl(port, "-tls1_2", &authority.file);
    assert!(!ok && said.contains("protocol version"), "{said}");
    let told = wait::until(10 * SECOND, || {
        let (_, notices) = trunkline.get("/api/notices");
        notices.contains("no version of TLS").then_some(notices)
    });
    assert!(told.is_some(), "{}", trunkline.get("/api/notices").1);
    trunkline.stop();
}

/// What `trunkline` tells of a refusal: the trunk, the parts of the sentence, the alert, the versions, the remedy.
type Told = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

#[test]
#[ignore = "needs OpenSSL: tests/run"]
fn who_connects_and_is_refused_is_told_with_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let stranger = Authority::new(folder.path(), "stranger");
    let (certificate, key) = ours.sign("edge.test", 2);
    let port = ports::free(2);
    let mut rest = format!("[edge.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n");
    let trunks = [
        ("ancient", 2, false),
        ("old", 3, false),
        ("distrusts", 4, false),
        ("elsewhere", 5, false),
        ("bare", 6, true),
        ("strange", 7, true),
        ("expired", 8, true),
        ("plain", 1, false),
    ];
    for (name, address, proves) in trunks {
        rest += &format!("[trunk.{name}]\nsources = [\"127.0.0.{address}\"]\n");
        if proves {
            rest += &format!("ca = {:?}\ncertificate_required = true\n", ours.file);
        }
    }
    rest += "[number.\"*\"]\nagent = \"echo\"\n";
    let trunkline = Trunkline::serve_also(&format!("tls://127.0.0.1:{port}"), &rest);
    let strange = stranger.sign("pbx.test", 2);
    let expired = ours.sign("pbx.test", -1);
    let trusts = ["-CAfile", &ours.file, "-verify_return_error"];
    let connect = |address: u8, more: &[&str]| client(port, address, more);
    connect(2, &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    connect(3, &["-tls1_2"]);
    connect(4, &["-CAfile", &stranger.file, "-verify_return_error"]);
    connect(
        5,
        &[&trusts[..], &["-verify_hostname", "sip.test"]].concat(),
    );
    connect(6, &[]);
    connect(7, &["-cert", &strange.0, "-key", &strange.1]);
    connect(8, &["-cert", &expired.0, "-key", &expired.1]);
    let mut plain = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let options = b"OPTIONS sip:edge SIP/2.0\r\n\r\n";
    plain.write_all(options).expect("it reads");
    let older = "there is no version of TLS that both sides speak";
    let told: [Told; 8] = [
        (
            "ancient",
            older,
            "we sent the alert handshake_failure",
            "it offered TLS 1.1, we take 1.3",
            "or 1.2 together with `tls_min",
        ),
        (
            "old",
            older,
            "we sent the alert protocol_version",
            "it offered TLS 1.2, we take 1.3",
            "or here, let 1.2 in by `tls_min = \"1.2\"` in [trunk.old]",
        ),
        (
            "distrusts",
            "the peer ended the handshake with unknown_ca",
            "it sent the alert unknown_ca",
            "we take 1.3",
            "at the peer, trust who signed our certificate",
        ),
        (
            "elsewhere",
            "the peer ended the handshake with",
            "it sent the alert",
            "we take 1.3",
            "here, look at the `certificate` of [edge.tls]",
        ),
        (
            "bare",
            "the peer showed no certificate",
            "we sent the alert certificate_required",
            "we take 1.3",
            "at the peer, turn its client certificate on",
        ),
        (
            "strange",
            "signed by no authority that is trusted here",
            "we sent the alert unknown_ca",
            "we take 1.3",
            "here, name who signed the peer's certificate in `ca` of [trunk.strange]",
        ),
        (
            "expired",
            "the peer's certificate has expired",
            "we sent the alert certificate_expired",
            "we take 1.3",
            "at the peer, renew the certificate",
        ),
        (
            "plain",
            "the peer speaks SIP without TLS",
            "no alert was seen",
            "we take TLS 1.3, what it offers cannot be told",
            "at the peer, choose TLS for this port",
        ),
    ];
    told.iter().for_each(|told| is_told(&trunkline, told));
    trunkline.stop();
}

#[test]
#[ignore = "needs OpenSSL: tests/run"]
fn whom_we_connect_to_in_vain_is_told_with_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = Authority::new(folder.path(), "theirs");
    let stranger = Authority::new(folder.path(), "stranger");
    let pbx = theirs.sign("pbx.test", 2);
    let other = theirs.sign("other.test", 2);
    let expired = theirs.sign("pbx.test", -1);
    let strange = stranger.sign("pbx.test", 2);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let plain = listener.local_addr().expect("it is bound").port();
    let serve = |name: &str, shown: &(String, String), more: &[&str]| {
        server(folder.path(), name, shown, more)
    };
    let asks = [
        "-Verify",
        "1",
        "-verify_return_error",
        "-CAfile",
        theirs.file.as_str(),
    ];
    let servers = [
        serve("older", &pbx, &["-tls1_2"]),
        serve("misnamed", &other, &[]),
        serve("strange", &strange, &[]),
        serve("expired", &expired, &[]),
        serve("asks", &pbx, &asks),
        serve("distrusts", &pbx, &asks),
    ];
    let ports = servers.iter().map(|(port, _)| *port).chain([plain]);
    let names = [
        "older",
        "misnamed",
        "strange",
        "expired",
        "asks",
        "distrusts",
        "plain",
    ];
    let mut rest = String::new();
    for (name, port) in names.iter().zip(ports) {
        rest += &format!("[trunk.{name}]\ntarget = \"sip:127.0.0.1:{port};transport=tls\"\n");
        rest += &format!("sources = [\"192.0.2.{}\"]\n", port % 200);
        rest += &format!(
            "ca = {:?}\ntls_name = \"pbx.test\"\nprobe_s = 5\n",
            theirs.file
        );
        if *name == "distrusts" {
            rest += &format!("certificate = {:?}\nkey = {:?}\n", strange.0, strange.1);
        }
    }
    rest += "[number.\"*\"]\nagent = \"echo\"\n";
    let answers = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        stream.write_all(b"SIP/2.0 400 Bad Request\r\n\r\n")
    });
    let trunkline = Trunkline::serve(&rest);
    let told: [Told; 7] = [
        (
            "older",
            "TLS",
            "protocol_version",
            "we offered TLS 1.3",
            "tls_min = \"1.2\"` in [trunk.older]",
        ),
        (
            "misnamed",
            "the peer's certificate is for other.test, not for pbx.test",
            "we sent the alert bad_certificate",
            "we offered TLS 1.3, it chose 1.3",
            "here, set `tls_name` of [trunk.misnamed] to a name in its certificate",
        ),
        (
            "strange",
            "signed by no authority that is trusted here",
            "we sent the alert unknown_ca",
            "it chose 1.3",
            "here, name who signed the peer's certificate in `ca` of [trunk.strange]",
        ),
        (
            "expired",
            "the peer's certificate has expired",
            "we sent the alert certificate_expired",
            "it chose 1.3",
            "at the peer, renew the certificate",
        ),
        (
            "asks",
            "the peer ended the handshake with certificate_required",
            "it sent the alert certificate_required",
            "it chose 1.3",
            "here, name `certificate` and `key` in [trunk.asks] or [edge.tls]",
        ),
        (
            "distrusts",
            "the peer ended the handshake with unknown_ca",
            "it sent the alert unknown_ca",
            "it chose 1.3",
            "at the peer, trust who signed our certificate",
        ),
        (
            "plain",
            "the peer speaks SIP without TLS",
            "no alert was seen",
            "we offered TLS 1.3",
            "here, name the peer's port for TLS in `target` of [trunk.plain]",
        ),
    ];
    told.iter().for_each(|told| is_told(&trunkline, told));
    answers.join().expect("it answered").expect("we were there");
    trunkline.stop();
}

/// The trunk's page and `trunkline trunk ID` tell the same.
fn is_told(trunkline: &Trunkline, (trunk, what, alert, versions, remedy): &Told) {
    let told = wait::until(20 * SECOND, || {
        let (code, text) = trunkline.run(&["trunk", trunk]);
        let told = code.is_some() && text.contains("TLS handshake");
        told.then_some(text)
    });
    let text = told.unwrap_or_else(|| panic!("nothing is told of {trunk}\n{}", trunkline.output()));
    for part in [what, alert, versions, remedy] {
        assert!(text.contains(part), "{trunk}: {part}\n{text}");
    }
    // The CLI reads the log itself; the page's projection follows it.
    let seen = wait::until(20 * SECOND, || {
        let (_, page) = trunkline.get(&format!("/api/trunks/{trunk}"));
        let page: serde_json::Value = serde_json::from_str(&page).expect("it is JSON");
        let seen = &page["health"]["tls_refused"];
        (!seen.is_null()).then(|| seen.to_string())
    });
    let seen = seen.unwrap_or_else(|| panic!("the page tells nothing of {trunk}"));
    for part in [what, alert, versions] {
        assert!(seen.contains(part), "{trunk}: {part}\n{seen}");
    }
}

/// Connects from an address of this machine, as somebody who says nothing.
fn client(port: u16, address: u8, more: &[&str]) {
    let ended = Command::new("openssl")
        .args(["s_client", "-connect", &format!("127.0.0.1:{port}")])
        .args([
            "-bind",
            &format!("127.0.0.{address}:0"),
            "-servername",
            "edge.test",
        ])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .expect("openssl can be started");
    eprintln!("{}", String::from_utf8_lossy(&ended.stderr));
}

/// A server of OpenSSL that shows this certificate; its port.
fn server(
    folder: &Path,
    name: &str,
    (certificate, key): &(String, String),
    more: &[&str],
) -> (u16, Process) {
    let port = ports::free(2);
    let mut command = Command::new("openssl");
    command
        .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-www"])
        .args(["-cert", certificate, "-key", key])
        .args(more);
    let log = folder.join(format!("{name}.log"));
    (port, Process::start("openssl", &mut command, &log))
}

/// Sends an OPTIONS by TLS; whether the handshake went well, and everything that was said.
fn openssl(port: u16, version: &str, authority: &str) -> (bool, String) {
    let mut client = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &format!("127.0.0.1:{port}"),
            version,
        ])
        .args(["-servername", "edge.test", "-verify_hostname", "edge.test"])
        .args(["-CAfile", authority, "-verify_return_error", "-ign_eof"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl can be started");
    let options = "OPTIONS sip:edge SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKo\r\n\
                   From: <sip:probe@127.0.0.1>;tag=p\r\nTo: <sip:edge>\r\nCall-ID: openssl\r\nCSeq: 1 OPTIONS\r\n\
                   Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
    let mut stdin = client.stdin.take().expect("it was piped");
    // When the handshake failed nobody reads.
    let _ = stdin.write_all(options.as_bytes());
    let mut stdout = client.stdout.take().expect("it was piped");
    let mut said = Vec::new();
    let mut octets = [0; 4_096];
    loop {
        let read = stdout.read(&mut octets).unwrap_or_default();
        said.extend_from_slice(&octets[..read]);
        // The answer ends with an empty line, and so far nothing else does that says 200.
        let text = String::from_utf8_lossy(&said);
        let answered = text
            .split_once("SIP/2.0 200")
            .is_some_and(|(_, rest)| rest.contains("\r\n\r\n"));
        if read == 0 || answered {
            break;
        }
    }
    drop(stdin);
    let _ = client.kill();
    let output = client.wait_with_output().expect("it ends");
    let mut text = String::from_utf8_lossy(&said).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    let ok = text.contains("SIP/2.0 200");
    (ok, text)
}
