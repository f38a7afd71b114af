//! The live feed: what changed, for everybody who watches, told once and sent to all.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use projections::Row;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::brief::Brief;
use crate::store::Store;
use crate::views::Committed;

/// The most changes that wait for one slow watcher; behind it, it is told everything anew.
const WAITING_MAX: usize = 64;
/// The most changes that are kept for a watcher who comes back.
const KEPT_MAX: usize = 64;
/// The most calls of one change; more are left to the next look.
const CALLS_MAX: usize = 500;
/// The most watchers at once.
const WATCHERS_MAX: usize = 64;

/// What one commit changed.
pub(crate) struct Change {
    /// The event number before it.
    pub(crate) from: u64,
    /// The event number behind it: the id that a watcher comes back with.
    pub(crate) to: u64,
    /// As JSON.
    pub(crate) json: String,
}

#[derive(Serialize)]
struct Told {
    calls: Vec<Brief>,
    /// How many calls changed that are not listed.
    left_out: usize,
    /// Whether there are new notices.
    notices: bool,
}

/// Who watches, and what they may have missed.
pub(crate) struct Feed {
    sender: broadcast::Sender<Arc<Change>>,
    kept: Mutex<VecDeque<Arc<Change>>>,
}

/// A watcher's place.
pub(crate) struct Watch {
    /// What it missed; `None` means that it has to be told everything.
    pub(crate) missed: Option<Vec<Arc<Change>>>,
    pub(crate) receiver: broadcast::Receiver<Arc<Change>>,
}

impl Feed {
    pub(crate) fn new() -> Feed {
        Feed {
            sender: broadcast::Sender::new(WAITING_MAX),
            kept: Mutex::new(VecDeque::new()),
        }
    }

    /// Tells the watchers of a commit. Nobody watching, nothing is computed.
    pub(crate) fn tell(&self, store: &Store, committed: &Committed) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        let listed = committed.rows.iter().rev().take(CALLS_MAX);
        let rows = listed.filter_map(|call| store.row(*call).ok().flatten());
        let told = Told {
            calls: rows.map(|row: Row| Brief::of(&row)).collect(),
            left_out: committed.rows.len().saturating_sub(CALLS_MAX),
            notices: committed.notices,
        };
        let change = Arc::new(Change {
            from: committed.from,
            to: committed.to,
            json: serde_json::to_string(&told).expect("a change is JSON"),
        });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&change));
        drop(kept);
        // Nobody may be left: that is no error.
        let _ = self.sender.send(change);
    }

    /// Watches from the id on that the watcher saw last. `None` when too many watch already.
    pub(crate) fn watch(&self, last: Option<u64>) -> Option<Watch> {
        if self.sender.receiver_count() >= WATCHERS_MAX {
            return None;
        }
        let receiver = self.sender.subscribe();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = last.and_then(|last| {
            let behind: Vec<_> = kept
                .iter()
                .skip_while(|change| change.from != last)
                .cloned()
                .collect();
            let unbroken = behind.windows(2).all(|pair| pair[0].to == pair[1].from);
            let is_newest = kept.back().is_some_and(|change| change.to == last);
            (is_newest || (!behind.is_empty() && unbroken)).then_some(behind)
        });
        Some(Watch { missed, receiver })
    }
}
