//! Recorded observations through today's `decide`: would this release have done the same?

use std::collections::BTreeMap;

use call::{Applied, History};
use schemas::{CallId, Decision, EventId, Hash, Timestamp};
use serde::Serialize;

use crate::incident::{Incident, Recorded};

/// By which configuration a call is decided again.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// By the one that it was decided by.
    Recorded,
    /// By another one: what if it had been in force?
    Instead(&'a Applied),
}

/// What came of deciding some calls again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// How many calls were decided again.
    pub calls: usize,
    /// How many observations were decided again.
    pub observations: usize,
    /// How many decisions were compared.
    pub decisions: usize,
    /// The first difference of each call that has one.
    pub divergences: Vec<Divergence>,
    /// The calls that cannot be decided again, and why not.
    pub impossible: Vec<Impossible>,
}

/// The first difference of a call, with both sides.
#[derive(Clone, Debug, Serialize)]
pub struct Divergence {
    /// The call.
    pub call: CallId,
    /// The observation that was answered differently.
    pub because: EventId,
    /// Its type.
    pub observation: &'static str,
    /// When it was recorded.
    pub at: Timestamp,
    /// What was decided then; `None` if nothing was.
    pub recorded: Option<Decision>,
    /// What is decided today; `None` if nothing is.
    pub today: Option<Decision>,
    /// How many more observations of this call are answered differently.
    pub further: usize,
}

/// A call that cannot be decided again.
#[derive(Clone, Debug, Serialize)]
pub struct Impossible {
    /// The call.
    pub call: CallId,
    /// Why not.
    pub why: String,
}

/// Decides every call of an incident again.
pub fn re_decide(incident: &Incident, by: By<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for (call, recorded) in incident.calls() {
        if let Err(why) = decide_call(call, recorded, incident.configurations(), by, &mut outcome) {
            outcome.impossible.push(Impossible { call, why });
        }
    }
    outcome
}

fn decide_call(
    call: CallId,
    recorded: &Recorded,
    configurations: &BTreeMap<Hash, Applied>,
    by: By<'_>,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let history = History::read(&recorded.events).map_err(|error| error.to_string())?;
    if history.moments().is_empty() {
        return Err("it has no observations".into());
    }
    let instead = match by {
        By::Recorded => None,
        By::Instead(applied) => Some(applied_everywhere(&history, applied)),
    };
    let configurations = instead.as_ref().unwrap_or(configurations);
    let (rehearsed, _) = history
        .rehearse(configurations)
        .map_err(|error| error.to_string())?;
    outcome.calls += 1;
    outcome.observations += rehearsed.len();
    let recorded_of = |moment: &call::Moment| match &moment.answer {
        call::Answer::Decided(decision) => Some(decision.clone()),
        call::Answer::Open | call::Answer::Nothing | call::Answer::Unreadable => None,
    };
    outcome.decisions += rehearsed
        .iter()
        .filter(|one| matches!(one.moment.answer, call::Answer::Decided(_)))
        .count();
    let mut different = rehearsed.iter().filter(|one| match by {
        By::Recorded => one.differs(),
        // Another configuration has another hash; that alone is no difference.
        By::Instead(_) => differs_in_substance(one),
    });
    if let Some(first) = different.next() {
        outcome.divergences.push(Divergence {
            call,
            because: first.moment.id,
            observation: first
                .moment
                .observation
                .as_ref()
                .map_or("Unknown", |one| one.name()),
            at: first.moment.at,
            recorded: recorded_of(first.moment),
            today: first.decided.clone(),
            further: different.count(),
        });
    }
    Ok(())
}

/// Every configuration that a history names, replaced by one.
fn applied_everywhere(history: &History, applied: &Applied) -> BTreeMap<Hash, Applied> {
    let hashes = history
        .moments()
        .iter()
        .filter_map(|moment| match &moment.answer {
            call::Answer::Decided(decision) => Some(decision.configuration),
            call::Answer::Open | call::Answer::Nothing | call::Answer::Unreadable => None,
        });
    hashes
        .chain([applied.hash()])
        .map(|hash| (hash, applied.clone()))
        .collect()
}

fn differs_in_substance(rehearsed: &call::Rehearsed<'_>) -> bool {
    match (&rehearsed.moment.answer, &rehearsed.decided) {
        (call::Answer::Decided(recorded), Some(today)) => {
            Decision {
                configuration: today.configuration,
                ..recorded.clone()
            } != *today
        }
        _ => rehearsed.differs(),
    }
}
