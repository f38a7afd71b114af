//! Trunks: which there are, and what calls have shown of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use projections::history::Outcome;
use projections::verification::Verdict;
use projections::{Live, Report, Row};
use schemars::JsonSchema;
use schemas::{Timestamp, TrunkName};
use serde::Serialize;

use crate::answer::{Answer, Refused, json};
use crate::routes::live::rows_up;
use crate::server::Shared;

/// The trunks.
#[derive(Serialize, JsonSchema)]
pub(super) struct Trunks {
    /// By name.
    trunks: Vec<Trunk>,
}

/// A trunk.
#[derive(Serialize, JsonSchema)]
pub(super) struct Trunk {
    /// Its name.
    name: TrunkName,
    /// Whether it stands in the configuration that is in force.
    configured: bool,
    /// Calls that are up and came through it.
    up: usize,
    /// Calls that came through it and ended, by outcome.
    ended: BTreeMap<Outcome, u64>,
    /// How many rows of its verification say what.
    verification: BTreeMap<Verdict, usize>,
    /// When the newest evidence came.
    last_evidence: Option<Timestamp>,
}

pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Answer {
    let store = shared.status.store();
    let configured = configured(&shared)?;
    let totals = store.totals()?;
    let reports = store.reports()?;
    let rows: Vec<Row> = rows_up(&store)?;
    let live = Live::of(&rows, 0);
    let mut names = configured.clone();
    names.extend(
        totals
            .ended
            .keys()
            .filter(|name| !name.as_str().is_empty())
            .cloned(),
    );
    names.extend(reports.iter().map(|report| report.trunk.clone()));
    names.extend(live.trunks.keys().cloned());
    let trunk = |name: TrunkName| {
        let report = reports.iter().find(|report| report.trunk == name).cloned();
        let report = report.unwrap_or_else(|| Report::new(name.clone()));
        let mut verification = BTreeMap::new();
        for row in &report.rows {
            *verification.entry(row.verdict).or_default() += 1;
        }
        let newest = report.rows.iter().filter_map(|row| row.recent.first());
        Trunk {
            configured: configured.contains(&name),
            up: live.trunks.get(&name).copied().unwrap_or(0),
            ended: totals.ended.get(&name).cloned().unwrap_or_default(),
            verification,
            last_evidence: newest.map(|finding| finding.at).max(),
            name,
        }
    };
    json(&Trunks {
        trunks: names.into_iter().map(trunk).collect(),
    })
}

pub(super) async fn verification(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Answer {
    let name = TrunkName(name);
    if let Some(report) = shared.status.store().report(&name)? {
        return json(&report);
    }
    let configured = configured(&shared)?;
    let totals = shared.status.store().totals()?;
    if configured.contains(&name) || totals.ended.contains_key(&name) {
        return json(&Report::new(name));
    }
    let known: Vec<&str> = configured.iter().map(TrunkName::as_str).collect();
    let detail = format!(
        "there is no trunk {:?}; configured are: {}",
        name.as_str(),
        known.join(", ")
    );
    Err(Refused::not_found(detail))
}

fn configured(shared: &Shared) -> Result<BTreeSet<TrunkName>, Refused> {
    let in_log = shared.status.store().notices()?.trunks;
    Ok(shared
        .settings
        .trunks
        .iter()
        .cloned()
        .chain(in_log)
        .collect())
}
