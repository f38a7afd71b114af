//! Which events a follower is given.

use schemas::{Lane, PARTITIONS, Subject};

use crate::Stream;
use crate::key::Key;

/// Lanes and partitions. The default lets everything pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    lanes: u8,
    partitions: u64,
}

impl Filter {
    /// Everything.
    pub const ALL: Filter = Filter {
        lanes: u8::MAX,
        partitions: u64::MAX,
    };

    /// Only these lanes.
    pub fn lanes(self, lanes: &[Lane]) -> Filter {
        let lanes = lanes.iter().fold(0, |bits, lane| bits | lane_bit(*lane));
        Filter { lanes, ..self }
    }

    /// Only these partitions (0 to [`PARTITIONS`] − 1). A call's partition follows from its id, that
    /// of a trunk or a node from its name, so that each event is in exactly one.
    pub fn partitions(self, partitions: impl IntoIterator<Item = u8>) -> Filter {
        let partitions = partitions
            .into_iter()
            .filter(|partition| *partition < PARTITIONS)
            .fold(0, |bits, partition| bits | 1 << partition);
        Filter { partitions, ..self }
    }

    /// Whether an event passes.
    pub fn passes(&self, subject: &Subject, lane: Lane) -> bool {
        self.lanes & lane_bit(lane) != 0 && self.has_partition(partition_of(subject))
    }

    /// Whether events of a lane may pass.
    pub(crate) fn has_lane(&self, lane: Lane) -> bool {
        self.lanes & lane_bit(lane) != 0
    }

    /// Whether events of a partition may pass.
    pub(crate) fn has_partition(&self, partition: u8) -> bool {
        let bit = 1_u64.checked_shl(u32::from(partition)).unwrap_or(0);
        self.partitions == u64::MAX || self.partitions & bit != 0
    }

    /// What passes and belongs to a stream.
    pub(crate) fn within(self, stream: Stream) -> Filter {
        let of_stream = match stream {
            Stream::Events => 7,
            Stream::Wire => 8,
        };
        Filter {
            lanes: self.lanes & of_stream,
            ..self
        }
    }
}

impl Default for Filter {
    fn default() -> Filter {
        Filter::ALL
    }
}

/// The partition of the log that holds a subject: 0 to [`PARTITIONS`] − 1.
pub fn partition_of(subject: &Subject) -> u8 {
    match subject {
        Subject::Call(call) => call.partition(),
        Subject::Trunk(_) | Subject::Node(_) => Key::of(subject).id[15] % PARTITIONS,
    }
}

fn lane_bit(lane: Lane) -> u8 {
    match lane {
        Lane::Facts => 1,
        Lane::Decisions => 2,
        Lane::Requests => 4,
        Lane::Wire => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{CallId, TrunkName};

    #[test]
    fn each_event_is_in_exactly_one_partition() {
        let subjects = [
            Subject::Call(CallId([7; 16])),
            Subject::Trunk(TrunkName::from("acme")),
        ];
        for subject in subjects {
            let holding = (0..PARTITIONS)
                .filter(|p| Filter::ALL.partitions([*p]).passes(&subject, Lane::Facts))
                .count();
            assert_eq!(holding, 1);
        }
    }

    #[test]
    fn a_lane_that_is_not_named_does_not_pass() {
        let filter = Filter::ALL.lanes(&[Lane::Facts, Lane::Requests]);
        let subject = Subject::Call(CallId([7; 16]));
        let passing = [Lane::Facts, Lane::Decisions, Lane::Requests, Lane::Wire]
            .map(|lane| filter.passes(&subject, lane));
        assert_eq!(passing, [true, false, true, false]);
    }
}
