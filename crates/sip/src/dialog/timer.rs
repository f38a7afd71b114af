//! Session timer: how long an established session lives without a refresh, and who refreshes it (RFC 4028).
//!
//! ```text
//!  0            half                    interval - min(32 s, a third)      interval
//!  |--------------|------------------------------------|-----------------------|
//!  agreed         the refresher asks                   whoever sees no refresh hangs up
//!                 again
//! ```

use std::time::{Duration, Instant};

use crate::dialog::abilities::{Ability, TIMER, ability};
use crate::endpoint::keys::TransactionKey;
use crate::endpoint::terms::{TimerMode, TimerTerms};
use crate::message::Message;
use crate::session_timer::{Refresher, SessionExpires};
use crate::timers::Timer;

/// The timer of an established session.
#[derive(Debug, Clone)]
pub struct SessionTimer {
    /// How long the session lives without a refresh.
    pub interval: Duration,
    /// Who refreshes it.
    pub refresher: Side,
    /// When it was agreed on or refreshed last.
    pub refreshed: Instant,
    /// When we refresh it next; none if the peer does, or while nothing more can be tried.
    pub next: Option<Instant>,
    /// Our UPDATE that refreshes it and has no answer yet.
    pub attempt: Option<TransactionKey>,
}

/// We or the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// We.
    We,
    /// The peer.
    Peer,
}

/// What two ends agreed on about the timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes.
    pub refresher: Side,
}

/// The shortest interval that exists, in seconds (RFC 4028 §4).
pub const MIN_SE_S: u32 = 90;

/// How long before the end of the interval whoever sees no refresh hangs up, at most (RFC 4028 §10).
const MARGIN_MAX: Duration = Duration::from_secs(32);

/// A refresh that was refused is tried again after half of what is left, but not sooner than this.
const AGAIN_MIN: Duration = Duration::from_secs(5);

impl SessionTimer {
    /// The timer that runs from now.
    pub fn start(agreed: Agreed, now: Instant) -> Self {
        let interval = Duration::from_secs(u64::from(agreed.seconds));
        let next = match agreed.refresher {
            Side::We => Some(now + interval / 2),
            Side::Peer => None,
        };
        SessionTimer {
            interval,
            refresher: agreed.refresher,
            refreshed: now,
            next,
            attempt: None,
        }
    }

    /// When whoever sees no refresh hangs up.
    pub fn expiry(&self) -> Instant {
        self.refreshed + self.interval - MARGIN_MAX.min(self.interval / 3)
    }

    /// What is due next.
    pub fn deadline(&self) -> (Instant, Timer) {
        let expiry = (self.expiry(), Timer::SessionExpiry);
        let refresh = self.next.map(|at| (at, Timer::SessionRefresh));
        refresh.map_or(expiry, |refresh| refresh.min(expiry))
    }

    /// Our refresh was refused: when to try again, if there is time.
    pub fn try_again(&mut self, now: Instant) {
        let left = self.expiry().saturating_duration_since(now);
        self.attempt = None;
        self.next = Some(now + AGAIN_MIN.max(left / 2)).filter(|at| *at < self.expiry());
    }

    /// Session-Expires of a request of ours that keeps the timer as it is.
    pub fn kept(&self, min_se_s: u32) -> SessionExpires {
        let seconds = u32::try_from(self.interval.as_secs()).unwrap_or(u32::MAX);
        let refresher = match self.refresher {
            Side::We => Refresher::Uac,
            Side::Peer => Refresher::Uas,
        };
        SessionExpires {
            seconds: seconds.max(min_se_s),
            refresher: Some(refresher),
        }
    }
}

/// Session-Expires of a request of ours that asks for a timer, if the terms want one.
pub fn wanted(terms: &TimerTerms, min_se_s: u32) -> Option<SessionExpires> {
    let refresher = terms.refresher.map(|side| match side {
        Side::We => Refresher::Uac,
        Side::Peer => Refresher::Uas,
    });
    let seconds = terms.expires_s.max(terms.floor_s()).max(min_se_s);
    (terms.mode == TimerMode::Want).then_some(SessionExpires { seconds, refresher })
}

