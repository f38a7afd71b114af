//! How many calls are too many: decisions that refuse one are told once for many, and edges tell each other how many they
//! have.

use std::time::Instant;

use schemas::observation::LimitOf;
use schemas::{CallId, Conclusion, Decision, Event, Observation, Record, Subject};

use super::Core;
use crate::clock::Moment;
use crate::node::{Limited, Refused};

impl Core {
    /// What another edge states of itself.
    pub(super) fn heard(&mut self, record: &Record, moment: Moment) {
        let Subject::Node(edge) = record.subject() else {
            return;
        };
        if *edge == self.configuration.node || !self.configuration.states_load {
            return;
        }
        if let Ok(Event::Observation(Observation::LoadStated(stated))) = record.event() {
            self.counted.heard(edge, stated, moment.now);
        }
    }

    /// When to state how many calls there are.
    pub(super) fn state_at(&self) -> Option<Instant> {
        let states = self.configuration.states_load;
        self.counted.deadline().filter(|_| states)
    }

    /// States it, if it is time.
    pub(super) fn state_load(&mut self, moment: Moment) {
        if self.configuration.states_load
            && let Some(stated) = self.counted.due(moment.now)
        {
            self.node.told(&mut self.ledger, stated.into(), moment);
        }
    }

    /// Counts a call that a limit refused.
    pub(super) fn limited(&mut self, call: CallId, decision: &Decision, moment: Moment) {
        let mut limits = LimitOf::DECIDED.into_iter();
        let Some(limit) = limits.find(|limit| limit.rule() == decision.rule) else {
            return;
        };
        let Some(whose) = self.counted.refused(call) else {
            return;
        };
        let refused = decision.conclusions.iter().find_map(|one| match one {
            Conclusion::CallRefused(refused) => Some(refused),
            _ => None,
        });
        let limited = Limited {
            limit,
            trunk: Some(whose.trunk),
            number: (limit == LimitOf::Number).then_some(whose.number),
        };
        let refused = Refused {
            status: refused.map(|refused| refused.status),
            why: refused.map_or_else(String::new, |refused| refused.why.clone()),
        };
        self.node
            .limit_reached(&mut self.ledger, limited, refused, moment);
    }
}
