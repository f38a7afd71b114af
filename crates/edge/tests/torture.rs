//! The torture messages of RFC 4475 and RFC 5118 against a running edge, over UDP and over TCP.

mod live;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use live::{Live, PATIENCE, ip};
use sip::Name;
use sip::stream::{Framed, StreamParser};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use trunkline_edge::{Listen, RtpPorts};

/// A message, and what may become of it.
struct Row {
    file: String,
    octets: Vec<u8>,
    answers: Vec<String>,
    /// The same over a stream.
    stream: Vec<String>,
}

fn rows() -> Vec<Row> {
    let home = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torture");
    let manifest = std::fs::read_to_string(format!("{home}/manifest.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let rows = manifest["message"].as_array().unwrap();
    assert_eq!(rows.len(), 62);
    let texts = |values: &toml::Value| -> Vec<String> {
        let values = values.as_array().unwrap().iter();
        values.map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let row = |row: &toml::Value| {
        let file = row["file"].as_str().unwrap().to_owned();
        let octets = std::fs::read(format!("{home}/{file}")).unwrap();
        let answers = texts(&row["answers"]);
        let stream = row.get("stream").map_or_else(|| answers.clone(), texts);
        Row {
            file,
            octets,
            answers,
            stream,
        }
    };
    rows.iter().map(row).collect()
}

/// What is wrong with an outcome, if anything is.
fn fault(outcome: Option<u16>, allowed: &[String]) -> Option<String> {
    let status = match outcome {
        None => "silence".to_owned(),
        Some(status) if status <= 200 => "processed".to_owned(),
        Some(status) => status.to_string(),
    };
    let fits = allowed.contains(&status);
    (!fits).then(|| format!("{outcome:?}, but {allowed:?} are allowed"))
}

/// Each from an address of its own, from the port that its Via names, so that the answer finds the way back. A probe
/// behind each tells when nothing more will come. Some of them are one transaction by their branch: a fresh edge takes
/// each for what it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_gets_an_outcome_by_udp_that_its_manifest_allows() {
    let mut wrong = BTreeMap::new();
    for (number, row) in rows().into_iter().enumerate() {
        let (first, last) = (21_200, 21_299);
        let live = Live::start([127, 74, 255, 1], RtpPorts { first, last }).await;
        let outcome = by_udp(live.address, u8::try_from(number).unwrap(), &row.octets).await;
        live.stop().await;
        if let Some(fault) = fault(outcome, &row.answers) {
            wrong.insert(row.file, fault);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Each by a connection of its own, with a probe behind it. Where the probe is no message any more, because the one
/// before it does not end where it should, the end of the connection tells that nothing more will come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_gets_an_outcome_by_tcp_that_its_manifest_allows() {
    let mut wrong = BTreeMap::new();
    for row in rows() {
        let (first, last) = (21_700, 21_799);
        let listens = Listen::parse("tcp://127.75.255.1:0").unwrap();
        let live = Live::with(&listens, |configuration| {
            configuration.rtp_ports = RtpPorts { first, last };
        })
        .await;
        let outcome = by_tcp(live.address, &row).await;
        live.stop().await;
        if let Some(fault) = fault(outcome, &row.stream) {
            wrong.insert(row.file, fault);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The first status that a message gets; `None` if nothing comes before the probe is answered or the connection ends.
async fn by_tcp(edge: SocketAddr, row: &Row) -> Option<u16> {
    let mut stream = TcpStream::connect(edge).await.unwrap();
    let here = stream.local_addr().unwrap();
    let mut octets = row.octets.clone();
    octets.extend_from_slice(probe("TCP", here, 0).as_bytes());
    // The edge may close it before it has read all of this.
    let _ = stream.write_all(&octets).await;
    if swallows_what_follows(&row.octets) {
        stream.shutdown().await.unwrap();
    }
    let mut parser = StreamParser::new();
    let mut first = None;
    loop {
        while let Some(framed) = parser.poll() {
            let Framed::Message(message) = framed else {
                panic!("{}: the edge says {framed:?}", row.file);
            };
            if message.header(Name::CallId) == Some("probe0") {
                return first;
            }
            first = first.or(message.status().map(sip::StatusCode::get));
        }
        let mut buffer = [0; 4_096];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await;
        match read.unwrap_or_else(|_| panic!("{}: nothing comes", row.file)) {
            Ok(length) if length > 0 => parser.feed(&buffer[..length]),
            _ => return first,
        }
    }
}

/// Whether a stream takes what stands behind the message for a part of it.
fn swallows_what_follows(octets: &[u8]) -> bool {
    let mut parser = StreamParser::new();
    parser.feed(octets);
    while parser.poll().is_some() {}
    !parser.is_lost() && !parser.is_between_messages()
}

fn probe(transport: &str, here: SocketAddr, number: u8) -> String {
    format!(
        "OPTIONS sip:edge SIP/2.0\r\nVia: SIP/2.0/{transport} {here};rport;branch=z9hG4bKprobe{number}\r\n\
         From: <sip:probe@{here}>;tag=p\r\nTo: <sip:edge>\r\nCall-ID: probe{number}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The first status that a message gets; `None` if nothing comes before the answer to the probe behind it.
async fn by_udp(edge: SocketAddr, number: u8, octets: &[u8]) -> Option<u16> {
    let message = sip::Message::parse(octets.to_vec().into());
    let message = match &message {
        Ok(message) => message,
        Err(malformed) => malformed.partial(),
    };
    let via = message.top_via().ok();
    let port = via
        .filter(|via| via.rport().is_none())
        .map_or(0, |via| via.port().unwrap_or(5_060));
    let socket = UdpSocket::bind((ip([127, 74, number, 2]), port))
        .await
        .unwrap();
    let here = socket.local_addr().unwrap();
    socket.send_to(octets, edge).await.unwrap();
    let probe = probe("UDP", here, number);
    socket.send_to(probe.as_bytes(), edge).await.unwrap();
    let mut first = None;
    loop {
        let mut buffer = [0; 65_535];
        let received = tokio::time::timeout(PATIENCE, socket.recv_from(&mut buffer)).await;
        let (length, _) = received.expect("the edge is alive").unwrap();
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if answer.contains(&format!("Call-ID: probe{number}\r\n")) {
            assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
            return first;
        }
        let status = answer.get(8..11).and_then(|status| status.parse().ok());
        first = first.or(status);
    }
}
