//! Traces are told by the log, not written beside it: one trace for each call, its spans a fold of the
//! call's events.
//!
//! The trace id is the call id and a span's id is the first half of the id of the event that began it,
//! so a link from a call to its trace needs no look-up. There is no OpenTelemetry convention for SIP
//! yet; the attributes are ours, under `sip.`, `rtp.` and `trunkline.`. They and the status hold no personal
//! data and no word of a peer's: a reason phrase may name whom it likes, and stays in the log.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event as SpanEvent, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use schemas::conclusion::{CallEnded, CallOutcome, Conclusion};
use schemas::observation::LegFailure;
use schemas::{CallId, Entry, Event, EventId, LegId, Observation, Timestamp};

/// The calls that are up, as traces that are not finished yet.
#[derive(Debug, Default)]
pub struct Spans {
    open: BTreeMap<CallId, OpenCall>,
}

#[derive(Debug)]
struct OpenCall {
    root: OpenSpan,
    legs: BTreeMap<LegId, OpenSpan>,
    transfer: Option<OpenSpan>,
    /// Why a leg failed last: what a failed call is marked with.
    failure: Option<String>,
    /// The status that the caller was refused with.
    refused: Option<u16>,
}

#[derive(Debug)]
struct OpenSpan {
    id: SpanId,
    name: String,
    kind: SpanKind,
    began: Timestamp,
    attributes: Vec<KeyValue>,
    events: SpanEvents,
}

/// The most calls that are followed at once; the trace of the oldest is given up beyond it.
const OPEN_CALLS_MAX: usize = 100_000;

impl Spans {
    /// Takes an event and gives the spans that it finished.
    pub fn apply(&mut self, entry: &Entry) -> Vec<SpanData> {
        let header = entry.record.header();
        let Some(call) = header.subject.call() else {
            return Vec::new();
        };
        let Ok(event) = entry.record.event() else {
            return Vec::new();
        };
        let moment = Moment {
            call,
            id: header.id,
            at: header.recorded_at,
        };
        match event {
            Event::Observation(observation) => self.observe(moment, &observation),
            Event::Decision(decision) => {
                self.note_decision(moment, &decision.rule);
                decision
                    .conclusions
                    .iter()
                    .flat_map(|conclusion| self.conclude(moment, conclusion))
                    .collect()
            }
            Event::Wire(_) | Event::Unknown(_) => Vec::new(),
        }
    }

    fn observe(&mut self, moment: Moment, observation: &Observation) -> Vec<SpanData> {
        if let Observation::InviteReceived(invite) = observation {
            self.begin(moment, invite);
        }
        let Some(open) = self.open.get_mut(&moment.call) else {
            return Vec::new();
        };
        let root = open.root.id;
        let finished = match observation {
            Observation::InviteReceived(invite) => {
                let mut leg = OpenSpan::new(moment.second(), "leg", SpanKind::Server);
                leg.set(
                    "sip.transport",
                    format!("{:?}", invite.transport).to_lowercase(),
                );
                leg.set("trunkline.leg", i64::from(invite.leg.0));
                open.legs.insert(invite.leg, leg);
                None
            }
            Observation::LegDialed(dialed) => {
                let mut leg = OpenSpan::new(moment, "leg", SpanKind::Client);
                leg.set(
                    "sip.transport",
                    format!("{:?}", dialed.transport).to_lowercase(),
                );
                leg.set("trunkline.leg", i64::from(dialed.leg.0));
                if let Some(trunk) = &dialed.trunk {
                    leg.set("sip.trunk", trunk.to_string());
                }
                open.legs.insert(dialed.leg, leg);
                None
            }
            Observation::StreamDialed(dialed) => {
                let mut leg = OpenSpan::new(moment, "leg", SpanKind::Client);
                leg.set("url.full", dialed.url.clone());
                leg.set("trunkline.leg", i64::from(dialed.leg.0));
                open.legs.insert(dialed.leg, leg);
                None
            }
            Observation::CodecNegotiated(agreed) => {
                if let Some(leg) = open.legs.get_mut(&agreed.leg) {
                    leg.set("rtp.codec", agreed.codec.clone());
                }
                None
            }
            Observation::MediaMeasured(measure) => {
                if let Some(leg) = open.legs.get_mut(&measure.leg) {
                    let received = &measure.received;
                    leg.set("rtp.packets_received", signed(received.packets));
                    leg.set("rtp.packets_lost", signed(received.lost));
                    leg.set(
                        "rtp.jitter_max_ms",
                        f64::from(received.jitter_max_us) / 1_000.0,
                    );
                }
                None
            }
            Observation::LegEnded(ended) => open
                .legs
                .remove(&ended.leg)
                .map(|leg| leg.end(moment, Status::Unset, root)),
            Observation::LegFailed(failed) => {
                let why = words_of(&failed.failure);
                open.failure = Some(format!("leg {} {why}", failed.leg.0));
                open.legs.remove(&failed.leg).map(|mut leg| {
                    if let LegFailure::Refused { status, .. } = failed.failure {
                        leg.set("sip.response.status_code", i64::from(status));
                    }
                    leg.end(moment, leg_status(&failed.failure, why), root)
                })
            }
            other => {
                open.leg_of(other).note(moment.at, other.name());
                None
            }
        };
        finished.into_iter().collect()
    }

