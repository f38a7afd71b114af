//! What the process says of itself: log lines on standard error, and traces to an OTLP receiver.
//!
//! Calls are traced from the log ([`crate::spans`]); `tracing` is for the machinery: sockets, disk, NATS.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use journal::{EventLog, Filter, Follower, Stream};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use schemas::Entry;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::courier::{Courier, Handing};
use crate::spans::Spans;

/// What is said when nobody asked for more or less. The client of NATS tells every attempt to connect; the
/// journal tells once that the server is away.
const DEFAULT_FILTER: &str = "info,async_nats=warn";

/// How long until a log that could not be read is read again.
const RETRY_WAIT: Duration = Duration::from_secs(1);

/// How long a stop waits for the log to tell the calls that ended last.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Log lines by `TRUNKLINE_LOG` ([`DEFAULT_FILTER`] when it is not set), and spans of the machinery to the receiver.
pub fn start(otlp: Option<&str>, node: &str) -> anyhow::Result<Option<Courier>> {
    let filter = match std::env::var_os("TRUNKLINE_LOG") {
        None => EnvFilter::new(DEFAULT_FILTER),
        Some(_) => EnvFilter::builder()
            .with_env_var("TRUNKLINE_LOG")
            .try_from_env()
            .context("TRUNKLINE_LOG is no filter; write a level, or TARGET=LEVEL,…")?,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let courier = otlp.map(|otlp| Courier::new(otlp, node)).transpose()?;
    let machinery = courier.as_ref().map(|courier| {
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Handing(courier.hand()))
            .build();
        tracing_opentelemetry::layer().with_tracer(provider.tracer("trunkline.machinery"))
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(machinery)
        .init();
    Ok(courier)
}

/// Tells the traces of calls from the log: of every call that begins after it.
pub struct Tracer {
    log: Arc<dyn EventLog>,
    follower: Follower,
    spans: Spans,
    hand: mpsc::Sender<SpanData>,
}

impl Tracer {
    /// Stands at the head of the log.
    pub async fn at_the_head(
        log: Arc<dyn EventLog>,
        hand: mpsc::Sender<SpanData>,
    ) -> Result<Tracer, journal::Error> {
        Ok(Tracer {
            follower: follow(&log).await?,
            log,
            spans: Spans::default(),
            hand,
        })
    }

    /// Follows the log until it is told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let told = tokio::select! {
                () = stop.cancelled() => break,
                told = self.follower.next() => told,
            };
            match told {
                Ok(entries) => self.tell(&entries).await,
                // Told by whoever keeps the views; what lies behind the damage is traced.
                Err(journal::Error::Damaged(_)) => {}
                Err(journal::Error::Closed) => return stop.cancelled().await,
                Err(error) => {
                    tracing::warn!(%error, "calls cannot be traced; the log is read again");
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.begin_again(&error) => {}
                    }
                }
            }
        }
        // A log that does not answer now has nothing more to tell.
        let _ = timeout(LAST_WAIT, self.tell_the_rest()).await;
    }

    /// Waits, and follows anew where the log is no longer the one that was followed.
    async fn begin_again(&mut self, error: &journal::Error) {
        use journal::Error::{Diverged, Expired, Truncated};
        loop {
            tokio::time::sleep(RETRY_WAIT).await;
            if !matches!(error, Expired { .. } | Truncated { .. } | Diverged) {
                return;
            }
            if let Ok(follower) = follow(&self.log).await {
                self.follower = follower;
                return;
            }
        }
    }

    async fn tell(&mut self, entries: &[Entry]) {
        for span in entries.iter().flat_map(|entry| self.spans.apply(entry)) {
            // The courier goes last: if it is gone, so is whoever wanted this.
            let _ = self.hand.send(span).await;
        }
    }

    /// What ended while the others stopped.
    async fn tell_the_rest(&mut self) -> Result<(), journal::Error> {
        let head = self.log.head(Stream::Events).await?;
        while self.follower.position().sequence < head.sequence {
            let entries = self.follower.next().await?;
            self.tell(&entries).await;
        }
        Ok(())
    }
}

async fn follow(log: &Arc<dyn EventLog>) -> Result<Follower, journal::Error> {
    let head = log.head(Stream::Events).await?;
    log.follow(Stream::Events, head, Filter::ALL).await
}
