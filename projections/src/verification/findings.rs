//! What one call that is over shows of the trunks that it went through.
//!
//! That something did not come proves nothing when the history has a hole or the time was short: such
//! a finding is inconclusive. Every finding names the events that it rests on, or there is none.

use schemars::JsonSchema;
use schemas::{CallId, EventId, LegId, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use super::{Check, Verdict, transfer};
use crate::history::{Leg, Outcome, Role, Row};
use crate::plain;

/// Audio that did not come within less talk than this proves nothing: 5 s.
const AUDIO_MIN_MS: u64 = 5_000;

/// A number with fewer digits is an extension (ITU-T E.164 allows 15 at most).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// What one call shows for one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The row.
    pub check: Check,
    /// What it shows.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: String,
    /// The call.
    pub call: CallId,
    /// When the call ended.
    pub at: Timestamp,
    /// The events that it rests on.
    pub events: Vec<EventId>,
}

/// What a call shows, for each trunk. Nothing before it is over.
pub fn findings(row: &Row) -> Vec<(TrunkName, Finding)> {
    let Some(end) = &row.end else {
        return Vec::new();
    };
    let mut judge = Judge {
        row,
        at: end.at,
        found: Vec::new(),
    };
    if let (Some(trunk), Some(caller)) = (&row.trunk, row.leg(LegId::CALLER)) {
        judge.inbound(trunk, caller);
        judge.audio(trunk, caller);
        judge.codec(trunk, caller);
        judge.digits(trunk, caller);
        judge.caller_id(trunk, caller);
    }
    for transfer in &row.transfers {
        transfer::judge(&mut judge, transfer);
    }
    for leg in &row.legs {
        if let (Some(trunk), true) = (&leg.trunk, leg.id != LegId::CALLER) {
            judge.outbound(trunk, leg);
        }
    }
    judge.found
}

pub(super) struct Judge<'a> {
    pub(super) row: &'a Row,
    at: Timestamp,
    found: Vec<(TrunkName, Finding)>,
}

