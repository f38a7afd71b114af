//! The one stream that a peer hears, whoever speaks in it (RFC 3550, section 5.1).
//!
//! One SSRC for the life of the leg. While one source speaks, its numbering is kept with a fixed
//! difference, so that its losses stay visible to the peer's jitter buffer. When the source changes,
//! the sequence goes on with the next number, the timestamp by the time that passed, and the marker
//! bit says that a talk spurt begins.

use std::time::{Duration, Instant};

use crate::codec::Clock;
use crate::packet::{Packet, Stamp};

/// Which received stream a packet belongs to. The epoch grows when the stream starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamKey {
    pub leg: u16,
    pub ssrc: u32,
    pub epoch: u32,
}

/// Sequence and timestamps of what is sent.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    ssrc: u32,
    next_sequence: u16,
    first_timestamp: u32,
    clock: Clock,
    /// The newest timestamp that was sent and the time it stands for.
    anchor: Option<(u32, Instant)>,
    speaker: Speaker,
}

#[derive(Clone, Copy, Debug)]
enum Speaker {
    Nobody,
    Own,
    /// What is made of another stream goes on with this timestamp.
    Made(u32),
    Relayed(Relayed),
}

#[derive(Clone, Copy, Debug)]
struct Relayed {
    stream: StreamKey,
    sequence_difference: u16,
    timestamp_difference: u32,
    newest: u16,
    /// What is behind it belongs to a time when another source spoke.
    floor: u16,
}

impl Outgoing {
    pub(crate) fn new(ssrc: u32, next_sequence: u16, first_timestamp: u32) -> Outgoing {
        Outgoing {
            ssrc,
            next_sequence,
            first_timestamp,
            clock: Clock(8_000),
            anchor: None,
            speaker: Speaker::Nobody,
        }
    }

