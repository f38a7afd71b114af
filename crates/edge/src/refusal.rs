//! Why a command cannot be carried out, with the SIP status that says it to a caller.

use sip::StatusCode;
use sip::endpoint::ActionError;
use sip::endpoint::extra::Extra;

/// Why a command cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The SIP status that says it to a caller.
    pub status: StatusCode,
    /// In words.
    pub error: String,
}

impl Refusal {
    /// There is no such leg any more, or yet.
    pub fn over(error: &str) -> Refusal {
        Refusal {
            status: StatusCode::DOES_NOT_EXIST,
            error: error.to_owned(),
        }
    }

    /// Offer and answer come to nothing.
    pub fn not_acceptable(error: String) -> Refusal {
        Refusal {
            status: StatusCode::NOT_ACCEPTABLE_HERE,
            error,
        }
    }

    /// There is no room or no way.
    pub fn unavailable(error: String) -> Refusal {
        Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error,
        }
    }
}

/// Tells in a 488 what is in its way (RFC 3261, section 20.43).
pub fn add_warning(extra: &mut Extra, why: &str) {
    // The words may hold what the peer wrote; a warning that cannot be written is left out.
    let _ = extra.add(
        "Warning",
        &format!("305 trunkline \"{}\"", why.replace('"', "'")),
    );
}

/// Everything that has no status of its own.
impl From<String> for Refusal {
    fn from(error: String) -> Refusal {
        Refusal {
            status: StatusCode::SERVER_INTERNAL_ERROR,
            error,
        }
    }
}

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Refusal {
        let status = match error {
            ActionError::NoLeg | ActionError::NoRequest => StatusCode::DOES_NOT_EXIST,
            ActionError::Full => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::SERVER_INTERNAL_ERROR,
        };
        Refusal {
            status,
            error: error.to_string(),
        }
    }
}
