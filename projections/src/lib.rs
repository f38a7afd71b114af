//! What the events mean. Every view here is a fold of a call's records without any effect: no clock,
//! no look-up, nothing that a second run would not give again.
//!
//! [`Row`] is one call as its history tells it, and the only view that is stored for each call. The
//! rest is read off it or off the records: [`diagnosis`] and [`verification`] and [`live`] from rows,
//! [`Timeline`] and [`Ladder`] from the records themselves.
//!
//! Two rules hold for all of them. What was not seen is "cannot tell", never "fine": a row knows the
//! holes in its history and says so. And text from a peer is hostile: what leaves this crate as a
//! sentence or a ladder has gone through [`plain()`].

pub mod diagnosis;
mod handshake;
pub mod history;
pub mod ladder;
pub mod live;
pub mod notices;
mod plain;
pub mod requests;
pub mod sentences;
pub mod timeline;
pub mod trunks;
pub mod verification;

pub use history::{Row, Search};
pub use ladder::Ladder;
pub use live::Live;
pub use notices::Notices;
pub use plain::plain;
pub use timeline::Timeline;
pub use trunks::Trunks;
pub use verification::Report;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the folds. A change of what an event means for a view is a new version, and every
/// stored view is built anew. (A change of a view's own form is noticed without it.)
pub const VERSION: u32 = 2;

/// What a line is about at a glance. It is never told by colour alone: [`Mark::glyph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It went well.
    Ok,
    /// Somebody should look.
    Warn,
    /// It went wrong.
    Bad,
    /// A step, neither good nor bad.
    Info,
    /// Of no weight by itself.
    Mute,
    /// A transfer.
    Transfer,
    /// Audio and digits.
    Media,
    /// A decision of control.
    Decision,
}

impl Mark {
    /// One character that stands for the mark where there is no colour.
    pub fn glyph(self) -> char {
        match self {
            Mark::Ok => '✔',
            Mark::Warn => '▲',
            Mark::Bad => '✖',
            Mark::Info => '●',
            Mark::Mute => '○',
            Mark::Transfer => '◆',
            Mark::Media => '≈',
            Mark::Decision => '◇',
        }
    }

    /// The same for a terminal that knows ASCII only.
    pub fn ascii(self) -> char {
        match self {
            Mark::Ok => '+',
            Mark::Warn => '!',
            Mark::Bad => 'x',
            Mark::Info => '*',
            Mark::Mute => '.',
            Mark::Transfer => '>',
            Mark::Media => '~',
            Mark::Decision => '?',
        }
    }
}
