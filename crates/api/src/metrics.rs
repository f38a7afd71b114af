//! `/metrics` in the Prometheus text format. Labels are trunks and outcomes: both are bounded.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use projections::history::Outcome;

use crate::Error;
use crate::server::Shared;

/// The most trunks that get a line of their own.
const TRUNKS_MAX: usize = 200;

pub(crate) async fn text(shared: &Shared) -> Result<String, Error> {
    let status = &shared.status;
    let store = status.store();
    let totals = store.totals()?;
    let up = store.up()?.len();
    let head = shared
        .log
        .head(journal::Stream::Events)
        .await
        .ok()
        .map(|head| head.sequence);
    let cursor = status.cursor().map_or(0, |cursor| cursor.sequence);
    let mut out = String::with_capacity(4_096);
    head_line(
        &mut out,
        "trunkline_calls_began_total",
        "counter",
        "Calls that began.",
    );
    let _ = writeln!(out, "trunkline_calls_began_total {}", totals.began);
    head_line(
        &mut out,
        "trunkline_calls_ended_total",
        "counter",
        "Calls that ended.",
    );
    for (trunk, outcomes) in totals.ended.iter().take(TRUNKS_MAX) {
        for (outcome, count) in outcomes {
            let (trunk, outcome) = (label(trunk.as_str()), outcome.word());
            let _ = writeln!(
                out,
                "trunkline_calls_ended_total{{trunk=\"{trunk}\",outcome=\"{outcome}\"}} {count}"
            );
        }
    }
    let beyond = totals.ended.values().skip(TRUNKS_MAX);
    for outcome in Outcome::ALL {
        let count: u64 = beyond
            .clone()
            .filter_map(|outcomes| outcomes.get(&outcome))
            .sum();
        if count > 0 {
            let _ = writeln!(
                out,
                "trunkline_calls_ended_total{{trunk=\"(others)\",outcome=\"{}\"}} {count}",
                outcome.word()
            );
        }
    }
    let gauges: [(&str, &str, u64); 4] = [
        ("trunkline_calls_up", "Calls that are up.", up as u64),
        (
            "trunkline_projection_position",
            "The event up to which the views tell.",
            cursor,
        ),
        (
            "trunkline_projection_lag_events",
            "Events that the views have not taken in.",
            head.unwrap_or(cursor).saturating_sub(cursor),
        ),
        (
            "trunkline_projection_ready",
            "Whether the views have caught up.",
            u64::from(status.trouble().is_none()),
        ),
    ];
    for (name, help, value) in gauges {
        head_line(&mut out, name, "gauge", help);
        let _ = writeln!(out, "{name} {value}");
    }
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let counters: [(&str, &str, u64); 8] = [
        (
            "trunkline_projection_events_total",
            "Events taken in since the start.",
            read(&status.events),
        ),
        (
            "trunkline_projection_commits_total",
            "Batches written since the start.",
            read(&status.commits),
        ),
        (
            "trunkline_projection_rows_total",
            "Rows written since the start.",
            read(&status.rows),
        ),
        (
            "trunkline_projection_gaps_total",
            "Rows with a hole that the history did not fill.",
            totals.gaps,
        ),
        (
            "trunkline_projection_dead_total",
            "Records that no view could take.",
            totals.dead,
        ),
        (
            "trunkline_projection_rebuilds_total",
            "Rebuilds since the start.",
            read(&status.rebuilds),
        ),
        (
            "trunkline_store_quarantine_total",
            "Stored views that would not open.",
            read(&status.quarantines),
        ),
        (
            "trunkline_projection_errors_total",
            "Errors of the log since the start.",
            read(&status.read_errors),
        ),
    ];
    for (name, help, value) in counters {
        head_line(&mut out, name, "counter", help);
        let _ = writeln!(out, "{name} {value}");
    }
    for collector in &shared.collectors {
        collector(&mut out);
    }
    Ok(out)
}

fn head_line(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// A label's value: names come from the configuration, and are escaped all the same.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
