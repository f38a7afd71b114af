//! How many calls there may be.

use serde::Deserialize;

/// `[limit]` for all trunks together, `limit = { … }` of a trunk and of a number. Calls that came in count.
///
/// With several edges each tells the others about once a second how many calls it has, so a limit may be passed by what
/// comes within that second.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limit {
    /// The most calls in progress. Default: any.
    pub calls: Option<u32>,
    /// The most new calls within a second; those that a limit refused do not count. Default: any.
    pub calls_per_s: Option<u32>,
    /// What callers get beyond it, 400 to 699. It decides what their phone system does next: 503 takes the next
    /// carrier, 486 and 480 give up or take another number. Default 503, of a number 486.
    pub answer: Option<u16>,
    /// The Retry-After that goes with it, in seconds. Default: none.
    pub retry_after_s: Option<u32>,
}

/// `outbound = { … }` of a trunk: how fast calls go out through it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// The most new calls within a second, at least 1.
    pub calls_per_s: u32,
    /// The most calls that wait for their turn. Default 100; one more fails.
    pub queue: Option<usize>,
    /// How many seconds a call waits for its turn before it fails. Default 4.
    pub wait_s: Option<u64>,
}
