//! How well packets arrive: sequence numbers (RFC 3550, appendix A.1 and A.3) and jitter (A.8).

use std::time::{Duration, Instant};

use crate::codec::Clock;
use crate::level::Level;
use crate::measure::{Stream, milliseconds};
use crate::packet::Packet;

/// The counts of what is received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming {
    sequence: Option<Sequence>,
    /// Lost in streams that ended: before a change of the SSRC or of the numbering.
    lost_before: u64,
    packets: u64,
    payload_bytes: u64,
    duplicates: u64,
    reordered: u64,
    late: u64,
    jitter: Jitter,
    gap: Gap,
    pub(crate) level: Level,
    /// Grows whenever the numbering begins again.
    pub(crate) epoch: u32,
}

/// The counts of what is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    packets: u64,
    payload_bytes: u64,
    gap: Gap,
    pub(crate) level: Level,
}

/// What a report says of a stream (RFC 3550, section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reception {
    pub ssrc: u32,
    /// The highest sequence number with its cycles.
    pub highest: u32,
    /// Packets that its numbers tell of.
    pub expected: u64,
    pub received: u64,
    pub jitter_us: u32,
}

/// Where a packet stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Ahead of all others.
    Newest,
    /// Behind a later one, for the first time.
    Behind,
    /// Seen before, or too far behind to know.
    Again,
    /// So far away that it is not believed unless the next one follows it.
    Jumped,
}

/// Sequence numbers, extended by their cycles.
#[derive(Clone, Copy, Debug)]
struct Sequence {
    ssrc: u32,
    base: u64,
    highest: u64,
    received: u64,
    /// The newest 64: bit n is highest − n.
    seen: u64,
    expected_after_jump: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Jitter {
    before: Option<(Instant, u32, Clock)>,
    sixteenths_us: u64,
    max_us: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    last: Option<Instant>,
    longest: Duration,
}

impl Incoming {
    /// Takes a packet that was let in. Audio has a clock; other packets have no timing: those of an event share a
    /// timestamp.
    pub(crate) fn take(&mut self, packet: &Packet, clock: Option<Clock>, now: Instant) -> Arrival {
        let arrival = match &mut self.sequence {
            Some(sequence) if sequence.ssrc == packet.ssrc => sequence.place(packet.sequence),
            Some(_) | None => Place::Restart,
        };
        let arrival = match arrival {
            Place::Newest => Arrival::Newest,
            Place::Restart => {
                self.restart(packet);
                Arrival::Newest
            }
            Place::Behind(by) => {
                self.reordered += 1;
                self.late += u64::from(by > LATE_BEHIND);
                Arrival::Behind
            }
            Place::Again => {
                self.duplicates += 1;
                return Arrival::Again;
            }
            Place::Jumped => return Arrival::Jumped,
        };
        self.packets += 1;
        self.payload_bytes += u64::try_from(packet.payload().len()).unwrap_or(0);
        self.gap.take(now);
        if let Some(clock) = clock {
            self.jitter.take(packet.timestamp, clock, now);
        }
        arrival
    }

    /// The peer stops on agreement: what follows is no gap and no jitter.
    pub(crate) fn pause(&mut self) {
        self.gap.last = None;
        self.jitter.before = None;
    }

    /// The SSRC of the packets that are let in now.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.sequence.map(|sequence| sequence.ssrc)
    }

    /// What a report says of the stream that is let in now, if one is.
    pub(crate) fn reception(&self) -> Option<Reception> {
        let sequence = self.sequence?;
        let highest = (sequence.highest - FIRST_CYCLE) & 0xffff_ffff;
        Some(Reception {
            ssrc: sequence.ssrc,
            highest: u32::try_from(highest).unwrap_or(0),
            expected: sequence.highest - sequence.base + 1,
            received: sequence.received,
            jitter_us: self.jitter.now_us(),
        })
    }

    pub(crate) fn stream(&self) -> Stream {
        Stream {
            packets: self.packets,
            payload_bytes: self.payload_bytes,
            lost: self.lost_before + self.sequence.map_or(0, Sequence::lost),
            duplicates: self.duplicates,
            reordered: self.reordered,
            late: self.late,
            jitter_us: self.jitter.now_us(),
            jitter_max_us: self.jitter.max_us,
            longest_gap_ms: milliseconds(self.gap.longest),
            silence_permille: self.level.silence_permille(),
        }
    }

