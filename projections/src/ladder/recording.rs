//! The rungs of recordings, on the edge's line.

use schemas::{Observation, Record};

use super::rungs::Drawing;
use crate::Mark;
use crate::requests::Asked;

impl Drawing<'_> {
    pub(super) fn recording(&mut self, record: &Record, observation: &Observation) {
        let (mark, text) = match observation {
            Observation::RecordingRequested(request) => {
                let asked = Asked::of(request.action).word().replace('-', " the ");
                (Mark::Warn, format!("{} asks to {asked}", request.by))
            }
            Observation::RecordingStarted(_) => (Mark::Info, "recording begins".to_owned()),
            Observation::RecordingPaused(_) => (Mark::Mute, "recording pauses".to_owned()),
            Observation::RecordingResumed(_) => (Mark::Mute, "recording goes on".to_owned()),
            Observation::RecordingEnded(ended) => {
                (Mark::Info, format!("recording complete: {}", ended.cause))
            }
            Observation::RecordingFailed(failed) => {
                (Mark::Bad, format!("recording failed: {}", failed.error))
            }
            // It is told elsewhere.
            _ => return,
        };
        self.note(record, mark, &text);
    }
}
