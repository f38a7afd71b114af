//! The report of one trunk: for each row the latest evidence that decides it, and how much there is.

use schemars::JsonSchema;
use schemas::TrunkName;
use serde::{Deserialize, Serialize};

use super::{Check, Finding, Verdict};

/// The most findings of a row that are kept: the newest.
pub const RECENT_MAX: usize = 20;

/// One row of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckRow {
    /// The row.
    pub check: Check,
    /// Its title.
    pub title: String,
    /// What it says: the newest finding that decides it.
    pub verdict: Verdict,
    /// Why, in words; what to do when it was not tried.
    pub why: String,
    /// The finding that it rests on.
    pub finding: Option<Finding>,
    /// How many calls passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// How many decided nothing.
    pub inconclusive: u64,
    /// The newest finding of a failure, whatever came after it.
    pub last_failure: Option<Finding>,
    /// The newest findings, newest first.
    pub recent: Vec<Finding>,
}

/// The report of a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The trunk.
    pub trunk: TrunkName,
    /// Its rows, in the order of the table.
    pub rows: Vec<CheckRow>,
}

impl Report {
    /// A trunk of which nothing was seen.
    pub fn new(trunk: TrunkName) -> Report {
        Report {
            trunk,
            rows: Check::ALL.into_iter().map(CheckRow::new).collect(),
        }
    }

    /// Adds a finding.
    pub fn add(&mut self, finding: &Finding) {
        if let Some(row) = self.row_mut(finding.check) {
            row.add(finding);
        }
    }

    /// Takes a finding back: a later event of the call changed it.
    pub fn take_back(&mut self, finding: &Finding) {
        if let Some(row) = self.row_mut(finding.check) {
            row.take_back(finding);
        }
    }

    /// A row.
    pub fn row(&self, check: Check) -> Option<&CheckRow> {
        self.rows.iter().find(|row| row.check == check)
    }

    /// How many rows say this.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows
            .iter()
            .filter(|row| row.verdict == verdict)
            .count()
    }

    fn row_mut(&mut self, check: Check) -> Option<&mut CheckRow> {
        self.rows.iter_mut().find(|row| row.check == check)
    }
}

impl CheckRow {
    fn new(check: Check) -> CheckRow {
        CheckRow {
            check,
            title: check.title().to_owned(),
            verdict: Verdict::NotRun,
            why: check.how().to_owned(),
            finding: None,
            passed: 0,
            failed: 0,
            inconclusive: 0,
            last_failure: None,
            recent: Vec::new(),
        }
    }

    fn add(&mut self, finding: &Finding) {
        let place = self.recent.partition_point(|known| !newer(finding, known));
        self.recent.insert(place, finding.clone());
        self.recent.truncate(RECENT_MAX);
        *self.count_mut(finding.verdict) += 1;
        if finding.verdict == Verdict::Fail
            && self
                .last_failure
                .as_ref()
                .is_none_or(|last| newer(finding, last))
        {
            self.last_failure = Some(finding.clone());
        }
        // What decides wins over what does not; among equals the newer one.
        let decides = |one: &Finding| one.verdict != Verdict::Inconclusive;
        let wins =
            self.finding
                .as_ref()
                .is_none_or(|known| match (decides(finding), decides(known)) {
                    (true, false) => true,
                    (false, true) => false,
                    (true, true) | (false, false) => newer(finding, known),
                });
        if wins {
            self.rest_on(finding.clone());
        }
    }

    fn take_back(&mut self, finding: &Finding) {
        self.recent.retain(|known| known != finding);
        let count = self.count_mut(finding.verdict);
        *count = count.saturating_sub(1);
        let recent = |decides: fn(&&Finding) -> bool| self.recent.iter().find(decides).cloned();
        let last_failure = recent(|one| one.verdict == Verdict::Fail);
        let deciding = recent(|one| one.verdict != Verdict::Inconclusive);
        if self.last_failure.as_ref() == Some(finding) {
            self.last_failure = last_failure;
        }
        if self.finding.as_ref() == Some(finding) {
            match deciding.or_else(|| self.recent.first().cloned()) {
                Some(next) => self.rest_on(next),
                None => {
                    self.verdict = Verdict::NotRun;
                    self.why = self.check.how().to_owned();
                    self.finding = None;
                }
            }
        }
    }

    fn rest_on(&mut self, finding: Finding) {
        self.verdict = finding.verdict;
        self.why.clone_from(&finding.why);
        self.finding = Some(finding);
    }

    fn count_mut(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Fail => &mut self.failed,
            Verdict::Inconclusive | Verdict::NotRun => &mut self.inconclusive,
        }
    }
}

/// Whether a finding is of a later call; two of the same call stand in the order of their coming.
fn newer(one: &Finding, other: &Finding) -> bool {
    (one.at, one.call) >= (other.at, other.call)
}