    fn begin(&mut self, moment: Moment, invite: &schemas::observation::InviteReceived) {
        let mut root = OpenSpan::new(moment, "call", SpanKind::Server);
        root.set("sip.trunk", invite.trunk.trunk.to_string());
        root.set("trunkline.call", moment.call.to_string());
        self.open.insert(
            moment.call,
            OpenCall {
                root,
                legs: BTreeMap::new(),
                transfer: None,
                failure: None,
                refused: None,
            },
        );
        while self.open.len() > OPEN_CALLS_MAX {
            self.open.pop_first();
        }
    }

    fn note_decision(&mut self, moment: Moment, rule: &str) {
        if let Some(open) = self.open.get_mut(&moment.call) {
            open.root.note(moment.at, rule);
        }
    }

    fn conclude(&mut self, moment: Moment, conclusion: &Conclusion) -> Vec<SpanData> {
        if let Conclusion::CallEnded(ended) = conclusion {
            return self.end(moment, ended);
        }
        let Some(open) = self.open.get_mut(&moment.call) else {
            return Vec::new();
        };
        let root = open.root.id;
        match conclusion {
            Conclusion::CallRouted(routed) => {
                open.root.set("trunkline.agent", routed.agent.to_string());
                Vec::new()
            }
            Conclusion::CallRefused(refused) => {
                open.refused = Some(refused.status);
                open.root
                    .set("sip.response.status_code", i64::from(refused.status));
                Vec::new()
            }
            Conclusion::TransferStarted(started) => {
                let mut span = OpenSpan::new(moment, "transfer", SpanKind::Internal);
                span.set("trunkline.transfer.method", format!("{:?}", started.method));
                open.transfer = Some(span);
                Vec::new()
            }
            Conclusion::TransferCompleted(_) => open
                .transfer
                .take()
                .map(|span| span.end(moment, Status::Ok, root))
                .into_iter()
                .collect(),
            Conclusion::TransferFailed(failed) => {
                let status = Status::error(format!("{:?}", failed.failure));
                open.transfer
                    .take()
                    .map(|span| span.end(moment, status, root))
                    .into_iter()
                    .collect()
            }
            Conclusion::RequestRefused(_) | Conclusion::CallEnded(_) => Vec::new(),
        }
    }

    fn end(&mut self, moment: Moment, ended: &CallEnded) -> Vec<SpanData> {
        let Some(mut open) = self.open.remove(&moment.call) else {
            return Vec::new();
        };
        let status = open.status(ended);
        open.root
            .set("trunkline.outcome", format!("{:?}", ended.outcome));
        open.root
            .set("trunkline.ended_by", format!("{:?}", ended.by));
        let root = open.root.id;
        let rest = open.legs.into_values().chain(open.transfer);
        let mut finished: Vec<_> = rest
            .map(|span| span.end(moment, Status::Unset, root))
            .collect();
        finished.push(open.root.end(moment, status, SpanId::INVALID));
        finished
    }
}

impl OpenCall {
    /// How the call went. A refusal is a fault where it is ours: from 500 on, as for servers of HTTP.
    fn status(&mut self, ended: &CallEnded) -> Status {
        let failure = self.failure.take();
        match (ended.outcome, self.refused) {
            (CallOutcome::Completed | CallOutcome::Transferred, _) => Status::Ok,
            (CallOutcome::Refused, Some(status @ 500..600)) => {
                Status::error(failure.unwrap_or_else(|| format!("refused with {status}")))
            }
            (CallOutcome::Abandoned | CallOutcome::Refused, _) => Status::Unset,
            (CallOutcome::Failed, _) => {
                Status::error(failure.unwrap_or_else(|| format!("ended by: {:?}", ended.by)))
            }
        }
    }

