//! A leg answers, and somebody can talk.

use schemas::LegId;
use schemas::command::{AnswerLeg, BridgeLegs};

use crate::call::Call;
use crate::decide::Draft;
use crate::transfer;

/// A leg was answered.
pub(crate) fn answered(draft: &mut Draft, call: &Call, leg: LegId) {
    let talks = call.leg(leg).is_some_and(|leg| leg.is_talking());
    if leg == LegId::CALLER || !talks || !call.caller_is_open() {
        return;
    }
    if call.transfer().is_some_and(|transfer| transfer.leg == leg) {
        transfer::landed(draft, call);
    } else if call.is_serving(leg) && call.transfer().is_none() && call.bridged() != Some(leg) {
        draft.rule("bridge.agent");
        if !call.caller_is_answered() {
            draft.command(AnswerLeg { leg: LegId::CALLER });
        }
        draft.command(BridgeLegs {
            leg: LegId::CALLER,
            with: leg,
        });
    }
}
