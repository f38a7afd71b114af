//! `trunkline trunk guide ID`: what to enter on the platform's console and in our file, in the guide's order.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::Serialize;
use toml::{Table, Value};

use super::source::read_file;
use super::terminal::{heading, plain, table};
use crate::configuration::File;
use crate::fault::Source;
use crate::platform::{self, Here, Profile, value};

/// Which trunk.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The trunk's name.
    trunk: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// What values of a console's fields may name, each in braces.
pub const PLACEHOLDERS: [&str; 9] = [
    "trunk", "host", "port", "tls_port", "numbers", "user", "login", "target", "calls",
];

/// A guide, filled in for one trunk.
#[derive(Debug, Serialize)]
struct Guide<'a> {
    trunk: &'a str,
    platform: &'a str,
    title: &'a str,
    guide: &'a str,
    no_calls_out: Option<&'a str>,
    there: Vec<Entry<'a>>,
    labels: &'a str,
    here: Vec<Line<'a>>,
    quirks: Vec<String>,
    verify: Vec<String>,
}

/// A field of the platform's console.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    field: &'a str,
    value: String,
}

/// A key of ours.
#[derive(Debug, Serialize)]
struct Line<'a> {
    key: &'a str,
    what: &'a str,
    value: Option<String>,
    from: From,
    write: &'a str,
}

/// Whose a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum From {
    File,
    Platform,
    Missing,
    Unset,
}

/// Prints the guide. Exit code 0: the trunk has all that it needs; 1: something is missing.
pub fn run(config: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let file = read_file(config)?;
    let text = std::fs::read_to_string(config)
        .with_context(|| format!("cannot read {}", config.display()))?;
    let name = options.trunk.as_str();
    let Some(trunk) = file.trunk.get(name) else {
        bail!("there is no [trunk.{name}] in {}", config.display());
    };
    let Some(platform) = trunk.platform.as_deref() else {
        bail!(
            "trunk {name} names no platform; write platform = \"…\" in [trunk.{name}], and `trunkline platforms` lists \
             what there is"
        );
    };
    let Some(filled) = platform::fill(name, platform, &Source::new(config, &text))? else {
        let near = platform::near(platform).join(", ");
        bail!("{platform:?} is no platform that is known; near it: {near}");
    };
    let (written, merged) = (&filled.written, &filled.merged);
    let guide = guide(name, platform, &filled.profile, &file, (written, merged));
    if options.json {
        say!("{}", serde_json::to_string_pretty(&guide)?);
    } else {
        say!("{}", sheet(&guide));
    }
    let lacks = guide.here.iter().any(|line| line.from == From::Missing);
    Ok(ExitCode::from(u8::from(lacks)))
}

fn guide<'a>(
    name: &'a str,
    platform: &'a str,
    profile: &'a Profile,
    file: &File,
    (written, merged): (&'a Table, &Table),
) -> Guide<'a> {
    let fill_in = |text: &str| {
        PLACEHOLDERS.iter().fold(text.to_owned(), |text, place| {
            let named = format!("{{{place}}}");
            match text.contains(&named) {
                true => text.replace(&named, &placeholder(place, name, file, merged)),
                false => text,
            }
        })
    };
    let there = profile.there.iter().map(|there| Entry {
        field: &there.field,
        value: fill_in(&there.value),
    });
    let here = profile
        .here
        .iter()
        .map(|here| line(here, (name, file), written, merged));
    let told: Vec<_> = profile.here.iter().flat_map(Here::keys).collect();
    let others = profile.trunk.keys().filter(|key| {
        let begins = |told: &&str| told.split('.').next() == Some(key);
        !told.iter().any(begins)
    });
    let others = others.map(|key| Line {
        key,
        what: "",
        value: merged.get(key).map(Value::to_string),
        from: match written.contains_key(key) {
            true => From::File,
            false => From::Platform,
        },
        write: "",
    });
    Guide {
        trunk: name,
        platform,
        title: &profile.title,
        guide: &profile.guide,
        no_calls_out: profile.no_calls_out.as_deref(),
        there: there.collect(),
        labels: &profile.labels,
        here: here.chain(others).collect(),
        quirks: profile.quirks.iter().map(|quirk| fill_in(quirk)).collect(),
        verify: profile.verify.iter().map(|step| fill_in(step)).collect(),
    }
}

fn line<'a>(here: &'a Here, of: (&str, &File), written: &Table, merged: &Table) -> Line<'a> {
    let (name, file) = of;
    let found = here
        .keys()
        .find_map(|key| Some((key, value(merged, key)?, value(written, key).is_some())));
    let (key, value, from) = match found {
        _ if here.key == "number" => match numbers(name, file) {
            Some(numbers) => ("number", Some(numbers), From::File),
            None => ("number", None, From::Missing),
        },
        Some((key, value, is_written)) => {
            let shown = match key.ends_with("password") {
                true => "…".to_owned(),
                false => value.to_string(),
            };
            let from = if is_written {
                From::File
            } else {
                From::Platform
            };
            (key, Some(shown), from)
        }
        None if here.needed => (here.key.as_str(), None, From::Missing),
        None => (here.key.as_str(), None, From::Unset),
    };
    Line {
        key,
        what: &here.what,
        value,
        from,
        write: &here.write,
    }
}

/// What stands for a placeholder: what is configured, or what it is.
fn placeholder(place: &str, name: &str, file: &File, merged: &Table) -> String {
    let text = |key: &str| {
        value(merged, key).map(|value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        })
    };
    let or = |found: Option<String>, what: &str| found.unwrap_or_else(|| format!("‹{what}›"));
    match place {
        "trunk" => name.to_owned(),
        "host" => or(host(file), "public name or address of this machine"),
        "port" => port(file, false).to_string(),
        "tls_port" => port(file, true).to_string(),
        "numbers" => or(numbers(name, file), "the numbers"),
        "user" => or(text("account.user"), "account.user"),
        "login" => or(text("login.user"), "login.user"),
        "target" => or(text("target"), "target"),
        "calls" => or(text("limit.calls"), "as many as your plan has"),
        other => format!("‹{other}›"),
    }
}

