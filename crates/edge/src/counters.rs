//! Numbers for operators: what the edge did since its start. Read from any thread, written by the edge.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// The counters of a running edge.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: Counter,)+
        }

        /// The counters at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Snapshot {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Counters {
            /// The counters as they are now.
            pub fn snapshot(&self) -> Snapshot {
                Snapshot { $($name: self.$name.get(),)+ }
            }
        }

        impl Snapshot {
            /// Name and value of each, for an exporter.
            pub fn rows(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

counters! {
    /// Calls that are up now (a gauge).
    calls_up,
    /// Calls that began.
    calls_begun,
    /// New calls that got 503 because the edge could not take them.
    calls_turned_away,
    /// Calls that the edge ended because control said nothing for too long.
    calls_abandoned_by_control,
    /// Legs that were dialed.
    legs_dialed,
    /// SIP messages that came, by whatever transport.
    datagrams_received,
    /// SIP messages that were sent.
    datagrams_sent,
    /// SIP messages that could not be sent.
    datagrams_unsendable,
    /// Connections that are open now (a gauge).
    connections,
    /// Connections that were closed because there were too many.
    connections_refused,
    /// TLS handshakes that came to nothing.
    tls_refused,
    /// Repetitions that came.
    retransmissions_received,
    /// Repetitions that were sent.
    retransmissions_sent,
    /// Messages that were no SIP, or not what RFC 3261 asks for.
    messages_refused,
    /// Requests from addresses of no trunk.
    strangers_refused,
    /// Requests that were asked for credentials.
    challenges_sent,
    /// Trunks that are registered here now (a gauge).
    trunks_registered,
    /// Trunks that we are registered at now (a gauge).
    registrations,
    /// REGISTERs of ours that a trunk's registrar took.
    registrations_refreshed,
    /// REGISTERs of ours that came to nothing.
    registrations_refused,
    /// Facts that were written.
    facts_written,
    /// SIP messages that were captured.
    wire_written,
    /// Captured SIP messages that the log did not take.
    wire_lost,
    /// Batches of facts that the log did not take at first.
    appends_refused,
    /// Decisions that were carried out.
    decisions_done,
    /// Decisions that came again.
    decisions_repeated,
    /// Decisions whose predecessor never came: they are not carried out.
    decisions_without_predecessor,
    /// Commands that could not be done.
    commands_failed,
    /// RTP packets that came.
    rtp_received,
    /// RTP packets that were sent.
    rtp_sent,
}

/// One number. Only its own value is shared, so the order to other memory does not matter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.more(1);
    }

    /// So many more.
    pub fn more(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// A gauge's new value.
    pub fn set(&self, value: usize) {
        self.0
            .store(u64::try_from(value).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
