//! The packets of a stream in their order: who comes too early waits a little for who comes late.

use std::time::{Duration, Instant};

use super::Said;
use crate::outgoing::is_ahead;

/// What a packet is to who listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Audio,
    /// A telephone event goes its own way; in the audio its place is empty, and nothing is lost.
    Key,
    /// Comfort noise (RFC 3389).
    Noise,
}

/// The packets that wait.
#[derive(Debug, Default)]
pub(super) struct Window {
    next: Option<u16>,
    slots: [Slot; SLOTS],
}

#[derive(Debug, Default)]
struct Slot {
    waits_since: Option<Instant>,
    sequence: u16,
    timestamp: u32,
    kind: Kind,
    payload: Vec<u8>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Packets that did not come, and the slot of the one behind them. That one comes next.
    Lost { packets: u16, slot: usize },
    /// The packet of a slot, until the next one is asked for.
    Packet(usize),
}

impl Window {
    /// Takes a packet. One that comes behind its turn is too late.
    pub(super) fn push(&mut self, said: Said<'_>, now: Instant) {
        let next = *self.next.get_or_insert(said.sequence);
        if is_ahead(next, said.sequence) {
            return;
        }
        let free = self
            .slots
            .iter()
            .position(|slot| slot.waits_since.is_none());
        // Only a shell that does not drain gets no free slot; the newest is what would be missed least.
        let Some(free) = free else { return };
        let slot = &mut self.slots[free];
        slot.waits_since = Some(now);
        (slot.sequence, slot.timestamp, slot.kind) = (said.sequence, said.timestamp, said.kind);
        slot.payload.clear();
        let length = said.payload.len().min(PAYLOAD_BYTES_MAX);
        slot.payload.extend_from_slice(&said.payload[..length]);
    }

    /// What comes next, if it is its time.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Next> {
        let next = self.next?;
        let (slot, ahead, since) = self.first(next)?;
        if ahead == 0 {
            self.slots[slot].waits_since = None;
            self.next = Some(next.wrapping_add(1));
            return Some(Next::Packet(slot));
        }
        let waiting = self.waiting().count();
        if waiting < CROWD && now < since + PATIENCE {
            return None;
        }
        self.next = Some(self.slots[slot].sequence);
        Some(Next::Lost {
            packets: ahead,
            slot,
        })
    }

    /// The packet of a slot.
    pub(super) fn slot(&self, slot: usize) -> Said<'_> {
        let slot = &self.slots[slot];
        Said {
            sequence: slot.sequence,
            timestamp: slot.timestamp,
            kind: slot.kind,
            payload: &slot.payload,
        }
    }

    /// When the first gap is given up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting()
            .filter_map(|(_, slot)| slot.waits_since)
            .min()
            .map(|since| since + PATIENCE)
    }

    /// The slot whose turn is the nearest, how far ahead it is, and since when somebody waits.
    fn first(&self, next: u16) -> Option<(usize, u16, Instant)> {
        let since = self
            .waiting()
            .filter_map(|(_, slot)| slot.waits_since)
            .min();
        let ahead = |slot: &Slot| slot.sequence.wrapping_sub(next);
        let (first, slot) = self.waiting().min_by_key(|(_, slot)| ahead(slot))?;
        Some((first, ahead(slot), since?))
    }

    fn waiting(&self) -> impl Iterator<Item = (usize, &Slot)> {
        let slots = self.slots.iter().enumerate();
        slots.filter(|(_, slot)| slot.waits_since.is_some())
    }
}

/// How long a packet waits for the one before it: a packet and a half. Later ones are heard as a loss.
pub(crate) const PATIENCE: Duration = Duration::from_millis(30);
/// So many packets that came behind a missing one prove that it is lost, not late (RFC 5681, section 3.2: three).
const CROWD: usize = 3;
/// Packets that may wait: the crowd, and a burst that comes at once.
const SLOTS: usize = 8;
/// Octets of a payload at most: those of an Ethernet frame.
const PAYLOAD_BYTES_MAX: usize = 1_500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// What comes out when these come in, 20 ms after each other; `-` is a loss.
    fn order(sequences: &[u16]) -> Vec<String> {
        let (mut window, mut now) = (Window::default(), clock::start());
        let mut heard = Vec::new();
        let mut drain = |window: &mut Window, now| {
            while let Some(next) = window.pop(now) {
                heard.push(match next {
                    Next::Lost { packets, .. } => "-".repeat(packets.into()),
                    Next::Packet(slot) => window.slot(slot).sequence.to_string(),
                });
            }
        };
        for &sequence in sequences {
            let said = Said {
                sequence,
                timestamp: 0,
                kind: Kind::Audio,
                payload: &[1],
            };
            window.push(said, now);
            drain(&mut window, now);
            now += Duration::from_millis(20);
        }
        drain(&mut window, now + PATIENCE);
        heard
    }

    #[test]
    fn packets_are_put_in_order_and_gaps_are_given_up() {
        assert_eq!(order(&[1, 2, 3]), ["1", "2", "3"]);
        assert_eq!(order(&[65_535, 1, 0, 2]), ["65535", "0", "1", "2"]);
        assert_eq!(order(&[1, 3, 4, 5, 2]), ["1", "-", "3", "4", "5"]);
        assert_eq!(order(&[1, 4, 3, 5]), ["1", "-", "3", "4", "5"]);
        assert_eq!(
            order(&[7, 6, 8, 1_008]),
            ["7", "8", &"-".repeat(999), "1008"]
        );
    }

    #[test]
    fn who_does_not_drain_loses_the_newest_and_no_memory() {
        let (mut window, now) = (Window::default(), clock::start());
        for sequence in 0..1_000 {
            let said = Said {
                sequence,
                timestamp: 0,
                kind: Kind::Audio,
                payload: &[0; 4_000],
            };
            window.push(said, now);
        }
        let held: usize = window
            .slots
            .iter()
            .map(|slot| slot.payload.capacity())
            .sum();
        assert!(held <= SLOTS * 2_048);
        assert_eq!(window.pop(now), Some(Next::Packet(0)));
    }
}
