//! How well packets come (RFC 3550, appendix A), and what that is worth to a listener (ITU-T G.107).

mod echo;
mod foreign;
mod playout;
mod samples;
mod sequence;
mod skew;
mod timing;

use std::time::{Duration, Instant};

use crate::codec::{Clock, Codec};
use crate::emodel::{Path, Pin, Rating};
use crate::level::Level;
use crate::measure::{Sample, Stream, milliseconds};
use crate::packet::Packet;
pub(crate) use echo::Echo;
pub use echo::Echoed;
use foreign::Foreign;
use samples::{Counts, Ending, Samples};
use sequence::{Place, Sequence};
use timing::Timing;

/// The counts of what is received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming {
    sequence: Option<Sequence>,
    /// Lost in streams that ended: before a change of the SSRC or of the numbering.
    before: Ended,
    packets: u64,
    payload_bytes: u64,
    duplicates: u64,
    reordered: u64,
    late: u64,
    comfort_noise: u64,
    looped: u64,
    undecodable: u64,
    foreign: Foreign,
    timing: Timing,
    gap: Gap,
    /// Boxed, because packets do not touch it but for the last of five seconds.
    samples: Box<Samples>,
    /// The audio that came last: its payload type and its codec.
    audio: Option<(u8, Codec)>,
    codec_changes: u32,
    pub(crate) level: Level,
    /// Grows whenever the numbering begins again.
    pub(crate) epoch: u32,
}

/// What is left of streams that ended.
#[derive(Clone, Copy, Debug, Default)]
struct Ended {
    lost: u64,
    runs: u64,
    expected: u64,
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
            self.timing.take(packet, clock, now);
        }
        arrival
    }

    /// A packet of audio was taken; whether it is of another codec than those before.
    pub(crate) fn audio(&mut self, payload_type: u8, codec: Codec) -> bool {
        let before = self.audio.replace((payload_type, codec));
        let changed = before.is_some_and(|(before, _)| before != payload_type);
        self.codec_changes += u32::from(changed);
        changed
    }

    /// A packet of comfort noise was taken.
    pub(crate) fn comfort_noise(&mut self) {
        self.comfort_noise += 1;
    }

    /// A packet has our own SSRC.
    pub(crate) fn looped(&mut self) {
        self.looped += 1;
    }

    /// A decoder made nothing of that many packets.
    pub(crate) fn undecodable(&mut self, packets: u64) {
        self.undecodable += packets;
    }

    /// A packet of another SSRC came from the learned source.
    pub(crate) fn foreign(&mut self, ssrc: u32, sequence: u16) {
        self.foreign.take(ssrc, sequence);
    }

    /// The peer stops on agreement: what follows is no gap and no jitter.
    pub(crate) fn pause(&mut self) {
        self.gap.last = None;
        self.timing.restart();
    }

    /// Packets that were let in.
    pub(crate) fn packets(&self) -> u64 {
        self.packets
    }

    /// The SSRC of the packets that are let in now.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.sequence.map(|sequence| sequence.ssrc)
    }

    /// What a report says of the stream that is let in now, if one is.
    pub(crate) fn reception(&self) -> Option<Reception> {
        let sequence = self.sequence?;
        Some(sequence.reception(self.timing.jitter_us()))
    }

    /// Whether a sample is over.
    pub(crate) fn sample_is_due(&mut self, now: Instant) -> bool {
        self.samples.is_due(now)
    }

    /// Ends the sample that is going on.
    pub(crate) fn sample(&mut self, round_trip: Option<Duration>, now: Instant) -> Sample {
        let counts = Counts {
            received: self.packets,
            lost: self.lost(),
            out_of_buffer: self.timing.out_of_buffer,
            restarts: u64::from(self.restarts())
                + u64::from(self.timing.jumps)
                + u64::from(self.foreign.streams),
            level: self.level,
        };
        let ending = Ending {
            timing: self.timing.turn(now),
            round_trip,
            payload_type: self.audio.map(|(payload_type, _)| payload_type),
        };
        self.samples.push(counts, ending, now)
    }

    /// The samples since they were forgotten last.
    pub(crate) fn samples(&self) -> &[Sample] {
        self.samples.kept()
    }

    pub(crate) fn forget_samples(&mut self) {
        self.samples.forget();
    }

    /// The counts, and what they are worth at this round trip.
    pub(crate) fn stream(&self, round_trip: Option<Duration>) -> Stream {
        let runs = self.before.runs + self.sequence.map_or(0, |sequence| sequence.gaps);
        Stream {
            packets: self.packets,
            payload_bytes: self.payload_bytes,
            lost: self.lost(),
            duplicates: self.duplicates,
            reordered: self.reordered,
            late: self.late,
            jitter_us: self.timing.jitter_us(),
            jitter_max_us: self.timing.jitter_max_us(),
            longest_gap_ms: milliseconds(self.gap.longest),
            out_of_buffer: self.timing.out_of_buffer,
            loss_runs: runs,
            comfort_noise: self.comfort_noise,
            restarts: self.restarts(),
            timestamp_jumps: self.timing.jumps,
            codec_changes: self.codec_changes,
            payload_type: self.audio.map(|(payload_type, _)| payload_type),
            packet_ms: self.timing.packet_ms(),
            looped: self.looped,
            rating: self.rate(runs, round_trip),
            undecodable: self.undecodable,
            foreign_streams: self.foreign.streams,
            clock_skew: self.timing.clock_skew(),
            ..self.level.stream()
        }
    }

    /// The codec of the audio that came last.
    pub(crate) fn codec(&self) -> Option<Codec> {
        self.audio.map(|(_, codec)| codec)
    }

    /// From mouth to ear, as far as this leg is concerned.
    pub(crate) fn delay(&self, round_trip: Option<Duration>) -> Option<Duration> {
        let packet = self.timing.packet_ms().unwrap_or(USUAL_PACKET_MS);
        Some(round_trip? / 2 + playout::DEPTH + Duration::from_millis(u64::from(packet)))
    }

    fn rate(&self, runs: u64, round_trip: Option<Duration>) -> Option<Rating> {
        let expected = self.before.expected + self.sequence.map_or(0, Sequence::expected);
        let missing = self.lost() + self.timing.out_of_buffer;
        let path = Path {
            missing,
            expected,
            // What is late is late by itself.
            runs: runs + self.timing.out_of_buffer,
            delay: self.delay(round_trip),
        };
        path.rate(Pin::of(self.codec()?))
    }

    fn restarts(&self) -> u32 {
        self.epoch.saturating_sub(1)
    }

    fn lost(&self) -> u64 {
        self.before.lost + self.sequence.map_or(0, Sequence::lost)
    }

    fn restart(&mut self, packet: &Packet) {
        if let Some(sequence) = self.sequence.replace(Sequence::new(packet)) {
            self.before.lost += sequence.lost();
            self.before.runs += sequence.gaps;
            self.before.expected += sequence.expected();
        }
        self.timing.restart();
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

    pub(crate) fn packets(&self) -> u64 {
        self.packets
    }

    pub(crate) fn stream(&self) -> Stream {
        Stream {
            packets: self.packets,
            payload_bytes: self.payload_bytes,
            longest_gap_ms: milliseconds(self.gap.longest),
            ..self.level.stream()
        }
    }
}

