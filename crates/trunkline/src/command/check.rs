//! `trunkline check`: what is wrong with the configuration and with the log.

use std::path::Path;
use std::process::ExitCode;

use journal::{Filter, Stream};
use replay::Incident;

use super::source::{Source, Where};
use crate::configuration::LogKind;
use crate::resolve;

/// Checks the configuration, then every record of the log against its chain.
pub fn run(config: &Path) -> anyhow::Result<ExitCode> {
    let resolved = resolve::read(config)?;
    let decided = resolved.call.configuration();
    say!(
        "{}: right; {} trunks, {} numbers, {} agents, {} transfer targets",
        config.display(),
        decided.trunks.len(),
        decided.numbers.len(),
        decided.agents.len(),
        decided.transfer.targets.len()
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
    for stream in [Stream::Events, Stream::Wire] {
        damaged += source.visit(stream, Filter::ALL, |entry| {
            records += 1;
            incident.add(&entry.record);
        })?;
    }
    let damages = incident.damages();
    for damage in &damages {
        say!("{damage}");
    }
    let calls = incident.calls().count();
    let wrong = damaged + damages.len();
    match wrong {
        0 => say!("log: {records} records of {calls} calls; every chain is whole"),
        _ => say!("log: {records} records of {calls} calls; {wrong} places are damaged"),
    }
    Ok(ExitCode::from(u8::from(wrong > 0)))
}
