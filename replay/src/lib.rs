//! A recorded call once more: fold, re-decide, ladder, export.
//!
//! The code is the code that runs live. An [`Incident`] is what a file or a log holds of some calls;
//! [`fold`](fold::fold) rebuilds what the projections tell of them, [`re_decide`](re_decide::re_decide)
//! asks today's call control the same questions and reports the first answer that differs, and
//! [`pcapng`] writes the SIP messages for stock tools. Nothing here reads a file or a clock.

pub mod fold;
pub mod incident;
pub mod packet;
pub mod pcapng;
pub mod re_decide;

pub use incident::{Damage, Incident, Recorded};
pub use re_decide::{By, Divergence, Outcome};
