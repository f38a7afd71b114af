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

#[derive(Clone, Copy, Debug)]
struct Waiting {
    press: Press,
    method: Method,
    ways: Ways,
    until: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    digit: Digit,
    ways: Ways,
    at: Instant,
}

/// The ways that a key came.
#[derive(Clone, Copy, Debug)]
struct Ways(u8);

impl Once {
    /// A key came, not as an event; `waits` if an event of it may follow. The one that has to be told now.
    pub(crate) fn take(
        &mut self,
        press: Press,
        method: Method,
        waits: bool,
        now: Instant,
    ) -> Option<(Press, Method)> {
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
        let ways = told
            .map(|told| &mut told.ways)
            .or(waiting.map(|waiting| &mut waiting.ways));
        if let Some(ways) = ways {
            ways.add(way);
            self.doubled = self.doubled.saturating_add(1);
            return None;
        }
        if !waits {
            self.tell(press.digit, way, now);
            return Some((press, method));
        }
        self.waiting.push_back(Waiting {
            press,
            method,
            ways: way,
            until: now + EVENT_WITHIN,
        });
        if self.waiting.len() <= MAX_WAITING {
            return None;
        }
        self.first(now)
    }

    /// A key is told by its event.
    pub(crate) fn told(&mut self, digit: Digit, now: Instant) {
        self.forget(now);
        let mut ways = Ways::of(Method::TelephoneEvent);
        let same = |waiting: &Waiting| waiting.press.digit == digit;
        if let Some(index) = self.waiting.iter().position(same)
            && let Some(waiting) = self.waiting.remove(index)
        {
            ways.add(waiting.ways);
            self.doubled = self.doubled.saturating_add(1);
        }
        self.tell(digit, ways, now);
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
        self.tell(waiting.press.digit, waiting.ways, now);
        Some((waiting.press, waiting.method))
    }

    fn tell(&mut self, digit: Digit, ways: Ways, now: Instant) {
        if self.told.len() >= MAX_WAITING {
            self.told.pop_front();
        }
        self.told.push_back(Told {
            digit,
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
