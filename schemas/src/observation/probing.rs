//! Whether a trunk is there: what OPTIONS probes of its targets found out (RFC 3261, section 11).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, Transport, TrunkName};

/// A target of a trunk was asked again and again whether it is there. One event for many probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkProbed {
    /// The trunk.
    pub trunk: TrunkName,
    /// The target, `ip:port`.
    pub target: String,
    /// How the probes travelled.
    pub transport: Transport,
    /// How many probes came to their end: answered, or waited for in vain.
    pub probes: u32,
    /// How many were answered, whatever the status.
    pub answers: u32,
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// How long answers took; absent if there was none.
    pub latency: Option<ProbeLatency>,
    /// Over how many milliseconds.
    pub over_ms: u32,
}

/// How long answers to probes took, from the first sending of the OPTIONS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeLatency {
    /// The shortest, in microseconds.
    pub min_us: u32,
    /// The one in the middle; of an even number the lower.
    pub median_us: u32,
    /// The longest.
    pub max_us: u32,
}

/// A target of a trunk answers: the first time, or again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkUp {
    /// The trunk.
    pub trunk: TrunkName,
    /// The target, `ip:port`.
    pub target: String,
    /// How the probe travelled.
    pub transport: Transport,
    /// The status of its answer: anything but 503.
    pub status: u16,
    /// How long the answer took, in microseconds.
    pub latency_us: u32,
    /// How long it was known to be down, in milliseconds; absent if it was not.
    pub down_ms: Option<u64>,
}

/// Why a probe says that a target is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProbeFailure {
    /// There was no answer. Nothing was received that says so.
    TimedOut {
        /// For how long it was waited for, in milliseconds.
        after_ms: u32,
    },
    /// It answered 503: it wants no requests (RFC 3261, section 21.5.4).
    Refused {
        /// 503.
        status: u16,
        /// The reason phrase as it was received.
        phrase: String,
    },
    /// The probe could not be sent.
    Unreachable {
        /// What the transport said.
        error: String,
    },
    /// Its name leads nowhere.
    NotFound {
        /// What DNS said.
        error: String,
    },
}

/// A target of a trunk does not answer any more, or never did. Calls try it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkDown {
    /// The trunk.
    pub trunk: TrunkName,
    /// The target, `ip:port`; the name where no address was found.
    pub target: String,
    /// How the probes travelled; absent where no address was found.
    pub transport: Option<Transport>,
    /// What the last probe ended with.
    pub failure: ProbeFailure,
    /// How many probes failed one after the other.
    pub probes: u32,
    /// When the first of them was sent.
    pub since: Timestamp,
    /// How many other targets of the trunk answer; with 0 nothing can be sent to it.
    pub others_up: u32,
}
