//! `trunkline verify TRUNK`: what is proven of a trunk, and by which events.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use projections::verification::{Report, Verdict, findings};
use projections::{Mark, Row};
use schemas::TrunkName;

use super::source::{Source, Where, read_file};
use super::terminal::{heading, painted, plain};

/// Which trunk.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The trunk's name.
    trunk: String,
    #[command(flatten)]
    place: Where,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Tells what is proven of a trunk. Exit code 0: no row failed; 1: one did.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let rows = Source::open(config, &options.place)?.rows()?;
    let trunk = TrunkName::from(options.trunk.as_str());
    let report = report(&trunk, &rows);
    let untouched = report.count(Verdict::NotRun) == report.rows.len();
    if untouched && options.place.from.is_none() && !read_file(config)?.trunk.contains_key(&trunk.0)
    {
        bail!(
            "there is no trunk {trunk} in {}, and no call went through one",
            config.display()
        );
    }
    if options.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        say!("{}", told(&report));
    }
    Ok(ExitCode::from(u8::from(report.count(Verdict::Fail) > 0)))
}

/// The report of a trunk over some calls.
pub fn report(trunk: &TrunkName, rows: &[Row]) -> Report {
    let mut report = Report::new(trunk.clone());
    for row in rows {
        for (of, finding) in findings(row) {
            if of == *trunk {
                report.add(&finding);
            }
        }
    }
    report
}

/// The report as lines: the row, why it stands as it does, and the events that say so.
pub fn told(report: &Report) -> String {
    let mut text = heading(&format!("Trunk {}", report.trunk));
    for row in &report.rows {
        let tried = row.passed + row.failed;
        let counts = if tried > 0 {
            format!(" ({} of {tried})", row.passed)
        } else {
            String::new()
        };
        text.push_str(&format!("\n{} {}{counts}", word(row.verdict), row.title));
        text.push_str(&format!("\n             {}", plain(&row.why)));
        if let Some(finding) = &row.finding {
            let events = finding
                .events
                .iter()
                .map(|id| id.to_string()[..8].to_owned());
            let events = events.collect::<Vec<_>>().join(" ");
            let shown = format!("call {}, events {events}", finding.call);
            text.push_str(&format!("\n             {}", painted(Mark::Mute, &shown)));
        }
    }
    text
}

fn word(verdict: Verdict) -> String {
    let (mark, word) = match verdict {
        Verdict::Pass => (Mark::Ok, "PASS"),
        Verdict::Fail => (Mark::Bad, "FAIL"),
        Verdict::Inconclusive => (Mark::Warn, "INCONCLUSIVE"),
        Verdict::NotRun => (Mark::Mute, "NOT RUN"),
    };
    painted(mark, &format!("{word:<12}"))
}
