//! How often a trunk is asked whether it is there, and where.

use std::time::Duration;

use sip::endpoint::flow::Transport;

/// The shortest time between two probes of a target.
pub const PROBE_EVERY_MIN: Duration = Duration::from_secs(5);

/// OPTIONS to every target of a trunk, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// How often; not exactly, so that probes of many trunks do not go out together. At least 5 s.
    pub every: Duration,
    /// `host:port`, or a SIP URI that says more or less than that; the host may be a name.
    pub address: String,
    /// How SIP goes there, where the address is no URI.
    pub transport: Transport,
    /// The Request-URI.
    pub uri: String,
}

impl Probe {
    /// Probes of that address, with the Request-URI that says the same.
    pub fn new(every: Duration, address: &str, transport: Transport) -> Probe {
        let is_uri = ["sip:", "sips:"]
            .iter()
            .any(|scheme| address.starts_with(scheme));
        let uri = match (is_uri, transport) {
            (true, _) => address.to_owned(),
            (false, Transport::Udp) => format!("sip:{address}"),
            (false, Transport::Tcp) => format!("sip:{address};transport=tcp"),
            (false, Transport::Tls) => format!("sip:{address};transport=tls"),
        };
        Probe {
            every: every.max(PROBE_EVERY_MIN),
            address: address.to_owned(),
            transport,
            uri,
        }
    }
}
