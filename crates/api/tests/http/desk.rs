//! A running API with its log and directory, and who talks to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use journal::{EventLog, Memory, Stream};
use schemas::{CallId, Chain, Draft, Event, Lane, NodeName, Position, Subject, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_api::{Api, Error, Settings};

use crate::script;

pub const BRIDGED: &str = include_str!("../../../../projections/tests/calls/bridged-transfer.call");
pub const REFUSED: &str = include_str!("../../../../projections/tests/calls/no-route.call");
pub const HELD: &str = include_str!("../../../../projections/tests/calls/held.call");
pub const RECORDED: &str = include_str!("../../../../projections/tests/calls/recorded.call");
pub const ASKED: &str = include_str!("../../../../projections/tests/calls/stream-agent-asks.call");
pub const HOSTILE: &str = include_str!("../../../../projections/tests/calls/hostile.call");

/// The resource of a call, as a bot names it.
pub fn calls_of(number: u8) -> String {
    let call: CallId = id(number).parse().unwrap();
    let sid: String = call.0.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("/2010-04-01/Accounts/AC7/Calls/CA{sid}.json")
}

/// A running API with its log and directory.
pub struct Desk {
    pub log: Arc<dyn EventLog>,
    pub data: tempfile::TempDir,
    pub address: SocketAddr,
    pub cancel: CancellationToken,
    pub running: JoinHandle<Result<(), Error>>,
}

pub fn settings() -> Settings {
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        node: NodeName::from("api-1"),
        trunks: vec!["spare".into()],
    }
}

impl Desk {
    pub async fn open() -> Desk {
        Desk::over(Arc::new(Memory::new()), tempfile::tempdir().unwrap()).await
    }

    pub async fn over(log: Arc<dyn EventLog>, data: tempfile::TempDir) -> Desk {
        let api = Api::new(Arc::clone(&log), data.path(), settings());
        let api = api.with_metrics(Arc::new(|out| out.push_str("from_another_role 1\n")));
        let bound = api.bind().await.expect("it listens");
        let cancel = CancellationToken::new();
        Desk {
            log,
            data,
            address: bound.address(),
            running: tokio::spawn(bound.run(cancel.clone())),
            cancel,
        }
    }

    pub async fn reopen(self) -> Desk {
        let (log, data) = self.close().await;
        Desk::over(log, data).await
    }

    pub async fn close(self) -> (Arc<dyn EventLog>, tempfile::TempDir) {
        self.cancel.cancel();
        self.running
            .await
            .expect("it does not panic")
            .expect("it stops in order");
        (self.log, self.data)
    }

    pub async fn write(&self, story: &str, number: u8) -> CallId {
        let call: CallId = id(number).parse().unwrap();
        let began = Timestamp(i64::try_from(call.began_ms()).unwrap() * 1_000);
        let written = script::write(story, call, began);
        let outcomes = self.log.append(written.records).await;
        assert!(
            outcomes.iter().all(|outcome| outcome.position().is_some()),
            "{outcomes:?}"
        );
        self.log.append(written.wire).await;
        call
    }

    /// What an edge says of itself and its trunks.
    pub async fn write_node(&self, events: &[Event]) {
        let producer = NodeName::from("edge-1");
        let mut chain = Chain::new(Subject::Node(producer.clone()), Lane::Facts);
        let records = events.iter().map(|event| {
            chain.append(Draft {
                because: None,
                producer: producer.clone(),
                recorded_at: Timestamp(1_795_244_400_000_000),
                event: event.clone(),
            })
        });
        let outcomes = self.log.append(records.collect()).await;
        assert!(
            outcomes.iter().all(|outcome| outcome.position().is_some()),
            "{outcomes:?}"
        );
    }

    /// Waits until the views tell of everything that is in the log.
    pub async fn settled(&self) {
        let head: Position = self.log.head(Stream::Events).await.unwrap();
        loop {
            let (_, _, body) = self.get("/readyz").await;
            let ready: Value = serde_json::from_str(&body).unwrap();
            if ready["ready"] == true && ready["position"].as_u64() >= Some(head.sequence) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub async fn get(&self, path: &str) -> (u16, String, String) {
        self.send("GET", path, &format!("Host: {}\r\n", self.address), "")
            .await
    }

    pub async fn get_json(&self, path: &str) -> Value {
        let (status, _, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Status and body of what is asked as JSON.
    pub async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let headers = format!(
            "Host: {}\r\nContent-Type: application/json\r\n",
            self.address
        );
        let (status, _, answer) = self.send("POST", path, &headers, body).await;
        (status, answer)
    }

    /// The header fields of a bot.
    pub fn bot(&self) -> String {
        format!(
            "Host: {}\r\nAuthorization: Basic QUM3OnNlY3JldA==\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            self.address
        )
    }

    /// Status and body of what a bot asks with a form.
    pub async fn asks(&self, number: u8, form: &str) -> (u16, Value) {
        let path = calls_of(number);
        let (status, _, answer) = self.send("POST", &path, &self.bot(), form).await;
        (status, serde_json::from_str(&answer).unwrap())
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    pub async fn watch(&self, last: Option<u64>) -> Feed {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let last = last.map_or(String::new(), |last| format!("Last-Event-ID: {last}\r\n"));
        let request = format!(
            "GET /api/live/events HTTP/1.1\r\nHost: {}\r\n{last}\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        Feed(BufReader::new(stream))
    }
}

pub struct Feed(BufReader<TcpStream>);

impl Feed {
    /// The next event: its name, its id, its data.
    pub async fn event(&mut self) -> (String, u64, Value) {
        let (mut name, mut id, mut data) = (String::new(), 0, Value::Null);
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(Duration::from_secs(30), self.0.read_line(&mut line));
            assert_ne!(
                read.await.expect("an event comes").unwrap(),
                0,
                "the feed ended"
            );
            match line.trim_end().split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("id", value)) => id = value.parse().unwrap(),
                Some(("data", value)) => data = serde_json::from_str(value).unwrap(),
                _ if line.trim().is_empty() && !name.is_empty() => return (name, id, data),
                _ => {}
            }
        }
    }
}

pub fn id(number: u8) -> String {
    CallId::new(1_790_000_000_000 + u64::from(number) * 1_000, [number; 10]).to_string()
}

pub fn ids(list: &Value) -> Vec<String> {
    let calls = list["calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| call["call"].as_str().unwrap().to_owned())
        .collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
