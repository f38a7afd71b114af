//! A call in one line, as lists show it.

use projections::history::{Outcome, Row, TransferState};
use projections::live::{LiveCall, LiveState};
use projections::{Mark, diagnosis::Diagnosis, plain};
use schemars::JsonSchema;
use schemas::conclusion::CallEndedBy;
use schemas::{AgentName, CallId, Personal, Timestamp, TrunkName};
use serde::Serialize;

/// A call in one line.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Brief {
    /// The call.
    call: CallId,
    /// When it began, in microseconds since 1970.
    began: Timestamp,
    /// When the caller was answered.
    answered: Option<Timestamp>,
    /// When it ended.
    ended: Option<Timestamp>,
    /// The trunk that it came through.
    trunk: Option<TrunkName>,
    /// The caller's number.
    caller: Personal<String>,
    /// The caller's name.
    caller_name: Personal<String>,
    /// The number called.
    called: Personal<String>,
    /// The number that was called first, before the call was sent here; absent if nothing says so.
    first_called: Option<Personal<String>>,
    /// The agent.
    agent: Option<AgentName>,
    /// How it stands or ended.
    outcome: Outcome,
    /// How it stands, while it is up.
    state: Option<LiveState>,
    /// Who ended it.
    ended_by: Option<CallEndedBy>,
    /// Why it ended.
    cause: String,
    /// Milliseconds of ringing.
    ring_ms: Option<u64>,
    /// Milliseconds of talk.
    talk_ms: Option<u64>,
    /// How many legs it had.
    legs: usize,
    /// How far its last transfer came.
    transfer: Option<TransferState>,
    /// At a glance.
    mark: Mark,
    /// In one sentence.
    verdict: String,
    /// The first cause that was found.
    finding: Option<String>,
    /// What is missing of its history.
    incomplete: Vec<String>,
}

impl Brief {
    pub(crate) fn of(row: &Row) -> Brief {
        let diagnosis = Diagnosis::of(row);
        let caller = row.caller.as_ref();
        let shown = |text: &Personal<String>| Personal::new(plain(text.reveal()).into_owned());
        Brief {
            call: row.call,
            began: row.began,
            answered: row.answered,
            ended: row.end.as_ref().map(|end| end.at),
            trunk: row.trunk.clone(),
            caller: caller
                .map(|caller| shown(&caller.number))
                .unwrap_or_default(),
            caller_name: caller
                .map(|caller| shown(&caller.display_name))
                .unwrap_or_default(),
            called: shown(&row.called),
            first_called: row.first_called.as_ref().map(|first| shown(&first.number)),
            agent: row.agent().cloned(),
            outcome: row.outcome,
            state: (!row.is_over()).then(|| LiveCall::of(row).state),
            ended_by: row.end.as_ref().map(|end| end.by),
            cause: row
                .end
                .as_ref()
                .map(|end| plain(&end.cause).into_owned())
                .unwrap_or_default(),
            ring_ms: row.ring_ms,
            talk_ms: row.talk_ms,
            legs: row.legs.len(),
            transfer: row.transfers.last().map(|transfer| transfer.state),
            mark: diagnosis.mark,
            verdict: diagnosis.verdict,
            finding: diagnosis.causes.into_iter().next().map(|cause| cause.title),
            incomplete: diagnosis.incomplete,
        }
    }
}
