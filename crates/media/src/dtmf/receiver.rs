//! Telephone events that come in: one press for each key, whatever is lost or repeated.
//!
//! The timestamp names the event (RFC 4733, section 2.5.1.2): packets with the one that is going on
//! extend it, packets with the one that was told last are repetitions, an older one is late.

use std::time::{Duration, Instant};

use super::{Digit, Payload, Press};
use crate::codec::Clock;
use crate::event::KeySeen;
use crate::packet::Packet;

/// The key that is down on a leg, if any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receiver {
    down: Option<Down>,
    /// The timestamp of the press that was told last.
    told: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Down {
    digit: Digit,
    /// Where the event began, in ticks; it names the event.
    timestamp: u32,
    /// Ticks in segments that are complete (RFC 4733, section 2.5.1.3).
    complete: u32,
    duration: u16,
    volume: u8,
    first_at: Instant,
    last_at: Instant,
    ended: bool,
    clock: Clock,
}

/// A press that is complete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Complete {
    /// The timestamp of its last segment.
    pub segment: u32,
    pub press: Press,
    pub seen: KeySeen,
}

/// Presses that one packet completes: the one whose end was lost, and its own.
pub(crate) type Presses = [Option<Complete>; 2];

impl Receiver {
    /// Takes a packet of an event and gives the presses that it completes.
    pub(crate) fn take(
        &mut self,
        packet: &Packet,
        payload: &[u8],
        clock: Clock,
        now: Instant,
    ) -> Presses {
        let Some(event) = Payload::read(payload) else {
            return [None, None];
        };
        let Some(digit) = Digit::from_event(event.event) else {
            return [None, None];
        };
        if self
            .told
            .is_some_and(|told| !is_newer(packet.timestamp, told))
        {
            return [None, None];
        }
        let mut lost_end = None;
        match &mut self.down {
            Some(down) if down.timestamp.wrapping_add(down.complete) == packet.timestamp => {
                down.duration = down.duration.max(event.duration);
                (down.volume, down.last_at) = (event.volume, now);
            }
            Some(down) if down.continues(digit, packet) => {
                down.complete = packet.timestamp.wrapping_sub(down.timestamp);
                (down.duration, down.volume, down.last_at) = (event.duration, event.volume, now);
            }
            Some(down) if !is_newer(packet.timestamp, down.timestamp) => return [None, None],
            Some(_) | None => {
                lost_end = self.complete();
                self.down = Some(Down {
                    digit,
                    timestamp: packet.timestamp,
                    complete: 0,
                    duration: event.duration,
                    volume: event.volume,
                    first_at: now,
                    last_at: now,
                    ended: false,
                    clock,
                });
            }
        }
        if !event.end {
            return [lost_end, None];
        }
        if let Some(down) = &mut self.down {
            down.ended = true;
        }
        [lost_end, self.complete()]
    }

    /// The press whose end never came.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Complete> {
        match self.deadline() {
            Some(at) if at <= now => self.complete(),
            Some(_) | None => None,
        }
    }

    /// Timestamps begin again: another stream.
    pub(crate) fn restart(&mut self) -> Option<Complete> {
        let press = self.complete();
        self.told = None;
        press
    }

    /// The key whose event is going on.
    pub(crate) fn down(&self) -> Option<Digit> {
        self.down.map(|down| down.digit)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.down.map(|down| down.last_at + LOST_END_AFTER)
    }

    fn complete(&mut self) -> Option<Complete> {
        let down = self.down.take()?;
        let segment = down.timestamp.wrapping_add(down.complete);
        self.told = Some(segment);
        let ticks = u64::from(down.complete) + u64::from(down.duration);
        let duration = down.clock.duration(ticks);
        Some(Complete {
            segment,
            press: Press {
                digit: down.digit,
                duration,
                volume: down.volume,
            },
            seen: KeySeen {
                ended: down.ended,
                over: down.last_at.saturating_duration_since(down.first_at),
            },
        })
    }
}

impl Down {
    /// Whether the packet begins the next segment of a press that is too long for 16 bits.
    fn continues(&self, digit: Digit, packet: &Packet) -> bool {
        let expected = self
            .timestamp
            .wrapping_add(self.complete)
            .wrapping_add(SEGMENT);
        digit == self.digit && !packet.marker && packet.timestamp == expected
    }
}

fn is_newer(timestamp: u32, other: u32) -> bool {
    (1..0x8000_0000).contains(&timestamp.wrapping_sub(other))
}

/// Without an update for this long, the end was lost: ten packets of 20 ms.
const LOST_END_AFTER: Duration = Duration::from_millis(200);
/// Ticks of a full segment (RFC 4733, section 2.5.1.3).
const SEGMENT: u32 = 0xffff;
