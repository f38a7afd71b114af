//! A call as the edge holds it: its legs, its two chains in the log, and the decisions that are still to be done.
//! What happens to it is in `observe` (SIP), `heard` (media) and `act` (decisions).

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use schemas::observation::{EndedBy, LegEnded, LegFailed, LegFailure};
use schemas::{CallId, Chain, Command, Event, EventId, Lane, LegId, Subject};

use sip::StatusCode;
use sip::endpoint::extra::Extra;

use crate::configuration::Codec;
use crate::leg::{Ending, Leg, Socket, Stage};
use crate::measures;
use crate::port::Output;
use crate::record::Recording;
use crate::refusal::Refusal;
use crate::step::Step;
use crate::voice::{Hears, ToVoice, hears, leg_id};

mod waits;

/// Legs that a call may have at the same time; beyond it nothing more is dialed.
pub const LEGS_MAX: usize = 16;

/// How long a leg that is over waits for the measures of its media.
const MEASURES_WAIT: Duration = Duration::from_secs(2);

/// One call.
#[derive(Debug)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// The lane of its facts.
    facts: Chain,
    /// The lane of its SIP messages.
    pub wire: Chain,
    /// Its legs; boxed, because a node of the map has room for eleven and a call has two.
    pub legs: BTreeMap<LegId, Box<Leg>>,
    /// The number of the next decision.
    pub next_decision: u32,
    /// Commands that wait for a leg to be answered.
    pub queue: VecDeque<(EventId, Command)>,
    /// Control said that the call is over.
    pub concluded: bool,
    /// Its recording, from the command until its last fact is written.
    pub recording: Option<Box<Recording>>,
    /// When the edge ends the call on its own, if control goes on saying nothing.
    patience: Option<Instant>,
    /// When legs that are over stop waiting for their measures.
    measures_by: Option<Instant>,
    /// When the call is forgotten.
    forget_at: Option<Instant>,
    /// The deadline that the core has in its table.
    pub armed: Option<Instant>,
}

impl Call {
    /// A call without legs.
    pub fn new(id: CallId) -> Call {
        Call {
            id,
            facts: Chain::new(Subject::Call(id), Lane::Facts),
            wire: Chain::new(Subject::Call(id), Lane::Wire),
            legs: BTreeMap::new(),
            next_decision: 0,
            queue: VecDeque::new(),
            concluded: false,
            recording: None,
            patience: None,
            measures_by: None,
            forget_at: None,
            armed: None,
        }
    }

    /// Writes a fact of this call.
    pub fn fact(&mut self, step: &mut Step<'_>, event: impl Into<Event>) {
        self.fact_because(step, None, event);
    }

    /// Writes a fact of this call that answers a decision.
    pub fn fact_because(
        &mut self,
        step: &mut Step<'_>,
        because: Option<EventId>,
        event: impl Into<Event>,
    ) {
        step.ledger
            .fact(&mut self.facts, because, event, step.moment.wall);
        step.counters.facts_written.one();
    }

    /// Tells the media of this call.
    pub fn voice(&self, step: &mut Step<'_>, input: media::Input) {
        step.outputs.push_back(Output::Voice(ToVoice {
            call: self.id,
            input,
        }));
    }

    /// Lets a leg hear something else, unless it is on hold: then it hears it when it is back.
    pub fn connect(&mut self, step: &mut Step<'_>, leg: LegId, hears: Hears) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        state.hears = hears;
        self.tune(step, leg);
    }

    /// Lets a leg's media do what its state says. Whoever is bridged to a leg on hold hears that.
    pub fn tune(&mut self, step: &mut Step<'_>, leg: LegId) {
        let Some(state) = self.legs.get(&leg) else {
            return;
        };
        if !state.has_media() || !state.is_live() {
            return;
        }
        let wanted = match &state.hears {
            Hears::Leg(other) => match self.legs.get(other) {
                Some(other) if !other.is_live() => Hears::Nothing,
                Some(other) if other.session.peer_holds() => Hears::Hold,
                Some(_) => state.hears.clone(),
                None => Hears::Nothing,
            },
            other => other.clone(),
        };
        if wanted == state.tuned {
            return;
        }
        let hears = hears(&wanted, step.recordings);
        self.voice(
            step,
            media::Input::Connect {
                leg: leg_id(leg),
                hears,
            },
        );
        if let Some(state) = self.legs.get_mut(&leg) {
            state.tuned = wanted;
        }
    }

    /// Lets those who are bridged to a leg hear what its new state means for them.
    pub fn tune_partners(&mut self, step: &mut Step<'_>, of: LegId) {
        for leg in self.partners(of) {
            self.tune(step, leg);
        }
    }

    /// The legs that hear this one.
    pub fn partners(&self, of: LegId) -> Vec<LegId> {
        let live = self.legs.values().filter(|leg| leg.is_live());
        let partners = live.filter(|leg| leg.hears == Hears::Leg(of));
        partners.map(|leg| leg.id).collect()
    }

