//! Where an event lies in a log.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Hash, Record};

/// One log: a new id whenever a log is created, so that a cursor into another one is noticed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LogId(pub u64);

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A place in a log: the log, the number of the event there and its hash. The hash is needed because
/// a log that lost its tail uses the numbers again, for other events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Which log.
    pub log: LogId,
    /// The event's number in it: the first is 1; 0 is the place before the first.
    pub sequence: u64,
    /// The hash of the event there; [`Hash::ZERO`] at the beginning.
    pub hash: Hash,
}

impl Position {
    /// The place before the first event of a log.
    pub fn beginning(log: LogId) -> Position {
        Position {
            log,
            sequence: 0,
            hash: Hash::ZERO,
        }
    }
}

/// A record and the place where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub position: Position,
    /// What.
    pub record: Record,
}
