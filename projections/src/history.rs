//! One row for each call: the call detail record, with the evidence for everything that it says.

mod counted;
mod decided;
mod fold;
mod lane;
mod leg;
mod past;
mod quality;
mod query;
mod recording;
mod row;
mod search;
mod stream;
mod transfer;
mod transferred;

pub use fold::Applied;
pub use lane::{LaneState, Lanes, Missing};
pub use leg::{Codec, Leg, LegEvidence, LegState, Measure, Reported, Role};
pub use past::FirstCalled;
pub(crate) use quality::opinion;
pub use query::QueryError;
pub use recording::{Recording, RecordingState};
pub use row::{Caller, End, Outcome, Refusal, Routed, Row, Trouble};
pub use search::Search;
pub use transfer::{Acceptance, Transfer, TransferState};
