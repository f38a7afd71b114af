//! The thread that writes recordings, as the edge's loop knows it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Edge;
use crate::clock::moment;
use crate::port::Input;
use crate::recorder::{FromRecorder, Recorder, Settings, Told};
use crate::voice::ToVoice;

/// The thread, if calls are recorded at all.
pub(super) struct Recording(Option<Running>);

struct Running {
    recorder: Recorder,
    told: mpsc::Receiver<FromRecorder>,
    thread: JoinHandle<()>,
}

impl Recording {
    pub(super) fn start(settings: Option<Settings>) -> Recording {
        Recording(settings.map(|settings| {
            let (recorder, told, thread) = Recorder::start(settings);
            Running {
                recorder,
                told,
                thread,
            }
        }))
    }

    /// What it tells; nothing for ever if there is none.
    pub(super) async fn told(&mut self) -> FromRecorder {
        if let Some(running) = &mut self.0
            && let Some(told) = running.told.recv().await
        {
            return told;
        }
        std::future::pending().await
    }

    /// Lets it write what it has. The sinks of all calls are gone by now.
    pub(super) async fn stop(self) {
        if let Some(running) = self.0 {
            drop((running.recorder, running.told));
            if let Err(error) = running.thread.await {
                tracing::error!(%error, "the recorder broke");
            }
        }
    }
}

impl Edge {
    /// Records a leg, if the disk is not too far behind.
    pub(super) fn record(&mut self, file: PathBuf, to: ToVoice) {
        let call = to.call;
        let recorder = self.recording.0.as_ref().map(|running| &running.recorder);
        match recorder.and_then(|recorder| recorder.reserve(call, file)) {
            Some(ticket) => self.switchboard.record(ticket, to),
            None => {
                let told = Told::Failed {
                    error: "the disk does not follow".to_owned(),
                    length: Duration::ZERO,
                };
                let from = FromRecorder { call, told };
                self.core.handle(Input::Recorded(from), moment());
            }
        }
    }
}
