//! From an agreement to media: what offer and answer settled is told, and the media of the leg follows it.

use schemas::LegId;
use schemas::observation::{
    CodecNegotiated, HandshakeCompleted, HandshakeFailed, MediaSecured, MediaUnsecured,
};
use sdp::{Fingerprint, Protection, Role};

use crate::call::Call;
use crate::configuration::Tones;
use crate::dtls::Outcome;
use crate::port::Output;
use crate::session::direction_of;
use crate::step::Step;
use crate::tally::milliseconds;
use crate::voice::{ToShake, leg_id, negotiated};

impl Call {
    /// Offer and answer agreed: media follows, and everybody is told.
    pub fn negotiated(&mut self, step: &mut Step<'_>, leg: LegId) {
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        let (Some(terms), Some(local)) = (state.session.terms(), state.session.local()) else {
            return;
        };
        let fact = CodecNegotiated {
            leg,
            codec: terms.codec.to_string(),
            payload_type: terms.payload_type_send,
            telephone_event: terms.dtmf.map(|dtmf| dtmf.send),
            local: local.to_string(),
            remote: terms.remote.to_string(),
            direction: direction_of(terms.direction),
            packet_ms: terms.ptime_ms,
            accepted: state.session.accepted(),
        };
        self.fact(step, fact);
        self.tell_protection(step, leg);
        self.talk(step, leg);
    }

    /// Tells whether a leg's media is SRTP, if that is news.
    pub fn tell_protection(&mut self, step: &mut Step<'_>, leg: LegId) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        match state.session.new_protection() {
            Some(Protection::Secured(secured)) => {
                let fact = MediaSecured {
                    leg,
                    keying: "SDES".to_owned(),
                    suite: secured.suite().to_string(),
                    profile: secured.profile.to_string(),
                };
                self.fact(step, fact);
            }
            Some(Protection::Plain {
                because: Some(because),
            }) => {
                let because = because.to_string();
                self.fact(step, MediaUnsecured { leg, because });
            }
            // Told when its handshake is over.
            Some(Protection::Handshake(_) | Protection::Plain { because: None }) | None => {}
        }
    }

    /// Lets the media of a leg follow what was agreed on.
    pub fn talk(&mut self, step: &mut Step<'_>, leg: LegId) {
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        let (Some(terms), Some(flow)) = (state.session.terms(), state.flow) else {
            return;
        };
        let watched = state.answered.is_some();
        let handshake = terms.protection.handshake().cloned();
        let accepts = state.session.described();
        let mut negotiated = negotiated(terms, accepts, flow.remote.ip(), watched);
        negotiated.tones = match state.tones {
            Tones::Off => false,
            Tones::Fallback => negotiated.telephone_event_accepted.is_none(),
            Tones::Always => true,
        };
        negotiated.tones_sent = state.tones != Tones::Off && state.keys.is_none();
        if state.keys.is_some() {
            // Its keys go by INFO: they must not come to it twice.
            negotiated.telephone_event = None;
        }
        self.voice(
            step,
            media::Input::Update {
                leg: leg_id(leg),
                negotiated,
            },
        );
        if let Some(terms) = handshake {
            let call = self.id;
            step.outputs
                .push_back(Output::Shake(ToShake { call, leg, terms }));
        }
        self.tune(step, leg);
        self.tune_partners(step, leg);
    }

    /// The handshake of a leg is over.
    pub fn shaken(&mut self, step: &mut Step<'_>, leg: LegId, outcome: Outcome) {
        let Some(state) = self.legs.get(&leg).filter(|leg| !leg.is_over()) else {
            return;
        };
        let terms = state.session.terms();
        let Some(agreed) = terms.and_then(|terms| terms.protection.handshake()) else {
            return;
        };
        let begun_here = agreed.role == Role::Client;
        match outcome {
            Outcome::Completed { suite, hash, after } => {
                let completed = HandshakeCompleted {
                    leg,
                    begun_here,
                    fingerprint_hash: hash.name().to_owned(),
                    after_ms: milliseconds(after),
                };
                let secured = MediaSecured {
                    leg,
                    keying: "DTLS".to_owned(),
                    suite: suite.name().to_owned(),
                    profile: agreed.profile.to_string(),
                };
                self.fact(step, completed);
                self.fact(step, secured);
            }
            Outcome::Failed {
                because,
                shown,
                after,
            } => {
                let failed = HandshakeFailed {
                    leg,
                    begun_here,
                    because,
                    agreed: agreed
                        .fingerprints
                        .iter()
                        .map(Fingerprint::to_string)
                        .collect(),
                    shown: shown.map(|shown| shown.to_string()),
                    after_ms: milliseconds(after),
                };
                self.fact(step, failed);
            }
        }
    }
}
