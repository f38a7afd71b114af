//! The settings of a log on NATS JetStream.

use std::time::Duration;

/// How a log on JetStream is kept. What the server's own settings must be: README.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JetStreamSettings {
    /// What all names begin with, letters and digits: `tl`. Logs with different prefixes may share
    /// a server.
    pub prefix: String,
    /// On how many servers each event is kept: 1, 3 or 5. Only used when the streams are created.
    pub replicas: usize,
    /// How long events are kept: 30 days. Only used when the streams are created.
    pub events_max_age: Duration,
    /// The most bytes of events; a full stream refuses new ones. `None`: no limit.
    pub events_max_bytes: Option<i64>,
    /// How long wire records are kept: 7 days. Only used when the streams are created.
    pub wire_max_age: Duration,
    /// The most bytes of wire records; a full stream forgets the oldest. `None`: no limit.
    pub wire_max_bytes: Option<i64>,
    /// How long to wait for one answer of the server before asking again: 2 s.
    pub answer_timeout: Duration,
    /// How long an append, a read or the opening may take in all, with repetitions, before it is
    /// given up as unreachable: 10 s.
    pub patience: Duration,
    /// After how much silence a follower looks whether it missed something: 5 s.
    pub watchdog: Duration,
}

impl Default for JetStreamSettings {
    fn default() -> JetStreamSettings {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        JetStreamSettings {
            prefix: "tl".to_owned(),
            replicas: 1,
            events_max_age: DAY * 30,
            events_max_bytes: None,
            wire_max_age: DAY * 7,
            wire_max_bytes: None,
            answer_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(10),
            watchdog: Duration::from_secs(5),
        }
    }
}