impl Gap {
    fn take(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            self.longest = self.longest.max(now.saturating_duration_since(last));
        }
    }
}

/// Packets that are further behind come too late for a jitter buffer of 100 ms.
const LATE_BEHIND: u16 = 5;
/// What a packet holds where its timestamps do not tell.
const USUAL_PACKET_MS: u16 = 20;

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
        incoming.stream(None)
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
        let measured = f64::from(incoming.stream(None).jitter_us);
        assert!((measured - expected).abs() < 40.0, "{measured} {expected}");
        assert!(incoming.stream(None).jitter_max_us >= incoming.stream(None).jitter_us);
    }

    #[test]
    fn a_hold_is_neither_gap_nor_jitter() {
        let mut incoming = Incoming::default();
        let start = clock::start();
        incoming.take(&packet(1, 160), CLOCK, start);
        incoming.take(&packet(2, 320), CLOCK, start + Duration::from_millis(50));
        incoming.pause();
        incoming.take(&packet(3, 480), CLOCK, start + Duration::from_secs(60));
        assert_eq!(incoming.stream(None).longest_gap_ms, 50);
        assert!(incoming.stream(None).jitter_max_us < 2000);
    }

    #[test]
    fn a_stream_is_rated_by_what_its_listener_misses() {
        let rated = |round_trip_ms: Option<u64>, lost_of_100: u16| {
            let mut incoming = Incoming::default();
            let mut now = clock::start();
            for number in (0..5_000u16).filter(|number| number % 100 >= lost_of_100) {
                incoming.take(&packet(number, u32::from(number) * 160), CLOCK, now);
                incoming.audio(0, Codec::Pcmu);
                now += Duration::from_millis(20);
            }
            let round_trip = round_trip_ms.map(Duration::from_millis);
            incoming.stream(round_trip).rating.unwrap()
        };
        let best = rated(None, 0);
        assert_eq!((best.r_tenths, best.delay_ms), (932, None));
        assert_eq!(rated(Some(100), 0).delay_ms, Some(130));
        assert!(rated(Some(400), 0).r_tenths < rated(Some(100), 0).r_tenths);
        assert!(rated(None, 3).mos_hundredths < best.mos_hundredths);
        assert_eq!(Incoming::default().stream(None).rating, None);
    }

    #[test]
    fn samples_are_of_five_seconds_and_the_last_six_stay() {
        let mut incoming = Incoming::default();
        let start = clock::start();
        let mut samples = Vec::new();
        // 20 ms each, one of a hundred lost, in the last five seconds two in a row of each ten.
        let lost = |number: u16| match number {
            0..2_000 => number % 100 == 50,
            _ => number % 10 > 7,
        };
        for number in (0..2_255u16).filter(|number| !lost(*number)) {
            let now = start + Duration::from_millis(20) * u32::from(number);
            incoming.take(&packet(number, u32::from(number) * 160), CLOCK, now);
            if incoming.sample_is_due(now) {
                samples.push(incoming.sample(None, now));
            }
        }
        let told: Vec<_> = samples
            .iter()
            .map(|sample| (sample.received, sample.lost))
            .collect();
        assert_eq!(told[..2], [(249, 3), (248, 2)]);
        assert_eq!(told.len(), 9);
        assert_eq!(told[8], (200, 50));
        assert_eq!(incoming.samples(), &samples[3..]);
        incoming.forget_samples();
        assert_eq!(incoming.samples(), []);
    }
}
