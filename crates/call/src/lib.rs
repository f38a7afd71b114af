//! Call control as a fold and a decision: no socket, no clock, no SIP.
//!
//! A [`Call`] is what [`evolve()`] makes of what was observed and what was decided. [`decide()`] looks at
//! a call and at the observation that it was given last, and says what shall happen. [`take`] does
//! both in the one right order and is what runs live, when a control comes back after a crash, and in
//! a rehearsal ([`History`]).
//!
//! **The order rule.** Observations are taken in the order of the log. *A decision takes effect
//! directly behind the observation that it answers, wherever it lies in the log.* So the state in
//! which observation *n* is decided is the fold of observations 0 to *n* and of the decisions that
//! answer observations before *n*: the same for who decides live, for who takes over, and for who
//! decides again years later. Decisions are written in the order of the observations that they
//! answer; an observation without a decision that lies before one with a decision is *settled*:
//! nothing followed from it, and nothing will.

mod bridge;
mod call;
pub mod configuration;
mod decide;
mod early_media;
mod ending;
mod evolve;
mod failure;
mod fall_back;
mod handed_on;
mod hang_up;
mod history;
mod leg;
mod limit;
pub mod number;
pub mod outbound;
mod recording;
mod ring;
mod route;
pub mod stream;
mod target;
mod told;
mod transfer;
mod uri;
mod validate;

pub use call::{Call, Serving, Transfer};
pub use configuration::{Applied, Configuration};
pub use decide::decide;
pub use ending::Ending;
pub use evolve::{Step, evolve};
pub use history::{Answer, History, Moment, Rehearsed, Unrehearsed, take};
pub use leg::{Leg, Phase, Role};
pub use validate::{Fault, Faults};
