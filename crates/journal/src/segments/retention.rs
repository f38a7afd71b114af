//! Which segments are past their time.

use std::path::PathBuf;

use super::settings::Retention;
use super::store::Store;
use crate::clock;

impl Store {
    /// Takes the oldest sealed segment out, if it is past its time; the caller deletes its file.
    /// `space` is what the open segment has.
    pub(crate) fn expired(&self, retention: Retention, space: u64) -> Option<PathBuf> {
        let mut state = self.state_mut();
        let oldest = &state.sealed.front()?.summary;
        let bytes: u64 = state.sealed.iter().map(|one| one.summary.length).sum();
        let too_much = retention.max_bytes.is_some_and(|most| bytes + space > most);
        let too_old = retention.max_age.is_some_and(|most| {
            let age_ms = clock::wall_ms().saturating_sub(oldest.newest_ms);
            u128::try_from(age_ms).is_ok_and(|age_ms| age_ms > most.as_millis())
        });
        let released = oldest.next <= self.released() + 1;
        if !(too_much || too_old || released) {
            return None;
        }
        state.sealed.pop_front().map(|segment| segment.path.clone())
    }
}
