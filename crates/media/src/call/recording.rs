//! The recording of a call: one leg of it at a time, and what of it waits to be given out.

use std::time::Instant;

use super::Call;
use crate::error::Error;
use crate::event::{Event, LegId, Output, RecordOrder};
use crate::recorder::Recorder;

impl Call {
    pub(super) fn record(
        &mut self,
        leg: LegId,
        order: RecordOrder,
        now: Instant,
    ) -> Result<(), Error> {
        let event = match order {
            RecordOrder::Start { digits, notice } => {
                let index = self.index(leg)?;
                if self.recorders().next().is_some() {
                    return Err(Error::RecordedAlready);
                }
                self.legs[index].record(digits, notice, now);
                self.is_recorded = true;
                None
            }
            RecordOrder::Pause => {
                let digits = false;
                let at = self.recorder_of(leg)?.pause(now);
                at.map(|at| Event::RecordingPaused { at, digits })
            }
            RecordOrder::Resume => {
                let digits = false;
                let at = self.recorder_of(leg)?.resume(now);
                at.map(|at| Event::RecordingResumed { at, digits })
            }
            RecordOrder::Stop => {
                self.recorder_of(leg)?.stop(now);
                None
            }
        };
        if let Some(event) = event {
            self.events.push(leg, event);
        }
        Ok(())
    }

    /// What a leg that is over leaves behind of its recording.
    pub(super) fn keep_recorder(&mut self, recorder: Option<Box<Recorder>>, now: Instant) {
        if let Some(mut recorder) = recorder {
            recorder.stop(now);
            self.recorded = Some(recorder);
        }
    }

    /// Samples in a second of the recording that runs.
    pub fn recorded_hz(&self) -> Option<u32> {
        self.recorders().next().map(Recorder::sample_hz)
    }

    /// Whether [`Call::poll_recording`] has anything to give.
    pub(super) fn records(&self) -> bool {
        let due = |now| self.recorders().any(|recorder| recorder.is_due(now));
        self.is_recorded && self.now.is_some_and(due)
    }

    /// The chunk of a recording that is complete, or its end.
    pub(super) fn poll_recording(&mut self) -> Option<Output<'_>> {
        let now = self.now?;
        let has_chunk = self.recorders_mut().any(|recorder| recorder.cut(now));
        if has_chunk {
            // The one that made a chunk last: there is one at a time.
            let recorder = self.recorders().next()?;
            return Some(Output::Recorded {
                leg: recorder.leg,
                samples: recorder.chunk(),
            });
        }
        let over = self.recorders().find(|recorder| recorder.is_over())?;
        let (leg, silenced) = (over.leg, over.silenced());
        self.recorded = None;
        self.is_recorded = false;
        for leg in &mut self.legs {
            leg.recorder.take_if(|recorder| recorder.is_over());
        }
        Some(Output::RecordingOver { leg, silenced })
    }

    fn recorder_of(&mut self, leg: LegId) -> Result<&mut Recorder, Error> {
        let index = self.index(leg)?;
        let recorder = self.legs[index].recorder.as_deref_mut();
        recorder.ok_or(Error::NotRecorded(leg))
    }

    fn recorders(&self) -> impl Iterator<Item = &Recorder> {
        let legs = self.legs.iter().filter_map(|leg| leg.recorder.as_deref());
        self.recorded.as_deref().into_iter().chain(legs)
    }

    fn recorders_mut(&mut self) -> impl Iterator<Item = &mut Recorder> {
        let legs = self.legs.iter_mut();
        let legs = legs.filter_map(|leg| leg.recorder.as_deref_mut());
        self.recorded.as_deref_mut().into_iter().chain(legs)
    }
}
