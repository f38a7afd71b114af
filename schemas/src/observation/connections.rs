//! What came to nothing on the way to a peer: targets, TLS handshakes and connections.

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

/// TLS handshakes came to nothing. One event for many with the same peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsRefused {
    /// The peer, without the port.
    pub peer: String,
    /// The trunk that it belongs to; absent for addresses of no trunk.
    pub trunk: Option<TrunkName>,
    /// Who opened the connection.
    pub opened_by: ConnectionOpener,
    /// How many handshakes.
    pub handshakes: u64,
    /// Why the first of them came to nothing, in words.
    pub error: String,
    /// The alert that ended it, as RFC 8446 names it: `protocol_version`. Absent if there was none, or none was seen.
    pub alert: Option<String>,
    /// Our versions: `1.2, 1.3`.
    pub versions_ours: String,
    /// The peer's versions, in the same form; absent if its hello was not seen.
    pub versions_theirs: Option<String>,
    /// Over how many milliseconds.
    pub over_ms: u32,
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
