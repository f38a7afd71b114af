//! RTCP of one leg (RFC 3550, section 6): what its peer is told of its packets and of ours, and what it tells us.
//!
//! What a peer says here is told and changes nothing: a BYE hangs up no call, and no report moves a latch.

mod compound;
mod extended;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::codec::Clock;
use crate::measure::Reported;
use crate::quality::Reception;
use compound::{Block, Compound, SenderInfo};

pub(crate) use compound::COMPOUND_BYTES_MAX;
pub use extended::Metrics;

/// The reports of one leg, both ways.
#[derive(Debug)]
pub(crate) struct Reports {
    /// Our SSRC. What we call ourselves (CNAME, RFC 7022) follows from `name`.
    ssrc: u32,
    name: u64,
    /// In which jitter is told, both ways.
    clock: Clock,
    began: Instant,
    /// When we report next; never if the peer was not agreed with.
    next: Option<Instant>,
    is_due: bool,
    count: u32,
    /// Where the last report that was believed came from.
    source: Option<SocketAddr>,
    /// Middle of the time stamp of the peer's last sender report, and when it came.
    heard: Option<(u32, Instant)>,
    /// What was expected and received of the peer up to our last report.
    before: (u64, u64),
    reported: Option<Reported>,
    /// What its last extended report told.
    metrics: Option<Metrics>,
}

/// What of a leg is told in a report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// What is received, if anything is.
    pub reception: Option<Reception>,
    /// The time stamp that RTP would carry now, packets and octets that were sent; none if nothing was sent.
    pub sent: Option<(u32, u64, u64)>,
}

impl Reports {
    pub(crate) fn new(ssrc: u32, name: u64, now: Instant) -> Reports {
        Reports {
            ssrc,
            name,
            clock: Clock(8_000),
            began: now,
            next: None,
            is_due: false,
            count: 0,
            source: None,
            heard: None,
            before: (0, 0),
            reported: None,
            metrics: None,
        }
    }

    /// Whether reports go out from now on, and the clock of the codec.
    pub(crate) fn run(&mut self, runs: bool, clock: Clock, now: Instant) {
        self.clock = clock;
        match (runs, self.next) {
            (true, None) => self.next = Some(now + self.pause() / 2),
            (false, Some(_)) => (self.next, self.is_due) = (None, false),
            (true, Some(_)) | (false, None) => {}
        }
    }

