//! The rows of the table and what may stand in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mark;

/// A row of the table.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// An inbound call reaches the agent.
    InboundReachesAgent,
    /// Audio goes both ways.
    TwoWayAudio,
    /// The codec is G.711.
    Codec,
    /// Digits arrive.
    Digits,
    /// The caller's number is there and well-formed.
    CallerId,
    /// A transfer is accepted.
    TransferAccepted,
    /// A transfer lands.
    TransferLands,
    /// The caller's number is intact on a transfer.
    CallerIdOnTransfer,
    /// An outbound call through the trunk is answered.
    Outbound,
}

/// What a row says.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Verdict {
    /// It was seen to work.
    #[serde(rename = "PASS")]
    Pass,
    /// It was seen not to work.
    #[serde(rename = "FAIL")]
    Fail,
    /// It was tried, and what was seen proves neither.
    #[serde(rename = "INCONCLUSIVE")]
    Inconclusive,
    /// It was not tried.
    #[serde(rename = "NOT RUN")]
    NotRun,
}

impl Check {
    /// The rows in the order of the table.
    pub const ALL: [Check; 9] = [
        Check::InboundReachesAgent,
        Check::TwoWayAudio,
        Check::Codec,
        Check::Digits,
        Check::CallerId,
        Check::TransferAccepted,
        Check::TransferLands,
        Check::CallerIdOnTransfer,
        Check::Outbound,
    ];

    /// The row's title.
    pub fn title(self) -> &'static str {
        match self {
            Check::InboundReachesAgent => "Inbound call reaches the agent",
            Check::TwoWayAudio => "Two-way audio",
            Check::Codec => "Codec is G.711",
            Check::Digits => "Digits arrive (DTMF)",
            Check::CallerId => "Caller ID is there",
            Check::TransferAccepted => "Transfer is accepted",
            Check::TransferLands => "Transfer lands",
            Check::CallerIdOnTransfer => "Caller ID intact on transfer",
            Check::Outbound => "Outbound call through the trunk",
        }
    }

    /// What to do so that the row gets an answer.
    pub fn how(self) -> &'static str {
        match self {
            Check::InboundReachesAgent => "Call a number of this trunk from outside.",
            Check::TwoWayAudio => "Call, talk for at least 5 s, and listen.",
            Check::Codec => "Call and let the agent answer.",
            Check::Digits => "Call and press a few keys.",
            Check::CallerId => "Call from a phone that shows its number.",
            Check::TransferAccepted | Check::TransferLands | Check::CallerIdOnTransfer => {
                "Call and let the agent transfer you."
            }
            Check::Outbound => "Let a call be placed or bridged out through this trunk.",
        }
    }
}

impl Verdict {
    /// As it stands in a report.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
            Verdict::Inconclusive => "INCONCLUSIVE",
            Verdict::NotRun => "NOT RUN",
        }
    }

    /// At a glance. What was not tried is never green.
    pub fn mark(self) -> Mark {
        match self {
            Verdict::Pass => Mark::Ok,
            Verdict::Fail => Mark::Bad,
            Verdict::Inconclusive => Mark::Warn,
            Verdict::NotRun => Mark::Mute,
        }
    }
}
