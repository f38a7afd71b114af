//! Abilities: what a peer said of itself in Allow, Supported and Require.

use crate::header::Name;
use crate::message::Message;
use crate::method::Method;

/// What a peer can do, as its last message with such headers said. What was not said is not assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    /// Reliable provisional answers (`100rel`, RFC 3262).
    pub reliable: Ability,
    /// UPDATE (RFC 3311).
    pub update: Ability,
}

/// Whether a peer can do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Ability {
    /// It did not say so.
    #[default]
    Unknown,
    /// It can.
    Offered,
    /// It can, and wants it of us in this transaction.
    Required,
}

impl Abilities {
    /// What this message says.
    pub fn of(message: &Message) -> Self {
        let mut abilities = Abilities::default();
        abilities.learn(message);
        abilities
    }

    /// Takes over what this message says; what it does not speak of stays known.
    pub fn learn(&mut self, message: &Message) {
        if message.header(Name::Allow).is_some() {
            let update = Method::Update.as_str();
            let allowed = message.headers(Name::Allow).any(|method| method == update);
            self.update = if allowed {
                Ability::Offered
            } else {
                Ability::Unknown
            };
        }
        if message.header(Name::Supported).is_some() || message.header(Name::Require).is_some() {
            self.reliable = ability(message, RELIABLE);
        }
    }
}

/// What a message says about one extension.
pub fn ability(message: &Message, option: &str) -> Ability {
    if message.lists(Name::Require, option) {
        Ability::Required
    } else if message.lists(Name::Supported, option) {
        Ability::Offered
    } else {
        Ability::Unknown
    }
}

/// The option tag of reliable provisional answers.
pub const RELIABLE: &str = "100rel";

/// The option tag of session timers.
pub const TIMER: &str = "timer";
