//! The fold of the row: what each event adds. It never refuses an event, and a second delivery of
//! one changes nothing.

use schemas::media::MediaSilence;
use schemas::observation::{InviteReceived, LegDialed, LegEnded, LegFailed, LegFailure};
use schemas::{Event, EventId, Header, Lane, LegId, Observation, Personal, Record, Timestamp};

use super::lane::Admission;
use super::past::FirstCalled;
use super::row::{Caller, Row, Trouble};
use super::transfer::Acceptance;
use super::{Codec, Leg, LegState, Role};

/// The most legs that a row tells of; a call has 2 or 3.
const LEGS_MAX: usize = 32;
/// The most troubles that a row tells of: the first ones say the most.
const TROUBLES_MAX: usize = 32;
/// The most header fields that a row keeps.
const CONTEXT_MAX: usize = 64;

/// What an event was to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was new and in order.
    New,
    /// It was new; events before it in its lane are missing.
    BehindHole,
    /// It was missing until now.
    Late,
    /// It was there already, or does not belong to this row: nothing changed.
    Nothing,
}

/// Where and when an event was written.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) lane: Lane,
    pub(super) id: EventId,
    /// What it answers.
    pub(super) because: Option<EventId>,
}

impl Row {
    /// Adds an event of this call.
    pub fn apply(&mut self, record: &Record) -> Applied {
        let header = record.header();
        if header.subject.call() != Some(self.call) {
            return Applied::Nothing;
        }
        let Some(lane) = self.lanes.of_mut(header.lane) else {
            return Applied::Nothing;
        };
        let applied = match lane.admit(header, record.hash()) {
            Admission::Duplicate => return Applied::Nothing,
            Admission::Next => Applied::New,
            Admission::BehindHole => Applied::BehindHole,
            Admission::Late => Applied::Late,
        };
        let moment = Moment::of(header);
        self.events += 1;
        self.last = self.last.max(moment.at);
        match record.event() {
            Ok(Event::Observation(observation)) => self.observe(moment, observation),
            Ok(Event::Decision(decision)) => self.decide(moment, decision),
            Ok(Event::Wire(_)) => {}
            Ok(Event::Unknown(_)) => self.unknown += 1,
            Err(error) => {
                self.unreadable += 1;
                let what = format!("event {} cannot be read: {error}", header.sequence);
                self.trouble(moment, None, what);
            }
        }
        applied
    }

