//! How many calls a trunk, a number and all together may bring, and what a caller gets beyond it: what he gets decides
//! where his phone system takes him next.
//!
//! What counts is what the edge counted when the call came in ([`Load`]): that is written, so a rehearsal decides the
//! same. A call of which nobody counted anything is not limited.

use schemas::observation::{InviteReceived, LimitOf, Load, Occupancy, Tried};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::configuration::{Configuration, Number};
use crate::decide::Draft;

/// How many calls may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limit {
    /// Calls in progress; no limit if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    /// New calls within a second; no limit if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_s: Option<u32>,
    /// What a caller gets beyond it, 400 to 699: 503 if absent, of a number 486.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The Retry-After that goes with it, in seconds; none if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

impl Limit {
    /// Whether it limits nothing.
    pub fn is_none(&self) -> bool {
        self.calls.is_none() && self.calls_per_s.is_none()
    }

    /// The first bound that is met.
    fn met(&self, before: Occupancy) -> Option<String> {
        let Occupancy { calls, new_calls } = before;
        if let Some(most) = self.calls.filter(|most| calls >= *most) {
            return Some(format!("{calls} calls are in progress, {most} may be"));
        }
        let most = self.calls_per_s.filter(|most| new_calls >= *most)?;
        Some(format!(
            "{new_calls} calls came within the second before, {most} may"
        ))
    }
}

/// Refuses a call that would be one too many. Whether it was.
pub(crate) fn refuse(
    draft: &mut Draft,
    call: &Call,
    configuration: &Configuration,
    invite: &InviteReceived,
    (number, rule): (&str, &Number),
) -> bool {
    let Some(Load {
        trunk: of_trunk,
        number: of_number,
        total,
    }) = invite.load
    else {
        return false;
    };
    let name = &invite.trunk.trunk;
    let trunk = configuration.trunks.get(name).map(|trunk| &trunk.limit);
    let limits = [
        (
            LimitOf::Trunk,
            trunk,
            of_trunk,
            format!("trunk {name}"),
            503,
        ),
        (
            LimitOf::Number,
            Some(&rule.limit),
            of_number,
            format!("number {number}"),
            486,
        ),
        (
            LimitOf::Total,
            Some(&configuration.limit),
            total,
            "all trunks".to_owned(),
            503,
        ),
    ];
    for (of, limit, before, whose, status) in limits {
        let Some(limit) = limit else { continue };
        let Some(failed) = limit.met(before) else {
            continue;
        };
        let status = limit.status.unwrap_or(status);
        let why = format!("limit of {whose}: {failed}");
        draft.rule(of.rule());
        draft.tried([Tried {
            candidate: format!("limit of {whose}"),
            failed,
        }]);
        draft.end_caller_after(call, status, limit.retry_after_s, &why);
        return true;
    }
    false
}
