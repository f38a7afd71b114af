//! What the edge saw of a recording.

use schemas::LegId;
use schemas::observation::*;

use super::line::Line;

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
