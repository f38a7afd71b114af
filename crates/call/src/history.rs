//! One call's history in the one right order, live and in a rehearsal.

use std::collections::BTreeMap;

use schemas::{Decision, DecodeError, Event, EventId, Hash, Observation, Record, Timestamp};

use crate::call::Call;
use crate::configuration::Applied;
use crate::decide::decide;
use crate::evolve::{Step, evolve};

/// What the log says about the decision of an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing yet: it is to be decided.
    Open,
    /// It was decided like this.
    Decided(Decision),
    /// Nothing followed from it: a later observation was decided already.
    Nothing,
    /// A decision that this release cannot read.
    Unreadable,
}

/// An observation of a call and what the log says about its decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The observation's id.
    pub id: EventId,
    /// When it was recorded.
    pub at: Timestamp,
    /// What was observed; `None` if this release does not know the type.
    pub observation: Option<Observation>,
    /// What was decided.
    pub answer: Answer,
}

/// The whole history of one call, in the order in which it takes effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    moments: Vec<Moment>,
}

/// A moment decided again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed<'a> {
    /// The moment.
    pub moment: &'a Moment,
    /// What is decided today.
    pub decided: Option<Decision>,
}

/// A history cannot be rehearsed: the configuration of a decision is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration {0} that the call was decided by is not known")]
pub struct Unrehearsed(pub Hash);

/// Takes one observation of a call: folds it, and folds the decision that answers it, the recorded
/// one if there is one. Says what today's rules decide, if they were asked: in a live call
/// ([`Answer::Open`]) that is what is to be written.
///
/// The only place where a call moves, live and in a rehearsal.
pub fn take(
    call: &mut Call,
    at: Timestamp,
    observation: &Observation,
    answer: &Answer,
    applied: &Applied,
) -> Option<Decision> {
    evolve(call, Step::Observed(at, observation));
    let decided = decide(call, applied, observation);
    match (answer, &decided) {
        (Answer::Decided(recorded), _) => evolve(call, Step::Decided(recorded)),
        (Answer::Open, Some(decision)) => evolve(call, Step::Decided(decision)),
        (Answer::Open, None) | (Answer::Nothing | Answer::Unreadable, _) => {}
    }
    decided
}

impl History {
    /// Reads a call's records, in log order. Records of the wire lane and of other kinds are passed
    /// over.
    pub fn read<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<History, DecodeError> {
        let mut history = History::default();
        let mut places: BTreeMap<EventId, usize> = BTreeMap::new();
        let mut settled = 0;
        for record in records {
            let header = record.header();
            let event = record.event()?;
            let (observation, decision) = match (event, header.because) {
                (Event::Observation(observation), _) => (Some(observation), None),
                (Event::Decision(decision), Some(because)) => {
                    (None, Some((because, Answer::Decided(decision))))
                }
                (Event::Unknown(unknown), Some(because)) if unknown.kind == Decision::KIND => {
                    (None, Some((because, Answer::Unreadable)))
                }
                (Event::Unknown(unknown), _) if unknown.kind < Decision::KIND => (None, None),
                (Event::Decision(_) | Event::Wire(_) | Event::Unknown(_), _) => continue,
            };
            if let Some((because, answer)) = decision {
                if let Some(&place) = places.get(&because) {
                    history.moments[place].answer = answer;
                    settled = settled.max(place);
                }
                continue;
            }
            places.insert(header.id, history.moments.len());
            history.moments.push(Moment {
                id: header.id,
                at: header.recorded_at,
                observation,
                answer: Answer::Open,
            });
        }
        for moment in &mut history.moments[..settled] {
            if moment.answer == Answer::Open {
                moment.answer = Answer::Nothing;
            }
        }
        Ok(history)
    }

    /// The call's moments.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The call as the log has it, without what is still to be decided: the moments from the one
    /// returned are to be taken one by one, live.
    pub fn fold(&self) -> (Call, &[Moment]) {
        let mut call = Call::new();
        let last = self
            .moments
            .iter()
            .rposition(|moment| matches!(moment.answer, Answer::Decided(_) | Answer::Unreadable));
        let settled = last.map_or(0, |last| last + 1);
        for moment in &self.moments[..settled] {
            if let Some(observation) = &moment.observation {
                evolve(&mut call, Step::Observed(moment.at, observation));
            }
            if let Answer::Decided(decision) = &moment.answer {
                evolve(&mut call, Step::Decided(decision));
            }
        }
        (call, &self.moments[settled..])
    }

    /// Decides every moment again by the configuration that it was decided by. Whatever differs, the
    /// recorded decision is what goes on, so that each difference is found for itself.
    pub fn rehearse<'a>(
        &'a self,
        configurations: &BTreeMap<Hash, Applied>,
    ) -> Result<(Vec<Rehearsed<'a>>, Call), Unrehearsed> {
        let mut call = Call::new();
        let mut rehearsed = Vec::with_capacity(self.moments.len());
        let mut hash = self.moments.iter().find_map(Moment::configuration);
        for moment in &self.moments {
            hash = moment.configuration().or(hash);
            let applied = match hash {
                Some(hash) => configurations.get(&hash).ok_or(Unrehearsed(hash))?,
                None => match configurations.values().next() {
                    Some(any) => any,
                    None => return Err(Unrehearsed(Hash::ZERO)),
                },
            };
            let decided = match &moment.observation {
                Some(observation) => {
                    take(&mut call, moment.at, observation, &moment.answer, applied)
                }
                None => {
                    if let Answer::Decided(decision) = &moment.answer {
                        evolve(&mut call, Step::Decided(decision));
                    }
                    None
                }
            };
            rehearsed.push(Rehearsed { moment, decided });
        }
        Ok((rehearsed, call))
    }
}

impl Moment {
    fn configuration(&self) -> Option<Hash> {
        match &self.answer {
            Answer::Decided(decision) => Some(decision.configuration),
            Answer::Open | Answer::Nothing | Answer::Unreadable => None,
        }
    }
}

impl Rehearsed<'_> {
    /// Whether today's decision is another one than the recorded one. What is not recorded yet, or
    /// cannot be read, does not differ.
    pub fn differs(&self) -> bool {
        match &self.moment.answer {
            Answer::Decided(recorded) => self.decided.as_ref() != Some(recorded),
            Answer::Nothing => self.decided.is_some(),
            Answer::Open | Answer::Unreadable => false,
        }
    }
}
