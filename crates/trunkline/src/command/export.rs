//! `trunkline export`: calls in one file that replays without network or server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use projections::ladder::Characters;
use schemas::{CallId, Entry};

use super::call::ladder;
use super::source::{Source, Where};

/// What is exported.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The calls' ids, or their first digits.
    #[arg(required = true)]
    calls: Vec<String>,
    #[command(flatten)]
    place: Where,
    /// The file. Its ending says what it is: `.trunkline` (events, SIP messages and configuration, for
    /// `trunkline replay`), `.pcapng` (SIP messages for Wireshark), `.txt` (ladders), `.json` (events).
    #[arg(long, short)]
    output: PathBuf,
}

/// Writes a file.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let source = Source::open(config, &options.place)?;
    let calls = options
        .calls
        .iter()
        .map(|call| source.find(call))
        .collect::<anyhow::Result<Vec<CallId>>>()?;
    let entries = source.entries_of(&calls)?;
    let ending = options
        .output
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let bytes = match ending {
        "trunkline" => journal::export(entries.iter().map(|entry| &entry.record)),
        "pcapng" => capture(&entries)?,
        "txt" => ladders(&calls, &entries).into_bytes(),
        "json" => events(&entries)?.into_bytes(),
        other => bail!(
            "cannot tell what {:?} shall be by its ending {other:?}; write .trunkline, .pcapng, .txt or .json",
            options.output.display()
        ),
    };
    std::fs::write(&options.output, &bytes)
        .with_context(|| format!("cannot write {}", options.output.display()))?;
    say!(
        "{}: {} calls, {} bytes",
        options.output.display(),
        calls.len(),
        bytes.len()
    );
    Ok(ExitCode::SUCCESS)
}

fn capture(entries: &[Entry]) -> anyhow::Result<Vec<u8>> {
    let capture = replay::pcapng::write(entries)?;
    for left_out in &capture.left_out {
        eprintln!("trunkline: {left_out} does not fit into an IP packet and is left out");
    }
    if capture.packets == 0 {
        bail!("no SIP message of these calls is kept any more; the events still are");
    }
    Ok(capture.bytes)
}

fn ladders(calls: &[CallId], entries: &[Entry]) -> String {
    let incident = replay::Incident::read(entries);
    let drawn = calls
        .iter()
        .filter_map(|call| Some(ladder(*call, incident.call(*call)?, Characters::Unicode)));
    drawn.collect::<Vec<_>>().join("\n")
}

fn events(entries: &[Entry]) -> anyhow::Result<String> {
    let mut text = String::new();
    for entry in entries {
        let told = serde_json::json!({
            "header": entry.record.header(),
            "hash": entry.record.hash(),
            "event": entry.record.event()?,
        });
        text.push_str(&serde_json::to_string(&told)?);
        text.push('\n');
    }
    Ok(text)
}
