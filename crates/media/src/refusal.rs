//! Packets that were not let in, by reason: counted one by one, told in sums.

use std::time::{Duration, Instant};

use crate::packet::Malformed;

/// Why a packet was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is no RTP packet.
    Malformed,
    /// Offer and answer are not agreed on yet.
    NotNegotiated,
    /// The payload type was not agreed on.
    PayloadType,
    /// The agreed direction has no packets from the peer.
    Direction,
    /// It came from an address that may not be learned, or after another was.
    ForeignSource,
    /// It came from an address that may be learned, but is not yet.
    Probation,
    /// It has another SSRC than the source that was learned.
    ForeignSsrc,
    /// Its sequence number is far from all others (RFC 3550, appendix A.1).
    SequenceJump,
    /// It is RTCP, which has a port of its own here. Never told as an event.
    Rtcp,
    /// SRTP was agreed on, and it is not authentic: forged, of another key, or plain RTP.
    Unauthenticated,
    /// SRTP was agreed on, and a packet of that number was there, or could have been.
    Replayed,
    /// SRTP was agreed on, and the handshake that makes its keys is not over.
    NoKeys,
    /// It is STUN, which is not answered here.
    Stun,
    /// It is DTLS, and there is no handshake to be had.
    Handshake,
}

impl Reason {
    /// Every reason, in the order of [`Reason::index`].
    pub const ALL: [Reason; 14] = [
        Reason::Malformed,
        Reason::NotNegotiated,
        Reason::PayloadType,
        Reason::Direction,
        Reason::ForeignSource,
        Reason::Probation,
        Reason::ForeignSsrc,
        Reason::SequenceJump,
        Reason::Rtcp,
        Reason::Unauthenticated,
        Reason::Replayed,
        Reason::NoKeys,
        Reason::Stun,
        Reason::Handshake,
    ];

    /// Its name in words, for timelines.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Malformed => "not RTP",
            Reason::NotNegotiated => "no session agreed on yet",
            Reason::PayloadType => "payload type not agreed on",
            Reason::Direction => "direction not agreed on",
            Reason::ForeignSource => "foreign source address",
            Reason::Probation => "source address not learned yet",
            Reason::ForeignSsrc => "foreign SSRC",
            Reason::SequenceJump => "sequence number out of range",
            Reason::Rtcp => "RTCP",
            Reason::Unauthenticated => "not authentic (SRTP)",
            Reason::Replayed => "replayed (SRTP)",
            Reason::NoKeys => "no keys yet (DTLS)",
            Reason::Stun => "STUN",
            Reason::Handshake => "DTLS that nobody agreed to",
        }
    }

    /// Its place in [`Reason::ALL`] and in counts by reason.
    pub fn index(self) -> usize {
        match self {
            Reason::Malformed => 0,
            Reason::NotNegotiated => 1,
            Reason::PayloadType => 2,
            Reason::Direction => 3,
            Reason::ForeignSource => 4,
            Reason::Probation => 5,
            Reason::ForeignSsrc => 6,
            Reason::SequenceJump => 7,
            Reason::Rtcp => 8,
            Reason::Unauthenticated => 9,
            Reason::Replayed => 10,
            Reason::NoKeys => 11,
            Reason::Stun => 12,
            Reason::Handshake => 13,
        }
    }
}

impl From<Malformed> for Reason {
    fn from(malformed: Malformed) -> Reason {
        match malformed {
            Malformed::Rtcp => Reason::Rtcp,
            Malformed::Short | Malformed::Version | Malformed::Padding => Reason::Malformed,
        }
    }
}

/// The counts of one leg. The first refusal is told a second later, then what came on top every ten.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    counts: [u32; Reason::ALL.len()],
    told: [u32; Reason::ALL.len()],
    tell_at: Option<Instant>,
}

impl Refusals {
    pub(crate) fn count(&mut self, reason: Reason, now: Instant) {
        let count = &mut self.counts[reason.index()];
        *count = count.saturating_add(1);
        if reason != Reason::Rtcp && self.tell_at.is_none() {
            self.tell_at = Some(now + FIRST_AFTER);
        }
    }

    /// What was refused since it was told last.
    pub(crate) fn tell(&mut self, now: Instant, mut each: impl FnMut(Reason, u32)) {
        if self.tell_at.is_none_or(|at| now < at) {
            return;
        }
        let mut any = false;
        for reason in Reason::ALL {
            let index = reason.index();
            let more = self.counts[index] - self.told[index];
            if more > 0 && reason != Reason::Rtcp {
                any = true;
                self.told[index] = self.counts[index];
                each(reason, more);
            }
        }
        self.tell_at = any.then(|| now + THEN_EVERY);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.tell_at
    }

    pub(crate) fn counts(&self) -> [u32; Reason::ALL.len()] {
        self.counts
    }
}

/// From the first refusal to its event: a burst at the start of a call is one event.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// From event to event: a flood of packets is no flood of events.
const THEN_EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stands_where_it_counts() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), place);
        }
    }
}
