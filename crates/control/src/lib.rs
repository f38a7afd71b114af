//! Control: follows the log, decides, appends what was decided.
//!
//! A shell around [`call`]: it has no rules of its own and no socket. For each observation of a call
//! it folds and decides in memory, appends the decisions of a whole batch and waits until they are
//! durable. What it holds in memory can be read again from the log at any time, so it keeps no
//! outbox: after a crash it decides again what is not in the log, under the same ids.
//!
//! - **Timers are events.** When a wait of a call runs out, control appends `TimerFired`; what follows
//!   is decided when that comes back through the log, as from any other observation.
//! - **Several controls** may run on one log. A decision that another one wrote first is answered
//!   `Conflict` or `AlreadyThere`; then the call is read again, and the stored decision counts.
//! - **Memory is bounded** by the calls that go on, and by the ids of `ENDED_MAX` calls that
//!   ended last, so that what is told late of them costs nothing.
//!
//! Read `run.rs` first, then `live.rs` and `commit.rs`.

mod calls;
mod checkpoint;
mod clock;
mod commit;
mod counters;
mod error;
mod live;
mod partitions;
mod run;

pub use counters::{Counters, Snapshot};
pub use error::Error;
pub use partitions::Partitions;
pub use run::Control;
