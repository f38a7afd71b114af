//! What shall happen because of what was observed last.

use schemas::command::{BridgeLegs, ConnectAgent, HangUpLeg, RefuseLeg};
use schemas::conclusion::{CallEnded, CallRefused};
use schemas::observation::{CommandFailed, Timer, Tried};
use schemas::{Command, Conclusion, Decision, Hash, LegId, Observation};

use crate::call::{Call, Serving};
use crate::configuration::{Applied, Configuration};
use crate::ending::Ending;
use crate::failure::{Setback, phrase};
use crate::handed_on::HandedOn;
use crate::{bridge, early_media, fall_back, hang_up, recording, ring, route, stream, transfer};

/// Decides. `because` must be what `call` was given last by [`evolve`](crate::evolve()); `None` means
/// that nothing follows from it.
pub fn decide(call: &Call, applied: &Applied, because: &Observation) -> Option<Decision> {
    if !call.has_begun() || call.is_over() {
        return None;
    }
    let mut draft = Draft {
        handed_on: HandedOn::because_of(because, call, applied.configuration()),
        ..Draft::default()
    };
    answer(&mut draft, call, applied.configuration(), because);
    draft.end_the_call(call);
    draft.finish(applied.hash())
}

fn answer(draft: &mut Draft, call: &Call, configuration: &Configuration, because: &Observation) {
    match because {
        Observation::InviteReceived(invite) => route::invite(draft, call, configuration, invite),
        Observation::LegRinging(ringing) => ring::heard(draft, call, ringing.leg),
        Observation::EarlyMediaStarted(early) => early_media::started(draft, call, early.leg),
        Observation::LegAnswered(answered) => {
            bridge::answered(draft, call, answered.leg);
            recording::answered(draft, call, configuration, answered.leg);
        }
        Observation::LegFailed(failed) => {
            if let Some(leg) = call.leg(failed.leg) {
                let setback = Setback::of(leg, &failed.failure, failed.retry_after_s);
                fall_back::leg_lost(draft, call, configuration, failed.leg, &setback);
            }
        }
        Observation::ByeReceived(bye) => hang_up::goodbye(draft, call, bye.leg),
        Observation::CancelReceived(cancel) => hang_up::goodbye(draft, call, cancel.leg),
        Observation::LegEnded(ended) => hang_up::leg_ended(draft, call, configuration, ended),
        Observation::AgentLost(lost) => fall_back::agent_lost(draft, call, configuration, lost),
        Observation::TransferRequested(request) => {
            transfer::requested(draft, call, configuration, request);
        }
        Observation::TransferProgressed(progressed) => {
            transfer::progressed(draft, call, configuration, progressed);
        }
        Observation::CommandFailed(failed) => command_failed(draft, call, configuration, failed),
        Observation::TimerFired(fired) => match fired.timer {
            Timer::Ring(leg) => ring::timed_out(draft, call, leg),
            Timer::MaximumDuration => hang_up::expired(draft, call),
            Timer::Transfer => transfer::timed_out(draft, call, configuration),
        },
        Observation::HangUpRequested(request) => match request.leg {
            None => hang_up::operator(draft, call),
            Some(leg) => hang_up::by_agent(draft, call, leg),
        },
        Observation::RecordingRequested(request) => {
            recording::requested(draft, call, configuration, request);
        }
        Observation::AgentSilent(silent) => stream::silent(draft, call, configuration, silent),
        // The edge tells these to whoever diagnoses; nothing follows from them for the call.
        Observation::LegDialed(_)
        | Observation::LegRedialed(_)
        | Observation::SessionRefreshed(_)
        | Observation::SessionExpired(_)
        | Observation::ChallengeUnanswered(_)
        | Observation::HoldRequested(_)
        | Observation::ResumeRequested(_)
        | Observation::AgentConnected(_)
        | Observation::EarlyMediaPassed(_)
        | Observation::OfferRefused(_)
        | Observation::LegsBridged(_)
        | Observation::TransferAnswered(_)
        | Observation::TransferReported(_)
        | Observation::RecordingStarted(_)
        | Observation::RecordingPaused(_)
        | Observation::RecordingResumed(_)
        | Observation::RecordingEnded(_)
        | Observation::RecordingFailed(_)
        | Observation::StreamDialed(_)
        | Observation::StreamOpened(_)
        | Observation::StreamClosed(_)
        | Observation::StreamMeasured(_)
        | Observation::AgentOverrun(_)
        | schemas::of_media!()
        | schemas::of_an_edge!()
        | Observation::JournalGapFound(_) => {}
    }
}

