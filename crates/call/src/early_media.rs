//! Somebody who was dialed is heard before he answers: a network that says why not, a queue's music, the far side's own
//! ringing. The caller hears it (RFC 3960, section 3.2).

use schemas::LegId;
use schemas::command::{PassEarlyMedia, RingLeg};

use crate::call::Call;
use crate::decide::Draft;
use crate::{ring, transfer};

/// A leg sends media before it answers.
pub(crate) fn started(draft: &mut Draft, call: &Call, leg: LegId) {
    let may_hear = call.caller_is_answered() || call.caller_has_offered();
    let is_for_caller =
        transfer::dials(call, leg) || (call.is_serving(leg) && call.transfer().is_none());
    let rings = call.leg(leg).is_some_and(|leg| leg.is_ringing_out());
    if !(may_hear && is_for_caller && rings && call.caller_is_open()) {
        return ring::heard(draft, call, leg);
    }
    if transfer::dials(call, leg) {
        // Whoever asked for the transfer is told as of ringing.
        ring::heard(draft, call, leg);
    }
    draft.rule("early_media.caller");
    draft.command(PassEarlyMedia {
        leg: LegId::CALLER,
        from: leg,
    });
}

/// The caller cannot hear it: he is told that it rings.
pub(crate) fn not_passed(draft: &mut Draft, call: &Call) {
    if call.caller_is_open() && !call.caller_is_answered() {
        draft.rule("early_media.ring");
        draft.command(RingLeg { leg: LegId::CALLER });
    }
}
