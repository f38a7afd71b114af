//! TCP and TLS with programs that others wrote: SIPp calls by TCP, OpenSSL speaks TLS. `tests/run` runs these; they need
//! `cargo build -p trunkline`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

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
    let (certificate, key) = certificate(folder.path());
    let port = ports::free(2);
    let tls = format!("\n[edge.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n\n{REST}");
    let trunkline = Trunkline::serve_also(&format!("tls://127.0.0.1:{port}"), &tls);
    let (ok, said) = openssl(port, "-tls1_3", &certificate);
    assert!(ok && said.contains("SIP/2.0 200 OK"), "{said}");
    assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
    let (ok, said) = openssl(port, "-tls1_2", &certificate);
    assert!(!ok && said.contains("protocol version"), "{said}");
    let told = wait::until(10 * SECOND, || {
        let (_, notices) = trunkline.get("/api/notices");
        notices.contains("no version of TLS").then_some(notices)
    });
    assert!(told.is_some(), "{}", trunkline.get("/api/notices").1);
    trunkline.stop();
}

/// A certificate of its own authority, made by OpenSSL.
fn certificate(folder: &Path) -> (String, String) {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (file("edge.pem"), file("edge.key"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=edge.test"])
        .args(["-addext", "subjectAltName=DNS:edge.test"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .expect("openssl can be started");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    (certificate, key)
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
