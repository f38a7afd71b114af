//! What the process says of itself: log lines on standard error, and traces to an OTLP receiver.
//!
//! Calls are traced from the log ([`crate::spans`]); `tracing` is for the machinery: sockets, disk, NATS.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use journal::{EventLog, Filter, Stream};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter as _};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::spans::Spans;

/// The most spans that wait for the receiver; beyond it the oldest are dropped and counted in a log line.
const WAITING_SPANS_MAX: usize = 65_536;

/// The most spans in one request.
const BATCH_SPANS: usize = 512;

/// How long spans are gathered before they are sent.
const BATCH_WAIT: Duration = Duration::from_millis(500);

/// Log lines by `TRUNKLINE_LOG` (`info` when it is not set), and spans of the machinery to the receiver.
pub fn start(otlp: Option<&str>, node: &str) -> anyhow::Result<Option<SdkTracerProvider>> {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_env_var("TRUNKLINE_LOG")
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()
        .context("TRUNKLINE_LOG is no filter; write a level, or TARGET=LEVEL,…")?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    let provider = match otlp {
        None => None,
        Some(endpoint) => Some(
            SdkTracerProvider::builder()
                .with_batch_exporter(exporter(endpoint)?)
                .with_resource(resource(node))
                .build(),
        ),
    };
    let machinery = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer().with_tracer(provider.tracer("trunkline.machinery"))
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(machinery)
        .init();
    Ok(provider)
}

/// Follows the log from its head and sends the spans of every call that ends.
pub async fn trace_calls(
    log: Arc<dyn EventLog>,
    endpoint: String,
    node: String,
    cancel: CancellationToken,
) -> anyhow::Result<()> {
    let mut exporter = exporter(&endpoint)?;
    exporter.set_resource(&resource(&node));
    let head = log.head(Stream::Events).await?;
    let mut follower = log.follow(Stream::Events, head, Filter::ALL).await?;
    let mut spans = Spans::default();
    let mut waiting: Vec<SpanData> = Vec::new();
    let mut send_at = tokio::time::interval(BATCH_WAIT);
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            batch = follower.next() => {
                for entry in batch? {
                    waiting.extend(spans.apply(&entry));
                }
            }
            _ = send_at.tick() => send(&exporter, &mut waiting).await,
        }
        if waiting.len() > WAITING_SPANS_MAX {
            let dropped = waiting.len() - WAITING_SPANS_MAX;
            waiting.drain(..dropped);
            tracing::warn!(dropped, "the OTLP receiver is too slow; spans were dropped");
        }
    }
    send(&exporter, &mut waiting).await;
    Ok(())
}

async fn send(exporter: &SpanExporter, waiting: &mut Vec<SpanData>) {
    while !waiting.is_empty() {
        let batch: Vec<_> = waiting.iter().take(BATCH_SPANS).cloned().collect();
        let count = batch.len();
        if let Err(error) = exporter.export(batch).await {
            tracing::warn!(%error, "cannot send spans; they are kept and sent again");
            return;
        }
        waiting.drain(..count);
    }
}

fn exporter(endpoint: &str) -> anyhow::Result<SpanExporter> {
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .with_timeout(Duration::from_secs(5))
        .build()
        .with_context(|| {
            format!("cannot send traces to {endpoint}; write otlp = \"http://HOST:4318\"")
        })
}

fn resource(node: &str) -> Resource {
    Resource::builder()
        .with_service_name("trunkline")
        .with_attribute(opentelemetry::KeyValue::new(
            "service.instance.id",
            node.to_owned(),
        ))
        .build()
}
