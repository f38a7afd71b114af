//! Agree: a new leg is held to the terms of the one that it turned out to come from.

use std::time::Instant;

use crate::message::Message;
use crate::status::StatusCode;

use super::event::EndCause;
use super::keys::LegKey;
use super::output::Urgency;
use super::refresh::interval_too_small;
use super::request::unsupported;
use super::terms::Terms;
use super::{ActionError, Endpoint};

impl Endpoint {
    /// What this leg agrees to, now that it is known whose it is. If its INVITE asks for what the terms do not allow, it
    /// is refused with the status that is given back, 420 or 422, and `Ended` follows.
    pub fn hold_to(
        &mut self,
        leg: LegKey,
        invite: &Message,
        terms: Terms,
        now: Instant,
    ) -> Result<Option<StatusCode>, ActionError> {
        let transaction = self.incoming(leg)?;
        self.set_terms(leg, terms)?;
        let objection = unsupported(invite, &terms);
        let Some(reply) = objection.or_else(|| interval_too_small(&terms.timer, invite)) else {
            return Ok(None);
        };
        let status = reply.status;
        self.respond(transaction, &reply, Urgency::AfterCommit, now)?;
        self.end_leg(leg, EndCause::Refused);
        Ok(Some(status))
    }
}
