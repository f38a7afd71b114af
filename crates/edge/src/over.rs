//! How a leg comes to its end by what happens in its dialog: refused, cancelled, hung up, timed out, forgotten.

use schemas::LegId;
use schemas::observation::{ByeReceived, CancelReceived, EndedBy, LegFailure};
use sip::endpoint::event::EndCause;
use sip::{Message, StatusCode};

use crate::accounts;
use crate::call::{Call, ended_by_edge};
use crate::configuration::Reading;
use crate::dialog::retry_after_s;
use crate::identity::{self, Reader};
use crate::leg::{Ending, Stage};
use crate::step::Step;

impl Call {
    /// A final answer above 299: the callee's, or that of a target that does not work.
    pub fn rejected(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        status: StatusCode,
        message: &Message,
    ) {
        let failure = LegFailure::Refused {
            status: status.get(),
            phrase: message.reason_phrase().to_owned(),
        };
        let retry_after_s = retry_after_s(message);
        if self.redial(step, leg, &failure, retry_after_s) {
            return;
        }
        let ending = Ending::Failed {
            failure,
            reason: identity::reason(message),
            retry_after_s,
        };
        self.end(step, leg, ending, None);
    }

    /// A leg that is dialed did not come about here: its next target is called, or it is over.
    pub fn fail(&mut self, step: &mut Step<'_>, leg: LegId, failure: LegFailure) {
        if self.redial(step, leg, &failure, None) {
            return;
        }
        self.end(
            step,
            leg,
            Ending::Failed {
                failure,
                reason: None,
                retry_after_s: None,
            },
            None,
        );
    }

    /// The caller gave up.
    pub fn cancelled(&mut self, step: &mut Step<'_>, leg: LegId, message: &Message) {
        self.fact(
            step,
            CancelReceived {
                leg,
                reason: identity::reason(message),
            },
        );
        self.end(step, leg, by_the_peer("CANCEL"), None);
    }

    /// The peer hung up.
    pub fn bye(&mut self, step: &mut Step<'_>, leg: LegId, message: &Message) {
        let state = self.legs.get(&leg);
        let trunk = state.and_then(|state| step.trunks.named(state.trunk.as_ref()?.as_str()));
        let usual = Reading::default();
        let rules = trunk.map_or(&usual, |trunk| &trunk.reading);
        let context = Reader::new(message, rules).context();
        let reason = identity::reason(message);
        self.fact(
            step,
            ByeReceived {
                leg,
                reason,
                context,
            },
        );
        self.account(step, leg, message);
        self.end(step, leg, by_the_peer("BYE"), None);
    }

    /// What the peer says of its packets and ours, in its BYE or in its answer to ours.
    pub fn account(&mut self, step: &mut Step<'_>, leg: LegId, message: &Message) {
        for account in accounts::of(message, leg) {
            self.fact(step, account);
        }
    }

    /// The endpoint forgot the leg. Whatever did not end it before, this does.
    pub fn gone(&mut self, step: &mut Step<'_>, leg: LegId, cause: EndCause) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        state.gone = true;
        let waits = matches!(state.stage, Stage::Dialing);
        if waits {
            self.fail(step, leg, LegFailure::Cancelled);
        } else if cause == EndCause::DialogLost {
            self.end(
                step,
                leg,
                ended_by_edge("the peer does not know the dialog any more"),
                None,
            );
        } else {
            self.end(step, leg, ended_by_edge("the dialog ended"), None);
        }
    }
}

/// A request of the peer's ended it.
fn by_the_peer(method: &str) -> Ending {
    Ending::Ended {
        by: EndedBy::Peer,
        cause: method.to_owned(),
    }
}