    fn restart(&mut self, packet: &Packet) {
        self.lost_before += self.sequence.map_or(0, Sequence::lost);
        self.sequence = Some(Sequence::new(packet));
        self.jitter.before = None;
        self.epoch = self.epoch.wrapping_add(1);
    }
}

impl Sent {
    pub(crate) fn take(&mut self, payload_bytes: usize, now: Instant) {
        self.packets += 1;
        self.payload_bytes += u64::try_from(payload_bytes).unwrap_or(0);
        self.gap.take(now);
    }

    pub(crate) fn pause(&mut self) {
        self.gap.last = None;
    }

    pub(crate) fn stream(&self) -> Stream {
        Stream {
            packets: self.packets,
            payload_bytes: self.payload_bytes,
            longest_gap_ms: milliseconds(self.gap.longest),
            silence_permille: self.level.silence_permille(),
            ..Stream::default()
        }
    }
}

enum Place {
    Newest,
    Behind(u16),
    Again,
    Jumped,
    Restart,
}

impl Sequence {
    fn new(packet: &Packet) -> Sequence {
        let first = FIRST_CYCLE + u64::from(packet.sequence);
        Sequence {
            ssrc: packet.ssrc,
            base: first,
            highest: first,
            received: 1,
            seen: 1,
            expected_after_jump: None,
        }
    }

    fn place(&mut self, sequence: u16) -> Place {
        let ahead = sequence.wrapping_sub(self.low());
        let behind = self.low().wrapping_sub(sequence);
        if (1..MAX_DROPOUT).contains(&ahead) {
            self.highest += u64::from(ahead);
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.received += 1;
            self.expected_after_jump = None;
            Place::Newest
        } else if u32::from(behind) < u64::BITS {
            let bit = 1 << behind;
            if self.seen & bit != 0 {
                return Place::Again;
            }
            self.seen |= bit;
            self.received += 1;
            // The very first packets may come in the wrong order, too.
            self.base = self.base.min(self.highest - u64::from(behind));
            Place::Behind(behind)
        } else if behind <= MAX_MISORDER {
            Place::Again
        } else if self.expected_after_jump == Some(sequence) {
            Place::Restart
        } else {
            self.expected_after_jump = Some(sequence.wrapping_add(1));
            Place::Jumped
        }
    }

    fn lost(self) -> u64 {
        (self.highest - self.base + 1).saturating_sub(self.received)
    }

    fn low(&self) -> u16 {
        u16::try_from(self.highest & 0xffff).unwrap_or(0)
    }
}

impl Jitter {
    fn now_us(self) -> u32 {
        u32::try_from(self.sixteenths_us / 16).unwrap_or(u32::MAX)
    }

    fn take(&mut self, timestamp: u32, clock: Clock, now: Instant) {
        let before = self.before.replace((now, timestamp, clock));
        // Between two clocks there is no difference.
        let Some((at, before, _)) = before.filter(|(.., other)| *other == clock) else {
            return;
        };
        let ticks = timestamp.wrapping_sub(before);
        // A step back of the timestamp is a reordered packet: signed difference.
        let lasts_us = |ticks: u32| {
            let lasts = clock.duration(u64::from(ticks)).as_micros();
            i128::try_from(lasts).unwrap_or(i128::MAX)
        };
        let media_us = match ticks {
            0..0x8000_0000 => lasts_us(ticks),
            0x8000_0000.. => -lasts_us(ticks.wrapping_neg()),
        };
        let arrival_us =
            i128::try_from(now.saturating_duration_since(at).as_micros()).unwrap_or(i128::MAX);
        let difference = u64::try_from((arrival_us - media_us).unsigned_abs()).unwrap_or(u64::MAX);
        if difference > MAX_TRANSIT_CHANGE_US {
            return;
        }
        self.sixteenths_us = self.sixteenths_us + difference - (self.sixteenths_us + 8) / 16;
        self.max_us = self
            .max_us
            .max(u32::try_from(self.sixteenths_us / 16).unwrap_or(u32::MAX));
    }
}

impl Gap {
    fn take(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            self.longest = self.longest.max(now.saturating_duration_since(last));
        }
    }
}

