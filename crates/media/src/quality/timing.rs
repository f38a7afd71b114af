//! When packets come, against when they should have (RFC 3550, section 6.4.1 and appendix A.8).

use std::time::Instant;

use super::playout::Playout;
use super::skew::Skew;
use crate::codec::Clock;
use crate::measure::ClockSkew;
use crate::packet::Packet;

/// The times of one received stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timing {
    before: Option<Before>,
    sixteenths_us: u64,
    max_us: u32,
    sample_max_us: u32,
    /// How much longer the last packet took than the first one of its stream, in microseconds.
    transit_us: i64,
    playout: Playout,
    skew: Skew,
    /// The clock of the audio that came last.
    clock: Option<Clock>,
    step: Step,
    /// Packets that came too late for a jitter buffer.
    pub(super) out_of_buffer: u64,
    /// Jumps of the timestamp within a talk spurt.
    pub(super) jumps: u32,
}

#[derive(Clone, Copy, Debug)]
struct Before {
    at: Instant,
    timestamp: u32,
    sequence: u16,
    clock: Clock,
}

/// The difference of timestamps that most packets have: a vote that keeps one candidate (Boyer and Moore).
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    ticks: u32,
    votes: u16,
}

impl Timing {
    /// A packet of audio came.
    pub(super) fn take(&mut self, packet: &Packet, clock: Clock, now: Instant) {
        let this = Before {
            at: now,
            timestamp: packet.timestamp,
            sequence: packet.sequence,
            clock,
        };
        self.clock = Some(clock);
        // Between two clocks there is no difference.
        let before = self.before.replace(this);
        let Some(before) = before.filter(|before| before.clock == clock) else {
            self.restart();
            self.before = Some(this);
            self.playout.misses(0);
            return;
        };
        let ticks = packet.timestamp.wrapping_sub(before.timestamp);
        let media_us = signed_us(ticks, clock);
        let follows = packet.sequence == before.sequence.wrapping_add(1);
        let arrival = now.saturating_duration_since(before.at).as_micros();
        let arrival_us = i64::try_from(arrival).unwrap_or(i64::MAX);
        let change_us = arrival_us.saturating_sub(media_us);
        let is_other_clock = change_us.abs() > TRANSIT_CHANGE_MAX_US;
        // A sender that was quiet for as long as its timestamp says goes on.
        if media_us.abs() > TRANSIT_CHANGE_MAX_US && is_other_clock {
            self.jumps += u32::from(follows && !packet.marker);
            self.restart();
            self.before = Some(this);
            return;
        }
        if is_other_clock {
            self.skew = Skew::default();
        }
        if follows {
            self.step.vote(ticks);
        }
        self.transit_us = self.transit_us.saturating_add(change_us);
        self.out_of_buffer += u64::from(self.playout.misses(self.transit_us));
        self.shake(change_us.unsigned_abs());
    }

    /// The peer stops on agreement, or another stream begins: what follows has no relation to what was.
    pub(super) fn restart(&mut self) {
        self.before = None;
        self.transit_us = 0;
        self.playout.restart();
        self.skew = Skew::default();
    }

    /// A sample is over: the greatest jitter and the shortest transit time in it.
    pub(super) fn turn(&mut self, now: Instant) -> (u32, Option<i32>) {
        let jitter_us = std::mem::replace(&mut self.sample_max_us, 0);
        let transit = self.playout.turn();
        if let Some(us) = transit {
            self.skew.take(us, now);
        }
        (jitter_us, transit.and_then(|us| i32::try_from(us).ok()))
    }

    /// How the peer's clock runs.
    pub(super) fn clock_skew(&self) -> Option<ClockSkew> {
        self.skew.told()
    }

    pub(super) fn jitter_us(&self) -> u32 {
        u32::try_from(self.sixteenths_us / 16).unwrap_or(u32::MAX)
    }

    pub(super) fn jitter_max_us(&self) -> u32 {
        self.max_us
    }

    /// Milliseconds between most timestamps.
    pub(super) fn packet_ms(&self) -> Option<u16> {
        let clock = self.clock?;
        let step = (self.step.votes > 0).then_some(self.step.ticks)?;
        u16::try_from(clock.duration(u64::from(step)).as_millis()).ok()
    }

    /// Appendix A.8.
    fn shake(&mut self, change_us: u64) {
        if change_us > TRANSIT_CHANGE_MAX_US.unsigned_abs() {
            return;
        }
        self.sixteenths_us = self.sixteenths_us + change_us - (self.sixteenths_us + 8) / 16;
        let jitter_us = self.jitter_us();
        self.max_us = self.max_us.max(jitter_us);
        self.sample_max_us = self.sample_max_us.max(jitter_us);
    }
}

impl Step {
    fn vote(&mut self, ticks: u32) {
        if self.votes == 0 {
            self.ticks = ticks;
        }
        self.votes = match self.ticks == ticks {
            true => self.votes.saturating_add(1),
            false => self.votes - 1,
        };
    }
}

/// A difference of timestamps in microseconds; a step back is a reordered packet.
fn signed_us(ticks: u32, clock: Clock) -> i64 {
    let signed = i64::from(ticks.cast_signed());
    match clock.0 {
        8_000 => signed * 125,
        hz => signed * 1_000_000 / i64::from(hz.max(1)),
    }
}