    /// The leg that an observation is about, or the call if it names none that is known.
    fn leg_of(&mut self, observation: &Observation) -> &mut OpenSpan {
        let leg = match observation {
            Observation::LegRinging(one) => one.leg,
            Observation::EarlyMediaStarted(one) => one.leg,
            Observation::LegAnswered(one) => one.leg,
            Observation::MediaStarted(one) => one.leg,
            Observation::MediaSilent(one) => one.leg,
            Observation::MediaResumed(one) => one.leg,
            Observation::DigitReceived(one) => one.leg,
            Observation::HoldRequested(one) => one.leg,
            Observation::ResumeRequested(one) => one.leg,
            Observation::LegsBridged(one) => one.with,
            Observation::ByeReceived(one) => one.leg,
            Observation::CancelReceived(one) => one.leg,
            _ => return &mut self.root,
        };
        self.legs.get_mut(&leg).unwrap_or(&mut self.root)
    }
}

/// The event that is being applied.
#[derive(Clone, Copy, Debug)]
struct Moment {
    call: CallId,
    id: EventId,
    at: Timestamp,
}

impl Moment {
    /// The INVITE begins two spans, the call and its first leg: the leg takes the id's second half.
    fn second(mut self) -> Moment {
        self.id.0.rotate_left(8);
        self
    }

    fn span_id(&self) -> SpanId {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.id.0[..8]);
        SpanId::from_bytes(bytes)
    }
}

impl OpenSpan {
    fn new(moment: Moment, name: &str, kind: SpanKind) -> OpenSpan {
        OpenSpan {
            id: moment.span_id(),
            name: name.to_owned(),
            kind,
            began: moment.at,
            attributes: Vec::new(),
            events: SpanEvents::default(),
        }
    }

    fn set(&mut self, key: &'static str, value: impl Into<opentelemetry::Value>) {
        self.attributes.push(KeyValue::new(key, value));
    }

    fn note(&mut self, at: Timestamp, name: &str) {
        if self.events.events.len() < EVENTS_PER_SPAN_MAX {
            self.events
                .events
                .push(SpanEvent::new(name.to_owned(), time_of(at), Vec::new(), 0));
        } else {
            self.events.dropped_count += 1;
        }
    }

    fn end(self, moment: Moment, status: Status, parent: SpanId) -> SpanData {
        let trace = TraceId::from_bytes(moment.call.0);
        SpanData {
            span_context: SpanContext::new(
                trace,
                self.id,
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: self.kind,
            name: self.name.into(),
            start_time: time_of(self.began),
            end_time: time_of(moment.at.max(self.began)),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: self.events,
            links: SpanLinks::default(),
            status,
            instrumentation_scope: InstrumentationScope::builder("trunkline.calls").build(),
        }
    }
}

fn leg_status(failure: &LegFailure, why: String) -> Status {
    match failure {
        LegFailure::Refused { status, .. } if *status >= 500 => Status::error(why),
        // 486, 487, 603 and their like are answers of people, not faults.
        LegFailure::Refused { .. } | LegFailure::Cancelled => Status::Unset,
        LegFailure::TimedOut { .. }
        | LegFailure::Unreachable { .. }
        | LegFailure::Impossible { .. } => Status::error(why),
    }
}

/// A failure in words of ours only.
fn words_of(failure: &LegFailure) -> String {
    match failure {
        LegFailure::Refused { status, .. } => format!("refused with {status}"),
        LegFailure::Cancelled => "cancelled".into(),
        LegFailure::TimedOut { timer } => format!("not answered: timer {timer} fired"),
        LegFailure::Unreachable { .. } => "not reached: its INVITE could not be sent".into(),
        LegFailure::Impossible { .. } => "not connected: its answer cannot be used".into(),
    }
}

fn time_of(moment: Timestamp) -> SystemTime {
    let since = Duration::from_micros(u64::try_from(moment.0).unwrap_or(0));
    SystemTime::UNIX_EPOCH + since
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The most events that one span carries; more are counted.
const EVENTS_PER_SPAN_MAX: usize = 128;
