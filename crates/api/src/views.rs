//! The views in memory: what a batch of the log changes, and how it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use projections::history::{Applied, Outcome};
use projections::verification::findings;
use projections::{Notices, Report, Row, Trunks};
use schemas::{CallId, Entry, Lane, Position, Record, TrunkName};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::store::{Batch, Dead, Store};

/// The most rows that stay in memory between batches: calls that are up. Others are read again.
const ROWS_MAX: usize = 20_000;

/// The most trunks that are told apart.
const TRUNKS_MAX: usize = 500;

/// The most holes of one batch that are looked for in the history.
const HOLES_MAX: usize = 100;

/// Calls that are over, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct Totals {
    /// By trunk and outcome. Calls without a trunk count under an empty name.
    pub(crate) ended: BTreeMap<TrunkName, BTreeMap<Outcome, u64>>,
    /// Calls that began.
    pub(crate) began: u64,
    /// Rows with a hole that the history did not fill.
    pub(crate) gaps: u64,
    /// Records that no view could take.
    pub(crate) dead: u64,
}

/// The views while a log is folded into them.
pub(crate) struct Views {
    store: Arc<Store>,
    rows: BTreeMap<CallId, Row>,
    reports: BTreeMap<TrunkName, Report>,
    notices: Notices,
    trunks: Trunks,
    totals: Totals,
    cursor: Position,
    changed: Changed,
}

/// What the batch has changed.
#[derive(Default)]
struct Changed {
    rows: BTreeSet<CallId>,
    reports: BTreeSet<TrunkName>,
    notices: bool,
    trunks: bool,
    dead: Vec<Dead>,
    holes: BTreeSet<CallId>,
    events: u64,
}

/// What a commit wrote.
pub(crate) struct Committed {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) rows: Vec<CallId>,
    pub(crate) notices: bool,
    pub(crate) events: u64,
}

impl Views {
    /// The views of a store, from the place that its cursor names or another.
    pub(crate) fn load(store: Arc<Store>, cursor: Position) -> Result<Views, Error> {
        let reports = store.reports()?;
        Ok(Views {
            rows: BTreeMap::new(),
            reports: reports
                .into_iter()
                .map(|report| (report.trunk.clone(), report))
                .collect(),
            notices: store.notices()?,
            trunks: store.trunks()?,
            totals: store.totals()?,
            cursor,
            changed: Changed::default(),
            store,
        })
    }

