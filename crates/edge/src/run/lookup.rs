//! Host names of legs that are dialed.

use std::time::Duration;

use journal::BoxFuture;
use schemas::{CallId, LegId};

use crate::port::Destination;
use crate::transport::Peer;

/// How long a host name may take to be looked up.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(5);

/// A host name that was looked up for a leg.
pub(super) struct Lookup {
    pub(super) call: CallId,
    pub(super) leg: LegId,
    pub(super) found: Result<Peer, String>,
}

/// Looks a `host:port` up.
pub(super) fn lookup(call: CallId, leg: LegId, destination: Destination) -> BoxFuture<Lookup> {
    Box::pin(async move {
        let text = destination.address;
        let looking = tokio::net::lookup_host(&text);
        let found = match tokio::time::timeout(LOOKUP_PATIENCE, looking).await {
            Ok(Ok(mut addresses)) => addresses
                .next()
                .ok_or_else(|| format!("{text} has no address")),
            Ok(Err(error)) => Err(format!("{text} cannot be looked up: {error}")),
            Err(_) => Err(format!(
                "{text} was not found within {} s",
                LOOKUP_PATIENCE.as_secs()
            )),
        };
        let host = text
            .rsplit_once(':')
            .map_or(text.as_str(), |(host, _)| host);
        let found = found.map(|remote| Peer {
            transport: destination.transport,
            remote,
            host: host.to_owned(),
            trunk: destination.trunk,
        });
        Lookup { call, leg, found }
    })
}
