//! The rungs of a decision: its rule and what it concludes, on the edge's line.

use schemas::conclusion::{CallOutcome, Conclusion};
use schemas::{Decision, Record};

use super::rungs::Drawing;
use crate::Mark;

impl Drawing<'_> {
    pub(super) fn decision(&mut self, record: &Record, decision: &Decision) {
        let mut mark = Mark::Decision;
        let mut words = vec![decision.rule.clone()];
        for conclusion in &decision.conclusions {
            match conclusion {
                Conclusion::CallRouted(routed) => words.push(format!("agent {}", routed.agent)),
                Conclusion::CallRefused(refused) => {
                    mark = Mark::Bad;
                    words.push(format!("refused, {}: {}", refused.status, refused.why));
                }
                Conclusion::TransferStarted(_) => words.push("transfer begins".to_owned()),
                Conclusion::TransferCompleted(_) => words.push("transfer done".to_owned()),
                Conclusion::TransferFailed(failed) => {
                    mark = Mark::Bad;
                    words.push(format!("transfer failed: {}", failed.why));
                }
                Conclusion::RequestRefused(refused) => {
                    mark = Mark::Warn;
                    words.push(format!("not done: {}", refused.why));
                }
                Conclusion::CallEnded(ended) => {
                    if matches!(ended.outcome, CallOutcome::Failed) {
                        mark = Mark::Bad;
                    }
                    words.push(format!("call over: {}", ended.cause));
                }
            }
        }
        self.note(record, mark, &words.join(" · "));
    }
}
