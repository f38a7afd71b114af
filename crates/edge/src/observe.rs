//! From SIP to facts: what an event of the endpoint means for the call that it belongs to. An INVITE that begins a
//! call comes in by [`Call::begin`], everything after it by [`Call::observe`].

use bytes::Bytes;
use schemas::observation::{EarlyMediaStarted, LegAnswered, LegFailure, LegRinging, TrunkMatch};
use schemas::{Direction, LegId, WireMessage};
use sip::endpoint::event::Event;
use sip::endpoint::extra::Extra;
use sip::endpoint::flow::Flow;
use sip::endpoint::keys::LegKey;
use sip::{Message, Method, StatusCode};

use crate::call::{Call, ended_by_edge};
use crate::capture::{DigitsInCapture, redact};
use crate::configuration::{CODECS, Digits, Reading, SrtpPolicy};
use crate::invited;
use crate::leg::{Leg, Stage};
use crate::occupancy::Whose;
use crate::session::Session;
use crate::step::Step;

impl Call {
    /// An INVITE began the call.
    pub fn begin(
        &mut self,
        step: &mut Step<'_>,
        key: LegKey,
        message: &Message,
        flow: Flow,
        trunk: TrunkMatch,
    ) {
        let known = step.trunks.named(trunk.trunk.as_str());
        let codecs = known.map_or_else(|| CODECS.to_vec(), |trunk| trunk.codecs.clone());
        let digits = known.map_or(Digits::Counted, |trunk| trunk.digits);
        // It was told of the leg a moment ago, so it is there.
        if let Some(trunk) = known {
            let _ = step
                .endpoint
                .set_credentials(key, trunk.credentials.clone());
        }
        let (policy, ways) = known.map_or((SrtpPolicy::Off, &[][..]), |trunk| {
            (trunk.srtp, &trunk.srtp_keying)
        });
        let mut session = Session::new(codecs, step.keyring.security(policy, ways), key.get());
        if message.has_body_of("application/sdp") {
            session.take_offer(message.body());
        }
        let offer = session.media_offer();
        let usual = Reading::default();
        let rules = known.map_or(&usual, |trunk| &trunk.reading);
        let mut invited = invited::invite_received(message, flow, (trunk, rules), offer);
        let now = step.moment.now;
        let mut leg = Leg::new(LegId::CALLER, Stage::Invited, session, digits, now);
        if let Some(trunk) = known {
            leg.through(trunk);
        }
        leg.key = Some(key);
        leg.flow = Some(flow);
        self.legs.insert(LegId::CALLER, Box::new(leg));
        step.places.insert(key, (self.id, LegId::CALLER));
        self.name_session(step, key, &invited);
        let whose = Whose {
            trunk: invited.trunk.trunk.clone(),
            number: invited.called_number().reveal().clone(),
        };
        invited.load = Some(step.counted.began(self.id, whose, now));
        self.fact(step, invited);
        self.note_allowed(step, LegId::CALLER, message);
    }

    /// Something happened in the dialog of a leg.
    pub fn observe(&mut self, step: &mut Step<'_>, leg: LegId, event: Event) {
        let known = self.legs.get(&leg).and_then(|state| state.key);
        if known != event.leg() {
            // Its target failed, and the leg goes on at another one.
            return;
        }
        match event {
            Event::IncomingInvite { .. } => {}
            Event::Ringing { status, .. } => {
                self.rang(leg);
                self.fact(
                    step,
                    LegRinging {
                        leg,
                        status: status.get(),
                    },
                );
            }
            Event::EarlyMedia { status, sdp, .. } => self.early_media(step, leg, status, &sdp),
            Event::Answered { sdp, message, .. } => {
                self.answered(step, leg, sdp.as_ref());
                self.note_allowed(step, leg, &message);
            }
            Event::Rejected {
                status, message, ..
            } => self.rejected(step, leg, status, &message),
            Event::TimedOut { timer, .. } => {
                self.fail(
                    step,
                    leg,
                    LegFailure::TimedOut {
                        timer: timer.to_string(),
                    },
                );
            }
            Event::TransportFailed { .. } => {
                let error = format!("the INVITE could not be sent: {}", step.unsent);
                self.fail(step, leg, LegFailure::Unreachable { error });
            }
            Event::Cancelled { message, .. } => self.cancelled(step, leg, &message),
            Event::ProgressAcknowledged { sdp, .. } => {
                self.progress_acknowledged(step, leg, sdp.as_ref());
            }
            Event::Acked { sdp, .. } => self.acked(step, leg, sdp.as_ref()),
            Event::AckMissing { .. } => {
                self.end(step, leg, ended_by_edge("no ACK within 32 s"), None);
            }
            Event::SessionRefreshed { by, method, interval, .. } => {
                self.session_refreshed(step, leg, (by, &method), interval);
            }
            Event::SessionExpired { refresher, interval, .. } => {
                self.session_expired(step, leg, refresher, interval);
            }
            Event::PrackMissing { .. } => {
                self.end(step, leg, ended_by_edge("no PRACK within 32 s"), None);
            }
            Event::ByeReceived { message, .. } => self.bye(step, leg, &message),
            Event::OfferReceived { sdp, .. } => self.offered(step, leg, sdp.as_ref()),
            Event::ReferReceived {
                refer_to,
                referred_by,
                ..
            } => {
                self.transfer_requested(step, leg, &refer_to, referred_by.as_deref());
            }
            Event::ReferAccepted { reports, .. } => self.refer_accepted(step, leg, reports),
            Event::ReferProgress {
                status,
                phrase,
                last,
                ..
            } => {
                self.refer_progress(step, leg, status, &phrase, last);
            }
            Event::ReferRejected {
                status, message, ..
            } => {
                self.refer_rejected(step, leg, status, &message);
            }
            Event::RequestFailed { method, .. } => self.request_failed(step, leg, &method),
            Event::RequestAnswered {
                method: Method::Info,
                status,
                ..
            } => self.key_answered(step, leg, Some(status)),
            Event::RequestAnswered {
                method: Method::Bye,
                message,
                ..
            } => self.account(step, leg, &message),
            Event::InfoReceived {
                answered, message, ..
            } => {
                if answered.is_success() {
                    self.info(step, leg, &message);
                }
            }
            Event::ChallengeUnanswered { method, why, message, .. } => {
                self.challenge_unanswered(step, leg, (&method, why), &message);
            }
            Event::Ended { cause, .. } => self.gone(step, leg, cause),
            // The ladder shows them; nothing of the call depends on them.
            // Every INVITE of ours has an offer, so no callee makes one while it rings.
            Event::EarlyOffer { .. }
            // The way of the INVITE is taken until somebody looks names up.
            | Event::HopNamed { .. }
            | Event::ForkHungUp { .. }
            | Event::OfferCancelled { .. }
            | Event::OfferAnswered { .. }
            | Event::OfferRejected { .. }
            | Event::OfferDelayed { .. }
            | Event::NotifyReceived { .. }
            | Event::RequestAnswered { .. }
            | Event::RegisterReceived { .. }
            | Event::RegisterAnswered { .. }
            | Event::RegisterFailed { .. }
            | Event::OptionsReceived { .. }
            | Event::OptionsAnswered { .. }
            | Event::OptionsFailed { .. } => {}
        }
    }

