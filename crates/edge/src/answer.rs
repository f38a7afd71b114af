//! The caller is answered, or hears before that somebody who is not answered either (183, RFC 3960), or gets our offer
//! while it rings (RFC 6337 section 2.2). Each describes the session once, with the socket that the leg gets for it; a 200
//! behind them repeats that description.

use bytes::Bytes;
use schemas::command::PassEarlyMedia;
use schemas::observation::{EarlyMediaPassed, LegAnswered, LegRinging};
use schemas::{EventId, LegId};
use sip::StatusCode;
use sip::endpoint::extra::Extra;

use crate::call::{Call, ended_by_edge};
use crate::leg::{Answer, Socket, Stage};
use crate::port::{Opened, Output, Toward};
use crate::refusal::Refusal;
use crate::step::Step;
use crate::voice::Hears;

impl Call {
    /// 200.
    pub fn answer(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        leg: LegId,
    ) -> Result<(), Refusal> {
        let (state, _) = self.live(leg)?;
        match state.early.clone() {
            Some(sdp) if matches!(state.stage, Stage::Invited) => {
                self.accept(step, because, leg, sdp)?;
                self.talk(step, leg);
                Ok(())
            }
            Some(_) | None => self.ask_socket(step, leg, (because, Answer::Final)),
        }
    }

    /// 183 with a session description, and what the other leg sends.
    pub fn pass_early_media(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &PassEarlyMedia,
    ) -> Result<(), Refusal> {
        let PassEarlyMedia { leg, from } = *command;
        let (source, _) = self.live(from)?;
        if !matches!(source.stage, Stage::Dialing) || source.session.terms().is_none() {
            return Err(Refusal::over("there is no media before an answer"));
        }
        let (state, key) = self.live(leg)?;
        if state.talks() || state.early.is_some() {
            self.hear_early(step, because, (leg, from), None);
            return Ok(());
        }
        let reliably = step.endpoint.reports_reliably(key);
        if state.session.awaits_offer() && !reliably {
            let why = "the INVITE carries no offer that a provisional answer could answer";
            return Err(Refusal::not_acceptable(why.to_owned()));
        }
        self.ask_socket(step, leg, (because, Answer::Early { from }))
    }

    /// 180 with our offer; its answer comes in the PRACK.
    pub fn ring_with_offer(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        leg: LegId,
    ) -> Result<(), Refusal> {
        self.ask_socket(step, leg, (because, Answer::Ringing))
    }

    /// The PRACK of a provisional answer came, with the answer to our offer if there was one in it.
    pub fn progress_acknowledged(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<&Bytes>) {
        let (Some(state), Some(sdp)) = (self.legs.get_mut(&leg), sdp) else {
            return;
        };
        if !state.session.awaits_answer() {
            return;
        }
        match (state.session.take_answer(sdp), state.key) {
            (Ok(()), _) => self.negotiated(step, leg),
            (Err(error), Some(key)) if state.waits_for_answer() => {
                self.turn_away(step, (leg, key), StatusCode::NOT_ACCEPTABLE_HERE, &error);
            }
            (Err(error), _) => {
                self.end(step, leg, ended_by_edge(&error), None);
                self.say_bye(step, leg, Extra::none());
            }
        }
    }

    /// The caller's leg got its socket, or did not.
    pub fn speak_now(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        (because, with): (EventId, Answer),
        result: Result<Opened, String>,
    ) {
        let preferred = self.codec_beside(leg);
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let described = result.map_err(Refusal::unavailable).and_then(|opened| {
            state.session.receive_at(opened.rtp);
            let sdp = state.session.answer(preferred);
            sdp.map_err(Refusal::not_acceptable)
        });
        if let Answer::Early { from } = with {
            self.name_sessions(step, leg, from);
        }
        let spoken = described.and_then(|sdp| match with {
            Answer::Final => self.accept(step, because, leg, sdp),
            Answer::Ringing => self.progress(step, leg, StatusCode::RINGING, sdp),
            Answer::Early { .. } => self.progress(step, leg, StatusCode::SESSION_PROGRESS, sdp),
        });
        if let Err(refusal) = spoken {
            // The leg waits on: control says what the caller gets.
            if let Some(state) = self.legs.get_mut(&leg) {
                state.stage = Stage::Invited;
            }
            self.close(step, leg);
            let command = match with {
                Answer::Final => "AnswerLeg",
                Answer::Ringing => "RingLeg",
                Answer::Early { .. } => "PassEarlyMedia",
            };
            self.command_failed(step, because, command, leg, refusal);
            return;
        }
        self.negotiated(step, leg);
        match with {
            Answer::Final => {}
            Answer::Ringing => {
                let status = StatusCode::RINGING.get();
                self.fact_because(step, Some(because), LegRinging { leg, status });
            }
            Answer::Early { from } => {
                let status = Some(StatusCode::SESSION_PROGRESS.get());
                self.hear_early(step, because, (leg, from), status);
            }
        }
    }

    fn ask_socket(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        (because, with): (EventId, Answer),
    ) -> Result<(), Refusal> {
        let (state, _) = self.live(leg)?;
        let (Stage::Invited, Some(flow)) = (&state.stage, state.flow) else {
            return Err(Refusal::over("the leg does not wait for an answer"));
        };
        let can_answer = state.session.check_offer();
        can_answer.map_err(Refusal::not_acceptable)?;
        state.stage = Stage::Answering { because, with };
        state.socket = Socket::Asked;
        let toward = Toward::Flow(flow);
        step.outputs.push_back(Output::Open {
            call: self.id,
            leg,
            toward,
        });
        Ok(())
    }

    fn accept(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        leg: LegId,
        sdp: Bytes,
    ) -> Result<(), Refusal> {
        let (state, key) = self.live(leg)?;
        let now = step.moment.now;
        step.endpoint.answer(key, Some(sdp), Extra::none(), now)?;
        state.stage = Stage::Talking;
        state.answered = Some(now);
        let after_ms = state.age_ms(now);
        self.fact_because(step, Some(because), LegAnswered { leg, after_ms });
        Ok(())
    }

    fn progress(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        status: StatusCode,
        sdp: Bytes,
    ) -> Result<(), Refusal> {
        let (state, key) = self.live(leg)?;
        let now = step.moment.now;
        let said = Some(sdp.clone());
        step.endpoint
            .provisional(key, status, said, Extra::none(), now)?;
        state.stage = Stage::Invited;
        state.early = Some(sdp);
        Ok(())
    }

    /// Only this way: who has not answered hears nobody.
    fn hear_early(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        (leg, from): (LegId, LegId),
        status: Option<u16>,
    ) {
        if let Some(state) = self.legs.get_mut(&leg) {
            state.agent = None;
        }
        self.connect(step, leg, Hears::Leg(from));
        self.fact_because(step, Some(because), EarlyMediaPassed { leg, from, status });
    }
}
