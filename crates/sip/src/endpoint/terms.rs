//! Terms: what we agree to beside the session itself, per leg, and what Supported says because of it.

use crate::dialog::abilities::RELIABLE;

/// What a leg agrees to. The endpoint's configuration has those of legs for which nobody says anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Reliable provisional answers.
    pub reliable: Reliable,
}

/// Whether provisional answers are acknowledged (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliable {
    /// Never: `100rel` is not said, and a peer that requires it gets 420.
    Off,
    /// If the peer wants it. The default.
    #[default]
    Supported,
    /// Our own provisional answers are reliable wherever the peer can do it.
    Preferred,
    /// As `Preferred`, and our INVITE requires it.
    Required,
}

impl Terms {
    /// The extensions that a peer may require of us, as Supported lists them.
    pub fn supported(&self) -> impl Iterator<Item = &'static str> + use<> {
        let reliable = (self.reliable != Reliable::Off).then_some(RELIABLE);
        reliable.into_iter().chain(ALWAYS.iter().copied())
    }

    /// The value of Supported.
    pub(crate) fn supported_value(&self) -> String {
        crate::build::list(self.supported())
    }
}

/// Extensions that need nobody's agreement.
const ALWAYS: &[&str] = &["norefersub"];
