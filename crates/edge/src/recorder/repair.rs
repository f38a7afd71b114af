//! Recordings that an earlier run left behind: what is in their files is made whole, and told.

use std::path::Path;

use schemas::Observation;
use schemas::observation::{RecordingEnded, RecordingFailed, RecordingStarted};

use super::wav::Wav;
use crate::tally::whole_milliseconds;

/// The end of a recording whose edge died.
pub fn end(started: &RecordingStarted, cause: &str) -> Observation {
    let RecordingStarted { leg, file, .. } = started.clone();
    let path = Path::new(&file);
    match Wav::take_up(path).and_then(Wav::complete) {
        Ok(complete) => RecordingEnded {
            leg,
            file,
            cause: cause.to_owned(),
            sha256: complete.sha256,
            length_ms: whole_milliseconds(complete.length),
            octets: complete.octets,
            // Both died with who counted them.
            dropped_ms: 0,
            silenced_ms: None,
        }
        .into(),
        Err(error) => RecordingFailed {
            leg,
            file,
            error: format!("{cause}, and the file cannot be used: {error}"),
            length_ms: 0,
        }
        .into(),
    }
}
