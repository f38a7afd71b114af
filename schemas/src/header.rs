//! The frozen header of an event: everything that may be known of it without reading its payload.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CallId, EventId, Hash, NodeName, Timestamp, TrunkName};

/// What an event is about.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Subject {
    /// A call.
    Call(CallId),
    /// A trunk: its registration, its reachability, its limits.
    Trunk(TrunkName),
    /// A process: its start, its stop, its configuration.
    Node(NodeName),
}

impl Subject {
    /// The call that the event belongs to, if it belongs to one.
    pub fn call(&self) -> Option<CallId> {
        match self {
            Subject::Call(call) => Some(*call),
            Subject::Trunk(_) | Subject::Node(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Call(call) => write!(f, "call {call}"),
            Subject::Trunk(trunk) => write!(f, "trunk {trunk}"),
            Subject::Node(node) => write!(f, "node {node}"),
        }
    }
}

/// Who writes: within a subject each lane has one writer at a time, and its own dense sequence and
/// hash chain.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Lane {
    /// Observations of the edge that holds the call.
    Facts,
    /// Decisions of control.
    Decisions,
    /// Observations from outside of the edge: an operator's request, a timer that fired.
    Requests,
    /// SIP messages as they crossed the edge's sockets, kept in a second stream for a shorter time.
    Wire,
}

impl Lane {
    /// One letter, as it stands in a NATS subject.
    pub fn letter(self) -> char {
        match self {
            Lane::Facts => 'f',
            Lane::Decisions => 'd',
            Lane::Requests => 'r',
            Lane::Wire => 'w',
        }
    }
}

/// The header of an event, version 1. Frozen: its fields, their order and their types never change.
/// It holds no personal data and commits to the payload by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// What the event is about.
    pub subject: Subject,
    /// Who wrote it.
    pub lane: Lane,
    /// Its number in the lane of its subject: dense from 0, so a gap is a loss.
    pub sequence: u32,
    /// Its id.
    pub id: EventId,
    /// The event that it answers. Every decision has one.
    pub because: Option<EventId>,
    /// The process that wrote it.
    pub producer: NodeName,
    /// When it was written, by the writer's clock.
    pub recorded_at: Timestamp,
    /// The number of the payload's type; [`crate::type_catalogue`] lists them.
    pub kind: u16,
    /// The version of the payload's type.
    pub version: u16,
    /// The hash of the event before it in its lane; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    /// SHA-256 of the payload's bytes as they are stored.
    pub payload_hash: Hash,
}
