//! What an operator asks for, and what becomes of a call's recording.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Hash, LegId};

/// An operator asked for a call to be hung up, or its agent did beside its connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HangUpRequested {
    /// Who: the operator's name, `api`, or the agent's name.
    pub by: String,
    /// What the request is told apart by: who sends it again with the same key has asked once.
    pub key: Option<String>,
    /// The agent's leg, if an agent asked.
    pub leg: Option<LegId>,
}

/// What may be asked of a call's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecordingAction {
    /// To begin.
    Start,
    /// To be silent until it is resumed.
    Pause,
    /// To go on.
    Resume,
    /// To end, while the call goes on.
    Stop,
}

/// An operator asked something of a call's recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingRequested {
    /// What.
    pub action: RecordingAction,
    /// Who: the operator's name, or `api`.
    pub by: String,
    /// What the request is told apart by: who sends it again with the same key has asked once.
    pub key: Option<String>,
}

/// What a leg says and hears is written to a file from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingStarted {
    /// The leg: what it says is on the left, what it hears on the right.
    pub leg: LegId,
    /// The file on the edge, with its path.
    pub file: String,
    /// Samples in a second, of 16 bits each.
    pub sample_hz: u32,
}

/// Why a recording is silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecordingPause {
    /// Somebody asked for it.
    Request {
        /// Who.
        by: String,
    },
    /// Keys are pressed.
    Digits,
}

/// A recording is silent from now on. Its file goes on, so that a place in it is a time of the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingPaused {
    /// The leg.
    pub leg: LegId,
    /// Why.
    pub pause: RecordingPause,
    /// Where in the file, in milliseconds.
    pub at_ms: u64,
}

/// A recording is no longer silent for that reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingResumed {
    /// The leg.
    pub leg: LegId,
    /// What is over; of a request, who ended it.
    pub pause: RecordingPause,
    /// Where in the file, in milliseconds.
    pub at_ms: u64,
}

/// A recording is complete. Every `RecordingStarted` is followed by exactly one of this and `RecordingFailed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingEnded {
    /// The leg.
    pub leg: LegId,
    /// The file on the edge, with its path.
    pub file: String,
    /// Why, in words: `the call ended`, `stopped by grace`, `edge restarted`.
    pub cause: String,
    /// SHA-256 of the file's octets.
    pub sha256: Hash,
    /// Milliseconds of audio.
    pub length_ms: u64,
    /// Octets of the file.
    pub octets: u64,
    /// Milliseconds that are silent because the disk was too slow to take them.
    pub dropped_ms: u64,
    /// Milliseconds that are silent because it was paused or keys were pressed; absent if that is not known any more.
    pub silenced_ms: Option<u64>,
}

/// A recording did not begin, or broke off; the call goes on without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingFailed {
    /// The leg.
    pub leg: LegId,
    /// The file on the edge, with its path; empty if there is nowhere to write to.
    pub file: String,
    /// Why, in words: `No space left on device`.
    pub error: String,
    /// Milliseconds of audio that are in the file all the same.
    pub length_ms: u64,
}
