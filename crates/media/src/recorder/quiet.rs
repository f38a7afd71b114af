//! Where a recording is silent on purpose: it is paused, or a key was down.

use std::collections::VecDeque;
use std::time::Instant;

/// Spans of frames that are not given out as they were heard.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// From which frame on it is paused.
    paused: Option<i64>,
    /// Pauses that are over and keys, the oldest first.
    spans: VecDeque<(i64, i64)>,
    /// When the pause of keys is over.
    pub(super) keys_until: Option<Instant>,
    /// Frames that were hidden.
    pub(super) hidden: i64,
}

impl Quiet {
    /// Whether it was not paused before.
    pub(super) fn pause(&mut self, at: i64) -> bool {
        let begins = self.paused.is_none();
        self.paused.get_or_insert(at);
        begins
    }

    /// Whether it was paused.
    pub(super) fn resume(&mut self, at: i64) -> bool {
        let Some(from) = self.paused.take() else {
            return false;
        };
        self.hide(from, at);
        true
    }

    /// Hides frames. What touches the last span makes that longer.
    pub(super) fn hide(&mut self, from: i64, to: i64) {
        let is_full = self.spans.len() >= SPANS_MAX;
        if let Some(last) = self.spans.back_mut()
            && (from <= last.1 || is_full)
        {
            *last = (last.0.min(from), last.1.max(to));
            return;
        }
        self.spans.push_back((from, to));
    }

    /// Whether a frame that is given out now is hidden.
    pub(super) fn covers(&mut self, frame: i64) -> bool {
        let mut spans = self.spans.iter();
        let covered = self.paused.is_some_and(|from| frame >= from)
            || spans.any(|(from, to)| (*from..*to).contains(&frame));
        self.hidden += i64::from(covered);
        covered
    }

    /// Frames before this one are given out.
    pub(super) fn forget_before(&mut self, frame: i64) {
        self.spans.retain(|(_, to)| *to > frame);
    }
}

/// Spans that are kept apart; beyond it what lies between is hidden as well. There are a few in the second for which
/// they are kept.
const SPANS_MAX: usize = 16;
