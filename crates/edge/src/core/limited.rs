//! Decisions that refuse a call because there are too many: told once for many.

use schemas::observation::LimitOf;
use schemas::{CallId, Conclusion, Decision};

use super::Core;
use crate::clock::Moment;
use crate::node::{Limited, Refused};

impl Core {
    /// Counts a call that a limit refused; the rules of limits are `limit.trunk`, `limit.number` and `limit.total`.
    pub(super) fn limited(&mut self, call: CallId, decision: &Decision, moment: Moment) {
        let limit = match decision.rule.as_str() {
            "limit.trunk" => LimitOf::Trunk,
            "limit.number" => LimitOf::Number,
            "limit.total" => LimitOf::Total,
            _ => return,
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