/// The Min-SE of a 422, if the interval that a request asks for is too short for us (RFC 4028 §9). A peer that does
/// not know the extension cannot be told: its proxy asked.
pub fn too_short(terms: &TimerTerms, request: &Message) -> Option<u32> {
    let asked = request.session_expires().ok().flatten()?;
    let knows = ability(request, TIMER) != Ability::Unknown;
    let floor = terms.floor_s();
    (terms.mode != TimerMode::Off && knows && asked.seconds < floor).then_some(floor)
}

/// What our 2xx to this request says (RFC 4028 §9, Table 2); `current` is what holds until then.
pub fn answer(
    terms: &TimerTerms,
    current: Option<&SessionTimer>,
    request: &Message,
) -> Option<Agreed> {
    if terms.mode == TimerMode::Off {
        return None;
    }
    let knows = ability(request, TIMER) != Ability::Unknown;
    let floor = request.min_se_s().ok().flatten().unwrap_or(MIN_SE_S);
    let asked = request.session_expires().ok().flatten();
    let (seconds, asks) = match (asked, current) {
        // Too short, and nobody there who could be told: better none than one that kills the call.
        (Some(asked), _) if asked.seconds < terms.floor_s() => return None,
        (Some(asked), _) if terms.mode == TimerMode::Want => {
            let shorter = terms.expires_s.max(floor).max(terms.floor_s());
            (asked.seconds.min(shorter), asked.refresher)
        }
        (Some(asked), _) => (asked.seconds, asked.refresher),
        // A change of the session that does not speak of the timer leaves it as it is.
        (None, Some(timer)) if knows || timer.refresher == Side::We => {
            let kept = timer.kept(floor);
            // What was written for a request of ours reads the other way round in an answer.
            let refresher = match timer.refresher {
                Side::We => Refresher::Uas,
                Side::Peer => Refresher::Uac,
            };
            (kept.seconds, Some(refresher))
        }
        (None, _) if terms.mode == TimerMode::Want => {
            let seconds = terms.expires_s.max(terms.floor_s()).max(floor);
            // Who wants the timer keeps it, unless told otherwise.
            let refresher = match terms.refresher {
                Some(Side::Peer) => Refresher::Uac,
                Some(Side::We) | None => Refresher::Uas,
            };
            (seconds, Some(refresher))
        }
        (None, _) => return None,
    };
    let refresher = match (knows, asks, terms.refresher) {
        (false, _, _) | (true, Some(Refresher::Uas), _) | (true, None, Some(Side::We)) => Side::We,
        (true, Some(Refresher::Uac), _) | (true, None, Some(Side::Peer) | None) => Side::Peer,
    };
    Some(Agreed { seconds, refresher })
}

