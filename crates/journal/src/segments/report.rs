//! What was found when a log was opened.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use super::recovery::between;
use super::store::{Open, Sealed};
use crate::Damage;

/// What was found in both streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Facts, decisions and requests.
    pub events: Opened,
    /// SIP messages.
    pub wire: Opened,
}

/// What was found in one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// How many bytes behind the last good record were no record: a write that a crash cut short.
    /// Nothing of it was confirmed. 0 after an orderly stop. Opened for writing, the log no longer
    /// has them.
    pub cut_bytes: u64,
    /// Where in the last segment they began.
    pub cut_at: u64,
    /// The file that has them now.
    pub cut_kept_in: Option<PathBuf>,
    /// What is known to be unreadable. A sealed segment that has its index is not read when a log is
    /// opened: damage in it shows when it is read.
    pub damage: Vec<Damage>,
    /// How many index files were missing or unreadable and were made again.
    pub indexes_made: usize,
    /// Of a single file: whether it has its seal, that is, whether its end is there.
    pub is_complete: bool,
}

impl Default for Opened {
    fn default() -> Opened {
        Opened {
            cut_bytes: 0,
            cut_at: 0,
            cut_kept_in: None,
            damage: Vec::new(),
            indexes_made: 0,
            is_complete: true,
        }
    }
}

impl Opened {
    /// Notes the damage of every segment and between them; returns what lies between.
    pub(crate) fn note(&mut self, sealed: &VecDeque<Arc<Sealed>>, open: &Open) -> Vec<Damage> {
        let firsts = sealed.iter().map(|segment| segment.summary.first);
        let nexts = firsts.skip(1).chain([open.first]);
        let mut holes = Vec::new();
        for (segment, next) in sealed.iter().zip(nexts) {
            let gaps = segment.summary.gaps.iter();
            self.damage
                .extend(gaps.map(|gap| gap.damage(&segment.path)));
            holes.extend(between(segment, next));
        }
        self.damage.extend_from_slice(&holes);
        let gaps = open.gaps.iter();
        self.damage.extend(gaps.map(|gap| gap.damage(&open.path)));
        holes
    }
}
