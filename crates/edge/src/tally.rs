//! Counting what would be a flood of events: the first of a kind is told at once, the others in one event every ten
//! seconds. A flood of packets must not become a flood of events.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The time between two events of one key.
pub const WINDOW: Duration = Duration::from_secs(10);

/// Keys that are counted one by one; a flood from forged addresses counts under one key for all others.
pub const KEYS_MAX: usize = 256;

/// Counts by key, each with what was kept of the first one.
#[derive(Debug)]
pub struct Tally<K, T> {
    counts: BTreeMap<K, Count<T>>,
    /// The first deadline of all; kept, because it is asked for after every packet.
    deadline: Option<Instant>,
}

/// What was counted under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count<T> {
    /// How many since the last event.
    pub count: u64,
    /// What is told of the first of them.
    pub first: Option<T>,
    /// When the window began.
    began: Instant,
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<K, T> {
    /// The key.
    pub key: K,
    /// How many.
    pub count: u64,
    /// What is told of the first of them.
    pub first: T,
    /// Over how long, in milliseconds.
    pub over_ms: u32,
}

impl<K: Ord + Clone, T> Default for Tally<K, T> {
    fn default() -> Self {
        Tally {
            counts: BTreeMap::new(),
            deadline: None,
        }
    }
}

impl<K: Ord + Clone, T> Tally<K, T> {
    /// One more under `key`, or under `others` when the table is full. `first` is asked only if it is the
    /// first of its window. What is told at once is given back.
    pub fn count(
        &mut self,
        key: K,
        others: K,
        now: Instant,
        first: impl FnOnce() -> T,
    ) -> Option<Told<K, T>> {
        let full = self.counts.len() >= KEYS_MAX && !self.counts.contains_key(&key);
        let key = if full { others } else { key };
        if let Some(count) = self.counts.get_mut(&key) {
            count.count += 1;
            count.first.get_or_insert_with(first);
            return None;
        }
        self.counts.insert(
            key.clone(),
            Count {
                count: 0,
                first: None,
                began: now,
            },
        );
        self.deadline.get_or_insert(now + WINDOW);
        Some(Told {
            key,
            count: 1,
            first: first(),
            over_ms: 0,
        })
    }

    /// One more, which may turn out to be nothing: told only when its window is over and nobody forgave it.
    pub fn suspect(&mut self, key: K, others: K, now: Instant, first: impl FnOnce() -> T) {
        let full = self.counts.len() >= KEYS_MAX && !self.counts.contains_key(&key);
        let key = if full { others } else { key };
        let count = self.counts.entry(key).or_insert_with(|| Count {
            count: 0,
            first: None,
            began: now,
        });
        count.count += 1;
        count.first.get_or_insert_with(first);
        self.deadline.get_or_insert(now + WINDOW);
    }

    /// What was suspected of this key was nothing.
    pub fn forgive(&mut self, key: &K) {
        if let Some(count) = self.counts.get_mut(key) {
            count.count = 0;
            count.first = None;
        }
    }

    /// When [`Tally::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Ends the windows that are over: what was counted in them is told, keys without a count are forgotten.
    pub fn due(&mut self, now: Instant) -> Vec<Told<K, T>> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        self.close(|began| now >= began + WINDOW, now)
    }

    /// Ends all windows: the edge stops.
    pub fn finish(&mut self, now: Instant) -> Vec<Told<K, T>> {
        self.close(|_| true, now)
    }

    fn close(&mut self, over: impl Fn(Instant) -> bool, now: Instant) -> Vec<Told<K, T>> {
        let mut told = Vec::new();
        self.counts.retain(|key, count| {
            if !over(count.began) {
                return true;
            }
            let Some(first) = count.first.take() else {
                return false;
            };
            let over_ms = milliseconds(now - count.began);
            told.push(Told {
                key: key.clone(),
                count: count.count,
                first,
                over_ms,
            });
            count.count = 0;
            count.began = now;
            true
        });
        self.deadline = self.counts.values().map(|count| count.began + WINDOW).min();
        told
    }
}

/// Whole milliseconds of something that may last for days.
pub fn whole_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whole milliseconds, as events carry them.
pub fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to begin with"
)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_a_flood_once_in_ten_seconds() {
        let mut tally = Tally::default();
        let start = Instant::now();
        let told = tally.count("a", "others", start, || 'x').unwrap();
        assert_eq!((told.count, told.first, told.over_ms), (1, 'x', 0));
        for n in 1..=100 {
            let now = start + Duration::from_millis(n);
            assert_eq!(tally.count("a", "others", now, || 'y'), None);
        }
        assert!(tally.due(start + Duration::from_secs(9)).is_empty());
        let told = tally.due(start + WINDOW);
        assert_eq!(
            (told[0].count, told[0].first, told[0].over_ms),
            (100, 'y', 10_000)
        );
        assert!(tally.due(start + WINDOW * 2).is_empty());
        assert_eq!(tally.deadline(), None);
    }

    #[test]
    fn a_suspect_is_told_unless_it_was_nothing() {
        let mut tally = Tally::default();
        let start = Instant::now();
        for name in ["guilty", "innocent", "guilty"] {
            tally.suspect(name, "others", start, || 'x');
        }
        tally.forgive(&"innocent");
        tally.forgive(&"unknown");
        let told = tally.due(start + WINDOW);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].key, told[0].count), ("guilty", 2));
        assert!(tally.due(start + WINDOW * 2).is_empty());
        assert_eq!(tally.deadline(), None);
    }

    #[test]
    fn forged_addresses_fill_one_key() {
        let mut tally = Tally::default();
        let now = Instant::now();
        let told = (1..1000)
            .filter_map(|n| tally.count(n, 0, now, || ()))
            .count();
        assert_eq!(told, KEYS_MAX + 1);
        assert_eq!(
            tally.finish(now),
            [Told {
                key: 0,
                count: 999 - 257,
                first: (),
                over_ms: 0
            }]
        );
    }
}
