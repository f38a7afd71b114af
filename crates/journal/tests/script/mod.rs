//! The script language of the journal's tests: calls that write, logs that are opened, outcomes that
//! are compared.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::allow_attributes,
    reason = "expect would fail in the binary that uses all"
)]

pub mod nats;

use std::sync::Arc;

use schemas::observation::LegRinging;
use schemas::{
    CallId, Chain, Direction, Draft, Entry, Event, Lane, LegId, NodeName, Record, Subject,
    Timestamp, Transport, Unknown, WireMessage,
};
use trunkline_journal::{EventLog, Follower, Outcome};

/// The n-th call of a test.
pub fn call(number: u64) -> CallId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    CallId::new(1_790_000_000_000 + number, random)
}

/// One lane that writes.
#[derive(Clone)]
pub struct Pen {
    chain: Chain,
    lane: Lane,
    producer: NodeName,
    at: i64,
}

impl Pen {
    pub fn new(subject: Subject, lane: Lane) -> Pen {
        Pen {
            chain: Chain::new(subject, lane),
            lane,
            producer: NodeName::from("edge-1"),
            at: 1_790_000_000_000_000,
        }
    }

    pub fn of_call(number: u64, lane: Lane) -> Pen {
        Pen::new(Subject::Call(call(number)), lane)
    }

    /// Another process that believes to be the writer of the lane.
    pub fn rival(&self) -> Pen {
        Pen {
            producer: NodeName::from("edge-2"),
            ..self.clone()
        }
    }

    /// Goes on behind a record that is in the log.
    pub fn follow(&mut self, record: &Record) {
        self.chain.follow(record);
        self.at = record.header().recorded_at.0;
    }

    pub fn write(&mut self) -> Record {
        let event: Event = match self.lane {
            Lane::Wire => wire(self.chain.next_sequence()).into(),
            _ => LegRinging {
                leg: LegId(1),
                status: 180,
            }
            .into(),
        };
        self.write_event(event)
    }

    pub fn write_event(&mut self, event: Event) -> Record {
        self.at += 1_000;
        self.chain.append(Draft {
            because: None,
            producer: self.producer.clone(),
            recorded_at: Timestamp(self.at),
            event,
        })
    }

    /// A record of a type that nobody knows, with this many bytes.
    pub fn write_unknown(&mut self, bytes: usize) -> Record {
        let fill = u8::try_from(self.chain.next_sequence() % 251).unwrap();
        self.write_event(Event::Unknown(Unknown {
            kind: 60_000,
            version: 9,
            payload: vec![fill; bytes],
        }))
    }

    pub fn write_many(&mut self, count: usize) -> Vec<Record> {
        (0..count).map(|_| self.write()).collect()
    }
}

fn wire(number: u32) -> WireMessage {
    WireMessage {
        leg: Some(LegId(0)),
        direction: Direction::Received,
        local: "127.0.0.1:32681".to_owned(),
        peer: "127.0.0.1:5060".to_owned(),
        transport: Transport::Udp,
        retransmission: false,
        bytes: format!("OPTIONS sip:{number}@example.org SIP/2.0\r\n\r\n").into_bytes(),
    }
}

/// Appends and expects everything to be new.
pub async fn append(log: &dyn EventLog, records: &[Record]) {
    for outcome in log.append(records.to_vec()).await {
        assert!(matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
    }
}

/// Reads until a follower has returned this many entries.
pub async fn take(follower: &mut Follower, count: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    while entries.len() < count {
        entries.extend(follower.next().await.unwrap());
    }
    assert_eq!(entries.len(), count, "more than was written");
    entries
}

pub fn records(entries: &[Entry]) -> Vec<Record> {
    entries.iter().map(|entry| entry.record.clone()).collect()
}

/// A log that is shared.
pub type Shared = Arc<dyn EventLog>;
