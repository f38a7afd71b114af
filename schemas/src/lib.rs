//! The event vocabulary: what happened on a call, a trunk or a node, and how it is written down.
//!
//! A [`Record`] is one event as the log keeps it: a frozen [`Header`] and a length-delimited payload.
//! The payload is one of the [`Event`]s: an [`Observation`] (an edge, an agent or an operator saw
//! something), a [`Decision`] (control says what shall happen) or a [`WireMessage`] (a SIP message
//! as it crossed a socket).
//!
//! Three promises hold for every byte that was ever written:
//! 1. a stored field is never reordered, removed or given a new meaning: a change is a new version
//!    with an upcast ([`version`]), and `golden/` keeps the bytes of every version;
//! 2. a reader that meets a type it does not know keeps, hashes and shows it ([`Event::Unknown`]);
//! 3. the header holds no personal data and commits to the payload by its hash, so a payload can be
//!    sealed or erased while the chain of events stays whole.

mod chain;
pub mod command;
pub mod conclusion;
mod decision;
mod event;
mod header;
mod id;
pub mod media;
pub mod observation;
mod personal;
mod position;
mod record;
mod schema;
mod timestamp;
pub mod version;
mod wire;

pub use chain::{Chain, Draft};
pub use command::Command;
pub use conclusion::Conclusion;
pub use decision::{Decision, Item};
pub use event::{Event, Unknown};
pub use header::{Header, Lane, Subject};
pub use id::{
    AgentName, CallId, EventId, Hash, LegId, NodeName, PARTITIONS, ParseIdError, TrunkName,
};
pub use observation::Observation;
pub use personal::Personal;
pub use position::{Entry, LogId, Position};
pub use record::{DecodeError, ENVELOPE_VERSION, PAYLOAD_MAX_BYTES, Record};
pub use schema::{TypeInfo, json_schema, type_catalogue};
pub use timestamp::Timestamp;
pub use wire::{Direction, Transport, WireMessage};
