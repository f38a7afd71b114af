//! What is up now, read off the rows of the calls that are not over.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemas::{AgentName, CallId, LegId, Personal, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::history::{LegState, Role, Row};

/// How a call that is up stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LiveState {
    /// Nothing rings yet.
    Setup,
    /// Somebody's phone rings.
    Ringing,
    /// The caller talks.
    Talking,
    /// A peer has put the call on hold.
    Held,
    /// A transfer is running.
    Transferring,
    /// Every leg is over, and control has not said so yet.
    Ending,
}

/// A leg of a call that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveLeg {
    /// Its number.
    pub id: LegId,
    /// Who is on it.
    pub role: Role,
    /// How it stands.
    pub state: LegState,
}

/// A call that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveCall {
    /// The call.
    pub call: CallId,
    /// How it stands.
    pub state: LiveState,
    /// When it began.
    pub began: Timestamp,
    /// Since when the caller has been answered.
    pub answered: Option<Timestamp>,
    /// When its last event was written.
    pub last: Timestamp,
    /// The trunk that it came through.
    pub trunk: Option<TrunkName>,
    /// The caller's number.
    pub caller: Personal<String>,
    /// The number called.
    pub called: Personal<String>,
    /// The agent.
    pub agent: Option<AgentName>,
    /// Whether a peer has put it on hold.
    pub held: bool,
    /// The target of the transfer that is running.
    pub transfer: Option<Personal<String>>,
    /// Its legs.
    pub legs: Vec<LiveLeg>,
}

/// What is up now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// The calls, newest first.
    pub calls: Vec<LiveCall>,
    /// How many calls are up.
    pub count: usize,
    /// How many of them came through each trunk.
    pub trunks: BTreeMap<TrunkName, usize>,
}

impl Live {
    /// What the rows say; the rows of calls that are over are passed by. At most `most` calls are
    /// listed, all are counted.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>, most: usize) -> Live {
        let mut live = Live::default();
        let mut up: Vec<&Row> = rows.into_iter().filter(|row| !row.is_over()).collect();
        up.sort_by_key(|row| std::cmp::Reverse(row.call));
        live.count = up.len();
        for row in &up {
            if let Some(trunk) = &row.trunk {
                *live.trunks.entry(trunk.clone()).or_default() += 1;
            }
        }
        live.calls = up.into_iter().take(most).map(LiveCall::of).collect();
        live
    }
}

impl LiveCall {
    /// The call of a row.
    pub fn of(row: &Row) -> LiveCall {
        LiveCall {
            call: row.call,
            state: state(row),
            began: row.began,
            answered: row.answered,
            last: row.last,
            trunk: row.trunk.clone(),
            caller: row
                .caller
                .as_ref()
                .map(|caller| caller.number.clone())
                .unwrap_or_default(),
            called: row.called.clone(),
            agent: row.agent().cloned(),
            held: row.is_held(),
            transfer: row
                .running_transfer()
                .map(|transfer| transfer.target.clone()),
            legs: row
                .legs
                .iter()
                .map(|leg| LiveLeg {
                    id: leg.id,
                    role: leg.role,
                    state: leg.state,
                })
                .collect(),
        }
    }
}

fn state(row: &Row) -> LiveState {
    let any = |state: LegState| row.legs.iter().any(|leg| leg.state == state);
    if !row.legs.is_empty() && row.legs.iter().all(|leg| leg.state.is_over()) {
        LiveState::Ending
    } else if row.running_transfer().is_some() {
        LiveState::Transferring
    } else if row.is_held() {
        LiveState::Held
    } else if row.answered.is_some() {
        LiveState::Talking
    } else if any(LegState::Ringing) {
        LiveState::Ringing
    } else {
        LiveState::Setup
    }
}
