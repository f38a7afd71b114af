//! Requests as they were.

use serde::{Deserialize, Serialize};

use super::Lift;
use crate::observation::HangUpRequested;

/// `HangUpRequested` as it was before it could be sent twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUpRequestedV1 {
    /// Who.
    pub by: String,
}

/// `HangUpRequested` as it was before an agent could ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUpRequestedV2 {
    /// Who.
    pub by: String,
    /// What the request is told apart by.
    pub key: Option<String>,
}

impl Lift for HangUpRequested {
    fn lift(version: u16, payload: &[u8]) -> Option<HangUpRequested> {
        let old = match version {
            1 => {
                let HangUpRequestedV1 { by } = crate::event::exact(payload)?;
                HangUpRequestedV2 { by, key: None }
            }
            2 => crate::event::exact(payload)?,
            _ => return None,
        };
        Some(HangUpRequested {
            by: old.by,
            key: old.key,
            leg: None,
        })
    }
}
