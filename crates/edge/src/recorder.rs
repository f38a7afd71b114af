//! The files of recordings: one thread writes them, off the way of packets. What it cannot take in time becomes silence
//! of the same length, counted.
//!
//! A recording reserves its last word when it begins, so that no file stays open because the queue was full.

pub mod repair;
mod wav;
mod writer;

use std::path::PathBuf;
use std::time::Duration;

use schemas::{CallId, Hash};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::writer::{Order, Writer};

/// Where recordings go, and how much of the disk they may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The directory. It is made at the start if it is not there.
    pub directory: PathBuf,
    /// Octets of all `.wav` files in it; beyond it nothing more is recorded until somebody makes room.
    pub bytes_max: u64,
}

/// Orders that wait for the disk: two for each recording that begins, and its chunks, of which there are three a second.
/// At 10 KiB each they are 80 MiB at most.
const ORDERS_MAX: usize = 8_192;

/// Tidings that wait for the edge's loop.
const TOLD_MAX: usize = 1_024;

/// The way to the thread that writes.
#[derive(Clone, Debug)]
pub struct Recorder {
    orders: mpsc::Sender<Order>,
}

/// What the thread tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromRecorder {
    /// The call.
    pub call: CallId,
    /// What happened.
    pub told: Told,
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The file is there.
    Started {
        /// Samples in a second.
        sample_hz: u32,
    },
    /// The file is complete.
    Ended {
        /// What it holds.
        complete: Complete,
        /// How much is silent because the disk was too slow.
        dropped: Duration,
        /// How much is silent on purpose.
        silenced: Duration,
    },
    /// Nothing more is written.
    Failed {
        /// Why.
        error: String,
        /// How much is in the file all the same.
        length: Duration,
    },
}

/// A complete file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complete {
    /// SHA-256 of its octets.
    pub sha256: Hash,
    /// How long it is.
    pub length: Duration,
    /// Its octets.
    pub octets: u64,
}

/// A place among the recordings, before its file is open. One that is let go is told as failed.
#[derive(Debug)]
pub struct Ticket(Option<Place>);

#[derive(Debug)]
struct Place {
    call: CallId,
    file: PathBuf,
    orders: mpsc::Sender<Order>,
    first: mpsc::OwnedPermit<Order>,
    last: mpsc::OwnedPermit<Order>,
}

/// The way of a recording's samples to its file. One that is let go ends it.
#[derive(Debug)]
pub struct Sink {
    call: CallId,
    orders: mpsc::Sender<Order>,
    last: Option<mpsc::OwnedPermit<Order>>,
    /// Frames that were not taken since the last ones that were.
    missing: u64,
}

impl Recorder {
    /// Starts the thread. It ends when nobody can give it orders any more.
    pub fn start(settings: Settings) -> (Recorder, mpsc::Receiver<FromRecorder>, JoinHandle<()>) {
        let (orders, received) = mpsc::channel(ORDERS_MAX);
        let (told, tidings) = mpsc::channel(TOLD_MAX);
        let writer = Writer::new(settings, told);
        let thread = tokio::task::spawn_blocking(move || writer.run(received));
        (Recorder { orders }, tidings, thread)
    }

    /// A place for the recording of a call. `None` if the disk is too far behind.
    pub fn reserve(&self, call: CallId, file: PathBuf) -> Option<Ticket> {
        let first = self.orders.clone().try_reserve_owned().ok()?;
        let last = self.orders.clone().try_reserve_owned().ok()?;
        let orders = self.orders.clone();
        Some(Ticket(Some(Place {
            call,
            file,
            orders,
            first,
            last,
        })))
    }
}

impl Ticket {
    /// Opens the file.
    pub fn open(mut self, sample_hz: u32) -> Option<Sink> {
        let Place {
            call,
            file,
            orders,
            first,
            last,
        } = self.0.take()?;
        first.send(Order::Open {
            call,
            file,
            sample_hz,
        });
        Some(Sink {
            call,
            orders,
            last: Some(last),
            missing: 0,
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            place.first.send(Order::GiveUp { call: place.call });
        }
    }
}

impl Sink {
    /// Writes samples, left and right in turn; or counts them, if the disk is too far behind.
    pub fn write(&mut self, samples: &[i16]) {
        let frames = u64::try_from(samples.len() / 2).unwrap_or(0);
        let Ok(permit) = self.orders.try_reserve() else {
            self.missing += frames;
            return;
        };
        permit.send(Order::Samples {
            call: self.call,
            missing: std::mem::take(&mut self.missing),
            samples: samples.into(),
        });
    }

    /// Ends the file.
    pub fn close(mut self, silenced: Duration) {
        self.end(silenced);
    }

    fn end(&mut self, silenced: Duration) {
        if let Some(last) = self.last.take() {
            last.send(Order::Close {
                call: self.call,
                missing: self.missing,
                silenced,
            });
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}
