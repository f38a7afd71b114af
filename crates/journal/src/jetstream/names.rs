//! What things are called on the server. A name holds nothing that a peer wrote: only digits and
//! letters of ours.

use std::fmt::Write;

use schemas::{EventId, Hash, Lane, LogId, PARTITIONS, Subject};

use crate::key::Key;
use crate::{Filter, Stream, partition_of};

/// The lanes of the events stream.
pub(crate) const EVENT_LANES: [Lane; 3] = [Lane::Facts, Lane::Decisions, Lane::Requests];

/// The names under one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    /// The prefix is a single token of a subject: `tl`.
    pub(crate) fn new(prefix: &str) -> Names {
        Names {
            prefix: prefix.to_owned(),
        }
    }

    /// The JetStream stream that keeps a stream: `TL_EVENTS`.
    pub(crate) fn stream(&self, stream: Stream) -> String {
        format!("{}_{}", self.prefix, stream.name()).to_uppercase()
    }

    /// The bucket that keeps the leases: `TL_LEASES`.
    pub(crate) fn leases(&self) -> String {
        format!("{}_LEASES", self.prefix).to_uppercase()
    }

    /// The subjects of a stream: one wildcard per lane.
    pub(crate) fn all(&self, stream: Stream) -> Vec<String> {
        lanes(stream)
            .iter()
            .map(|lane| format!("{}.v1.*.*.{}", self.prefix, lane.letter()))
            .collect()
    }

    /// The exact subject of a lane: `tl.v1.07.c0199….f`.
    pub(crate) fn lane(&self, subject: &Subject, lane: Lane) -> String {
        let key = Key::of(subject);
        let mut name = String::with_capacity(self.prefix.len() + 44);
        let partition = partition_of(subject);
        // Writing to a string cannot fail.
        let _ = write!(
            name,
            "{}.v1.{partition:02}.{}",
            self.prefix,
            char::from(key.kind)
        );
        for byte in key.id {
            let _ = write!(name, "{byte:02x}");
        }
        let _ = write!(name, ".{}", lane.letter());
        name
    }

    /// Whether a message of that subject passes. One that is not of our making does: reading it says so.
    pub(crate) fn passes(filter: &Filter, subject: &str) -> bool {
        let mut tokens = subject.rsplit('.');
        let (letter, _, partition) = (tokens.next(), tokens.next(), tokens.next());
        let is_written =
            |lane: &Lane| letter.is_some_and(|letter| letter.chars().eq([lane.letter()]));
        let mut all = lanes(Stream::Events).iter().chain(lanes(Stream::Wire));
        let lane = all.find(|lane| is_written(lane)).copied();
        let partition = partition.and_then(|partition| partition.parse().ok());
        lane.is_none_or(|lane| filter.has_lane(lane))
            && partition.is_none_or(|partition| filter.has_partition(partition))
    }
}

/// The lanes of a stream.
pub(crate) fn lanes(stream: Stream) -> &'static [Lane] {
    match stream {
        Stream::Events => &EVENT_LANES,
        Stream::Wire => &[Lane::Wire],
    }
}

/// The id of a stream on the server: it changes when the stream is created anew.
pub(crate) fn log_id(stream: &str, created_ns: i128) -> LogId {
    let hash = Hash::of(format!("{stream} {created_ns}").as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.0[..8]);
    LogId(u64::from_le_bytes(bytes))
}

/// The message id of a record: the same bytes sent twice are one message.
pub(crate) fn message_id(id: EventId, sequence: u32) -> String {
    format!("{id}.{sequence}")
}

const _: () = assert!(PARTITIONS <= 100, "a partition has two digits in a subject");

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{CallId, TrunkName};

    #[test]
    fn a_subject_holds_nothing_that_a_peer_wrote() {
        let names = Names::new("tl");
        let trunk = Subject::Trunk(TrunkName::from("evil.*.> \r\nPUB x 0"));
        let name = names.lane(&trunk, Lane::Facts);
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        );
        assert_eq!(name.split('.').count(), 5);
        let call = Subject::Call(CallId([0xab; 16]));
        assert_eq!(
            names.lane(&call, Lane::Decisions),
            "tl.v1.43.cabababababababababababababababab.d"
        );
    }

    #[test]
    fn a_filter_lets_its_lanes_and_partitions_pass() {
        let names = Names::new("tl");
        let filter = Filter::ALL.lanes(&[Lane::Facts]).partitions([43]);
        for id in [0xab, 0xac] {
            let call = Subject::Call(CallId([id; 16]));
            for lane in EVENT_LANES {
                let name = names.lane(&call, lane);
                let passes = filter.passes(&call, lane);
                assert_eq!(Names::passes(&filter, &name), passes, "{name}");
                assert!(Names::passes(&Filter::ALL, &name));
            }
        }
        assert!(Names::passes(&filter, "somebody.else"));
    }
}
