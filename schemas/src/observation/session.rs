//! What was agreed on beside the media: the life of a session, and credentials that somebody asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LegId;

/// An end of a leg.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum LegSide {
    /// The edge.
    Edge,
    /// The far side.
    Peer,
}

/// A session was refreshed: it lives for another interval (RFC 4028).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRefreshed {
    /// The leg.
    pub leg: LegId,
    /// Who sent the request.
    pub by: LegSide,
    /// What was sent: `INVITE` or `UPDATE`.
    pub method: String,
    /// Seconds that the session lives from now on.
    pub interval_s: u32,
}

/// A session was not refreshed in time (RFC 4028, section 10); the edge hangs the leg up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionExpired {
    /// The leg.
    pub leg: LegId,
    /// Who should have refreshed it.
    pub refresher: LegSide,
    /// Seconds that it was to live.
    pub interval_s: u32,
}

/// The far side asked for credentials (401, 407) and got none: the request stays refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChallengeUnanswered {
    /// The leg.
    pub leg: LegId,
    /// What was refused: `INVITE`.
    pub method: String,
    /// 401 or 407.
    pub status: u16,
    /// The realms that ask, as they were sent.
    pub realms: Vec<String>,
    /// Why there is no answer, in words.
    pub why: String,
}
