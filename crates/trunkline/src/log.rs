//! The log that a configuration names: files of this machine, a JetStream, or memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use journal::{
    EventLog, JetStream, JetStreamSettings, Memory, Outbox, OutboxSettings, Segments, Settings,
};

use crate::configuration::{File, LogKind};
use crate::fault::Fault;
use crate::roles::Roles;

/// The log of a configuration, and the edge's own segments in front of it where the log is on a server.
pub async fn open(
    config: &Path,
    file: &File,
    roles: Roles,
) -> anyhow::Result<(Arc<dyn EventLog>, Option<Arc<Outbox>>)> {
    match file.log.kind {
        LogKind::Memory => Ok((Arc::new(Memory::new()), None)),
        LogKind::Segments => {
            let directory = file.node.data.join("log");
            let segments = Segments::open(&directory, segment_settings(file))
                .with_context(|| format!("cannot open the log {}", directory.display()))?;
            Ok((Arc::new(segments), None))
        }
        LogKind::Jetstream => {
            let server = connect_server(config, file).await?;
            let log: Arc<dyn EventLog> = Arc::clone(&server) as Arc<dyn EventLog>;
            if !roles.has_edge() {
                return Ok((log, None));
            }
            let directory = file.node.data.join("outbox");
            let settings = OutboxSettings {
                segments: segment_settings(file),
                ..OutboxSettings::default()
            };
            let outbox = Outbox::open(&directory, server, settings)
                .with_context(|| format!("cannot open the outbox {}", directory.display()))?;
            Ok((log, Some(Arc::new(outbox))))
        }
    }
}

fn segment_settings(file: &File) -> Settings {
    let mut settings = Settings::default();
    if let Some(days) = file.log.wire_days {
        settings.wire.max_age = Some(Duration::from_secs(u64::from(days) * 86_400));
    }
    if let Some(mb) = file.log.segment_mb {
        settings.segment_bytes = u64::from(mb) << 20;
    }
    settings
}

/// The JetStream of a configuration.
pub async fn connect(config: &Path, file: &File) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(connect_server(config, file).await?)
}

async fn connect_server(config: &Path, file: &File) -> anyhow::Result<Arc<JetStream>> {
    let url = file.log.url.as_deref().unwrap_or("nats://127.0.0.1:4222");
    let mut settings = JetStreamSettings::default();
    if let Some(replicas) = file.log.replicas {
        settings.replicas = replicas;
    }
    if let Some(days) = file.log.wire_days {
        settings.wire_max_age = Duration::from_secs(u64::from(days) * 86_400);
    }
    let server = JetStream::connect(url, settings)
        .await
        .map_err(|error| Fault::found_later(config, "log.url", error.to_string(), INSTEAD))?;
    Ok(Arc::new(server))
}

/// What to write where the server of the log cannot be reached.
const INSTEAD: &str = "the address of a `nats-server -js` that runs, or kind = \"segments\" without a url: \
                       files of this machine";
