//! The recording of a call, as its decisions and its facts have it. Its media makes the samples, [`recorder`](crate::recorder)
//! writes the file; here each command gets its one fact, and the recording its one end.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemas::command::{RecordedDigits, RecordingNotice, StartRecording};
use schemas::observation::{
    RecordingEnded, RecordingFailed, RecordingPause, RecordingPaused, RecordingResumed,
    RecordingStarted,
};
use schemas::{Command, EventId, LegId};

use crate::call::Call;
use crate::leg::Socket;
use crate::port::Output;
use crate::recorder::Told;
use crate::refusal::Refusal;
use crate::step::Step;
use crate::tally::whole_milliseconds;
use crate::voice::{ToVoice, leg_id};

/// The tone of a notice, in hertz: what recorders of telephone calls have always used.
const NOTICE_HZ: u16 = 1_400;
/// How loud it is, in decibels below full scale.
const NOTICE_LEVEL_DB: i8 = -16;
/// How long it is, in milliseconds.
const NOTICE_MS: u32 = 500;

/// A recording, from the command until its end is written.
#[derive(Debug)]
pub struct Recording {
    leg: LegId,
    file: String,
    /// The decision that it began by.
    because: EventId,
    has_started: bool,
    paused: bool,
    /// Pauses and their ends that the media was told of, and who wants them.
    changes: VecDeque<(EventId, &'static str, String)>,
    /// The decision that ended it, and who wanted that.
    stopped: Option<(EventId, String)>,
}

impl Call {
    /// Records a leg.
    pub fn start_recording(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &StartRecording,
    ) -> Result<(), Refusal> {
        let leg = command.leg;
        if self.recording.is_some() {
            return Err("the call is recorded already".to_owned().into());
        }
        let (state, _) = self.live(leg)?;
        if !state.talks() || state.socket != Socket::Open {
            return Err("the leg is not answered".to_owned().into());
        }
        let Some(settings) = &step.configuration.recorder else {
            let error = "this edge has no directory for recordings".to_owned();
            return self.not_recorded(step, because, leg, error);
        };
        let notice = match notice(step, command.notice.as_ref()) {
            Ok(notice) => notice,
            Err(error) => return self.not_recorded(step, because, leg, error),
        };
        let name = format!("{}-{}.wav", self.id, command.recording);
        let path = settings.directory.join(name);
        self.recording = Some(Box::new(Recording {
            leg,
            file: text(&path),
            because,
            has_started: false,
            paused: false,
            changes: VecDeque::new(),
            stopped: None,
        }));
        let order = media::RecordOrder::Start {
            digits: digits(command.digits),
            notice,
        };
        let leg = leg_id(leg);
        let input = media::Input::Record { leg, order };
        step.outputs.push_back(Output::Record {
            file: path,
            to: ToVoice {
                call: self.id,
                input,
            },
        });
        Ok(())
    }

    /// Pauses, resumes or ends the recording.
    pub fn change_recording(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &Command,
    ) -> Result<(), Refusal> {
        let running = self.recording.as_mut().filter(|one| one.stopped.is_none());
        let Some(recording) = running else {
            return Err(Refusal::over("the call is not recorded"));
        };
        let leg = leg_id(recording.leg);
        let order = match command {
            Command::PauseRecording(pause) if !recording.paused => {
                recording.paused = true;
                let change = (because, command.name(), pause.by.clone());
                recording.changes.push_back(change);
                media::RecordOrder::Pause
            }
            Command::ResumeRecording(resume) if recording.paused => {
                recording.paused = false;
                let change = (because, command.name(), resume.by.clone());
                recording.changes.push_back(change);
                media::RecordOrder::Resume
            }
            Command::StopRecording(stop) => {
                recording.stopped = Some((because, stop.by.clone()));
                media::RecordOrder::Stop
            }
            // Control knows what it said before.
            _ => return Err("the recording is so already".to_owned().into()),
        };
        self.voice(step, media::Input::Record { leg, order });
        Ok(())
    }

    /// The media is silent from there on.
    pub fn recording_paused(&mut self, step: &mut Step<'_>, at: Duration, digits: bool) {
        if let Some((leg, because, pause)) = self.changed(digits) {
            let at_ms = whole_milliseconds(at);
            self.fact_because(step, because, RecordingPaused { leg, pause, at_ms });
        }
    }

    /// The media goes on from there.
    pub fn recording_resumed(&mut self, step: &mut Step<'_>, at: Duration, digits: bool) {
        if let Some((leg, because, pause)) = self.changed(digits) {
            let at_ms = whole_milliseconds(at);
            self.fact_because(step, because, RecordingResumed { leg, pause, at_ms });
        }
    }

