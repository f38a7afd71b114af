//! Limits: how many calls were refused because there were too many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Occupancy;
use crate::{Personal, TrunkName};

/// Calls were refused because a limit of the configuration was reached. One event for many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitReached {
    /// Whose limit it was.
    pub limit: LimitOf,
    /// The trunk that the calls came through, or should have gone through.
    pub trunk: Option<TrunkName>,
    /// The number called, if the limit was the number's.
    pub number: Option<Personal<String>>,
    /// How many calls.
    pub calls: u64,
    /// The status of the first refusal; absent for calls of ours.
    pub status: Option<u16>,
    /// Why the first of them was refused, in words.
    pub why: String,
    /// Over how many milliseconds.
    pub over_ms: u32,
}

/// Whose limit it was.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum LimitOf {
    /// The trunk's.
    Trunk,
    /// The number's.
    Number,
    /// That of everything.
    Total,
    /// The trunk's, for calls that go out through it.
    Outbound,
}

impl LimitOf {
    /// The limits by which control refuses calls. The edge keeps to the remaining one by itself.
    pub const DECIDED: [LimitOf; 3] = [LimitOf::Trunk, LimitOf::Number, LimitOf::Total];

    /// The rule that a decision names which refuses a call by it.
    pub fn rule(self) -> &'static str {
        match self {
            LimitOf::Trunk => "limit.trunk",
            LimitOf::Number => "limit.number",
            LimitOf::Total => "limit.total",
            LimitOf::Outbound => "limit.outbound",
        }
    }
}

/// How many calls an edge has. Other edges add it to what they have, so that limits hold across edges: stated about once
/// a second while there are any, so a limit can be passed by what comes to several edges within that second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadStated {
    /// Of each trunk that has any.
    pub trunks: Vec<TrunkLoad>,
    /// Of numbers called that have any: those with the most, if there are very many.
    pub numbers: Vec<NumberLoad>,
    /// In total.
    pub total: Occupancy,
}

/// How many calls a trunk has at one edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkLoad {
    /// The trunk.
    pub trunk: TrunkName,
    /// Its calls.
    pub load: Occupancy,
}

/// How many calls a number has at one edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NumberLoad {
    /// The number called.
    pub number: Personal<String>,
    /// Its calls.
    pub load: Occupancy,
}
