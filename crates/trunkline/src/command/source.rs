//! Where a command reads from: the log of the configuration, or one exported file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use journal::{Archive, EventLog, Filter, Segments, Stream};
use projections::{Live, Notices, Row, Trunks};
use replay::Incident;
use schemas::{CallId, Entry, Lane, Position, Subject, TrunkName};

use crate::configuration::{File, LogKind};
use crate::fault;
use crate::log;

/// How a command is told where to read.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Where {
    /// Reads this exported file, segment or log directory, in place of the log of the configuration.
    #[arg(long, value_name = "PATH")]
    pub from: Option<PathBuf>,
}

/// A log that is read.
pub enum Source {
    /// Files: of this machine, or somebody's incident.
    Files(Archive),
    /// A NATS JetStream.
    Server(Arc<dyn EventLog>, tokio::runtime::Runtime),
}

impl Source {
    /// Opens what the command was told to read.
    pub fn open(config: &Path, place: &Where) -> anyhow::Result<Source> {
        if let Some(path) = &place.from {
            return Source::open_files(path);
        }
        let file = read_file(config)?;
        match file.log.kind {
            LogKind::Segments => Source::open_files(&file.node.data.join("log")),
            LogKind::Memory => bail!(
                "log.kind is \"memory\": nothing of it is left; write kind = \"segments\" to keep calls"
            ),
            LogKind::Jetstream => {
                let runtime = tokio::runtime::Runtime::new()?;
                let log = runtime.block_on(log::connect(config, &file))?;
                Ok(Source::Server(log, runtime))
            }
        }
    }

    fn open_files(path: &Path) -> anyhow::Result<Source> {
        let archive = Segments::open_read_only(path)
            .with_context(|| format!("cannot read the log {}", path.display()))?;
        Ok(Source::Files(archive))
    }

    /// Visits everything of a stream in the order of the log. Damaged places are told on standard
    /// error, one line each, and the rest is read.
    pub fn visit(
        &self,
        stream: Stream,
        filter: Filter,
        mut visit: impl FnMut(&Entry),
    ) -> anyhow::Result<usize> {
        let bar = progress();
        let mut damaged = 0;
        match self {
            Source::Files(archive) => {
                let mut entries = archive.entries(stream, filter);
                let mut count = 0u64;
                while let Some(entry) = entries.next() {
                    match entry {
                        Ok(entry) => visit(&entry),
                        // It went to its time while this was reading.
                        Err(journal::Error::Expired { .. }) => {}
                        Err(error) => {
                            damaged += 1;
                            bar.suspend(|| eprintln!("trunkline: {error}"));
                        }
                    }
                    count += 1;
                    if count.is_multiple_of(4_096) {
                        let (at, of) = entries.progress();
                        bar.set_length(of);
                        bar.set_position(at);
                    }
                }
            }
            Source::Server(log, runtime) => runtime.block_on(async {
                let head = log.head(stream).await?;
                bar.set_length(head.sequence);
                let beginning = Position::beginning(log.id(stream));
                let mut follower = log.follow(stream, beginning, Filter::ALL).await?;
                while follower.position().sequence < head.sequence {
                    match follower.next().await {
                        Ok(entries) => entries
                            .iter()
                            .filter(|entry| {
                                filter.passes(entry.record.subject(), entry.record.lane())
                            })
                            .for_each(&mut visit),
                        Err(journal::Error::Damaged(damage)) => {
                            damaged += 1;
                            bar.suspend(|| eprintln!("trunkline: {damage}"));
                        }
                        Err(error) => return Err(error),
                    }
                    bar.set_position(follower.position().sequence);
                }
                Ok(())
            })?,
        }
        bar.finish_and_clear();
        Ok(damaged)
    }

