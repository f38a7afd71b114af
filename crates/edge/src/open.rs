//! A leg got its socket: it is answered, or its INVITE leaves.

use schemas::command::DialLeg;
use schemas::media::AudioCodec;
use schemas::observation::LegDialed;
use schemas::{EventId, LegId, Personal};
use sdp::{Codec, SessionDescription};
use sip::endpoint::InviteRequest;

use crate::call::Call;
use crate::configuration::{CODECS, Trunk};
use crate::leg::{Socket, Stage};
use crate::observe::transport;
use crate::port::Opened;
use crate::redial::Dialed;
use crate::refusal::Refusal;
use crate::session::media_offer;
use crate::step::Step;
use crate::terms;
use crate::told::Teller;
use crate::voice::leg_id;
use crate::way::way;

impl Call {
    /// The socket that was asked for, or why there is none.
    pub fn opened(&mut self, step: &mut Step<'_>, leg: LegId, result: Result<Opened, String>) {
        let Some(state) = self.legs.get_mut(&leg) else {
            // Given up in the meantime.
            if result.is_ok() {
                self.voice(step, media::Input::Remove { leg: leg_id(leg) });
            }
            return;
        };
        state.socket = if result.is_ok() {
            Socket::Open
        } else {
            Socket::None
        };
        match &mut state.stage {
            Stage::Answering { because, with } => {
                let (because, with) = (*because, *with);
                self.speak_now(step, leg, (because, with), result);
            }
            Stage::Opening { because, command } => {
                let (because, command) = (*because, command.clone());
                if let Err(refusal) = self.dial_now(step, because, &command, result) {
                    self.close(step, leg);
                    self.forget_unsent(leg);
                    self.command_failed(step, because, "DialLeg", leg, refusal);
                }
            }
            _ => self.close(step, leg),
        }
        self.work(step);
    }

    /// The leg is not dialed although it has a socket: its trunk takes no more calls now.
    pub fn held_back(&mut self, step: &mut Step<'_>, leg: LegId, why: String) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return self.voice(step, media::Input::Remove { leg: leg_id(leg) });
        };
        state.socket = Socket::Open;
        let because = match &state.stage {
            Stage::Opening { because, .. } => Some(*because),
            _ => None,
        };
        self.close(step, leg);
        if let Some(because) = because {
            self.forget_unsent(leg);
            self.command_failed(step, because, "DialLeg", leg, Refusal::unavailable(why));
        }
        self.work(step);
    }

    /// Forgets a leg whose INVITE was never sent.
    pub fn forget_unsent(&mut self, leg: LegId) {
        self.legs.remove(&leg);
    }

    /// Gives the socket of a leg back.
    pub fn close(&mut self, step: &mut Step<'_>, leg: LegId) {
        if self
            .legs
            .get(&leg)
            .is_some_and(|leg| leg.socket == Socket::Open)
        {
            self.voice(step, media::Input::Remove { leg: leg_id(leg) });
        }
    }

    /// What a new leg may speak: what its trunk or its agent says. Where nobody does, what the leg speaks that it is dialed
    /// for, so that nothing is transcoded if it knows that too, and then what everybody knows.
    pub fn codecs_toward(&self, command: &DialLeg, trunk: Option<&Trunk>) -> Vec<Codec> {
        if let Some(trunk) = trunk {
            return trunk.codecs.clone();
        }
        if !command.media.codecs.is_empty() {
            return command.media.codecs.iter().map(codec).collect();
        }
        let first = command.codecs_of.and_then(|leg| self.legs.get(&leg));
        let mut codecs = first.map_or_else(Vec::new, |leg| leg.session.common_codecs());
        let usual = CODECS.iter().filter(|codec| !codecs.contains(codec));
        let usual: Vec<_> = usual.copied().collect();
        codecs.extend(usual);
        codecs
    }

    fn dial_now(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &DialLeg,
        result: Result<Opened, String>,
    ) -> Result<(), Refusal> {
        let opened = result.map_err(Refusal::unavailable)?;
        let first = command.codecs_of.and_then(|leg| self.legs.get(&leg));
        let first = first
            .map(|leg| leg.session.common_codecs())
            .unwrap_or_default();
        let state = self
            .legs
            .get_mut(&command.leg)
            .ok_or_else(|| Refusal::over("the leg was given up"))?;
        state.session.receive_at(opened.rtp);
        let sdp = state.session.offer(&first)?;
        let offered = SessionDescription::parse(&sdp).ok();
        let offered = offered.as_ref().and_then(media_offer);
        let host = step.endpoint.host(opened.flow);
        let call_id = call_id(self.id, command.leg);
        let trunk = command.trunk.as_ref();
        let trunk = trunk.and_then(|name| step.trunks.named(name.as_str()));
        let teller = Teller::new(command, &host, trunk);
        let way = way(step, command, trunk)?;
        let request = InviteRequest {
            to: way.to,
            routes: way.routes,
            reach: way.reach,
            terms: Some(terms::of_trunk(step.endpoint.terms(), trunk)),
            call_id: Some(call_id.as_str().into()),
            credentials: trunk
                .map(|trunk| trunk.credentials.clone())
                .unwrap_or_default(),
            max_forwards: command.told.max_forwards,
            session_id: teller.session(),
            headers: teller.headers(),
            sdp: Some(sdp),
            ..InviteRequest::new(way.target, opened.flow, teller.from())
        };
        let now = step.moment.now;
        let key = step.endpoint.invite(request.clone(), now)?;
        state.stage = Stage::Dialing;
        state.began = now;
        let Opened { flow, others, .. } = opened;
        state.key = Some(key);
        state.flow = Some(flow);
        state.dialed = Some(Box::new(Dialed::new(request, others.into(), now)));
        step.places.insert(key, (self.id, command.leg));
        step.counters.legs_dialed.one();
        let dialed = LegDialed {
            leg: command.leg,
            trunk: command.trunk.clone(),
            destination: flow.remote.to_string(),
            transport: transport(flow),
            target: command.target.clone(),
            caller: Personal::new(teller.caller()),
            sip_call_id: call_id,
            offer: offered,
        };
        self.fact_because(step, Some(because), dialed);
        Ok(())
    }
}

fn codec(codec: &AudioCodec) -> Codec {
    match codec {
        AudioCodec::Pcmu => Codec::Pcmu,
        AudioCodec::Pcma => Codec::Pcma,
        AudioCodec::G722 => Codec::G722,
        AudioCodec::Opus => Codec::Opus,
    }
}

/// The Call-ID of a leg that is dialed: it names the call, so that both sides of a bridge can be found by one search.
/// Nothing secret follows from it: a dialog is found by its tags as well.
fn call_id(call: schemas::CallId, leg: LegId) -> String {
    format!("{call}-{leg}")
}
