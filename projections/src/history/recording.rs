//! The recordings of a call: where each lies, and what it holds.

use schemars::JsonSchema;
use schemas::observation::{
    RecordingEnded, RecordingFailed, RecordingPause, RecordingPaused, RecordingResumed,
    RecordingStarted,
};
use schemas::{EventId, Hash, LegId, Timestamp};
use serde::{Deserialize, Serialize};

use super::fold::Moment;
use super::row::Row;

/// The most recordings that a row tells of.
const RECORDINGS_MAX: usize = 32;

/// How a recording stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// It goes on.
    Running,
    /// It goes on, silent on request.
    Paused,
    /// It is complete.
    Complete,
    /// It did not begin, or broke off.
    Failed,
}

impl RecordingState {
    /// The state as a word.
    pub fn word(self) -> &'static str {
        match self {
            RecordingState::Running => "running",
            RecordingState::Paused => "paused",
            RecordingState::Complete => "complete",
            RecordingState::Failed => "failed",
        }
    }
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recording {
    /// The leg: what it says is on the left, what it hears on the right.
    pub leg: LegId,
    /// The file on the edge, with its path; empty if there was nowhere to write to.
    pub file: String,
    /// When it began.
    pub began: Timestamp,
    /// How it stands.
    pub state: RecordingState,
    /// How it came to its end, in words.
    pub cause: String,
    /// SHA-256 of the file, when it is complete.
    pub sha256: Option<Hash>,
    /// Milliseconds of audio, when it is over.
    pub length_ms: Option<u64>,
    /// Milliseconds of these that are silent because the disk was too slow.
    pub dropped_ms: u64,
    /// Milliseconds that are silent on purpose, if that is known.
    pub silenced_ms: Option<u64>,
    /// The event that said last how it stands.
    pub event: EventId,
}

impl Recording {
    /// Whether it is complete or failed.
    pub fn is_over(&self) -> bool {
        matches!(
            self.state,
            RecordingState::Complete | RecordingState::Failed
        )
    }
}

impl Row {
    /// The recording that goes on.
    pub fn running_recording(&self) -> Option<&Recording> {
        self.recordings.iter().find(|one| !one.is_over())
    }

    pub(super) fn recording_started(&mut self, moment: Moment, started: RecordingStarted) {
        let RecordingStarted { leg, file, .. } = started;
        if self.recordings.len() < RECORDINGS_MAX {
            self.recordings.push(Recording {
                leg,
                file,
                began: moment.at,
                state: RecordingState::Running,
                cause: String::new(),
                sha256: None,
                length_ms: None,
                dropped_ms: 0,
                silenced_ms: None,
                event: moment.id,
            });
        }
    }

    pub(super) fn recording_paused(&mut self, moment: Moment, paused: &RecordingPaused) {
        if let RecordingPause::Request { .. } = paused.pause {
            self.recording_is(moment, RecordingState::Paused);
        }
    }

    pub(super) fn recording_resumed(&mut self, moment: Moment, resumed: &RecordingResumed) {
        if let RecordingPause::Request { .. } = resumed.pause {
            self.recording_is(moment, RecordingState::Running);
        }
    }

    pub(super) fn recording_ended(&mut self, moment: Moment, ended: RecordingEnded) {
        let Some(running) = self.recording_mut() else {
            return;
        };
        running.state = RecordingState::Complete;
        running.cause = ended.cause;
        running.sha256 = Some(ended.sha256);
        running.length_ms = Some(ended.length_ms);
        running.dropped_ms = ended.dropped_ms;
        running.silenced_ms = ended.silenced_ms;
        running.event = moment.id;
    }

    pub(super) fn recording_failed(&mut self, moment: Moment, failed: RecordingFailed) {
        let what = format!("the recording failed: {}", failed.error);
        self.trouble(moment, Some(failed.leg), what);
        if self.recording_mut().is_none() {
            let RecordingFailed { leg, file, .. } = &failed;
            let (leg, file) = (*leg, file.clone());
            let sample_hz = 0;
            let started = RecordingStarted {
                leg,
                file,
                sample_hz,
            };
            self.recording_started(moment, started);
        }
        if let Some(running) = self.recording_mut() {
            running.state = RecordingState::Failed;
            running.cause = failed.error;
            running.length_ms = Some(failed.length_ms);
            running.event = moment.id;
        }
    }

    fn recording_is(&mut self, moment: Moment, state: RecordingState) {
        if let Some(running) = self.recording_mut() {
            running.state = state;
            running.event = moment.id;
        }
    }

    fn recording_mut(&mut self) -> Option<&mut Recording> {
        self.recordings.iter_mut().find(|one| !one.is_over())
    }
}
