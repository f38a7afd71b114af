//! A key counts once, however many ways it comes: as a telephone event, in the signalling (SIP INFO) and as tones. Some phone
//! systems tell every key two or three ways.
//!
//! An event is told at once. What comes another way waits a moment for its event, if there can be one; behind a key that was
//! told it says nothing new, once for each way.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Digit, Press};
use crate::event::Method;

/// What was told one way and may come another way too.
#[derive(Debug, Default)]
pub(crate) struct Once {
    /// Keys that wait for their event.
    waiting: VecDeque<Waiting>,
    /// Keys that were told.
    told: VecDeque<Told>,
    /// Keys that said nothing new.
    doubled: u32,
}

/// A key that came in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubled {
    /// The way in which it counts.
    pub counted_as: Method,
    /// The other way.
    pub method: Method,
    /// The time between both.
    pub apart: Duration,
}

/// What becomes of a key that came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Came {
    /// It is told now.
    Told(Press, Method),
    /// It waits for its event.
    Waits,
    /// It was told, or waits, already.
    Doubled(Doubled),
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    press: Press,
    method: Method,
    ways: Ways,
    since: Instant,
    until: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    digit: Digit,
    method: Method,
    ways: Ways,
    at: Instant,
}

/// The ways that a key came.
#[derive(Clone, Copy, Debug)]
struct Ways(u8);

impl Once {
    /// A key came, not as an event; `waits` if an event of it may follow. If too many wait, the first of them is told.
    pub(crate) fn take(&mut self, press: Press, method: Method, waits: bool, now: Instant) -> Came {
        self.forget(now);
        let way = Ways::of(method);
        let told = self
            .told
            .iter_mut()
            .find(|told| told.digit == press.digit && !told.ways.has(way));
        let waiting = self
            .waiting
            .iter_mut()
            .find(|waiting| waiting.press.digit == press.digit && !waiting.ways.has(way));
        let known = told
            .map(|told| (&mut told.ways, told.method, told.at))
            .or(waiting.map(|waiting| (&mut waiting.ways, waiting.method, waiting.since)));
        if let Some((ways, counted_as, at)) = known {
            ways.add(way);
            self.doubled = self.doubled.saturating_add(1);
            return Came::Doubled(Doubled {
                counted_as,
                method,
                apart: now.saturating_duration_since(at),
            });
        }
        if !waits {
            self.tell((press.digit, method), way, now);
            return Came::Told(press, method);
        }
        self.waiting.push_back(Waiting {
            press,
            method,
            ways: way,
            since: now,
            until: now + EVENT_WITHIN,
        });
        if self.waiting.len() <= MAX_WAITING {
            return Came::Waits;
        }
        let first = self.first(now);
        first.map_or(Came::Waits, |(press, method)| Came::Told(press, method))
    }

    /// A key is told by its event. The other way in which it came before, if it did.
    pub(crate) fn told(&mut self, digit: Digit, now: Instant) -> Option<Doubled> {
        self.forget(now);
        let counted_as = Method::TelephoneEvent;
        let mut ways = Ways::of(counted_as);
        let same = |waiting: &Waiting| waiting.press.digit == digit;
        let place = self.waiting.iter().position(same);
        let waiting = place.and_then(|index| self.waiting.remove(index));
        let doubled = waiting.map(|waiting| {
            ways.add(waiting.ways);
            self.doubled = self.doubled.saturating_add(1);
            Doubled {
                counted_as,
                method: waiting.method,
                apart: now.saturating_duration_since(waiting.since),
            }
        });
        self.tell((digit, counted_as), ways, now);
        doubled
    }

    /// The next key whose event did not come; `down` is the one whose event is going on.
    pub(crate) fn due(&mut self, now: Instant, down: Option<Digit>) -> Option<(Press, Method)> {
        let waiting = self.waiting.front_mut()?;
        if waiting.until > now {
            return None;
        }
        if down == Some(waiting.press.digit) {
            waiting.until = now + EVENT_WITHIN;
            return None;
        }
        self.first(now)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.front().map(|waiting| waiting.until)
    }

    /// Keys that came again another way.
    pub(crate) fn doubled(&self) -> u32 {
        self.doubled
    }

    fn first(&mut self, now: Instant) -> Option<(Press, Method)> {
        let waiting = self.waiting.pop_front()?;
        self.tell((waiting.press.digit, waiting.method), waiting.ways, now);
        Some((waiting.press, waiting.method))
    }

    fn tell(&mut self, (digit, method): (Digit, Method), ways: Ways, now: Instant) {
        if self.told.len() >= MAX_WAITING {
            self.told.pop_front();
        }
        self.told.push_back(Told {
            digit,
            method,
            ways,
            at: now,
        });
    }

    fn forget(&mut self, now: Instant) {
        while let Some(told) = self.told.front()
            && now.saturating_duration_since(told.at) >= SAME_WITHIN
        {
            self.told.pop_front();
        }
    }
}

impl Ways {
    fn of(method: Method) -> Ways {
        Ways(match method {
            Method::TelephoneEvent => 1,
            Method::Signalled => 2,
            Method::InBand => 4,
        })
    }

    fn has(self, other: Ways) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Ways) {
        self.0 |= other.0;
    }
}

/// How long a key waits for its event to begin: the signalling may take the shorter way.
const EVENT_WITHIN: Duration = Duration::from_millis(250);
/// How long after it was told a key may come another way: three repetitions of an INFO (RFC 3261, timer E).
const SAME_WITHIN: Duration = Duration::from_millis(3_500);
/// Keys that wait at once, and keys that are remembered; nobody presses more within these times.
const MAX_WAITING: usize = 16;