    /// The codec that another leg of the call has agreed on: the one to prefer, so that nothing is transcoded.
    pub fn codec_beside(&self, leg: LegId) -> Option<Codec> {
        let live = self.legs.values().filter(|other| other.is_live());
        let mut others = live.filter(|other| other.id != leg);
        others.find_map(|other| Some(other.session.terms()?.codec))
    }

    /// A leg is over. Its last facts are written now, or when its media is measured.
    pub fn end(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        ending: Ending,
        because: Option<EventId>,
    ) {
        let Some(state) = self.legs.get_mut(&leg).filter(|leg| leg.is_live()) else {
            return;
        };
        let had_media = state.has_media();
        let socket = state.socket;
        state.stage = Stage::Ending { ending, because };
        state.agent = None;
        if socket == Socket::Open {
            self.voice(step, media::Input::Remove { leg: leg_id(leg) });
        }
        self.tune_partners(step, leg);
        if had_media && socket == Socket::Open {
            self.measures_by = Some(step.moment.now + MEASURES_WAIT);
        } else {
            self.write_end(step, leg, None);
        }
    }

    /// The media of a leg is closed.
    pub fn measured(&mut self, step: &mut Step<'_>, leg: LegId, measures: &media::Measured) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        state.socket = Socket::None;
        if matches!(state.stage, Stage::Ending { .. }) {
            self.write_end(step, leg, Some(measures));
        }
    }

    /// Ends the legs whose measures did not come: their media died.
    pub fn give_up_measures(&mut self, step: &mut Step<'_>) {
        if self.measures_by.is_none_or(|at| step.moment.now < at) {
            return;
        }
        self.measures_by = None;
        let legs = self.legs.values();
        let waiting = legs.filter(|leg| matches!(leg.stage, Stage::Ending { .. }));
        let waiting: Vec<_> = waiting.map(|leg| leg.id).collect();
        for leg in waiting {
            self.write_end(step, leg, None);
        }
    }

    fn write_end(&mut self, step: &mut Step<'_>, leg: LegId, measures: Option<&media::Measured>) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let Stage::Ending { ending, because } = std::mem::replace(&mut state.stage, Stage::Over)
        else {
            return;
        };
        let (talk_ms, after_ms) = (
            state.talk_ms(step.moment.now),
            state.age_ms(step.moment.now),
        );
        if let Some(measured) = measures {
            self.fact(step, measures::media_measured(leg, measured));
            self.write_stream_measured(step, leg, measured);
            if let Some(reported) = &measured.reported {
                self.fact(step, measures::media_reported(leg, reported));
            }
            if let Some(metrics) = &measured.metrics {
                self.fact(step, measures::media_accounted(leg, metrics));
            }
        }
        match ending {
            Ending::Ended { by, cause } => {
                self.fact_because(
                    step,
                    because,
                    LegEnded {
                        leg,
                        by,
                        cause,
                        talk_ms,
                    },
                );
            }
            Ending::Failed {
                failure,
                reason,
                retry_after_s,
            } => {
                let failed = LegFailed {
                    leg,
                    failure,
                    reason,
                    retry_after_s,
                    after_ms,
                };
                self.fact_because(step, because, failed);
            }
        }
    }

    /// The edge ends every leg on its own.
    pub fn end_legs(&mut self, step: &mut Step<'_>, cause: &str) {
        self.queue.clear();
        let live = self
            .legs
            .values()
            .filter(|leg| leg.is_live())
            .map(|leg| leg.id);
        for leg in live.collect::<Vec<_>>() {
            let Some(state) = self.legs.get(&leg) else {
                continue;
            };
            match (&state.stage, state.key) {
                (Stage::Invited | Stage::Answering { .. }, Some(key)) => {
                    self.turn_away(step, (leg, key), StatusCode::SERVICE_UNAVAILABLE, cause);
                }
                (Stage::Opening { because, .. }, _) => {
                    let because = *because;
                    self.forget_unsent(leg);
                    self.command_failed(step, because, "DialLeg", leg, Refusal::over(cause));
                }
                (Stage::Dialing, _) => {
                    self.say_bye(step, leg, Extra::none());
                    let failure = LegFailure::Impossible {
                        error: cause.to_owned(),
                    };
                    let ending = Ending::Failed {
                        failure,
                        reason: None,
                        retry_after_s: None,
                    };
                    self.end(step, leg, ending, None);
                }
                _ => {
                    self.say_bye(step, leg, Extra::none());
                    self.end(step, leg, ended_by_edge(cause), None);
                }
            }
        }
    }

    /// Whether every leg is over and all of it is written, also of its recording.
    pub fn is_over(&self) -> bool {
        self.recording.is_none() && self.legs.values().all(|leg| leg.is_over())
    }

    /// Whether any leg is not over.
    pub fn is_live(&self) -> bool {
        self.legs.values().any(|leg| leg.is_live())
    }
}

/// An end by the edge on its own.
pub fn ended_by_edge(cause: &str) -> Ending {
    Ending::Ended {
        by: EndedBy::Edge,
        cause: cause.to_owned(),
    }
}