    fn observe(&mut self, moment: Moment, observation: Observation) {
        match observation {
            Observation::InviteReceived(invite) => self.begin(moment, invite),
            Observation::LegDialed(dialed) => self.dialed(moment, dialed),
            Observation::StreamDialed(dialed) => self.stream_dialed(moment, dialed),
            Observation::StreamOpened(opened) => self.stream_opened(moment, opened),
            Observation::StreamClosed(closed) => self.stream_closed(moment, &closed),
            Observation::AgentOverrun(overrun) => self.agent_overrun(moment, &overrun),
            Observation::AgentSilent(silent) => {
                let leg = self.leg_mut(silent.leg);
                leg.silences += 1;
                leg.evidence.media_silent = Some(moment.id);
            }
            Observation::LegRedialed(redialed) => {
                self.leg_mut(redialed.leg).address = redialed.destination;
            }
            Observation::LegRinging(ringing) => {
                let leg = self.leg_mut(ringing.leg);
                leg.advance(LegState::Ringing);
                leg.evidence.ringing.get_or_insert(moment.id);
                self.accept_bridged(ringing.leg, moment.id);
            }
            Observation::EarlyMediaStarted(early) => {
                self.leg_mut(early.leg).advance(LegState::Ringing);
                self.accept_bridged(early.leg, moment.id);
            }
            Observation::LegAnswered(answered) => {
                let leg = self.leg_mut(answered.leg);
                leg.advance(LegState::Answered);
                leg.answered = Some(moment.at);
                leg.setup_ms = Some(answered.after_ms);
                leg.evidence.answered = Some(moment.id);
                if answered.leg == LegId::CALLER {
                    self.answered = Some(moment.at);
                    self.ring_ms = Some(u64::from(answered.after_ms));
                }
                self.accept_bridged(answered.leg, moment.id);
            }
            Observation::LegFailed(failed) => self.leg_failed(moment, failed),
            Observation::CodecNegotiated(agreed) => {
                let leg = self.leg_mut(agreed.leg);
                leg.codec = Some(Codec {
                    name: agreed.codec,
                    telephone_event: agreed.telephone_event.is_some(),
                    packet_ms: agreed.packet_ms,
                    direction: agreed.direction,
                });
                leg.evidence.codec = Some(moment.id);
            }
            Observation::MediaStarted(started) => {
                let leg = self.leg_mut(started.leg);
                leg.media_after_ms = Some(started.after_answer_ms);
                leg.evidence.media_started = Some(moment.id);
            }
            Observation::MediaSilent(silent) => {
                let leg = self.leg_mut(silent.leg);
                // Without sound is no fault by itself: people listen.
                if silent.silence == MediaSilence::NoPackets {
                    leg.silences += 1;
                    leg.evidence.media_silent = Some(moment.id);
                }
            }
            Observation::MediaResumed(_)
            | Observation::MediaLatched(_)
            | Observation::MediaRefused(_)
            | Observation::DigitLost(_)
            | Observation::DigitDoubled(_)
            | Observation::DigitEarly(_)
            | Observation::EchoHeard(_)
            | Observation::InfoNotAllowed(_) => {}
            Observation::MediaMeasured(measured) => self.measured(moment, measured),
            Observation::MediaReported(reported) => self.reported(moment, &reported),
            Observation::MediaAccounted(accounted) => self.accounted(moment, &accounted),
            Observation::DigitReceived(digit) => {
                self.digits += 1;
                let leg = self.leg_mut(digit.leg);
                leg.digits += 1;
                leg.evidence.digit.get_or_insert(moment.id);
            }
            Observation::HoldRequested(hold) => {
                let leg = self.leg_mut(hold.leg);
                leg.holds += 1;
                leg.advance(LegState::Held);
            }
            Observation::ResumeRequested(resume) => {
                self.leg_mut(resume.leg).advance(LegState::Answered);
            }
            Observation::TransferRequested(request) => self.transfer_requested(moment, request),
            Observation::TransferProgressed(progress) => self.transfer_progressed(moment, progress),
            Observation::ByeReceived(bye) => {
                let left = CONTEXT_MAX.saturating_sub(self.handed_back.len());
                self.handed_back.extend(bye.context.into_iter().take(left));
                self.leg_context(bye.leg, bye.reason, "BYE");
            }
            Observation::CancelReceived(cancel) => {
                self.leg_context(cancel.leg, cancel.reason, "CANCEL");
            }
            Observation::LegEnded(ended) => self.leg_ended(moment, ended),
            Observation::AgentConnected(connected) => {
                self.built_in = Some((connected.agent, connected.kind));
                self.built_in_event = Some(moment.id);
            }
            Observation::AgentLost(lost) => {
                let what = format!("agent {} left: {}", lost.agent, lost.cause);
                self.trouble(moment, Some(lost.leg), what);
            }
            Observation::CommandFailed(failed) => {
                let what = format!("{} could not be done: {}", failed.command, failed.error);
                self.trouble(moment, Some(failed.leg), what);
            }
            Observation::ChallengeUnanswered(challenge) => {
                let realms = challenge.realms.join(", ");
                let what = format!(
                    "{} asks for credentials of realm {realms}: {}",
                    challenge.status, challenge.why
                );
                self.trouble(moment, Some(challenge.leg), what);
            }
            Observation::OfferRefused(refused) => {
                let what = format!("a change of the session was refused: {}", refused.because);
                self.trouble(moment, Some(refused.leg), what);
            }
            Observation::RecordingStarted(started) => self.recording_started(moment, started),
            Observation::RecordingPaused(paused) => self.recording_paused(moment, &paused),
            Observation::RecordingResumed(resumed) => self.recording_resumed(moment, &resumed),
            Observation::RecordingEnded(ended) => self.recording_ended(moment, ended),
            Observation::RecordingFailed(failed) => self.recording_failed(moment, failed),
            Observation::JournalGapFound(gap) => {
                self.trouble(moment, None, format!("the log has a hole: {}", gap.missing));
            }
            Observation::LegsBridged(_)
            | Observation::StreamMeasured(_)
            | Observation::SessionRefreshed(_)
            // The end of the leg says it, too.
            | Observation::SessionExpired(_)
            | Observation::TransferAnswered(_)
            | Observation::TransferReported(_)
            | Observation::EarlyMediaPassed(_)
            | Observation::MediaTranscoded(_)
            | Observation::MediaSecured(_)
            | Observation::MediaUnsecured(_)
            | Observation::HandshakeCompleted(_)
            | Observation::HandshakeFailed(_)
            | Observation::TimerFired(_)
            | Observation::HangUpRequested(_)
            | Observation::RecordingRequested(_)
            | schemas::of_an_edge!() => {}
        }
    }

    fn begin(&mut self, moment: Moment, invite: InviteReceived) {
        self.began = moment.at;
        self.first_called = FirstCalled::of(&invite);
        let called = invite.called_number().clone();
        let trunk = invite.trunk.trunk;
        let caller = caller(invite.caller);
        let leg = self.leg_mut(invite.leg);
        leg.role = Role::Caller;
        leg.advance(LegState::Began);
        leg.party = caller.uri.clone();
        leg.address = invite.source;
        leg.trunk = Some(trunk.clone());
        leg.sip_call_id = invite.sip_call_id;
        leg.began = Some(moment.at);
        leg.evidence.began = Some(moment.id);
        self.trunk = Some(trunk);
        self.trunk_because = invite.trunk.because;
        self.caller = Some(caller);
        self.called = called;
        self.external = invite.external;
        self.session = invite.session;
        self.user_agent = invite.user_agent;
        self.context = invite.context;
        self.context.truncate(CONTEXT_MAX);
    }

