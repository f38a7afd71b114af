//! A leg that is a connection to an agent, not a dialog: how it begins, what is told of it, and how it ends.

use std::time::Duration;

use media::dialect::{L16, Rate, Twilio};
use media::{Dialect, Introduction, Measured};
use schemas::command::{DialStream, StreamProtocol};
use schemas::observation::{
    AgentOverrun, AgentSilent, EndedBy, LegAnswered, LegFailure, StreamClosed, StreamCloser,
    StreamDialed, StreamMeasured, StreamOpened, StreamWay,
};
use schemas::{AgentName, CallId, EventId, LegId};

use crate::act::no_leg;
use crate::call::{Call, LEGS_MAX};
use crate::configuration::Digits;
use crate::ledger::Held;
use crate::leg::{Ending, Leg, Socket, Stage};
use crate::port::Output;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::step::Step;
use crate::tally::milliseconds;
use crate::websocket::{Counts, Event};

/// What a leg is that is a stream.
#[derive(Debug)]
pub struct Stream {
    command: DialStream,
    counts: Counts,
}

/// A connection that is to be opened.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The call.
    pub call: CallId,
    /// Its leg.
    pub leg: LegId,
    /// The agent.
    pub agent: AgentName,
    /// Its URL.
    pub url: String,
    /// What is spoken there, with what is said first.
    pub dialect: Dialect,
    /// After how long without a sound of it that is told.
    pub silence: Duration,
}

impl Call {
    /// A WebSocket. The agent is asked when the log knows.
    pub fn dial_stream(
        &mut self,
        step: &mut Step<'_>,
        because: EventId,
        command: &DialStream,
    ) -> Result<(), Refusal> {
        let leg = command.leg;
        if self.legs.contains_key(&leg) {
            return Err(format!("there is a leg {leg} already").into());
        }
        if self.legs.values().filter(|leg| leg.is_live()).count() >= LEGS_MAX {
            return Err(format!("a call may have {LEGS_MAX} legs at the same time").into());
        }
        let known = step.configuration.agents.iter();
        if !known.clone().any(|agent| agent.name == command.agent) {
            let told = format!("this edge knows no agent {}", command.agent);
            return Err(Refusal::unavailable(told));
        }
        if dialect(self.id, command).is_none() {
            return Err(format!("{:?} is not spoken here", command.protocol).into());
        }
        let session = Session::new(Vec::new(), sdp::Security::Off, 0);
        let mut state = Leg::new(
            leg,
            Stage::Dialing,
            session,
            Digits::Counted,
            step.moment.now,
        );
        state.socket = Socket::Asked;
        state.stream = Some(Box::new(Stream {
            command: command.clone(),
            counts: Counts::default(),
        }));
        self.legs.insert(leg, Box::new(state));
        step.counters.legs_dialed.one();
        let dialed = StreamDialed {
            leg,
            agent: command.agent.clone(),
            url: command.url.clone(),
            protocol: command.protocol,
            stream: stream_id(self.id, leg),
        };
        self.fact_because(step, Some(because), dialed);
        let connect = Held::Connect(self.id, leg);
        if step.ledger.hold(connect).is_some() {
            self.connect_stream(step, leg);
        }
        Ok(())
    }

    /// The log knows that the agent is dialed: it may be asked, unless it was given up meanwhile.
    pub fn connect_stream(&mut self, step: &mut Step<'_>, leg: LegId) {
        let call = self.id;
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let (Stage::Dialing, Some(stream)) = (&state.stage, &state.stream) else {
            return;
        };
        let command = &stream.command;
        let Some(dialect) = dialect(call, command) else {
            return;
        };
        state.socket = Socket::Open;
        step.outputs.push_back(Output::Connect(Box::new(Connect {
            call,
            leg,
            agent: command.agent.clone(),
            url: command.url.clone(),
            dialect,
            silence: Duration::from_millis(u64::from(command.silent_ms)),
        })));
    }

    /// Something happened to the connection.
    pub fn stream_happened(&mut self, step: &mut Step<'_>, leg: LegId, event: Event) {
        let now = step.moment.now;
        let Some(state) = self.legs.get_mut(&leg).filter(|leg| !leg.is_over()) else {
            return;
        };
        let Some(stream) = &mut state.stream else {
            return;
        };
        match event {
            Event::Counted(counts) => stream.counts = counts,
            Event::Overrun => {
                let way = StreamWay::ToAgent;
                self.fact(step, AgentOverrun { leg, way });
            }
            Event::Opened {
                destination,
                tls,
                connected,
                taken,
            } if matches!(state.stage, Stage::Dialing) => {
                let codec = codec_name(stream.command.protocol);
                state.stage = Stage::Talking;
                state.answered = Some(now);
                let after_ms = state.age_ms(now);
                let opened = StreamOpened {
                    leg,
                    destination,
                    tls,
                    codec,
                    connected_ms: milliseconds(connected),
                    taken_ms: milliseconds(taken),
                };
                self.fact(step, opened);
                self.fact(step, LegAnswered { leg, after_ms });
                self.tune(step, leg);
            }
            Event::Failed(failure) => self.stream_failed(step, leg, failure),
            Event::Closed { by, code, reason } => self.stream_closed(step, leg, by, code, reason),
            // It was given up while it came about.
            Event::Opened { .. } => {}
        }
    }

