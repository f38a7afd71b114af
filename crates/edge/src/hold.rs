//! A change of the session that a peer wants: hold, resume, another address (RFC 3264 section 8).

use bytes::Bytes;
use schemas::LegId;
use schemas::observation::{HoldRequested, OfferRefused, ResumeRequested};
use sdp::Negotiated;
use sip::StatusCode;
use sip::endpoint::extra::Extra;

use crate::call::Call;
use crate::refusal::add_warning;
use crate::session::Hold;
use crate::step::Step;

impl Call {
    /// The peer offers a change, or asks for our offer.
    pub fn offered(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<&Bytes>) {
        let now = step.moment.now;
        let Ok((state, key)) = self.live(leg) else {
            return;
        };
        let before = state.session.terms().cloned();
        let described = match sdp {
            Some(sdp) => state.session.answer_change(sdp),
            None => state
                .session
                .offer(&state.session.common_codecs())
                .map(|offer| (offer, Hold::Unchanged)),
        };
        let after = state.session.terms().cloned();
        let (answer, hold) = match described {
            Ok(described) => described,
            Err(error) => {
                let mut extra = Extra::none();
                add_warning(&mut extra, &error);
                let status = StatusCode::NOT_ACCEPTABLE_HERE;
                // The session stays as it was (RFC 3261 section 14.2).
                let _ = step.endpoint.refuse_offer(key, status, None, extra, now);
                let refused = OfferRefused {
                    leg,
                    status: status.get(),
                    because: error,
                };
                return self.fact(step, refused);
            }
        };
        if step
            .endpoint
            .answer_offer(key, Some(answer), Extra::none(), now)
            .is_err()
        {
            return;
        }
        match hold {
            Hold::Began(direction) => self.fact(step, HoldRequested { leg, direction }),
            Hold::Ended => self.fact(step, ResumeRequested { leg }),
            Hold::Unchanged => {}
        }
        if is_new(before, after) {
            self.negotiated(step, leg);
        } else {
            self.talk(step, leg);
        }
    }
}

/// Whether more than the direction is different: where the peer receives, and what.
fn is_new(before: Option<Negotiated>, after: Option<Negotiated>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            let direction = after.direction;
            Negotiated {
                direction,
                ..before
            } != after
        }
        (before, after) => before != after,
    }
}
