//! Diagnosis, first version: causes of what went wrong with a call, each bound to the events that
//! show it. Rules are a table; a rule that binds no event cannot fire.

mod rules;

use schemars::JsonSchema;
use schemas::EventId;
use schemas::conclusion::CallEndedBy;
use serde::{Deserialize, Serialize};

use crate::history::{Outcome, Row, TransferState};
use crate::sentences::span;
use crate::timeline::short_uri;
use crate::{Mark, plain};

use rules::{LAST_RESORT, RULES};

/// A cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// The rule that found it.
    pub rule: String,
    /// The rule's version.
    pub version: u32,
    /// What is wrong.
    pub title: String,
    /// What was seen.
    pub text: String,
    /// What to do.
    pub fix: String,
    /// The events that show it.
    pub events: Vec<EventId>,
}

/// A call in one line, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The call at a glance.
    pub mark: Mark,
    /// The call in one sentence.
    pub verdict: String,
    /// What is wrong, the gravest first. Empty when no rule found anything: that is not a proof that
    /// all was well.
    pub causes: Vec<Cause>,
    /// What is missing of the history.
    pub incomplete: Vec<String>,
}

impl Diagnosis {
    /// What a row shows. Before a call is over there is no verdict.
    pub fn of(row: &Row) -> Diagnosis {
        let mut causes = Vec::new();
        for rule in RULES {
            if rule.id == LAST_RESORT && !causes.is_empty() {
                continue;
            }
            for binding in (rule.binds)(row) {
                let events: Vec<EventId> = binding.events.into_iter().flatten().collect();
                if !events.is_empty() {
                    causes.push(Cause {
                        rule: rule.id.to_owned(),
                        version: rule.version,
                        title: rule.title.to_owned(),
                        text: plain(&binding.text).into_owned(),
                        fix: rule.fix.to_owned(),
                        events,
                    });
                }
            }
        }
        let (mark, verdict) = verdict(row, !causes.is_empty());
        Diagnosis {
            mark,
            verdict: plain(&verdict).into_owned(),
            causes,
            incomplete: row.incomplete(),
        }
    }
}

fn verdict(row: &Row, something_found: bool) -> (Mark, String) {
    let Some(end) = &row.end else {
        let words = match row.answered {
            Some(_) => "The call is up; there is no verdict before its end.",
            None => "The call is not answered yet; there is no verdict before its end.",
        };
        return (Mark::Info, words.to_owned());
    };
    let agent = row
        .agent()
        .map_or("an agent".to_owned(), |agent| format!("agent {agent}"));
    let who = match end.by {
        CallEndedBy::Caller => "the caller hung up",
        CallEndedBy::Agent => "the agent hung up",
        CallEndedBy::Target => "the transfer's target hung up",
        CallEndedBy::Control => "control ended it",
        CallEndedBy::Edge => "the edge ended it",
        CallEndedBy::Operator => "an operator ended it",
    };
    let talked = row.talk_ms.map(span);
    let (mark, words) = match row.outcome {
        Outcome::Up => (Mark::Info, "The call is up.".to_owned()),
        Outcome::Completed => {
            let for_time = talked.map_or(String::new(), |talk| format!(" for {talk}"));
            let done = row
                .transfers
                .iter()
                .rev()
                .find(|one| one.state == TransferState::Completed);
            let words = match done {
                Some(transfer) => {
                    let target = short_uri(transfer.target.reveal());
                    format!(
                        "The caller talked with {agent} and, transferred, with {target}{for_time} in all; {who}."
                    )
                }
                None => format!("The caller talked with {agent}{for_time}; {who}."),
            };
            (Mark::Ok, words)
        }
        Outcome::Transferred => (
            Mark::Ok,
            format!("The caller talked with {agent} and was handed over by REFER."),
        ),
        Outcome::Abandoned => {
            let after = row
                .ring_ms
                .map_or(String::new(), |ring| format!(" after {}", span(ring)));
            (
                Mark::Warn,
                format!("The caller gave up{after}, before anybody answered."),
            )
        }
        Outcome::Refused => match &row.refused {
            Some(refused) => (
                Mark::Bad,
                format!("Refused with {}: {}.", refused.status, refused.why),
            ),
            None => (Mark::Bad, format!("Refused: {}.", end.cause)),
        },
        Outcome::Failed => (Mark::Bad, format!("The call broke off: {}.", end.cause)),
    };
    match (mark, something_found || !row.incomplete().is_empty()) {
        (Mark::Ok, true) => (Mark::Warn, words),
        _ => (mark, words),
    }
}
