//! What carries finished spans to the OTLP receiver: those of calls, told from the log, and those of the
//! machinery.
//!
//! A receiver that is away or slow costs some memory and nothing else. What it did not take is kept and
//! sent again; beyond a bound the oldest go. It is told once that it is away and once that it is back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// The most spans that wait for the receiver, about 64 MB.
const WAITING_SPANS_MAX: usize = 65_536;

/// The most spans in one request.
const BATCH_SPANS: usize = 512;

/// The most spans that are handed over and not taken up yet.
const HANDED_SPANS_MAX: usize = 1_024;

/// How long spans are gathered before they are sent, and the pause after the receiver was away.
const BATCH_WAIT: Duration = Duration::from_millis(500);

/// How long one request may take.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// How long a stop waits for the receiver.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// Carries spans to one receiver.
pub struct Courier {
    endpoint: String,
    exporter: Arc<SpanExporter>,
    hand: mpsc::Sender<SpanData>,
    handed: mpsc::Receiver<SpanData>,
    /// Oldest first.
    waiting: VecDeque<SpanData>,
    receiver: Taking,
    /// How many spans found no room since the receiver last took some.
    dropped: usize,
}

/// Whether the receiver took what it was sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    Yes,
    No,
}

/// Spans that are being sent.
struct Batch {
    spans: Vec<SpanData>,
    answer: JoinHandle<OTelSdkResult>,
}

impl Courier {
    /// Reads the address of a receiver; it is not asked for yet.
    pub fn new(endpoint: &str, node: &str) -> anyhow::Result<Courier> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .with_timeout(ANSWER_WAIT)
            // Its own pauses stop a thread of the runtime; ours do not.
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .with_context(|| format!("cannot send traces to {endpoint}"))?;
        exporter.set_resource(&resource(node));
        let (hand, handed) = mpsc::channel(HANDED_SPANS_MAX);
        Ok(Courier {
            endpoint: endpoint.to_owned(),
            exporter: Arc::new(exporter),
            hand,
            handed,
            waiting: VecDeque::new(),
            receiver: Taking::Yes,
            dropped: 0,
        })
    }

    /// Where spans are handed over.
    pub fn hand(&self) -> mpsc::Sender<SpanData> {
        self.hand.clone()
    }

    /// Carries until it is told to stop; then what is left, if the receiver takes it soon.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pulse = interval(BATCH_WAIT);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sent: Option<Batch> = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(span) = self.handed.recv() => self.keep(span),
                answer = answer_to(&mut sent) => self.settle(sent.take(), answer),
                _ = pulse.tick(), if sent.is_none() => sent = self.send(),
            }
        }
        while let Ok(span) = self.handed.try_recv() {
            self.keep(span);
        }
        // What the clock stops here is counted below.
        let _ = timeout(LAST_WAIT, self.send_the_rest(&mut sent)).await;
        let left = self.waiting.len() + sent.map_or(0, |batch| batch.spans.len());
        if left > 0 {
            tracing::warn!(
                left,
                "spans were not sent: {} did not take them",
                self.endpoint
            );
        }
    }

    async fn send_the_rest(&mut self, sent: &mut Option<Batch>) {
        loop {
            if sent.is_none() {
                *sent = self.send();
            }
            if sent.is_none() {
                return;
            }
            let answer = answer_to(sent).await;
            let refused = answer.is_err();
            self.settle(sent.take(), answer);
            if refused {
                return;
            }
        }
    }

    fn keep(&mut self, span: SpanData) {
        self.waiting.push_back(span);
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.waiting.len() > WAITING_SPANS_MAX {
            if self.dropped == 0 {
                tracing::warn!("too many spans wait for {}; the oldest go", self.endpoint);
            }
            self.dropped += 1;
            self.waiting.pop_front();
        }
    }

    fn send(&mut self) -> Option<Batch> {
        let count = self.waiting.len().min(BATCH_SPANS);
        let spans: Vec<_> = self.waiting.drain(..count).collect();
        if spans.is_empty() {
            return None;
        }
        let (exporter, copy) = (Arc::clone(&self.exporter), spans.clone());
        let answer = tokio::spawn(async move { exporter.export(copy).await });
        Some(Batch { spans, answer })
    }

    fn settle(&mut self, sent: Option<Batch>, answer: Result<(), String>) {
        match (answer, self.receiver) {
            (Ok(()), Taking::Yes) => {}
            (Ok(()), Taking::No) => {
                let dropped = std::mem::take(&mut self.dropped);
                tracing::info!(dropped, "{} takes spans again", self.endpoint);
                self.receiver = Taking::Yes;
            }
            (Err(error), before) => {
                for span in sent.into_iter().flat_map(|batch| batch.spans).rev() {
                    self.waiting.push_front(span);
                }
                self.make_room();
                if before == Taking::Yes {
                    let endpoint = &self.endpoint;
                    tracing::warn!(
                        "{endpoint} does not take spans: {error}; calls go on, and up to \
                         {WAITING_SPANS_MAX} spans wait for it (telemetry.otlp)"
                    );
                }
                self.receiver = Taking::No;
            }
        }
    }
}

/// Hands the spans of the machinery to a courier.
#[derive(Debug)]
pub struct Handing(pub mpsc::Sender<SpanData>);

impl SpanProcessor for Handing {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        // The machinery waits for nobody: what finds no room is left out.
        let _ = self.0.try_send(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The answer to what was sent; waits for ever if nothing was.
async fn answer_to(sent: &mut Option<Batch>) -> Result<(), String> {
    let Some(batch) = sent else {
        return std::future::pending().await;
    };
    match (&mut batch.answer).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(broken) => Err(broken.to_string()),
    }
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
