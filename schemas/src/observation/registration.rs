//! Registrations: ours at a trunk, and a trunk's at the edge (RFC 3261, section 10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Transport, TrunkName};

/// A trunk's registrar took our binding: calls can reach us through it. Told when the binding begins to stand, not at
/// each refresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkRegistered {
    /// The trunk.
    pub trunk: TrunkName,
    /// The registrar: the Request-URI of our REGISTER.
    pub registrar: String,
    /// Where the REGISTER went, `ip:port`.
    pub destination: String,
    /// How it travelled.
    pub transport: Transport,
    /// Seconds that were granted.
    pub expires_s: u32,
    /// Seconds until it is refreshed.
    pub refresh_s: u32,
    /// Where the registrar saw us, `ip:port`, if it says so.
    pub seen_as: Option<String>,
    /// Contacts of the same account that are not ours: another device may take the calls.
    pub other_contacts: u32,
}

/// A trunk's registrar did not take our binding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationRefused {
    /// The trunk.
    pub trunk: TrunkName,
    /// The registrar: the Request-URI of our REGISTER.
    pub registrar: String,
    /// Where the REGISTER went, `ip:port`; absent if no way was found.
    pub destination: Option<String>,
    /// The status of the refusal; absent if no answer came.
    pub status: Option<u16>,
    /// Why, in words: the reason phrase, or what kept an answer from coming.
    pub error: String,
    /// Seconds until it is tried again; absent if it is not wanted any more.
    pub retry_s: Option<u32>,
    /// Seconds that the binding before it still stands; absent if there is none.
    pub bound_s: Option<u32>,
}

/// Our binding at a trunk's registrar is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationEnded {
    /// The trunk.
    pub trunk: TrunkName,
    /// The registrar: the Request-URI of our REGISTER.
    pub registrar: String,
    /// Why, in words: `edge stopping`, `the connection was closed`.
    pub cause: String,
    /// Whether the registrar knows. If not, it may send calls until the binding ends by itself.
    pub confirmed: bool,
}

/// A trunk registered at the edge: calls to it go there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkBound {
    /// The trunk.
    pub trunk: TrunkName,
    /// Where it is, `ip:port`.
    pub source: String,
    /// How its REGISTER travelled: calls to it travel alike.
    pub transport: Transport,
    /// Seconds that the binding stands unless it is refreshed.
    pub expires_s: u32,
}

/// A trunk is no longer registered at the edge: calls cannot reach it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrunkUnbound {
    /// The trunk.
    pub trunk: TrunkName,
    /// Where it was, `ip:port`.
    pub source: String,
    /// How it was reached.
    pub transport: Transport,
    /// Why, in words: `removed`, `expired`, `replaced`, `the connection was closed`.
    pub cause: String,
}
