//! What the peer of a leg says of the packets that it gets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LegId;

/// The peer told by RTCP (RFC 3550, section 6.4) what reached it: the other half of
/// [`MediaMeasured`](super::MediaMeasured), which is ours. Told at the end of a leg, if any report came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaReported {
    /// The leg.
    pub leg: LegId,
    /// How many reports came.
    pub reports: u32,
    /// Packets of ours that did not reach it, all in all.
    pub lost: u64,
    /// The worst loss between two of its reports, in per mille.
    pub worst_loss_permille: u16,
    /// Interarrival jitter of our packets at its last report, in microseconds.
    pub jitter_us: u32,
    /// The greatest that it reported, in microseconds.
    pub jitter_max_us: u32,
    /// From us to the peer and back, in microseconds, at the last report that told it.
    pub round_trip_us: Option<u32>,
    /// The longest of all, in microseconds.
    pub round_trip_max_us: Option<u32>,
}
