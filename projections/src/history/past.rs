//! A call's past, as its INVITE tells it: who was called first, and what the platform calls the call.

use schemars::JsonSchema;
use schemas::Personal;
use schemas::observation::{ExternalCall, HistoryEntry, InviteReceived};
use serde::{Deserialize, Serialize};

/// Who was called before the call was sent here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FirstCalled {
    /// The number, or the user.
    pub number: Personal<String>,
    /// Why it was sent on, as sent: `no-answer`, `unconditional`; of History-Info the cause (RFC 4458).
    pub reason: Option<String>,
    /// `Diversion`, `History-Info` or `X-EI`.
    pub field: String,
}

impl FirstCalled {
    /// By the header fields that tell it, the one that tells most first.
    pub(super) fn of(invite: &InviteReceived) -> Option<FirstCalled> {
        let diverted = || {
            // The latest stands first (RFC 5806, section 5).
            let first = invite.diversions.last()?;
            Some(FirstCalled {
                number: Personal::new(first.party.reveal().number().to_owned()),
                reason: first.reason.clone(),
                field: "Diversion".to_owned(),
            })
        };
        let by_history = || {
            let (first, next) = (invite.history.first()?, invite.history.get(1)?);
            Some(FirstCalled {
                number: Personal::new(first.party.reveal().number().to_owned()),
                reason: cause(next).or(cause(first)),
                field: "History-Info".to_owned(),
            })
        };
        let by_platform = || {
            let original = invite.external.as_ref()?.reveal().original.clone()?;
            Some(FirstCalled {
                number: Personal::new(original),
                reason: None,
                field: "X-EI".to_owned(),
            })
        };
        let found = diverted().or_else(by_history).or_else(by_platform)?;
        (!found.number.reveal().is_empty()).then_some(found)
    }
}

fn cause(entry: &HistoryEntry) -> Option<String> {
    Some(entry.cause?.to_string())
}

/// What X-EI says, each part by its name.
pub(super) fn external(call: &ExternalCall) -> impl Iterator<Item = &String> {
    call.announced
        .iter()
        .chain(&call.external)
        .chain(&call.original)
}
