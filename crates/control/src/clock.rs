//! The one place where control reads a clock.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemas::Timestamp;

/// Tells the time of day. A test gives its own.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub(crate) fn wall() -> Clock {
        Clock::new(wall)
    }

    pub(crate) fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(tell))
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// Waits for a moment; for ever if there is none.
    pub(crate) async fn until(&self, moment: Option<Timestamp>) {
        let Some(moment) = moment else {
            return std::future::pending().await;
        };
        let wait = u64::try_from(moment.since(self.now())).unwrap_or(0);
        tokio::time::sleep(Duration::from_micros(wait)).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a shell: decisions are dated and timers fire by the wall clock"
)]
fn wall() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
