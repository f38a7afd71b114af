//! A connection to an agent that the edge shall open, and what the agent is told first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AgentName, LegId, Personal};

/// What is spoken over a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StreamProtocol {
    /// Twilio Media Streams: JSON, µ-law at 8 kHz.
    Twilio,
    /// Binary L16 as Vonage speaks it.
    L16 {
        /// Samples in a second: 8,000 or 16,000.
        rate_hz: u32,
    },
}

/// Something that an agent is told by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamParameter {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Personal<String>,
}

/// Connect to an agent by WebSocket, on a leg of its own. It ends in `StreamDialed`, or in `CommandFailed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DialStream {
    /// The new leg's id.
    pub leg: LegId,
    /// The agent. What is secret between it and the edge is found by its name.
    pub agent: AgentName,
    /// `ws://` or `wss://`.
    pub url: String,
    /// What is spoken there.
    pub protocol: StreamProtocol,
    /// What it is told: who calls whom, header fields that were let in, what the configuration says. No name stands twice.
    pub parameters: Vec<StreamParameter>,
    /// After how many milliseconds without a sound of it that is worth an event.
    pub silent_ms: u32,
}
