//! `trunkline calls`: one line for each call, newest first.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use projections::{Row, Search};

use super::source::{Source, Where};
use super::terminal::{plain, span, table};

/// Which calls are listed.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    place: Where,
    /// What the calls must be: words, and fields such as `trunk:office outcome:failed number:0199
    /// talk>30s ring>5s since:2026-11-21 id:crm-7781 diverted:0188 header:X-Queue=sales`.
    search: Vec<String>,
    /// Only calls that anybody calls so: a part of the platform's own id in a header field, of X-EI, Session-ID or a
    /// Call-ID.
    #[arg(long)]
    id: Option<String>,
    /// Only calls for which this was called first: a part of the number in Diversion, History-Info or X-EI.
    #[arg(long)]
    diverted: Option<String>,
    /// The most calls to list.
    #[arg(long, short = 'n', default_value_t = 25)]
    limit: usize,
    /// Prints JSON, one call a line.
    #[arg(long)]
    json: bool,
}

/// Lists calls.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let mut search = Search::parse(&options.search.join(" ")).context("cannot search")?;
    search.id = options.id.clone().or(search.id);
    search.diverted = options.diverted.clone().or(search.diverted);
    let rows = Source::open(config, &options.place)?.rows()?;
    let found = rows.iter().rev().filter(|row| search.finds(row));
    if options.json {
        for row in found.take(options.limit) {
            say!("{}", serde_json::to_string(row)?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let all: Vec<&Row> = found.collect();
    let lines: Vec<_> = all
        .iter()
        .take(options.limit)
        .map(|row| line(row))
        .collect();
    if lines.is_empty() {
        say!("no call was found among {}", rows.len());
        return Ok(ExitCode::SUCCESS);
    }
    let head = [
        "call", "began", "trunk", "from", "to", "agent", "outcome", "talk", "why",
    ];
    say!("{}", table(&head, &lines));
    if all.len() > lines.len() {
        say!("{} more; --limit shows them", all.len() - lines.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn line(row: &Row) -> Vec<String> {
    let began = row.began.to_string();
    let caller = row
        .caller
        .as_ref()
        .map_or("?", |caller| caller.number.reveal());
    let why = match (&row.refused, &row.end) {
        (Some(refused), _) => format!("{} {}", refused.status, refused.why),
        (None, Some(end)) => end.cause.clone(),
        (None, None) => String::new(),
    };
    let cells = [
        row.call.to_string(),
        format!("{} {}", &began[..10], &began[11..19]),
        row.trunk
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        if caller.is_empty() {
            "anonymous".into()
        } else {
            caller.to_owned()
        },
        match &row.first_called {
            Some(first) => format!("{}, first {}", row.called.reveal(), first.number.reveal()),
            None => row.called.reveal().clone(),
        },
        row.agent().map(ToString::to_string).unwrap_or_default(),
        row.outcome.word().to_owned(),
        row.talk_ms.map(span).unwrap_or_default(),
        why,
    ];
    cells.iter().map(|cell| plain(cell).into_owned()).collect()
}