    pub(crate) fn cursor(&self) -> Position {
        self.cursor
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Folds entries in. Nothing is written before [`Views::commit`].
    pub(crate) fn apply(&mut self, entries: &[Entry]) -> Result<(), Error> {
        for entry in entries {
            self.changed.events += 1;
            match entry.record.subject().call() {
                Some(call) => self.apply_to_call(call, entry)?,
                None => self.apply_to_notices(entry),
            }
        }
        Ok(())
    }

    /// The calls of this batch whose history has a hole that was not there before.
    pub(crate) fn holes(&self) -> Vec<CallId> {
        self.changed.holes.iter().take(HOLES_MAX).copied().collect()
    }

    /// Fills a call's holes from its whole history. Says whether they are filled.
    pub(crate) fn fill(&mut self, call: CallId, history: &[Entry]) -> Result<bool, Error> {
        for entry in history {
            self.apply_to_call(call, entry)?;
        }
        let filled = self.row_mut(call)?.lanes.incomplete().is_empty();
        if filled {
            self.changed.holes.remove(&call);
        }
        Ok(filled)
    }

    /// Notes something that concerns no single record: a damaged place of the log.
    pub(crate) fn note_dead(&mut self, dead: Dead) {
        self.totals.dead += 1;
        self.changed.dead.push(dead);
    }

    /// Writes what changed and the place up to which it tells of the log, in one batch.
    pub(crate) fn commit(&mut self, cursor: Position) -> Result<Committed, Error> {
        let changed = std::mem::take(&mut self.changed);
        self.totals.gaps += changed.holes.len() as u64;
        let mut batch = Batch::default();
        for call in &changed.rows {
            if let Some(row) = self.rows.get(call) {
                batch.row(row);
            }
        }
        for trunk in &changed.reports {
            if let Some(report) = self.reports.get(trunk) {
                batch.report(report);
            }
        }
        if changed.notices {
            batch.notices(&self.notices);
        }
        if changed.trunks {
            batch.trunks(&self.trunks);
        }
        for dead in &changed.dead {
            batch.dead(dead);
        }
        batch.totals(&self.totals);
        batch.cursor(&cursor);
        self.store.commit(batch)?;
        let from = self.cursor.sequence;
        self.cursor = cursor;
        self.forget(&changed.rows);
        Ok(Committed {
            from,
            to: cursor.sequence,
            rows: changed.rows.into_iter().collect(),
            notices: changed.notices || !changed.dead.is_empty(),
            events: changed.events,
        })
    }

    fn apply_to_call(&mut self, call: CallId, entry: &Entry) -> Result<(), Error> {
        let record = &entry.record;
        if record.lane() == Lane::Wire {
            return Ok(());
        }
        let row = match self.rows.entry(call) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let stored = self.store.row(call)?;
                place.insert(stored.unwrap_or_else(|| Row::new(call)))
            }
        };
        let is_first = row.events == 0;
        // Only a call that is over has findings, and few events come behind its end.
        let before = if row.is_over() {
            findings(row)
        } else {
            Vec::new()
        };
        let was_over = row.is_over();
        let had_trunk = row.trunk.is_some();
        let could_not_read = row.unreadable;
        let applied = match catch_unwind(AssertUnwindSafe(|| row.apply(record))) {
            Ok(applied) => applied,
            Err(_) => {
                row.unreadable += 1;
                let error = "the fold panicked".to_owned();
                self.note_record(entry, error);
                self.changed.rows.insert(call);
                return Ok(());
            }
        };
        if applied == Applied::Nothing {
            return Ok(());
        }
        let unreadable = (row.unreadable > could_not_read).then(|| {
            record
                .event()
                .err()
                .map_or_else(String::new, |error| error.to_string())
        });
        let is_over = row.is_over();
        let after = if is_over { findings(row) } else { Vec::new() };
        let ended = (is_over && !was_over).then(|| {
            let trunk = row.trunk.clone().unwrap_or(TrunkName(String::new()));
            (trunk, row.outcome)
        });
        if let Some(trunk) = row.trunk.as_ref().filter(|_| !had_trunk) {
            self.changed.trunks |= self.trunks.call_began(trunk, row.began);
        }
        if let Some((trunk, outcome)) = &ended {
            self.changed.trunks |= self.trunks.call_ended(trunk, row.began, *outcome);
        }
        self.changed.rows.insert(call);
        self.totals.began += u64::from(is_first);
        if let Some((trunk, outcome)) = ended {
            self.count_ended(trunk, outcome);
        }
        if applied == Applied::BehindHole {
            self.changed.holes.insert(call);
        }
        if before != after {
            self.judge(&before, &after);
        }
        if let Some(error) = unreadable {
            self.note_record(entry, error);
        }
        Ok(())
    }

    fn count_ended(&mut self, trunk: TrunkName, outcome: Outcome) {
        let full = self.totals.ended.len() >= TRUNKS_MAX;
        let known = self.totals.ended.contains_key(&trunk);
        let trunk = if full && !known {
            TrunkName::from("(others)")
        } else {
            trunk
        };
        *self
            .totals
            .ended
            .entry(trunk)
            .or_default()
            .entry(outcome)
            .or_default() += 1;
    }

    fn judge(
        &mut self,
        before: &[(TrunkName, projections::verification::Finding)],
        after: &[(TrunkName, projections::verification::Finding)],
    ) {
        for (trunk, finding) in before.iter().filter(|one| !after.contains(one)) {
            if let Some(report) = self.reports.get_mut(trunk) {
                report.take_back(finding);
                self.changed.reports.insert(trunk.clone());
            }
        }
        for (trunk, finding) in after.iter().filter(|one| !before.contains(one)) {
            if !self.reports.contains_key(trunk) {
                if self.reports.len() >= TRUNKS_MAX {
                    continue;
                }
                self.reports
                    .insert(trunk.clone(), Report::new(trunk.clone()));
            }
            if let Some(report) = self.reports.get_mut(trunk) {
                report.add(finding);
                self.changed.reports.insert(trunk.clone());
            }
        }
    }

    fn apply_to_notices(&mut self, entry: &Entry) {
        let record: &Record = &entry.record;
        let (notices, trunks) = (&mut self.notices, &mut self.trunks);
        let fold = AssertUnwindSafe(|| match notices.apply(record) {
            // Each event once: notices know which they have.
            true => (true, trunks.apply(record)),
            false => (false, false),
        });
        match catch_unwind(fold) {
            Ok((in_notices, in_trunks)) => {
                self.changed.notices |= in_notices;
                self.changed.trunks |= in_trunks;
            }
            Err(_) => self.note_record(entry, "the fold panicked".to_owned()),
        }
    }

    fn note_record(&mut self, entry: &Entry, error: String) {
        let record = &entry.record;
        let dead = Dead::new(
            entry.position.sequence,
            record.subject(),
            record.id(),
            error,
        );
        self.note_dead(dead);
    }

    fn row_mut(&mut self, call: CallId) -> Result<&mut Row, Error> {
        let row = match self.rows.remove(&call) {
            Some(row) => row,
            None => self.store.row(call)?.unwrap_or_else(|| Row::new(call)),
        };
        Ok(self.rows.entry(call).or_insert(row))
    }

    /// Keeps the rows of calls that are up, up to the bound; the oldest go first.
    fn forget(&mut self, written: &BTreeSet<CallId>) {
        for call in written {
            if self.rows.get(call).is_some_and(Row::is_over) {
                self.rows.remove(call);
            }
        }
        while self.rows.len() > ROWS_MAX {
            self.rows.pop_first();
        }
    }
}