    fn dialed(&mut self, moment: Moment, dialed: LegDialed) {
        let leg = self.leg_mut(dialed.leg);
        leg.advance(LegState::Began);
        leg.party = dialed.target;
        leg.address = dialed.destination;
        leg.trunk = dialed.trunk;
        leg.sip_call_id = dialed.sip_call_id;
        leg.shown_caller = Personal::new(dialed.caller.into_inner().number);
        leg.began = Some(moment.at);
        leg.evidence.began = Some(moment.id);
    }

    fn leg_failed(&mut self, moment: Moment, failed: LegFailed) {
        let (status, cause) = match failed.failure {
            LegFailure::Refused { status, phrase } => (Some(status), format!("{status} {phrase}")),
            LegFailure::TimedOut { timer } if timer == "ring" => {
                (None, "it rang for too long".to_owned())
            }
            LegFailure::TimedOut { timer } => {
                (None, format!("no answer of any kind (timer {timer})"))
            }
            LegFailure::Unreachable { error } => {
                (None, format!("it could not be reached: {error}"))
            }
            LegFailure::Cancelled => (None, "it was given up".to_owned()),
            LegFailure::Impossible { error } => (None, format!("it could not be done: {error}")),
        };
        let transfer = self
            .transfers
            .iter_mut()
            .rev()
            .find(|transfer| !transfer.is_over() && transfer.leg == Some(failed.leg));
        if let Some(transfer) = transfer {
            let acceptance = match status {
                Some(status) => Acceptance::Refused {
                    status,
                    phrase: cause
                        .split_once(' ')
                        .map_or_else(String::new, |(_, phrase)| phrase.to_owned()),
                },
                None => Acceptance::TimedOut,
            };
            transfer.accept(acceptance, moment.id);
        }
        let leg = self.leg_mut(failed.leg);
        leg.advance(LegState::Failed);
        leg.ended = Some(moment.at);
        leg.setup_ms = Some(failed.after_ms);
        leg.status = status;
        leg.cause = cause;
        leg.evidence.failed = Some(moment.id);
    }

    fn leg_ended(&mut self, moment: Moment, ended: LegEnded) {
        let leg = self.leg_mut(ended.leg);
        leg.advance(LegState::Ended);
        leg.ended = Some(moment.at);
        leg.talk_ms = leg.answered.is_some().then_some(ended.talk_ms);
        let (talk_ms, was_answered) = (leg.talk_ms, leg.answered.is_some());
        if leg.cause.is_empty() || !ended.cause.starts_with(leg.cause.as_str()) {
            leg.cause = match leg.cause.is_empty() {
                true => ended.cause,
                false => format!("{} ({})", ended.cause, leg.cause),
            };
        }
        leg.evidence.ended = Some(moment.id);
        if ended.leg == LegId::CALLER {
            self.talk_ms = talk_ms;
            if !was_answered {
                let rang_us = moment.at.since(self.began).max(0);
                self.ring_ms = u64::try_from(rang_us / 1_000).ok();
            }
        }
    }

    fn leg_context(&mut self, id: LegId, reason: Option<String>, method: &str) {
        if let Some(reason) = reason {
            self.leg_mut(id).cause = format!("{method}, {reason}");
        }
    }

    pub(super) fn trouble(&mut self, moment: Moment, leg: Option<LegId>, what: String) {
        if self.troubles.len() < TROUBLES_MAX {
            self.troubles.push(Trouble {
                at: moment.at,
                leg,
                what,
                lane: moment.lane,
                event: moment.id,
            });
        }
    }

    /// The leg, which begins to be told of here if it was not known. Beyond the bound the last one
    /// stands for all further ones.
    pub(super) fn leg_mut(&mut self, id: LegId) -> &mut Leg {
        let index = match self.legs.binary_search_by_key(&id, |leg| leg.id) {
            Ok(index) => index,
            Err(_) if self.legs.len() >= LEGS_MAX => self.legs.len() - 1,
            Err(index) => {
                let role = match id {
                    LegId::CALLER => Role::Caller,
                    _ => Role::Dialed,
                };
                self.legs.insert(index, Leg::new(id, role));
                index
            }
        };
        &mut self.legs[index]
    }
}

impl Moment {
    fn of(header: &Header) -> Moment {
        Moment {
            at: header.recorded_at,
            lane: header.lane,
            id: header.id,
            because: header.because,
        }
    }
}

fn caller(caller: schemas::observation::Caller) -> Caller {
    let party = caller.party.into_inner();
    Caller {
        number: Personal::new(party.number().to_owned()),
        display_name: Personal::new(party.identity.display_name),
        uri: Personal::new(party.identity.uri),
        field: caller.header.name().to_owned(),
    }
}
