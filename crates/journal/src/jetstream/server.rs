//! Asking the server: where a lane ends, what a subject holds, what lies at a number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, LastRawMessageErrorKind, StorageType, Stream as NatsStream,
};
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use schemas::{Entry, Lane, LogId, Position, Record, Subject};

use super::names::{self, Names};
use super::patience::Patience;
use super::settings::JetStreamSettings;
use crate::key::LaneKey;
use crate::lanes::Lanes;
use crate::tail::Tail;
use crate::{Continuity, Damage, Error, Stream};

/// The server side of a log.
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) names: Names,
    pub(crate) settings: JetStreamSettings,
    events_id: AtomicU64,
    wire_id: AtomicU64,
    tails: Mutex<Lanes>,
}

/// How many lanes are remembered before the older half is forgotten: about 10 MB.
const TAILS_MAX: usize = 65_536;
impl Server {
    /// Reaches the server and creates the streams that are not there.
    pub(crate) async fn open(client: Client, settings: JetStreamSettings) -> Result<Server, Error> {
        let context = ContextBuilder::new()
            .timeout(settings.answer_timeout)
            .ack_timeout(settings.answer_timeout)
            .max_ack_inflight(super::desk::WINDOW * 2)
            .build(client.clone());
        let server = Server {
            client,
            context,
            names: Names::new(&settings.prefix),
            settings,
            events_id: AtomicU64::new(0),
            wire_id: AtomicU64::new(0),
            tails: Mutex::default(),
        };
        server.create_streams().await?;
        Ok(server)
    }

    pub(crate) fn id(&self, stream: Stream) -> LogId {
        LogId(self.id_cell(stream).load(Ordering::Acquire))
    }

    /// Creates what is missing, learns the ids, and forgets what was known of the lanes.
    pub(crate) async fn create_streams(&self) -> Result<(), Error> {
        self.tails().forget();
        for stream in [Stream::Events, Stream::Wire] {
            let mut patience = Patience::new(&self.settings);
            let found = loop {
                match self.context.get_or_create_stream(self.config(stream)).await {
                    Ok(found) => break found,
                    Err(_) if patience.again().await => {}
                    Err(error) => return Err(unreachable(&error)),
                }
            };
            let id = id_of(found.cached_info());
            self.id_cell(stream).store(id.0, Ordering::Release);
        }
        Ok(())
    }

    fn config(&self, stream: Stream) -> Config {
        let settings = &self.settings;
        let (max_age, max_bytes, discard) = match stream {
            Stream::Events => (
                settings.events_max_age,
                settings.events_max_bytes,
                DiscardPolicy::New,
            ),
            Stream::Wire => (
                settings.wire_max_age,
                settings.wire_max_bytes,
                DiscardPolicy::Old,
            ),
        };
        Config {
            name: self.names.stream(stream),
            subjects: self.names.all(stream),
            storage: StorageType::File,
            num_replicas: settings.replicas,
            max_age,
            max_bytes: max_bytes.unwrap_or(-1),
            discard,
            duplicate_window: Duration::from_secs(120),
            allow_direct: true,
            deny_delete: true,
            ..Config::default()
        }
    }

    /// The stream and what the server says of it now.
    pub(crate) async fn info(&self, stream: Stream) -> Result<(NatsStream, Info), Error> {
        let mut patience = Patience::new(&self.settings);
        loop {
            match self.context.get_stream(self.names.stream(stream)).await {
                Ok(found) => {
                    let info = found.cached_info().clone();
                    return Ok((found, info));
                }
                Err(_) if patience.again().await => {}
                Err(error) => return Err(unreachable(&error)),
            }
        }
    }

    /// The place of the last event.
    pub(crate) async fn head(&self, stream: Stream) -> Result<Position, Error> {
        let (found, info) = self.info(stream).await?;
        let log = id_of(&info);
        match info.state.last_sequence {
            0 => Ok(Position::beginning(log)),
            last => Ok(self
                .at(stream, &found, log, last)
                .await?
                .unwrap_or(Position {
                    sequence: last,
                    ..Position::beginning(log)
                })),
        }
    }

