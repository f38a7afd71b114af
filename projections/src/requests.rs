//! What operators and agents asked of a call, and what came of it: a request has exactly one outcome.

use schemars::JsonSchema;
use schemas::observation::{RecordingAction, TransferSource};
use schemas::{Conclusion, Decision, Event, EventId, Lane, Observation, Record, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// To hang the call up.
    HangUp,
    /// To record it.
    StartRecording,
    /// To let its recording be silent.
    PauseRecording,
    /// To let its recording go on.
    ResumeRecording,
    /// To end its recording.
    StopRecording,
    /// To pass the caller on: only its agent asks for that.
    Transfer,
}

/// How far a request is. All but the first two are its outcome and final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It is in the log.
    Asked,
    /// Control decided, and the edge is at it.
    Decided,
    /// It is done.
    Done,
    /// Control refused it.
    Refused,
    /// The edge could not do it, or the call was over before.
    Failed,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Its event.
    pub event: EventId,
    /// When it was written.
    pub at: Timestamp,
    /// What was asked.
    pub request: Asked,
    /// Who asked.
    pub by: String,
    /// What it is told apart by.
    pub key: Option<String>,
    /// How far it is.
    pub state: RequestState,
    /// Why it came to nothing, in words; empty if it did not.
    pub why: String,
    /// The event that says so, if one does.
    pub outcome: Option<EventId>,
}

impl Asked {
    /// What a recording is asked for.
    pub fn of(action: RecordingAction) -> Asked {
        match action {
            RecordingAction::Start => Asked::StartRecording,
            RecordingAction::Pause => Asked::PauseRecording,
            RecordingAction::Resume => Asked::ResumeRecording,
            RecordingAction::Stop => Asked::StopRecording,
        }
    }

    /// As it is written in a request.
    pub fn word(self) -> &'static str {
        match self {
            Asked::HangUp => "hang-up",
            Asked::StartRecording => "start-recording",
            Asked::PauseRecording => "pause-recording",
            Asked::ResumeRecording => "resume-recording",
            Asked::StopRecording => "stop-recording",
            Asked::Transfer => "transfer",
        }
    }
}

/// The requests of one call, oldest first.
pub fn of<'a>(events: impl Iterator<Item = &'a Record> + Clone) -> Vec<Request> {
    let mut requests: Vec<Request> = events.clone().filter_map(asked).collect();
    for request in &mut requests {
        follow(request, events.clone());
    }
    requests
}

/// The request that a record is, if it is one.
pub fn asked(record: &Record) -> Option<Request> {
    if record.lane() != Lane::Requests {
        return None;
    }
    let (request, by, key) = match record.event() {
        Ok(Event::Observation(Observation::HangUpRequested(asked))) => {
            (Asked::HangUp, asked.by, asked.key)
        }
        Ok(Event::Observation(Observation::RecordingRequested(asked))) => {
            (Asked::of(asked.action), asked.by, asked.key)
        }
        Ok(Event::Observation(Observation::TransferRequested(asked))) => {
            let TransferSource::Agent { agent, .. } = asked.source else {
                return None;
            };
            (Asked::Transfer, agent.to_string(), None)
        }
        _ => return None,
    };
    Some(Request {
        event: record.id(),
        at: record.header().recorded_at,
        request,
        by,
        key,
        state: RequestState::Asked,
        why: String::new(),
        outcome: None,
    })
}

fn follow<'a>(request: &mut Request, events: impl Iterator<Item = &'a Record>) {
    let (mut decision, mut end) = (None, None);
    for record in events {
        let because = record.header().because;
        let found = match record.event() {
            Ok(Event::Decision(decided)) => {
                end = end.or_else(|| ended(record.id(), &decided));
                if because == Some(request.event) {
                    decision = Some(record.id());
                    request.state = RequestState::Decided;
                    refused(request.request, &decided)
                } else if request.request == Asked::Transfer && decision.is_some() {
                    transferred(&decided)
                } else {
                    None
                }
            }
            Ok(Event::Observation(fact)) if decision.is_some() => {
                came_of(request.request, &fact, because == decision)
            }
            _ => None,
        };
        if let Some((state, why)) = found {
            (request.state, request.why) = (state, why);
            request.outcome = Some(record.id());
            return;
        }
    }
    let Some((event, cause)) = end else { return };
    match (request.request, request.state) {
        (Asked::HangUp, _) => request.state = RequestState::Done,
        // Its file is on its way to its end.
        (Asked::StopRecording, RequestState::Decided) => return,
        _ => {
            request.state = RequestState::Failed;
            request.why = format!("the call was over before: {cause}");
        }
    }
    request.outcome = Some(event);
}

/// The end of the call, if it was decided.
fn ended(event: EventId, decided: &Decision) -> Option<(EventId, String)> {
    decided.conclusions.iter().find_map(|one| match one {
        Conclusion::CallEnded(ended) => Some((event, ended.cause.clone())),
        _ => None,
    })
}

/// Whether the decision on a request was no, and why.
fn refused(asked: Asked, decided: &Decision) -> Option<(RequestState, String)> {
    let why = decided.conclusions.iter().find_map(|one| match one {
        Conclusion::RequestRefused(refused) => Some(&refused.why),
        // It never began.
        Conclusion::TransferFailed(failed) if asked == Asked::Transfer => Some(&failed.why),
        _ => None,
    });
    why.map(|why| (RequestState::Refused, why.clone()))
}

/// What became of a transfer that was begun before.
fn transferred(decided: &Decision) -> Option<(RequestState, String)> {
    decided.conclusions.iter().find_map(|one| match one {
        Conclusion::TransferCompleted(_) => Some((RequestState::Done, String::new())),
        Conclusion::TransferFailed(failed) => Some((RequestState::Failed, failed.why.clone())),
        _ => None,
    })
}

/// What a fact behind the decision says of the request; `answers` if it names the decision.
fn came_of(asked: Asked, fact: &Observation, answers: bool) -> Option<(RequestState, String)> {
    // However a recording ends: nobody who wanted that waits any longer.
    let ends = answers || asked == Asked::StopRecording;
    match fact {
        Observation::RecordingStarted(_)
        | Observation::RecordingPaused(_)
        | Observation::RecordingResumed(_)
            if answers =>
        {
            Some((RequestState::Done, String::new()))
        }
        Observation::RecordingEnded(_) if ends => Some((RequestState::Done, String::new())),
        Observation::RecordingFailed(failed) if ends => {
            Some((RequestState::Failed, failed.error.clone()))
        }
        // A call whose leg is gone already ends all the same.
        Observation::CommandFailed(failed) if answers && asked != Asked::HangUp => {
            Some((RequestState::Failed, failed.error.clone()))
        }
        _ => None,
    }
}
