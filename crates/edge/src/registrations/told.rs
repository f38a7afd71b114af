//! What became of a registration, as facts.

use std::time::Duration;

use schemas::observation::{RegistrationEnded, RegistrationRefused, TrunkRegistered};
use sip::endpoint::event::Failure;
use sip::registration::{Event, Farewell, Grant, Listing};

use super::{Around, Row};
use crate::observe::transport;

impl Row {
    pub(super) fn tell(&mut self, event: Event, around: &mut Around<'_>) {
        match event {
            Event::Registered { grant, refresh_in } => self.registered(grant, refresh_in, around),
            Event::Refused {
                status,
                phrase,
                retry_in,
            } => {
                let error = match self.trouble.take() {
                    Some(why) => format!("{phrase} ({why})"),
                    None => phrase.into(),
                };
                self.refused(Some(status.get()), error, retry_in, around);
            }
            Event::Unanswered { failure, retry_in } => {
                let error = self.trouble.take().unwrap_or_else(|| match failure {
                    Failure::TimedOut(timer) => format!("no answer of any kind (timer {timer})"),
                    Failure::Transport => "the REGISTER could not be sent".to_owned(),
                });
                self.refused(None, error, retry_in, around);
            }
            Event::FlowLost { .. } => {
                self.ended("the connection was closed", Farewell::Unconfirmed, around);
            }
            Event::Unregistered { farewell } => self.ended("edge stopping", farewell, around),
        }
    }

    /// Told when a binding begins to stand, or stands otherwise than before.
    fn registered(&mut self, grant: Grant, refresh_in: Duration, around: &mut Around<'_>) {
        around.counters.registrations_refreshed.one();
        self.routes = grant.service_route;
        let Some(flow) = self.flow else { return };
        let expires_s = seconds(grant.expires);
        if self.told.replace((flow, expires_s)) == Some((flow, expires_s)) {
            return;
        }
        let own = usize::from(grant.listing == Listing::Ours);
        let others = grant.contacts.saturating_sub(own);
        let registered = TrunkRegistered {
            trunk: self.trunk.clone(),
            registrar: self.registrar.to_string(),
            destination: flow.remote.to_string(),
            transport: transport(flow),
            expires_s,
            refresh_s: seconds(refresh_in),
            seen_as: grant.seen_as.map(|address| address.to_string()),
            other_contacts: u32::try_from(others).unwrap_or(u32::MAX),
        };
        around.node.fact(around.ledger, registered, around.moment);
    }

    fn refused(
        &mut self,
        status: Option<u16>,
        error: String,
        retry_in: Option<Duration>,
        around: &mut Around<'_>,
    ) {
        around.counters.registrations_refused.one();
        let now = around.moment.now;
        let bound_until = self.registration.bound_until(now);
        // The next one that is taken is told of.
        self.told = None;
        let refused = RegistrationRefused {
            trunk: self.trunk.clone(),
            registrar: self.registrar.to_string(),
            destination: self.flow.map(|flow| flow.remote.to_string()),
            status,
            error,
            retry_s: retry_in.map(seconds),
            bound_s: bound_until.map(|until| seconds(until.saturating_duration_since(now))),
        };
        around.node.fact(around.ledger, refused, around.moment);
    }

    fn ended(&mut self, cause: &str, farewell: Farewell, around: &mut Around<'_>) {
        if self.told.take().is_none() {
            return;
        }
        let ended = RegistrationEnded {
            trunk: self.trunk.clone(),
            registrar: self.registrar.to_string(),
            cause: cause.to_owned(),
            confirmed: farewell == Farewell::Confirmed,
        };
        around.node.fact(around.ledger, ended, around.moment);
    }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