    /// Whether a place is still a place of the stream.
    pub(crate) async fn check(
        &self,
        stream: Stream,
        position: &Position,
    ) -> Result<Continuity, Error> {
        let (found, info) = self.info(stream).await?;
        if position.log != id_of(&info) {
            return Ok(Continuity::Diverged);
        }
        if position.sequence == 0 {
            return Ok(Continuity::Same);
        }
        if position.sequence > info.state.last_sequence {
            let head = self.head(stream).await?;
            return Ok(Continuity::Truncated { head });
        }
        if position.sequence < info.state.first_sequence {
            return Ok(Continuity::Expired);
        }
        let there = self
            .at(stream, &found, position.log, position.sequence)
            .await?;
        Ok(match there {
            Some(there) if there == *position => Continuity::Same,
            Some(_) => Continuity::Diverged,
            None => Continuity::Expired,
        })
    }

    /// The place of a number, if its message is there. The stream's leader is asked: the others may
    /// be behind.
    async fn at(
        &self,
        stream: Stream,
        found: &NatsStream,
        log: LogId,
        sequence: u64,
    ) -> Result<Option<Position>, Error> {
        let mut patience = Patience::new(&self.settings);
        loop {
            match found.get_raw_message(sequence).await {
                Ok(message) => {
                    let record = self.record(stream, sequence, &message.payload)?;
                    return Ok(Some(position(log, sequence, &record)));
                }
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    return Ok(None);
                }
                Err(_) if patience.again().await => {}
                Err(error) => return Err(unreachable(&error)),
            }
        }
    }

    /// The last record of a lane, from the stream's leader.
    pub(crate) async fn last(&self, subject: &Subject, lane: Lane) -> Result<Option<Entry>, Error> {
        let stream = Stream::of(lane);
        let found = self
            .context
            .get_stream_no_info(self.names.stream(stream))
            .await
            .map_err(|error| unreachable(&error))?;
        let name = self.names.lane(subject, lane);
        let mut patience = Patience::new(&self.settings);
        loop {
            match found.get_last_raw_message_by_subject(&name).await {
                Ok(message) => return Ok(Some(self.entry(stream, &message)?)),
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    return Ok(None);
                }
                Err(_) if patience.again().await => {}
                Err(error) => return Err(unreachable(&error)),
            }
        }
    }

    /// What is remembered of the end of a lane.
    pub(crate) fn known(&self, lane: LaneKey) -> Option<Tail> {
        self.tails().of(lane).copied()
    }

    pub(crate) fn learn(&self, lane: LaneKey, tail: Tail) {
        let mut tails = self.tails();
        tails.set(lane, tail);
        if tails.young() > TAILS_MAX / 2 {
            tails.age();
        }
    }

    pub(crate) fn entry(&self, stream: Stream, message: &StreamMessage) -> Result<Entry, Error> {
        let record = self.record(stream, message.sequence, &message.payload)?;
        Ok(Entry {
            position: position(self.id(stream), message.sequence, &record),
            record,
        })
    }

    /// Reads a message's payload; one that is no record is damage.
    pub(crate) fn record(
        &self,
        stream: Stream,
        sequence: u64,
        payload: &Bytes,
    ) -> Result<Record, Error> {
        // Copied, so that one event does not keep a whole network buffer alive.
        Record::read(Bytes::copy_from_slice(payload)).map_err(|_| {
            Error::Damaged(Damage {
                file: self.names.stream(stream).into(),
                offset: sequence,
                bytes: u64::try_from(payload.len()).unwrap_or(u64::MAX),
                first: sequence,
                next: sequence + 1,
            })
        })
    }

    fn tails(&self) -> MutexGuard<'_, Lanes> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id_cell(&self, stream: Stream) -> &AtomicU64 {
        match stream {
            Stream::Events => &self.events_id,
            Stream::Wire => &self.wire_id,
        }
    }
}

/// The place of a record.
pub(crate) fn position(log: LogId, sequence: u64, record: &Record) -> Position {
    Position {
        log,
        sequence,
        hash: record.hash(),
    }
}

/// The id of a stream, from its name and the moment at which it was created.
pub(crate) fn id_of(info: &Info) -> LogId {
    names::log_id(&info.config.name, info.created.unix_timestamp_nanos())
}

/// An error that may go away.
pub(crate) fn unreachable(error: &dyn std::error::Error) -> Error {
    Error::Unreachable(error.to_string())
}

/// The stream's own message type, named for the readers of this file.
pub(crate) type Delivered = jetstream::Message;
