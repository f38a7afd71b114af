//! What a phone tells of its life.

use std::fmt;

use sip::Message;
use tokio::sync::mpsc;

/// Something that happened to a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The phone's name.
    pub who: &'static str,
    /// What happened.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody calls; it rings.
    IncomingCall(Caller),
    /// The one that it called rings.
    Ringing,
    /// The one that it called answered.
    Answered,
    /// It answered.
    PickedUp,
    /// It hears a tone, to the nearest 10 Hz.
    Heard {
        /// The frequency.
        hz: u16,
    },
    /// It hears nothing any more.
    Quiet,
    /// The other side pressed a key.
    Digit(char),
    /// The call is over.
    Ended {
        /// Who ended it.
        by: By,
        /// The status of a refusal.
        status: Option<u16>,
    },
    /// It cannot do what it was told, or what the other side asks for.
    Failed(String),
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// This phone.
    Us,
    /// The other side.
    Them,
    /// Nobody: it was lost.
    Nobody,
}

/// Who calls whom, as the called one reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The number in From.
    pub number: String,
    /// The display name in From.
    pub name: String,
    /// The number in P-Asserted-Identity, if one came.
    pub asserted: Option<String>,
    /// The number that was called.
    pub called: String,
}

impl Caller {
    /// Reads it from an INVITE.
    pub(super) fn of(invite: &Message) -> Caller {
        let mut caller = Caller::default();
        if let Ok(from) = invite.from() {
            caller.number = from.uri().number().unwrap_or_default().into_owned();
            caller.name = from.display_name().unwrap_or_default().into_owned();
        }
        let asserted = invite.asserted_identities().filter_map(Result::ok);
        caller.asserted = asserted
            .filter_map(|who| who.uri().number().map(|number| number.into_owned()))
            .next();
        if let Ok(uri) = invite.uri() {
            caller.called = uri.number().unwrap_or_default().into_owned();
        }
        caller
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Happening::IncomingCall(caller) => {
                write!(
                    f,
                    "rings: {} {} calls {}",
                    caller.name, caller.number, caller.called
                )
            }
            Happening::Ringing => f.write_str("hears that it rings there"),
            Happening::Answered => f.write_str("is answered"),
            Happening::PickedUp => f.write_str("answers"),
            Happening::Heard { hz } => write!(f, "hears {hz} Hz"),
            Happening::Quiet => f.write_str("hears nothing"),
            Happening::Digit(key) => write!(f, "gets the key {key}"),
            Happening::Ended { by, status } => {
                f.write_str(match by {
                    By::Us => "it ended the call",
                    By::Them => "the other side ended the call",
                    By::Nobody => "the call was lost",
                })?;
                status.map_or(Ok(()), |status| write!(f, ", status {status}"))
            }
            Happening::Failed(why) => write!(f, "cannot: {why}"),
        }
    }
}

/// Where a phone's reports go. One that nobody takes in time is left out: a phone does not wait for its listeners.
#[derive(Debug)]
pub(super) struct Reporter {
    who: &'static str,
    reports: mpsc::Sender<Report>,
}

impl Reporter {
    pub(super) fn new(who: &'static str, reports: mpsc::Sender<Report>) -> Reporter {
        Reporter { who, reports }
    }

    pub(super) fn tell(&self, what: Happening) {
        let _ = self.reports.try_send(Report {
            who: self.who,
            what,
        });
    }
}
