//! Whether the media of a leg is SRTP, and what came of an offer that could not be taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LegId;

/// The media of a leg is SRTP (RFC 3711) from now on, or by other keys than before. The keys themselves are told nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaSecured {
    /// The leg.
    pub leg: LegId,
    /// How the keys were exchanged: `SDES` (RFC 4568).
    pub keying: String,
    /// The suite, as `AES_CM_128_HMAC_SHA1_80`.
    pub suite: String,
    /// The transport profile that it was agreed on under: `RTP/SAVP`, or `RTP/AVP` for opportunistic SRTP (RFC 8643).
    pub profile: String,
}

/// The media of a leg is plain RTP although the edge or its peer had SRTP in mind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaUnsecured {
    /// The leg.
    pub leg: LegId,
    /// Why, in words: `the answer holds no key for SRTP`.
    pub because: String,
}

/// The edge refused an offer of the peer within a session, which stays as it was (RFC 3261, section 14.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferRefused {
    /// The leg.
    pub leg: LegId,
    /// The answer: 488.
    pub status: u16,
    /// Why, in words: `plain RTP offered, SRTP is required here`.
    pub because: String,
}