#[cfg(test)]
#[path = "../../../projections/tests/script/mod.rs"]
mod script;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use schemas::{Hash, LogId, Subject, Timestamp};

    use super::*;
    use crate::shelf::Shelf;

    const STORY: &str = include_str!("../../../projections/tests/calls/bridged-transfer.call");
    const HOLE: &str = include_str!("../../../projections/tests/calls/hole.call");
    const TORN: &str = include_str!("../../../projections/tests/calls/later-release.call");

    #[test]
    fn whatever_the_batches_the_views_are_the_same_byte_for_byte() {
        let entries = log(&[STORY, HOLE, TORN, STORY], 40);
        let mut digests = BTreeSet::new();
        for size in [1, 7, 100, entries.len()] {
            let data = tempfile::tempdir().unwrap();
            let mut views = empty(data.path());
            for batch in entries.chunks(size) {
                views.apply(batch).unwrap();
                views.commit(batch[batch.len() - 1].position).unwrap();
            }
            digests.insert(views.store().digest());
        }
        assert_eq!(digests.len(), 1);
    }

    #[test]
    fn a_second_delivery_changes_nothing_but_the_cursor() {
        let entries = log(&[STORY, HOLE, TORN], 10);
        let data = tempfile::tempdir().unwrap();
        let mut views = empty(data.path());
        let end = entries[entries.len() - 1].position;
        views.apply(&entries).unwrap();
        views.commit(end).unwrap();
        let once = views.store().digest();
        for batch in entries.chunks(13) {
            views.apply(batch).unwrap();
            views.commit(end).unwrap();
        }
        assert_eq!(views.store().digest(), once);
    }

    #[test]
    fn what_a_killed_process_leaves_is_as_old_as_its_cursor() {
        let entries = log(&[STORY, HOLE, TORN], 300);
        let data = tempfile::tempdir().unwrap();
        let mut views = empty(data.path());
        let mut checked = 0;
        for (index, batch) in entries.chunks(400).enumerate() {
            views.apply(batch).unwrap();
            views.commit(batch[batch.len() - 1].position).unwrap();
            if index % 4 == 3 {
                // What lies on the disk at this moment, nothing flushed, nothing closed.
                let left = tempfile::tempdir().unwrap();
                copy(&data.path().join("views"), &left.path().join("views"));
                checked += check(left.path(), &entries);
            }
        }
        views.store().flush().unwrap();
        let left = tempfile::tempdir().unwrap();
        copy(&data.path().join("views"), &left.path().join("views"));
        checked += check(left.path(), &entries);
        assert!(checked > 0, "at least one copy held rows");
    }

    #[test]
    fn a_record_that_no_view_can_take_is_noted_with_its_neighbours() {
        let entries = log(&[TORN], 1);
        let data = tempfile::tempdir().unwrap();
        let mut views = empty(data.path());
        views.apply(&entries).unwrap();
        views.commit(entries[entries.len() - 1].position).unwrap();
        let dead = views.store().dead(10).unwrap();
        assert_eq!(dead.len(), 1);
        assert!(dead[0].error.contains("is not a LegDialed"), "{dead:?}");
        assert_eq!(views.store().totals().unwrap().dead, 1);
    }

    #[test]
    fn a_hole_is_filled_from_the_history_or_flagged() {
        let entries = log(&[STORY], 1);
        let lost = [entries[3].clone(), entries[4].clone()];
        let without: Vec<Entry> = entries
            .iter()
            .filter(|entry| !lost.contains(entry))
            .cloned()
            .collect();
        let end = entries[entries.len() - 1].position;
        let call = entries[0].record.subject().call().unwrap();
        for (history, flagged) in [(&entries, false), (&without, true)] {
            let data = tempfile::tempdir().unwrap();
            let mut views = empty(data.path());
            views.apply(&without).unwrap();
            assert_eq!(views.holes(), [call]);
            assert_eq!(views.fill(call, history).unwrap(), !flagged);
            views.commit(end).unwrap();
            let row = views.store().row(call).unwrap().unwrap();
            assert_eq!(
                !row.incomplete().is_empty(),
                flagged,
                "{:?}",
                row.incomplete()
            );
            assert_eq!(views.store().totals().unwrap().gaps, u64::from(flagged));
        }
    }

    /// Opens what is there and compares each row with a fold up to the cursor. Gives the number of rows.
    fn check(data: &Path, entries: &[Entry]) -> usize {
        let opened = Shelf::new(data).unwrap().open().unwrap();
        assert_eq!(opened.quarantined, None);
        let cursor = opened
            .store
            .cursor()
            .unwrap()
            .map_or(0, |cursor| cursor.sequence);
        let mut expected: BTreeMap<CallId, Row> = BTreeMap::new();
        for entry in entries
            .iter()
            .filter(|entry| entry.position.sequence <= cursor)
        {
            let call = entry.record.subject().call().unwrap();
            expected
                .entry(call)
                .or_insert_with(|| Row::new(call))
                .apply(&entry.record);
        }
        let found: BTreeMap<CallId, Row> = opened
            .store
            .rows_before(None)
            .unwrap()
            .map(|row| row.map(|row| (row.call, row)))
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(found, expected, "the rows at event {cursor}");
        let up: Vec<CallId> = opened.store.up().unwrap();
        assert!(up.iter().all(|call| !found[call].is_over()));
        found.len()
    }

    fn empty(data: &Path) -> Views {
        let store = Arc::new(Shelf::new(data).unwrap().open().unwrap().store);
        Views::load(store, Position::beginning(LogId(1))).unwrap()
    }

    /// Many calls, their events interleaved as they would be in a log.
    fn log(stories: &[&str], calls: usize) -> Vec<Entry> {
        let calls = (0_u64..).zip(stories.iter().cycle().take(calls));
        let mut records: Vec<Record> = calls
            .flat_map(|(number, story)| {
                let milliseconds = 1_790_000_000_000 + number * 250;
                let call = CallId::new(milliseconds, [9; 10]);
                let began = Timestamp(i64::try_from(milliseconds * 1_000).unwrap());
                super::script::write(story, call, began).records
            })
            .collect();
        records.sort_by_key(|record| record.header().recorded_at);
        let entry = |(sequence, record): (u64, Record)| Entry {
            position: Position {
                log: LogId(1),
                sequence,
                hash: record.hash(),
            },
            record,
        };
        assert!(
            records
                .iter()
                .all(|record| matches!(record.subject(), Subject::Call(_)))
        );
        assert!(records.iter().all(|record| record.hash() != Hash::ZERO));
        (1..).zip(records).map(entry).collect()
    }

    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().flatten() {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}
