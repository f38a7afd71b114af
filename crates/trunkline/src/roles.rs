//! The roles of a process: edge, control, API, or all three; started in the order in which they need each
//! other, stopped in the reverse order.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use journal::{EventLog, Segments};
use schemas::NodeName;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::configuration::{File, LogKind};
use crate::courier::Courier;
use crate::log;
use crate::resolve::{self, Resolved};
use crate::telemetry::{self, Tracer};

/// Which roles a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    edge: bool,
    control: bool,
    api: bool,
}

/// Everything in one process.
pub const ALL: Roles = Roles {
    edge: true,
    control: true,
    api: true,
};
/// Sockets and media.
pub const EDGE: Roles = Roles {
    edge: true,
    control: false,
    api: false,
};
/// Decisions.
pub const CONTROL: Roles = Roles {
    edge: false,
    control: true,
    api: false,
};
/// A switch without pages.
pub const EDGE_AND_CONTROL: Roles = Roles {
    edge: true,
    control: true,
    api: false,
};
/// Projections, HTTP and pages.
pub const API: Roles = Roles {
    edge: false,
    control: false,
    api: true,
};

impl Roles {
    /// Whether sockets and media are among them.
    pub fn has_edge(self) -> bool {
        self.edge
    }
}

/// Runs roles until the process is told to stop or one of them cannot go on.
pub fn run(config: &Path, roles: Roles) -> anyhow::Result<ExitCode> {
    let resolved = resolve::read(config)?;
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let otlp = resolved.file.telemetry.otlp.clone();
        let courier = telemetry::start(otlp.as_deref(), &resolved.file.node.name)?;
        let mut running = Running::start(&resolved, roles, courier).await?;
        for listen in &running.edge_addresses {
            tracing::info!("SIP on {listen}");
        }
        if let Some(address) = running.api_address {
            tracing::info!("API and pages on http://{address}");
        }
        let failed = tokio::select! {
            signal = told_to_stop() => {
                tracing::info!(signal, "stopping; calls may go on for the drain time");
                None
            }
            failed = running.failed() => Some(failed),
        };
        running.stop().await;
        match failed {
            None => Ok(ExitCode::SUCCESS),
            Some(error) => Err(error),
        }
    })
}

/// The roles that run, and how to stop them.
pub struct Running {
    /// Where SIP is listened on.
    pub edge_addresses: Vec<edge::Listen>,
    /// Where the API and the pages are.
    pub api_address: Option<SocketAddr>,
    /// The log that they share.
    pub log: Arc<dyn EventLog>,
    /// In the order of their start.
    tasks: Vec<Task>,
}

/// A role's task.
struct Task {
    name: &'static str,
    stop: CancellationToken,
    handle: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Starts roles: the log, then who reads it, then who fills it.
    #[tracing::instrument(name = "start", skip_all)]
    pub async fn start(
        resolved: &Resolved,
        roles: Roles,
        courier: Option<Courier>,
    ) -> anyhow::Result<Running> {
        let file = &resolved.file;
        if !(roles.edge && roles.control) && file.log.kind != LogKind::Jetstream {
            bail!(
                "a role alone needs a log that others reach; write kind = \"jetstream\" and url under [log], \
                 or run `trunkline serve`, which has all roles"
            );
        }
        let (log, outbox) = log::open(&resolved.path, file, roles).await?;
        let mut running = Running {
            edge_addresses: Vec::new(),
            api_address: None,
            log: Arc::clone(&log),
            tasks: Vec::new(),
        };
        let hand = courier.as_ref().map(Courier::hand);
        if let Some(courier) = courier {
            running.spawn("spans", |stop| async move {
                courier.run(stop).await;
                Ok(())
            });
        }
        let edge = match roles.edge {
            false => None,
            true => {
                let seen: Arc<dyn EventLog> = match &outbox {
                    Some(outbox) => Arc::clone(outbox) as Arc<dyn EventLog>,
                    None => Arc::clone(&log),
                };
                Some(edge::Edge::bind(resolved.edge.clone(), seen, seed()?).await?)
            }
        };
        let mut metrics: Vec<api::Collector> = Vec::new();
        if let Some(edge) = &edge {
            let counters = edge.counters();
            metrics.push(Arc::new(move |out| {
                expose(out, "edge", counters.snapshot().rows())
            }));
        }
        let control = roles.control.then(|| {
            let node = NodeName::from(format!("{}-control", file.node.name).as_str());
            control::Control::new(resolved.call.clone(), Arc::clone(&log), node)
                .with_checkpoint(&file.node.data.join("control.checkpoint"))
        });
        if let Some(control) = &control {
            let counters = control.counters();
            metrics.push(Arc::new(move |out| {
                expose(out, "control", control_rows(counters.snapshot()))
            }));
        }
        if roles.api {
            running.start_api(resolved, metrics).await?;
        }
        if let Some(hand) = hand.filter(|_| roles.api) {
            let tracer = Tracer::at_the_head(Arc::clone(&log), hand).await?;
            running.spawn("traces", |stop| async move {
                tracer.run(stop).await;
                Ok(())
            });
        }
        if let Some(control) = control {
            running.spawn(
                "control",
                |stop| async move { Ok(control.run(stop).await?) },
            );
        }
        if let Some(edge) = edge {
            running.edge_addresses = edge.listens().to_vec();
            running.spawn("edge", |stop| async move {
                Ok(edge.run(stop, "told to stop").await?)
            });
        }
        Ok(running)
    }

