//! `trunkline trunk ID`: whether a trunk answers and is registered, what was refused, its calls of the day;
//! `trunkline trunk guide ID`: how it is connected.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use projections::Mark;
use projections::trunks::{Reach, Registrant, Registration, Trunk};
use schemas::TrunkName;

use super::guide;
use super::source::{Source, Where, read_file};
use super::terminal::{heading, painted, plain, table};
use super::trunks::{files, latency, time};

/// Which trunk.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub struct Options {
    /// The trunk's name.
    #[arg(required = true)]
    trunk: Option<String>,
    #[command(flatten)]
    place: Where,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    about: Option<About>,
}

/// What else there is to tell of a trunk.
#[derive(Debug, clap::Subcommand)]
enum About {
    /// Tells what to enter on the console of its platform and in the configuration, and how to verify it.
    Guide(guide::Options),
}

/// Tells a trunk. Exit code 0: it answers, or nobody asked; 1: none of its targets does.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    if let Some(About::Guide(options)) = &options.about {
        return guide::run(config, options);
    }
    let Some(trunk) = &options.trunk else {
        bail!("which trunk? `trunkline trunks` lists what there is");
    };
    let (mut told, up) = Source::open(config, &options.place)?.trunks()?;
    let name = TrunkName::from(trunk.as_str());
    let known = told.trunks.remove(&name);
    if known.is_none() {
        let is_configured =
            options.place.from.is_none() && read_file(config)?.trunk.contains_key(trunk);
        if !is_configured {
            bail!("nothing is known of a trunk {name:?}; `trunkline trunks` lists what there is");
        }
    }
    let trunk = known.unwrap_or_default();
    let up = up.get(&name).copied().unwrap_or(0);
    let state = trunk.state();
    if options.json {
        let told = serde_json::json!({
            "trunk": name,
            "reachability": state,
            "up": up,
            "health": trunk,
        });
        say!("{}", serde_json::to_string_pretty(&told)?);
    } else {
        say!("{}", sheet(&name, &trunk, up));
        for line in files(&told.tls_files) {
            say!("{line}");
        }
    }
    let is_down = state == projections::trunks::State::Down;
    Ok(ExitCode::from(u8::from(is_down)))
}

fn sheet(name: &TrunkName, trunk: &Trunk, up: usize) -> String {
    let state = trunk.state();
    let glance = format!("{} {}", state.mark().glyph(), state.word());
    let mut text = format!(
        "{}\n{}",
        heading(&format!("Trunk {}", plain(name.as_str()))),
        painted(state.mark(), &glance)
    );
    if trunk.reach.is_empty() && trunk.registrations.is_empty() {
        text.push_str(": no probe has told yet; with `probe_s` in its configuration it is asked whether it is there");
    } else if !trunk.reach.is_empty() {
        let lines: Vec<_> = trunk.reach.iter().map(target).collect();
        let head = ["edge", "target", "", "since", "why", "answered", "latency"];
        text.push_str(&format!("\n\n{}", table(&head, &lines)));
    }
    if !trunk.registrations.is_empty() {
        let lines: Vec<_> = trunk.registrations.iter().map(registration).collect();
        let head = ["edge", "who registers", "where", "", "since", "why"];
        let title = heading("Registration");
        text.push_str(&format!("\n\n{title}\n{}", table(&head, &lines)));
    }
    text.push_str(&format!("\n\n{}\n{up} up", heading("Calls")));
    if let Some(day) = &trunk.day {
        let ended = day.ended.iter();
        let ended: Vec<_> = ended
            .map(|(outcome, count)| format!("{count} {}", outcome.word()))
            .collect();
        text.push_str(&format!("; {} began on {}", day.began, day.date));
        if !ended.is_empty() {
            text.push_str(&format!(": {}", ended.join(", ")));
        }
    }
    for line in refused(trunk) {
        text.push_str(&format!("\n{}", painted(Mark::Warn, &line)));
    }
    for line in files(&trunk.tls_files) {
        text.push_str(&format!("\n{line}"));
    }
    text
}

