//! Verification: the rows of a platform guide's own table, filled in from what calls have shown.

mod check;
mod findings;
mod report;
mod transfer;

pub use check::{Check, Verdict};
pub use findings::{Finding, findings};
pub use report::{CheckRow, Report};
