//! Keys that are told in the signalling (SIP INFO) by a leg that sends telephone events as well: some phone systems tell
//! every key both ways, and it counts once.
//!
//! A key in the signalling waits a moment for its event; with the event, or right after it, it says nothing new.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Digit, Press};

/// What was told one way and may come the other way too.
#[derive(Debug, Default)]
pub(crate) struct Signalled {
    /// Keys of the signalling, and until when each waits for its event.
    waiting: VecDeque<(Press, Instant)>,
    /// Keys of events whose signalling did not come, and when each was told.
    events: VecDeque<(Digit, Instant)>,
}

impl Signalled {
    /// A key came in the signalling. The one that has to be told now because too many wait.
    pub(crate) fn take(&mut self, press: Press, now: Instant) -> Option<Press> {
        self.forget(now);
        let same = |(digit, _): &(Digit, Instant)| *digit == press.digit;
        if let Some(index) = self.events.iter().position(same) {
            self.events.remove(index);
            return None;
        }
        self.waiting.push_back((press, now + EVENT_WITHIN));
        if self.waiting.len() <= MAX_WAITING {
            return None;
        }
        self.waiting.pop_front().map(|(press, _)| press)
    }

    /// A key is told by its event.
    pub(crate) fn told(&mut self, digit: Digit, now: Instant) {
        self.forget(now);
        let same = |(press, _): &(Press, Instant)| press.digit == digit;
        if let Some(index) = self.waiting.iter().position(same) {
            self.waiting.remove(index);
            return;
        }
        if self.events.len() >= MAX_WAITING {
            self.events.pop_front();
        }
        self.events.push_back((digit, now));
    }

    /// The next key whose event did not come; `down` is the one whose event is going on.
    pub(crate) fn due(&mut self, now: Instant, down: Option<Digit>) -> Option<Press> {
        let (press, until) = self.waiting.front_mut()?;
        if *until > now {
            return None;
        }
        if down == Some(press.digit) {
            *until = now + EVENT_WITHIN;
            return None;
        }
        self.waiting.pop_front().map(|(press, _)| press)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.front().map(|(_, until)| *until)
    }

    fn forget(&mut self, now: Instant) {
        while let Some((_, at)) = self.events.front()
            && now.saturating_duration_since(*at) >= SIGNALLED_WITHIN
        {
            self.events.pop_front();
        }
    }
}

/// How long a key of the signalling waits for its event to begin: the signalling may take the shorter way.
const EVENT_WITHIN: Duration = Duration::from_millis(250);
/// How long after its event a key may come in the signalling: three repetitions of an INFO (RFC 3261, timer E).
const SIGNALLED_WITHIN: Duration = Duration::from_millis(3_500);
/// Keys that wait at once, each way; nobody presses more within these times.
const MAX_WAITING: usize = 16;
