//! `trunkline call ID`: why, the timeline and the ladder of one call.

use std::path::Path;
use std::process::ExitCode;

use projections::diagnosis::Diagnosis;
use projections::history::Leg;
use projections::ladder::Characters;
use projections::sentences::Level;
use projections::{Ladder, Row, Timeline};
use replay::Recorded;
use schemas::CallId;
use schemas::observation::ContextHeader;

use super::source::{Source, Where};
use super::terminal::{heading, painted, plain, table};

/// What is told of a call.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The call's id, or its first digits.
    call: String,
    #[command(flatten)]
    place: Where,
    /// How much the timeline tells.
    #[arg(long, value_enum, default_value_t = Detail::Decisions)]
    detail: Detail,
    /// Draws the ladder in ASCII.
    #[arg(long)]
    ascii: bool,
    /// Prints the row, the diagnosis and the timeline as JSON.
    #[arg(long)]
    json: bool,
}

/// How much a timeline tells.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Detail {
    /// What happened.
    Story,
    /// Also what was decided, and why.
    Decisions,
    /// Also what crossed the wire.
    Protocol,
}

/// Tells a call.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let source = Source::open(config, &options.place)?;
    let call = source.find(&options.call)?;
    let incident = source.incident(&[call])?;
    let recorded = incident
        .call(call)
        .expect("the source refuses a call that it has not");
    if options.json {
        let row = row_of(call, recorded);
        let told = serde_json::json!({
            "diagnosis": Diagnosis::of(&row),
            "timeline": Timeline::of(call, &recorded.events, &recorded.wire),
            "call": row,
        });
        say!("{}", serde_json::to_string_pretty(&told)?);
        return Ok(ExitCode::SUCCESS);
    }
    let level = match options.detail {
        Detail::Story => Level::Story,
        Detail::Decisions => Level::Decisions,
        Detail::Protocol => Level::Protocol,
    };
    say!("{}\n", why(call, recorded));
    let came_along = context(&row_of(call, recorded));
    if !came_along.is_empty() {
        let lines: Vec<_> = came_along.iter().map(|line| plain(line)).collect();
        say!("{}\n{}\n", heading("What came along"), lines.join("\n"));
    }
    let recordings = recordings(&row_of(call, recorded));
    if !recordings.is_empty() {
        say!("{}\n{}\n", heading("Recordings"), recordings.join("\n"));
    }
    let quality = quality(&row_of(call, recorded));
    if !quality.is_empty() {
        say!("{}\n{}\n", heading("Audio"), quality.join("\n"));
    }
    say!(
        "{}\n{}\n",
        heading("Timeline"),
        timeline(call, recorded, level)
    );
    let characters = if options.ascii {
        Characters::Ascii
    } else {
        Characters::Unicode
    };
    say!(
        "{}\n{}",
        heading("Ladder"),
        ladder(call, recorded, characters)
    );
    Ok(ExitCode::SUCCESS)
}

/// The verdict and its causes.
pub fn why(call: CallId, recorded: &Recorded) -> String {
    let row = row_of(call, recorded);
    let diagnosis = Diagnosis::of(&row);
    let mut text = format!("{}\n", heading(&format!("Call {call}")));
    let verdict = format!("{} {}", diagnosis.mark.glyph(), diagnosis.verdict);
    text.push_str(&painted(diagnosis.mark, &verdict));
    for cause in &diagnosis.causes {
        let events: Vec<_> = cause.events.iter().map(ToString::to_string).collect();
        text.push_str(&format!("\n  {}: {}", cause.title, cause.text));
        text.push_str(&format!("\n    do: {}", cause.fix));
        text.push_str(&format!("\n    shown by: {}", events.join(", ")));
    }
    if let Some(refused) = &row.refused {
        for tried in &refused.tried {
            let tried = format!("{}: {}", tried.candidate, tried.failed);
            text.push_str(&format!("\n  tried {}", plain(&tried)));
        }
    }
    for missing in &diagnosis.incomplete {
        text.push_str(&format!(
            "\n  {}",
            painted(projections::Mark::Warn, missing)
        ));
    }
    text
}

/// What others call the call, and what they said of it: who was called first, the header fields that came along and those
/// that were handed back.
fn context(row: &Row) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(first) = &row.first_called {
        let reason = first.reason.iter().map(|reason| format!(", {reason}"));
        let reason: String = reason.collect();
        lines.push(format!(
            "first called {} ({}{reason})",
            first.number.reveal(),
            first.field
        ));
    }
    if let Some(session) = &row.session {
        lines.push(format!("Session-ID: {}", session.local));
    }
    let field = |header: &ContextHeader| format!("{}: {}", header.name, header.value.reveal());
    lines.extend(row.context.iter().map(field));
    let back = row.handed_back.iter();
    lines.extend(back.map(|header| format!("handed back {}", field(header))));
    lines
}

/// Where each recording lies, and what it holds.
fn recordings(row: &Row) -> Vec<String> {
    let told = |recording: &projections::history::Recording| {
        let mut text = format!("{}: {}", recording.state.word(), recording.file);
        if !recording.cause.is_empty() {
            text.push_str(&format!(", {}", recording.cause));
        }
        if let Some(ms) = recording.length_ms {
            text.push_str(&format!(", {}.{:03} s", ms / 1_000, ms % 1_000));
        }
        if let Some(hash) = recording.sha256 {
            text.push_str(&format!("\n  SHA-256 {hash}"));
        }
        text.lines().map(plain).collect::<Vec<_>>().join("\n")
    };
    row.recordings.iter().map(told).collect()
}

/// How each leg was heard, a line for each direction.
fn quality(row: &Row) -> Vec<String> {
    let lines = row.legs.iter().filter_map(Leg::quality).flatten();
    lines.map(|line| plain(&line).into_owned()).collect()
}

/// The timeline as lines.
pub fn timeline(call: CallId, recorded: &Recorded, level: Level) -> String {
    let timeline = Timeline::of(call, &recorded.events, &recorded.wire);
    let lines: Vec<Vec<String>> = timeline
        .at_level(level)
        .map(|moment| {
            let text = format!("{} {}", moment.mark.glyph(), moment.text);
            vec![
                offset(moment.offset_us),
                moment.side.clone(),
                painted(moment.mark, &text),
            ]
        })
        .collect();
    table(&["", "", ""], &lines)
        .trim_start_matches('\n')
        .to_owned()
}

/// The ladder as text.
pub fn ladder(call: CallId, recorded: &Recorded, characters: Characters) -> String {
    Ladder::of(call, &recorded.events, &recorded.wire).text(characters)
}

/// A call's row.
pub fn row_of(call: CallId, recorded: &Recorded) -> Row {
    let mut row = Row::new(call);
    for record in &recorded.events {
        row.apply(record);
    }
    row
}

/// Microseconds as `+12.345 s`.
fn offset(micros: i64) -> String {
    let sign = if micros < 0 { '-' } else { '+' };
    let micros = micros.unsigned_abs();
    format!(
        "{sign}{}.{:03} s",
        micros / 1_000_000,
        micros / 1_000 % 1_000
    )
}
