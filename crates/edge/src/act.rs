//! From decisions to deeds: each command is carried out at most once and ends in one observation: what came of it, or
//! `CommandFailed`. Dialing and answering need a socket first: they ask the shell for one and go on in `open`.

use schemas::command::{
    AnswerLeg, BridgeLegs, BuiltInAgent, ConnectAgent, DialLeg, HangUpLeg, RefuseLeg, RingLeg,
};
use schemas::observation::{
    AgentConnected, CommandFailed, EndedBy, LegFailure, LegRinging, LegsBridged,
};
use schemas::{Command, Conclusion, Decision, EventId, LegId};
use sip::StatusCode;
use sip::endpoint::extra::Extra;
use sip::endpoint::keys::LegKey;

use crate::call::{Call, LEGS_MAX};
use crate::configuration::{Digits, KEYING};
use crate::leg::{Agent, Ending, Leg, Socket, Stage};
use crate::port::Output;
use crate::refusal::{Refusal, add_warning};
use crate::session::Session;
use crate::step::Step;
use crate::voice::{Hears, describe};
use crate::way::toward;

impl Call {
    /// A decision for this call that was not carried out before.
    pub fn carry_out(&mut self, step: &mut Step<'_>, because: EventId, decision: Decision) {
        self.next_decision += 1;
        self.control_is_there();
        step.counters.decisions_done.one();
        self.queue.extend(
            decision
                .commands
                .into_iter()
                .map(|command| (because, command)),
        );
        let ends = |one: &Conclusion| matches!(one, Conclusion::CallEnded(_));
        self.concluded |= decision.conclusions.iter().any(ends);
        self.work(step);
    }

    /// Does what waits, up to a leg that has to be answered first.
    pub fn work(&mut self, step: &mut Step<'_>) {
        while !self.is_answering()
            && let Some((because, command)) = self.queue.pop_front()
        {
            if let Err(refusal) = self.act(step, because, &command) {
                self.command_failed(step, because, command.name(), command.leg(), refusal);
            }
        }
    }

    /// A command came to nothing.
    pub fn command_failed(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &str,
        leg: LegId,
        refusal: Refusal,
    ) {
        step.counters.commands_failed.one();
        let Refusal { status, error } = refusal;
        let (command, status) = (command.to_owned(), status.get());
        let failed = CommandFailed {
            decision: because,
            leg,
            command,
            status,
            error,
        };
        self.fact_because(step, Some(because), failed);
    }

    fn is_answering(&self) -> bool {
        let mut legs = self.legs.values();
        legs.any(|leg| matches!(leg.stage, Stage::Answering { .. }))
    }

    fn act(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &Command,
    ) -> Result<(), Refusal> {
        match command {
            Command::RingLeg(RingLeg { leg }) => self.ring(step, because, *leg),
            Command::AnswerLeg(AnswerLeg { leg }) => self.answer(step, because, *leg),
            Command::PassEarlyMedia(command) => self.pass_early_media(step, because, command),
            Command::RefuseLeg(command) => self.refuse(step, because, command),
            Command::DialLeg(command) => self.dial(step, because, command),
            Command::HangUpLeg(command) => self.hang_up(step, because, command),
            Command::BridgeLegs(BridgeLegs { leg, with }) => {
                self.bridge(step, because, (*leg, *with))
            }
            Command::DialStream(command) => self.dial_stream(step, because, command),
            Command::ConnectAgent(command) => self.connect_agent(step, because, command),
            Command::AcceptTransfer(command) => self.accept_transfer(step, because, command.leg),
            Command::RefuseTransfer(command) => self.refuse_transfer(step, because, command),
            Command::ReportTransfer(command) => self.report_transfer(step, because, command),
            Command::ReferLeg(command) => self.refer(step, because, command),
            Command::StartRecording(command) => self.start_recording(step, because, command),
            Command::PauseRecording(_)
            | Command::ResumeRecording(_)
            | Command::StopRecording(_) => self.change_recording(step, because, command),
        }
    }

    fn ring(&mut self, step: &mut Step<'_>, because: EventId, leg: LegId) -> Result<(), Refusal> {
        let (state, key) = self.live(leg)?;
        if !state.waits_for_answer() {
            return Err(Refusal::over("the leg does not wait for an answer"));
        }
        let is_open = state.session.awaits_offer() && state.early.is_none();
        if is_open && step.endpoint.reports_reliably(key) {
            return self.ring_with_offer(step, because, leg);
        }
        let (status, now) = (StatusCode::RINGING, step.moment.now);
        step.endpoint
            .provisional(key, status, None, Extra::none(), now)?;
        self.fact_because(
            step,
            Some(because),
            LegRinging {
                leg,
                status: status.get(),
            },
        );
        Ok(())
    }

