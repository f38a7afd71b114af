//! The next target of a leg that is dialed: when one was silent, could not be reached or said 503, its INVITE goes to
//! the next (RFC 3263 section 4.3). Any other answer is the callee's and is final, as is everything once it rang.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use schemas::LegId;
use schemas::observation::{LegFailure, LegRedialed};
use sip::StatusCode;
use sip::dialog::leg::Phase;
use sip::endpoint::InviteRequest;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::LegKey;

use crate::call::Call;
use crate::leg::{Leg, Stage};
use crate::observe::transport;
use crate::port::Output;
use crate::step::Step;

/// How long a target may be silent before that counts as its failure. One that works says 100 within 200 ms
/// (RFC 3261 section 8.2.6.1), and by now four INVITEs went by UDP; timer B, 32 s, would outlast every caller.
const SILENCE: Duration = Duration::from_secs(4);

/// What a leg was dialed with, for the next target.
#[derive(Debug)]
pub struct Dialed {
    /// The INVITE.
    pub request: InviteRequest,
    /// The targets that were not tried.
    pub others: VecDeque<Flow>,
    /// Whether a callee was heard of.
    pub rang: bool,
    /// When the target that is tried was sent it.
    sent_at: Instant,
    /// Whether its silence was looked at.
    silence_seen: bool,
}

impl Dialed {
    /// An INVITE that was sent now, and the targets that are left.
    pub fn new(request: InviteRequest, others: VecDeque<Flow>, now: Instant) -> Dialed {
        Dialed {
            request,
            others,
            rang: false,
            sent_at: now,
            silence_seen: false,
        }
    }

    fn sent(&mut self, now: Instant) {
        self.sent_at = now;
        self.silence_seen = false;
    }

    /// When the target has been silent for too long; none if there is no other one.
    pub fn silent_at(&self) -> Option<Instant> {
        let matters = !self.others.is_empty() && !self.silence_seen;
        matters.then(|| self.sent_at + SILENCE)
    }
}

impl Call {
    /// A callee was heard of: it is not called again elsewhere.
    pub fn rang(&mut self, leg: LegId) {
        let state = self.legs.get_mut(&leg);
        if let Some(dialed) = state.and_then(|state| state.dialed.as_mut()) {
            dialed.rang = true;
        }
    }

    /// A leg's target failed. Whether the next one is called.
    pub fn redial(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        failure: &LegFailure,
        retry_after_s: Option<u32>,
    ) -> bool {
        let Some(state) = self.legs.get_mut(&leg) else {
            return false;
        };
        let (Stage::Dialing, Some(flow), Some(dialed)) =
            (&state.stage, state.flow, state.dialed.as_mut())
        else {
            return false;
        };
        if dialed.rang || !is_the_targets(failure) {
            return false;
        }
        step.outputs.push_back(Output::Avoid {
            flow,
            asked: retry_after_s.map(|seconds| Duration::from_secs(seconds.into())),
        });
        if let Some(offer) = state.session.offer_anew(step.keyring) {
            dialed.request.sdp = Some(offer);
        }
        while let Some(next) = dialed.others.pop_front() {
            let request = InviteRequest {
                flow: next,
                ..dialed.request.clone()
            };
            // It was composed before, so only the endpoint's room can be missing.
            let Ok(key) = step.endpoint.invite(request, step.moment.now) else {
                continue;
            };
            dialed.sent(step.moment.now);
            state.former.extend(state.key.replace(key));
            state.flow = Some(next);
            step.places.insert(key, (self.id, leg));
            let redialed = LegRedialed {
                leg,
                failed: flow.remote.to_string(),
                failure: failure.clone(),
                destination: next.remote.to_string(),
                transport: transport(next),
            };
            self.fact(step, redialed);
            return true;
        }
        false
    }

    /// Calls the next target of every leg whose target has been silent for too long. What the silent one still says
    /// is answered by the endpoint: a late 100 with CANCEL, a late 200 with ACK and BYE.
    pub fn leave_silent_targets(&mut self, step: &mut Step<'_>) {
        let now = step.moment.now;
        let due = |leg: &&mut Box<Leg>| leg.silent_at().is_some_and(|at| at <= now);
        let mut silent = Vec::new();
        for state in self.legs.values_mut().filter(due) {
            if let Some(dialed) = &mut state.dialed {
                dialed.silence_seen = true;
            }
            if state.key.is_some_and(|key| was_silent(step, key)) {
                silent.push(state.id);
            }
        }
        for leg in silent {
            self.say_bye(step, leg, Extra::none());
            let error = format!("no response of any kind within {} s", SILENCE.as_secs());
            self.fail(step, leg, LegFailure::Unreachable { error });
        }
    }

    /// Somebody gives up waiting for a leg that is dialed. If its target was silent all the time, it is told as failed.
    pub fn given_up(&self, step: &mut Step<'_>, leg: LegId) {
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        let (Stage::Dialing, Some(key), Some(flow), Some(dialed)) =
            (&state.stage, state.key, state.flow, &state.dialed)
        else {
            return;
        };
        let waited = step.moment.now.saturating_duration_since(dialed.sent_at);
        if waited >= SILENCE && was_silent(step, key) {
            let asked = None;
            step.outputs.push_back(Output::Avoid { flow, asked });
        }
    }
}

/// Whether nothing was heard of an INVITE of ours.
fn was_silent(step: &Step<'_>, key: LegKey) -> bool {
    let leg = step.endpoint.leg(key);
    leg.is_some_and(|leg| matches!(leg.phase, Phase::Calling { heard: false, .. }))
}

/// Whether a failure says that the target does not work, and nothing about the callee.
fn is_the_targets(failure: &LegFailure) -> bool {
    match failure {
        LegFailure::TimedOut { .. } | LegFailure::Unreachable { .. } => true,
        LegFailure::Refused { status, .. } => *status == StatusCode::SERVICE_UNAVAILABLE.get(),
        LegFailure::Cancelled | LegFailure::Impossible { .. } => false,
    }
}
