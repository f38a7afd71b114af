//! The chain of one writer: gives each event its number, its id and the hash of the one before.

use sha2::{Digest, Sha256};

use crate::{CallId, Event, EventId, Hash, Header, Lane, NodeName, Record, Subject, Timestamp};

/// An event that a writer is about to write.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The observation that it answers, if it answers one.
    pub because: Option<EventId>,
    /// The writer.
    pub producer: NodeName,
    /// Now, by the writer's clock.
    pub recorded_at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// The state of one lane of one subject: what the next event of its writer follows.
///
/// ```
/// use trunkline_schemas::*;
/// let call = CallId::new(1_790_000_000_000, [7; 10]);
/// let mut chain = Chain::new(Subject::Call(call), Lane::Facts);
/// let draft = Draft {
///     because: None,
///     producer: NodeName::from("edge-1"),
///     recorded_at: Timestamp(1_790_000_000_000_000),
///     event: observation::LegRinging { leg: LegId(1), status: 180 }.into(),
/// };
/// let first = chain.append(draft.clone());
/// let second = chain.append(draft);
/// assert_eq!(second.header().sequence, 1);
/// assert_eq!(second.header().previous, first.hash());
/// assert_ne!(second.id(), first.id());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    subject: Subject,
    lane: Lane,
    next: u32,
    last: Hash,
}

impl Chain {
    /// An empty lane.
    pub fn new(subject: Subject, lane: Lane) -> Chain {
        Chain {
            subject,
            lane,
            next: 0,
            last: Hash::ZERO,
        }
    }

    /// The lane behind the last record that is known of it.
    pub fn after(record: &Record) -> Chain {
        Chain {
            subject: record.subject().clone(),
            lane: record.lane(),
            next: record.header().sequence.saturating_add(1),
            last: record.hash(),
        }
    }

    /// Writes the next event. A decision gets its id from its cause, everything else from its content.
    pub fn append(&mut self, draft: Draft) -> Record {
        let (kind, version, payload) = draft.event.encode();
        let payload_hash = Hash::of(&payload);
        let id = match (self.lane, self.subject.call(), draft.because) {
            (Lane::Decisions, Some(call), Some(because)) => EventId::of_decision(call, because),
            _ => self.content_id(&draft, &payload_hash),
        };
        let record = Record::write(
            Header {
                subject: self.subject.clone(),
                lane: self.lane,
                sequence: self.next,
                id,
                because: draft.because,
                producer: draft.producer,
                recorded_at: draft.recorded_at,
                kind,
                version,
                previous: self.last,
                payload_hash,
            },
            &payload,
        );
        self.follow(&record);
        record
    }

    /// Takes note of an event that was written in this lane.
    pub fn follow(&mut self, record: &Record) {
        self.next = record.header().sequence.saturating_add(1);
        self.last = record.hash();
    }

    /// The number that the next event gets.
    pub fn next_sequence(&self) -> u32 {
        self.next
    }

    /// Whether a record is the next one of this lane: the right number behind the right hash.
    pub fn fits(&self, record: &Record) -> bool {
        record.header().sequence == self.next && record.header().previous == self.last
    }

    fn content_id(&self, draft: &Draft, payload_hash: &Hash) -> EventId {
        let mut hash = Sha256::new();
        hash.update(b"trunkline/fact/1\0");
        match &self.subject {
            Subject::Call(CallId(bytes)) => hash.update(bytes),
            Subject::Trunk(name) => hash.update(name.as_str()),
            Subject::Node(name) => hash.update(name.as_str()),
        }
        hash.update([0]);
        hash.update(draft.producer.as_str());
        hash.update([0]);
        hash.update(self.lane.letter().to_string());
        hash.update(self.next.to_be_bytes());
        hash.update(draft.recorded_at.0.to_be_bytes());
        hash.update(payload_hash.0);
        EventId::truncate(&hash.finalize().into())
    }
}
