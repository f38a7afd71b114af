//! The thread that writes: one loop, as many files as there are recordings.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schemas::CallId;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::wav::{FRAME_BYTES, HEADER_BYTES, Wav};
use super::{FromRecorder, Settings, Told};
use crate::clock::moment;

/// What it is told.
#[derive(Debug)]
pub enum Order {
    /// A recording begins.
    Open {
        /// The call.
        call: CallId,
        /// The file.
        file: PathBuf,
        /// Samples in a second.
        sample_hz: u32,
    },
    /// Samples of one.
    Samples {
        /// The call.
        call: CallId,
        /// Frames before them that could not be sent here: they are silence.
        missing: u64,
        /// Left and right in turn.
        samples: Box<[i16]>,
    },
    /// One is over.
    Close {
        /// The call.
        call: CallId,
        /// Frames that could not be sent here.
        missing: u64,
        /// How much is silent on purpose.
        silenced: Duration,
    },
    /// One did not begin.
    GiveUp {
        /// The call.
        call: CallId,
    },
}

/// How long it waits before it looks again whether somebody made room.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// The thread's own.
#[derive(Debug)]
pub struct Writer {
    settings: Settings,
    told: mpsc::Sender<FromRecorder>,
    files: BTreeMap<CallId, Tape>,
    /// Octets of all recordings in the directory, as far as is known.
    taken: u64,
    looked_at: Option<Instant>,
    octets: Vec<u8>,
}

/// A file that is written.
#[derive(Debug)]
struct Tape {
    wav: Wav,
    /// Frames that are silent because they could not be sent here.
    dropped: u64,
}

impl Writer {
    /// A writer without files.
    pub fn new(settings: Settings, told: mpsc::Sender<FromRecorder>) -> Writer {
        Writer {
            settings,
            told,
            files: BTreeMap::new(),
            taken: 0,
            looked_at: None,
            octets: Vec::new(),
        }
    }

    /// Writes until nobody gives orders any more.
    pub fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        if let Err(error) = std::fs::create_dir_all(&self.settings.directory) {
            let directory = self.settings.directory.display();
            tracing::error!(%directory, %error, "there is nowhere to write recordings to");
        }
        while let Some(order) = orders.blocking_recv() {
            match order {
                Order::Open {
                    call,
                    file,
                    sample_hz,
                } => self.open(call, &file, sample_hz),
                Order::Samples {
                    call,
                    missing,
                    samples,
                } => self.samples(call, missing, &samples),
                Order::Close {
                    call,
                    missing,
                    silenced,
                } => self.close(call, missing, silenced),
                Order::GiveUp { call } => {
                    let error = "the media of the call is gone".to_owned();
                    let length = Duration::ZERO;
                    self.tell(call, Told::Failed { error, length });
                }
            }
        }
    }

    fn open(&mut self, call: CallId, file: &Path, sample_hz: u32) {
        let opened = self
            .room_for(HEADER_BYTES)
            .and_then(|()| Wav::create(file, sample_hz));
        match opened {
            Ok(wav) => {
                self.files.insert(call, Tape { wav, dropped: 0 });
                self.tell(call, Told::Started { sample_hz });
            }
            Err(error) => {
                let (error, length) = (error.to_string(), Duration::ZERO);
                self.tell(call, Told::Failed { error, length });
            }
        }
    }

    fn samples(&mut self, call: CallId, missing: u64, samples: &[i16]) {
        // One that failed is told already.
        if !self.files.contains_key(&call) {
            return;
        }
        let mut octets = std::mem::take(&mut self.octets);
        octets.clear();
        octets.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        let written = self
            .silence(call, missing)
            .and_then(|()| self.write(call, &octets));
        self.octets = octets;
        if let Err(error) = written {
            self.fail(call, &error);
        }
    }

    /// Frames that were not sent here.
    fn silence(&mut self, call: CallId, frames: u64) -> io::Result<()> {
        const SILENCE: [u8; 8_192] = [0; 8_192];
        let mut left = frames.saturating_mul(FRAME_BYTES);
        while left > 0 {
            let count = left.min(8_192);
            let silence = usize::try_from(count).map_or(&SILENCE[..], |count| &SILENCE[..count]);
            self.write(call, silence)?;
            left -= count;
        }
        if let Some(tape) = self.files.get_mut(&call) {
            tape.dropped += frames;
        }
        Ok(())
    }

    fn write(&mut self, call: CallId, octets: &[u8]) -> io::Result<()> {
        self.room_for(u64::try_from(octets.len()).unwrap_or(u64::MAX))?;
        match self.files.get_mut(&call) {
            Some(tape) => tape.wav.write(octets),
            None => Ok(()),
        }
    }

    fn close(&mut self, call: CallId, missing: u64, silenced: Duration) {
        if !self.files.contains_key(&call) {
            return;
        }
        if let Err(error) = self.silence(call, missing) {
            return self.fail(call, &error);
        }
        let Some(Tape { wav, dropped }) = self.files.remove(&call) else {
            return;
        };
        let dropped = wav.duration(dropped);
        let told = self.told.clone();
        // A long file takes a moment to be read; the others go on meanwhile.
        Handle::current().spawn_blocking(move || {
            let length = wav.length();
            let told_of = match wav.complete() {
                Ok(complete) => Told::Ended {
                    complete,
                    dropped,
                    silenced,
                },
                Err(error) => Told::Failed {
                    error: error.to_string(),
                    length,
                },
            };
            // The edge is gone: the next one finds the file.
            let _ = told.blocking_send(FromRecorder {
                call,
                told: told_of,
            });
        });
    }

    fn fail(&mut self, call: CallId, error: &io::Error) {
        let Some(tape) = self.files.remove(&call) else {
            return;
        };
        tracing::error!(%call, %error, "a recording breaks off");
        let length = tape.wav.length();
        tape.wav.give_up();
        let error = error.to_string();
        self.tell(call, Told::Failed { error, length });
    }

    fn tell(&self, call: CallId, told: Told) {
        // The edge is gone: the next one finds the file.
        let _ = self.told.blocking_send(FromRecorder { call, told });
    }

    /// Takes room among all recordings, if there is any.
    fn room_for(&mut self, octets: u64) -> io::Result<()> {
        let is_full = |taken: u64, most: u64| taken.saturating_add(octets) > most;
        let most = self.settings.bytes_max;
        let now = moment().now;
        let looked = self.looked_at.is_some_and(|at| now < at + LOOK_AGAIN_AFTER);
        if self.looked_at.is_none() || (is_full(self.taken, most) && !looked) {
            self.looked_at = Some(now);
            self.taken = size(&self.settings.directory)?;
        }
        if is_full(self.taken, most) {
            let text = format!("the recordings take {most} octets, as many as they may");
            return Err(io::Error::other(text));
        }
        self.taken += octets;
        Ok(())
    }
}

/// Octets of the recordings in a directory.
fn size(directory: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let is_wav = entry.path().extension().is_some_and(|end| end == "wav");
        // One that is moved away meanwhile takes no room any more.
        size += entry
            .metadata()
            .map_or(0, |file| if is_wav { file.len() } else { 0 });
    }
    Ok(size)
}

#[cfg(test)]
mod tests;
