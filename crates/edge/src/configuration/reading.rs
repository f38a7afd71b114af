//! How a trunk says who calls whom, and what of a message from it is read.

use schemas::observation::IdentityHeader;
use sip::number::NumberForm;

/// What is read of a trunk's messages, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The header fields that the caller is taken from, the most trusted first; From is what is left. Default:
    /// P-Asserted-Identity, Remote-Party-ID, From.
    pub caller_from: Vec<IdentityHeader>,
    /// How it writes the numbers of callers and of those who forwarded. Default: E.164 with its plus.
    pub numbers: NumberForm,
    /// How it writes the number called. Default: the same.
    pub called: NumberForm,
    /// The header fields of the call's past and context that are let in, `*` at the end of a name for its rest. Default:
    /// [`HEADERS`].
    pub headers: Vec<String>,
}

/// The header fields that are let in where nothing else is said.
pub const HEADERS: [&str; 4] = ["Diversion", "History-Info", "User-to-User", "X-*"];

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            caller_from: vec![
                IdentityHeader::PAssertedIdentity,
                IdentityHeader::RemotePartyId,
                IdentityHeader::From,
            ],
            numbers: NumberForm::default(),
            called: NumberForm::default(),
            headers: HEADERS.map(str::to_owned).into(),
        }
    }
}
