//! Keys to a leg whose trunk takes them by INFO (application/dtmf-relay): one at a time, so that none overtakes another.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::Digit;
use schemas::LegId;
use schemas::observation::{DigitEarly, DigitLoss, DigitLost, InfoNotAllowed};
use sip::endpoint::Endpoint;
use sip::endpoint::extra::Extra;
use sip::endpoint::keys::LegKey;
use sip::{Message, Method, Name, StatusCode};

use crate::call::Call;
use crate::step::Step;
use crate::tally::milliseconds;
use crate::voice::Hears;

/// Keys that wait for their turn: more than anybody types ahead. What comes behind them is lost, as it would be with a
/// peer that does not listen.
const WAITING_MAX: usize = 32;

/// How long behind its answer a leg may not listen to keys yet: a phone system connects its own far side first.
const LISTENS_AFTER: Duration = Duration::from_millis(500);

/// The keys of one leg.
#[derive(Debug, Default)]
pub struct Keys {
    waiting: VecDeque<(Digit, Duration)>,
    /// An INFO was sent and has no answer yet.
    is_sent: bool,
}

impl Call {
    /// A key was pressed on a leg: whoever hears it and takes keys by INFO gets one.
    pub fn pass_key(&mut self, step: &mut Step<'_>, from: LegId, digit: Digit, down: Duration) {
        let mut lost = Vec::new();
        let legs = self.legs.values_mut();
        for leg in legs.filter(|leg| leg.hears == Hears::Leg(from) && leg.talks()) {
            let (Some(keys), Some(key)) = (leg.keys.as_mut(), leg.key) else {
                continue;
            };
            if keys.waiting.len() < WAITING_MAX {
                keys.waiting.push_back((digit, down));
            } else {
                lost.push(leg.id);
            }
            keys.send_next(step.endpoint, key, step.moment.now);
        }
        for leg in lost {
            let because = DigitLoss::TooMany;
            self.fact(step, DigitLost { leg, because });
        }
    }

    /// A key that began so long ago went to whoever hears a leg: tells if one of them may not have listened.
    pub fn note_early_key(&mut self, step: &mut Step<'_>, from: LegId, down: Duration) {
        let now = step.moment.now;
        let early = self.legs.values().filter_map(|leg| {
            let hears = leg.hears == Hears::Leg(from) && leg.talks() && leg.stream.is_none();
            let answered = leg.answered.filter(|_| hears)?;
            let after = now.saturating_duration_since(answered).saturating_sub(down);
            // An INFO finds its way without packets.
            let unheard = !leg.latched && leg.keys.is_none();
            (after < LISTENS_AFTER || unheard).then(|| DigitEarly {
                leg: leg.id,
                after_answer_ms: milliseconds(after),
                latched: leg.latched,
            })
        });
        for early in early.collect::<Vec<_>>() {
            self.fact(step, early);
        }
    }

    /// What a peer said that it takes: tells if keys for it are to go by INFO, and that is not among it.
    pub fn note_allowed(&mut self, step: &mut Step<'_>, leg: LegId, message: &Message) {
        let state = self.legs.get(&leg).filter(|leg| leg.is_live());
        let by_info = state.is_some_and(|leg| leg.keys.is_some());
        let mut allowed = message.headers(Name::Allow).peekable();
        if !by_info || allowed.peek().is_none() {
            // One that says nothing takes what it takes.
            return;
        }
        let allow = allowed.collect::<Vec<_>>().join(", ");
        let info = Method::Info.as_str();
        if !allow.split(',').any(|method| method.trim() == info) {
            self.fact(step, InfoNotAllowed { leg, allow });
        }
    }

    /// An INFO of ours was answered, or never will be: the next key. Without a status it had no answer.
    pub fn key_answered(&mut self, step: &mut Step<'_>, leg: LegId, status: Option<StatusCode>) {
        let loss = match status {
            Some(status) if status.is_success() => None,
            Some(status) => Some(DigitLoss::Refused {
                status: status.get(),
            }),
            None => Some(DigitLoss::Unanswered),
        };
        if let Some(because) = loss {
            self.fact(step, DigitLost { leg, because });
        }
        let Some(leg) = self.legs.get_mut(&leg) else {
            return;
        };
        if let (Some(keys), Some(key)) = (leg.keys.as_mut(), leg.key) {
            keys.is_sent = false;
            keys.send_next(step.endpoint, key, step.moment.now);
        }
    }
}

impl Keys {
    fn send_next(&mut self, endpoint: &mut Endpoint, leg: LegKey, now: Instant) {
        while !self.is_sent
            && let Some((digit, down)) = self.waiting.pop_front()
        {
            let sent = endpoint.info(
                leg,
                "application/dtmf-relay",
                body(digit, down),
                &Extra::none(),
                now,
            );
            // A leg that is over takes none: they are lost with it.
            self.is_sent = sent.is_ok();
        }
    }
}

fn body(digit: Digit, down: Duration) -> Bytes {
    let key = digit.key();
    format!("Signal={key}\r\nDuration={}\r\n", down.as_millis()).into()
}
