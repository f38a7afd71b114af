//! What the two ends of a call call it, told on both legs (RFC 7989): each leg is told the name of the end behind the
//! other one; while there is none, as with a built-in agent, the edge stands for it with a name of its own.

use schemas::LegId;
use schemas::observation::InviteReceived;
use sip::endpoint::Endpoint;
use sip::endpoint::keys::LegKey;
use sip::session_id::Uuid;

use crate::call::Call;
use crate::step::Step;

impl Call {
    /// A caller who names the session hears a name in turn. The call's id is as good as any: it tells nothing more than
    /// the Call-IDs of the legs that are dialed.
    pub fn name_session(&self, step: &mut Step<'_>, key: LegKey, invite: &InviteReceived) {
        if invite.session.is_some() {
            // It was told of the leg a moment ago, so it is there.
            let _ = step.endpoint.identify(key, Uuid(self.id.0));
        }
    }

    /// A leg that was dialed for a caller who waits was answered: his own answer says what the session is called there.
    pub fn name_callers_session(&self, step: &mut Step<'_>, leg: LegId) {
        let caller = self.legs.get(&LegId::CALLER);
        if caller.is_some_and(|caller| caller.waits_for_answer()) {
            self.name_sessions(step, LegId::CALLER, leg);
        }
    }

    /// Two legs hear each other: each is told what the other's end calls the session, if it named it.
    pub fn name_sessions(&self, step: &mut Step<'_>, leg: LegId, with: LegId) {
        for (one, other) in [(leg, with), (with, leg)] {
            let key = |leg| self.legs.get(&leg).and_then(|leg| leg.key);
            let (Some(one), Some(other)) = (key(one), key(other)) else {
                continue;
            };
            if let Some(name) = named_by_peer(step.endpoint, other) {
                // A leg that is over is told nothing.
                let _ = step.endpoint.identify(one, name);
            }
        }
    }
}

fn named_by_peer(endpoint: &Endpoint, leg: LegKey) -> Option<Uuid> {
    endpoint.leg(leg)?.remote_id
}
