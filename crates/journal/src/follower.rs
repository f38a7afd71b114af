//! A reader that walks from a place through the history into what is written now.

use schemas::{Entry, Position};

use crate::{BoxFuture, Error};

/// The most entries that [`Follower::next`] returns at once.
pub const BATCH_MAX_ENTRIES: usize = 512;

/// Reads a stream from a place on, for ever. It holds no more than one batch in memory: a slow
/// reader costs a fast writer nothing.
pub struct Follower(Box<dyn Follow>);

/// What each log does for a follower.
pub(crate) trait Follow: Send {
    /// See [`Follower::next`].
    fn next<'a>(
        &'a mut self,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Vec<Entry>, Error>> + Send + 'a>>;

    /// See [`Follower::position`].
    fn position(&self) -> Position;
}

impl Follower {
    pub(crate) fn new(follow: impl Follow + 'static) -> Follower {
        Follower(Box::new(follow))
    }

    /// The next entries: at least one, at most [`BATCH_MAX_ENTRIES`]. Waits at the head of the
    /// stream. It may be cancelled at any time: nothing is lost, the next call returns it.
    ///
    /// [`Error::Damaged`] is told once for each damaged place; the next call goes on behind it. After
    /// [`Error::Expired`], [`Error::Truncated`], [`Error::Diverged`] and [`Error::Closed`] nothing
    /// more comes. After any other error the call may be repeated.
    pub async fn next(&mut self) -> Result<Vec<Entry>, Error> {
        self.0.next().await
    }

    /// The place up to which everything was returned or did not pass the filter: the cursor to
    /// keep. It moves only when [`next`](Follower::next) returns.
    pub fn position(&self) -> Position {
        self.0.position()
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

/// A future that is ready.
pub(crate) fn ready<T: Send + 'static>(value: T) -> BoxFuture<T> {
    Box::pin(std::future::ready(value))
}
