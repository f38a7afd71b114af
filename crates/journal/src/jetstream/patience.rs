//! How often and how long the server is asked again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::settings::JetStreamSettings;

/// The first pause before something is asked again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause before something is asked again.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Asks again until the patience ends.
pub(crate) struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new(settings: &JetStreamSettings) -> Patience {
        Patience {
            until: Instant::now() + settings.patience,
            pause: PAUSE_MIN,
        }
    }

    /// Waits before the next attempt; false if there is none.
    pub(crate) async fn again(&mut self) -> bool {
        if Instant::now() + self.pause > self.until {
            return false;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }
}
