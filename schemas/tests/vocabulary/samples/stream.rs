//! Samples of agents that are reached by a WebSocket.

use trunkline_schemas::command::*;
use trunkline_schemas::observation::*;
use trunkline_schemas::{AgentName, LegId, Personal};

use super::{Listed, command, observation};

pub fn samples() -> Vec<Listed> {
    let parameter = |name: &str, value: &str| StreamParameter {
        name: name.into(),
        value: Personal::from(value),
    };
    let dial = |protocol| DialStream {
        leg: LegId(1),
        agent: AgentName::from("assistant"),
        url: "wss://bot.example/ws".into(),
        protocol,
        parameters: vec![
            parameter("from_number", "+14155550123"),
            parameter("X-Case", "7"),
        ],
        silent_ms: 30_000,
    };
    let closed = |by, code, reason: &str| {
        observation(StreamClosed {
            leg: LegId(1),
            by,
            code,
            reason: reason.into(),
        })
    };
    let overrun = |way| observation(AgentOverrun { leg: LegId(1), way });
    let wide = StreamProtocol::L16 { rate_hz: 16_000 };
    vec![
        command(dial(StreamProtocol::Twilio)),
        command(DialStream {
            parameters: Vec::new(),
            ..dial(wide)
        }),
        observation(StreamDialed {
            leg: LegId(1),
            agent: AgentName::from("assistant"),
            url: "wss://bot.example/ws".into(),
            protocol: StreamProtocol::Twilio,
            stream: "MZ00010199d4a0f37a8b8c1d2e3f405162".into(),
        }),
        observation(StreamDialed {
            leg: LegId(2),
            agent: AgentName::from("spare"),
            url: "ws://192.0.2.10:8765".into(),
            protocol: wide,
            stream: "MZ00020199d4a0f37a8b8c1d2e3f405162".into(),
        }),
        observation(StreamOpened {
            leg: LegId(1),
            destination: "192.0.2.10:443".into(),
            tls: Some("TLS 1.3".into()),
            codec: "PCMU/8000".into(),
            connected_ms: 41,
            taken_ms: 12,
        }),
        observation(StreamOpened {
            leg: LegId(2),
            destination: "192.0.2.10:8765".into(),
            tls: None,
            codec: "L16/16000".into(),
            connected_ms: 1,
            taken_ms: 2,
        }),
        closed(StreamCloser::Agent, Some(1_000), "done"),
        closed(StreamCloser::Edge, None, ""),
        closed(StreamCloser::Nobody, None, "connection reset by peer"),
        observation(StreamMeasured {
            leg: LegId(1),
            marks: 7,
            clears: 2,
            keys: 4,
            first_sound_ms: Some(480),
            queued_max_ms: 6_340,
            overrun_from_agent_ms: 0,
            overrun_to_agent_ms: 200,
            filled_ms: 60,
            malformed: 1,
        }),
        observation(AgentSilent {
            leg: LegId(1),
            for_ms: 30_010,
        }),
        overrun(StreamWay::ToAgent),
        overrun(StreamWay::FromAgent),
    ]
}
