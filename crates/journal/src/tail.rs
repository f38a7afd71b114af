//! The end of a lane, and whether a record fits behind it: the rule that all logs share.

use schemas::{Entry, EventId, Hash, Lane, Position, Record};

use crate::Actual;

/// The last record of a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(crate) sequence: u32,
    pub(crate) hash: Hash,
    pub(crate) id: EventId,
    pub(crate) position: Position,
}

/// What the end of its lane says about a record.
pub(crate) enum Verdict {
    /// It is the next.
    Next,
    /// It is the last one once more.
    Last(Position),
    /// The lane went past that number: the record there must be compared.
    Earlier,
    /// It fits nowhere.
    Conflict(Actual),
}

impl Tail {
    pub(crate) fn of(record: &Record, position: Position) -> Tail {
        Tail {
            sequence: record.header().sequence,
            hash: record.hash(),
            id: record.id(),
            position,
        }
    }

    pub(crate) fn actual(tail: Option<&Tail>) -> Actual {
        tail.map_or(Actual::EMPTY, |tail| Actual {
            next_sequence: tail.sequence + 1,
            last_hash: tail.hash,
        })
    }

    pub(crate) fn judge(tail: Option<&Tail>, record: &Record) -> Verdict {
        let actual = Tail::actual(tail);
        let sequence = record.header().sequence;
        if sequence == actual.next_sequence && record.header().previous == actual.last_hash {
            return Verdict::Next;
        }
        match tail {
            Some(tail) if sequence == tail.sequence && record.id() == tail.id => {
                Verdict::Last(tail.position)
            }
            Some(tail) if sequence < tail.sequence => Verdict::Earlier,
            _ => Verdict::Conflict(actual),
        }
    }
}

/// Whether the numbers of each lane follow each other.
pub(crate) fn is_dense(entries: &[Entry]) -> bool {
    [Lane::Facts, Lane::Decisions, Lane::Requests, Lane::Wire]
        .into_iter()
        .all(|lane| {
            let numbers = entries
                .iter()
                .filter(|entry| entry.record.lane() == lane)
                .map(|entry| entry.record.header().sequence);
            numbers
                .zip(0..)
                .all(|(number, expected)| number == expected)
        })
}

/// Whether two records of a subject are the same event: lane, number and id.
pub(crate) fn is_same(one: &Record, other: &Record) -> bool {
    one.lane() == other.lane()
        && one.header().sequence == other.header().sequence
        && one.id() == other.id()
}
