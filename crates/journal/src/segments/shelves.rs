//! The reading side of both streams, the same for a log that is written and one that is not.

use std::sync::Arc;

use schemas::{CallId, Entry, Lane, Position, Record, Subject};

use super::store::Store;
use super::walk::Walk;
use crate::key::Key;
use crate::{BoxFuture, Continuity, Error, Filter, Follower, Stream};

/// Both streams.
#[derive(Clone)]
pub(crate) struct Shelves {
    pub(crate) events: Arc<Store>,
    pub(crate) wire: Arc<Store>,
}

impl Shelves {
    pub(crate) fn of(&self, stream: Stream) -> &Arc<Store> {
        match stream {
            Stream::Events => &self.events,
            Stream::Wire => &self.wire,
        }
    }

    pub(crate) fn read(&self, subject: &Subject) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.read_key(Stream::Events, Key::of(subject))
    }

    pub(crate) fn read_wire(&self, call: CallId) -> BoxFuture<Result<Vec<Entry>, Error>> {
        self.read_key(Stream::Wire, Key::of_call(call))
    }

    pub(crate) fn last(
        &self,
        subject: &Subject,
        lane: Lane,
    ) -> BoxFuture<Result<Option<Entry>, Error>> {
        let store = Arc::clone(self.of(Stream::of(lane)));
        let key = Key::of(subject);
        blocking(move || store.last_of(key, lane))
    }

    pub(crate) fn follow(
        &self,
        stream: Stream,
        from: Position,
        filter: Filter,
    ) -> BoxFuture<Result<Follower, Error>> {
        let store = Arc::clone(self.of(stream));
        blocking(move || {
            let oldest = store.state().oldest();
            match store.check(&from)? {
                Continuity::Same => {}
                Continuity::Expired if from.sequence + 1 == oldest => {}
                Continuity::Expired => return Err(Error::Expired { oldest }),
                Continuity::Truncated { head } => return Err(Error::Truncated { head }),
                Continuity::Diverged => return Err(Error::Diverged),
            }
            Ok(Follower::new(Walk::new(store, from, filter)))
        })
    }

    pub(crate) fn check(
        &self,
        stream: Stream,
        position: &Position,
    ) -> BoxFuture<Result<Continuity, Error>> {
        let (store, position) = (Arc::clone(self.of(stream)), *position);
        blocking(move || store.check(&position))
    }

    fn read_key(&self, stream: Stream, key: Key) -> BoxFuture<Result<Vec<Entry>, Error>> {
        let store = Arc::clone(self.of(stream));
        blocking(move || store.read(key, of_stream(stream)))
    }
}

/// Which records belong to a stream: an exported file holds both.
pub(crate) fn of_stream(stream: Stream) -> impl Fn(&Record) -> bool {
    move |record| Stream::of(record.lane()) == stream
}

/// Reads on a thread that may wait for a disk.
fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> BoxFuture<Result<T, Error>> {
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or(Err(Error::Closed))
    })
}