    /// What became of its file.
    pub fn recorded(&mut self, step: &mut Step<'_>, told: Told) {
        let Some(recording) = &mut self.recording else {
            return;
        };
        match told {
            Told::Started { sample_hz } => {
                recording.has_started = true;
                let (leg, file, because) =
                    (recording.leg, recording.file.clone(), recording.because);
                let started = RecordingStarted {
                    leg,
                    file,
                    sample_hz,
                };
                self.fact_because(step, Some(because), started);
            }
            Told::Ended {
                complete,
                dropped,
                silenced,
            } => {
                let Some(recording) = self.recording.take() else {
                    return;
                };
                self.unchanged(step, &recording);
                let (because, cause) = match &recording.stopped {
                    Some((because, by)) => (Some(*because), format!("stopped by {by}")),
                    None => (None, "the call ended".to_owned()),
                };
                let ended = RecordingEnded {
                    leg: recording.leg,
                    file: recording.file,
                    cause,
                    sha256: complete.sha256,
                    length_ms: whole_milliseconds(complete.length),
                    octets: complete.octets,
                    dropped_ms: whole_milliseconds(dropped),
                    silenced_ms: Some(whole_milliseconds(silenced)),
                };
                self.fact_because(step, because, ended);
            }
            Told::Failed { error, length } => self.recording_failed(step, error, length),
        }
    }

    /// Nothing more is written; the call goes on.
    fn recording_failed(&mut self, step: &mut Step<'_>, error: String, length: Duration) {
        let Some(recording) = self.recording.take() else {
            return;
        };
        if self
            .legs
            .get(&recording.leg)
            .is_some_and(|leg| leg.is_live())
        {
            let leg = leg_id(recording.leg);
            let order = media::RecordOrder::Stop;
            self.voice(step, media::Input::Record { leg, order });
        }
        self.unchanged(step, &recording);
        let because = match (&recording.stopped, recording.has_started) {
            (_, false) => Some(recording.because),
            (Some((because, _)), true) => Some(*because),
            (None, true) => None,
        };
        if let (Some((stopped, _)), false) = (&recording.stopped, recording.has_started) {
            let refusal = Refusal::over(&error);
            self.command_failed(step, *stopped, "StopRecording", recording.leg, refusal);
        }
        let failed = RecordingFailed {
            leg: recording.leg,
            file: recording.file,
            error,
            length_ms: whole_milliseconds(length),
        };
        self.fact_because(step, because, failed);
    }

    fn not_recorded(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        leg: LegId,
        error: String,
    ) -> Result<(), Refusal> {
        let failed = RecordingFailed {
            leg,
            file: String::new(),
            error,
            length_ms: 0,
        };
        self.fact_because(step, Some(because), failed);
        Ok(())
    }

    /// Whose change the media tells of, and which decision it answers.
    fn changed(&mut self, digits: bool) -> Option<(LegId, Option<EventId>, RecordingPause)> {
        let recording = self.recording.as_mut()?;
        if digits {
            return Some((recording.leg, None, RecordingPause::Digits));
        }
        let (because, _, by) = recording.changes.pop_front()?;
        let pause = RecordingPause::Request { by };
        Some((recording.leg, Some(because), pause))
    }

    /// Changes that the media did not come to: the recording ended before.
    fn unchanged(&mut self, step: &mut Step<'_>, recording: &Recording) {
        for (because, command, _) in &recording.changes {
            let refusal = Refusal::over("the recording ended before");
            self.command_failed(step, *because, command, recording.leg, refusal);
        }
    }
}

/// What the caller hears before.
fn notice(step: &Step<'_>, notice: Option<&RecordingNotice>) -> Result<Option<Arc<[i16]>>, String> {
    match notice {
        None => Ok(None),
        Some(RecordingNotice::Tone) => {
            let tone = media::tone::sine(NOTICE_HZ, NOTICE_LEVEL_DB, NOTICE_MS);
            Ok(Some(tone.into()))
        }
        // Nobody is recorded who was not told.
        Some(RecordingNotice::Announcement { file }) => match step.recordings.get(file) {
            Some(samples) => Ok(Some(samples)),
            None => Err(format!(
                "this edge has no recording {file} to tell the caller by"
            )),
        },
    }
}

fn digits(digits: RecordedDigits) -> media::RecordedDigits {
    match digits {
        RecordedDigits::Masked => media::RecordedDigits::Masked,
        RecordedDigits::Paused => media::RecordedDigits::Paused,
        RecordedDigits::Kept => media::RecordedDigits::Kept,
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