    /// Another codec: its timestamps go on from the last one with their own clock (RFC 7160, section 4.1).
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        if self.clock != clock {
            self.clock = clock;
            self.interrupt();
        }
    }

    /// The next packet is the first of a talk spurt, whoever it is from.
    pub(crate) fn interrupt(&mut self) {
        self.speaker = Speaker::Nobody;
    }

    /// The stamp of a relayed packet; none if it is from before the last change of the source.
    pub(crate) fn relay(
        &mut self,
        stream: StreamKey,
        packet: &Packet,
        payload_type: u8,
        now: Instant,
    ) -> Option<Stamp> {
        let (relayed, switched) = match &mut self.speaker {
            Speaker::Relayed(relayed) if relayed.stream == stream => (relayed, false),
            Speaker::Nobody | Speaker::Own | Speaker::Made(_) | Speaker::Relayed(_) => {
                let timestamp = self.resumed(self.clock.ticks(MIN_STEP), now);
                self.speaker = Speaker::Relayed(Relayed {
                    stream,
                    sequence_difference: self.next_sequence.wrapping_sub(packet.sequence),
                    timestamp_difference: timestamp.wrapping_sub(packet.timestamp),
                    newest: packet.sequence.wrapping_sub(1),
                    floor: packet.sequence,
                });
                let Speaker::Relayed(relayed) = &mut self.speaker else {
                    return None;
                };
                (relayed, true)
            }
        };
        if !relayed.advance(packet.sequence) {
            return None;
        }
        let sequence = packet.sequence.wrapping_add(relayed.sequence_difference);
        let timestamp = packet.timestamp.wrapping_add(relayed.timestamp_difference);
        self.sent(sequence, timestamp, now);
        Some(Stamp {
            marker: switched || packet.marker,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        })
    }

    /// A packet of the stream is not sent on purpose: the peer shall not take it for lost.
    pub(crate) fn skip(&mut self, stream: StreamKey, packet: &Packet) {
        if let Speaker::Relayed(relayed) = &mut self.speaker
            && relayed.stream == stream
            && is_ahead(packet.sequence, relayed.newest)
        {
            relayed.newest = packet.sequence;
            relayed.floor = packet.sequence.wrapping_add(1);
            relayed.sequence_difference = relayed.sequence_difference.wrapping_sub(1);
        }
    }

    /// The stamp of a packet that is made here, lasts so many ticks and stands for the time `at`.
    pub(crate) fn own(&mut self, payload_type: u8, ticks: u32, at: Instant) -> Stamp {
        let switched = !matches!(self.speaker, Speaker::Own);
        self.speaker = Speaker::Own;
        let timestamp = self.resumed(ticks, at);
        let sequence = self.next_sequence;
        self.sent(sequence, timestamp, at);
        Stamp {
            marker: switched,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        }
    }

    /// The stamp of a packet that is made of what another leg says, and lasts so many ticks. However late or early it
    /// comes, it follows the one before: that is what the other leg's timestamps say.
    pub(crate) fn made(&mut self, payload_type: u8, ticks: u32, now: Instant) -> Stamp {
        let (timestamp, switched) = match self.speaker {
            Speaker::Made(next) => (next, false),
            Speaker::Nobody | Speaker::Own | Speaker::Relayed(_) => {
                (self.resumed(self.clock.ticks(MIN_STEP), now), true)
            }
        };
        self.speaker = Speaker::Made(timestamp.wrapping_add(ticks));
        let sequence = self.next_sequence;
        self.sent(sequence, timestamp, now);
        Stamp {
            marker: switched,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        }
    }

    /// The stamp of the first packet of a telephone event (RFC 4733, section 2.5.1).
    pub(crate) fn key(&mut self, payload_type: u8, now: Instant) -> Stamp {
        self.speaker = Speaker::Nobody;
        Stamp {
            marker: true,
            ..self.own(payload_type, 0, now)
        }
    }

    /// The stamp of a further packet of the same event: the time stands still.
    pub(crate) fn key_again(&mut self, payload_type: u8, timestamp: u32) -> Stamp {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        self.speaker = Speaker::Nobody;
        Stamp {
            marker: false,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        }
    }

    /// The SSRC of what is sent.
    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The number of the newest packet, if anything was sent.
    pub(crate) fn newest(&self) -> Option<u16> {
        self.anchor.map(|_| self.next_sequence.wrapping_sub(1))
    }

    /// The timestamp that stands for a moment, if anything was sent.
    pub(crate) fn timestamp_at(&self, now: Instant) -> Option<u32> {
        self.anchor.map(|_| self.resumed(0, now))
    }

    fn resumed(&self, least: u32, now: Instant) -> u32 {
        let Some((timestamp, at)) = self.anchor else {
            return self.first_timestamp;
        };
        timestamp.wrapping_add(
            self.clock
                .ticks(now.saturating_duration_since(at))
                .max(least),
        )
    }

    fn sent(&mut self, sequence: u16, timestamp: u32, at: Instant) {
        if !is_ahead(self.next_sequence, sequence) {
            self.next_sequence = sequence.wrapping_add(1);
        }
        // The packets of an event share a timestamp: the anchor stays at the first of them.
        let newer = |(newest, _)| timestamp.wrapping_sub(newest).wrapping_sub(1) < u32::MAX / 2;
        if self.anchor.is_none_or(newer) {
            self.anchor = Some((timestamp, at));
        }
    }
}

impl Relayed {
    /// Whether a sequence number is on this side of the floor.
    fn advance(&mut self, sequence: u16) -> bool {
        if is_ahead(sequence, self.newest) {
            self.newest = sequence;
            // The floor follows, so that the numbers that wrap around are not taken for old ones.
            if self.newest.wrapping_sub(self.floor) > REACH {
                self.floor = self.newest.wrapping_sub(REACH);
            }
            return true;
        }
        !is_ahead(self.floor, sequence)
    }
}

/// Whether a sequence number is later than another (RFC 3550, modulo 2^16).
pub(crate) fn is_ahead(sequence: u16, other: u16) -> bool {
    (1..0x8000).contains(&sequence.wrapping_sub(other))
}

/// The least step of the timestamp when a relayed source begins.
const MIN_STEP: Duration = Duration::from_millis(20);
/// How far behind the newest packet one may come and still be relayed.
const REACH: u16 = 1000;
