//! When a leg is measured, and what it is measured to be.

use std::time::{Duration, Instant};

use super::{Leg, Streaming};
use crate::call::{Events, Settings};
use crate::emodel::{Path, Pin, Rating};
use crate::event::{Event, Seen};
use crate::measure::{Measured, Occasion, Reported, Sample};
use crate::refusal::Reason;

/// When measures are due. Each leg tells a bounded number of them, however long it lives and whatever it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measuring {
    at: Option<Instant>,
    intervals: u32,
    changes: u32,
    changed_at: Option<Instant>,
    /// The worst loss that was told, in per mille.
    worst_permille: u64,
}

impl Measuring {
    pub(super) fn new(every: Option<Duration>, now: Instant) -> Measuring {
        Measuring {
            at: every.map(|every| now + every),
            intervals: 0,
            changes: 0,
            changed_at: None,
            worst_permille: 0,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.at
    }

    /// Whether the time of a measure has come; then the next one is set.
    pub(super) fn is_due(&mut self, every: Option<Duration>, now: Instant) -> bool {
        if self.at.is_none_or(|at| now < at) {
            return false;
        }
        self.intervals += 1;
        let factor = match self.intervals {
            0..SELDOM_AFTER => 1,
            _ => SELDOMER,
        };
        let next = every.filter(|_| self.intervals < INTERVALS_MAX);
        self.at = next.map(|every| now + every * factor);
        true
    }

    /// Whether a change is told: not too many, and not too fast.
    fn tells_change(&mut self, now: Instant) -> bool {
        let soon = |at: Instant| now.saturating_duration_since(at) < CHANGE_EVERY;
        if self.changes >= CHANGES_MAX || self.changed_at.is_some_and(soon) {
            return false;
        }
        self.changes += 1;
        self.changed_at = Some(now);
        true
    }

    /// Whether that much loss is more than was known.
    fn is_worse(&mut self, sample: &Sample) -> bool {
        let permille = sample.missing_permille();
        let worse = permille >= LOSS_FROM_PERMILLE && permille >= self.worst_permille * 3 / 2;
        if worse {
            self.worst_permille = permille;
        }
        worse
    }
}

impl Leg {
    /// Tells that nothing is heard, if that is so, and what is seen instead.
    pub(super) fn look(&mut self, settings: &Settings, now: Instant, events: &mut Events) {
        let mut told = None;
        self.watch.look(&settings.silence, now, |silence, lasted| {
            told = Some((silence, lasted));
        });
        if let Some((silence, lasted)) = told {
            let seen = self.seen();
            let silent = Event::Silent {
                silence,
                lasted,
                seen,
            };
            events.push(self.id, silent);
            self.tell_change(Occasion::Silence, now, events);
        }
    }

    /// A packet was taken: ends the sample that is over, and tells if it is worse than those before.
    pub(super) fn sample(&mut self, now: Instant, events: &mut Events) {
        if !self.incoming.sample_is_due(now) {
            return;
        }
        let sample = self.incoming.sample(self.round_trip(), now);
        if self.measuring.is_worse(&sample) {
            self.tell_change(Occasion::Loss, now, events);
        }
    }

    /// Something changed: measures the leg at once, unless that was done too often.
    pub(super) fn tell_change(&mut self, occasion: Occasion, now: Instant, events: &mut Events) {
        if self.measuring.tells_change(now) {
            self.tell_measured(occasion, now, events);
        }
    }

    /// Measures the leg and begins anew with its samples.
    pub(crate) fn tell_measured(&mut self, occasion: Occasion, now: Instant, events: &mut Events) {
        let measured = self.measured(occasion, now);
        self.incoming.forget_samples();
        events.push(self.id, Event::Measured(Box::new(measured)));
    }

    /// The leg in numbers.
    pub(crate) fn measured(&self, occasion: Occasion, now: Instant) -> Measured {
        let refused_by_reason = self.refusals.counts();
        let refused = Reason::ALL
            .iter()
            .zip(refused_by_reason)
            .filter(|(reason, _)| **reason != Reason::Rtcp);
        let stream = self.stream.as_deref();
        let round_trip = self.round_trip();
        let samples = self.incoming.samples().to_vec();
        let codec = self.incoming.codec();
        let rate = |sample: &Sample| {
            let micros = |us: u32| Duration::from_micros(u64::from(us));
            let delay = self.incoming.delay(sample.round_trip_us.map(micros));
            sample.rate(Pin::of(codec?), delay)
        };
        Measured {
            occasion,
            opinions: samples.iter().map(rate).collect(),
            samples,
            received: match stream {
                Some(stream) => stream.received(),
                None => self.incoming.stream(round_trip),
            },
            sent: self.sent.stream(),
            refused: refused.map(|(_, count)| u64::from(count)).sum(),
            refused_by_reason,
            reported: self.reported(),
            metrics: self.reports.metrics(),
            first_packet_after: self.first_packet_after,
            over: now.saturating_duration_since(self.added_at),
            keys_doubled: self.once.doubled(),
            streamed: stream.map(Streaming::measured),
        }
    }

    /// What the peer reports, and what our packets are worth to it.
    fn reported(&self) -> Option<Reported> {
        let reported = self.reports.reported()?;
        let rating = self.rating_of(&reported);
        Some(Reported { rating, ..reported })
    }

    fn rating_of(&self, reported: &Reported) -> Option<Rating> {
        let session = self.session.as_ref()?;
        let path = Path {
            missing: reported.lost,
            expected: reported.known_packets,
            // A report does not tell how they were lost: at random, then.
            runs: reported.lost,
            delay: self.incoming.delay(reported.round_trip),
        };
        let is_told = reported.about_us > 0;
        path.rate(Pin::of(session.negotiated.codec))
            .filter(|_| is_told)
    }

    fn round_trip(&self) -> Option<Duration> {
        self.reports.round_trip()
    }

    pub(super) fn seen(&self) -> Seen {
        let sent = self.sent.packets();
        let (refused_meanwhile, refused_source) = self.refusals.meanwhile();
        Seen {
            received: match &self.stream {
                Some(stream) => stream.received().packets,
                None => self.incoming.packets(),
            },
            sent,
            sent_meanwhile: sent - self.sent_when_heard,
            refused_meanwhile,
            refused_source,
        }
    }
}

/// Measures at the interval that is asked for; with one of 30 s these are ten minutes.
const SELDOM_AFTER: u32 = 20;
/// How much seldomer they are from then on.
const SELDOMER: u32 = 10;
/// Measures of a leg because time passed; with an interval of 30 s these are more than 18 hours.
const INTERVALS_MAX: u32 = 240;
/// Measures of a leg because something changed.
const CHANGES_MAX: u32 = 16;
/// The least time between two of them.
const CHANGE_EVERY: Duration = Duration::from_secs(5);
/// Loss in a sample from here on is a change, if it is half as much again as what was told before: 3 %.
const LOSS_FROM_PERMILLE: u64 = 30;