    /// A leg that is not over: a dialog, or a connection to an agent.
    pub fn present(&mut self, leg: LegId) -> Result<&mut Leg, Refusal> {
        let is_stream = |leg: &Leg| leg.is_live() && leg.stream.is_some();
        if !self.legs.get(&leg).is_some_and(|leg| is_stream(leg)) {
            return self.live(leg).map(|(state, _)| state);
        }
        let state = self.legs.get_mut(&leg);
        state.map(|state| &mut **state).ok_or_else(|| no_leg(leg))
    }

    /// The agent cannot be heard for too long.
    pub fn stream_silent(&mut self, step: &mut Step<'_>, leg: LegId, lasted: Duration) {
        let for_ms = milliseconds(lasted);
        self.fact(step, AgentSilent { leg, for_ms });
    }

    /// The agent says more than is kept.
    pub fn stream_overflowed(&mut self, step: &mut Step<'_>, leg: LegId) {
        let way = StreamWay::FromAgent;
        self.fact(step, AgentOverrun { leg, way });
    }

    /// What was counted of a stream, if the leg is one.
    pub fn write_stream_measured(&mut self, step: &mut Step<'_>, leg: LegId, measured: &Measured) {
        let stream = self.legs.get(&leg).and_then(|leg| leg.stream.as_ref());
        let (Some(stream), Some(streamed)) = (stream, &measured.streamed) else {
            return;
        };
        let counts = stream.counts;
        let filled = Duration::from_millis(streamed.filled_frames.saturating_mul(20));
        let measured = StreamMeasured {
            leg,
            marks: streamed.marks,
            clears: streamed.clears,
            keys: counts.keys,
            first_sound_ms: streamed.first_sound_after.map(milliseconds),
            queued_max_ms: milliseconds(streamed.queued_max),
            overrun_from_agent_ms: streamed.overflowed_ms(),
            overrun_to_agent_ms: counts.overrun_ms,
            filled_ms: milliseconds(filled),
            malformed: counts.malformed,
        };
        self.fact(step, measured);
    }

    fn stream_failed(&mut self, step: &mut Step<'_>, leg: LegId, failure: LegFailure) {
        let ending = Ending::Failed {
            failure,
            reason: None,
            retry_after_s: None,
        };
        self.end(step, leg, ending, None);
    }

    /// An agent that closes in order has hung up; whatever else ends a connection is its failure.
    fn stream_closed(
        &mut self,
        step: &mut Step<'_>,
        leg: LegId,
        by: StreamCloser,
        code: Option<u16>,
        reason: String,
    ) {
        let number = code.map(|code| format!(" ({code})")).unwrap_or_default();
        let (ended, cause) = match (by, code) {
            (StreamCloser::Agent, None | Some(NORMAL)) => {
                (EndedBy::Peer, format!("closed the connection{number}"))
            }
            (StreamCloser::Agent, Some(_)) => {
                let cause = format!("closed the connection{number} {reason}");
                (EndedBy::Edge, cause.trim_end().to_owned())
            }
            (StreamCloser::Edge | StreamCloser::Nobody, _) => {
                (EndedBy::Edge, format!("connection lost: {reason}"))
            }
        };
        let closed = StreamClosed {
            leg,
            by,
            code,
            reason,
        };
        self.fact(step, closed);
        self.end(step, leg, Ending::Ended { by: ended, cause }, None);
    }
}

/// What is spoken with an agent; none if it is not spoken here.
fn dialect(call: CallId, command: &DialStream) -> Option<Dialect> {
    let told = command.parameters.iter();
    let told = told.map(|told| (told.name.clone(), told.value.reveal().clone()));
    let mut parameters: Vec<_> = told.collect();
    if parameters.iter().all(|(name, _)| name != CALL_ID) {
        parameters.push((CALL_ID.to_owned(), call.to_string()));
    }
    let introduction = Introduction {
        stream: stream_id(call, command.leg),
        call: format!("CA{}", hexadecimal(&call.0)),
        account: ACCOUNT.to_owned(),
        parameters,
    };
    Some(match command.protocol {
        StreamProtocol::Twilio => Dialect::Twilio(Twilio::new(introduction)),
        StreamProtocol::L16 { rate_hz } => {
            Dialect::L16(L16::new(Rate::of_hz(rate_hz)?, introduction))
        }
    })
}

/// Different for each leg, in Twilio's form: the first octets of a call's id are the time and seldom differ.
fn stream_id(call: CallId, leg: LegId) -> String {
    let [_, _, rest @ ..] = call.0;
    let leg = leg.0.to_be_bytes();
    format!("MZ{}{}", hexadecimal(&leg), hexadecimal(&rest))
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn codec_name(protocol: StreamProtocol) -> String {
    match protocol {
        StreamProtocol::Twilio => "PCMU/8000".to_owned(),
        StreamProtocol::L16 { rate_hz } => format!("L16/{rate_hz}"),
    }
}

/// The close code of an end in order (RFC 6455, section 7.4.1).
const NORMAL: u16 = 1_000;

/// The name under which an agent is told the call's id.
const CALL_ID: &str = "call_id";

/// There are no accounts here, and Twilio's messages have one.
const ACCOUNT: &str = "AC00000000000000000000000000000000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_that_bots_know() {
        let call = CallId([0xab; 16]);
        let (one, other) = (stream_id(call, LegId(1)), stream_id(call, LegId(2)));
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[..6]), (34, "MZ0001"));
    }
}
