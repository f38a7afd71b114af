//! Packets that were not let in, by reason: counted one by one, told in sums.

use std::net::SocketAddr;
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

/// What is known of the packets that were refused for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// How many since this was told last.
    pub packets: u32,
    /// How many in all.
    pub total: u32,
    /// The last one.
    pub last: Stranger,
    /// How many of the last ones in a row came from where it came from.
    pub in_row: u32,
    /// How many since this was told last had SSRC, payload type and timestamp of the one before.
    pub same_timestamp: u32,
}

/// A packet that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Where it came from.
    pub source: SocketAddr,
    /// What its header says, if it is RTP.
    pub rtp: Option<RtpHead>,
}

/// What the header of a refused packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHead {
    /// Its SSRC.
    pub ssrc: u32,
    /// Its payload type.
    pub payload_type: u8,
    /// Its sequence number.
    pub sequence: u16,
    /// Its timestamp.
    pub timestamp: u32,
    /// How many octets are behind it.
    pub payload_bytes: u16,
}

impl RtpHead {
    /// Whether both are packets of one moment, as those of a telephone event are.
    fn is_of_the_moment_of(&self, other: &RtpHead) -> bool {
        let moment = |head: &RtpHead| (head.ssrc, head.payload_type, head.timestamp);
        moment(self) == moment(other)
    }
}

/// The counts of one leg. The first refusal is told a second later, then what came on top ever more seldom. Nothing is
/// kept of a leg that refuses nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals(Option<Box<Counts>>);

#[derive(Clone, Debug, Default)]
struct Counts {
    counts: [u32; Reason::ALL.len()],
    told: [u32; Reason::ALL.len()],
    /// The counts when a packet was let in last.
    at_heard: [u32; Reason::ALL.len()],
    last: [Option<(Stranger, u32)>; Reason::ALL.len()],
    /// Packets of the moment of the one before, since they were told last.
    repeated: [u32; Reason::ALL.len()],
    last_source: Option<SocketAddr>,
    was_heard: bool,
    tell_at: Option<Instant>,
    told_times: u32,
}

impl Refusals {
    pub(crate) fn count(&mut self, reason: Reason, stranger: Stranger, now: Instant) {
        let known = self.0.get_or_insert_default();
        if std::mem::take(&mut known.was_heard) {
            known.at_heard = known.counts;
        }
        let index = reason.index();
        known.counts[index] = known.counts[index].saturating_add(1);
        let in_row = match known.last[index] {
            Some((last, in_row)) if last.source == stranger.source => in_row.saturating_add(1),
            Some(_) | None => 1,
        };
        let before = known.last[index].and_then(|(last, _)| last.rtp);
        let repeats = before
            .zip(stranger.rtp)
            .is_some_and(|(before, this)| this.is_of_the_moment_of(&before));
        known.repeated[index] += u32::from(repeats);
        known.last[index] = Some((stranger, in_row));
        if reason != Reason::Rtcp {
            known.last_source = Some(stranger.source);
            if known.tell_at.is_none() {
                known.tell_at = Some(now + FIRST_AFTER);
            }
        }
    }

    /// A packet was let in.
    pub(crate) fn heard(&mut self) {
        if let Some(known) = &mut self.0 {
            known.was_heard = true;
        }
    }

    /// What was refused since it was told last.
    pub(crate) fn tell(&mut self, now: Instant, mut each: impl FnMut(Refused)) {
        let Some(known) = &mut self.0 else { return };
        if known.tell_at.is_none_or(|at| now < at) {
            return;
        }
        let mut any = false;
        for reason in Reason::ALL {
            let index = reason.index();
            let (total, least) = (known.counts[index], reason.worth_telling());
            let packets = total - known.told[index];
            if let Some((last, in_row)) = known.last[index]
                && packets > 0
                && total >= least
            {
                any = true;
                known.told[index] = total;
                each(Refused {
                    reason,
                    packets,
                    total,
                    last,
                    in_row,
                    same_timestamp: std::mem::take(&mut known.repeated[index]),
                });
            }
        }
        let every = THEN_EVERY * (1 << known.told_times.min(SELDOMER_TIMES));
        known.tell_at = any.then(|| now + every);
        known.told_times += u32::from(any);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.as_ref()?.tell_at
    }

    pub(crate) fn counts(&self) -> [u32; Reason::ALL.len()] {
        self.0
            .as_ref()
            .map_or([0; Reason::ALL.len()], |known| known.counts)
    }

    /// What was refused since a packet was let in last, and where the last of them came from.
    pub(crate) fn meanwhile(&self) -> ([u32; Reason::ALL.len()], Option<SocketAddr>) {
        let mut meanwhile = [0; Reason::ALL.len()];
        let Some(known) = self.0.as_ref().filter(|known| !known.was_heard) else {
            return (meanwhile, None);
        };
        for (more, (now, before)) in meanwhile
            .iter_mut()
            .zip(known.counts.iter().zip(&known.at_heard))
        {
            *more = now - before;
        }
        (meanwhile, known.last_source)
    }
}

impl Reason {
    /// From how many packets on it is worth an event.
    fn worth_telling(self) -> u32 {
        match self {
            Reason::Rtcp => u32::MAX,
            // To learn a source takes two, and some more if they come in the wrong order.
            Reason::Probation => 10,
            Reason::Malformed
            | Reason::NotNegotiated
            | Reason::PayloadType
            | Reason::Direction
            | Reason::ForeignSource
            | Reason::ForeignSsrc
            | Reason::SequenceJump
            | Reason::Unauthenticated
            | Reason::Replayed
            | Reason::Stun
            | Reason::NoKeys
            | Reason::Handshake => 1,
        }
    }
}

/// From the first refusal to its event: a burst at the start of a call is one event.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// From there to the next event: a flood of packets is no flood of events,
const THEN_EVERY: Duration = Duration::from_secs(10);
/// nor one that does not end: the time doubles five times, to 320 s.
const SELDOMER_TIMES: u32 = 5;

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