    pub(crate) fn wake(&mut self, now: Instant) {
        if self.next.is_some_and(|at| at <= now) {
            self.is_due = true;
            self.count = self.count.wrapping_add(1);
            self.next = Some(now + self.pause());
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// From us to the peer and back, as its last report told.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.reported?.round_trip
    }

    /// What the peer told.
    pub(crate) fn reported(&self) -> Option<Reported> {
        self.reported
    }

    /// What the peer told in extended reports.
    pub(crate) fn metrics(&self) -> Option<Metrics> {
        self.metrics
    }

    /// Where the peer's reports come from, if any came.
    pub(crate) fn source(&self) -> Option<SocketAddr> {
        self.source
    }

    /// Takes a report of the peer, from an address that is the peer's. `theirs` is the SSRC that its packets have, `ours`
    /// are the number of our newest packet and how many were sent. Whether it was one.
    pub(crate) fn take(
        &mut self,
        bytes: &[u8],
        (source, theirs): (SocketAddr, Option<u32>),
        ours: Option<(u16, u64)>,
        now: Instant,
    ) -> bool {
        let Some(compound) = Compound::parse(bytes, self.ssrc) else {
            return false;
        };
        if theirs.is_some_and(|theirs| theirs != compound.from) {
            return false;
        }
        self.source = Some(source);
        if let Some(sender) = compound.sender {
            self.heard = Some((sender, now));
        }
        let known = self.reported.get_or_insert_default();
        known.reports = known.reports.saturating_add(1);
        known.byes = known.byes.saturating_add(u32::from(compound.is_bye));
        known.sender_reports += u32::from(compound.sender.is_some());
        self.metrics = compound.metrics.or(self.metrics);
        let Some(block) = compound.about_us else {
            return true;
        };
        known.about_us += 1;
        if let Some((newest, sent)) = ours {
            let [.., high, low] = block.highest.to_be_bytes();
            let behind = newest.wrapping_sub(u16::from_be_bytes([high, low]));
            known.known_packets = known.known_packets.max(sent.saturating_sub(behind.into()));
        }
        known.lost = u64::from(block.lost);
        let jitter = self.clock.duration(u64::from(block.jitter)).as_micros();
        known.jitter_us = u32::try_from(jitter).unwrap_or(u32::MAX);
        known.jitter_max_us = known.jitter_max_us.max(known.jitter_us);
        let permille = u32::from(block.fraction) * 1_000 / 256;
        let permille = u16::try_from(permille).unwrap_or(u16::MAX);
        known.worst_loss_permille = known.worst_loss_permille.max(permille);
        if let Some(round_trip) = self.round_trip_by(&block, now) {
            let known = self.reported.get_or_insert_default();
            known.round_trip = Some(round_trip);
            known.round_trip_max = known.round_trip_max.max(Some(round_trip));
        }
        true
    }

    /// The report that is due; how long it is.
    pub(crate) fn write(
        &mut self,
        buffer: &mut [u8; COMPOUND_BYTES_MAX],
        told: &Told,
        now: Instant,
    ) -> Option<usize> {
        if !std::mem::take(&mut self.is_due) {
            return None;
        }
        let sender = told.sent.map(|(timestamp, packets, octets)| SenderInfo {
            time: self.time(now),
            timestamp,
            packets: low(packets),
            octets: low(octets),
        });
        let block = told.reception.map(|reception| self.block(&reception, now));
        let name = format!("{:016x}", self.name);
        Some(compound::write(buffer, self.ssrc, sender, block, &name))
    }

    fn block(&mut self, reception: &Reception, now: Instant) -> Block {
        let (expected, received) = (reception.expected, reception.received);
        let (expected_before, received_before) =
            std::mem::replace(&mut self.before, (expected, received));
        // A stream that began again has fewer than before.
        let expected_now = expected.saturating_sub(expected_before);
        let received_now = received.saturating_sub(received_before);
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now * 256).checked_div(expected_now).unwrap_or(0);
        let (last, since) = match self.heard {
            Some((middle, at)) => (middle, ticks(now.saturating_duration_since(at))),
            None => (0, 0),
        };
        let jitter = Duration::from_micros(u64::from(reception.jitter_us));
        Block {
            about: reception.ssrc,
            fraction: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: u32::try_from(expected.saturating_sub(received)).unwrap_or(u32::MAX),
            highest: reception.highest,
            jitter: self.clock.ticks(jitter),
            last_sender_report: last,
            since_last: since,
        }
    }

    /// RFC 3550, section 6.4.1: now − LSR − DLSR. A peer may write anything there.
    fn round_trip_by(&self, block: &Block, now: Instant) -> Option<Duration> {
        if block.last_sender_report == 0 {
            return None;
        }
        let middle = u32::try_from(self.time(now) >> 16 & 0xffff_ffff).ok()?;
        let ticks = middle
            .wrapping_sub(block.last_sender_report)
            .wrapping_sub(block.since_last);
        // Less than nothing by a little: the peer's clock of its delay ticks in milliseconds.
        let ticks = if ticks > u32::MAX - ROUNDED_BY_MAX {
            0
        } else {
            ticks
        };
        let round_trip = Duration::from_micros(u64::from(ticks) * 1_000_000 / 65_536);
        (round_trip <= ROUND_TRIP_MAX).then_some(round_trip)
    }

    /// Seconds and fractions since the leg began: a clock of our own, as RFC 3550 section 6.4.1 allows.
    fn time(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began) + CLOCK_BEGINS_AT;
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        since.as_secs() << 32 | fraction
    }

    /// Half to one and a half of the interval, so that reports of many calls do not come together (section 6.3.1).
    fn pause(&self) -> Duration {
        let mixed = (self.name ^ u64::from(self.count)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        INTERVAL / 2 + Duration::from_millis((mixed >> 40) % 5_000)
    }
}

fn ticks(duration: Duration) -> u32 {
    let ticks = duration.as_micros() * 65_536 / 1_000_000;
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

fn low(count: u64) -> u32 {
    u32::try_from(count & 0xffff_ffff).unwrap_or(0)
}

/// RFC 3550, section 6.2: the least interval.
const INTERVAL: Duration = Duration::from_secs(5);
/// How far a peer may round the delay that it tells, in 1/65536 s: 0.1 s.
const ROUNDED_BY_MAX: u32 = 6_554;
/// A round trip above this is a mistake of somebody's clock.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(10);
/// Our clock does not begin at 0, which means "no report".
const CLOCK_BEGINS_AT: Duration = Duration::from_secs(86_400);