    async fn start_api(
        &mut self,
        resolved: &Resolved,
        metrics: Vec<api::Collector>,
    ) -> anyhow::Result<()> {
        let file = &resolved.file;
        let settings = api::Settings {
            listen: file.api.listen,
            node: NodeName::from(format!("{}-api", file.node.name).as_str()),
            trunks: resolved
                .call
                .configuration()
                .trunks
                .keys()
                .cloned()
                .collect(),
        };
        let mut api = api::Api::new(Arc::clone(&self.log), projections_of(file), settings);
        for collector in metrics {
            api = api.with_metrics(collector);
        }
        let bound = api.bind().await?;
        self.api_address = Some(bound.address());
        self.spawn("api", |stop| async move { Ok(bound.run(stop).await?) });
        Ok(())
    }

    fn spawn<F>(&mut self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let handle = tokio::spawn(task(stop.clone()));
        self.tasks.push(Task { name, stop, handle });
    }

    /// Waits until a role cannot go on, and says why.
    pub async fn failed(&mut self) -> anyhow::Error {
        let mut looking = tokio::time::interval(Duration::from_millis(200));
        loop {
            looking.tick().await;
            if let Some(index) = self.tasks.iter().position(|task| task.handle.is_finished()) {
                let task = self.tasks.remove(index);
                return match task.handle.await {
                    Ok(Ok(())) => anyhow::anyhow!("{} stopped by itself", task.name),
                    Ok(Err(error)) => error.context(format!("{} cannot go on", task.name)),
                    Err(error) => {
                        anyhow::Error::from(error).context(format!("{} broke", task.name))
                    }
                };
            }
        }
    }

    /// Stops the roles in the reverse order of their start: the edge drains while control still decides.
    pub async fn stop(&mut self) {
        while let Some(task) = self.tasks.pop() {
            task.stop.cancel();
            match task.handle.await {
                Ok(Ok(())) => tracing::debug!(role = task.name, "stopped"),
                Ok(Err(error)) => {
                    tracing::error!(role = task.name, "cannot stop in order: {error:#}")
                }
                Err(error) => tracing::error!(role = task.name, %error, "broke while stopping"),
            }
        }
    }
}

/// Builds the stored views anew from the log.
pub async fn rebuild(resolved: &Resolved) -> anyhow::Result<u64> {
    let file = &resolved.file;
    let log: Arc<dyn EventLog> = match file.log.kind {
        LogKind::Jetstream => log::connect(&resolved.path, file).await?,
        LogKind::Segments => Arc::new(Segments::open_read_only(&file.node.data.join("log"))?),
        LogKind::Memory => bail!("log.kind is \"memory\": there is nothing to build views from"),
    };
    let bar = indicatif::ProgressBar::no_length();
    let rebuilt = api::rebuild(log, &projections_of(file), |progress| {
        bar.set_length(progress.head);
        bar.set_position(progress.done);
    })
    .await?;
    bar.finish_and_clear();
    Ok(rebuilt.done)
}

fn projections_of(file: &File) -> std::path::PathBuf {
    file.node.data.join("projections")
}

/// A role's counters in the Prometheus text format. What counts what is there now is a gauge.
fn expose(out: &mut String, role: &str, rows: Vec<(&'static str, u64)>) {
    use std::fmt::Write;
    for (name, value) in rows {
        let (ending, kind) = if GAUGES.contains(&name) {
            ("", "gauge")
        } else {
            ("_total", "counter")
        };
        let name = format!("trunkline_{role}_{name}{ending}");
        let _ = write!(out, "# TYPE {name} {kind}\n{name} {value}\n");
    }
}

fn control_rows(now: control::Snapshot) -> Vec<(&'static str, u64)> {
    vec![
        ("observations", now.observations),
        ("decisions", now.decisions),
        ("timers", now.timers),
        ("conflicts", now.conflicts),
        ("histories", now.histories),
        ("unreadable", now.unreadable),
        ("unavailable", now.unavailable),
        ("live_calls", now.live_calls),
        ("lag_us", now.lag_us),
        ("position", now.position),
    ]
}

/// What goes down as well.
const GAUGES: [&str; 7] = [
    "calls_up",
    "connections",
    "trunks_registered",
    "registrations",
    "live_calls",
    "lag_us",
    "position",
];

/// Secret randomness, never the same twice.
pub fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no randomness")?;
    Ok(seed)
}

/// Every call has sockets of its own: as many files as the system lets this process have.
pub fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("trunkline: cannot raise the limit of open files: {error}; calls may be refused");
    }
}

async fn told_to_stop() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
