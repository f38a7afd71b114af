//! What waits for the writer of a stream: bounded, in the order of the calls.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas::Record;
use tokio::sync::oneshot;

use super::pace::Pace;
use crate::{Outcome, Reason, clock};

/// How many bytes may wait: a second of a disk that hangs, at 64 MiB/s.
pub(crate) const QUEUE_MAX_BYTES: usize = 64 << 20;
/// What a record needs in memory besides its bytes.
const RECORD_OVERHEAD_BYTES: usize = 300;

/// Records on their way to the writer.
pub(crate) struct Submission {
    pub(crate) records: Vec<Record>,
    pub(crate) answer: oneshot::Sender<Vec<Outcome>>,
}

/// What the writer is asked to do.
pub(crate) enum Work {
    /// Write these.
    Write(Vec<Submission>),
    /// Nothing came: look at the intervals.
    Idle,
    /// Nothing more will come.
    Close,
}

#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
}

#[derive(Default)]
struct Inner {
    waiting: Vec<Submission>,
    bytes: usize,
    closed: bool,
    asleep: bool,
}

impl Queue {
    /// Puts records into the queue; they are written in the order of these calls.
    pub(crate) fn submit(
        &self,
        records: Vec<Record>,
    ) -> Result<oneshot::Receiver<Vec<Outcome>>, Reason> {
        let size = |record: &Record| record.bytes().len() + RECORD_OVERHEAD_BYTES;
        let bytes: usize = records.iter().map(size).sum();
        let (answer, answered) = oneshot::channel();
        let mut inner = self.lock();
        if inner.closed {
            return Err(Reason::Closed);
        }
        if inner.bytes + bytes > QUEUE_MAX_BYTES && !inner.waiting.is_empty() {
            return Err(Reason::Busy);
        }
        inner.bytes += bytes;
        inner.waiting.push(Submission { records, answer });
        if inner.asleep {
            inner.asleep = false;
            self.wake.notify_one();
        }
        Ok(answered)
    }

    /// Takes everything that waits; waits at most this long for something, and then for as long as the pace asks.
    pub(crate) fn take(&self, patience: Duration, pace: &Pace) -> Work {
        let mut inner = self.lock();
        if inner.waiting.is_empty() && !inner.closed {
            inner.asleep = true;
            inner = self.wait(inner, patience, |inner| {
                inner.waiting.is_empty() && !inner.closed
            });
            inner.asleep = false;
        }
        let gather = pace.wait(clock::monotonic());
        if !inner.waiting.is_empty() && !gather.is_zero() {
            inner = self.wait(inner, gather, |inner| !inner.closed);
        }
        inner.bytes = 0;
        match std::mem::take(&mut inner.waiting) {
            waiting if !waiting.is_empty() => Work::Write(waiting),
            _ if inner.closed => Work::Close,
            _ => Work::Idle,
        }
    }

    fn wait<'a>(
        &self,
        inner: MutexGuard<'a, Inner>,
        patience: Duration,
        idle: impl FnMut(&mut Inner) -> bool,
    ) -> MutexGuard<'a, Inner> {
        let waited = self.wake.wait_timeout_while(inner, patience, idle);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Takes nothing more. What waits is still written.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{CallId, Chain, Draft, Event, Lane, NodeName, Subject, Timestamp, Unknown};

    #[test]
    fn a_full_queue_says_busy_and_takes_again_when_it_was_emptied() {
        let mut chain = Chain::new(Subject::Call(CallId([1; 16])), Lane::Facts);
        let record = chain.append(Draft {
            because: None,
            producer: NodeName::from("edge-1"),
            recorded_at: Timestamp(0),
            event: Event::Unknown(Unknown {
                kind: 60_000,
                version: 1,
                payload: vec![0; 1 << 20],
            }),
        });
        let queue = Queue::default();
        let pace = Pace::new(clock::monotonic());
        let submit = || queue.submit(vec![record.clone()]).map(|_| ());
        let taken = (0..1000).take_while(|_| submit().is_ok()).count();
        assert_eq!(taken, 63);
        assert_eq!(submit(), Err(Reason::Busy));
        let Work::Write(waiting) = queue.take(Duration::ZERO, &pace) else {
            panic!("nothing waits");
        };
        assert_eq!(waiting.len(), 63);
        assert_eq!(submit(), Ok(()));
        queue.close();
        assert_eq!(submit(), Err(Reason::Closed));
        assert!(matches!(queue.take(Duration::ZERO, &pace), Work::Write(_)));
        assert!(matches!(queue.take(Duration::ZERO, &pace), Work::Close));
    }
}
