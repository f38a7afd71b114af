//! What the edge saw of a recording, and what agents ask.

use schemas::observation::*;
use schemas::{LegId, Personal};

use super::line::Line;

/// What an agent asks beside its connection: `LEG NAME hang-up`, or `LEG NAME transfer TARGET`.
pub fn asked_by_agent(line: &Line) -> Observation {
    let (leg, agent) = (line.leg(0), line.word(1));
    match line.word(2) {
        "hang-up" => HangUpRequested {
            by: agent.to_owned(),
            key: None,
            leg: Some(leg),
        }
        .into(),
        "transfer" => TransferRequested {
            leg,
            target: Personal::from(line.word(3)),
            source: TransferSource::Agent {
                agent: agent.into(),
                choice: "REST request".to_owned(),
            },
            referred_by: None,
            replaces: false,
        }
        .into(),
        other => panic!("no agent asks for {other:?}: {}", line.text),
    }
}

/// A fact about a recording, if the line tells one.
pub fn observation(line: &Line) -> Option<Observation> {
    let observation = match line.word(0) {
        "recording" => RecordingStarted {
            leg: LegId::CALLER,
            file: line.word(1).to_owned(),
            sample_hz: 8_000,
        }
        .into(),
        "recording-paused" => RecordingPaused {
            leg: LegId::CALLER,
            pause: pause(line),
            at_ms: line.number("at", 0),
        }
        .into(),
        "recording-resumed" => RecordingResumed {
            leg: LegId::CALLER,
            pause: pause(line),
            at_ms: line.number("at", 0),
        }
        .into(),
        "recording-ended" => RecordingEnded {
            leg: LegId::CALLER,
            file: line.word(1).to_owned(),
            cause: line.find("cause").unwrap_or("the call ended").to_owned(),
            sha256: schemas::Hash::of(b"a recording"),
            length_ms: line.number("length", 0),
            octets: line.number("octets", 44),
            dropped_ms: line.number("dropped", 0),
            silenced_ms: Some(line.number("silenced", 0)),
        }
        .into(),
        "recording-failed" => RecordingFailed {
            leg: LegId::CALLER,
            file: line.word(1).to_owned(),
            error: line.word(2).to_owned(),
            length_ms: line.number("length", 0),
        }
        .into(),
        _ => return None,
    };
    Some(observation)
}

fn pause(line: &Line) -> RecordingPause {
    match line.find("by") {
        Some(by) => RecordingPause::Request { by: by.to_owned() },
        None => RecordingPause::Digits,
    }
}
