//! What a call becomes by what happened and by what was decided. Total: nothing is refused.

use schemas::command::{
    AcceptTransfer, AnswerLeg, BridgeLegs, ConnectAgent, DialLeg, DialStream, HangUpLeg, RefuseLeg,
    ReportTransfer,
};
use schemas::conclusion::{CallEndedBy, CallOutcome, TransferMethod, TransferStarted};
use schemas::observation::{
    AgentLost, CommandFailed, InviteReceived, Timer, TransferProgress, TransferProgressed,
};
use schemas::{Command, Conclusion, Decision, LegId, Observation, Timestamp};

use crate::call::{Call, Expired, GRACE_US, Invite, Serving, Transfer};
use crate::ending::Ending;
use crate::leg::{Far, Leg, Phase, Role};
use crate::recording::State;

/// A step of a call's history.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Something was observed, at the time of its record.
    Observed(Timestamp, &'a Observation),
    /// Something was decided, because of what was observed last.
    Decided(&'a Decision),
}

/// Takes note of a step.
pub fn evolve(call: &mut Call, step: Step<'_>) {
    match step {
        Step::Observed(at, observation) => {
            call.now = at;
            (call.blame, call.reason) = (None, None);
            call.observed(observation);
        }
        Step::Decided(decision) => call.decided(decision),
    }
}

impl Call {
    fn observed(&mut self, observation: &Observation) {
        match observation {
            Observation::InviteReceived(invite) => self.invited(invite),
            Observation::LegRinging(ringing) => self.with_leg(ringing.leg, Leg::ring),
            Observation::EarlyMediaStarted(early) => self.with_leg(early.leg, Leg::ring),
            Observation::LegAnswered(answered) => self.with_leg(answered.leg, Leg::answer),
            Observation::LegFailed(failed) => {
                self.blame = self
                    .leg(failed.leg)
                    .map(|leg| Ending::leg_failed(leg, &failed.failure));
                self.reason.clone_from(&failed.reason);
                self.with_leg(failed.leg, Leg::end);
            }
            Observation::ByeReceived(bye) => {
                self.reason.clone_from(&bye.reason);
                self.leaves(bye.leg, Ending::bye);
            }
            Observation::CancelReceived(cancel) => {
                self.reason.clone_from(&cancel.reason);
                self.leaves(cancel.leg, |_| Ending::cancel());
            }
            Observation::LegEnded(ended) => {
                self.leaves(ended.leg, |leg| Ending::leg_ended(leg, ended));
                self.with_leg(ended.leg, Leg::end);
            }
            Observation::AgentLost(lost) => self.lost(lost),
            Observation::TransferProgressed(progressed) => self.progressed(progressed),
            Observation::CommandFailed(failed) => self.command_failed(failed),
            Observation::TimerFired(fired) => self.fired(fired.timer),
            Observation::HangUpRequested(request) => match request.leg {
                None => self.blame = Some(Ending::operator(self, &request.by)),
                Some(leg) if self.may_ask(leg) => self.blame = Some(Ending::agent(self)),
                Some(_) => {}
            },
            Observation::RecordingEnded(_) | Observation::RecordingFailed(_) => {
                self.recording = State::Off;
            }
            // Nothing is decided by what the edge tells of media, and a request changes nothing yet.
            Observation::LegDialed(_)
            | Observation::LegRedialed(_)
            | Observation::SessionRefreshed(_)
            | Observation::SessionExpired(_)
            | Observation::ChallengeUnanswered(_)
            | Observation::HoldRequested(_)
            | Observation::ResumeRequested(_)
            | Observation::TransferRequested(_)
            | Observation::AgentConnected(_)
            | Observation::EarlyMediaPassed(_)
            | Observation::OfferRefused(_)
            | Observation::LegsBridged(_)
            | Observation::TransferAnswered(_)
            | Observation::TransferReported(_)
            | Observation::RecordingRequested(_)
            | Observation::RecordingStarted(_)
            | Observation::RecordingPaused(_)
            | Observation::RecordingResumed(_)
            | Observation::StreamDialed(_)
            | Observation::StreamOpened(_)
            | Observation::StreamClosed(_)
            | Observation::StreamMeasured(_)
            | Observation::AgentSilent(_)
            | Observation::AgentOverrun(_)
            | schemas::of_media!()
            | schemas::of_an_edge!()
            | Observation::JournalGapFound(_) => {}
        }
    }

    fn invited(&mut self, invite: &InviteReceived) {
        if self.has_begun() {
            return;
        }
        self.invite = Some(Invite {
            trunk: invite.trunk.trunk.clone(),
            called: invite.called_number().clone(),
            has_offer: invite.offer.is_some(),
            caller: invite.caller.clone(),
            privacy: invite.privacy.clone(),
            diversions: invite.diversions.clone(),
            history: invite.history.clone(),
            user_to_user: invite.user_to_user.clone(),
            context: invite.context.clone(),
            session: invite.session.clone(),
            max_forwards: invite.max_forwards,
        });
        self.legs = vec![Leg::new(LegId::CALLER, Role::Caller, self.now)];
    }

    fn with_leg(&mut self, id: LegId, change: impl FnOnce(&mut Leg)) {
        if let Some(leg) = self.leg_mut(id) {
            change(leg);
        }
    }

    /// A leg's peer says goodbye. The caller's goodbye ends the call, whatever is decided.
    fn leaves(&mut self, id: LegId, why: impl FnOnce(&Leg) -> Ending) {
        let Some(leg) = self.leg(id).filter(|leg| leg.phase() != Phase::Ended) else {
            return;
        };
        let why = why(leg);
        if id == LegId::CALLER {
            self.ending.get_or_insert(why);
        } else {
            self.blame = Some(why);
        }
        if self.bridged == Some(id) {
            self.bridged = None;
        }
        self.with_leg(id, |leg| leg.leaving = true);
    }

    fn lost(&mut self, lost: &AgentLost) {
        if matches!(&self.serving, Serving::BuiltIn { agent, .. } if *agent == lost.agent) {
            self.serving = Serving::Nobody;
            self.blame = Some(Ending::agent_lost(lost));
        }
    }

    fn progressed(&mut self, progressed: &TransferProgressed) {
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        if transfer.method != TransferMethod::Refer || transfer.leg != progressed.leg {
            return;
        }
        if let TransferProgress::Notified { status, .. } = progressed.progress {
            transfer.notified = Some(status);
            if (200..300).contains(&status) {
                let by = CallEndedBy::Control;
                let cause = "the caller's side carried the transfer out";
                self.blame = Some(Ending::new(by, CallOutcome::Transferred, cause));
            }
        }
    }

    fn command_failed(&mut self, failed: &CommandFailed) {
        self.blame = Some(Ending::command_failed(failed));
        match failed.command.as_str() {
            // There is no such leg at the edge, so nothing more will be seen of it.
            "DialLeg" | "DialStream" | "HangUpLeg" | "RefuseLeg" => {
                self.leaves(failed.leg, |_| Ending::command_failed(failed));
                self.with_leg(failed.leg, Leg::end);
            }
            "AnswerLeg" => self.with_leg(failed.leg, |leg| leg.answer_decided = false),
            "ConnectAgent" if self.transfer.is_none() => {
                if matches!(self.serving, Serving::BuiltIn { .. }) {
                    self.serving = Serving::Nobody;
                }
            }
            "BridgeLegs" => self.bridged = None,
            "StartRecording" | "StopRecording" => self.recording = State::Off,
            "PauseRecording" => self.recording = State::On,
            "ResumeRecording" => self.recording = State::Paused,
            // The others are news for somebody else; the call goes on without them.
            _ => {}
        }
    }

    fn fired(&mut self, timer: Timer) {
        match timer {
            Timer::Ring(leg) => self.with_leg(leg, |leg| leg.rang_out = leg.is_ringing_out()),
            Timer::MaximumDuration => {
                self.blame = Some(Ending::expired(self));
                self.expired = Some(match self.expired {
                    None => Expired {
                        at: self.now,
                        twice: false,
                    },
                    Some(Expired { at, .. }) => Expired {
                        at,
                        twice: self.now.since(at) >= GRACE_US,
                    },
                });
            }
            Timer::Transfer => {
                if let Some(transfer) = &mut self.transfer {
                    transfer.timed_out = true;
                }
            }
        }
    }

    fn decided(&mut self, decision: &Decision) {
        let started = decision.conclusions.iter().find_map(|one| match one {
            Conclusion::TransferStarted(started) => Some(started),
            _ => None,
        });
        for command in &decision.commands {
            self.commanded(command, started);
        }
        for conclusion in &decision.conclusions {
            self.concluded(conclusion, decision);
        }
        if self.caller().is_some_and(|caller| caller.leaving) && self.ending.is_none() {
            self.ending = self.blame.take().or_else(|| transfer_failed(decision));
        }
    }

    fn commanded(&mut self, command: &Command, started: Option<&TransferStarted>) {
        match command {
            Command::RingLeg(_) => self.ring_told = true,
            Command::AnswerLeg(AnswerLeg { leg }) => {
                self.with_leg(*leg, |leg| leg.answer_decided = true);
            }
            Command::RefuseLeg(RefuseLeg { leg, .. })
            | Command::HangUpLeg(HangUpLeg { leg, .. }) => {
                if self.bridged == Some(*leg) {
                    self.bridged = None;
                }
                self.with_leg(*leg, |leg| leg.leaving = true);
            }
            Command::PassEarlyMedia(_) => {
                self.ring_told = true;
                self.hears_early = true;
            }
            Command::DialLeg(DialLeg { leg, trunk, .. }) => {
                let role = match started {
                    Some(started) if started.leg == *leg => Role::Target,
                    _ => Role::Agent,
                };
                let mut dialed = Leg::new(*leg, role, self.now);
                dialed.far = trunk.clone().map(Far::Trunk);
                self.dialed(dialed);
            }
            Command::DialStream(DialStream { leg, .. }) => {
                let mut dialed = Leg::new(*leg, Role::Agent, self.now);
                dialed.is_stream = true;
                self.dialed(dialed);
            }
            Command::BridgeLegs(BridgeLegs { with, .. }) => self.bridged = Some(*with),
            Command::ConnectAgent(_) => self.bridged = None,
            Command::ReportTransfer(ReportTransfer { status, .. }) => {
                if let Some(transfer) = &mut self.transfer {
                    transfer.reported = *status;
                }
            }
            Command::StartRecording(start) => {
                self.recording = State::On;
                self.recordings = start.recording;
            }
            Command::PauseRecording(_) => self.recording = State::Paused,
            Command::ResumeRecording(_) => self.recording = State::On,
            Command::StopRecording(_) => self.recording = State::Ending,
            Command::AcceptTransfer(_) | Command::RefuseTransfer(_) | Command::ReferLeg(_) => {}
        }
    }

    fn dialed(&mut self, leg: Leg) {
        if std::mem::take(&mut self.hears_early) {
            // Whom he heard is gone; that the next one rings is news.
            self.ring_told = false;
        }
        if self.leg(leg.id()).is_none() {
            self.legs.push(leg);
        }
    }

    fn concluded(&mut self, conclusion: &Conclusion, decision: &Decision) {
        match conclusion {
            Conclusion::CallRouted(routed) => {
                self.routed += 1;
                self.agent = Some(routed.agent.clone());
                self.serving = served_by(decision);
                if let Serving::Leg(leg) = self.serving {
                    let agent = routed.agent.clone();
                    self.with_leg(leg, |leg| {
                        leg.far.get_or_insert(Far::Agent(agent));
                    });
                }
            }
            Conclusion::CallRefused(refused) => {
                let by = match &self.blame {
                    Some(blame) if blame.by == CallEndedBy::Operator => CallEndedBy::Operator,
                    _ => CallEndedBy::Control,
                };
                self.ending
                    .get_or_insert_with(|| Ending::new(by, CallOutcome::Refused, &*refused.why));
            }
            Conclusion::TransferStarted(started) => {
                let asked_by = decision.commands.iter().find_map(|command| match command {
                    Command::AcceptTransfer(AcceptTransfer { leg }) => Some(*leg),
                    _ => None,
                });
                self.transfer = Some(Transfer {
                    method: started.method,
                    leg: started.leg,
                    began: self.now,
                    asked_by,
                    reported: 100,
                    notified: None,
                    timed_out: false,
                });
            }
            Conclusion::TransferCompleted(completed) => {
                self.transfer = None;
                match completed.method {
                    TransferMethod::Bridged => self.serving = Serving::Leg(completed.leg),
                    TransferMethod::Refer => self.handed_over = true,
                }
            }
            Conclusion::TransferFailed(_) => self.transfer = None,
            Conclusion::RequestRefused(_) => {}
            Conclusion::CallEnded(_) => {
                self.over = true;
                self.transfer = None;
            }
        }
    }
}

/// Why a call ends that had nowhere to go back to.
fn transfer_failed(decision: &Decision) -> Option<Ending> {
    decision.conclusions.iter().find_map(|one| match one {
        Conclusion::TransferFailed(failed) => {
            let cause = format!("the transfer failed: {}", failed.why);
            Some(Ending::new(
                CallEndedBy::Control,
                CallOutcome::Failed,
                cause,
            ))
        }
        _ => None,
    })
}

/// Whom a decision gives the caller to: the leg that it dials, or the agent that it connects.
fn served_by(decision: &Decision) -> Serving {
    let dialed = decision.commands.iter().find_map(|command| match command {
        Command::DialLeg(DialLeg { leg, .. }) | Command::DialStream(DialStream { leg, .. }) => {
            Some(Serving::Leg(*leg))
        }
        _ => None,
    });
    let connected = || {
        decision.commands.iter().find_map(|command| match command {
            Command::ConnectAgent(ConnectAgent { agent, does, .. }) => Some(Serving::BuiltIn {
                agent: agent.clone(),
                does: does.clone(),
            }),
            _ => None,
        })
    };
    dialed.or_else(connected).unwrap_or_default()
}
