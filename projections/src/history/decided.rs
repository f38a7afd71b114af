//! The fold of decisions: what control concluded, and what for it dialed each leg.

use schemas::conclusion::Conclusion;
use schemas::{Command, Decision, Personal};

use super::Role;
use super::fold::Moment;
use super::row::{End, Outcome, Refusal, Routed, Row};
use super::transfer::{Transfer, TransferState, failure_words};
use super::transferred::TRANSFERS_MAX;

/// The most trunks and rules of a refusal that a row tells of.
const TRIED_MAX: usize = 64;

impl Row {
    pub(super) fn decide(&mut self, moment: Moment, decision: Decision) {
        let target = decision
            .conclusions
            .iter()
            .find_map(|conclusion| match conclusion {
                Conclusion::TransferStarted(started) => Some(started.leg),
                _ => None,
            });
        let routed = decision
            .conclusions
            .iter()
            .find_map(|conclusion| match conclusion {
                Conclusion::CallRouted(routed) => Some(&routed.agent),
                _ => None,
            });
        for command in &decision.commands {
            if let Command::DialStream(dial) = command {
                let leg = self.leg_mut(dial.leg);
                leg.role = Role::Agent;
                leg.agent = Some(dial.agent.clone());
                leg.party = Personal::new(dial.url.clone());
            }
            if let Command::DialLeg(dial) = command {
                let role = match target {
                    Some(leg) if leg == dial.leg => Role::Target,
                    _ if routed.is_some() => Role::Agent,
                    _ => Role::Dialed,
                };
                let leg = self.leg_mut(dial.leg);
                leg.role = role;
                leg.agent = routed.filter(|_| role == Role::Agent).cloned();
                if leg.party.reveal().is_empty() {
                    leg.party = dial.target.clone();
                    leg.trunk.clone_from(&dial.trunk);
                }
            }
        }
        self.refuse_transfer(moment, &decision);
        for conclusion in decision.conclusions {
            self.conclude(moment, conclusion);
        }
    }

    /// A request on which nothing begins and nothing fails, because another transfer runs or nobody may ask: it is over,
    /// and what follows is not its.
    fn refuse_transfer(&mut self, moment: Moment, decision: &Decision) {
        let mut conclusions = decision.conclusions.iter();
        if conclusions.any(|one| {
            matches!(
                one,
                Conclusion::TransferStarted(_) | Conclusion::TransferFailed(_)
            )
        }) {
            return;
        }
        let asked = |transfer: &&mut Transfer| {
            let answered = moment.because.is_some() && transfer.requested_event == moment.because;
            answered && !transfer.is_over()
        };
        if let Some(transfer) = self.transfers.iter_mut().find(asked) {
            let why = decision.conclusions.iter().find_map(|one| match one {
                Conclusion::RequestRefused(refused) => Some(refused.why.clone()),
                _ => None,
            });
            transfer.why = why.unwrap_or_else(|| "another one was running".to_owned());
            transfer.end(TransferState::Failed, moment.at, moment.id);
        }
    }

    fn conclude(&mut self, moment: Moment, conclusion: Conclusion) {
        match conclusion {
            Conclusion::CallRouted(routed) => {
                self.routed = Some(Routed {
                    agent: routed.agent,
                    rule: routed.rule,
                    event: moment.id,
                });
            }
            Conclusion::CallRefused(refused) => {
                let mut tried = refused.tried;
                tried.truncate(TRIED_MAX);
                self.refused = Some(Refusal {
                    status: refused.status,
                    why: refused.why,
                    tried,
                    event: moment.id,
                });
            }
            Conclusion::TransferStarted(started) => {
                if self.transfer_mut().is_none() && self.transfers.len() < TRANSFERS_MAX {
                    let transfer = Transfer::new(moment.at, started.target.clone());
                    self.transfers.push(transfer);
                }
                if let Some(transfer) = self.transfer_mut() {
                    transfer.state = TransferState::Running;
                    transfer.method = Some(started.method);
                    transfer.leg = Some(started.leg);
                    transfer.target = started.target;
                }
            }
            Conclusion::TransferCompleted(completed) => {
                if let Some(transfer) = self.transfer_mut() {
                    transfer.method = Some(completed.method);
                    transfer.leg = Some(completed.leg);
                    transfer.end(TransferState::Completed, moment.at, moment.id);
                }
            }
            Conclusion::TransferFailed(failed) => {
                if let Some(transfer) = self.transfer_mut() {
                    transfer.failure = Some(failed.failure);
                    transfer.status = failed.status;
                    transfer.why = match failed.why.is_empty() {
                        true => failure_words(failed.failure).to_owned(),
                        false => failed.why,
                    };
                    transfer.end(TransferState::Failed, moment.at, moment.id);
                }
            }
            Conclusion::RequestRefused(_) => {}
            Conclusion::CallEnded(ended) => {
                self.outcome = Outcome::from(ended.outcome);
                self.end = Some(End {
                    at: moment.at,
                    by: ended.by,
                    cause: ended.cause,
                    event: moment.id,
                });
            }
        }
    }
}
