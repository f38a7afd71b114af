//! What followers wait for: the number of the last durable event, and whether more can come.

use tokio::sync::watch;

/// The end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    pub(crate) closed: bool,
}

impl Head {
    pub(crate) fn at(sequence: u64) -> Head {
        Head {
            sequence,
            closed: false,
        }
    }

    /// Wakes the followers if there is something new.
    pub(crate) fn announce(sender: &watch::Sender<Head>, sequence: u64) {
        sender.send_if_modified(|head| {
            let changed = head.sequence != sequence;
            head.sequence = sequence;
            changed
        });
    }

    /// Tells the followers that nothing more comes.
    pub(crate) fn close(sender: &watch::Sender<Head>) {
        sender.send_modify(|head| head.closed = true);
    }
}