impl Judge<'_> {
    /// Notes a finding. One that rests on no event does not exist; one that says that something did
    /// not come does not hold when the history has a hole.
    pub(super) fn find(
        &mut self,
        trunk: &TrunkName,
        check: Check,
        (verdict, why): (Verdict, String),
        events: &[Option<EventId>],
    ) {
        let events: Vec<EventId> = events.iter().flatten().copied().collect();
        if events.is_empty() {
            return;
        }
        let holes = self.row.incomplete();
        let (verdict, why) = match verdict {
            Verdict::Fail if !holes.is_empty() => {
                let why = format!("{why}; but the history is incomplete: {}", holes.join(", "));
                (Verdict::Inconclusive, why)
            }
            _ => (verdict, why),
        };
        self.found.push((
            trunk.clone(),
            Finding {
                check,
                verdict,
                why: plain(&why).into_owned(),
                call: self.row.call,
                at: self.at,
                events,
            },
        ));
    }

    fn inbound(&mut self, trunk: &TrunkName, caller: &Leg) {
        let row = self.row;
        let agent = row.leg_as(Role::Agent);
        let agent_answered = agent
            .and_then(|leg| leg.evidence.answered)
            .or(row.built_in_event);
        let events = [
            caller.evidence.began,
            row.routed.as_ref().map(|routed| routed.event),
            agent_answered,
            caller.evidence.answered,
        ];
        let end = row.end.as_ref().map(|end| end.event);
        if let (Some(_), Some(_), Some(name)) =
            (agent_answered, caller.evidence.answered, row.agent())
        {
            let ring = row.ring_ms.unwrap_or_default();
            let why = format!("agent {name} was on the line {ring} ms after the INVITE");
            self.find(
                trunk,
                Check::InboundReachesAgent,
                (Verdict::Pass, why),
                &events,
            );
        } else if let Some(refused) = &row.refused {
            let why = format!(
                "the call was refused with {}: {}",
                refused.status, refused.why
            );
            let events = [caller.evidence.began, Some(refused.event)];
            self.find(
                trunk,
                Check::InboundReachesAgent,
                (Verdict::Fail, why),
                &events,
            );
        } else if row.outcome == Outcome::Abandoned {
            let after = row.ring_ms.unwrap_or_default();
            let why = format!("the caller gave up after {after} ms, before the agent answered");
            let events = [caller.evidence.began, end];
            self.find(
                trunk,
                Check::InboundReachesAgent,
                (Verdict::Inconclusive, why),
                &events,
            );
        } else if let Some(failed) = agent.and_then(|leg| leg.evidence.failed) {
            let cause = agent.map(|leg| leg.cause.as_str()).unwrap_or_default();
            let why = format!("the agent was not reached: {cause}");
            let events = [caller.evidence.began, Some(failed)];
            self.find(
                trunk,
                Check::InboundReachesAgent,
                (Verdict::Fail, why),
                &events,
            );
        } else {
            let why = "the call ended before an agent was on the line".to_owned();
            let events = [caller.evidence.began, end];
            self.find(
                trunk,
                Check::InboundReachesAgent,
                (Verdict::Inconclusive, why),
                &events,
            );
        }
    }

    fn audio(&mut self, trunk: &TrunkName, caller: &Leg) {
        if caller.evidence.answered.is_none() {
            return;
        }
        let row = self.row;
        let others: Vec<&Leg> = row
            .legs
            .iter()
            .filter(|leg| leg.id != LegId::CALLER && leg.answered.is_some())
            .collect();
        let mut events = vec![caller.evidence.answered, caller.evidence.measured];
        events.extend(others.iter().map(|leg| leg.evidence.measured));
        let judged = audio_of(row, caller, &others);
        self.find(trunk, Check::TwoWayAudio, judged, &events);
    }

    fn codec(&mut self, trunk: &TrunkName, caller: &Leg) {
        let refused = self
            .row
            .refused
            .as_ref()
            .filter(|one| matches!(one.status, 415 | 488 | 606));
        if let Some(codec) = &caller.codec {
            let name = codec.name.split('/').next().unwrap_or_default();
            let judged = if name.eq_ignore_ascii_case("PCMU") || name.eq_ignore_ascii_case("PCMA") {
                (Verdict::Pass, format!("{} was agreed on", codec.name))
            } else {
                let why = format!("{} was agreed on, which is not G.711", codec.name);
                (Verdict::Inconclusive, why)
            };
            self.find(trunk, Check::Codec, judged, &[caller.evidence.codec]);
        } else if let Some(refused) = refused {
            let why = format!("no common codec: {} {}", refused.status, refused.why);
            let events = [caller.evidence.began, Some(refused.event)];
            self.find(trunk, Check::Codec, (Verdict::Fail, why), &events);
        }
    }

    fn digits(&mut self, trunk: &TrunkName, caller: &Leg) {
        if caller.digits > 0 {
            let many = if caller.digits == 1 {
                "1 digit".to_owned()
            } else {
                format!("{} digits", caller.digits)
            };
            let why = format!("{many} arrived; whether as pressed, only a test call can tell");
            self.find(
                trunk,
                Check::Digits,
                (Verdict::Pass, why),
                &[caller.evidence.digit],
            );
        }
    }

    fn caller_id(&mut self, trunk: &TrunkName, leg: &Leg) {
        let Some(caller) = &self.row.caller else {
            return;
        };
        let number = caller.number.reveal();
        let digits = number.strip_prefix('+').unwrap_or(number);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let field = &caller.field;
        let judged = if number.is_empty() || number.eq_ignore_ascii_case("anonymous") {
            (
                Verdict::Inconclusive,
                format!("the caller withheld the number ({field})"),
            )
        } else if !is_number {
            (Verdict::Fail, format!("{field} holds no number: {number}"))
        } else if !NUMBER_DIGITS.contains(&digits.len()) {
            (
                Verdict::Fail,
                format!("{field} holds {number}, which is no full number"),
            )
        } else if number.starts_with('+') {
            (Verdict::Pass, format!("{field} holds {number}"))
        } else {
            (
                Verdict::Pass,
                format!("{field} holds {number}, without + and country code"),
            )
        };
        self.find(trunk, Check::CallerId, judged, &[leg.evidence.began]);
    }

    fn outbound(&mut self, trunk: &TrunkName, leg: &Leg) {
        let evidence = &leg.evidence;
        let events = [
            evidence.began,
            evidence.answered,
            evidence.failed,
            evidence.measured,
        ];
        let heard = leg.measure.as_ref().map(|measure| measure.received.packets);
        let judged = match (evidence.answered, evidence.failed, heard) {
            (Some(_), _, Some(1..)) => (
                Verdict::Pass,
                "the far side answered and was heard".to_owned(),
            ),
            (Some(_), _, Some(0)) => (
                Verdict::Inconclusive,
                "the far side answered, and nothing was heard of it".to_owned(),
            ),
            (Some(_), _, None) => (
                Verdict::Inconclusive,
                "the far side answered; its audio was not measured".to_owned(),
            ),
            (None, Some(_), _) => match leg.status {
                Some(480 | 486 | 487 | 600 | 603) => {
                    let why = format!(
                        "the far side did not take the call ({}): try again",
                        leg.cause
                    );
                    (Verdict::Inconclusive, why)
                }
                Some(_) => (
                    Verdict::Fail,
                    format!("the trunk refused the call: {}", leg.cause),
                ),
                None if leg.evidence.ringing.is_some() || leg.cause == "it was given up" => (
                    Verdict::Inconclusive,
                    format!("it was not answered: {}", leg.cause),
                ),
                None => (Verdict::Fail, leg.cause.clone()),
            },
            (None, None, _) => (
                Verdict::Inconclusive,
                "it ended before it was answered".to_owned(),
            ),
        };
        self.find(trunk, Check::Outbound, judged, &events);
    }
}

