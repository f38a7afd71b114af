//! The sentences of recordings.

use schemas::observation::{
    RecordingAction, RecordingEnded, RecordingFailed, RecordingPause, RecordingPaused,
    RecordingRequested, RecordingResumed, RecordingStarted,
};

use super::cast::Cast;
use super::telling::{Telling, told};
use crate::sentences::span;

pub(super) fn requested(request: &RecordingRequested) -> Telling {
    let action = match request.action {
        RecordingAction::Start => "to record the call",
        RecordingAction::Pause => "to pause the recording",
        RecordingAction::Resume => "to resume the recording",
        RecordingAction::Stop => "to end the recording",
    };
    let fields = [("by", request.by.clone()), ("action", action.to_owned())];
    told("recording.requested", &fields).with("key", request.key.clone().unwrap_or_default())
}

pub(super) fn started(started: &RecordingStarted, cast: &Cast) -> Telling {
    let fields = [
        ("party", cast.party(started.leg)),
        ("file", started.file.clone()),
    ];
    told("recording.started", &fields).on(started.leg).with(
        "form",
        format!(
            "WAV, {} Hz, 16 bit, left: the leg, right: what it hears",
            started.sample_hz
        ),
    )
}

pub(super) fn paused(paused: &RecordingPaused) -> Telling {
    let at = ("at", span(paused.at_ms));
    let telling = match &paused.pause {
        RecordingPause::Request { by } => told("recording.paused", &[at, ("by", by.clone())]),
        RecordingPause::Digits => told("recording.paused.digits", &[at]),
    };
    telling.on(paused.leg)
}

pub(super) fn resumed(resumed: &RecordingResumed) -> Telling {
    let at = ("at", span(resumed.at_ms));
    let telling = match &resumed.pause {
        RecordingPause::Request { by } => told("recording.resumed", &[at, ("by", by.clone())]),
        RecordingPause::Digits => told("recording.resumed.digits", &[at]),
    };
    telling.on(resumed.leg)
}

pub(super) fn ended(ended: &RecordingEnded) -> Telling {
    let fields = [
        ("cause", ended.cause.clone()),
        ("length", span(ended.length_ms)),
        ("file", ended.file.clone()),
        ("dropped", span(ended.dropped_ms)),
    ];
    let id = if ended.dropped_ms > 0 {
        "recording.ended.holes"
    } else {
        "recording.ended"
    };
    let silenced = ended.silenced_ms.map_or("cannot tell".to_owned(), span);
    told(id, &fields)
        .on(ended.leg)
        .with("SHA-256", ended.sha256.to_string())
        .with("octets", ended.octets.to_string())
        .with("silent on purpose", silenced)
}

pub(super) fn failed(failed: &RecordingFailed) -> Telling {
    let fields = [
        ("error", failed.error.clone()),
        ("length", span(failed.length_ms)),
        ("file", failed.file.clone()),
    ];
    let id = if failed.length_ms > 0 {
        "recording.failed"
    } else {
        "recording.failed.at_once"
    };
    told(id, &fields).on(failed.leg)
}
