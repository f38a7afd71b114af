//! Trunks: which there are, and what calls have shown of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use projections::history::Outcome;
use projections::trunks::{Day, FileSeen, SourceSeen, State as Reachability};
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
    /// Addresses of no trunk whose requests were refused, the newest first.
    sources_refused: Vec<SourceSeen>,
    /// What is wrong with the edges' own files of TLS: a certificate that ends, a file that cannot be used.
    tls_files: Vec<FileSeen>,
}

/// A trunk.
#[derive(Serialize, JsonSchema)]
pub(super) struct Trunk {
    /// Its name.
    name: TrunkName,
    /// Whether it stands in the configuration that is in force.
    configured: bool,
    /// Whether it can be reached, as far as probes say.
    reachability: Reachability,
    /// How long its targets took to answer probes, in microseconds: the median of the last minute, of the slowest.
    latency_us: Option<u32>,
    /// Calls that are up and came through it.
    up: usize,
    /// The calls of the last day on which any came through it.
    day: Option<Day>,
    /// Calls that came through it and ended, by outcome.
    ended: BTreeMap<Outcome, u64>,
    /// How many rows of its verification say what.
    verification: BTreeMap<Verdict, usize>,
    /// When the newest evidence came.
    last_evidence: Option<Timestamp>,
}

/// One trunk.
#[derive(Serialize, JsonSchema)]
pub(super) struct One {
    /// What the list says of it.
    #[serde(flatten)]
    trunk: Trunk,
    /// What its edges see of it.
    health: projections::trunks::Trunk,
}

pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Answer {
    let told = shared.status.store().trunks()?;
    let mut sources = told.sources_refused;
    sources.make_contiguous().reverse();
    json(&Trunks {
        trunks: all(&shared)?,
        sources_refused: sources.into(),
        tls_files: told.tls_files,
    })
}

pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Answer {
    let trunks = all(&shared)?;
    let known: Vec<&str> = trunks.iter().map(|trunk| trunk.name.as_str()).collect();
    let none = nothing_of(&name, &known);
    let Some(trunk) = trunks.into_iter().find(|trunk| trunk.name.as_str() == name) else {
        return Err(none);
    };
    let mut health = shared.status.store().trunks()?.trunks;
    let health = health.remove(&trunk.name).unwrap_or_default();
    json(&One { trunk, health })
}

/// Every trunk that is configured or that anything was seen of.
fn all(shared: &Shared) -> Result<Vec<Trunk>, Refused> {
    let store = shared.status.store();
    let configured = configured(shared)?;
    let health = store.trunks()?.trunks;
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
    names.extend(health.keys().cloned());
    let trunk = |name: TrunkName| {
        let report = reports.iter().find(|report| report.trunk == name).cloned();
        let report = report.unwrap_or_else(|| Report::new(name.clone()));
        let mut verification = BTreeMap::new();
        for row in &report.rows {
            *verification.entry(row.verdict).or_default() += 1;
        }
        let newest = report.rows.iter().filter_map(|row| row.recent.first());
        let health = health.get(&name).cloned().unwrap_or_default();
        Trunk {
            reachability: health.state(),
            latency_us: health.latency_us(),
            day: health.day,
            configured: configured.contains(&name),
            up: live.trunks.get(&name).copied().unwrap_or(0),
            ended: totals.ended.get(&name).cloned().unwrap_or_default(),
            verification,
            last_evidence: newest.map(|finding| finding.at).max(),
            name,
        }
    };
    Ok(names.into_iter().map(trunk).collect())
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
    Err(nothing_of(name.as_str(), &known))
}

fn nothing_of(name: &str, known: &[&str]) -> Refused {
    let known = known.join(", ");
    Refused::not_found(format!("there is no trunk {name:?}; there are: {known}"))
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