    /// The edge refuses a caller on its own; its endpoint says why.
    pub fn turn_away(
        &mut self,
        step: &mut Step<'_>,
        (leg, key): (LegId, LegKey),
        status: StatusCode,
        why: &str,
    ) {
        let mut extra = Extra::none();
        let seconds = step.configuration.retry_after_s.to_string();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            extra
                .add("Retry-After", &seconds)
                .expect("a number is a header value");
        }
        // A leg that is over at its peer cannot be refused any more; it ends all the same.
        let _ = step
            .endpoint
            .refuse(key, status, None, extra, step.moment.now);
        let cause = format!("refused with {status}: {why}");
        self.end(
            step,
            leg,
            Ending::Ended {
                by: EndedBy::Edge,
                cause,
            },
            None,
        );
    }

    fn refuse(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &RefuseLeg,
    ) -> Result<(), Refusal> {
        let (state, key) = self.live(command.leg)?;
        if !state.waits_for_answer() {
            return Err(Refusal::over("the leg does not wait for an answer"));
        }
        let status = StatusCode::new(command.status)
            .filter(|status| status.get() >= 300)
            .ok_or_else(|| format!("{} is no status of a refusal", command.status))?;
        let mut extra = Extra::none();
        if let Some(seconds) = command.retry_after_s {
            extra
                .add("Retry-After", &seconds.to_string())
                .expect("a number is a header value");
        }
        if let Some(reason) = command.reason.as_deref().and_then(sip::reason::rewrite) {
            // One that cannot be written must not keep anybody waiting.
            let _ = extra.add("Reason", &reason);
        }
        if status == StatusCode::NOT_ACCEPTABLE_HERE
            && let Err(why) = state.session.check_offer()
        {
            add_warning(&mut extra, &why);
        }
        let phrase = Some(command.phrase.as_str()).filter(|phrase| !phrase.is_empty());
        step.endpoint
            .refuse(key, status, phrase, extra, step.moment.now)?;
        let cause = format!("refused with {status}");
        let ending = Ending::Ended {
            by: EndedBy::Control,
            cause,
        };
        self.end(step, command.leg, ending, Some(because));
        Ok(())
    }

    fn dial(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &DialLeg,
    ) -> Result<(), Refusal> {
        if self.legs.contains_key(&command.leg) {
            return Err(format!("there is a leg {} already", command.leg).into());
        }
        if self.legs.values().filter(|leg| leg.is_live()).count() >= LEGS_MAX {
            return Err(format!("a call may have {LEGS_MAX} legs at the same time").into());
        }
        let trunk = command.trunk.as_ref().map(|name| {
            let known = step.trunks.named(name.as_str());
            known.ok_or_else(|| format!("this edge knows no trunk {name}"))
        });
        let trunk = trunk.transpose()?;
        let toward = toward(step, command, trunk)?;
        let codecs = self.codecs_toward(command, trunk);
        let inherited = self
            .legs
            .get(&LegId::CALLER)
            .map_or(Digits::Counted, |leg| leg.digits);
        let digits = trunk.map_or(inherited, |trunk| trunk.digits);
        let stage = Stage::Opening {
            because,
            command: Box::new(command.clone()),
        };
        // Any number names the descriptions as long as the call's legs have different ones.
        let id = (self.id.began_ms() << 8) | u64::from(command.leg.0);
        let (policy, ways) = match (trunk, &command.media) {
            (Some(trunk), _) => (trunk.srtp, &trunk.srtp_keying[..]),
            (None, media) if media.keying.is_empty() => (media.srtp, &KEYING[..]),
            (None, media) => (media.srtp, &media.keying[..]),
        };
        let session = Session::new(codecs, step.keyring.security(policy, ways), id);
        let mut leg = Leg::new(command.leg, stage, session, digits, step.moment.now);
        if let Some(trunk) = trunk {
            leg.through(trunk);
        }
        leg.socket = Socket::Asked;
        self.legs.insert(command.leg, Box::new(leg));
        step.outputs.push_back(Output::Open {
            call: self.id,
            leg: command.leg,
            toward,
        });
        Ok(())
    }

    fn hang_up(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &HangUpLeg,
    ) -> Result<(), Refusal> {
        let leg = command.leg;
        let state = self.legs.get(&leg).ok_or_else(|| no_leg(leg))?;
        if let Stage::Opening {
            because: dialed, ..
        } = state.stage
        {
            self.forget_unsent(leg);
            let refusal = Refusal::over("it was given up before it was dialed");
            self.command_failed(step, dialed, "DialLeg", leg, refusal.clone());
            return Err(refusal);
        }
        let state = self.present(leg)?;
        let ending = match state.stage {
            Stage::Dialing => Ending::Failed {
                failure: LegFailure::Cancelled,
                reason: None,
                retry_after_s: None,
            },
            _ => Ending::Ended {
                by: EndedBy::Control,
                cause: "hung up by control".to_owned(),
            },
        };
        self.given_up(step, leg);
        let mut farewell = reason(command.reason.as_deref());
        if !matches!(ending, Ending::Failed { .. }) {
            for header in &command.context {
                // One that cannot be written must not keep the others from crossing.
                let _ = farewell.add(&header.name, header.value.reveal());
            }
        }
        self.say_bye(step, leg, farewell);
        self.end(step, leg, ending, Some(because));
        Ok(())
    }

    /// BYE, CANCEL or a refusal, as the dialog has it. A dialog that ends by itself needs none.
    pub fn say_bye(&mut self, step: &mut Step<'_>, leg: LegId, farewell: Extra) {
        let Some(key) = self.legs.get(&leg).and_then(|leg| leg.key) else {
            return;
        };
        // The peer may have hung up in the meantime: then there is nothing to say.
        let _ = step.endpoint.hang_up(key, farewell, step.moment.now);
    }

    fn bridge(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        (leg, with): (LegId, LegId),
    ) -> Result<(), Refusal> {
        if leg == with {
            return Err("a leg cannot be bridged to itself".to_owned().into());
        }
        for (one, other) in [(leg, with), (with, leg)] {
            let state = self.present(one)?;
            if !matches!(state.stage, Stage::Talking | Stage::Dialing) {
                return Err(format!("leg {one} is not answered").into());
            }
            self.disconnect_partners(step, one, other);
        }
        for (one, other) in [(leg, with), (with, leg)] {
            if let Some(state) = self.legs.get_mut(&one) {
                state.agent = None;
            }
            self.connect(step, one, Hears::Leg(other));
        }
        self.name_sessions(step, leg, with);
        self.fact_because(step, Some(because), LegsBridged { leg, with });
        Ok(())
    }

    fn connect_agent(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &ConnectAgent,
    ) -> Result<(), Refusal> {
        let ConnectAgent { leg, agent, does } = command;
        let (state, _) = self.live(*leg)?;
        if !state.talks() {
            return Err("the leg is not answered".to_owned().into());
        }
        let (kind, recording) = describe(does);
        if let Some(file) = recording
            && !step.recordings.has(file)
        {
            return Err(format!("this edge has no recording {file}").into());
        }
        let choices = match does {
            BuiltInAgent::Menu { choices, .. } => choices.clone(),
            _ => Vec::new(),
        };
        state.agent = Some(Agent {
            name: agent.clone(),
            choices,
        });
        self.disconnect_partners(step, *leg, *leg);
        self.connect(step, *leg, Hears::Agent(does.clone()));
        let (leg, agent, kind) = (*leg, agent.clone(), kind.to_owned());
        self.fact_because(step, Some(because), AgentConnected { leg, agent, kind });
        Ok(())
    }

    /// Whoever heard this leg hears nothing more, but for one.
    fn disconnect_partners(&mut self, step: &mut Step<'_>, leg: LegId, but: LegId) {
        for partner in self.partners(leg) {
            if partner != but {
                self.connect(step, partner, Hears::Nothing);
            }
        }
    }

    /// A leg that is not over and has a dialog.
    pub fn live(&mut self, leg: LegId) -> Result<(&mut Leg, LegKey), Refusal> {
        let state = self.legs.get_mut(&leg).ok_or_else(|| no_leg(leg))?;
        match state.key {
            Some(key) if state.is_live() => Ok((state, key)),
            Some(_) => Err(Refusal::over(&format!("leg {leg} is over"))),
            None => Err(Refusal::over(&format!("leg {leg} is not dialed yet"))),
        }
    }
}

/// Why the other side hung up.
fn reason(reason: Option<&str>) -> Extra {
    let mut extra = Extra::none();
    if let Some(reason) = reason.and_then(sip::reason::rewrite) {
        // One that cannot be written must not keep anybody on the line.
        let _ = extra.add("Reason", &reason);
    }
    extra
}

pub(crate) fn no_leg(leg: LegId) -> Refusal {
    Refusal::over(&format!("the call has no leg {leg}"))
}