/// The edge could not do what was decided.
fn command_failed(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    failed: &CommandFailed,
) {
    let setback = Setback::of_command(failed);
    match failed.command.as_str() {
        "DialLeg" | "DialStream" => {
            fall_back::leg_lost(draft, call, configuration, failed.leg, &setback)
        }
        "AnswerLeg" if call.caller_is_open() => {
            draft.rule("hang_up.cannot_answer");
            hang_up::everyone(draft, call, failed.status.clamp(400, 699), &failed.error);
        }
        "BridgeLegs" if call.caller_is_open() && call.serving_is_there() => {
            draft.rule("hang_up.cannot_bridge");
            hang_up::everyone(draft, call, 500, &failed.error);
        }
        "ConnectAgent" if call.transfer.is_none() && call.serving == Serving::Nobody => {
            fall_back::next(draft, call, configuration, &setback);
        }
        "PassEarlyMedia" => early_media::not_passed(draft, call),
        "ReferLeg" => transfer::not_sent(draft, call, configuration, &setback),
        "HangUpLeg" | "RefuseLeg" if failed.leg == LegId::CALLER => {
            hang_up::goodbye(draft, call, failed.leg);
        }
        // The leg is gone or the word came too late; the call goes on.
        _ => {}
    }
}

/// A decision that is being made.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    rule: Option<&'static str>,
    commands: Vec<Command>,
    conclusions: Vec<Conclusion>,
    tried: Vec<Tried>,
    handed_on: HandedOn,
}

impl Draft {
    /// Names the branch that was taken. The first one counts.
    pub(crate) fn rule(&mut self, rule: &'static str) {
        self.rule.get_or_insert(rule);
    }

    pub(crate) fn command(&mut self, command: impl Into<Command>) {
        self.commands.push(command.into());
    }

    /// Ends a leg. What somebody hands on who hung up goes along.
    pub(crate) fn hang_up(&mut self, leg: LegId, reason: Option<String>) {
        let context = self.handed_on.take(leg);
        self.command(HangUpLeg {
            leg,
            reason,
            context,
        });
    }

    pub(crate) fn conclude(&mut self, conclusion: impl Into<Conclusion>) {
        self.conclusions.push(conclusion.into());
    }

    /// Keeps what was looked at, for the explanation of a refusal.
    pub(crate) fn tried(&mut self, tried: impl IntoIterator<Item = Tried>) {
        self.tried.extend(tried);
    }

    /// Takes what was looked at.
    pub(crate) fn take_tried(&mut self) -> Vec<Tried> {
        std::mem::take(&mut self.tried)
    }

    /// Refuses the caller, or hangs up if he was answered already.
    pub(crate) fn end_caller(&mut self, call: &Call, status: u16, why: &str) {
        self.end_caller_after(call, status, None, why);
    }

    pub(crate) fn end_caller_after(
        &mut self,
        call: &Call,
        status: u16,
        retry_after_s: Option<u32>,
        why: &str,
    ) {
        if !call.caller_is_open() {
            return;
        }
        let leg = LegId::CALLER;
        if call.caller_is_answered() {
            return self.hang_up(leg, call.reason.clone());
        }
        self.command(RefuseLeg {
            leg,
            status,
            phrase: phrase(status).to_owned(),
            reason: call.reason.clone(),
            retry_after_s,
        });
        let tried = self.take_tried();
        self.conclude(CallRefused {
            status,
            why: why.to_owned(),
            tried,
        });
    }

    /// Gives the caller back to whom he was given to. `false` if there is nobody.
    pub(crate) fn give_back(&mut self, call: &Call) -> bool {
        if !call.serving_is_there() {
            return false;
        }
        match &call.serving {
            Serving::Nobody => return false,
            Serving::BuiltIn { agent, does } => self.command(ConnectAgent {
                leg: LegId::CALLER,
                agent: agent.clone(),
                does: does.clone(),
            }),
            Serving::Leg(with) => self.command(BridgeLegs {
                leg: LegId::CALLER,
                with: *with,
            }),
        }
        true
    }

    /// When every leg is over and no new one is dialed, the call is over.
    fn end_the_call(&mut self, call: &Call) {
        let dials = self
            .commands
            .iter()
            .any(|command| matches!(command, Command::DialLeg(_) | Command::DialStream(_)));
        let ended = self
            .conclusions
            .iter()
            .any(|one| matches!(one, Conclusion::CallEnded(_)));
        if !ended && !dials && call.every_leg_has_ended() {
            self.give_up(call, Ending::conclude(call));
        }
    }

    /// Concludes the call, and a transfer that still runs before it.
    pub(crate) fn give_up(&mut self, call: &Call, ended: CallEnded) {
        self.rule("call.ended");
        let settled = self.conclusions.iter().any(|one| {
            matches!(
                one,
                Conclusion::TransferCompleted(_) | Conclusion::TransferFailed(_)
            )
        });
        if call.transfer.is_some() && !settled {
            self.conclude(transfer::caller_left(&ended.cause));
        }
        self.conclude(ended);
    }

    fn finish(self, configuration: Hash) -> Option<Decision> {
        Some(Decision {
            rule: self.rule?.to_owned(),
            configuration,
            commands: self.commands,
            conclusions: self.conclusions,
        })
    }
}
