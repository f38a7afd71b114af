//! Reading a subject's history from the server.

use async_nats::header::{NATS_SEQUENCE, NATS_SUBJECT};
use bytes::Bytes;
use futures_util::StreamExt;
use schemas::{Entry, Lane, Subject};
use tokio::time::timeout;

use super::patience::Patience;
use super::server::{Server, position, unreachable};
use crate::{Damage, Error, Stream};

/// How many messages one request for a lane returns.
const READ_BATCH: usize = 256;
impl Server {
    /// Everything of a subject in some lanes, in log order.
    pub(crate) async fn read(
        &self,
        subject: &Subject,
        lanes: &[Lane],
    ) -> Result<Vec<Entry>, Error> {
        let each = lanes.iter().map(|lane| self.read_lane(subject, *lane));
        let lanes = futures_util::future::try_join_all(each).await?;
        let mut entries = lanes.concat();
        entries.sort_by_key(|entry| entry.position.sequence);
        Ok(entries)
    }

    /// A lane as a whole. Any server of the cluster may answer and may be behind, so the answer must
    /// reach the end that the leader named.
    async fn read_lane(&self, subject: &Subject, lane: Lane) -> Result<Vec<Entry>, Error> {
        let Some(last) = self.last(subject, lane).await? else {
            return Ok(Vec::new());
        };
        let name = self.names.lane(subject, lane);
        let mut patience = Patience::new(&self.settings);
        let mut entries: Vec<Entry> = Vec::new();
        let end = last.position.sequence;
        loop {
            let from = entries
                .last()
                .map_or(1, |entry| entry.position.sequence + 1);
            let before = entries.len();
            let answer = self.batch(Stream::of(lane), &name, from).await;
            if let Ok(batch) = &answer {
                entries.extend(
                    batch
                        .iter()
                        .filter(|one| one.position.sequence <= end)
                        .cloned(),
                );
            }
            if entries
                .last()
                .is_some_and(|entry| entry.position.sequence == end)
            {
                return self.whole(Stream::of(lane), entries);
            }
            if entries.len() > before {
                continue;
            }
            if !patience.again().await {
                return Err(answer.err().unwrap_or_else(|| {
                    Error::Unreachable("a server is behind and does not catch up".to_owned())
                }));
            }
        }
    }

    /// A lane is dense: what expired is missing at its beginning only.
    fn whole(&self, stream: Stream, entries: Vec<Entry>) -> Result<Vec<Entry>, Error> {
        let numbers = |entry: &Entry| entry.record.header().sequence;
        let gap = entries
            .windows(2)
            .find(|pair| numbers(&pair[1]) != numbers(&pair[0]) + 1);
        match gap {
            None => Ok(entries),
            Some(pair) => Err(Error::Damaged(Damage {
                file: self.names.stream(stream).into(),
                offset: pair[0].position.sequence,
                bytes: 0,
                first: pair[0].position.sequence + 1,
                next: pair[1].position.sequence,
            })),
        }
    }

    /// The next messages of a subject, in one request (direct get of a batch, NATS ADR-31).
    async fn batch(&self, stream: Stream, name: &str, from: u64) -> Result<Vec<Entry>, Error> {
        let inbox = self.client.new_inbox();
        let request = format!(r#"{{"seq":{from},"next_by_subj":"{name}","batch":{READ_BATCH}}}"#);
        let mut answers = self
            .client
            .subscribe(inbox.clone())
            .await
            .map_err(|error| unreachable(&error))?;
        let to = format!("$JS.API.DIRECT.GET.{}", self.names.stream(stream));
        self.client
            .publish_with_reply(to, inbox, Bytes::from(request))
            .await
            .map_err(|error| unreachable(&error))?;
        let mut entries = Vec::new();
        loop {
            let next = timeout(self.settings.answer_timeout, answers.next()).await;
            let Ok(Some(message)) = next else {
                return Err(Error::Unreachable(
                    "a read was not answered in time".to_owned(),
                ));
            };
            // 204 ends the batch, 404 says that there is nothing, anything else is a refusal.
            match message.status.map(|status| status.as_u16()) {
                None | Some(200) => {}
                Some(204 | 404) => return Ok(entries),
                Some(other) => {
                    return Err(Error::Unreachable(format!(
                        "a read was refused with {other}"
                    )));
                }
            }
            let headers = message.headers.unwrap_or_default();
            let sequence = headers
                .get(NATS_SEQUENCE)
                .and_then(|value| value.as_str().parse::<u64>().ok());
            let Some(sequence) = sequence.filter(|_| headers.get(NATS_SUBJECT).is_some()) else {
                return Err(Error::Unreachable(
                    "a read was answered without number".to_owned(),
                ));
            };
            let record = self.record(stream, sequence, &message.payload)?;
            entries.push(Entry {
                position: position(self.id(stream), sequence, &record),
                record,
            });
        }
    }
}
