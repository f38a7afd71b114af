//! What one step of the core works with beside the call itself: lent out, so that a call never owns its surroundings.

use std::collections::{BTreeMap, VecDeque};

use schemas::{CallId, LegId};
use sip::endpoint::Endpoint;
use sip::endpoint::keys::LegKey;

use crate::bindings::Bindings;
use crate::clock::Moment;
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::occupancy::Counted;
use crate::port::Output;
use crate::recordings::Recordings;
use crate::registrations::Registrations;
use crate::trunk::Trunks;

/// One step.
pub struct Step<'a> {
    /// The SIP side.
    pub endpoint: &'a mut Endpoint,
    /// The log side.
    pub ledger: &'a mut Ledger,
    /// What the shell has to do.
    pub outputs: &'a mut VecDeque<Output>,
    /// Which leg of which call a leg of the endpoint is.
    pub places: &'a mut BTreeMap<LegKey, (CallId, LegId)>,
    /// The configuration.
    pub configuration: &'a Configuration,
    /// The trunks.
    pub trunks: &'a Trunks,
    /// Our registrations.
    pub registrations: &'a Registrations,
    /// Where trunks are that register to us.
    pub bindings: &'a Bindings,
    /// The recordings that agents can play.
    pub recordings: &'a Recordings,
    /// How many calls there are.
    pub counted: &'a mut Counted,
    /// Keys for SRTP.
    pub keyring: &'a mut Keyring,
    /// The counters.
    pub counters: &'a Counters,
    /// Why something could not be sent, if that is what happened.
    pub unsent: &'a str,
    /// Now.
    pub moment: Moment,
}
