//! A dialed leg rings, or rings for too long.

use schemas::LegId;
use schemas::command::RingLeg;

use crate::call::Call;
use crate::decide::Draft;
use crate::transfer;

/// The far side of a leg rings: the caller, or who asked for the transfer, is told once.
pub(crate) fn heard(draft: &mut Draft, call: &Call, leg: LegId) {
    if !call.leg(leg).is_some_and(|leg| leg.is_ringing_out()) {
        return;
    }
    if call.transfer().is_some_and(|transfer| transfer.leg == leg) {
        transfer::report(
            draft,
            call,
            180,
            transfer::Subscription::GoesOn,
            "transfer.bridged.ringing",
        );
    } else if call.is_serving(leg)
        && call.caller_is_open()
        && !call.caller_is_answered()
        && !call.ring_told
    {
        draft.rule("ring.caller");
        draft.command(RingLeg { leg: LegId::CALLER });
    }
}

/// A leg rang for as long as one may. What follows is decided when it is over.
pub(crate) fn timed_out(draft: &mut Draft, call: &Call, leg: LegId) {
    if call.leg(leg).is_some_and(|leg| leg.is_ringing_out()) {
        draft.rule("ring.timed_out");
        draft.hang_up(leg, None);
    }
}