    fn early_media(&mut self, step: &mut Step<'_>, leg: LegId, status: StatusCode, sdp: &Bytes) {
        let status = status.get();
        self.rang(leg);
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        // Told first: whoever hears it needs no ringing.
        if state.session.terms().is_none() && state.session.take_answer(sdp).is_ok() {
            self.fact(step, EarlyMediaStarted { leg, status });
            self.tell_protection(step, leg);
            self.talk(step, leg);
        }
        self.fact(step, LegRinging { leg, status });
    }

    fn answered(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<&Bytes>) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        // A 200 without a description keeps the answer of the 183 (RFC 3261 section 13.2.1).
        let agreed = match sdp {
            Some(sdp) => state.session.take_answer(sdp),
            None if state.session.terms().is_some() => Ok(()),
            None => Err("the answer holds no session description".to_owned()),
        };
        let now = step.moment.now;
        match agreed {
            Ok(()) => {
                state.stage = Stage::Talking;
                state.answered = Some(now);
                let after_ms = state.age_ms(now);
                self.name_callers_session(step, leg);
                self.fact(step, LegAnswered { leg, after_ms });
                self.negotiated(step, leg);
            }
            Err(error) => {
                self.fail(step, leg, LegFailure::Impossible { error });
                self.say_bye(step, leg, Extra::none());
            }
        }
    }

    /// The answer to an offer that stood in our 200.
    fn acked(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<&Bytes>) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        if !state.session.awaits_answer() {
            return;
        }
        let taken = match sdp {
            Some(sdp) => state.session.take_answer(sdp),
            None => Err("the ACK holds no session description".to_owned()),
        };
        match taken {
            Ok(()) => self.negotiated(step, leg),
            // A session that was agreed on before goes on; without one nobody hears anybody.
            Err(_) if state.session.terms().is_some() => {}
            Err(error) => {
                self.end(step, leg, ended_by_edge(&error), None);
                self.say_bye(step, leg, Extra::none());
            }
        }
    }

    /// A SIP message of this call crossed a socket.
    pub fn capture(&mut self, step: &mut Step<'_>, leg: Option<LegId>, crossing: Crossing<'_>) {
        let stored = leg
            .and_then(|leg| self.legs.get(&leg))
            .map(|leg| leg.digits);
        let digits = match stored {
            Some(Digits::Stored) => DigitsInCapture::Kept,
            Some(Digits::Counted) | None => DigitsInCapture::Masked,
        };
        let message = WireMessage {
            leg,
            direction: crossing.direction,
            local: crossing.flow.local.to_string(),
            peer: crossing.flow.remote.to_string(),
            transport: transport(crossing.flow),
            retransmission: crossing.retransmission,
            bytes: redact(crossing.bytes, digits),
        };
        step.ledger.wire(&mut self.wire, message, step.moment.wall);
        step.counters.wire_written.one();
    }
}

/// A message on its way through a socket.
#[derive(Clone, Copy, Debug)]
pub struct Crossing<'a> {
    /// In or out.
    pub direction: Direction,
    /// Which way.
    pub flow: Flow,
    /// Whether it repeats an earlier one.
    pub retransmission: bool,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// The transport as events name it.
pub fn transport(flow: Flow) -> schemas::Transport {
    match flow.transport {
        sip::endpoint::flow::Transport::Udp => schemas::Transport::Udp,
        sip::endpoint::flow::Transport::Tcp => schemas::Transport::Tcp,
        sip::endpoint::flow::Transport::Tls => schemas::Transport::Tls,
    }
}

/// The same the other way round.
pub fn sip_transport(transport: schemas::Transport) -> sip::endpoint::flow::Transport {
    match transport {
        schemas::Transport::Udp => sip::endpoint::flow::Transport::Udp,
        schemas::Transport::Tcp => sip::endpoint::flow::Transport::Tcp,
        schemas::Transport::Tls => sip::endpoint::flow::Transport::Tls,
    }
}
