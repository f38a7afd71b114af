//! What control counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Plain counters, read by whoever exports them.
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) observations: AtomicU64,
    pub(crate) decisions: AtomicU64,
    pub(crate) timers: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) histories: AtomicU64,
    pub(crate) unreadable: AtomicU64,
    pub(crate) unavailable: AtomicU64,
    pub(crate) live_calls: AtomicU64,
    pub(crate) lag_us: AtomicU64,
    pub(crate) position: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Observations taken since the start.
    pub observations: u64,
    /// Decisions appended since the start.
    pub decisions: u64,
    /// Waits that ran out and were appended since the start.
    pub timers: u64,
    /// Appends that another control had been faster with.
    pub conflicts: u64,
    /// Calls whose history was read: after a start, a conflict, or because of a late fact.
    pub histories: u64,
    /// Records or calls that could not be read; they are passed over.
    pub unreadable: u64,
    /// Times that the log could not take a record and it was offered again.
    pub unavailable: u64,
    /// Calls that go on.
    pub live_calls: u64,
    /// Microseconds from the last batch's oldest observation to its durable decisions.
    pub lag_us: u64,
    /// The number of the last event whose decision, if it has one, is durable: the log's head minus this
    /// is the backlog.
    pub position: u64,
}

impl Counters {
    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            observations: read(&self.observations),
            decisions: read(&self.decisions),
            timers: read(&self.timers),
            conflicts: read(&self.conflicts),
            histories: read(&self.histories),
            unreadable: read(&self.unreadable),
            unavailable: read(&self.unavailable),
            live_calls: read(&self.live_calls),
            lag_us: read(&self.lag_us),
            position: read(&self.position),
        }
    }
}

pub(crate) fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

pub(crate) fn set(counter: &AtomicU64, value: u64) {
    counter.store(value, Ordering::Relaxed);
}
