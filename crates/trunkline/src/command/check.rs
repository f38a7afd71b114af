//! `trunkline check`: what is wrong with the configuration and with the log.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use journal::{Filter, Stream};
use replay::{Damage, Incident};

use super::source::{Source, Where};
use crate::configuration::LogKind;
use crate::resolve;

/// Checks the configuration, then every record of the log against its chain.
pub fn run(config: &Path) -> anyhow::Result<ExitCode> {
    let resolved = resolve::read(config)?;
    let decided = resolved.call.configuration();
    say!(
        "{}: right; {}, {}, {}, {}",
        config.display(),
        counted(decided.trunks.len(), "trunk"),
        counted(decided.numbers.len(), "number"),
        counted(decided.agents.len(), "agent"),
        counted(decided.transfer.targets.len(), "transfer target")
    );
    let log = resolved.file.node.data.join("log");
    if resolved.file.log.kind == LogKind::Memory
        || (resolved.file.log.kind == LogKind::Segments && !log.exists())
    {
        say!("{}: no log yet", log.display());
        return Ok(ExitCode::SUCCESS);
    }
    let source = Source::open(config, &Where::default())?;
    let mut incident = Incident::default();
    let mut records = 0u64;
    let mut damaged = 0;
    let mut oldest = BTreeMap::new();
    for stream in [Stream::Events, Stream::Wire] {
        damaged += source.visit(stream, Filter::ALL, |entry| {
            records += 1;
            oldest.entry(stream).or_insert(entry.position.sequence);
            incident.add(&entry.record);
        })?;
    }
    // A log that begins later has let its oldest records go, as it was told to; so it has of calls.
    oldest.retain(|_, number| *number > FIRST_NUMBER);
    let (expired, damages): (Vec<_>, Vec<_>) = incident
        .damages()
        .into_iter()
        .partition(|damage| begins_in(damage).is_some_and(|stream| oldest.contains_key(&stream)));
    for damage in &damages {
        say!("{damage}");
    }
    for (stream, number) in &oldest {
        let calls = expired.iter().filter(|one| begins_in(one) == Some(*stream));
        let (name, calls) = (stream.name(), calls.count());
        say!(
            "{name}: what was before number {number} has expired; {calls} calls are there in part"
        );
    }
    let calls = counted(incident.calls().count(), "call");
    let wrong = damaged + damages.len();
    match wrong {
        0 => say!("log: {records} records of {calls}; every chain is whole"),
        _ => say!("log: {records} records of {calls}; {wrong} places are damaged"),
    }
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

/// `1 trunk`, `2 trunks`.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// The stream in which the beginning of a call is not there any more.
fn begins_in(damage: &Damage) -> Option<Stream> {
    match damage {
        Damage::Beginning { lane, .. } => Some(Stream::of(*lane)),
        Damage::Chain { .. } | Damage::Payload { .. } => None,
    }
}

/// The number of a stream's first record.
const FIRST_NUMBER: u64 = 1;