fn audio_of(row: &Row, caller: &Leg, others: &[&Leg]) -> (Verdict, String) {
    let Some(measure) = &caller.measure else {
        let why = "the caller's audio was not measured".to_owned();
        return (Verdict::Inconclusive, why);
    };
    let held = row.legs.iter().any(|leg| leg.holds > 0);
    let short = row.talk_ms.unwrap_or_default() < AUDIO_MIN_MS;
    let missing = |what: &str| {
        if held {
            (
                Verdict::Inconclusive,
                format!("{what}; but the call was on hold for a time"),
            )
        } else if short {
            (
                Verdict::Inconclusive,
                format!("{what}; but the call was shorter than 5 s"),
            )
        } else {
            (Verdict::Fail, what.to_owned())
        }
    };
    let (came, went) = (measure.received.packets, measure.sent.packets);
    if came == 0 {
        return missing("not one packet came from the caller");
    }
    if went == 0 {
        return missing("not one packet was sent to the caller");
    }
    for leg in others {
        let who = leg.role.word();
        match &leg.measure {
            None => {
                let why = format!(
                    "{came} packets came from the caller; the {who}'s audio was not measured"
                );
                return (Verdict::Inconclusive, why);
            }
            Some(measure) if measure.received.packets == 0 => {
                return missing(&format!("not one packet came from the {who}"));
            }
            Some(measure) if measure.sent.packets == 0 => {
                return missing(&format!("not one packet was sent to the {who}"));
            }
            Some(_) => {}
        }
    }
    let why = format!(
        "{came} packets came from the caller and {went} went to it \
         (received only: that it heard them is not proven)"
    );
    (Verdict::Pass, why)
}