/// What a 2xx to a request of ours says (RFC 4028 §7.2): without Session-Expires there is no timer. A peer that knows
/// no timers cannot have switched off the one that we keep for it (§9, Table 2, first row).
pub fn answered(
    terms: &TimerTerms,
    current: Option<&SessionTimer>,
    response: &Message,
) -> Option<Agreed> {
    if terms.mode == TimerMode::Off {
        return None;
    }
    let Some(said) = response.session_expires().ok().flatten() else {
        let ours = current.filter(|timer| timer.refresher == Side::We)?;
        let knows = ability(response, TIMER) != Ability::Unknown;
        let (seconds, refresher) = (ours.kept(MIN_SE_S).seconds, Side::We);
        return (!knows).then_some(Agreed { seconds, refresher });
    };
    let refresher = match said.refresher {
        Some(Refresher::Uas) => Side::Peer,
        Some(Refresher::Uac) | None => Side::We,
    };
    Some(Agreed {
        // Nobody may go below; a peer that does would have us refresh without pause.
        seconds: said.seconds.max(MIN_SE_S),
        refresher,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(lines: &str) -> Message {
        let text = format!(
            "UPDATE sip:a@b SIP/2.0\r\n{}\r\n",
            lines.replace('\n', "\r\n")
        );
        Message::parse(text.into()).unwrap()
    }

    fn terms(mode: TimerMode, refresher: Option<Side>) -> TimerTerms {
        TimerTerms {
            mode,
            refresher,
            ..TimerTerms::default()
        }
    }

    /// RFC 4028 §9, Table 2, row by row, and what it leaves to us.
    #[test]
    fn the_refresher_is_as_table_2_has_it() {
        let knows = "Supported: timer\n";
        for (supported, asked, preferred, refresher) in [
            ("", "", None, Side::We),
            ("", ";refresher=uac", None, Side::We),
            ("", ";refresher=uas", None, Side::We),
            ("", "", Some(Side::Peer), Side::We),
            (knows, "", None, Side::Peer),
            (knows, "", Some(Side::We), Side::We),
            (knows, "", Some(Side::Peer), Side::Peer),
            (knows, ";refresher=uac", Some(Side::We), Side::Peer),
            (knows, ";refresher=uas", Some(Side::Peer), Side::We),
        ] {
            let asked = request(&format!("{supported}Session-Expires: 1200{asked}\n"));
            let agreed = answer(&terms(TimerMode::Accept, preferred), None, &asked);
            let seconds = 1200;
            let expected = Agreed { seconds, refresher };
            assert_eq!(agreed, Some(expected), "{supported} {preferred:?}");
        }
    }

    #[test]
    fn the_interval_is_never_raised_and_never_below_the_floor() {
        let want = TimerTerms {
            expires_s: 600,
            min_se_s: 120,
            ..terms(TimerMode::Want, None)
        };
        for (lines, seconds) in [
            ("Supported: timer\nSession-Expires: 1800\n", Some(600)),
            ("Supported: timer\nSession-Expires: 400\n", Some(400)),
            (
                "Supported: timer\nSession-Expires: 1800\nMin-SE: 900\n",
                Some(900),
            ),
            ("Supported: timer\nMin-SE: 900\n", Some(900)),
            ("Supported: timer\n", Some(600)),
            ("", Some(600)),
            ("Session-Expires: 100\n", None),
            ("Session-Expires: x\n", Some(600)),
        ] {
            let agreed = answer(&want, None, &request(lines));
            assert_eq!(agreed.map(|agreed| agreed.seconds), seconds, "{lines}");
        }
        let accept = terms(TimerMode::Accept, None);
        assert_eq!(answer(&accept, None, &request("Supported: timer\n")), None);
        let off = terms(TimerMode::Off, None);
        let asked = request("Supported: timer\nSession-Expires: 60\n");
        assert_eq!(answer(&off, None, &asked), None);
        assert_eq!(too_short(&off, &asked), None);
        assert_eq!(too_short(&want, &asked), Some(120));
        assert_eq!(too_short(&accept, &asked), Some(90));
        assert_eq!(too_short(&accept, &request("Session-Expires: 60\n")), None);
    }

    #[test]
    fn a_change_that_does_not_speak_of_the_timer_leaves_it() {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test needs some instant to count from"
        )]
        let now = Instant::now();
        let accept = terms(TimerMode::Accept, None);
        for refresher in [Side::We, Side::Peer] {
            let seconds = 300;
            let agreed = Agreed { seconds, refresher };
            let timer = SessionTimer::start(agreed, now);
            let known = answer(&accept, Some(&timer), &request("Supported: timer\n"));
            assert_eq!(known, Some(agreed));
            let unknown = answer(&accept, Some(&timer), &request(""));
            assert_eq!(unknown, Some(agreed).filter(|_| refresher == Side::We));
        }
    }

    #[test]
    fn the_last_moment_is_a_third_or_32_seconds_before_the_end() {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test needs some instant to count from"
        )]
        let now = Instant::now();
        for (seconds, half_s, expiry_s) in [(90, 45, 60), (96, 48, 64), (1800, 900, 1768)] {
            let refresher = Side::We;
            let timer = SessionTimer::start(Agreed { seconds, refresher }, now);
            assert_eq!(timer.next, Some(now + Duration::from_secs(half_s)));
            assert_eq!(timer.expiry(), now + Duration::from_secs(expiry_s));
        }
    }
}
