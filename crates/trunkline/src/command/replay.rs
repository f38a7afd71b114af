//! `trunkline replay`: recorded calls once more, on a laptop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use replay::re_decide::re_decide;
use replay::{By, Damage, Divergence, Incident, Outcome};
use schemas::{Decision, Lane};

use super::source::{Source, Where};
use super::terminal::{heading, painted, span};
use crate::resolve;

/// What is replayed, and by which rules.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// An exported file, or a log's directory. Default: the log of the configuration.
    file: Option<PathBuf>,
    /// Only this call: its id or its first digits.
    #[arg(long)]
    call: Option<String>,
    /// Decides by this configuration instead of the recorded one: what if it had been in force?
    #[arg(long, value_name = "FILE")]
    instead: Option<PathBuf>,
    /// Prints the outcome as JSON.
    #[arg(long)]
    json: bool,
}

/// Exit codes that scripts rely on.
const SAME: u8 = 0;
const DIVERGED: u8 = 1;
const CANNOT_REPLAY: u8 = 2;

/// Folds and decides again.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let place = Where {
        from: options.file.clone(),
    };
    let source = Source::open(config, &place)?;
    let incident = match &options.call {
        Some(call) => source.incident(&[source.find(call)?])?,
        None => source.everything()?,
    };
    let instead = options.instead.as_deref().map(resolve::read).transpose()?;
    let by = instead
        .as_ref()
        .map_or(By::Recorded, |resolved| By::Instead(&resolved.call));
    let mut damages = incident.damages();
    // SIP messages are kept for a shorter time than events, and nothing is decided by them.
    damages.retain(|damage| {
        !matches!(
            damage,
            Damage::Beginning {
                lane: Lane::Wire,
                ..
            }
        )
    });
    let folded = replay::fold::fold(&incident);
    let outcome = re_decide(&incident, by);
    let code = if !damages.is_empty() || folded.is_err() || !outcome.impossible.is_empty() {
        CANNOT_REPLAY
    } else if outcome.divergences.is_empty() {
        SAME
    } else {
        DIVERGED
    };
    if options.json {
        let damages: Vec<_> = damages.iter().map(ToString::to_string).collect();
        say!(
            "{}",
            serde_json::json!({ "damages": damages, "re_decide": outcome, "code": code })
        );
        return Ok(ExitCode::from(code));
    }
    for damage in &damages {
        say!("{}", painted(projections::Mark::Bad, &damage.to_string()));
    }
    match folded {
        Ok(rows) => say!(
            "fold       {} calls: every event delivered twice gives the same",
            rows.len()
        ),
        Err(unstable) => say!(
            "fold       call {} depends on how often events come",
            unstable.call
        ),
    }
    print(&incident, &outcome)?;
    Ok(ExitCode::from(code))
}

fn print(incident: &Incident, outcome: &Outcome) -> anyhow::Result<()> {
    say!(
        "re-decide  {} calls, {} observations, {} decisions: {}",
        outcome.calls,
        outcome.observations,
        outcome.decisions,
        match outcome.divergences.len() {
            0 => "the same".to_owned(),
            count => format!("{count} calls diverge"),
        }
    );
    for impossible in &outcome.impossible {
        say!(
            "call {} cannot be decided again: {}",
            impossible.call,
            impossible.why
        );
    }
    for divergence in &outcome.divergences {
        say!("\n{}", told(incident, divergence));
    }
    Ok(())
}

fn told(incident: &Incident, divergence: &Divergence) -> String {
    let began = incident
        .call(divergence.call)
        .and_then(|recorded| recorded.events.first())
        .map_or(divergence.at, |first| first.header().recorded_at);
    let after = u64::try_from(divergence.at.since(began) / 1_000).unwrap_or(0);
    let mut text = heading(&format!("Call {}", divergence.call));
    text.push_str(&format!(
        "\n  first divergence after {}, because of {} {}",
        span(after),
        divergence.observation,
        divergence.because
    ));
    text.push_str(&side("recorded", divergence.recorded.as_ref()));
    text.push_str(&side("today", divergence.today.as_ref()));
    if divergence.further > 0 {
        text.push_str(&format!("\n  {} more differ behind it", divergence.further));
    }
    text
}

fn side(name: &str, decision: Option<&Decision>) -> String {
    let Some(decision) = decision else {
        return format!("\n  {name:<9} nothing");
    };
    let mut text = format!("\n  {name:<9} {}", decision.rule);
    for command in &decision.commands {
        text.push_str(&format!("\n            do       {command:?}"));
    }
    for conclusion in &decision.conclusions {
        text.push_str(&format!("\n            conclude {conclusion:?}"));
    }
    text
}
