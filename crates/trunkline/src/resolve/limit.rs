//! How many calls there may be, and how fast they go out.

use std::time::Duration;

use call::configuration::Limit;

use crate::configuration as file;
use crate::fault::{Fault, Source};

/// What control decides by.
pub(super) fn of(written: &file::Limit) -> Limit {
    Limit {
        calls: written.calls,
        calls_per_s: written.calls_per_s,
        status: written.answer,
        retry_after_s: written.retry_after_s,
    }
}

/// Whether there is any limit: then edges have to know of each other's calls.
pub(super) fn any(file: &file::File) -> bool {
    let trunks = file.trunk.values().map(|trunk| &trunk.limit);
    let numbers = file.number.values().map(|number| &number.limit);
    let mut all = trunks.chain(numbers).chain([&file.limit]);
    all.any(|limit| !of(limit).is_none())
}

/// How fast the edge dials.
pub(super) fn pace(
    key: &str,
    written: &file::Outbound,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> edge::Pace {
    if written.calls_per_s == 0 {
        let wrong = "with 0 calls a second none ever goes out";
        faults.push(source.fault(key, wrong, "calls_per_s = 1, or more"));
    }
    let mut pace = edge::Pace::new(written.calls_per_s);
    pace.waiting_max = written.queue.unwrap_or(pace.waiting_max);
    pace.wait_max = written.wait_s.map_or(pace.wait_max, Duration::from_secs);
    pace
}
