//! Which calls are recorded, and what follows from what an operator asks of a recording.
//!
//! ```text
//!            start                 pause
//!   Off ──────────────► On ◄────────────────► Paused
//!    ▲                   │       resume          │
//!    └─ended, failed── Ending ◄──────stop────────┘
//! ```

use schemas::LegId;
use schemas::command::{
    PauseRecording, RecordedDigits, RecordingNotice, ResumeRecording, StartRecording, StopRecording,
};
use schemas::conclusion::RequestRefused;
use schemas::observation::{RecordingAction, RecordingRequested};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::configuration::Configuration;
use crate::decide::Draft;
use crate::route;

/// When calls are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recorded {
    /// Never: not on request either.
    #[default]
    Off,
    /// When an operator asks for it.
    OnRequest,
    /// From their answer on.
    On,
}

/// How the calls of a trunk are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recording {
    /// When.
    pub when: Recorded,
    /// What the caller is told before; nothing if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<RecordingNotice>,
    /// What becomes of pressed keys.
    pub digits: RecordedDigits,
}

impl Recording {
    /// Whether nothing is said of it.
    pub fn is_off(&self) -> bool {
        *self == Recording::default()
    }
}

/// How far the recording of a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// There is none.
    #[default]
    Off,
    /// It runs, or was told to begin.
    On,
    /// It is silent on request.
    Paused,
    /// It was told to end.
    Ending,
}

/// The caller was answered.
pub(crate) fn answered(draft: &mut Draft, call: &Call, configuration: &Configuration, leg: LegId) {
    let talks = call.caller().is_some_and(|caller| caller.is_talking());
    let is_new = call.recording == State::Off && call.recordings == 0;
    if leg == LegId::CALLER && talks && is_new && wanted(call, configuration).0 == Recorded::On {
        draft.rule("recording.start");
        start(draft, call, configuration);
    }
}

/// An operator asks something.
pub(crate) fn requested(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    request: &RecordingRequested,
) {
    use RecordingAction as Action;
    let (leg, by) = (LegId::CALLER, request.by.clone());
    let talks = call.caller().is_some_and(|caller| caller.is_talking());
    let (wanted, name) = wanted(call, configuration);
    match (request.action, call.recording) {
        _ if !talks => refuse(draft, "the caller is not on the line"),
        (Action::Start, State::Off) if wanted == Recorded::Off => {
            refuse(draft, &format!("{name} says that it is never recorded"));
        }
        (Action::Start, State::Off) => {
            draft.rule("recording.start");
            start(draft, call, configuration);
        }
        (Action::Start, State::On | State::Paused) => refuse(draft, "it is recorded already"),
        (Action::Pause, State::On) => {
            draft.rule("recording.pause");
            draft.command(PauseRecording { leg, by });
        }
        (Action::Pause, State::Paused) => refuse(draft, "the recording is paused already"),
        (Action::Resume, State::Paused) => {
            draft.rule("recording.resume");
            draft.command(ResumeRecording { leg, by });
        }
        (Action::Resume, State::On) => refuse(draft, "the recording is not paused"),
        (Action::Stop, State::On | State::Paused) => {
            draft.rule("recording.stop");
            draft.command(StopRecording { leg, by });
        }
        (Action::Pause | Action::Resume | Action::Stop, State::Off) => {
            refuse(draft, "the call is not recorded");
        }
        (_, State::Ending) => refuse(draft, "the recording is being ended"),
    }
}

fn start(draft: &mut Draft, call: &Call, configuration: &Configuration) {
    let Recording { notice, digits, .. } = of_trunk(call, configuration);
    draft.command(StartRecording {
        leg: LegId::CALLER,
        recording: call.recordings.saturating_add(1),
        notice,
        digits,
    });
}

fn refuse(draft: &mut Draft, why: &str) {
    draft.rule("recording.refused");
    draft.conclude(RequestRefused {
        why: why.to_owned(),
    });
}

/// When the call is recorded, and who says so: its number, or its trunk.
fn wanted(call: &Call, configuration: &Configuration) -> (Recorded, String) {
    let Some(invite) = &call.invite else {
        return (Recorded::Off, String::new());
    };
    let rule = route::find(configuration, &invite.trunk, invite.called.reveal());
    match rule.and_then(|(number, rule)| Some((number, rule.recording?))) {
        Some((number, when)) => (when, format!("number {number}")),
        None => {
            let when = of_trunk(call, configuration).when;
            (when, format!("trunk {}", invite.trunk))
        }
    }
}

fn of_trunk(call: &Call, configuration: &Configuration) -> Recording {
    let trunk = call.invite.as_ref().map(|invite| &invite.trunk);
    let trunk = trunk.and_then(|name| configuration.trunks.get(name));
    trunk
        .map(|trunk| trunk.recording.clone())
        .unwrap_or_default()
}
