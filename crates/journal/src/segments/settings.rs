//! The settings of a log in segment files.

use std::time::Duration;

use super::index::SEGMENT_MAX_BYTES;

/// How a log in segment files is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a segment file is: 64 MiB. Space is taken when a segment is begun. A record that is
    /// longer gets a segment of its own.
    pub segment_bytes: u64,
    /// How long wire records may be written but not synced: 1 s.
    pub wire_sync: Duration,
    /// How long events are kept: for ever.
    pub events: Retention,
    /// How long wire records are kept: 7 days.
    pub wire: Retention,
}

/// When the oldest sealed segment is deleted. Only whole segments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// When its newest record is older than this; `None`: never.
    pub max_age: Option<Duration>,
    /// When the stream has more bytes than this; `None`: never.
    pub max_bytes: Option<u64>,
}

impl Retention {
    /// Nothing is ever deleted.
    pub const FOREVER: Retention = Retention {
        max_age: None,
        max_bytes: None,
    };
}

impl Settings {
    /// The bytes of a segment, within what the format can address.
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.segment_bytes
            .clamp(SEGMENT_MIN_BYTES, SEGMENT_MAX_BYTES)
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            segment_bytes: 64 << 20,
            wire_sync: Duration::from_secs(1),
            events: Retention::FOREVER,
            wire: Retention {
                max_age: Some(Duration::from_secs(7 * 24 * 3600)),
                max_bytes: None,
            },
        }
    }
}

/// A segment has room for a header, a few records and a seal.
const SEGMENT_MIN_BYTES: u64 = 1 << 10;
