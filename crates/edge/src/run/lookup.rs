//! Host names of legs that are dialed.

use std::net::SocketAddr;
use std::time::Duration;

use journal::BoxFuture;
use schemas::{CallId, LegId};

/// How long a host name may take to be looked up.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(5);

/// A host name that was looked up for a leg.
pub(super) struct Lookup {
    pub(super) call: CallId,
    pub(super) leg: LegId,
    pub(super) found: Result<SocketAddr, String>,
}

/// Looks a `host:port` up.
pub(super) fn lookup(call: CallId, leg: LegId, text: String) -> BoxFuture<Lookup> {
    Box::pin(async move {
        let found =
            match tokio::time::timeout(LOOKUP_PATIENCE, tokio::net::lookup_host(&text)).await {
                Ok(Ok(mut addresses)) => addresses
                    .next()
                    .ok_or_else(|| format!("{text} has no address")),
                Ok(Err(error)) => Err(format!("{text} cannot be looked up: {error}")),
                Err(_) => Err(format!(
                    "{text} was not found within {} s",
                    LOOKUP_PATIENCE.as_secs()
                )),
            };
        Lookup { call, leg, found }
    })
}
