//! The 62 messages of RFC 4475 and RFC 5118 through the endpoint: each gets an outcome that its manifest allows.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use serde::Deserialize;
use trunkline_sip::endpoint::Endpoint;
use trunkline_sip::endpoint::config::Config;
use trunkline_sip::endpoint::event::Event;
use trunkline_sip::endpoint::extra::Extra;
use trunkline_sip::endpoint::flow::{Flow, Transport};
use trunkline_sip::endpoint::output::{Input, Output};
use trunkline_sip::{Message, Name, StatusCode};

#[derive(Deserialize)]
struct Manifest {
    message: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    file: String,
    transport: String,
    answers: Vec<String>,
}

#[test]
fn every_message_gets_an_answer_that_its_manifest_allows() {
    let rows = rows();
    assert_eq!(rows.len(), 62);
    for row in rows {
        let (sent, processed) = outcome(&row);
        let finals: Vec<&Message> = sent
            .iter()
            .filter(|m| m.status() != Some(StatusCode::TRYING))
            .collect();
        let told = match finals.as_slice() {
            [] => "silence".to_owned(),
            [one] => one.status().unwrap().to_string(),
            more => panic!("{}: {} answers", row.file, more.len()),
        };
        let fits = row.answers.contains(&told)
            || (processed && row.answers.iter().any(|a| a == "processed"));
        assert!(
            fits,
            "{}: {told}, but the manifest wants {:?}",
            row.file, row.answers
        );
        for answer in finals {
            check_headers(&row.file, answer);
        }
    }
}

/// What the endpoint sends, and whether its user was asked, who accepts everything.
fn outcome(row: &Row) -> (Vec<Message>, bool) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to count from"
    )]
    let now = Instant::now();
    let mut endpoint = Endpoint::new(Config::new([7; 32]));
    let transport = match row.transport.as_str() {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        other => panic!("{other}"),
    };
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    let flow = Flow::new(
        transport,
        address("192.0.2.9:5060"),
        address("192.0.2.1:5060"),
    );
    endpoint.handle(
        Input::Datagram {
            bytes: octets(&row.file),
            flow,
        },
        now,
    );
    let mut sent = Vec::new();
    let mut processed = false;
    while let Some(output) = endpoint.poll() {
        match output {
            Output::Send(send) => {
                assert_ne!(
                    send.flow.remote.ip().to_string(),
                    "255.255.255.255",
                    "{}",
                    row.file
                );
                sent.push(Message::parse(send.bytes).unwrap());
            }
            Output::Event(Event::IncomingInvite { leg, .. }) => {
                processed = true;
                endpoint
                    .answer(
                        leg,
                        Some(Bytes::from_static(b"v=0\r\n")),
                        Extra::none(),
                        now,
                    )
                    .unwrap();
            }
            Output::Event(Event::OptionsReceived { transaction, .. }) => {
                processed = true;
                endpoint
                    .answer_options(transaction, StatusCode::OK, None, Extra::none(), now)
                    .unwrap();
            }
            // Nobody looks names up here.
            Output::Event(Event::HopNamed { .. }) => {}
            Output::Event(event) => panic!("{}: {event:?}", row.file),
            Output::Received(_) | Output::TimerFired { .. } => {}
        }
    }
    (sent, processed)
}

fn check_headers(file: &str, answer: &Message) {
    let status = answer.status().unwrap().get();
    let must = match status {
        405 | 501 => Some(Name::Allow),
        415 => Some(Name::Accept),
        420 => Some(Name::Unsupported),
        _ => None,
    };
    if let Some(name) = must {
        assert!(
            answer.header(name).is_some(),
            "{file}: {status} without {name}"
        );
    }
    if status == 200 {
        assert!(
            answer.to().unwrap().tag().is_some(),
            "{file}: 200 without To tag"
        );
        assert!(
            answer.header(Name::Contact).is_some(),
            "{file}: 200 without Contact"
        );
    }
}

fn home() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torture"))
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(home().join("manifest.toml")).unwrap();
    toml::from_str::<Manifest>(&text).unwrap().message
}

fn octets(file: &str) -> Bytes {
    Bytes::from(fs::read(home().join(file)).unwrap())
}
