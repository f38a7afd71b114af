//! The next target of a leg that is dialed: when one did not answer, could not be reached or said 503, its INVITE goes
//! to the next (RFC 3263 section 4.3). Any other answer is the callee's and is final, as is everything once it rang.

use std::collections::VecDeque;
use std::time::Duration;

use schemas::LegId;
use schemas::observation::{LegFailure, LegRedialed};
use sip::StatusCode;
use sip::dialog::leg::Phase;
use sip::endpoint::InviteRequest;
use sip::endpoint::flow::Flow;

use crate::call::Call;
use crate::leg::Stage;
use crate::observe::transport;
use crate::port::Output;
use crate::step::Step;

/// How long a target may be silent before whoever gives up waiting for it takes that for a failure: a target that
/// works says 100 at once.
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
        while let Some(next) = dialed.others.pop_front() {
            let request = InviteRequest {
                flow: next,
                ..dialed.request.clone()
            };
            // It was composed before, so only the endpoint's room can be missing.
            let Ok(key) = step.endpoint.invite(request, step.moment.now) else {
                continue;
            };
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

    /// Somebody gives up waiting for a leg that is dialed. If its target was silent all the time, it is told as failed.
    pub fn given_up(&self, step: &mut Step<'_>, leg: LegId) {
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        let (Stage::Dialing, Some(key), Some(flow)) = (&state.stage, state.key, state.flow) else {
            return;
        };
        let silent = step
            .endpoint
            .leg(key)
            .is_some_and(|leg| matches!(leg.phase, Phase::Calling { heard: false, .. }));
        if silent && step.moment.now.saturating_duration_since(state.began) >= SILENCE {
            let asked = None;
            step.outputs.push_back(Output::Avoid { flow, asked });
        }
    }
}

/// Whether a failure says that the target does not work, and nothing about the callee.
fn is_the_targets(failure: &LegFailure) -> bool {
    match failure {
        LegFailure::TimedOut { .. } | LegFailure::Unreachable { .. } => true,
        LegFailure::Refused { status, .. } => *status == StatusCode::SERVICE_UNAVAILABLE.get(),
        LegFailure::Cancelled | LegFailure::Impossible { .. } => false,
    }
}
