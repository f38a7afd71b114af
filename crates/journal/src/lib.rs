//! The log: segment files and NATS JetStream behind one contract.
//!
//! [`EventLog`] is the contract. [`Segments`] keeps it in files of one machine, [`Memory`] nowhere.
//! `README.md` beside this crate says what a file looks like and what each log promises.

mod clock;
mod damage;
mod error;
mod filter;
mod follower;
mod head;
mod jetstream;
mod key;
mod lanes;
mod lease;
mod log;
mod memory;
mod outbox;
mod segments;
mod tail;

pub use damage::Damage;
pub use error::Error;
pub use filter::{Filter, partition_of};
pub use follower::{BATCH_MAX_ENTRIES, Follower};
pub use jetstream::{JetStream, JetStreamSettings};
pub use lease::{Lease, LeaseSettings, Leases, LocalLeases, NatsLeases};
pub use log::{Actual, BoxFuture, Continuity, EventLog, Outcome, Reason, Stream};
pub use memory::Memory;
pub use outbox::{Lag, Outbox, OutboxSettings};
pub use segments::{Archive, Entries, Opened, Report, Retention, Segments, Settings, export};