fn target(reach: &Reach) -> Vec<String> {
    let mark = if reach.up { Mark::Ok } else { Mark::Bad };
    let word = if reach.up { "up" } else { "down" };
    let answers = reach.answers.as_ref();
    let times = answers.and_then(|answers| answers.latency);
    vec![
        plain(reach.node.as_str()).into_owned(),
        match reach.transport {
            Some(transport) => format!("{} {transport}", plain(&reach.target)),
            None => plain(&reach.target).into_owned(),
        },
        painted(mark, &format!("{} {word}", mark.glyph())),
        time(reach.since),
        plain(&reach.why).into_owned(),
        answers.map_or("-".to_owned(), |answers| {
            format!("{} of {}", answers.answers, answers.probes)
        }),
        times.map_or("-".to_owned(), |times| {
            let [min, median, max] = [times.min_us, times.median_us, times.max_us].map(latency);
            format!("{median} ({min} to {max})")
        }),
    ]
}

fn registration(one: &Registration) -> Vec<String> {
    let mark = one.mark();
    let word = if one.stands {
        "stands"
    } else {
        "does not stand"
    };
    vec![
        plain(one.node.as_str()).into_owned(),
        match one.by {
            Registrant::Edge => "we with it".to_owned(),
            Registrant::Trunk => "it with us".to_owned(),
        },
        plain(one.place.as_deref().unwrap_or("-")).into_owned(),
        painted(mark, &format!("{} {word}", mark.glyph())),
        time(one.since),
        plain(&one.why).into_owned(),
    ]
}

fn refused(trunk: &Trunk) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(seen) = &trunk.tls_refused {
        lines.push(format!("{}: {}", time(seen.at), plain(&seen.what)));
        let more = seen.details.iter();
        lines.extend(more.map(|(name, value)| format!("  {}: {}", plain(name), plain(value))));
    }
    if let Some(seen) = &trunk.limit_reached {
        let told = &seen.told;
        let line = format!(
            "refused at {}: {} (calls: {})",
            time(seen.at),
            told.why,
            told.calls
        );
        lines.push(plain(&line).into_owned());
    }
    if let Some(seen) = &trunk.connections_refused {
        let told = &seen.told;
        let line = format!(
            "closed at {}: {} (connections: {})",
            time(seen.at),
            told.cause,
            told.connections
        );
        lines.push(plain(&line).into_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use schemas::observation::ProbeLatency;
    use schemas::{EventId, NodeName, Timestamp, Transport};

    use super::*;

    #[test]
    fn a_trunk_tells_which_of_its_targets_answer() {
        let reach = |target: &str, up: bool, why: &str| Reach {
            node: NodeName::from("edge-1"),
            target: target.to_owned(),
            transport: Some(Transport::Udp),
            up,
            since: Timestamp(1_795_244_400_000_000),
            why: why.to_owned(),
            event: EventId([1; 16]),
            answers: up.then_some(projections::trunks::Answers {
                at: Timestamp(1_795_244_460_000_000),
                probes: 4,
                answers: 3,
                status: Some(200),
                latency: Some(ProbeLatency {
                    min_us: 21_400,
                    median_us: 22_007,
                    max_us: 187_332,
                }),
            }),
        };
        let mut trunk = Trunk::default();
        let name = TrunkName::from("office");
        assert!(sheet(&name, &trunk, 0).contains("cannot tell: no probe has told yet"));
        trunk.reach = vec![
            reach("192.0.2.7:5060", true, "it answers 200"),
            reach("192.0.2.8:5060", false, "no answer within 3 s"),
        ];
        trunk.registrations = vec![Registration {
            node: NodeName::from("edge-1"),
            by: Registrant::Edge,
            place: Some("192.0.2.7:5060".to_owned()),
            stands: false,
            since: Timestamp(1_795_244_400_000_000),
            why: "403 Forbidden".to_owned(),
            event: EventId([1; 16]),
        }];
        let text = sheet(&name, &trunk, 2);
        for part in [
            "▲ partly",
            "192.0.2.7:5060 UDP  ✔ up    2026-11-21 07:00:00  it answers 200        3 of 4    22.0 ms (21.4 ms to 187.3 ms)",
            "✖ down",
            "edge-1  we with it     192.0.2.7:5060  ✖ does not stand  2026-11-21 07:00:00  403 Forbidden",
            "2 up",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
