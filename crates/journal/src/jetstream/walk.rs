//! Follows a stream on the server with an ordered consumer, and does not trust its silence.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use futures_util::{FutureExt, StreamExt};
use schemas::{Entry, Position};
use tokio::time::timeout;

use super::names::Names;
use super::server::{Delivered, Server, position, unreachable};
use crate::follower::{BATCH_MAX_ENTRIES, Follow};
use crate::{Continuity, Error, Filter, Stream};

/// A follower of a stream on the server.
pub(crate) struct Walk {
    server: Arc<Server>,
    stream: Stream,
    filter: Filter,
    /// The last event that was returned: where a new consumer begins.
    position: Position,
    /// Up to where the stream was damaged and told so.
    told: u64,
    messages: Option<Ordered>,
    /// How often the client had connected when the consumer was made.
    connects: u64,
    /// An error that waits until what came before it was returned.
    error: Option<Error>,
}

impl Walk {
    pub(crate) fn new(server: Arc<Server>, stream: Stream, from: Position, filter: Filter) -> Walk {
        Walk {
            server,
            stream,
            filter: filter.within(stream),
            position: from,
            told: 0,
            messages: None,
            connects: 0,
            error: None,
        }
    }

    /// Makes a consumer behind the position, after asking whether the stream is still the same: a
    /// server that lost its tail would take any number and skip what is written below it.
    async fn begin(&mut self) -> Result<Ordered, Error> {
        self.connects = self.connects();
        match self.server.check(self.stream, &self.position).await? {
            Continuity::Same => {}
            Continuity::Truncated { head } => return Err(Error::Truncated { head }),
            Continuity::Diverged => return Err(Error::Diverged),
            Continuity::Expired => {
                let (_, info) = self.server.info(self.stream).await?;
                let oldest = info.state.first_sequence;
                if self.position.sequence + 1 < oldest {
                    return Err(Error::Expired { oldest });
                }
            }
        }
        let next = self.position.sequence.max(self.told) + 1;
        // No filter subjects: for a consumer that has some, the server looks through all subjects of a block for
        // every message, and the further a consumer is behind, the slower it is served. Dropping here is cheap.
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: next,
            },
            ..OrderedConfig::default()
        };
        let name = self.server.names.stream(self.stream);
        let consumer = self
            .server
            .context
            .create_consumer_on_stream(config, name)
            .await
            .map_err(|error| unreachable(&error))?;
        consumer
            .messages()
            .await
            .map_err(|error| unreachable(&error))
    }

    /// One message as an entry; `None` if it does not pass, or was delivered before.
    fn entry(&self, message: &Delivered) -> Result<Option<Entry>, Error> {
        if !Names::passes(&self.filter, &message.subject) {
            return Ok(None);
        }
        let info = message
            .info()
            .map_err(|error| Error::Unreachable(error.to_string()))?;
        let sequence = info.stream_sequence;
        if sequence <= self.position.sequence.max(self.told) {
            return Ok(None);
        }
        let record = self
            .server
            .record(self.stream, sequence, &message.payload)?;
        Ok(Some(Entry {
            position: position(self.position.log, sequence, &record),
            record,
        }))
    }

    async fn step(&mut self) -> Result<Vec<Entry>, Error> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        loop {
            if self.connects != self.connects() {
                self.messages = None;
            }
            if self.messages.is_none() {
                self.messages = Some(self.begin().await?);
            }
            let Some(messages) = &mut self.messages else {
                continue;
            };
            let first = match timeout(self.server.settings.watchdog, messages.next()).await {
                Ok(Some(Ok(first))) => first,
                // Nothing came for a while: a new consumer shows whether nothing was there.
                Ok(Some(Err(_)) | None) | Err(_) => {
                    self.messages = None;
                    continue;
                }
            };
            // What was buffered before a connection was lost is only good if the stream is the same.
            if self.connects != self.connects() {
                continue;
            }
            let mut batch = Vec::new();
            self.push(&first, &mut batch);
            while batch.len() < BATCH_MAX_ENTRIES && self.error.is_none() {
                let more = self
                    .messages
                    .as_mut()
                    .and_then(|more| more.next().now_or_never());
                let Some(Some(Ok(message))) = more else { break };
                self.push(&message, &mut batch);
            }
            match (batch.is_empty(), self.error.take()) {
                (true, Some(error)) => return Err(error),
                (true, None) => {}
                (false, error) => {
                    self.error = error;
                    return Ok(batch);
                }
            }
        }
    }

    fn push(&mut self, message: &Delivered, batch: &mut Vec<Entry>) {
        match self.entry(message) {
            Ok(Some(entry)) => {
                self.position = entry.position;
                batch.push(entry);
            }
            Ok(None) => {}
            Err(error) => {
                if let Error::Damaged(damage) = &error {
                    self.told = damage.first;
                }
                self.error = Some(error);
            }
        }
    }

    fn connects(&self) -> u64 {
        let statistics = self.server.client.statistics();
        statistics.connects.load(Ordering::Acquire)
    }
}

impl Follow for Walk {
    fn next<'a>(
        &'a mut self,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Vec<Entry>, Error>> + Send + 'a>> {
        Box::pin(self.step())
    }

    fn position(&self) -> Position {
        self.position
    }
}
