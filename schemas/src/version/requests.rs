//! Requests of operators as they were.

use serde::{Deserialize, Serialize};

use super::Lift;
use crate::observation::HangUpRequested;

/// `HangUpRequested` as it was before it could be sent twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUpRequestedV1 {
    /// Who.
    pub by: String,
}

impl Lift for HangUpRequested {
    fn lift(version: u16, payload: &[u8]) -> Option<HangUpRequested> {
        let 1 = version else { return None };
        let old: HangUpRequestedV1 = crate::event::exact(payload)?;
        Some(HangUpRequested {
            by: old.by,
            key: None,
        })
    }
}
