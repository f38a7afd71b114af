//! Which calls this control decides for.

use journal::Filter;
use schemas::{Lane, PARTITIONS};

/// A set of the log's partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions(u64);

impl Partitions {
    /// Every call: the one control of an embedded log.
    pub const ALL: Partitions = Partitions(u64::MAX);

    /// Some of the partitions 0 to [`PARTITIONS`] − 1; higher numbers are passed over.
    pub fn of(partitions: impl IntoIterator<Item = u8>) -> Partitions {
        let bits = partitions
            .into_iter()
            .filter(|partition| *partition < PARTITIONS)
            .fold(0, |bits, partition| bits | 1 << partition);
        Partitions(bits)
    }

    /// The observations of these calls. Decisions are not followed: control knows its own, and meets
    /// another's when it writes.
    pub(crate) fn filter(self) -> Filter {
        let filter = Filter::ALL.lanes(&[Lane::Facts, Lane::Requests]);
        if self == Partitions::ALL {
            filter
        } else {
            filter.partitions((0..PARTITIONS).filter(|partition| self.0 & (1 << partition) != 0))
        }
    }
}
