//! `trunkline platforms`: what `platform = "…"` of a trunk may say.

use std::process::ExitCode;

use super::terminal::table;
use crate::platform::{self, Here};

/// How platforms are listed.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Lists platforms.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let all = platform::names().filter_map(|name| Some((name, platform::find(name)?)));
    if options.json {
        let all: Vec<_> = all
            .map(|(name, profile)| {
                serde_json::json!({
                    "platform": name,
                    "title": profile.title,
                    "guide": profile.guide,
                    "calls": profile.calls,
                    "needs": needs(&profile.here),
                    "sets": profile.trunk,
                    "quirks": profile.quirks,
                })
            })
            .collect();
        say!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<_> = all
        .map(|(name, profile)| {
            vec![
                name.to_owned(),
                profile.title,
                profile.calls.word().to_owned(),
                needs(&profile.here).join(", "),
            ]
        })
        .collect();
    say!("{}", table(&["platform", "", "calls", "needs"], &lines));
    Ok(ExitCode::SUCCESS)
}

fn needs(here: &[Here]) -> Vec<&str> {
    let needed = here.iter().filter(|here| here.needed);
    needed.map(|here| here.key.as_str()).collect()
}
