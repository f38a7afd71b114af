//! Commands for the recording of a leg.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LegId;

/// What a caller is told before he is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecordingNotice {
    /// A short tone.
    Tone,
    /// A recording of 8 kHz, 16 bit, mono.
    Announcement {
        /// The WAV file's name on the edge.
        file: String,
    },
}

/// What becomes of the sound around a pressed key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecordedDigits {
    /// Silence as long as the key is down, and a little before and behind.
    #[default]
    Masked,
    /// Silence until no key was pressed for some seconds.
    Paused,
    /// It is recorded.
    Kept,
}

/// Record what a leg says and what it hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartRecording {
    /// The leg: the caller's.
    pub leg: LegId,
    /// The number of the recording in its call, from 1 on; it is in the file's name.
    pub recording: u16,
    /// What the caller is told before.
    pub notice: Option<RecordingNotice>,
    /// What becomes of pressed keys.
    pub digits: RecordedDigits,
}

/// Let the recording be silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PauseRecording {
    /// The leg.
    pub leg: LegId,
    /// Who wants it.
    pub by: String,
}

/// Let the recording go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResumeRecording {
    /// The leg.
    pub leg: LegId,
    /// Who wants it.
    pub by: String,
}

/// End the recording; the call goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StopRecording {
    /// The leg.
    pub leg: LegId,
    /// Who wants it.
    pub by: String,
}
