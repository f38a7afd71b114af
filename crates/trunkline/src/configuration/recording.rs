//! Which calls are recorded, and where to.

use std::path::PathBuf;

use serde::Deserialize;

/// `[recording]`: the files of this machine's edge. Nothing deletes one: they belong to who records.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recording {
    /// The directory. Default: `recorded` in the data directory.
    pub directory: Option<PathBuf>,
    /// MiB that all WAV files in it may take; beyond it nothing more is recorded until somebody makes room, and calls
    /// go on. Default 10240, which is about 93 hours of calls.
    pub max_mb: Option<u64>,
}

/// `recording` of a trunk or a number: when its calls are recorded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded {
    /// Never, and nobody can ask for it.
    #[default]
    Off,
    /// When an operator asks for it.
    OnRequest,
    /// From their answer on.
    On,
}

/// `recording_digits` of a trunk: what becomes of the sound around a pressed key.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordedDigits {
    /// Silence on both sides as long as it is down, and a little before and behind.
    #[default]
    Mask,
    /// Silence on both sides until no key was pressed for three seconds.
    Pause,
    /// It is recorded.
    Keep,
}
