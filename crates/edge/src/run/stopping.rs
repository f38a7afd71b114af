//! The orderly stop: calls come to their end, peers answer the last BYE, the log takes the last facts.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Edge;
use crate::clock::moment;
use crate::port::Input;

/// How long the last calls have to be measured when the drain bound has passed.
const MEASURES: Duration = Duration::from_secs(3);

/// How long peers have to answer a BYE when the edge stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long the log has to take the last facts when the edge stops.
const LAST_FACTS_PATIENCE: Duration = Duration::from_secs(5);

/// How far a stop is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopping {
    /// It goes on.
    No,
    /// Calls come to their end.
    Draining {
        /// When even a call that cannot end has to be let go.
        until: Instant,
    },
    /// Peers answer the last BYE.
    Farewell {
        /// When they had long enough.
        until: Instant,
    },
    /// The log takes the last facts.
    LastFacts {
        /// When it had long enough.
        until: Instant,
    },
    /// Done.
    Over,
}

impl Stopping {
    /// When it goes on although nothing happens.
    pub(super) fn deadline(self) -> Option<Instant> {
        match self {
            Stopping::No | Stopping::Over => None,
            Stopping::Draining { until }
            | Stopping::Farewell { until }
            | Stopping::LastFacts { until } => Some(until),
        }
    }
}

impl Edge {
    /// How far the stop is now; each state is left as soon as it can be.
    pub(super) fn stopping(
        &mut self,
        mut stopping: Stopping,
        stop: &CancellationToken,
        cause: &str,
    ) -> Stopping {
        let now = moment().now;
        loop {
            stopping = match stopping {
                Stopping::No if stop.is_cancelled() => {
                    self.input(Input::Stop);
                    Stopping::Draining {
                        until: now + self.drain + MEASURES,
                    }
                }
                Stopping::Draining { until } if self.core.is_idle() || now >= until => {
                    Stopping::Farewell {
                        until: now + FAREWELL,
                    }
                }
                Stopping::Farewell { until } if self.core.is_quiet() || now >= until => {
                    self.input(Input::Finish {
                        cause: cause.to_owned(),
                    });
                    Stopping::LastFacts {
                        until: now + LAST_FACTS_PATIENCE,
                    }
                }
                Stopping::LastFacts { until } if self.is_written() || now >= until => {
                    return Stopping::Over;
                }
                // It waits for something.
                same => return same,
            };
        }
    }

    /// Whether the log has everything.
    fn is_written(&mut self) -> bool {
        self.settle();
        self.outbox.is_empty()
    }
}
