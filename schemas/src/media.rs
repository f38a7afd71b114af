//! The words for media that several events share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The direction attribute of a media stream, from the side of who wrote the description
/// (RFC 8866, section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MediaDirection {
    /// Both ways; the default.
    SendReceive,
    /// It sends and does not listen: how a caller puts somebody on hold.
    SendOnly,
    /// It listens and does not send.
    ReceiveOnly,
    /// Neither way.
    Inactive,
}

/// What a session description offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaOffer {
    /// The codecs in the order of the offer, as `PCMU/8000`.
    pub codecs: Vec<String>,
    /// Where the peer wants to receive, `ip:port`.
    pub address: String,
    /// The transport profile: `RTP/AVP`, `RTP/SAVP`.
    pub profile: String,
    /// The direction that was offered.
    pub direction: MediaDirection,
    /// Whether telephone events (RFC 4733) were offered.
    pub telephone_event: bool,
}

/// What was counted of one direction of a media stream (RFC 3550, section 6.4 and appendix A).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamMeasure {
    /// Packets.
    pub packets: u64,
    /// Octets of payload.
    pub payload_bytes: u64,
    /// Packets that never came, by sequence number; nothing is known of them for what was sent.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came behind a later one.
    pub reordered: u64,
    /// Interarrival jitter at the end, in microseconds.
    pub jitter_us: u32,
    /// The greatest interarrival jitter, in microseconds.
    pub jitter_max_us: u32,
    /// The longest time without a packet, in milliseconds.
    pub longest_gap_ms: u32,
    /// Packets whose audio was silence, of those whose level was looked at, in per mille.
    pub silence_permille: u16,
}

/// How a digit came (RFC 4733, or SIP INFO).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DigitMethod {
    /// A telephone event in the RTP stream (RFC 4733).
    TelephoneEvent,
    /// A SIP INFO request.
    Info,
}

/// What is wanted of a leg's media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SrtpPolicy {
    /// Plain RTP only.
    #[default]
    Off,
    /// SRTP if the peer can (RFC 8643).
    Prefer,
    /// SRTP or nothing.
    Require,
}
