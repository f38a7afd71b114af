//! Digest authentication: challenges, answers to them, and who verifies them (RFC 3261 §22, RFC 7616, RFC 8760).
//!
//! ```text
//!  client                                                      server
//!  Credentials                                                 Verifier
//!      |   request ------------------------------------------->  |
//!      |   <------- 401 with one Challenge for each algorithm    |
//!  Sessions: the best that we know, answered                     |
//!      |   request with Authorization -------------------------> |  Verified, Challenge again, or Refused
//! ```
//!
//! Algorithms are MD5, SHA-256 and SHA-512-256, the quality of protection is `auth` or, for the oldest peers, none.
//! The `-sess` forms and `auth-int` are known by name and refused: no trunk asks for them alone.

pub mod algorithm;
pub mod authorization;
pub mod challenge;
pub mod credentials;
mod fields;
mod nonces;
mod proof;
pub mod sessions;
pub mod verifier;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use authorization::Authorization;
pub use challenge::Challenge;
pub use credentials::{Credential, CredentialError, Credentials, Secret};
pub use sessions::{Sessions, Unanswered};
pub use verifier::{Asking, Realm, Refusal, Stale, Verification, Verifier};

use crate::header::Name;
use crate::status::StatusCode;

/// Who asks for credentials: both may, each in header fields of its own (RFC 3261 §22.2, §22.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// The server that the request is for: 401, WWW-Authenticate, Authorization.
    Server,
    /// A proxy on the way: 407, Proxy-Authenticate, Proxy-Authorization.
    Proxy,
}

impl Asker {
    /// The status of its challenge.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Asker::Server => StatusCode::UNAUTHORIZED,
            Asker::Proxy => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        }
    }

    /// The header of its challenge.
    #[must_use]
    pub const fn challenge(self) -> Name<'static> {
        match self {
            Asker::Server => Name::WwwAuthenticate,
            Asker::Proxy => Name::ProxyAuthenticate,
        }
    }

    /// The header of the answer.
    #[must_use]
    pub const fn authorization(self) -> Name<'static> {
        match self {
            Asker::Server => Name::Authorization,
            Asker::Proxy => Name::ProxyAuthorization,
        }
    }
}

/// Challenges of one message that are read; more realms than this stand on no way to a trunk.
pub const CHALLENGES_MAX: usize = 16;

/// A text for between quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