/// The address that peers reach this machine at, as far as the file says it.
fn host(file: &File) -> Option<String> {
    let listens = file.edge.listen.iter().flatten();
    let mut addresses = listens.filter_map(|text| address(text).map(|address| address.ip()));
    let listened = || addresses.find(|ip| !ip.is_unspecified());
    let ip = file.edge.advertise.or_else(listened)?;
    Some(ip.to_string())
}

/// The port of SIP, or of SIP over TLS.
fn port(file: &File, is_tls: bool) -> u16 {
    let listens = file.edge.listen.iter().flatten();
    let mut fitting = listens.filter(|text| text.starts_with("tls:") == is_tls);
    let written = fitting.find_map(|text| Some(address(text)?.port()));
    written.unwrap_or(match is_tls {
        true => edge::configuration::SIPS_PORT,
        false => edge::configuration::SIP_PORT,
    })
}

fn address(listen: &str) -> Option<SocketAddr> {
    let (_, address) = listen.split_once("://").unwrap_or(("", listen));
    address.parse().ok()
}

/// The numbers that calls of a trunk may be for.
fn numbers(name: &str, file: &File) -> Option<String> {
    let of_trunk = file
        .number
        .iter()
        .filter(|(_, rule)| rule.trunk.as_deref().is_none_or(|trunk| trunk == name));
    let numbers: Vec<_> = of_trunk
        .map(|(number, _)| match number.as_str() {
            "*" => "any number",
            number => number,
        })
        .collect();
    (!numbers.is_empty()).then(|| numbers.join(", "))
}

fn sheet(guide: &Guide<'_>) -> String {
    let title = format!("Trunk {}: {}", plain(guide.trunk), guide.title);
    let mut text = format!(
        "{}\nplatform {}; {}",
        heading(&title),
        guide.platform,
        guide.guide
    );
    if let Some(why) = guide.no_calls_out {
        text.push_str(&format!("\n{why}"));
    }
    let there: Vec<_> = guide
        .there
        .iter()
        .map(|entry| vec![entry.field.to_owned(), plain(&entry.value).into_owned()])
        .collect();
    text.push_str(&format!("\n\n{}", table(&["On its console", ""], &there)));
    text.push_str(&format!("\nLabels: {}.", guide.labels));
    let here: Vec<_> = guide.here.iter().map(cells).collect();
    let head = [
        &*format!("In [trunk.{}]", plain(guide.trunk)),
        "",
        "from",
        "",
    ];
    text.push_str(&format!("\n\n{}", table(&head, &here)));
    for (title, lines) in [("Mind", &guide.quirks), ("Verify", &guide.verify)] {
        if !lines.is_empty() {
            text.push_str(&format!("\n\n{}", heading(title)));
        }
        for (index, line) in lines.iter().enumerate() {
            text.push_str(&format!("\n{}. {}", index + 1, plain(line)));
        }
    }
    text
}

fn cells(line: &Line<'_>) -> Vec<String> {
    let value = match (&line.value, line.from) {
        (Some(value), _) => plain(value).into_owned(),
        (None, From::Missing) => format!("MISSING: write {}", line.write),
        (None, _) => format!("may be: {}", line.write),
    };
    let from = match line.from {
        From::File => "the file",
        From::Platform => "the platform",
        From::Missing | From::Unset => "",
    };
    vec![
        line.key.to_owned(),
        value,
        from.to_owned(),
        line.what.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (String, serde_json::Value) {
        let source = Source::new(Path::new("trunkline.toml"), text);
        let file: File = source.parse().unwrap();
        let filled = platform::fill("office", "8x8-byoc", &source)
            .unwrap()
            .unwrap();
        let tables = (&filled.written, &filled.merged);
        let guide = guide("office", "8x8-byoc", &filled.profile, &file, tables);
        (sheet(&guide), serde_json::to_value(&guide).unwrap())
    }

    #[test]
    fn a_guide_is_filled_in_from_the_file_and_the_platform() {
        let (sheet, json) = told(
            "[edge]\nadvertise = \"198.51.100.9\"\nlisten = [\"0.0.0.0:5070\"]\n\
             [trunk.office]\nplatform = \"8x8-byoc\"\nsources = [\"203.0.113.0/28\"]\n\
             [number.\"100200300400\"]\nagent = \"echo\"\n",
        );
        assert!(
            sheet.contains("\nLabels: the node and its exit as the guide of "),
            "{sheet}"
        );
        for part in ["198.51.100.9", "5070", "100200300400", "Verify\n1. "] {
            assert!(sheet.contains(part), "{part}\n{sheet}");
        }
        assert!(!sheet.contains("MISSING"), "{sheet}");
        assert_eq!(json["here"][0]["from"], "file", "{json:#}");
        let from_platform = |line: &serde_json::Value| line["from"] == "platform";
        assert!(json["here"].as_array().unwrap().iter().any(from_platform));
    }

    #[test]
    fn what_is_missing_is_told_with_what_to_write() {
        let (sheet, json) = told("[trunk.office]\nplatform = \"8x8-byoc\"\n");
        assert!(sheet.contains("MISSING: write sources = "), "{sheet}");
        assert!(sheet.contains("‹public name or address"), "{sheet}");
        assert!(sheet.contains("32681"), "{sheet}");
        assert_eq!(json["here"][0]["from"], "missing", "{json:#}");
    }
}
