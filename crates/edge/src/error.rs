//! Why an edge cannot start, or cannot go on.

use crate::listen::Listen;
use crate::transport::tls;
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
        "{listen} is in use by another process; stop it (`ss -lpn` names it), or listen on another \
         address"
    )]
    AddressInUse {
        /// The address.
        listen: Listen,
    },
    /// The machine does not have the address.
    #[error(
        "{listen} is no address of this machine; listen on one that it has (`ip address` lists them), or on 0.0.0.0"
    )]
    AddressNotHere {
        /// The address.
        listen: Listen,
    },
    /// The port is a privileged one.
    #[error("{listen} may not be listened on by this user; choose a port from 1024 on")]
    AddressForbidden {
        /// The address.
        listen: Listen,
    },
    /// A socket cannot be made.
    #[error("cannot listen on {listen}")]
    Socket {
        /// The address.
        listen: Listen,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The threads of media cannot be started.
    #[error("the threads of media cannot be started")]
    Threads(#[source] std::io::Error),
    /// A certificate, a key or a list of authorities cannot be used.
    #[error("TLS cannot be used")]
    Tls(#[from] tls::Fault),
    /// The certificate of media cannot be made.
    #[error("cannot make a certificate for DTLS: {0}")]
    Certificate(String),
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