    /// Every call as its history tells it, oldest first.
    pub fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let mut rows = std::collections::BTreeMap::new();
        self.visit(Stream::Events, Filter::ALL, |entry| {
            if let Some(call) = entry.record.subject().call() {
                rows.entry(call)
                    .or_insert_with(|| Row::new(call))
                    .apply(&entry.record);
            }
        })?;
        Ok(rows.into_values().collect())
    }

    /// Every trunk as the log tells it, and how many of its calls are up.
    pub fn trunks(&self) -> anyhow::Result<(Trunks, BTreeMap<TrunkName, usize>)> {
        let (mut notices, mut trunks) = (Notices::default(), Trunks::default());
        let mut rows = BTreeMap::new();
        self.visit(Stream::Events, Filter::ALL, |entry| {
            let record = &entry.record;
            match record.subject().call() {
                Some(call) => {
                    rows.entry(call)
                        .or_insert_with(|| Row::new(call))
                        .apply(record);
                }
                // Each event once: notices know which they have.
                None if notices.apply(record) => {
                    trunks.apply(record);
                }
                None => {}
            }
        })?;
        for row in rows.values() {
            let Some(trunk) = &row.trunk else { continue };
            trunks.call_began(trunk, row.began);
            if row.is_over() {
                trunks.call_ended(trunk, row.began, row.outcome);
            }
        }
        Ok((trunks, Live::of(rows.values(), 0).trunks))
    }

    /// The call whose id begins with some digits. They must be enough to tell it from all others.
    pub fn find(&self, prefix: &str) -> anyhow::Result<CallId> {
        if let Ok(call) = prefix.parse() {
            return Ok(call);
        }
        let prefix = prefix.trim_end_matches('…').to_ascii_lowercase();
        let mut found = std::collections::BTreeSet::new();
        self.visit(Stream::Events, Filter::ALL.lanes(&[Lane::Facts]), |entry| {
            if let Some(call) = entry.record.subject().call()
                && call.to_string().starts_with(&prefix)
            {
                found.insert(call);
            }
        })?;
        match found.len() {
            0 => bail!("no call's id begins with {prefix:?}; `trunkline calls` lists them"),
            1 => Ok(found.pop_first().expect("one is there")),
            many => bail!("{many} calls' ids begin with {prefix:?}; give more of its digits"),
        }
    }

    /// Some calls with their SIP messages and the configurations that they were decided by.
    pub fn entries_of(&self, calls: &[CallId]) -> anyhow::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        // Configurations are written by nodes; they are few, and a call names them by hash only.
        self.visit(Stream::Events, Filter::ALL, |entry| {
            if matches!(entry.record.subject(), Subject::Node(_)) {
                entries.push(entry.clone());
            }
        })?;
        for call in calls {
            let (events, wire) = match self {
                Source::Files(archive) => {
                    (archive.subject(&Subject::Call(*call)), archive.wire(*call))
                }
                Source::Server(log, runtime) => (
                    runtime.block_on(log.read(&Subject::Call(*call))),
                    runtime.block_on(log.read_wire(*call)),
                ),
            };
            let events = events?;
            if events.is_empty() {
                bail!("there is no call {call} in this log; `trunkline calls` lists what is there");
            }
            entries.extend(events);
            entries.extend(wire?);
        }
        Ok(entries)
    }

    /// Some calls, ready to be run once more.
    pub fn incident(&self, calls: &[CallId]) -> anyhow::Result<Incident> {
        Ok(Incident::read(&self.entries_of(calls)?))
    }

    /// Everything that is in it, ready to be run once more.
    pub fn everything(&self) -> anyhow::Result<Incident> {
        let mut incident = Incident::default();
        self.visit(Stream::Events, Filter::ALL, |entry| {
            incident.add(&entry.record)
        })?;
        // An exported file holds both streams in one.
        if matches!(self, Source::Server(..)) || !incident.has_wire() {
            self.visit(Stream::Wire, Filter::ALL, |entry| {
                incident.add(&entry.record)
            })?;
        }
        Ok(incident)
    }
}

/// Reads the form of the configuration, without asking what it means.
pub fn read_file(config: &Path) -> anyhow::Result<File> {
    let text = std::fs::read_to_string(config).with_context(|| {
        format!(
            "cannot read {}; name another with --config, or a log with --from",
            config.display()
        )
    })?;
    Ok(fault::Source::new(config, &text).parse()?)
}

/// A bar on standard error, if that is a terminal.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} events")
        .expect("the template is right");
    ProgressBar::no_length().with_style(style)
}
