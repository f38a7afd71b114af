//! Samples of requests, of recordings, and of the commands for them.

use trunkline_schemas::command::*;
use trunkline_schemas::conclusion::RequestRefused;
use trunkline_schemas::observation::*;
use trunkline_schemas::version::{HangUpRequestedV1, HangUpRequestedV2};
use trunkline_schemas::{Hash, LegId};

use super::{Listed, command, conclusion, observation, old};

const FILE: &str = "/var/lib/trunkline/recorded/01997a2c-1.wav";

pub fn samples() -> Vec<Listed> {
    let mut all = requests();
    all.extend(facts());
    all.extend(commands());
    all.push(conclusion(RequestRefused {
        why: "the call is not recorded".into(),
    }));
    all
}

fn requests() -> Vec<Listed> {
    let asked = |action, key: Option<&str>| {
        observation(RecordingRequested {
            action,
            by: "grace".into(),
            key: key.map(str::to_owned),
        })
    };
    vec![
        old(
            1,
            &HangUpRequestedV1 {
                by: "operator grace".into(),
            },
            HangUpRequested {
                by: "operator grace".into(),
                key: None,
                leg: None,
            },
        ),
        old(
            2,
            &HangUpRequestedV2 {
                by: "grace".into(),
                key: Some("4711".into()),
            },
            HangUpRequested {
                by: "grace".into(),
                key: Some("4711".into()),
                leg: None,
            },
        ),
        observation(HangUpRequested {
            by: "grace".into(),
            key: Some("4711".into()),
            leg: None,
        }),
        observation(HangUpRequested {
            by: "assistant".into(),
            key: None,
            leg: Some(LegId(2)),
        }),
        asked(RecordingAction::Start, None),
        asked(RecordingAction::Pause, Some("card 1")),
        asked(RecordingAction::Resume, Some("card 2")),
        asked(RecordingAction::Stop, None),
    ]
}

fn facts() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let by = || RecordingPause::Request { by: "grace".into() };
    vec![
        observation(RecordingStarted {
            leg,
            file: FILE.into(),
            sample_hz: 8_000,
        }),
        observation(RecordingPaused {
            leg,
            pause: by(),
            at_ms: 61_020,
        }),
        observation(RecordingPaused {
            leg,
            pause: RecordingPause::Digits,
            at_ms: 0,
        }),
        observation(RecordingResumed {
            leg,
            pause: by(),
            at_ms: 75_300,
        }),
        observation(RecordingEnded {
            leg,
            file: FILE.into(),
            cause: "the call ended".into(),
            sha256: Hash::of(b"a recording"),
            length_ms: 121_500,
            octets: 3_888_044,
            dropped_ms: 320,
            silenced_ms: Some(14_280),
        }),
        observation(RecordingEnded {
            leg,
            file: FILE.into(),
            cause: "edge restarted".into(),
            sha256: Hash::ZERO,
            length_ms: 0,
            octets: 44,
            dropped_ms: 0,
            silenced_ms: None,
        }),
        observation(RecordingFailed {
            leg,
            file: FILE.into(),
            error: "No space left on device".into(),
            length_ms: 61_020,
        }),
    ]
}

fn commands() -> Vec<Listed> {
    let leg = LegId::CALLER;
    let start = |recording, notice, digits| {
        command(StartRecording {
            leg,
            recording,
            notice,
            digits,
        })
    };
    let by = || "grace".to_owned();
    vec![
        start(1, None, RecordedDigits::Masked),
        start(2, Some(RecordingNotice::Tone), RecordedDigits::Paused),
        start(
            300,
            Some(RecordingNotice::Announcement {
                file: "consent.wav".into(),
            }),
            RecordedDigits::Kept,
        ),
        command(PauseRecording { leg, by: by() }),
        command(ResumeRecording { leg, by: by() }),
        command(StopRecording { leg, by: by() }),
    ]
}
