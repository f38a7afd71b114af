//! Agents that are reached by a WebSocket: how they were reached, what became of the connection, and what they did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::StreamProtocol;
use crate::{AgentName, LegId};

/// The edge set out to connect to an agent, because control wanted it on a leg of its own. What comes of it is
/// `LegAnswered` or `LegFailed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamDialed {
    /// The new leg.
    pub leg: LegId,
    /// The agent.
    pub agent: AgentName,
    /// Its URL: `wss://bot.example/ws`.
    pub url: String,
    /// What is spoken there.
    pub protocol: StreamProtocol,
    /// What the agent calls the stream: `streamSid`.
    pub stream: String,
}

/// The connection to an agent stands and the agent took it (101, RFC 6455 section 4.2.2). What is told it first follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamOpened {
    /// The leg.
    pub leg: LegId,
    /// Where the agent was found, `ip:port`.
    pub destination: String,
    /// The version of TLS, as `TLS 1.3`; absent for plain text.
    pub tls: Option<String>,
    /// The codec, as `PCMU/8000`.
    pub codec: String,
    /// Milliseconds until there was a connection, of TLS if it is one.
    pub connected_ms: u32,
    /// Milliseconds behind that until the agent took it.
    pub taken_ms: u32,
}

/// Who ended the connection to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StreamCloser {
    /// The agent, in order.
    Agent,
    /// The edge, because the leg was over.
    Edge,
    /// Nobody: it broke, or the agent answered nothing any more.
    Nobody,
}

/// The connection to an agent is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamClosed {
    /// The leg.
    pub leg: LegId,
    /// Who ended it.
    pub by: StreamCloser,
    /// The code that the agent closed it with (RFC 6455, section 7.4), if it gave one.
    pub code: Option<u16>,
    /// The agent's reason, or what the transport said.
    pub reason: String,
}

/// An agent could not be heard for longer than its bound. It may be listening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentSilent {
    /// The leg.
    pub leg: LegId,
    /// Milliseconds without a sound.
    pub for_ms: u32,
}

/// Which way audio did not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StreamWay {
    /// To the agent: it reads more slowly than time passes, and the oldest is dropped.
    ToAgent,
    /// From the agent: it says more at once than is kept, and the newest is dropped.
    FromAgent,
}

/// Audio between the edge and an agent began to be dropped. Told once each time that it begins; `StreamMeasured` tells how
/// much it was in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentOverrun {
    /// The leg.
    pub leg: LegId,
    /// Which way.
    pub way: StreamWay,
}

/// What was counted of a stream, at its end, beside the `MediaMeasured` of its leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamMeasured {
    /// The leg.
    pub leg: LegId,
    /// Marks of the agent that came to their end, played or cleared.
    pub marks: u32,
    /// How often the agent took back what it had said and nobody had heard.
    pub clears: u32,
    /// Keys that the agent was told.
    pub keys: u32,
    /// Milliseconds from the leg's beginning to the first sound of the agent that was played.
    pub first_sound_ms: Option<u32>,
    /// The most that waited to be played, in milliseconds.
    pub queued_max_ms: u32,
    /// Milliseconds of the agent that were dropped because too much waited.
    pub overrun_from_agent_ms: u32,
    /// Milliseconds for the agent that were dropped because it read too slowly.
    pub overrun_to_agent_ms: u32,
    /// Milliseconds that were silence for the agent because nothing came for them.
    pub filled_ms: u32,
    /// Messages of the agent that its protocol does not know.
    pub malformed: u32,
}
