//! The newest events in memory.

use std::collections::VecDeque;

use schemas::Entry;

/// The newest events, for followers that keep up and for repeated appends.
#[derive(Default)]
pub(crate) struct Recent {
    pub(crate) entries: VecDeque<Entry>,
    bytes: usize,
}

/// How many bytes of records stay in memory.
const RECENT_MAX_BYTES: usize = 4 << 20;
/// How many records stay in memory: their headers need memory too.
const RECENT_MAX_ENTRIES: usize = 8192;
impl Recent {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.bytes += entry.record.bytes().len();
        self.entries.push_back(entry);
        while self.bytes > RECENT_MAX_BYTES || self.entries.len() > RECENT_MAX_ENTRIES {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= entry.record.bytes().len();
        }
    }

    pub(crate) fn at(&self, sequence: u64) -> Option<&Entry> {
        let first = self.entries.front()?.position.sequence;
        let index = usize::try_from(sequence.checked_sub(first)?).ok()?;
        self.entries.get(index)
    }
}
