//! Whether the media of a leg is SRTP, and what came of an offer that could not be taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LegId;

/// The media of a leg is SRTP (RFC 3711) from now on, or by other keys than before. The keys themselves are told nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaSecured {
    /// The leg.
    pub leg: LegId,
    /// How the keys were exchanged: `SDES` (RFC 4568) or `DTLS` (RFC 5764).
    pub keying: String,
    /// The suite, as `AES_CM_128_HMAC_SHA1_80`.
    pub suite: String,
    /// The transport profile that it was agreed on under: `RTP/SAVP`, `UDP/TLS/RTP/SAVP`, or `RTP/AVP` for opportunistic
    /// SRTP (RFC 8643).
    pub profile: String,
}

/// The DTLS handshake of a leg's media is over, and its keys are there: the peer has the certificate that its description
/// named (RFC 5763).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandshakeCompleted {
    /// The leg.
    pub leg: LegId,
    /// Whether the edge began it: it was `active`.
    pub begun_here: bool,
    /// The hash function of the fingerprint that fitted: `sha-256` (RFC 8122).
    pub fingerprint_hash: String,
    /// Since offer and answer agreed on it.
    pub after_ms: u32,
}

/// The DTLS handshake of a leg's media made no keys. Nothing is let in and nothing is sent, and the call goes on without
/// sound; a peer that is only late may still come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandshakeFailed {
    /// The leg.
    pub leg: LegId,
    /// Whether the edge began it: it was `active`.
    pub begun_here: bool,
    /// Why, in words: `it was not over within 10 s`.
    pub because: String,
    /// The fingerprints that the peer's description named: `sha-256 4A:AD:…`.
    pub agreed: Vec<String>,
    /// The fingerprint of the certificate that it showed, by the first of these functions; absent if it showed none.
    pub shown: Option<String>,
    /// Since offer and answer agreed on it.
    pub after_ms: u32,
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
