//! Why an edge cannot start, or cannot go on.

use std::net::SocketAddr;

use crate::{configuration, recordings};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is wrong.
    #[error("the edge is not configured right: {0}")]
    Configuration(#[from] configuration::Fault),
    /// A recording cannot be used.
    #[error("the recordings cannot be used")]
    Recordings(#[from] recordings::Fault),
    /// Somebody listens there already.
    #[error(
        "udp {address} is in use by another process; stop it (`ss -ulpn` names it), or listen on another \
         address"
    )]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The machine does not have the address.
    #[error(
        "udp {address} is no address of this machine; listen on one that it has (`ip address` lists them), or on 0.0.0.0"
    )]
    AddressNotHere {
        /// The address.
        address: SocketAddr,
    },
    /// The port is a privileged one.
    #[error("udp {address} may not be listened on by this user; choose a port from 1024 on")]
    AddressForbidden {
        /// The address.
        address: SocketAddr,
    },
    /// A socket cannot be made.
    #[error("cannot listen on udp {address}")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The log cannot be read.
    #[error("cannot read the log")]
    Log(#[from] journal::Error),
    /// The log was away for so long that what happened cannot be kept any more.
    #[error(
        "the log took nothing for so long that {waiting} facts wait for it; the edge stops, so that none is lost in silence"
    )]
    LogLost {
        /// How many.
        waiting: usize,
    },
}
