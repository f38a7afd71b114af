//! Old versions of the vocabulary and how they are lifted to today's.
//!
//! To change a type: copy its struct here under its old version's name, change the one in its own
//! file, give it the next number in the table there, write the [`Lift`], and let the example
//! `write_schemas` write the new golden bytes. Those of the old version stay and must still read.
//!
//! What cannot be lifted without inventing something is not a new version but a new type.

use serde::{Deserialize, Serialize};

use crate::LegId;
use crate::observation::{LegFailed, LegFailure};

/// Reads an old version of a type as today's.
pub trait Lift: Sized {
    /// The value that `payload`, of `version`, means today; `None` if it is damaged.
    fn lift(version: u16, payload: &[u8]) -> Option<Self>;
}

/// `LegFailed` as it was before the Retry-After header field and the time were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegFailedV1 {
    /// The leg.
    pub leg: LegId,
    /// Why.
    pub failure: LegFailure,
    /// The Reason header field, if there was one.
    pub reason: Option<String>,
}

impl Lift for LegFailed {
    fn lift(version: u16, payload: &[u8]) -> Option<LegFailed> {
        let 1 = version else { return None };
        let old: LegFailedV1 = crate::event::exact(payload)?;
        // Version 1 did not say how long it took: 0, as for a failure that was seen at once.
        Some(LegFailed {
            leg: old.leg,
            failure: old.failure,
            reason: old.reason,
            retry_after_s: None,
            after_ms: 0,
        })
    }
}
