//! `trunkline trunks`: one line for each trunk, and who was no trunk's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use projections::history::Outcome;
use projections::trunks::{Day, FileSeen, Trunk};
use schemas::TrunkName;

use super::source::{Source, Where, read_file};
use super::terminal::{heading, painted, plain, table};

/// Addresses of no trunk that are listed.
const SOURCES_MAX: usize = 10;

/// Where the trunks are read from.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    place: Where,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Lists trunks.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let (told, up) = Source::open(config, &options.place)?.trunks()?;
    let mut names: BTreeSet<TrunkName> = told.trunks.keys().cloned().collect();
    if options.place.from.is_none() {
        let file = read_file(config)?;
        names.extend(file.trunk.keys().map(|name| TrunkName::from(name.as_str())));
    }
    if options.json {
        let trunks: BTreeMap<_, _> = names
            .iter()
            .map(|name| (name, told.trunks.get(name)))
            .collect();
        let told = serde_json::json!({
            "trunks": trunks,
            "up": up,
            "sources_refused": told.sources_refused,
            "tls_files": told.tls_files,
        });
        say!("{}", serde_json::to_string_pretty(&told)?);
        return Ok(ExitCode::SUCCESS);
    }
    let none = Trunk::default();
    let lines: Vec<_> = names
        .iter()
        .map(|name| {
            let up = up.get(name).copied().unwrap_or(0);
            line(name, told.trunks.get(name).unwrap_or(&none), up)
        })
        .collect();
    let head = [
        "trunk", "reach", "latency", "up", "day", "calls", "refused", "failed",
    ];
    say!("{}", table(&head, &lines));
    for line in files(&told.tls_files) {
        say!("{line}");
    }
    if told.sources_refused.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let newest = told.sources_refused.iter().rev().take(SOURCES_MAX);
    let lines: Vec<_> = newest
        .map(|seen| {
            vec![
                plain(&seen.source).into_owned(),
                seen.requests.to_string(),
                plain(&seen.method).into_owned(),
                seen.status
                    .map_or("silence".to_owned(), |status| status.to_string()),
                time(seen.last),
            ]
        })
        .collect();
    say!(
        "\n{}\n{}",
        heading("Refused: addresses of no trunk"),
        table(&["source", "requests", "method", "got", "last"], &lines)
    );
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with files of TLS, a line each, and below it what to change.
pub fn files(seen: &[FileSeen]) -> Vec<String> {
    let mut lines = Vec::new();
    for one in seen {
        let what = format!(
            "{} {}: {}",
            one.mark.glyph(),
            time(one.at),
            plain(&one.what)
        );
        lines.push(painted(one.mark, &what));
        let more = one.details.iter();
        lines.extend(more.map(|(name, value)| format!("  {}: {}", plain(name), plain(value))));
    }
    lines
}

fn line(name: &TrunkName, trunk: &Trunk, up: usize) -> Vec<String> {
    let state = trunk.state();
    let day = trunk.day.as_ref();
    let count = |outcome| ended(day, outcome).map(|count| count.to_string());
    vec![
        plain(name.as_str()).into_owned(),
        painted(
            state.mark(),
            &format!("{} {}", state.mark().glyph(), state.word()),
        ),
        trunk.latency_us().map_or("-".to_owned(), latency),
        up.to_string(),
        day.map_or("-".to_owned(), |day| day.date.clone()),
        day.map_or("-".to_owned(), |day| day.began.to_string()),
        count(Outcome::Refused).unwrap_or_else(|| "-".to_owned()),
        count(Outcome::Failed).unwrap_or_else(|| "-".to_owned()),
    ]
}

/// How many calls of a day ended so.
fn ended(day: Option<&Day>, outcome: Outcome) -> Option<u64> {
    day.map(|day| day.ended.get(&outcome).copied().unwrap_or(0))
}

/// Microseconds as `21.4 ms`.
pub fn latency(micros: u32) -> String {
    format!("{:.1} ms", f64::from(micros) / 1_000.0)
}

/// A moment to the second.
pub fn time(at: schemas::Timestamp) -> String {
    let text = at.to_string();
    format!("{} {}", &text[..10], &text[11..19])
}
