//! How the projector stands: what `/readyz`, `/metrics` and the pages say of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use schemas::Position;

use crate::store::Store;

/// What the projector shares with the server.
pub(crate) struct Status {
    store: RwLock<Arc<Store>>,
    trouble: Mutex<Option<String>>,
    cursor: Mutex<Option<Position>>,
    caught_up: AtomicBool,
    pub(crate) events: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) rebuilds: AtomicU64,
    pub(crate) quarantines: AtomicU64,
    pub(crate) read_errors: AtomicU64,
}

impl Status {
    pub(crate) fn new(store: Arc<Store>) -> Status {
        Status {
            store: RwLock::new(store),
            trouble: Mutex::new(None),
            cursor: Mutex::new(None),
            caught_up: AtomicBool::new(false),
            events: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            rebuilds: AtomicU64::new(0),
            quarantines: AtomicU64::new(0),
            read_errors: AtomicU64::new(0),
        }
    }

    /// The generation that is served.
    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn serve(&self, store: Arc<Store>) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    /// Why the views are not to be relied on, if they are not.
    pub(crate) fn trouble(&self) -> Option<String> {
        let trouble = self
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match (trouble, self.caught_up.load(Ordering::Relaxed)) {
            (None, false) => Some("the views are catching up with the log".to_owned()),
            (trouble, _) => trouble,
        }
    }

    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    pub(crate) fn set_caught_up(&self) {
        self.caught_up.store(true, Ordering::Relaxed);
        self.set_trouble(None);
    }

    /// The place up to which the views tell of the log.
    pub(crate) fn cursor(&self) -> Option<Position> {
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_cursor(&self, cursor: Position) {
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner) = Some(cursor);
    }
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}
