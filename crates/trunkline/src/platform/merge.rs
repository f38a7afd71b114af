//! A trunk and the profile of its platform, made one: tables key by key, and what the trunk says wins.

use serde::Deserialize;
use toml::{Table, Value};

use super::{Profile, find, near};
use crate::configuration::{File, Transfer, TransferMethod, Trunk};
use crate::fault::{Fault, Faults, Source};

/// A trunk with what its platform adds.
#[derive(Debug)]
pub struct Filled {
    /// Its platform's profile.
    pub profile: Profile,
    /// What the file says of it.
    pub written: Table,
    /// That and what the profile adds.
    pub merged: Table,
}

/// Fills every trunk that names a platform. What is missing is told where the platform is named.
pub fn apply(file: &mut File, source: &mut Source<'_>) -> Result<(), Faults> {
    let mut faults = Vec::new();
    for (name, trunk) in &mut file.trunk {
        let Some(platform) = trunk.platform.clone() else {
            if !trunk.without.is_empty() {
                let key = format!("trunk.{name}.without");
                let wrong = "without a platform there is nothing to leave out";
                faults.push(source.fault(&key, wrong, "platform = \"…\", or leave it out"));
            }
            continue;
        };
        let Some(filled) = fill(name, &platform, source)? else {
            faults.push(unknown(name, &platform, source));
            continue;
        };
        let mut wrong = missing(&filled, name, &platform, source);
        wrong.extend(refused(&filled, name, source));
        if !wrong.is_empty() {
            faults.extend(wrong);
            continue;
        }
        source.sets(name, &platform, filled.profile.trunk);
        match Trunk::deserialize(Value::Table(filled.merged)) {
            Ok(merged) => *trunk = merged,
            Err(error) => {
                let wrong = format!("with what {platform} sets: {}", error.message());
                faults.push(source.fault(&format!("trunk.{name}.platform"), wrong, ""));
            }
        }
    }
    for (name, transfer) in &file.transfer {
        faults.extend(never_called(name, transfer, file, source));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Faults(faults)),
    }
}

/// A trunk of the file with what a platform adds; nothing if there is no such platform.
pub fn fill(name: &str, platform: &str, source: &Source<'_>) -> Result<Option<Filled>, Faults> {
    let Some(profile) = find(platform) else {
        return Ok(None);
    };
    let mut whole: Table = source.parse()?;
    let written = match whole.get_mut("trunk").and_then(|all| all.get_mut(name)) {
        Some(Value::Table(written)) => std::mem::take(written),
        _ => Table::new(),
    };
    let mut merged = profile.trunk.clone();
    let mut faults = Vec::new();
    let without = written.get("without").and_then(Value::as_array);
    for key in without.into_iter().flatten().filter_map(Value::as_str) {
        if !remove(&mut merged, key) {
            let known: Vec<_> = profile.trunk.keys().map(String::as_str).collect();
            let wrong = format!("{platform} does not set {key}, so nothing can be left out");
            let instead = format!("some of {}", known.join(", "));
            faults.push(source.fault(&format!("trunk.{name}.without"), wrong, instead));
        }
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    merge(&mut merged, &written);
    Ok(Some(Filled {
        profile,
        written,
        merged,
    }))
}

/// The value of a dotted key.
pub fn value<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((first, rest)) => value(table.get(first)?.as_table()?, rest),
    }
}

/// Takes a dotted key out; whether it was there.
fn remove(table: &mut Table, key: &str) -> bool {
    match key.split_once('.') {
        None => table.remove(key).is_some(),
        Some((first, rest)) => match table.get_mut(first) {
            Some(Value::Table(inner)) => remove(inner, rest),
            _ => false,
        },
    }
}

fn merge(into: &mut Table, written: &Table) {
    for (key, value) in written {
        match (into.get_mut(key), value) {
            (Some(Value::Table(into)), Value::Table(written)) => merge(into, written),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

fn missing(filled: &Filled, name: &str, platform: &str, source: &Source<'_>) -> Vec<Fault> {
    let needed = filled.profile.here.iter().filter(|here| here.needed);
    needed
        .filter(|here| here.keys().all(|key| value(&filled.merged, key).is_none()))
        .map(|here| {
            let wrong = format!("{platform} needs {}: {}", here.key, here.what);
            source.fault(&format!("trunk.{name}.platform"), wrong, &*here.write)
        })
        .collect()
}

fn refused(filled: &Filled, name: &str, source: &Source<'_>) -> Vec<Fault> {
    let never = filled.profile.never.iter();
    never
        .filter(|never| value(&filled.merged, &never.key) == Some(&never.value))
        .map(|never| {
            let key = format!("trunk.{name}.{}", never.key);
            let instead = format!("another {}, or leave it out", never.key);
            source.fault(&key, &*never.why, instead)
        })
        .collect()
}

/// A transfer by a call through a trunk whose platform is never called.
fn never_called(
    name: &str,
    transfer: &Transfer,
    file: &File,
    source: &Source<'_>,
) -> Option<Fault> {
    let trunk = file.trunk.get(transfer.trunk.as_deref()?)?;
    let why = find(trunk.platform.as_deref()?)?.no_calls_out?;
    if transfer.method == Some(TransferMethod::Refer) {
        return None;
    }
    let instead = "a trunk that can be called";
    Some(source.fault(&format!("transfer.{name}.trunk"), why, instead))
}

fn unknown(name: &str, platform: &str, source: &Source<'_>) -> Fault {
    let near = near(platform);
    let instead = match near.is_empty() {
        true => "the name of one that is known; `trunkline platforms` lists them".to_owned(),
        false => format!(
            "one of {}; `trunkline platforms` lists all",
            near.join(", ")
        ),
    };
    let wrong = format!("{platform:?} is no platform that is known");
    source.fault(&format!("trunk.{name}.platform"), wrong, instead)
}
