//! What becomes of a dialog beside its offers and answers: its session timer, credentials that somebody asked for.

use std::time::Duration;

use schemas::LegId;
use schemas::observation::{ChallengeUnanswered, LegSide, SessionExpired, SessionRefreshed};
use sip::dialog::timer::Side;
use sip::digest::Unanswered;
use sip::{Message, Method, Name, StatusCode};

use crate::call::{Call, ended_by_edge};
use crate::step::Step;

/// Realms that one event names; more ask of nobody.
const REALMS_MAX: usize = 8;

impl Call {
    /// The session of a leg lives on.
    pub fn session_refreshed(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        (by, method): (Side, &Method),
        interval: Duration,
    ) {
        let refreshed = SessionRefreshed {
            leg,
            by: side(by),
            method: method.to_string(),
            interval_s: seconds(interval),
        };
        self.fact(step, refreshed);
    }

    /// The session of a leg was not refreshed in time.
    pub fn session_expired(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        refresher: Side,
        interval: Duration,
    ) {
        let interval_s = seconds(interval);
        let refresher = side(refresher);
        let expired = SessionExpired {
            leg,
            refresher,
            interval_s,
        };
        self.fact(step, expired);
        let cause = format!("the session was not refreshed within {interval_s} s");
        self.end(step, leg, ended_by_edge(&cause), None);
    }

    /// The far side wants credentials that nobody gave us; what its refusal means follows.
    pub fn challenge_unanswered(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        (method, why): (&Method, Unanswered),
        refusal: &Message,
    ) {
        let challenges = refusal.challenges().flatten();
        let mut realms: Vec<String> = challenges
            .map(|challenge| challenge.realm_text().into_owned())
            .collect();
        // One realm asks once for each algorithm.
        realms.dedup();
        realms.truncate(REALMS_MAX);
        let challenge = ChallengeUnanswered {
            leg,
            method: method.to_string(),
            status: refusal.status().map(StatusCode::get).unwrap_or_default(),
            realms,
            why: why.to_string(),
        };
        self.fact(step, challenge);
    }
}

/// The delay of a Retry-After; what stands behind it (a comment, a duration) is left out.
pub fn retry_after_s(message: &Message) -> Option<u32> {
    let value = message.header(Name::RetryAfter)?;
    let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn side(side: Side) -> LegSide {
    match side {
        Side::We => LegSide::Edge,
        Side::Peer => LegSide::Peer,
    }
}

fn seconds(interval: Duration) -> u32 {
    u32::try_from(interval.as_secs()).unwrap_or(u32::MAX)
}
