//! The sentences for agents that are reached by a WebSocket.

use schemas::command::StreamProtocol;
use schemas::observation::{
    AgentOverrun, AgentSilent, StreamClosed, StreamCloser, StreamDialed, StreamMeasured,
    StreamOpened, StreamWay,
};

use super::cast::Cast;
use super::telling::{Telling, told};
use crate::sentences::span;

pub(super) fn dialed(dialed: &StreamDialed, cast: &Cast) -> Telling {
    let parts = [
        ("party", cast.party(dialed.leg)),
        ("url", dialed.url.clone()),
    ];
    told("stream.dialed", &parts)
        .on(dialed.leg)
        .with("protocol", protocol(dialed.protocol))
        .with("stream", dialed.stream.as_str())
}

pub(super) fn opened(opened: &StreamOpened, cast: &Cast) -> Telling {
    let time = opened.connected_ms.saturating_add(opened.taken_ms);
    let parts = [
        ("party", cast.party(opened.leg)),
        ("after", span(u64::from(time))),
    ];
    told("stream.opened", &parts)
        .on(opened.leg)
        .with("at", opened.destination.as_str())
        .with(
            "TLS",
            opened.tls.clone().unwrap_or_else(|| "none".to_owned()),
        )
        .with("codec", opened.codec.as_str())
        .with("connected after", span(u64::from(opened.connected_ms)))
}

pub(super) fn closed(closed: &StreamClosed, cast: &Cast) -> Telling {
    let code = closed.code.map(|code| code.to_string());
    let party = ("party", cast.party(closed.leg));
    let reason = closed.reason.clone();
    let telling = match (closed.by, &code) {
        (StreamCloser::Agent, None) => told("stream.closed", &[party]),
        (StreamCloser::Agent, Some(code)) => {
            let is_usual = code == "1000";
            let id = if is_usual {
                "stream.closed"
            } else {
                "stream.closed.badly"
            };
            told(id, &[party, ("code", code.clone())])
        }
        (StreamCloser::Edge, _) => told("stream.dropped", &[party, ("reason", reason.clone())]),
        (StreamCloser::Nobody, _) => told("stream.lost", &[party, ("reason", reason.clone())]),
    };
    telling
        .on(closed.leg)
        .with("code", code.unwrap_or_default())
        .with("reason", reason)
}

pub(super) fn measured(measured: &StreamMeasured, cast: &Cast) -> Telling {
    let party = ("party", cast.party(measured.leg));
    let milliseconds = |time: u32| match time {
        0 => String::new(),
        time => span(u64::from(time)),
    };
    let count = |count: u32| match count {
        0 => String::new(),
        count => count.to_string(),
    };
    let telling = match measured.first_sound_ms {
        Some(first) => {
            let first = ("first", span(u64::from(first)));
            let waited = ("waited", span(u64::from(measured.queued_max_ms)));
            told("stream.measured", &[party, first, waited])
        }
        None => told("stream.measured.mute", &[party]),
    };
    telling
        .on(measured.leg)
        .with("marks", count(measured.marks))
        .with("clears", count(measured.clears))
        .with("keys told", count(measured.keys))
        .with(
            "dropped of it",
            milliseconds(measured.overrun_from_agent_ms),
        )
        .with("dropped for it", milliseconds(measured.overrun_to_agent_ms))
        .with("silence for it", milliseconds(measured.filled_ms))
        .with("not understood", count(measured.malformed))
}

pub(super) fn silent(silent: &AgentSilent, cast: &Cast) -> Telling {
    let time = ("time", span(u64::from(silent.for_ms)));
    let party = ("party", cast.party(silent.leg));
    told("agent.silent", &[party, time]).on(silent.leg)
}

pub(super) fn overrun(overrun: &AgentOverrun, cast: &Cast) -> Telling {
    let id = match overrun.way {
        StreamWay::ToAgent => "agent.slow",
        StreamWay::FromAgent => "agent.hasty",
    };
    told(id, &[("party", cast.party(overrun.leg))]).on(overrun.leg)
}

pub(super) fn protocol(protocol: StreamProtocol) -> String {
    match protocol {
        StreamProtocol::Twilio => "Twilio Media Streams".to_owned(),
        StreamProtocol::L16 { rate_hz } => format!("L16 at {rate_hz} Hz"),
    }
}