/// Sequence numbers ahead by this or more are not believed at once (RFC 3550, appendix A.1).
const MAX_DROPOUT: u16 = 3000;
/// Sequence numbers behind by up to this are old packets, not a new numbering (RFC 3550, appendix A.1).
const MAX_MISORDER: u16 = 100;
/// Packets that are further behind come too late for a jitter buffer of 100 ms.
const LATE_BEHIND: u16 = 5;
/// The extended numbers begin in the second cycle, so that the first may be followed by earlier ones.
const FIRST_CYCLE: u64 = 1 << 16;
/// A change of the transit time beyond this is a new clock of the sender, not jitter.
const MAX_TRANSIT_CHANGE_US: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const CLOCK: Option<Clock> = Some(Clock(8_000));

    fn packet(sequence: u16, timestamp: u32) -> Packet {
        Packet {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp,
            ssrc: 7,
            payload_start: 12,
            payload_end: 172,
        }
    }

    /// Feeds sequence numbers, 20 ms apart, and gives the counts.
    fn counts(sequences: impl IntoIterator<Item = u16>) -> Stream {
        let mut incoming = Incoming::default();
        let mut now = clock::start();
        for sequence in sequences {
            incoming.take(&packet(sequence, u32::from(sequence) * 160), CLOCK, now);
            now += Duration::from_millis(20);
        }
        incoming.stream()
    }

    #[test]
    fn loss_is_counted_through_many_wraps() {
        let mut number: u32 = 65_000;
        let sequences = std::iter::from_fn(|| {
            number += if number.is_multiple_of(10) { 2 } else { 1 };
            (number < 400_000).then(|| u16::try_from(number % 65_536).unwrap())
        });
        let stream = counts(sequences);
        assert_eq!(stream.lost, 33_500 - 1);
        assert_eq!(stream.packets + stream.lost, 399_999 - 65_001);
        assert_eq!((stream.duplicates, stream.reordered), (0, 0));
    }

    #[test]
    fn duplicates_and_reordered_packets_are_told_from_losses() {
        let stream = counts([65_534, 65_534, 0, 65_535, 65_535, 1, 3, 2]);
        assert_eq!((stream.packets, stream.lost, stream.duplicates), (6, 0, 2));
        assert_eq!((stream.reordered, stream.late), (2, 0));
        assert_eq!(counts([10, 9, 8, 11]).lost, 0);
        assert_eq!(counts([10, 8, 11]).lost, 1);
        let stream = counts([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 4]);
        assert_eq!((stream.lost, stream.reordered, stream.late), (0, 1, 1));
    }

    #[test]
    fn a_jump_is_believed_when_its_successor_comes() {
        let stream = counts([10, 11, 40_000, 12, 13, 50_000, 50_001, 50_003]);
        assert_eq!((stream.packets, stream.lost), (6, 1));
        // Far behind, but no new numbering: too old to say whether it was there.
        assert_eq!(counts([1000, 1001, 920, 1002]).duplicates, 1);
    }

    #[test]
    fn jitter_is_that_of_appendix_a_8() {
        let mut incoming = Incoming::default();
        let start = clock::start();
        let (mut expected, mut transit_before) = (0.0f64, None::<f64>);
        for number in 0..500u16 {
            let late_us = u64::from(number) * 7919 % 13 * 1000;
            let at = Duration::from_micros(u64::from(number) * 20_000 + late_us);
            incoming.take(&packet(number, u32::from(number) * 160), CLOCK, start + at);
            let transit = at.as_secs_f64() * 1e6 - f64::from(number) * 20_000.0;
            if let Some(before) = transit_before.replace(transit) {
                expected += ((transit - before).abs() - expected) / 16.0;
            }
        }
        let measured = f64::from(incoming.stream().jitter_us);
        assert!((measured - expected).abs() < 40.0, "{measured} {expected}");
        assert!(incoming.stream().jitter_max_us >= incoming.stream().jitter_us);
    }

    #[test]
    fn a_hold_is_neither_gap_nor_jitter() {
        let mut incoming = Incoming::default();
        let start = clock::start();
        incoming.take(&packet(1, 160), CLOCK, start);
        incoming.take(&packet(2, 320), CLOCK, start + Duration::from_millis(50));
        incoming.pause();
        incoming.take(&packet(3, 480), CLOCK, start + Duration::from_secs(60));
        assert_eq!(incoming.stream().longest_gap_ms, 50);
        assert!(incoming.stream().jitter_max_us < 2000);
    }
}
