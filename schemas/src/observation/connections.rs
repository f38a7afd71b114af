//! What came to nothing on the way to a peer: targets and connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LegFailure;
use crate::{LegId, Transport, TrunkName};

/// A target of a dialed leg failed, and its INVITE went to the next one (RFC 3263, section 4.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegRedialed {
    /// The leg.
    pub leg: LegId,
    /// The target that failed, `ip:port`.
    pub failed: String,
    /// Why.
    pub failure: LegFailure,
    /// The next target, `ip:port`.
    pub destination: String,
    /// How the INVITE travels there.
    pub transport: Transport,
}

/// Who opened a connection.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ConnectionOpener {
    /// The peer, towards the edge.
    Peer,
    /// The edge, towards the peer.
    Edge,
}

/// Connections were closed at once because there were too many. One event for many from one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionsRefused {
    /// Where they came from, without the port.
    pub source: String,
    /// The trunk that it belongs to; absent for addresses of no trunk.
    pub trunk: Option<TrunkName>,
    /// How many connections.
    pub connections: u64,
    /// Which bound was met: `too many connections from one address`.
    pub cause: String,
    /// Over how many milliseconds.
    pub over_ms: u32,
}