/// A change of the transit time beyond this is a new clock of the sender, not jitter.
const TRANSIT_CHANGE_MAX_US: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    /// Packets with their numbers, timestamps and arrivals in ms.
    fn timing(packets: &[(u16, u32, u64)]) -> Timing {
        let start = clock::start();
        let mut timing = Timing::default();
        for &(sequence, timestamp, at_ms) in packets {
            let packet = Packet {
                marker: false,
                payload_type: 0,
                sequence,
                timestamp,
                ssrc: 7,
                payload_start: 12,
                payload_end: 172,
            };
            timing.take(&packet, Clock(8_000), start + Duration::from_millis(at_ms));
        }
        timing
    }

    #[test]
    fn the_packet_time_is_that_of_most_steps() {
        let packets: Vec<_> = (0..50u16)
            .map(|n| {
                let odd = u32::from(n > 20 && n < 30) * 80;
                (n, u32::from(n) * 240 + odd, u64::from(n) * 30)
            })
            .collect();
        assert_eq!(timing(&packets).packet_ms(), Some(30));
        assert_eq!(timing(&packets[..1]).packet_ms(), None);
    }

    #[test]
    fn a_jump_of_the_timestamp_is_no_jitter_and_a_stall_of_the_network_is_no_jump() {
        let jumped = timing(&[(1, 0, 0), (2, 160, 20), (3, 900_000, 40), (4, 900_160, 60)]);
        assert_eq!(
            (jumped.jumps, jumped.max_us, jumped.out_of_buffer),
            (1, 0, 0)
        );
        let stalled = timing(&[(1, 0, 0), (2, 160, 20), (3, 320, 1_500), (4, 480, 1_500)]);
        assert_eq!((stalled.jumps, stalled.out_of_buffer), (0, 2));
        let lost = timing(&[(1, 0, 0), (102, 16_160, 2_020)]);
        assert_eq!((lost.jumps, lost.out_of_buffer), (0, 0));
    }

    #[test]
    fn the_drift_of_a_clock_stands_in_the_shortest_transits() {
        // 500 ppm: 10 µs for each packet of 20 ms.
        let start = clock::start();
        let mut timing = Timing::default();
        let mut shortest = Vec::new();
        for n in 0..2_500u32 {
            let packet = Packet {
                marker: false,
                payload_type: 0,
                sequence: u16::try_from(n).unwrap(),
                timestamp: n * 160,
                ssrc: 7,
                payload_start: 12,
                payload_end: 172,
            };
            let at = Duration::from_micros(u64::from(n) * 20_010);
            timing.take(&packet, Clock(8_000), start + at);
            if n % 250 == 249 {
                shortest.push(timing.turn(start + at).1.unwrap());
            }
        }
        let slope = f64::from(shortest[9] - shortest[0]) / 45.0;
        assert!((slope - 500.0).abs() < 10.0, "{slope} ppm");
        assert_eq!(
            timing.clock_skew(),
            None,
            "less than a minute tells nothing"
        );
    }

    /// Two minutes of packets, whose sender's clock is `ppm` slower, and who pauses as `paused` says of their numbers.
    fn skew(ppm: f64, paused: impl Fn(u32) -> bool, marks: bool) -> Timing {
        let start = clock::start();
        let mut timing = Timing::default();
        let (mut sequence, mut turned) = (0u16, Duration::ZERO);
        let mut was_paused = false;
        for n in 0..6_000u32 {
            if paused(n) {
                was_paused = true;
                continue;
            }
            let packet = Packet {
                marker: marks && was_paused,
                payload_type: 0,
                sequence,
                timestamp: n * 160,
                ssrc: 7,
                payload_start: 12,
                payload_end: 172,
            };
            was_paused = false;
            sequence = sequence.wrapping_add(1);
            let late_us = u64::from(n) * 7919 % 5_000;
            let at = Duration::from_secs_f64(f64::from(n) * 0.02 * (1.0 + ppm / 1e6))
                + Duration::from_micros(late_us);
            timing.take(&packet, Clock(8_000), start + at);
            if at >= turned + Duration::from_secs(5) {
                turned = at;
                timing.turn(start + at);
            }
        }
        timing
    }

    #[test]
    fn a_clock_is_known_after_a_minute_also_of_who_pauses() {
        for ppm in [0.0, 300.0, -300.0] {
            let told = |paused: fn(u32) -> bool, marks| skew(ppm, paused, marks).clock_skew();
            let pausing = |n: u32| n % 500 > 300;
            for skew in [
                told(|_| false, false),
                told(pausing, true),
                told(pausing, false),
            ] {
                let skew = skew.unwrap();
                assert!(
                    (f64::from(skew.ppm) - ppm).abs() < 40.0,
                    "{skew:?} for {ppm}"
                );
                assert!((60..=120).contains(&skew.over_s), "{skew:?}");
            }
        }
        let silent = skew(0.0, |n| n % 500 > 300, false);
        assert_eq!((silent.jumps, silent.out_of_buffer), (0, 0));
    }
}
