//! A log on NATS JetStream, for several processes. README.md, "NATS JetStream".

mod desk;
mod names;
mod patience;
mod reading;
mod server;
mod settings;
mod walk;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_nats::Client;
use schemas::{CallId, Entry, Lane, LogId, Position, Record, Subject};
use tokio::sync::{mpsc, oneshot};

pub use settings::JetStreamSettings;

use crate::follower::ready;
use crate::{BoxFuture, Continuity, Error, EventLog, Filter, Follower, Outcome, Reason, Stream};
use desk::{QUEUE_MAX_BYTES, Submission};
use names::EVENT_LANES;
use server::Server;
use walk::Walk;

/// A log on a NATS server or cluster.
///
/// An append resolves when the stream's leader confirms it. That is not durability unless the server
/// syncs before it confirms: see README.md, and [`crate::Outbox`] for writers that must not lose.
/// Made inside a tokio runtime; its tasks end when it is dropped and everything is answered.
pub struct JetStream {
    server: Arc<Server>,
    submissions: mpsc::UnboundedSender<Submission>,
    waiting_bytes: Arc<AtomicUsize>,
}

impl JetStream {
    /// Reaches the server and creates the streams that are not there.
    pub async fn open(client: Client, settings: JetStreamSettings) -> Result<JetStream, Error> {
        let server = Arc::new(Server::open(client, settings).await?);
        let (submissions, queue) = mpsc::unbounded_channel();
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        tokio::spawn(desk::run(
            Arc::clone(&server),
            queue,
            Arc::clone(&waiting_bytes),
        ));
        Ok(JetStream {
            server,
            submissions,
            waiting_bytes,
        })
    }

    /// Connects to a server such as `nats://127.0.0.1:4222`, then opens the log there.
    pub async fn connect(servers: &str, settings: JetStreamSettings) -> Result<JetStream, Error> {
        let options = async_nats::ConnectOptions::new()
            .connection_timeout(settings.answer_timeout)
            .event_callback(async |event| tell(&event));
        let client = options
            .connect(servers)
            .await
            .map_err(|error| Error::Unreachable(format!("{servers}: {error}")))?;
        match JetStream::open(client, settings).await {
            Err(Error::Unreachable(why)) => Err(Error::Unreachable(format!("{servers}: {why}"))),
            opened => opened,
        }
    }

    /// Makes sure that the streams are there and are known as they are now.
    pub(crate) async fn refresh(&self) -> Result<(), Error> {
        self.server.create_streams().await
    }

    /// How often the client has connected.
    pub(crate) fn connects(&self) -> u64 {
        let statistics = self.server.client.statistics();
        statistics.connects.load(Ordering::Acquire)
    }

    /// The name of the bucket for leases.
    pub(crate) fn leases(&self) -> String {
        self.server.names.leases()
    }

    /// The connection, for whoever needs another subject on the same server.
    pub fn client(&self) -> &Client {
        &self.server.client
    }
}

/// What somebody should look at is told once: the client tries again many times a second.
fn tell(event: &async_nats::Event) {
    use async_nats::Event;
    match event {
        Event::Connected => tracing::info!("connected to the log's server"),
        Event::Disconnected => {
            tracing::warn!("the log's server is away; it is tried again until it is back");
        }
        Event::ServerError(_) | Event::SlowConsumer(_) => {
            tracing::warn!("the log's server: {event}");
        }
        Event::LameDuckMode | Event::Draining | Event::Closed | Event::ClientError(_) => {
            tracing::debug!("the log's server: {event}");
        }
    }
}

impl EventLog for JetStream {
    fn id(&self, stream: Stream) -> LogId {
        self.server.id(stream)
    }

    fn append(&self, records: Vec<Record>) -> BoxFuture<Vec<Outcome>> {
        let count = records.len();
        let bytes: usize = records
            .iter()
            .map(|record| record.bytes().len() + 300)
            .sum();
        if count == 0 {
            return ready(Vec::new());
        }
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
        if waiting > 0 && waiting + bytes > QUEUE_MAX_BYTES {
            self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
            return ready(vec![Outcome::Unavailable(Reason::Busy); count]);
        }
        let (answer, answered) = oneshot::channel();
        let submission = Submission {
            records,
            answer,
            bytes,
        };
        // If the desk is gone, the answer is dropped with the submission.
        let _ = self.submissions.send(submission);
        Box::pin(async move {
            let closed = |_| vec![Outcome::Unavailable(Reason::Closed); count];
            answered.await.unwrap_or_else(closed)
        })
    }

    fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>> {
        let (server, subject) = (Arc::clone(&self.server), subject.clone());
        Box::pin(async move { server.read(&subject, &EVENT_LANES).await })
    }

    fn last(&self, subject: &Subject, lane: Lane) -> BoxFuture<Result<Option<Entry>, Error>> {
        let (server, subject) = (Arc::clone(&self.server), subject.clone());
        Box::pin(async move { server.last(&subject, lane).await })
    }

    fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>> {
        let server = Arc::clone(&self.server);
        Box::pin(async move { server.read(&Subject::Call(call), &[Lane::Wire]).await })
    }

    fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>> {
        let server = Arc::clone(&self.server);
        Box::pin(async move {
            let (_, info) = server.info(stream).await?;
            let oldest = info.state.first_sequence;
            match server.check(stream, &from).await? {
                Continuity::Same => {}
                Continuity::Expired if from.sequence + 1 == oldest => {}
                Continuity::Expired => return Err(Error::Expired { oldest }),
                Continuity::Truncated { head } => return Err(Error::Truncated { head }),
                Continuity::Diverged => return Err(Error::Diverged),
            }
            Ok(Follower::new(Walk::new(server, stream, from, filter)))
        })
    }

    fn head(&self, stream: Stream) -> BoxFuture<Result<Position, Error>> {
        let server = Arc::clone(&self.server);
        Box::pin(async move { server.head(stream).await })
    }

    fn check(&self, stream: Stream, position: &Position) -> BoxFuture<Result<Continuity, Error>> {
        let (server, position) = (Arc::clone(&self.server), *position);
        Box::pin(async move { server.check(stream, &position).await })
    }
}

impl std::fmt::Debug for JetStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JetStream")
            .field("settings", &self.server.settings)
            .finish_non_exhaustive()
    }
}
