//! What control decided: one message with all its commands, so that it happens as a whole or not at all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Command, Conclusion, DecodeError, Hash};

/// A decision. The observation that it answers is its header's `because`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The branch of call control that was taken: `route.number`, `transfer.bridged.answered`.
    pub rule: String,
    /// The configuration that it was made by: the hash in a `ConfigurationApplied`.
    pub configuration: Hash,
    /// What the edge shall do, in this order.
    pub commands: Vec<Command>,
    /// What follows for the call.
    pub conclusions: Vec<Conclusion>,
}

/// A command or conclusion as it is stored: typed, versioned and length-delimited like an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The type's number.
    pub kind: u16,
    /// The type's version.
    pub version: u16,
    /// Its bytes.
    #[serde(with = "crate::wire::octets")]
    pub payload: Vec<u8>,
}

/// The stored form of a decision, version 1. Frozen.
#[derive(Serialize, Deserialize)]
struct StoredDecision {
    rule: String,
    configuration: Hash,
    commands: Vec<Item>,
    conclusions: Vec<Item>,
}

impl Decision {
    /// The number of the type in a header.
    pub const KIND: u16 = 300;
    /// The version that is written.
    pub const VERSION: u16 = 1;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let stored = StoredDecision {
            rule: self.rule.clone(),
            configuration: self.configuration,
            commands: self
                .commands
                .iter()
                .map(|command| command.encode().into())
                .collect(),
            conclusions: self
                .conclusions
                .iter()
                .map(|one| one.encode().into())
                .collect(),
        };
        postcard::to_allocvec(&stored).expect("a decision always encodes")
    }

    /// `None` if it holds a command or conclusion that this release does not know: half a decision is
    /// not a decision.
    pub(crate) fn decode(version: u16, payload: &[u8]) -> Result<Option<Decision>, DecodeError> {
        if version != Decision::VERSION {
            return Ok(None);
        }
        let stored: StoredDecision = crate::event::exact(payload).ok_or(DecodeError::Payload {
            name: "Decision",
            version,
        })?;
        let mut decision = Decision {
            rule: stored.rule,
            configuration: stored.configuration,
            commands: Vec::with_capacity(stored.commands.len()),
            conclusions: Vec::with_capacity(stored.conclusions.len()),
        };
        for item in stored.commands {
            match Command::decode(item.kind, item.version, &item.payload)? {
                Some(command) => decision.commands.push(command),
                None => return Ok(None),
            }
        }
        for item in stored.conclusions {
            match Conclusion::decode(item.kind, item.version, &item.payload)? {
                Some(conclusion) => decision.conclusions.push(conclusion),
                None => return Ok(None),
            }
        }
        Ok(Some(decision))
    }
}

impl From<(u16, u16, Vec<u8>)> for Item {
    fn from((kind, version, payload): (u16, u16, Vec<u8>)) -> Item {
        Item {
            kind,
            version,
            payload,
        }
    }
}
